//! The algorithms by example, with a time of their own.

use std::time::{Duration, Instant};

use shared::settings::Busyness as Numbers;

use super::*;

fn rules(algorithm: Algorithm) -> Cheaper {
    Cheaper {
        least: 1,
        initial: 1,
        step: 2,
        algorithm,
        overload: 3,
        idle: secs(4),
        rss_soft: 0,
        rss_hard: 0,
        busyness: Numbers::default(),
    }
}

/// A world that goes on by a second with each look.
struct World {
    governor: Governor,
    now: Instant,
    workers: Vec<Active>,
    queue: u64,
    rss: u64,
}

impl World {
    fn new(rules: Cheaper, workers: u64) -> Self {
        let now = Instant::now();
        let worker = |key| Active { key, busy: false, idle: true, last: now + secs(key), used: 0 };
        Self {
            governor: Governor::new(rules, now),
            now: now + secs(1000),
            workers: (1..=workers).map(worker).collect(),
            queue: 0,
            rss: 0,
        }
    }

    /// The first so many workers are in requests, and were for the second that passes.
    fn busy(&mut self, busy: usize) -> Verdict {
        self.now += secs(1);
        for (at, worker) in self.workers.iter_mut().enumerate() {
            (worker.busy, worker.idle) = (at < busy, at >= busy);
            if at < busy {
                worker.used += 1_000_000;
            }
        }
        let seen = Seen { workers: &self.workers, queue: self.queue, rss: self.rss, now: self.now };
        self.governor.look(&seen)
    }

    fn times(&mut self, times: usize, busy: usize) -> Vec<Verdict> {
        (0..times).map(|_| self.busy(busy)).collect()
    }
}

fn secs(number: u64) -> Duration {
    Duration::from_secs(number)
}

const STAY: Verdict = Verdict::Stay;

#[test]
fn spare2_keeps_a_stock_of_free_workers() {
    let rules = Cheaper { least: 2, ..rules(Algorithm::Spare2) };
    let mut world = World::new(rules.clone(), 4);
    assert_eq!(world.busy(2), Verdict::Stay, "two are free");
    assert_eq!(world.busy(3), Verdict::Add(1), "one is missing");
    assert_eq!(world.busy(4), Verdict::Add(2));
    // more than two are free: after four seconds one goes, and after four more the next
    let verdicts = world.times(9, 0);
    let gone: Vec<usize> = (0..9).filter(|at| verdicts[*at] != Verdict::Stay).collect();
    assert_eq!(gone, [4, 8], "{verdicts:?}");
    assert_eq!(verdicts[4], Verdict::Remove(1), "the one that did nothing for the longest time");
    // a moment in which they are needed starts the time anew
    let mut world = World::new(rules, 4);
    world.times(4, 0);
    assert_eq!(world.busy(2), Verdict::Stay);
    assert!(world.times(4, 0).iter().all(|verdict| *verdict == Verdict::Stay));
}

#[test]
fn spare_adds_after_overload_looks_without_a_free_worker() {
    let mut world = World::new(rules(Algorithm::Spare), 2);
    assert_eq!(world.times(3, 2), [STAY; 3]);
    assert_eq!(world.busy(2), Verdict::Add(2));
    assert_eq!(world.times(3, 2), [STAY; 3]);
    assert_eq!(world.busy(2), Verdict::Add(2));
}

#[test]
fn spare_lets_the_worker_go_that_was_idle_longest_but_keeps_one() {
    let mut world = World::new(rules(Algorithm::Spare), 3);
    assert_eq!(world.times(2, 1), [STAY; 2]);
    assert_eq!(world.busy(1), Verdict::Remove(2), "1 is busy, 3 worked later");
    world.workers.remove(1);
    assert_eq!(world.times(20, 1), [STAY; 20], "one idle worker is the aim");
}

#[test]
fn backlog_follows_the_queue() {
    let mut world = World::new(rules(Algorithm::Backlog), 2);
    world.queue = 4;
    assert_eq!(world.busy(2), Verdict::Add(2));
    world.queue = 3;
    assert_eq!(world.busy(2), STAY);
    world.queue = 0;
    assert_eq!(world.busy(1), Verdict::Remove(2));
    assert_eq!(world.busy(2), STAY, "nobody is idle");
}

