//! `cpu-affinity`: which processors a worker runs on.

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

/// Binds this worker (its threads are made later, and inherit) to `count` of the processors
/// that are open to it, going round by the worker's number, from 1.
pub(super) fn bind(id: u32, count: u32) {
    if count == 0 {
        return;
    }
    let here = Pid::from_raw(0);
    let bound = sched_getaffinity(here).and_then(|open| {
        let open: Vec<usize> =
            (0..CpuSet::count()).filter(|cpu| open.is_set(*cpu).unwrap_or(false)).collect();
        let mut set = CpuSet::new();
        for cpu in choose(&open, id, count) {
            set.set(cpu)?;
        }
        sched_setaffinity(here, &set)
    });
    if let Err(error) = bound {
        eprintln!("cpu-affinity: worker {id} stays on all processors: {error}");
    }
}

/// The processors of a worker among those that are open.
fn choose(open: &[usize], id: u32, count: u32) -> impl Iterator<Item = usize> + '_ {
    let count = (count as usize).min(open.len());
    let first = (id.saturating_sub(1) as usize) * count;
    (first..first + count).map(|at| open[at % open.len()])
}

#[cfg(test)]
mod tests {
    use super::choose;

    #[test]
    fn workers_go_round_over_the_processors_that_are_open() {
        let chosen = |id, count| choose(&[0, 2, 3], id, count).collect::<Vec<_>>();
        assert_eq!(chosen(1, 1), [0]);
        assert_eq!(chosen(2, 1), [2]);
        assert_eq!(chosen(4, 1), [0]);
        assert_eq!(chosen(2, 2), [3, 0]);
        assert_eq!(chosen(7, 99), [0, 2, 3]);
        assert_eq!(choose(&[], 1, 1).count(), 0);
    }
}
