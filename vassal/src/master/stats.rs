//! The statistics server: uWSGI's JSON document (spec: its stats server), one a connection.
//!
//! The keys and their order are uWSGI's: uwsgitop, exporters and dashboards read them.

/// The document.
mod document;
/// The metrics in it.
mod metrics;

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use shared::link::Status;
use shared::settings::{Address, Serve, Wire};
use shared::statistics;
use shared::sys::{readiness, socket};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::Master;
use super::generation::Brood;
use super::roster::Standing;
use crate::handover::Listener;
use crate::protocol::{fastcgi, http, scgi, uwsgi};
use crate::request::Request;
use crate::scoreboard::{Place, Scoreboard};
use document::Socket;
pub(super) use document::document;

/// How long a client may take to ask for the document and to read it.
const PATIENCE: Duration = Duration::from_secs(4);

/// The listening socket.
pub(super) struct Server {
    socket: AsyncFd<OwnedFd>,
    tcp: bool,
}

impl Server {
    /// Listens on a socket that the launcher bound.
    pub(super) fn new(listener: Listener) -> io::Result<Self> {
        let tcp = matches!(listener.listen.address, Address::Tcp(_));
        Ok(Self { socket: readiness::watch(listener.socket)?, tcp })
    }

    /// The next client; never, where there is no server.
    pub(super) async fn accept(server: Option<&Self>) -> (OwnedFd, bool) {
        let Some(server) = server else { return std::future::pending().await };
        loop {
            let accept = |fd: &OwnedFd| {
                socket::accept(fd).map(|(client, _): (_, Option<SocketAddr>)| client)
            };
            if let Ok(client) = server.socket.async_io(Interest::READABLE, accept).await {
                return (client, server.tcp);
            }
            // out of descriptors, most likely: others come first
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// Sends the document; a client that does not read is left alone after a while.
pub(super) fn answer((client, tcp): (OwnedFd, bool), document: String, serve: &Serve) {
    let always = serve.stats_http;
    tokio::spawn(async move {
        let _ = tokio::time::timeout(PATIENCE, async {
            if tcp {
                let stream = std::net::TcpStream::from(client);
                let mut stream = tokio::net::TcpStream::from_std(stream)?;
                statistics::send(&mut stream, &document, always).await
            } else {
                let stream = std::os::unix::net::UnixStream::from(client);
                let mut stream = tokio::net::UnixStream::from_std(stream)?;
                statistics::send(&mut stream, &document, always).await
            }
        })
        .await;
    });
}

fn listening(listener: &Listener) -> Socket {
    let (queue, max_queue) = listener.queue();
    let wire = listener.listen.wire;
    let proto = match (wire, listener.listen.tls) {
        (Wire::Http, Some(_)) => "https",
        (Wire::Uwsgi, Some(_)) => "suwsgi",
        _ => wire.name(),
    };
    let name = listener.listen.address.to_string();
    Socket { name, proto, queue, max_queue, shared: 0, can_offload: 0 }
}

/// The running request of a core, parsed from what the worker shows of it. A long head is cut:
/// what was read up to there counts.
fn shown(board: &Scoreboard, seat: usize, core: usize) -> (Vec<u8>, Request, Wire) {
    let head = board.shown(seat, core);
    let mut request = Request::default();
    let spoken = board.place(seat, core, Place::Wire).load(Relaxed);
    let wire = [Wire::Uwsgi, Wire::Fastcgi, Wire::FastcgiNph, Wire::Scgi, Wire::ScgiNph]
        .into_iter()
        .find(|wire| *wire as u64 == spoken)
        .unwrap_or(Wire::Http);
    match wire {
        Wire::Uwsgi => drop(uwsgi::parse_cut(&head, &mut request)),
        Wire::Fastcgi | Wire::FastcgiNph => fastcgi::parse_cut(&head, &mut request),
        Wire::Scgi | Wire::ScgiNph => scgi::parse_cut(&head, &mut request),
        Wire::Http | Wire::Stats | Wire::Zerg | Wire::Pooled => {
            let _ = http::parse(&head, &mut request);
        }
    }
    (head, request, wire)
}

/// `"KEY=value"` for each variable of the running request, and the empty string that ends them.
pub(super) fn variables(board: &Scoreboard, seat: usize, core: usize) -> Vec<String> {
    let (head, request, wire) = shown(board, seat, core);
    let text = |span| String::from_utf8_lossy(request.bytes(&head, span)).into_owned();
    let mut list = Vec::new();
    if wire == Wire::Http {
        list.push(format!("REQUEST_METHOD={}", text(request.method)));
        list.push(format!("REQUEST_URI={}", text(request.target)));
    }
    for field in &request.fields {
        let name = text(field.name);
        let name = match name.to_ascii_uppercase().replace('-', "_") {
            _ if wire.has_variables() => name,
            upper if matches!(upper.as_str(), "CONTENT_TYPE" | "CONTENT_LENGTH") => upper,
            upper => format!("HTTP_{upper}"),
        };
        list.push(format!("{name}={}", text(field.value)));
    }
    list.push(String::new());
    list
}

/// Method and target of the running request, fit for a log.
pub(super) fn request_line(board: &Scoreboard, seat: usize, core: usize) -> String {
    let (head, request, _) = shown(board, seat, core);
    let text = |span| String::from_utf8_lossy(request.bytes(&head, span)).into_owned();
    let line = format!("{} {}", text(request.method), text(request.target));
    line.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// Who works, for the Emperor.
pub(super) fn status(master: &Master) -> Status {
    let serving = master.roster.serving();
    let mut status = Status {
        generation: serving.map_or(0, |(_, generation)| generation.number),
        respawns: master.respawns,
        requests: master.retired_requests
            + master.broods.values().map(Brood::requests).sum::<u64>(),
        ..Status::default()
    };
    for (name, generation) in master.roster.generations() {
        let Some(brood) = master.broods.get(&name) else { continue };
        let serves = serving.is_some_and(|(at, _)| at == name);
        if serves {
            status.nursery = if generation.nursery_alive { brood.nursery_pid() as u32 } else { 0 };
            status.interpreter.clone_from(&brood.interpreter);
        }
        let mut list: Vec<_> = generation.workers.iter().collect();
        list.sort_by_key(|(_, worker)| worker.id);
        for (key, worker) in list {
            let Some(pid) = brood.pid(*key) else { continue };
            match worker.standing {
                Standing::Accepting if serves => status.workers.push(pid.as_raw() as u32),
                Standing::Draining(_) => status.draining.push(pid.as_raw() as u32),
                Standing::Ordered(_) | Standing::Born(_) | Standing::Accepting => {}
            }
        }
    }
    status
}