#[test]
fn only_who_decides_by_the_queues_has_them_looked_at() {
    let asks = |algorithm| Governor::new(rules(algorithm), Instant::now()).looks_at_queues();
    assert!(asks(Algorithm::Backlog) && asks(Algorithm::Busyness));
    for algorithm in [Algorithm::Spare, Algorithm::Spare2, Algorithm::Manual] {
        assert!(!asks(algorithm), "{algorithm:?}");
    }
}

#[test]
fn manual_does_nothing() {
    let mut world = World::new(rules(Algorithm::Manual), 2);
    world.queue = 1000;
    assert_eq!(world.times(30, 2), [STAY; 30]);
}

#[test]
fn busyness_adds_above_the_maximum_at_the_end_of_a_window() {
    let mut world = World::new(rules(Algorithm::Busyness), 2);
    world.busy(2);
    assert_eq!(world.times(2, 2), [STAY; 2]);
    assert_eq!(world.busy(2), Verdict::Add(2));
}

#[test]
fn busyness_lets_one_go_after_many_windows_of_little_work() {
    let mut world = World::new(rules(Algorithm::Busyness), 3);
    let verdicts = world.times(31, 0);
    let removals = verdicts.iter().filter(|one| **one == Verdict::Remove(1)).count();
    let first = verdicts.iter().position(|one| *one == Verdict::Remove(1));
    // the first look ends the window before; nine windows of three looks follow
    assert_eq!((removals, first), (1, Some(27)), "{verdicts:?}");
}

#[test]
fn busyness_is_more_careful_after_a_mistake() {
    let mut rules = rules(Algorithm::Busyness);
    rules.busyness.multiplier = 2;
    rules.overload = 1;
    let mut world = World::new(rules, 3);
    assert_eq!(world.times(2, 0), [STAY, Verdict::Remove(1)]);
    assert_eq!(world.busy(3), Verdict::Add(2));
    // 2 + the penalty of 2
    assert_eq!(world.times(4, 0), [STAY, STAY, STAY, Verdict::Remove(1)]);
    assert_eq!(world.times(5, 1), [STAY; 5], "the work is fair: nothing is counted");
    assert_eq!(world.times(3, 0), [STAY, STAY, Verdict::Remove(1)], "it was not missed");
}

#[test]
fn busyness_has_emergencies() {
    let mut world = World::new(rules(Algorithm::Busyness), 3);
    world.queue = 34;
    assert_eq!(world.times(3, 3), [Verdict::Add(1); 3]);
    world.queue = 33;
    world.times(58, 1);
    assert_eq!(world.busy(1), Verdict::Add(1), "a minute with a queue");
    world.queue = 0;
    let verdicts = world.times(12, 0);
    assert!(verdicts.contains(&Verdict::Remove(1)), "three windows are enough: {verdicts:?}");
}

#[test]
fn busyness_says_what_it_decides_where_that_is_wanted() {
    let mut rules = rules(Algorithm::Busyness);
    let mut world = World::new(rules.clone(), 1);
    world.busy(1);
    assert_eq!(world.governor.explanation(), "");
    rules.busyness.verbose = true;
    let mut world = World::new(rules, 1);
    world.busy(1);
    assert!(world.governor.explanation().contains("% busy"));
}

#[test]
fn memory_limits_the_number() {
    let limited = Cheaper { rss_soft: 100, rss_hard: 200, overload: 1, ..rules(Algorithm::Spare) };
    let mut world = World::new(limited, 2);
    world.busy(2);
    world.rss = 101;
    assert_eq!(world.busy(2), STAY, "above the soft limit none is added");
    world.rss = 201;
    assert_eq!(world.busy(1), Verdict::Remove(2), "above the hard limit one goes");
}

/// A world by the rules of a file with these lines; windows are a second long.
fn told(lines: &[(&str, &str)], workers: u64) -> World {
    let base = [
        ("processes", "20"),
        ("cheaper", "1"),
        ("cheaper-algo", "busyness"),
        ("cheaper-overload", "1"),
    ];
    let serve = crate::master::lines::serve(&[&base, lines].concat());
    World::new(serve.supervision.cheaper.expect("cheaper is given"), workers)
}

