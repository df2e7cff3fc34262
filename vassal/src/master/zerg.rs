//! `zerg-server` and `zerg-pool`: whoever connects gets listening sockets, as long as it is of our
//! own user or root.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use nix::unistd::geteuid;
use shared::settings::{Listen, Wire};
use shared::sys::{credentials, descriptor};
use tokio::task::JoinSet;

use super::output;
use super::stats::Server;
use crate::handover::Listener;
use crate::zerg;

/// Those that give.
pub(super) type Givers = JoinSet<()>;

/// Takes the sockets that give, and those that are held for others, out of the list.
pub(super) fn start(listeners: &mut Vec<Listener>) -> std::io::Result<Givers> {
    let mut givers = JoinSet::new();
    if listeners.iter().all(|one| one.listen.wire != Wire::Zerg) {
        return Ok(givers);
    }
    let mut servers: Vec<(Listener, Vec<Listener>)> = Vec::new();
    let mut own = Vec::new();
    for one in std::mem::take(listeners) {
        match (one.listen.wire, servers.last_mut()) {
            (Wire::Zerg, _) => servers.push((one, Vec::new())),
            (Wire::Pooled, Some((_, pool))) => pool.push(one),
            _ => own.push(one),
        }
    }
    for (server, pool) in servers {
        let list = if pool.is_empty() { &own } else { &pool };
        let gifts: std::io::Result<Vec<Gift>> = list.iter().map(gift).collect();
        output::say(&format!("*** Zerg server enabled on {} ***", server.listen.address));
        givers.spawn(give(Server::new(server)?, gifts?));
    }
    *listeners = own;
    Ok(givers)
}

/// A socket to give away.
type Gift = (Listen, Arc<OwnedFd>);

fn gift(one: &Listener) -> std::io::Result<Gift> {
    Ok((one.listen.clone(), Arc::new(descriptor::duplicate(&one.socket)?)))
}

/// Gives until the vassal ends.
async fn give(server: Server, gifts: Vec<Gift>) {
    let list: Vec<&Listen> = gifts.iter().map(|(listen, _)| listen).collect();
    let message = zerg::message(&list);
    let sockets: Vec<_> = gifts.iter().map(|(_, socket)| socket.as_fd()).collect();
    loop {
        let (client, _) = Server::accept(Some(&server)).await;
        let given = match credentials::peer(&client) {
            Ok(peer) if peer.uid == 0 || peer.uid == geteuid().as_raw() => {
                let sent = descriptor::send(&client, &message, &sockets);
                sent.map(|()| format!("{} sockets given to pid {}", sockets.len(), peer.pid))
            }
            Ok(peer) => {
                Ok(format!("refused to uid {}: sockets are given to our own user", peer.uid))
            }
            Err(error) => Err(error),
        };
        output::say(&match given {
            Ok(text) => format!("zerg: {text}"),
            Err(error) => format!("zerg: {error}"),
        });
    }
}
