//! The document: uWSGI's keys in uWSGI's order.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::Relaxed;

use serde::Serialize;
use shared::settings::Serve;
use shared::sys::memory;

use super::super::Master;
use super::super::generation::Brood;
use super::super::roster::Worker;
use super::{listening, metrics, variables};
use crate::scoreboard::{APPS_MAX, Count, Place, Scoreboard};

/// uWSGI's locks. Nothing here takes one of them.
const LOCKS: [&str; 8] = ["user 0", "signal", "filemon", "timer", "rbtimer", "cron", "rpc", "snmp"];

#[derive(Serialize)]
pub(super) struct Document {
    version: String,
    listen_queue: u32,
    listen_queue_errors: u32,
    signal_queue: u32,
    load: u32,
    pid: u32,
    uid: u32,
    gid: u32,
    cwd: String,
    locks: Vec<BTreeMap<&'static str, u32>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metrics: Option<metrics::Table>,
    pub(super) sockets: Vec<Socket>,
    pub(super) workers: Vec<WorkerPart>,
}

/// A listening socket.
#[derive(Serialize)]
pub(super) struct Socket {
    pub(super) name: String,
    pub(super) proto: &'static str,
    pub(super) queue: u32,
    pub(super) max_queue: u32,
    pub(super) shared: u32,
    pub(super) can_offload: u32,
}

/// A worker.
#[derive(Serialize)]
pub(super) struct WorkerPart {
    pub(super) id: u32,
    pid: u64,
    accepting: u64,
    pub(super) requests: u64,
    pub(super) delta_requests: u64,
    pub(super) exceptions: u64,
    harakiri_count: u64,
    signals: u64,
    signal_queue: u64,
    pub(super) status: &'static str,
    pub(super) rss: u64,
    pub(super) vsz: u64,
    pub(super) running_time: u64,
    last_spawn: u64,
    pub(super) respawn_count: u64,
    pub(super) tx: u64,
    pub(super) avg_rt: u64,
    apps: Vec<AppPart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cores: Option<Vec<CorePart>>,
    /// The same for the metrics, which may be wanted where `cores` are not.
    #[serde(skip)]
    pub(super) counted: Vec<Counted>,
}

#[derive(Serialize)]
struct AppPart {
    id: u32,
    modifier1: u32,
    mountpoint: String,
    startup_time: u64,
    requests: u64,
    exceptions: u64,
    chdir: &'static str,
}

/// What a core did.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Counted {
    pub(super) requests: u64,
    pub(super) static_requests: u64,
    pub(super) routed_requests: u64,
    pub(super) offloaded_requests: u64,
    pub(super) write_errors: u64,
    pub(super) read_errors: u64,
    #[serde(skip)]
    pub(super) exceptions: u64,
}