#[test]
fn cheaper_overload_is_the_length_of_a_window() {
    // the first look ends what was before
    let mut world = told(&[], 2);
    assert_eq!(world.times(2, 2), [STAY, Verdict::Add(1)]);
    let mut world = told(&[("cheaper-overload", "1000")], 2);
    assert_eq!(world.times(900, 2), [STAY; 900]);
    let mut world = told(&[("cheaper-algo", "spare")], 2);
    assert_eq!(world.times(2, 2), [STAY, Verdict::Add(1)]);
}

#[test]
fn cheaper_busyness_min_and_max_bound_the_share() {
    let (high, low) = (("cheaper-busyness-max", "80"), ("cheaper-busyness-min", "5"));
    // three of four workers, then one of ten
    assert_eq!(told(&[], 4).times(2, 3)[1], Verdict::Add(1));
    assert_eq!(told(&[high], 4).times(2, 3)[1], STAY);
    let removes = |lines: &[(&str, &str)]| {
        let verdicts = told(lines, 10).times(30, 1);
        verdicts.iter().any(|one| matches!(one, Verdict::Remove(_)))
    };
    assert!(removes(&[]) && !removes(&[low]));
}

#[test]
fn cheaper_busyness_multiplier_and_penalty_are_the_patience() {
    let two = ("cheaper-busyness-multiplier", "2");
    let first = |world: &mut World| {
        let verdicts = world.times(40, 0);
        verdicts.iter().position(|one| matches!(one, Verdict::Remove(_))).map(|at| at + 1)
    };
    assert_eq!(first(&mut told(&[], 9)), Some(10));
    let patience = |lines: &[(&str, &str)]| {
        let mut world = told(lines, 9);
        assert_eq!(world.times(2, 0)[1], Verdict::Remove(1));
        // which was a mistake
        assert_eq!(world.busy(9), Verdict::Add(1));
        first(&mut world)
    };
    assert_eq!(patience(&[two]), Some(4));
    assert_eq!(patience(&[two, ("cheaper-busyness-penalty", "5")]), Some(7));
}

#[test]
fn the_numbers_of_a_backlog_say_when_it_is_an_emergency() {
    let looks = |lines: &[(&str, &str)], queue: u64, times: usize| {
        let mut world = told(lines, 9);
        world.queue = queue;
        world.times(times, 0)[times - 1]
    };
    let alert = ("cheaper-busyness-backlog-alert", "5");
    assert_eq!((looks(&[], 6, 1), looks(&[alert], 6, 1)), (STAY, Verdict::Add(1)));
    let step = ("cheaper-busyness-backlog-step", "3");
    assert_eq!((looks(&[], 40, 1), looks(&[step], 40, 1)), (Verdict::Add(1), Verdict::Add(3)));
    let nonzero = ("cheaper-busyness-backlog-nonzero", "2");
    assert_eq!((looks(&[], 1, 3), looks(&[nonzero], 1, 3)), (STAY, Verdict::Add(1)));
    let after = |lines: &[(&str, &str)]| {
        let mut world = told(lines, 9);
        world.queue = 40;
        world.busy(0);
        world.queue = 0;
        world.times(2, 0).iter().any(|one| matches!(one, Verdict::Remove(_)))
    };
    assert!(!after(&[]) && after(&[("cheaper-busyness-backlog-multiplier", "1")]));
}

#[test]
fn cheaper_idle_is_how_long_too_many_are_free() {
    let first = |idle: &[(&str, &str)]| {
        let lines = [&[("cheaper-algo", "spare2")], idle].concat();
        let verdicts = told(&lines, 9).times(40, 0);
        verdicts.iter().position(|one| matches!(one, Verdict::Remove(_)))
    };
    let (usual, long) = (first(&[]), first(&[("cheaper-idle", "30")]));
    assert_eq!(long, Some(30));
    assert!(usual < long && usual.is_some(), "{usual:?}");
}
