//! Memory and descriptors of processes that live long.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::time::Duration;

use tests::process::Process;

/// How much a process may use more in the last third of the time than in the second.
const MORE_PER_CENT: u64 = 5;
/// And besides, KiB: what an allocator takes at once.
const MORE_KIB: u64 = 1024;
/// Samples of a third that say something.
const ENOUGH: usize = 5;

/// Memory over time.
#[derive(Debug, Default)]
pub(crate) struct Gauge {
    series: BTreeMap<(String, i32), Vec<(Duration, u64)>>,
}

impl Gauge {
    /// Takes a sample of a process.
    pub(crate) fn sample(&mut self, name: &str, process: Process, at: Duration) {
        if let Some(kib) = resident(process) {
            self.series.entry((name.to_owned(), process.0)).or_default().push((at, kib));
        }
    }

    /// Memory of everything that lived through two thirds of the time, as text, and what grew.
    pub(crate) fn verdict(&self, time: Duration) -> (String, Vec<String>) {
        let (mut text, mut grown) = (String::new(), Vec::new());
        for ((name, pid), samples) in &self.series {
            let third = |from: u32, to: u32| {
                let within = |at: Duration| at >= time * from / 3 && at < time * to / 3;
                let kib = samples.iter().filter(|(at, _)| within(*at)).map(|(_, kib)| *kib);
                median(kib.collect())
            };
            let (Some(second), Some(last)) = (third(1, 2), third(2, 3)) else { continue };
            let first = third(0, 1).map_or_else(|| "-".to_owned(), |kib| kib.to_string());
            let line = format!("{name} {pid}: {first}, {second}, {last} KiB");
            let _ = writeln!(text, "    {line}");
            if last > second + second * MORE_PER_CENT / 100 + MORE_KIB {
                grown.push(line);
            }
        }
        (text, grown)
    }
}

/// The middle of enough values.
fn median(mut values: Vec<u64>) -> Option<u64> {
    values.sort_unstable();
    (values.len() >= ENOUGH).then(|| values[values.len() / 2])
}

/// Resident memory, KiB.
fn resident(process: Process) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", process.0)).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// What the descriptors of a process are, by kind: how many of each.
pub(crate) fn descriptors(process: Process) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    let links = fs::read_dir(format!("/proc/{}/fd", process.0)).into_iter().flatten().flatten();
    for link in links {
        let Ok(target) = fs::read_link(link.path()) else { continue };
        let target = target.to_string_lossy().into_owned();
        // sockets and pipes have numbers of their own; files under /proc those of processes
        let kind = match target.split_once(":[") {
            Some((kind, _)) => kind.to_owned(),
            None => target.chars().filter(|one| !one.is_ascii_digit()).collect(),
        };
        *found.entry(kind).or_default() += 1;
    }
    found
}
