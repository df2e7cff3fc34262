//! Scripts of events, and what has to come of them.

use super::*;

/// A vassal, its law and a clock that only the script moves.
struct Stage {
    life: Life,
    law: Law,
    now: Instant,
    acts: Vec<Action>,
}

const T1: Tree = Tree(1);
const T2: Tree = Tree(2);

fn killed() -> Ended {
    Ended::Signal(9)
}

impl Stage {
    /// A vassal that was seen and waits for its turn.
    fn seen() -> Self {
        let mut stage =
            Self { life: Life::new(0), law: Law::default(), now: Instant::now(), acts: Vec::new() };
        stage.ask(Verb::Start);
        stage
    }

    /// A vassal that serves generation 1.
    fn serving() -> Self {
        let mut stage = Self::seen();
        stage.tell(Event::Slot);
        stage.tell(Event::Accepting { tree: T1 });
        stage
    }

    fn tell(&mut self, event: Event) -> &mut Self {
        self.acts = self.life.step(event, self.now, &self.law);
        self
    }

    fn ask(&mut self, verb: Verb) -> Wish {
        let (wish, acts) = self.life.petition(verb, self.now, &self.law).unwrap();
        self.acts = acts;
        wish
    }

    fn later(&mut self, millis: u64) -> &mut Self {
        self.now += Duration::from_millis(millis);
        self
    }

    #[track_caller]
    fn did(&self, action: &Action) {
        assert!(self.acts.contains(action), "{action:?} is not in {:?}", self.acts);
    }

    #[track_caller]
    fn did_not(&self, action: &Action) {
        assert!(!self.acts.contains(action), "{action:?} is in {:?}", self.acts);
    }
}

#[test]
fn a_seen_file_is_started_when_its_turn_comes() {
    let mut stage = Stage::seen();
    stage.did(&Action::WantSlot);
    stage.tell(Event::Slot).did(&Action::Spawn { tree: T1, generation: 1, heir_of: None });
    assert_eq!(stage.life.verdict(Wish::Serving), None);
    stage.tell(Event::Accepting { tree: T1 }).did(&Action::FreeSlot);
    assert_eq!(stage.life.verdict(Wish::Serving), Some(Ok(())));
    assert_eq!(stage.life.generation(), 1);
}

#[test]
fn a_reload_with_an_equal_plan_is_a_generation() {
    let mut stage = Stage::serving();
    let wish = stage.ask(Verb::Reload);
    stage.did(&Action::WantSlot);
    stage.tell(Event::Slot).did(&Action::Prepare { generation: 2 });
    stage.tell(Event::Planned { succession: None });
    stage.did(&Action::Order { tree: T1, order: Order::Generation });
    assert_eq!(stage.life.verdict(wish), None);
    stage.tell(Event::Served { tree: T1, generation: 2 }).did(&Action::FreeSlot);
    assert_eq!(stage.life.verdict(wish), Some(Ok(())));
    assert_eq!((stage.life.generation(), stage.life.trouble()), (2, None));
}

#[test]
fn a_refused_file_leaves_the_old_generation_and_the_next_reload_uses_the_same_number() {
    let mut stage = Stage::serving();
    let wish = stage.ask(Verb::Reload);
    stage.tell(Event::Slot);
    stage.tell(Event::Unprepared { reason: "a.ini:3: no".into() }).did(&Action::FreeSlot);
    assert_eq!(stage.life.verdict(wish), Some(Err("a.ini:3: no".into())));
    assert_eq!(stage.life.trouble(), Some("a.ini:3: no"));
    stage.tell(Event::Seen).did(&Action::WantSlot);
    stage.tell(Event::Slot).did(&Action::Prepare { generation: 2 });
    stage.tell(Event::Planned { succession: None });
    stage.tell(Event::Rejected { tree: T1, generation: 2, reason: "ImportError".into() });
    assert_eq!(stage.life.trouble(), Some("ImportError"));
    assert_eq!(stage.life.reloads(), Reloads { served: 0, rejected: 2 });
}

#[test]
fn changes_during_a_reload_make_exactly_one_more() {
    let mut stage = Stage::serving();
    stage.tell(Event::Seen);
    stage.tell(Event::Slot);
    stage.tell(Event::Planned { succession: None });
    let wish = stage.ask(Verb::Reload);
    stage.tell(Event::Seen).did_not(&Action::WantSlot);
    stage.tell(Event::Served { tree: T1, generation: 2 }).did(&Action::WantSlot);
    assert_eq!(stage.life.verdict(wish), None);
    stage.tell(Event::Slot).did(&Action::Prepare { generation: 3 });
    stage.tell(Event::Planned { succession: None });
    stage.tell(Event::Served { tree: T1, generation: 3 }).did_not(&Action::WantSlot);
    assert_eq!(stage.life.verdict(wish), Some(Ok(())));
}

