//! What whoever started us left open for us: the link of a real uWSGI Emperor, and listening
//! sockets: those that `fd://` may name, those that systemd opened for us (`LISTEN_FDS`), and
//! standard input where it is one (inetd, uWSGI's Emperor on demand).
//!
//! Taken first of all, before this process opens anything: a number that somebody names must
//! not come to mean a descriptor of our own.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, IntoRawFd, OwnedFd};
use std::path::Path;

use nix::sys::socket::{getsockopt, sockopt};
use shared::settings::{Address, Launch, Listen, Wire};
use shared::sys::descriptor;

use super::socket;

/// Numbers above this one are not looked at.
const NUMBER_MAX: i32 = 255;
/// The first descriptor of systemd's protocol (sd_listen_fds(3)).
const FIRST: u32 = 3;

/// Descriptors that this process was started with.
#[derive(Debug, Default)]
pub struct Inherited {
    /// The vassal's end of a uWSGI Emperor's link.
    pub link: Option<OwnedFd>,
    /// Listening sockets by their number.
    pub listeners: BTreeMap<u32, OwnedFd>,
    /// How many of them, from number 3 on, are for this very process by systemd's protocol.
    activated: u32,
}

impl Inherited {
    /// Takes them; what is neither stays open and is nobody's.
    pub fn take() -> Self {
        let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
        let link = number("UWSGI_EMPEROR_FD");
        let mut result = Self::default();
        for number in 3..=NUMBER_MAX {
            let Some(descriptor) = descriptor::inherited(number) else { continue };
            if link == Some(number) {
                result.link = Some(descriptor);
            } else if listens(&descriptor) {
                result.listeners.insert(number as u32, descriptor);
            } else {
                let _ = descriptor.into_raw_fd();
            }
        }
        // the variables may have been meant for an ancestor that passed them on
        if number("LISTEN_PID") == Some(std::process::id() as i32) {
            result.activated = number("LISTEN_FDS").unwrap_or(0).clamp(0, NUMBER_MAX) as u32;
        }
        if listens(io::stdin())
            && let Ok(socket) = descriptor::duplicate(io::stdin())
            && let Ok(null) = File::open("/dev/null")
            && descriptor::become_standard(null.as_fd(), 0).is_ok()
        {
            result.listeners.insert(0, socket);
        }
        result
    }

    /// The sockets that are served though no option names them. One whose address an option
    /// names is that option's.
    pub fn unnamed(&self, launch: &Launch, base: &Path) -> Vec<Listen> {
        let ours = |number: u32| match number {
            0 => !launch.skip_zero,
            _ => (FIRST..FIRST + self.activated).contains(&number),
        };
        let named = |address: &Address| {
            let equal = |one: &Listen| match &one.address {
                Address::Unix(path) => *address == Address::Unix(base.join(path)),
                other => other == address,
            };
            launch.sockets.iter().any(equal)
        };
        self.listeners
            .iter()
            .filter(|(number, socket)| {
                let address = Address::Descriptor(**number);
                ours(**number)
                    && !named(&address)
                    && !socket::name_of(socket).is_some_and(|real| named(&real))
            })
            .map(|(number, _)| {
                let wire = launch.protocol.unwrap_or(Wire::Uwsgi);
                Listen::new(Address::Descriptor(*number), wire)
            })
            .collect()
    }
}

fn listens(socket: impl AsFd) -> bool {
    getsockopt(&socket, sockopt::AcceptConn).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn sockets_that_nobody_names_are_served_and_others_left_to_who_names_them() {
        let mut sockets = Vec::new();
        let mut inherited = Inherited { activated: 2, ..Inherited::default() };
        for number in [0, 3, 4, 5] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            sockets.push(Address::Tcp(listener.local_addr().unwrap()));
            inherited.listeners.insert(number, listener.into());
        }
        let unnamed = |launch: &Launch| -> Vec<Address> {
            let list = inherited.unnamed(launch, Path::new("/"));
            list.into_iter().map(|one| one.address).collect()
        };
        let launch = Launch::default();
        assert_eq!(unnamed(&launch), [0, 3, 4].map(Address::Descriptor));
        let named = vec![Listen::new(sockets[1].clone(), Wire::Http)];
        let launch = Launch { skip_zero: true, sockets: named, ..launch };
        assert_eq!(unnamed(&launch), [Address::Descriptor(4)]);
        let named = vec![Listen::new(Address::Descriptor(4), Wire::Http)];
        let launch = Launch { sockets: named, ..launch };
        assert_eq!(unnamed(&launch), [Address::Descriptor(3)]);
    }
}