#[derive(Serialize)]
struct CorePart {
    id: usize,
    #[serde(flatten)]
    counted: Counted,
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
pub(in crate::master) fn document(master: &Master) -> String {
    let workers: Vec<WorkerPart> = master
        .roster
        .shown()
        .and_then(|(name, generation)| Some((generation, master.broods.get(&name)?)))
        .map(|(generation, brood)| {
            let mut list: Vec<_> = generation.workers.values().collect();
            list.sort_by_key(|worker| worker.id);
            let mut parts: Vec<_> = list.into_iter().map(|one| worker(one, brood)).collect();
            // a number without a worker is shown too, so that nothing that was counted is lost
            for id in 1..=brood.serve.processes {
                if parts.iter().all(|part| part.id != id) {
                    parts.push(nobody(id, brood));
                }
            }
            parts.sort_by_key(|part| part.id);
            parts
        })
        .unwrap_or_default();
    let sockets: Vec<Socket> = master.listeners.iter().map(listening).collect();
    let queue = sockets.iter().map(|one| one.queue).max().unwrap_or(0);
    let busy = workers.iter().filter(|worker| worker.status == "busy").count() as u32;
    let figures = master.serve.logs.figures;
    let shown = figures.metrics && !figures.no_metrics;
    let metrics = shown.then(|| metrics::table(&workers, &sockets, figures.metrics_no_cores));
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
        locks: LOCKS.iter().map(|name| BTreeMap::from([(*name, 0)])).collect(),
        metrics,
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

fn worker(worker: &Worker, brood: &Brood) -> WorkerPart {
    let (board, seat) = (&brood.board, worker.seat as usize);
    let pid = board.read(seat, Count::Pid);
    let shown = &brood.serve.logs.figures;
    let size = if measures(&brood.serve) { memory::of(pid) } else { memory::Size::default() };
    let cores = 0..board.threads();
    WorkerPart {
        pid,
        apps: apps(brood, worker.id, Some(seat)),
        accepting: board.read(seat, Count::Accepting),
        delta_requests: board.read(seat, Count::Requests),
        status: match (board.busy(seat), brood.paused()) {
            (true, _) => "busy",
            (false, true) => "pause",
            (false, false) => "idle",
        },
        rss: size.resident,
        vsz: size.virt,
        last_spawn: board.read(seat, Count::Spawned),
        avg_rt: board.read(seat, Count::Average),
        counted: cores.clone().map(|core| counted(board, seat, core)).collect(),
        cores: (!shown.no_cores).then(|| cores.map(|core| place(board, seat, core)).collect()),
        ..nobody(worker.id, brood)
    }
}

/// The applications of a worker. A single one has all that its number ever did; of several each
/// has what the worker that runs did.
fn apps(brood: &Brood, id: u32, seat: Option<usize>) -> Vec<AppPart> {
    let points = brood.serve.python.points(brood.serve.target.is_some());
    let part = |number: usize, point: &str, requests, exceptions| AppPart {
        id: number as u32,
        modifier1: 0,
        mountpoint: point.to_owned(),
        startup_time: 0,
        requests,
        exceptions,
        chdir: "",
    };
    if points.len() < 2 {
        let sum = brood.sum(id);
        let point = points.first().map_or("", String::as_str);
        return vec![part(0, point, sum.requests, sum.exceptions)];
    }
    let read = |number: usize, failed| match seat {
        Some(seat) if number < APPS_MAX => brood.board.app(seat, number, failed).load(Relaxed),
        _ => 0,
    };
    let all = points.iter().enumerate();
    all.map(|(number, point)| part(number, point, read(number, false), read(number, true)))
        .collect()
}

/// A number whose worker is gone, or was not needed yet.
fn nobody(id: u32, brood: &Brood) -> WorkerPart {
    let sum = brood.sum(id);
    let apps = apps(brood, id, None);
    WorkerPart {
        id,
        pid: 0,
        accepting: 0,
        requests: sum.requests,
        delta_requests: 0,
        exceptions: sum.exceptions,
        harakiri_count: brood.tally.harakiris(id),
        signals: 0,
        signal_queue: 0,
        status: "cheap",
        rss: 0,
        vsz: 0,
        running_time: sum.running,
        last_spawn: 0,
        respawn_count: brood.tally.births(id),
        tx: sum.sent,
        avg_rt: 0,
        apps,
        cores: (!brood.serve.logs.figures.no_cores).then(Vec::new),
        counted: Vec::new(),
    }
}

/// Whether the memory of workers is looked up.
fn measures(serve: &Serve) -> bool {
    let limits = &serve.supervision;
    serve.memory_report
        || serve.logs.figures.metrics
        || limits.reload_on.any()
        || limits.evil_reload_on.any()
}

fn counted(board: &Scoreboard, seat: usize, core: usize) -> Counted {
    let read = |which| board.place(seat, core, which).load(Relaxed);
    Counted {
        requests: read(Place::Requests),
        static_requests: read(Place::Static),
        routed_requests: read(Place::Routed),
        offloaded_requests: 0,
        write_errors: read(Place::WriteErrors),
        read_errors: read(Place::ReadErrors),
        exceptions: read(Place::Exceptions),
    }
}

fn place(board: &Scoreboard, seat: usize, core: usize) -> CorePart {
    let read = |which| board.place(seat, core, which).load(Relaxed);
    let running = read(Place::Since) > 0;
    CorePart {
        id: core,
        counted: counted(board, seat, core),
        in_request: running.into(),
        vars: if running { variables(board, seat, core) } else { Vec::new() },
        req_info: RequestPart { request_start: running.then(|| read(Place::Began)) },
    }
}
