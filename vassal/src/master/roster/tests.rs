//! The roster's decisions, by example.

use super::*;

pub(super) fn law(workers: u32) -> Law {
    Law {
        workers,
        least: workers,
        initial: workers,
        need_app: true,
        lazy: false,
        checks: false,
        mercy: Duration::from_mins(1),
        lifetime: None,
        lifetime_delta: Duration::ZERO,
        pause: Duration::from_secs(2),
    }
}

/// Does what the actions ask for, as the world would, until nothing is left to do.
pub(super) struct World {
    pub(super) roster: Roster,
    pub(super) now: Instant,
    pub(super) served: Vec<u64>,
    pub(super) rejected: Vec<u64>,
    pub(super) drained: Vec<(Gen, Key, Option<Gen>)>,
    pub(super) ended: bool,
    pub(super) failed: bool,
    pub(super) asleep: bool,
    pub(super) unchained: usize,
    /// Nurseries of these generations cannot import.
    pub(super) broken: bool,
    /// Workers of this generation do not end when they are told to drain.
    slow: Option<Gen>,
}

impl World {
    pub(super) fn new(law: Law) -> (Self, Vec<Action>) {
        let now = Instant::now();
        let (roster, actions) = Roster::new(1, law, now);
        let world = Self {
            roster,
            now,
            served: vec![],
            rejected: vec![],
            drained: vec![],
            ended: false,
            failed: false,
            asleep: false,
            unchained: 0,
            broken: false,
            slow: None,
        };
        (world, actions)
    }

    pub(super) fn tell(&mut self, event: Event) {
        let actions = self.roster.step(event, self.now);
        self.obey(actions);
    }

    pub(super) fn obey(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Hatch(name) if self.broken => self.tell(Event::NoApp(name, "boom".into())),
                Action::Hatch(name) => self.tell(Event::Ready(name)),
                Action::Fork(name, key, ..) => {
                    self.tell(Event::Born(name, key));
                    self.tell(Event::Accepting(name, key));
                }
                Action::Drain(name, key, to) => {
                    self.drained.push((name, key, to));
                    if self.slow == Some(name) {
                        continue;
                    }
                    self.tell(Event::WorkerEnded(name, key, Some(Ended::Code(0)), None));
                }
                Action::Kill(name, key) => {
                    self.tell(Event::WorkerEnded(name, key, Some(Ended::Signal(9)), None));
                }
                Action::Quit(name) | Action::KillNursery(name) => {
                    self.tell(Event::NurseryEnded(name, "exit code 0".into()));
                }
                Action::Check(name) => self.tell(Event::Checked(name, Ok(()))),
                Action::Serving(_, number) => self.served.push(number),
                Action::Rejected(number, _) => self.rejected.push(number),
                Action::Failed(_) => self.failed = true,
                Action::End => self.ended = true,
                Action::Asleep => self.asleep = true,
                Action::Unchained(_) => self.unchained += 1,
                Action::Died(..)
                | Action::Unforked(_)
                | Action::Cheaped(_)
                | Action::Forget(_)
                | Action::Unrelieved(_) => {}
            }
        }
    }

    pub(super) fn workers(&self) -> usize {
        self.roster.serving().map_or(0, |(_, generation)| generation.workers.len())
    }
}

#[test]
fn the_first_generation_serves_when_all_its_workers_accept() {
    let (mut world, actions) = World::new(law(3));
    world.obey(actions);
    assert_eq!((world.served.as_slice(), world.workers()), (&[1][..], 3));
}

#[test]
fn a_reload_relieves_the_old_generation_and_passes_its_connections_on() {
    let (mut world, actions) = World::new(law(2));
    world.obey(actions);
    let old = world.roster.serving().unwrap().0;
    world.tell(Event::Reload(2, law(2)));
    let new = world.roster.serving().unwrap().0;
    assert_eq!(world.served, [1, 2]);
    assert_eq!(world.drained.len(), 2);
    assert!(world.drained.iter().all(|(from, _, to)| *from == old && *to == Some(new)));
    assert_eq!(world.roster.generations().count(), 1);
}

#[test]
fn who_still_drains_is_told_of_each_newer_generation_and_of_the_end() {
    let (mut world, actions) = World::new(law(1));
    world.obey(actions);
    let first = world.roster.serving().unwrap().0;
    world.slow = Some(first);
    let mut expected = Vec::new();
    for number in 2..5 {
        world.tell(Event::Reload(number, law(1)));
        expected.push(world.roster.serving().map(|(newest, _)| newest));
    }
    world.tell(Event::Stop);
    expected.push(None);
    let told = world.drained.iter().filter(|(name, ..)| *name == first);
    assert_eq!(told.map(|(.., to)| *to).collect::<Vec<_>>(), expected);
}

