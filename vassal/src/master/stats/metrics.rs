//! The table of metrics: uWSGI's names, types and object identifiers, in its order.
//!
//! Nothing is collected: the values are those of the scoreboard at the moment of the question.
//! What this server does not count (`core.overloaded`, the master's slot `worker.0`) is left out.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::json;

use super::document::{Socket, WorkerPart};

/// Only grows.
const COUNTER: u8 = 0;
/// Goes up and down.
const GAUGE: u8 = 1;
/// As it was set.
const ABSOLUTE: u8 = 2;
/// Another name.
const ALIAS: u8 = 3;

/// One metric.
struct Metric {
    name: String,
    kind: u8,
    oid: String,
    value: u64,
}

/// All metrics, in order.
#[derive(Default)]
pub(super) struct Table(Vec<Metric>);

impl Serialize for Table {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for one in &self.0 {
            let entry = json!({ "type": one.kind, "oid": one.oid, "value": one.value });
            map.serialize_entry(&one.name, &entry)?;
        }
        map.end()
    }
}

impl Table {
    fn add(&mut self, name: String, kind: u8, oid: String, value: u64) {
        self.0.push(Metric { name, kind, oid, value });
    }
}

/// The table of these workers and sockets.
pub(super) fn table(workers: &[WorkerPart], sockets: &[Socket], no_cores: bool) -> Table {
    let mut table = Table::default();
    let of = |status: &str| workers.iter().filter(|one| one.status == status).count() as u64;
    for (name, kind, number, value) in [
        ("routed_signals", COUNTER, 1, 0),
        ("unrouted_signals", COUNTER, 2, 0),
        ("busy_workers", GAUGE, 3, of("busy")),
        ("idle_workers", GAUGE, 4, of("idle")),
    ] {
        table.add(format!("core.{name}"), kind, format!("5.{number}"), value);
    }
    for one in workers {
        worker(&mut table, one, no_cores);
    }
    let sum = |value: fn(&WorkerPart) -> u64| workers.iter().map(value).sum::<u64>();
    let average = sum(|one| one.avg_rt).checked_div(workers.len() as u64).unwrap_or(0);
    let (resident, virt) = (sum(|one| one.rss), sum(|one| one.vsz));
    for (name, kind, number, value) in [
        ("total_tx", COUNTER, 100, sum(|one| one.tx)),
        ("total_rss", GAUGE, 101, resident),
        ("total_vsz", GAUGE, 102, virt),
        ("avg_response_time", GAUGE, 103, average),
        ("total_running_time", COUNTER, 104, sum(|one| one.running_time)),
    ] {
        table.add(format!("core.{name}"), kind, format!("5.{number}"), value);
    }
    for (number, socket) in sockets.iter().enumerate() {
        let name = format!("socket.{number}.listen_queue");
        table.add(name, GAUGE, format!("7.{number}.1"), socket.queue.into());
    }
    table.add("rss_size".into(), ALIAS, "5.101".into(), resident);
    table.add("vsz_size".into(), ALIAS, "5.102".into(), virt);
    table
}

fn worker(table: &mut Table, worker: &WorkerPart, no_cores: bool) {
    let id = worker.id;
    for (name, kind, number, value) in [
        ("requests", COUNTER, 1, worker.requests),
        ("delta_requests", ABSOLUTE, 2, worker.delta_requests),
        ("failed_requests", COUNTER, 13, worker.exceptions),
        ("respawns", COUNTER, 14, worker.respawn_count),
        ("avg_response_time", GAUGE, 8, worker.avg_rt),
        ("total_tx", COUNTER, 9, worker.tx),
        ("rss_size", GAUGE, 11, worker.rss),
        ("vsz_size", GAUGE, 12, worker.vsz),
        ("running_time", COUNTER, 13, worker.running_time),
    ] {
        table.add(format!("worker.{id}.{name}"), kind, format!("3.{id}.{number}"), value);
    }
    if no_cores {
        return;
    }
    for (core, one) in worker.counted.iter().enumerate() {
        for (name, number, value) in [
            ("requests", 1, one.requests),
            ("write_errors", 3, one.write_errors),
            ("routed_requests", 4, one.routed_requests),
            ("static_requests", 5, one.static_requests),
            ("offloaded_requests", 6, one.offloaded_requests),
            ("exceptions", 7, one.exceptions),
            ("read_errors", 8, one.read_errors),
        ] {
            let name = format!("worker.{id}.core.{core}.{name}");
            table.add(name, COUNTER, format!("3.{id}.2.{core}.{number}"), value);
        }
    }
}
