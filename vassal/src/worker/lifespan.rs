//! How long a worker lives: until it has served its requests (`max-requests`) or grown too large
//! (`reload-on-rss` and its relatives). Looked at after a request, by the worker itself, so that a
//! resting vassal has nothing to do.

use std::fs::File;
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use shared::settings::{Memory, Serve};
use shared::sys::memory;

/// The least time between two looks at the size, milliseconds. A look costs a system call, a
/// sum of private memory far more.
const PAUSE: u64 = 100;
/// The same for what the kernel has to walk page tables for (`uss`, `pss`).
const LONG_PAUSE: u64 = 1000;
/// Bytes that are read of a file of the kernel.
const READ_MAX: u64 = 4096;

/// What ends a worker's life.
#[derive(Debug)]
pub(super) struct Lifespan {
    full_at: u64,
    /// Milliseconds (monotonic) at which it is old enough to be replaced.
    ripe: u64,
    limits: Option<Limits>,
    over: AtomicBool,
}

/// Limits of memory, and when they are looked at again.
#[derive(Debug)]
struct Limits {
    memory: Memory,
    next: AtomicU64,
    id: u32,
}

/// A worker's memory, bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Size {
    rss: u64,
    space: u64,
    uss: u64,
    pss: u64,
}

impl Lifespan {
    /// The life of the worker with this number, from now (monotonic milliseconds) on.
    pub(super) fn new(serve: &Serve, id: u32, now: u64) -> Self {
        let memory = serve.supervision.reload_on;
        let limits = memory.any().then(|| Limits { memory, next: AtomicU64::new(0), id });
        Self {
            full_at: full_at(serve, id),
            ripe: now.saturating_add(serve.min_worker_lifetime.as_millis() as u64),
            limits,
            over: AtomicBool::new(false),
        }
    }

    /// Whether the worker's time has come with its `served`th request; true once.
    pub(super) fn ends(&self, served: u64, clock: impl Fn() -> u64) -> bool {
        if served < self.full_at && self.limits.is_none() {
            return false;
        }
        let now = clock();
        let due = served >= self.full_at || self.limits.as_ref().is_some_and(|one| one.over(now));
        due && now >= self.ripe && !self.over.swap(true, Relaxed)
    }
}

/// After how many requests a worker is replaced. Where no delta is given, further workers live a
/// little longer, so that their times do not come together.
fn full_at(serve: &Serve, id: u32) -> u64 {
    let further = u64::from(id.saturating_sub(1));
    match (serve.max_requests, serve.max_requests_delta) {
        (0, _) => u64::MAX,
        (requests, 0) => requests + requests / 10 * further / u64::from(serve.processes.max(1)),
        (requests, delta) => requests.saturating_add(delta.saturating_mul(further)),
    }
}

impl Limits {
    /// Whether the process is too large; looks only now and then.
    fn over(&self, now: u64) -> bool {
        let deep = self.memory.uss.or(self.memory.pss).is_some();
        let next = self.next.load(Relaxed);
        let later = now + if deep { LONG_PAUSE } else { PAUSE };
        // of several threads one looks
        if now < next || self.next.compare_exchange(next, later, Relaxed, Relaxed).is_err() {
            return false;
        }
        let size = Self::size(deep).unwrap_or_default();
        for (option, limit, size) in [
            ("rss", self.memory.rss, size.rss),
            ("as", self.memory.space, size.space),
            ("uss", self.memory.uss, size.uss),
            ("pss", self.memory.pss, size.pss),
        ] {
            if limit.is_some_and(|limit| size >= limit) {
                let (id, size) = (self.id, size >> 20);
                eprintln!("worker {id} uses {size} MiB: it is replaced for reload-on-{option}");
                return true;
            }
        }
        false
    }

    fn size(deep: bool) -> io::Result<Size> {
        let memory::Size { resident: rss, virt: space } = memory::own();
        let (uss, pss) = if deep { shares(&rollup()?) } else { (0, 0) };
        Ok(Size { rss, space, uss, pss })
    }
}

/// The sums over all of the process's memory.
fn rollup() -> io::Result<String> {
    let mut text = String::new();
    File::open("/proc/self/smaps_rollup")?.take(READ_MAX).read_to_string(&mut text)?;
    Ok(text)
}

/// `/proc/self/smaps_rollup`: what is private, and the fair share of all.
fn shares(text: &str) -> (u64, u64) {
    let kib = |line: &str| {
        let number = line.split_whitespace().nth(1)?;
        number.parse::<u64>().ok().map(|size| size << 10)
    };
    let sum = |start: &str| {
        text.lines().filter(|line| line.starts_with(start)).filter_map(kib).sum::<u64>()
    };
    (sum("Private_"), sum("Pss:"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn serve(max_requests: u64, delta: u64) -> Serve {
        let min_worker_lifetime = Duration::from_secs(10);
        let base = Serve { max_requests, max_requests_delta: delta, ..Serve::default() };
        Serve { processes: 4, min_worker_lifetime, ..base }
    }

    #[test]
    fn it_ends_once_after_its_requests_and_not_before_its_age() {
        let span = Lifespan::new(&serve(3, 0), 1, 1000);
        assert!(!span.ends(2, || unreachable!("nobody asks for the time")));
        assert!(!span.ends(3, || 10_999));
        assert!(span.ends(4, || 11_000));
        assert!(!span.ends(5, || 12_000));
    }

    #[test]
    fn further_workers_live_longer() {
        assert_eq!(full_at(&serve(0, 7), 3), u64::MAX);
        assert_eq!(full_at(&serve(1000, 7), 3), 1014);
        assert_eq!([1, 2, 3, 4].map(|id| full_at(&serve(1000, 0), id)), [1000, 1025, 1050, 1075]);
        assert_eq!(full_at(&serve(5, 0), 4), 5);
    }

    #[test]
    fn sizes_are_read_from_what_the_kernel_writes() {
        let text = "00-ff ---p 0 0 0 [rollup]\nRss: 9 kB\nPss:  100 kB\nPss_Dirty: 50 kB\n\
                    Private_Clean: 8 kB\nPrivate_Dirty: 16 kB\n";
        assert_eq!(shares(text), (24 << 10, 100 << 10));
    }

    #[test]
    fn a_limit_is_looked_at_now_and_then() {
        let mut serve = serve(0, 0);
        serve.supervision.reload_on.rss = Some(1);
        let span = Lifespan::new(&serve, 1, 0);
        assert!(!span.ends(1, || 20), "too young, and it was looked");
        assert!(!span.ends(2, || 20_000 - 19_950), "not again so soon");
        assert!(span.ends(3, || 20_000));
        for memory in [
            Memory { uss: Some(1), ..Memory::default() },
            Memory { pss: Some(1), ..Memory::default() },
            Memory { space: Some(1), ..Memory::default() },
        ] {
            serve.supervision.reload_on = memory;
            assert!(Lifespan::new(&serve, 1, 0).ends(1, || 20_000), "{memory:?}");
        }
        serve.supervision.reload_on = Memory { rss: Some(1 << 60), ..Memory::default() };
        assert!(!Lifespan::new(&serve, 1, 0).ends(1, || 20_000));
    }
}