#[test]
fn a_reload_that_cannot_import_changes_nothing() {
    let (mut world, actions) = World::new(law(2));
    world.obey(actions);
    world.broken = true;
    world.tell(Event::Reload(2, law(2)));
    assert_eq!((world.served.as_slice(), world.rejected.as_slice()), (&[1][..], &[2][..]));
    assert!(world.drained.is_empty());
    assert_eq!((world.workers(), world.roster.generations().count()), (2, 1));
    world.broken = false;
    world.tell(Event::Reload(2, law(2)));
    assert_eq!(world.served, [1, 2]);
}

#[test]
fn a_check_that_is_not_answered_rejects() {
    let checked = Law { checks: true, ..law(1) };
    let (mut world, actions) = World::new(law(1));
    world.obey(actions);
    let mut actions = world.roster.step(Event::Reload(2, checked), world.now);
    let Some(Action::Hatch(name)) = actions.pop() else { panic!("{actions:?}") };
    let actions = world.roster.step(Event::Ready(name), world.now);
    let [Action::Fork(_, key, ..)] = actions[..] else { panic!("{actions:?}") };
    let actions = world.roster.step(Event::Accepting(name, key), world.now);
    assert_eq!(actions, [Action::Check(name)]);
    world.tell(Event::Checked(name, Err("status 500".into())));
    assert_eq!((world.served.as_slice(), world.rejected.as_slice()), (&[1][..], &[2][..]));
}

#[test]
fn without_an_application_the_vassal_fails_or_serves_errors() {
    let (mut world, actions) = World::new(law(1));
    world.broken = true;
    world.obey(actions);
    assert!(world.failed && world.served.is_empty());
    let (mut world, actions) = World::new(Law { need_app: false, ..law(2) });
    world.broken = true;
    world.obey(actions);
    assert_eq!((world.served.as_slice(), world.workers()), (&[1][..], 2));
}

#[test]
fn a_dead_worker_is_replaced_at_once_and_a_burst_of_deaths_causes_a_pause() {
    let (mut world, actions) = World::new(law(2));
    world.obey(actions);
    let kill_one = |world: &mut World| {
        let (name, generation) = world.roster.serving().unwrap();
        let key = *generation.workers.keys().next().unwrap();
        world.tell(Event::WorkerEnded(name, key, Some(Ended::Signal(9)), None));
    };
    for _ in 0..2 + DEATHS {
        kill_one(&mut world);
        assert_eq!(world.workers(), 2);
    }
    kill_one(&mut world);
    assert_eq!(world.workers(), 1);
    world.now = world.roster.next_deadline().expect("the pause ends");
    world.tell(Event::Time);
    assert_eq!(world.workers(), 2);
}

#[test]
fn forkbomb_delay_is_how_long_a_burst_of_deaths_is_waited_out() {
    let pause = |lines: &[(&str, &str)]| {
        let (mut world, actions) =
            World::new(crate::master::law(&crate::master::lines::serve(lines)));
        world.obey(actions);
        while world.workers() > 0 {
            let (name, generation) = world.roster.serving().unwrap();
            let key = *generation.workers.keys().next().unwrap();
            world.tell(Event::WorkerEnded(name, key, Some(Ended::Signal(9)), None));
        }
        world.roster.next_deadline().expect("the pause ends") - world.now
    };
    assert_eq!(pause(&[]), Duration::from_secs(2));
    assert_eq!(pause(&[("forkbomb-delay", "60")]), Duration::from_mins(1));
}

#[test]
fn a_dead_nursery_is_relieved_by_a_generation_of_the_same_number() {
    let (mut world, actions) = World::new(law(2));
    world.obey(actions);
    let name = world.roster.serving().unwrap().0;
    world.tell(Event::NurseryEnded(name, "signal 9".into()));
    assert_eq!(world.served, [1, 1]);
    assert_eq!(world.drained.len(), 2);
}

