//! `zerg`: listening sockets that another server gives (its `zerg-server` or `zerg-pool`).
//!
//! Asked for with the rights of the vassal's user, and taken from a server of the same user or of
//! root only. A socket whose address an option names is that option's; on the others is spoken
//! what the server says is spoken there, or what `protocol` says.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, UnixAddr, connect, getsockopt, socket, sockopt,
};
use nix::unistd::geteuid;
use shared::plan::{Identity, Plan};
use shared::settings::{Address, Listen};
use shared::sys::{credentials, descriptor};

use super::identity::as_tenant;
use super::socket::name_of;
use crate::handover::Listener;
use crate::zerg::{self, Spoken};

/// How long the server may take to answer, milliseconds.
const PATIENCE: u16 = 10_000;
/// Bytes of an answer: the names of as many protocols as descriptors fit.
const ANSWER_MAX: usize = 4096;

/// Why there are no sockets.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// Nobody is there, or nobody answers.
    #[error("the zerg server {} is not there: {source}", path.display())]
    Server {
        /// Where it was looked for.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The server is somebody else's.
    #[error("the zerg server {} belongs to uid {uid}: sockets are taken from uid {own} and from root only", path.display())]
    Stranger {
        /// Where it is.
        path: PathBuf,
        /// Whose it is.
        uid: u32,
        /// Who we are to be.
        own: u32,
    },
    /// The answer is none.
    #[error("the zerg server {}: {source}", path.display())]
    Answer {
        /// Where it is.
        path: PathBuf,
        /// What is wrong with it.
        source: zerg::Error,
    },
}

/// A socket that was given.
#[derive(Debug)]
pub(super) struct Gift {
    /// It listens.
    pub(super) socket: OwnedFd,
    /// Where.
    pub(super) address: Address,
    spoken: Option<Spoken>,
}

impl Gift {
    /// The socket as one of ours. Without a certificate none is served that speaks TLS.
    pub(super) fn accept(self, plan: &Plan) -> Option<Listener> {
        let wire = match self.spoken {
            None => plan.protocol,
            Some(Spoken::Plain(wire)) => wire,
            Some(Spoken::Secure) => {
                eprintln!(
                    "zerg: {} speaks TLS: name it by https or https-socket to serve it",
                    self.address
                );
                return None;
            }
        };
        Some(Listener { listen: Listen::new(self.address, wire), socket: self.socket })
    }
}

/// Asks each of the servers, as this user.
pub(super) fn fetch(servers: &[PathBuf], who: Option<&Identity>) -> Result<Vec<Gift>, Error> {
    let mut all = Vec::new();
    for path in servers {
        all.extend(ask(path, who)?);
    }
    Ok(all)
}

fn ask(path: &Path, who: Option<&Identity>) -> Result<Vec<Gift>, Error> {
    let unreached = |source| Error::Server { path: path.to_owned(), source };
    let server = as_tenant(who, || reach(path)).map_err(unreached)?;
    let uid = credentials::peer(&server).map_err(unreached)?.uid;
    let own = who.map_or_else(|| geteuid().as_raw(), |who| who.uid);
    if uid != own && uid != 0 {
        return Err(Error::Stranger { path: path.to_owned(), uid, own });
    }
    let mut wait = [PollFd::new(server.as_fd(), PollFlags::POLLIN)];
    if poll(&mut wait, PollTimeout::from(PATIENCE)).map_err(|error| unreached(error.into()))? == 0 {
        let passed = Duration::from_millis(PATIENCE.into());
        return Err(unreached(io::Error::other(format!("no answer in {} s", passed.as_secs()))));
    }
    let mut bytes = [0; ANSWER_MAX];
    let (size, sockets) = descriptor::receive(&server, &mut bytes).map_err(unreached)?;
    let wrong = |source| Error::Answer { path: path.to_owned(), source };
    let spoken = zerg::read(&bytes[..size], sockets.len()).map_err(wrong)?;
    let mut gifts = Vec::new();
    for (at, socket) in sockets.into_iter().enumerate() {
        let listens = getsockopt(&socket, sockopt::AcceptConn).unwrap_or(false);
        let Some(address) = name_of(&socket).filter(|_| listens) else {
            return Err(wrong(zerg::Error::NoListener));
        };
        descriptor::nonblocking(&socket, true).map_err(unreached)?;
        gifts.push(Gift { socket, address, spoken: spoken.get(at).copied() });
    }
    Ok(gifts)
}

/// Connects. A server whose queue is full is not waited for.
fn reach(path: &Path) -> io::Result<OwnedFd> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let server = socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
    connect(server.as_raw_fd(), &UnixAddr::new(path)?)?;
    Ok(server)
}
