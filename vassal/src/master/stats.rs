//! The statistics server: uWSGI's JSON document (spec: its stats server), one a connection.
//!
//! The keys and their order are uWSGI's: uwsgitop, exporters and dashboards read them.

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use serde::Serialize;
use shared::link::Status;
use shared::settings::{Address, Serve, Wire};
use shared::statistics;
use shared::sys::{memory, readiness, socket};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::Master;
use super::generation::Brood;
use super::roster::{Standing, Worker};
use crate::handover::Listener;
use crate::protocol::{fastcgi, http, scgi, uwsgi};
use crate::request::Request;
use crate::scoreboard::{Count, Place, Scoreboard};

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

#[derive(Serialize)]
struct Document {
    version: String,
    listen_queue: u32,
    listen_queue_errors: u32,
    signal_queue: u32,
    load: u32,
    pid: u32,
    uid: u32,
    gid: u32,
    cwd: String,
    locks: Vec<Lock>,
    sockets: Vec<Socket>,
    workers: Vec<WorkerPart>,
}

#[derive(Serialize)]
struct Lock {
    #[serde(rename = "user 0")]
    user: u32,
}

#[derive(Serialize)]
struct Socket {
    name: String,
    proto: &'static str,
    queue: u32,
    max_queue: u32,
    shared: u32,
    can_offload: u32,
}

#[derive(Serialize)]
struct WorkerPart {
    id: u32,
    pid: u64,
    accepting: u64,
    requests: u64,
    delta_requests: u64,
    exceptions: u64,
    harakiri_count: u64,
    signals: u64,
    signal_queue: u64,
    status: &'static str,
    rss: u64,
    vsz: u64,
    running_time: u64,
    last_spawn: u64,
    respawn_count: u64,
    tx: u64,
    avg_rt: u64,
    apps: Vec<AppPart>,
    cores: Vec<CorePart>,
}

#[derive(Serialize)]
struct AppPart {
    id: u32,
    modifier1: u32,
    mountpoint: &'static str,
    startup_time: u64,
    requests: u64,
    exceptions: u64,
    chdir: &'static str,
}

#[derive(Serialize)]
struct CorePart {
    id: usize,
    requests: u64,
    static_requests: u64,
    routed_requests: u64,
    offloaded_requests: u64,
    write_errors: u64,
    read_errors: u64,
    in_request: u64,
    vars: Vec<String>,
    req_info: RequestPart,
}

#[derive(Serialize)]
struct RequestPart {
    #[serde(skip_serializing_if = "Option::is_none")]
    request_start: Option<u64>,
}

/// The document as text.
pub(super) fn document(master: &Master) -> String {
    let workers: Vec<WorkerPart> = master
        .roster
        .shown()
        .and_then(|(name, generation)| Some((generation, master.broods.get(&name)?)))
        .map(|(generation, brood)| {
            let mut list: Vec<_> = generation.workers.values().collect();
            list.sort_by_key(|worker| worker.id);
            list.into_iter().map(|one| worker(one, brood, master.respawns)).collect()
        })
        .unwrap_or_default();
    let sockets: Vec<Socket> = master.listeners.iter().map(listening).collect();
    let queue = sockets.iter().map(|one| one.queue).max().unwrap_or(0);
    let busy = workers.iter().filter(|worker| worker.status == "busy").count() as u32;
    let document = Document {
        version: concat!("2.0.31-emperor-", env!("CARGO_PKG_VERSION")).into(),
        listen_queue: queue,
        listen_queue_errors: 0,
        signal_queue: 0,
        load: queue + busy,
        pid: std::process::id(),
        uid: nix::unistd::getuid().as_raw(),
        gid: nix::unistd::getgid().as_raw(),
        cwd: std::env::current_dir().map_or_else(|_| "/".into(), |cwd| cwd.display().to_string()),
        locks: vec![Lock { user: 0 }],
        sockets,
        workers,
    };
    let mut text = Vec::new();
    let written = if master.serve.stats_minified {
        serde_json::to_writer(&mut text, &document)
    } else {
        let tabs = serde_json::ser::PrettyFormatter::with_indent(b"\t");
        document.serialize(&mut serde_json::Serializer::with_formatter(&mut text, tabs))
    };
    debug_assert!(written.is_ok(), "numbers and strings can be written");
    text.push(b'\n');
    String::from_utf8(text).unwrap_or_default()
}

fn listening(listener: &Listener) -> Socket {
    let (queue, max_queue) = match listener.listen.address {
        Address::Tcp(_) => socket::backlog(&listener.socket).unwrap_or((0, 0)),
        Address::Unix(_) | Address::Abstract(_) | Address::Descriptor(_) => (0, 0),
    };
    let proto = listener.listen.wire.name();
    let name = listener.listen.address.to_string();
    Socket { name, proto, queue, max_queue, shared: 0, can_offload: 0 }
}

fn worker(worker: &Worker, brood: &Brood, respawns: u64) -> WorkerPart {
    let (board, seat) = (&brood.board, worker.seat as usize);
    let requests = board.read(seat, Count::Requests);
    let exceptions = board.read(seat, Count::Exceptions);
    let pid = board.read(seat, Count::Pid);
    let size = if brood.serve.memory_report { memory::of(pid) } else { memory::Size::default() };
    WorkerPart {
        id: worker.id,
        pid,
        accepting: board.read(seat, Count::Accepting),
        requests,
        delta_requests: requests,
        exceptions,
        harakiri_count: 0,
        signals: 0,
        signal_queue: 0,
        status: if board.busy(seat) { "busy" } else { "idle" },
        rss: size.resident,
        vsz: size.virt,
        running_time: board.read(seat, Count::Running),
        last_spawn: board.read(seat, Count::Spawned),
        respawn_count: respawns + 1,
        tx: board.read(seat, Count::Sent),
        avg_rt: board.read(seat, Count::Average),
        apps: vec![AppPart {
            id: 0,
            modifier1: 0,
            mountpoint: "",
            startup_time: 0,
            requests,
            exceptions,
            chdir: "",
        }],
        cores: (0..board.threads()).map(|core| place(board, seat, core)).collect(),
    }
}

fn place(board: &Scoreboard, seat: usize, core: usize) -> CorePart {
    let read = |which| board.place(seat, core, which).load(Relaxed);
    let running = read(Place::Since) > 0;
    CorePart {
        id: core,
        requests: read(Place::Requests),
        static_requests: 0,
        routed_requests: 0,
        offloaded_requests: 0,
        write_errors: read(Place::WriteErrors),
        read_errors: read(Place::ReadErrors),
        in_request: running.into(),
        vars: if running { variables(board, seat, core) } else { Vec::new() },
        req_info: RequestPart { request_start: running.then(|| read(Place::Began)) },
    }
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
        Wire::Http | Wire::Stats => drop(http::parse(&head, &mut request)),
    }
    (head, request, wire)
}

/// `"KEY=value"` for each variable of the running request, and the empty string that ends them.
fn variables(board: &Scoreboard, seat: usize, core: usize) -> Vec<String> {
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
                Standing::Ordered(_) | Standing::Born | Standing::Accepting => {}
            }
        }
    }
    status
}