#[test]
fn a_different_plan_is_a_succession_and_the_old_one_goes_last() {
    let mut stage = Stage::serving();
    stage.tell(Event::Seen);
    stage.tell(Event::Slot);
    stage.tell(Event::Planned { succession: Some(vec!["sockets"]) });
    stage.did(&Action::Spawn { tree: T2, generation: 2, heir_of: Some(T1) });
    stage.did_not(&Action::Order { tree: T1, order: Order::Relieve });
    stage.tell(Event::Accepting { tree: T2 });
    stage.did(&Action::Order { tree: T1, order: Order::Relieve });
    assert_eq!(stage.life.generation(), 2);
    assert_eq!(stage.life.living(), [T1, T2]);
    stage.later(30_000).tell(Event::Tick).did(&Action::Kill { tree: T1 });
    stage.tell(Event::Ended { tree: T1, how: killed() }).did(&Action::Sweep { tree: T1 });
    assert_eq!(stage.life.living(), [T2]);
}

#[test]
fn a_successor_that_fails_leaves_the_old_one_serving() {
    let mut stage = Stage::serving();
    let wish = stage.ask(Verb::Reload);
    stage.tell(Event::Slot);
    stage.tell(Event::Planned { succession: Some(vec!["sockets"]) });
    let reason = "port 80 is taken".to_owned();
    stage.tell(Event::Confessed { tree: T2, cause: Cause::Refused, reason: reason.clone() });
    stage.tell(Event::Ended { tree: T2, how: Ended::Code(1) }).did(&Action::FreeSlot);
    assert_eq!(stage.life.verdict(wish), Some(Err(reason)));
    assert_eq!(stage.life.living(), [T1]);
}

#[test]
fn an_old_tree_that_dies_leaves_the_work_to_its_successor() {
    let mut stage = Stage::serving();
    let wish = stage.ask(Verb::Reload);
    stage.tell(Event::Slot);
    stage.tell(Event::Planned { succession: Some(vec!["env"]) });
    stage.tell(Event::Ended { tree: T1, how: killed() });
    assert_eq!(stage.life.living(), [T2]);
    stage.tell(Event::Accepting { tree: T2 }).did(&Action::FreeSlot);
    assert_eq!(stage.life.verdict(wish), Some(Ok(())));
    assert_eq!(stage.life.generation(), 2);
}

#[test]
fn a_death_after_service_is_answered_at_once_and_others_wait() {
    let mut stage = Stage::serving();
    stage.tell(Event::Ended { tree: T1, how: killed() }).did(&Action::WantSlot);
    stage.tell(Event::Slot).did(&Action::Spawn { tree: T2, generation: 1, heir_of: None });
    stage.tell(Event::Ended { tree: T2, how: Ended::Code(22) }).did_not(&Action::WantSlot);
    assert_eq!(stage.life.wake(), Some(stage.now + Duration::from_millis(500)));
    stage.later(499).tell(Event::Tick).did_not(&Action::WantSlot);
    stage.later(1).tell(Event::Tick).did(&Action::WantSlot);
}

#[test]
fn a_changed_file_and_an_operator_clear_the_back_off() {
    for wake in [Event::Seen, Event::Forgive] {
        let mut stage = Stage::seen();
        stage.tell(Event::Slot);
        stage.tell(Event::Ended { tree: T1, how: Ended::Code(1) });
        stage.tell(wake).did(&Action::WantSlot);
    }
}

#[test]
fn an_exile_is_tried_again_only_when_its_file_changes() {
    let mut stage = Stage::seen();
    stage.tell(Event::Slot);
    stage.tell(Event::Ended { tree: T1, how: Ended::Code(26) });
    assert_eq!(stage.life.wake(), None);
    stage.tell(Event::Forgive).did_not(&Action::WantSlot);
    stage.tell(Event::Seen).did(&Action::WantSlot);
}

#[test]
fn a_removed_file_stops_gracefully_then_kills_then_buries() {
    let mut stage = Stage::serving();
    stage.tell(Event::Vanished);
    stage.did(&Action::Order { tree: T1, order: Order::StopGracefully });
    stage.later(30_000).tell(Event::Tick).did(&Action::Kill { tree: T1 });
    stage.later(1_000).tell(Event::Tick).did(&Action::Kill { tree: T1 });
    stage.tell(Event::Ended { tree: T1, how: killed() });
    stage.did(&Action::Sweep { tree: T1 });
    stage.did(&Action::Bury);
    stage.tell(Event::Seen);
    assert_eq!((stage.life.state(), stage.acts.len()), (&State::Buried, 0));
}

#[test]
fn a_file_that_comes_back_while_its_vassal_stops_is_started_again() {
    let mut stage = Stage::serving();
    stage.tell(Event::Vanished);
    stage.tell(Event::Seen);
    stage.tell(Event::Ended { tree: T1, how: Ended::Code(0) }).did(&Action::WantSlot);
}