#[test]
fn full_workers_are_replaced_one_at_a_time_by_ready_ones() {
    let (mut world, actions) = World::new(law(3));
    world.obey(actions);
    let (name, generation) = world.roster.serving().unwrap();
    let keys: Vec<Key> = generation.workers.keys().copied().collect();
    for key in &keys {
        world.tell(Event::Full(name, *key));
    }
    assert_eq!(world.workers(), 3);
    assert_eq!(world.drained.len(), 3);
    assert!(world.drained.iter().all(|(_, key, to)| keys.contains(key) && *to == Some(name)));
}

#[test]
fn a_worker_that_does_not_finish_is_killed_after_the_mercy() {
    let (mut world, actions) = World::new(law(1));
    world.obey(actions);
    let actions = world.roster.step(Event::Stop, world.now);
    let drains = actions.iter().filter(|action| matches!(action, Action::Drain(..))).count();
    assert_eq!(drains, 1);
    world.now += law(1).mercy;
    let actions = world.roster.step(Event::Time, world.now);
    assert!(actions.iter().any(|action| matches!(action, Action::Kill(..))), "{actions:?}");
    world.obey(actions);
    assert!(world.ended);
}

#[test]
fn stopping_ends_when_nobody_is_left() {
    let (mut world, actions) = World::new(law(2));
    world.obey(actions);
    world.tell(Event::Stop);
    assert!(world.ended);
}

#[test]
fn a_dead_nursery_that_cannot_be_replaced_is_tried_again() {
    let (mut world, actions) = World::new(law(2));
    world.obey(actions);
    let name = world.roster.serving().unwrap().0;
    world.broken = true;
    world.tell(Event::NurseryEnded(name, "signal 9".into()));
    assert_eq!((world.served.as_slice(), world.workers()), (&[1][..], 2));
    // a reload that fails meanwhile does not make it forgotten
    world.tell(Event::Reload(2, law(2)));
    assert_eq!(world.rejected, [2]);
    world.now = world.roster.next_deadline().expect("the next try");
    world.tell(Event::Time);
    world.broken = false;
    world.now = world.roster.next_deadline().expect("the try after that");
    world.tell(Event::Time);
    assert_eq!((world.served.as_slice(), world.workers()), (&[1, 1][..], 2));
}

#[test]
fn a_nursery_that_does_not_end_is_killed_soon() {
    let (mut world, actions) = World::new(law(1));
    world.obey(actions);
    let old = world.roster.serving().unwrap().0;
    let hatched = world.roster.step(Event::Reload(2, law(1)), world.now);
    let [Action::Hatch(new)] = hatched[..] else { panic!("{hatched:?}") };
    let forked = world.roster.step(Event::Ready(new), world.now);
    let [Action::Fork(_, key, ..)] = forked[..] else { panic!("{forked:?}") };
    let relieved = world.roster.step(Event::Accepting(new, key), world.now);
    assert!(relieved.contains(&Action::Quit(old)), "{relieved:?}");
    world.now += Duration::from_secs(6);
    let late = world.roster.step(Event::Time, world.now);
    assert!(late.contains(&Action::KillNursery(old)), "{late:?}");
}

#[test]
fn a_stop_during_the_import_waits_for_nothing() {
    let (mut roster, actions) = Roster::new(1, law(2), Instant::now());
    let [Action::Hatch(name)] = actions[..] else { panic!("{actions:?}") };
    let stopped = roster.step(Event::Stop, Instant::now());
    assert_eq!(stopped, [Action::KillNursery(name)]);
    let over = roster.step(Event::NurseryEnded(name, "signal 9".into()), Instant::now());
    assert!(over.contains(&Action::End), "{over:?}");
}

#[test]
fn workers_that_never_accepted_are_not_waited_for() {
    let lazy = Law { lazy: true, ..law(1) };
    let (mut roster, actions) = Roster::new(1, lazy, Instant::now());
    let [Action::Hatch(name)] = actions[..] else { panic!("{actions:?}") };
    let forked = roster.step(Event::Ready(name), Instant::now());
    let [Action::Fork(_, key, ..)] = forked[..] else { panic!("{forked:?}") };
    roster.step(Event::Born(name, key), Instant::now());
    let stopped = roster.step(Event::Stop, Instant::now());
    assert_eq!(stopped, [Action::Quit(name), Action::Kill(name, key)]);
}

