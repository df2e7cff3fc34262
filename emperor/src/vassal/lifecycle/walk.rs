//! A long random walk from a seed: whatever comes in whatever order, the invariants hold.

use super::*;

/// A small generator, so that a failing seed fails again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// What the kernel would know: which trees have a process.
#[derive(Default)]
struct World {
    running: Vec<Tree>,
    draining: Vec<Tree>,
    wants: u32,
    holds: bool,
}

fn event(dice: &mut Dice, life: &Life, world: &World) -> Option<Event> {
    let tree = world.running.get(dice.roll(3) as usize).copied().unwrap_or(Tree(1));
    let generation = life.generation() + dice.roll(3);
    Some(match dice.roll(22) {
        0 => Event::Seen,
        1 => Event::Vanished,
        2 => Event::Barred { reason: "rule".into() },
        3 if dice.roll(50) == 0 => Event::Shutdown,
        4..=6 if world.wants > 0 => Event::Slot,
        7 => Event::Planned { succession: None },
        8 => Event::Planned { succession: Some(vec!["sockets"]) },
        9 => Event::Unprepared { reason: "line 1".into() },
        10 if dice.roll(20) == 0 => Event::Foreign { tree },
        11 | 12 => Event::Accepting { tree },
        13 => Event::Served { tree, generation },
        14 => Event::Rejected { tree, generation, reason: "traceback".into() },
        15 => Event::Confessed { tree, cause: Cause::Refused, reason: "why".into() },
        16 => Event::Leave { tree },
        17 if world.running.contains(&tree) => Event::LinkLost { tree },
        18 if world.running.contains(&tree) => Event::Ended { tree, how: Ended::Signal(9) },
        19 => Event::Silent { tree },
        20 => Event::Forgive,
        21 => Event::Tick,
        _ => return None,
    })
}

fn carry_out(acts: &[Action], world: &mut World, seed: u64) {
    for act in acts {
        match act {
            Action::Spawn { tree, heir_of, .. } => {
                let serving: Vec<_> =
                    world.running.iter().filter(|one| !world.draining.contains(one)).collect();
                match heir_of {
                    None => assert!(serving.is_empty(), "seed {seed}: {serving:?} still runs"),
                    Some(old) => assert_eq!(serving, [old], "seed {seed}"),
                }
                world.running.push(*tree);
            }
            Action::WantSlot => world.wants += 1,
            Action::FreeSlot => world.holds = false,
            Action::Order { tree, order: Order::Stop | Order::StopGracefully | Order::Relieve }
            | Action::Kill { tree } => {
                assert!(world.running.contains(tree), "seed {seed}: {tree:?} is gone");
                world.draining.push(*tree);
            }
            Action::Order { tree, order: Order::Reload | Order::Generation } => {
                assert!(world.running.contains(tree), "seed {seed}: {tree:?} is gone");
            }
            Action::Bury => assert!(world.running.is_empty(), "seed {seed}: buried alive"),
            Action::Sweep { tree } => {
                world.running.retain(|one| one != tree);
                world.draining.retain(|one| one != tree);
            }
            Action::Prepare { .. }
            | Action::AbandonPrepare
            | Action::CloseListeners
            | Action::Note(_) => {}
        }
    }
}

#[test]
fn the_invariants_hold_whatever_comes() {
    let law = Law::default();
    for seed in 1..=300 {
        let (mut life, mut world, mut dice) = (Life::new(0), World::default(), Dice(seed * 7919));
        let mut now = Instant::now();
        for _ in 0..400 {
            now += Duration::from_millis(dice.roll(4000));
            let verb = match dice.roll(30) {
                0 => Some(Verb::Start),
                1 => Some(Verb::Stop),
                2 => Some(Verb::Reload),
                _ => None,
            };
            let buried = *life.state() == State::Buried;
            let acts = if let Some(verb) = verb {
                life.petition(verb, now, &law).map_or_else(|_| Vec::new(), |(_, acts)| acts)
            } else if let Some(event) = event(&mut dice, &life, &world) {
                if event == Event::Slot {
                    world.wants -= 1;
                }
                life.step(event, now, &law)
            } else {
                continue;
            };
            carry_out(&acts, &mut world, seed);
            let mut living = life.living();
            living.sort_unstable();
            living.dedup();
            let mut running = world.running.clone();
            running.sort_unstable();
            assert_eq!(living, running, "seed {seed}: trees are lost in {:?}", life.state());
            if matches!(life.state(), State::Cursed { .. }) || !life.relics().is_empty() {
                assert!(life.wake().is_some(), "seed {seed}: nothing wakes {:?}", life.state());
            }
            if buried {
                assert_eq!(*life.state(), State::Buried, "seed {seed}: buried is final");
            }
        }
    }
}