#[test]
fn stopped_by_hand_stays_stopped_until_start() {
    let mut stage = Stage::serving();
    let wish = stage.ask(Verb::Stop);
    assert!(stage.life.stopped_by_hand());
    stage.tell(Event::Seen);
    assert_eq!(stage.life.verdict(wish), None);
    stage.tell(Event::Ended { tree: T1, how: Ended::Code(0) });
    assert_eq!(stage.life.verdict(wish), Some(Ok(())));
    for event in [Event::Seen, Event::Forgive, Event::Tick, Event::Slot] {
        stage.tell(event).did_not(&Action::WantSlot);
        assert!(stage.life.stopped_by_hand());
    }
    let denied = stage.life.petition(Verb::Reload, stage.now, &stage.law).unwrap_err();
    assert_eq!(denied, Denied::StoppedByHand);
    stage.ask(Verb::Start);
    stage.did(&Action::WantSlot);
}

#[test]
fn a_change_while_starting_starts_anew() {
    let mut stage = Stage::seen();
    stage.tell(Event::Slot);
    stage.tell(Event::Seen).did(&Action::FreeSlot);
    stage.later(2_000).tell(Event::Tick).did(&Action::Kill { tree: T1 });
    stage.tell(Event::Ended { tree: T1, how: killed() }).did(&Action::WantSlot);
}

#[test]
fn a_slow_starter_gives_its_turn_back() {
    let mut stage = Stage::seen();
    stage.tell(Event::Slot);
    stage.later(15_000).tell(Event::Tick).did(&Action::FreeSlot);
    stage.tell(Event::Accepting { tree: T1 }).did_not(&Action::FreeSlot);
}

#[test]
fn a_generation_that_never_answers_is_given_up_and_the_next_reload_replaces_the_tree() {
    let mut stage = Stage::serving();
    stage.tell(Event::Seen);
    stage.tell(Event::Slot);
    stage.tell(Event::Planned { succession: None });
    // a command of a hook and an import may take ten minutes each, and the vassal says so itself
    stage.later(20 * 60_000).tell(Event::Tick);
    assert_eq!(stage.life.reloads().rejected, 0);
    stage.later(10 * 60_000).tell(Event::Tick);
    assert_eq!(stage.life.reloads().rejected, 1);
    stage.tell(Event::Seen);
    stage.tell(Event::Slot);
    stage.tell(Event::Planned { succession: None });
    stage.did(&Action::Spawn { tree: T2, generation: 2, heir_of: Some(T1) });
}

#[test]
fn a_foreign_program_is_reloaded_by_the_public_byte() {
    let mut stage = Stage::seen();
    stage.tell(Event::Slot);
    stage.tell(Event::Foreign { tree: T1 });
    stage.tell(Event::Accepting { tree: T1 });
    let wish = stage.ask(Verb::Reload);
    stage.tell(Event::Slot).did(&Action::Order { tree: T1, order: Order::Reload });
    stage.tell(Event::Accepting { tree: T1 });
    assert_eq!(stage.life.verdict(wish), Some(Ok(())));
    assert_eq!(stage.life.generation(), 2);
}

#[test]
fn a_missed_heartbeat_reloads_first_and_kills_second() {
    let mut stage = Stage::serving();
    stage.tell(Event::Silent { tree: T1 }).did(&Action::WantSlot);
    stage.tell(Event::Heartbeat);
    stage.tell(Event::Silent { tree: T1 }).did_not(&Action::Kill { tree: T1 });
    stage.tell(Event::Silent { tree: T1 }).did(&Action::Kill { tree: T1 });
}

#[test]
fn a_barred_file_stops_its_vassal_until_it_is_mended() {
    let mut stage = Stage::serving();
    stage.tell(Event::Barred { reason: "owned by root".into() });
    stage.did(&Action::Order { tree: T1, order: Order::StopGracefully });
    stage.tell(Event::Ended { tree: T1, how: Ended::Code(0) });
    assert_eq!(stage.life.state(), &State::Dormant(Rest::Barred));
    stage.tell(Event::Seen).did(&Action::WantSlot);
}

#[test]
fn one_that_always_asks_to_go_is_started_again_ever_later() {
    let mut stage = Stage::serving();
    stage.later(1000).tell(Event::Leave { tree: T1 });
    stage.did(&Action::Order { tree: T1, order: Order::StopGracefully });
    stage.tell(Event::Ended { tree: T1, how: Ended::Code(0) });
    stage.did(&Action::WantSlot);
    stage.tell(Event::Slot).tell(Event::Accepting { tree: T2 });
    stage.later(1000).tell(Event::Leave { tree: T2 });
    stage.tell(Event::Ended { tree: T2, how: Ended::Code(0) });
    stage.did_not(&Action::WantSlot);
    stage.later(500).tell(Event::Tick);
    stage.did(&Action::WantSlot);
}