#[test]
fn a_fork_that_never_reports_is_ordered_anew_and_its_nursery_replaced() {
    let (mut world, actions) = World::new(law(1));
    world.obey(actions);
    let (name, generation) = world.roster.serving().unwrap();
    let key = *generation.workers.keys().next().unwrap();
    let died = Event::WorkerEnded(name, key, Some(Ended::Signal(9)), None);
    let forked = world.roster.step(died, world.now);
    let Some(Action::Fork(_, key, ..)) = forked.last() else { panic!("{forked:?}") };
    world.now = world.roster.next_deadline().expect("a fork has to report");
    let late = world.roster.step(Event::Time, world.now);
    assert_eq!(late, [Action::KillNursery(name), Action::Kill(name, *key)]);
    let ended = Event::WorkerEnded(name, *key, None, None);
    let again = world.roster.step(ended, world.now);
    assert!(again.iter().any(|one| matches!(one, Action::Fork(..))), "{again:?}");
    world.tell(Event::NurseryEnded(name, "signal 9".into()));
    assert_eq!((world.served.as_slice(), world.workers()), (&[1, 1][..], 1));
}

#[test]
fn a_worker_that_was_full_during_a_rejected_reload_is_still_replaced() {
    let (mut world, actions) = World::new(law(1));
    world.obey(actions);
    let (name, generation) = world.roster.serving().unwrap();
    let key = *generation.workers.keys().next().unwrap();
    let hatched = world.roster.step(Event::Reload(2, law(1)), world.now);
    let [Action::Hatch(new)] = hatched[..] else { panic!("{hatched:?}") };
    assert_eq!(world.roster.step(Event::Full(name, key), world.now), []);
    world.tell(Event::NoApp(new, "boom".into()));
    assert_eq!(world.drained, [(name, key, Some(name))]);
    assert_eq!(world.workers(), 1);
}

#[test]
fn a_request_that_kills_a_worker_of_the_first_generation_does_not_end_the_server() {
    let now = Instant::now();
    let (mut roster, _) = Roster::new(1, law(2), now);
    let (name, _) = roster.generations().next().map(|(name, one)| (name, one.number)).unwrap();
    let mut forked = Vec::new();
    let step = |roster: &mut Roster, event| roster.step(event, now);
    let keys = |actions: &[Action]| -> Vec<(Key, u32)> {
        let fork = |action: &Action| match action {
            Action::Fork(_, key, id, ..) => Some((*key, *id)),
            _ => None,
        };
        actions.iter().filter_map(fork).collect()
    };
    forked.extend(keys(&step(&mut roster, Event::Ready(name))));
    assert_eq!(forked.len(), 2);
    let dead = || Some(Ended::Signal(11));
    // one that accepted is replaced, as long as that is not all that happens
    let mut dies = forked[0];
    for _ in 0..DEATHS {
        step(&mut roster, Event::Born(name, dies.0));
        step(&mut roster, Event::Accepting(name, dies.0));
        let actions = step(&mut roster, Event::WorkerEnded(name, dies.0, dead(), None));
        assert_eq!(actions[0], Action::Died(dies.1, dead()));
        dies = keys(&actions)[0];
        assert_eq!(dies.1, forked[0].1);
    }
    // one that never accepted is a generation that cannot serve
    step(&mut roster, Event::Born(name, dies.0));
    let actions = step(&mut roster, Event::WorkerEnded(name, dies.0, dead(), None));
    assert!(actions.iter().any(|one| matches!(one, Action::Failed(_))), "{actions:?}");
}

#[test]
fn a_worker_that_cannot_be_forked_is_tried_again_after_a_pause() {
    let law = law(2);
    let (mut world, actions) = World::new(law);
    world.obey(actions);
    let (name, generation) = world.roster.serving().unwrap();
    let key = *generation.workers.keys().next().unwrap();
    let forks = |actions: &[Action]| -> Vec<Key> {
        let fork = |action: &Action| match action {
            Action::Fork(_, key, ..) => Some(*key),
            _ => None,
        };
        actions.iter().filter_map(fork).collect()
    };
    let mut now = world.now;
    let died = Event::WorkerEnded(name, key, Some(Ended::Signal(9)), None);
    let mut ordered = forks(&world.roster.step(died, now));
    for _ in 0..3 {
        assert_eq!(ordered.len(), 1);
        let unforked = Event::WorkerEnded(name, ordered[0], None, Some("no memory".into()));
        let actions = world.roster.step(unforked, now);
        assert_eq!(actions, [Action::Unforked("no memory".into())]);
        assert!(world.roster.next_deadline().is_some_and(|at| at <= now + law.pause));
        now += law.pause;
        ordered = forks(&world.roster.step(Event::Time, now));
    }
    assert_eq!(world.workers(), 2);
}
