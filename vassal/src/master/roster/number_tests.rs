//! More and fewer workers, none, and replaced ones, by example.

use super::tests::{World, law};
use super::*;

/// Between one and four workers.
fn cheaper() -> Law {
    Law { least: 1, initial: 1, ..law(4) }
}

fn keys(world: &World) -> Vec<Key> {
    world.roster.serving().map_or(Vec::new(), |(_, one)| one.workers.keys().copied().collect())
}

fn ids(world: &World) -> Vec<u32> {
    let (_, generation) = world.roster.serving().unwrap();
    let mut ids: Vec<u32> = generation.workers.values().map(|worker| worker.id).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn workers_come_and_go_between_the_bounds() {
    let (mut world, actions) = World::new(cheaper());
    world.obey(actions);
    assert_eq!((world.served.as_slice(), world.workers()), (&[1][..], 1));
    world.tell(Event::Grow(2));
    assert_eq!(ids(&world), [1, 2, 3]);
    world.tell(Event::Grow(9));
    assert_eq!(world.workers(), 4);
    let name = world.roster.serving().unwrap().0;
    for key in keys(&world) {
        world.tell(Event::Shrink(key));
    }
    assert_eq!(world.workers(), 1);
    assert_eq!(world.drained.len(), 3);
    assert!(world.drained.iter().all(|(_, _, to)| *to == Some(name)), "idle clients stay");
    world.tell(Event::Grow(1));
    assert_eq!(ids(&world), [1, 4], "the lowest free number");
}

#[test]
fn a_reload_keeps_as_many_workers_as_there_are() {
    let (mut world, actions) = World::new(cheaper());
    world.obey(actions);
    world.tell(Event::Grow(2));
    world.tell(Event::Reload(2, cheaper()));
    assert_eq!((world.served.as_slice(), world.workers()), (&[1, 2][..], 3));
    world.tell(Event::Reload(3, law(2)));
    assert_eq!(world.workers(), 2);
}

#[test]
fn a_dead_worker_is_replaced_and_one_that_was_let_go_is_not() {
    let (mut world, actions) = World::new(cheaper());
    world.obey(actions);
    world.tell(Event::Grow(1));
    let (name, key) = (world.roster.serving().unwrap().0, keys(&world)[0]);
    world.tell(Event::WorkerEnded(name, key, Some(Ended::Signal(9)), None));
    assert_eq!(world.workers(), 2);
    world.tell(Event::Shrink(keys(&world)[0]));
    assert_eq!(world.workers(), 1);
}

#[test]
fn all_rest_until_somebody_knocks() {
    let (mut world, actions) = World::new(law(3));
    world.obey(actions);
    world.tell(Event::Sleep);
    assert!(world.asleep);
    assert_eq!(world.workers(), 0);
    assert_eq!(world.roster.next_deadline(), None, "no ticks");
    world.tell(Event::Reload(2, law(3)));
    assert_eq!((world.served.as_slice(), world.workers()), (&[1, 2][..], 0));
    world.tell(Event::Wake);
    assert_eq!(world.workers(), 3);
}

#[test]
fn a_cheap_start_has_no_worker_and_a_check_needs_one() {
    let cheap = Law { initial: 0, ..law(2) };
    let (mut world, actions) = World::new(cheap);
    world.obey(actions);
    assert_eq!((world.served.as_slice(), world.workers(), world.asleep), (&[1][..], 0, true));
    world.tell(Event::Reload(2, Law { checks: true, ..cheap }));
    assert_eq!((world.served.as_slice(), world.workers()), (&[1, 2][..], 1));
    world.tell(Event::Sleep);
    world.tell(Event::Wake);
    assert_eq!(world.workers(), 2);
}

#[test]
fn a_chain_replaces_all_one_after_the_other() {
    let (mut world, actions) = World::new(law(3));
    world.obey(actions);
    let old = keys(&world);
    world.tell(Event::Chain);
    assert_eq!(world.workers(), 3);
    assert!(keys(&world).iter().all(|key| !old.contains(key)), "all are new");
    assert_eq!(world.drained.len(), 3);
}

#[test]
fn a_chain_whose_first_replacement_fails_leaves_the_others_alone() {
    let (mut world, actions) = World::new(law(3));
    world.obey(actions);
    let old = keys(&world);
    let ordered = world.roster.step(Event::Chain, world.now);
    let [Action::Fork(name, key, ..)] = ordered[..] else { panic!("{ordered:?}") };
    world.tell(Event::WorkerEnded(name, key, Some(Ended::Code(22)), Some("boom".into())));
    assert_eq!((world.unchained, keys(&world), world.drained.len()), (1, old, 0));
}

#[test]
fn all_workers_are_replaced_at_once_where_that_is_wanted() {
    let (mut world, actions) = World::new(law(3));
    world.obey(actions);
    let old = keys(&world);
    let killed = world.roster.step(Event::WorkersAtOnce, world.now);
    assert_eq!(killed.iter().filter(|one| matches!(one, Action::Kill(..))).count(), 3);
    assert_eq!(killed.iter().filter(|one| matches!(one, Action::Fork(..))).count(), 3);
    world.obey(killed);
    assert_eq!(world.workers(), 3);
    assert!(keys(&world).iter().all(|key| !old.contains(key)));
}

#[test]
fn a_replacement_on_its_way_is_not_one_too_many_when_all_are_replaced_at_once() {
    let (mut world, actions) = World::new(law(2));
    world.obey(actions);
    let (name, first) = (world.roster.serving().unwrap().0, keys(&world)[0]);
    let ordered = world.roster.step(Event::Full(name, first), world.now);
    assert!(matches!(ordered[..], [Action::Fork(..)]), "{ordered:?}");
    let killed = world.roster.step(Event::WorkersAtOnce, world.now);
    assert_eq!(killed.iter().filter(|one| matches!(one, Action::Kill(..))).count(), 2);
    assert_eq!(killed.iter().filter(|one| matches!(one, Action::Fork(..))).count(), 1);
    world.obey(ordered);
    world.obey(killed);
    assert_eq!(ids(&world), [1, 2]);
}

#[test]
fn a_reload_at_once_kills_the_old_workers_when_the_new_ones_accept() {
    let (mut world, actions) = World::new(law(1));
    world.obey(actions);
    let (old, key) = (world.roster.serving().unwrap().0, keys(&world)[0]);
    let hatched = world.roster.step(Event::ReloadAtOnce(2, law(1)), world.now);
    let [Action::Hatch(new)] = hatched[..] else { panic!("{hatched:?}") };
    let forked = world.roster.step(Event::Ready(new), world.now);
    let [Action::Fork(_, first, ..)] = forked[..] else { panic!("{forked:?}") };
    let done = world.roster.step(Event::Accepting(new, first), world.now);
    assert!(done.contains(&Action::Kill(old, key)), "{done:?}");
}

#[test]
fn old_workers_are_replaced_at_their_age_and_further_ones_later() {
    let aged = Law {
        lifetime: Some(Duration::from_mins(1)),
        lifetime_delta: Duration::from_secs(5),
        ..law(2)
    };
    let (mut world, actions) = World::new(aged);
    world.obey(actions);
    let old = keys(&world);
    world.now += Duration::from_mins(1);
    world.tell(Event::Time);
    assert_eq!(world.drained.len(), 1);
    assert!(!keys(&world).contains(&old[0]) && keys(&world).contains(&old[1]));
    world.now = world.roster.next_deadline().unwrap();
    world.tell(Event::Time);
    assert_eq!(world.drained.len(), 2);
}

#[test]
fn where_all_are_due_nobody_waits_for_the_last_requests_of_others() {
    let (mut world, actions) = World::new(law(2));
    world.obey(actions);
    let (name, old) = (world.roster.serving().unwrap().0, keys(&world));
    let ordered = world.roster.step(Event::Full(name, old[0]), world.now);
    let [Action::Fork(_, first, ..)] = ordered[..] else { panic!("{ordered:?}") };
    assert_eq!(world.roster.step(Event::Accepting(name, first), world.now).len(), 1);
    // the first one drains; only one of two is due, so the next waits
    world.tell(Event::Full(name, first));
    assert_eq!(keys(&world).len(), 3);
    let ordered = world.roster.step(Event::Full(name, old[1]), world.now);
    assert!(matches!(ordered[..], [Action::Fork(..)]), "{ordered:?}");
}

#[test]
fn a_worker_that_dies_before_its_replacement_accepts_has_one_successor() {
    let (mut world, actions) = World::new(law(2));
    world.obey(actions);
    let (name, old) = (world.roster.serving().unwrap().0, keys(&world));
    let ordered = world.roster.step(Event::Full(name, old[0]), world.now);
    let [Action::Fork(_, key, ..)] = ordered[..] else { panic!("{ordered:?}") };
    world.tell(Event::WorkerEnded(name, old[0], Some(Ended::Signal(11)), None));
    world.tell(Event::Accepting(name, key));
    assert_eq!((world.workers(), ids(&world)), (2, vec![1, 2]));
}

#[test]
fn newer_settings_for_the_same_generation_are_no_rejection() {
    let (mut world, actions) = World::new(law(2));
    world.obey(actions);
    let hatched = world.roster.step(Event::Reload(2, law(1)), world.now);
    let [Action::Hatch(first)] = hatched[..] else { panic!("{hatched:?}") };
    let again = world.roster.step(Event::Reload(2, law(3)), world.now);
    let [Action::KillNursery(killed), Action::Hatch(_)] = again[..] else { panic!("{again:?}") };
    assert_eq!(killed, first);
    world.obey(again);
    assert_eq!((world.served.as_slice(), world.workers()), (&[1, 2][..], 3));
    assert!(world.rejected.is_empty());
}
