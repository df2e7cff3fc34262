//! The roster's promises, by a random walk.

use super::tests::law;
use super::*;

/// Whatever happens in whatever order: at most two generations are unrelieved, seats are never
/// shared, a wait always has an end, and a stop ends.
#[test]
fn a_random_walk_keeps_the_promises() {
    let mut seed = 88_172_645_463_325_252_u64;
    let mut random = move |below: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % below
    };
    for _ in 0..200 {
        let cheap = Law { least: 1, initial: random(3) as u32, ..law(3) };
        let first = if random(2) == 0 { cheap } else { law(2) };
        let (mut roster, mut pending) = Roster::new(1, first, Instant::now());
        let mut now = Instant::now();
        for turn in 0..120 {
            let mut events: Vec<Event> = pending
                .iter()
                .filter_map(|action| match action {
                    Action::Hatch(name) if random(4) == 0 => {
                        Some(Event::NoApp(*name, "boom".into()))
                    }
                    Action::Hatch(name) => Some(Event::Ready(*name)),
                    Action::Fork(name, key, ..) if random(6) == 0 => {
                        Some(Event::WorkerEnded(*name, *key, None, None))
                    }
                    Action::Fork(name, key, ..) => Some(Event::Accepting(*name, *key)),
                    Action::Drain(name, key, _) | Action::Kill(name, key) => {
                        Some(Event::WorkerEnded(*name, *key, Some(Ended::Code(0)), None))
                    }
                    Action::Quit(name) | Action::KillNursery(name) => {
                        Some(Event::NurseryEnded(*name, "gone".into()))
                    }
                    _ => None,
                })
                .collect();
            if turn == 100 {
                events.push(Event::Stop);
            } else if random(5) == 0 {
                let least = 1 + random(3) as u32;
                let workers = least + random(2) as u32;
                let cheap = Law { least, initial: least, ..law(workers) };
                events.push(Event::Reload(turn, cheap));
            } else if random(9) == 0
                && let Some((name, generation)) = roster.serving()
            {
                let key = generation.workers.keys().next().copied().unwrap_or(0);
                events.push(match random(10) {
                    0 => Event::NurseryEnded(name, "signal 9".into()),
                    1 => Event::Full(name, key),
                    2 => Event::Grow(1 + random(3) as u32),
                    3 => Event::Shrink(key),
                    4 => Event::Sleep,
                    5 => Event::Wake,
                    6 => Event::Chain,
                    7 => Event::WorkersAtOnce,
                    8 => Event::ReloadAtOnce(turn, law(2)),
                    _ => Event::WorkerEnded(name, key, Some(Ended::Signal(11)), None),
                });
            }
            pending = events.into_iter().flat_map(|event| roster.step(event, now)).collect();
            now += Duration::from_millis(random(3000));
            pending.extend(roster.step(Event::Time, now));
            for (name, generation) in roster.generations() {
                let mut seats: Vec<u32> = generation.workers.values().map(|one| one.seat).collect();
                let all = seats.len();
                seats.sort_unstable();
                seats.dedup();
                assert_eq!(seats.len(), all, "a seat is shared");
                assert!(generation.wanted <= generation.law.workers, "too many are wanted");
                let working = generation.workers.values().filter(|one| {
                    one.standing == Standing::Accepting && one.leaving.is_none() && !one.spare
                });
                assert!(working.count() <= generation.law.workers as usize, "too many work");
                let relieved = matches!(generation.nursery, Nursery::Leaving(_) | Nursery::Gone);
                let known = roster.serving == Some(name) || roster.rising == Some(name);
                assert!(known || relieved, "a generation was forgotten");
            }
            if roster.course == Course::Over {
                break;
            }
        }
        assert_eq!(roster.course, Course::Over, "the stop did not end");
    }
}
