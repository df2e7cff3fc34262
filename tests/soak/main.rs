//! The soak: full load, a worker killed each second, a reload each ten, 500 slow clients; and no
//! request lost but those that ran in a killed worker.
//!
//! It takes a minute, or as many seconds as `TESTS_SOAK` says (`tests/run --long [SECONDS]`).
//! Two vassals live under one Emperor. `shop` has twelve clients that ask without a pause and 500
//! slow ones; its workers are killed and all kinds of reload happen to it. `calm` has a light load
//! and is left alone: not one of its requests may be lost, and its workers live long enough for
//! their memory to tell something.
//!
//! - Every answer has to be whole and the asker's own ([`question`]).
//! - A loss is forgiven only on a connection that the kernel says a killed worker had ([`toll`]).
//!   Among those, requests on kept connections whose worker was dead before they were sent are
//!   counted apart: no server can answer them, and clients repeat them.
//! - Processes that live long are as large in the last third of the time as in the second
//!   ([`gauge`]); successions, which replace the master, happen in the first third only.
//! - When the load has ended, processes, their descriptors, and files are what they were before.

/// Clients at full load.
mod fast;
/// Memory and descriptors.
mod gauge;
/// One client connection.
mod line;
/// Requests whose answers can be checked.
mod question;
/// The vassals and their reloads.
mod site;
/// Slow clients.
mod slow;
/// What became of all requests.
mod toll;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tests::emperor::Emperor;
use tests::wait::idle;
use tests::{Subject, eventually, note, only};

use fast::Kind;
use gauge::Gauge;
use question::Dice;
use site::{Promise, RELOADS, Reload, Site, inventory};
use toll::Toll;

/// Seconds that it takes unless `TESTS_SOAK` says otherwise.
const SECONDS: u64 = 60;
/// Seconds between two reloads.
const RELOAD_EACH: u64 = 10;
/// Seconds that a reload may take on a machine with a lot to do.
const RELOAD_TAKES: u64 = 60;
/// Slow clients.
const SLOW: usize = 500;
/// How long what is left of old generations may take to end after the load.
const QUIET: Duration = Duration::from_secs(90);

#[test]
fn nothing_is_lost_at_full_load_with_kills_reloads_and_slow_clients() {
    if !only(Subject::Ours) {
        return;
    }
    let word = std::env::var("TESTS_SOAK").ok();
    let seconds = word.map_or(SECONDS, |word| word.parse().expect("TESTS_SOAK is seconds"));
    let emperor = Emperor::start();
    let mut shop = Site::found(&emperor, "shop", 4);
    let calm = Site::found(&emperor, "calm", 2);
    let before = eventually_quiet(&emperor, &[&shop, &calm], None);

    let shop_toll = Arc::new(Toll::new());
    let calm_toll = Arc::new(Toll::new());
    let clients = load(&shop_toll, &calm_toll, &shop, &calm);
    let mut time = Time::new(seconds);
    while !time.over() {
        time.second(&emperor, &mut shop, &calm, &shop_toll);
    }
    time.last_reload(&emperor, &shop);
    shop_toll.end();
    calm_toll.end();
    for client in clients {
        client.join().expect("a client does not panic");
    }

    shop.is_newest(&emperor.api);
    time.tell(&shop_toll, &calm_toll);
    eventually_quiet(&emperor, &[&shop, &calm], Some(&before));
    time.judge(&shop_toll, &calm_toll);
    let log = emperor.server.log();
    assert!(!log.contains("panicked"), "{}", emperor.server.tail());
    emperor.stop();
}

/// Starts all clients.
fn load(shop: &Arc<Toll>, calm: &Arc<Toll>, at: &Site, calm_at: &Site) -> Vec<JoinHandle<()>> {
    let mut clients =
        vec![slow::start(shop, at.http, SLOW, 1), slow::start(calm, calm_at.http, SLOW / 25, 2)];
    let mut number = 10;
    let mut start = |toll: &Arc<Toll>, kind, address: SocketAddr, count, pause| {
        for _ in 0..count {
            number += 1;
            clients.push(fast::start(toll, address, kind, number, pause));
        }
    };
    start(shop, Kind::Keeps, at.http, 4, Duration::ZERO);
    start(shop, Kind::Closes, at.http, 2, Duration::ZERO);
    start(shop, Kind::Pipelines, at.http, 2, Duration::ZERO);
    start(shop, Kind::Posts, at.http, 2, Duration::ZERO);
    start(shop, Kind::Uwsgi, at.uwsgi, 2, Duration::ZERO);
    let pause = Duration::from_millis(20);
    for kind in [Kind::Keeps, Kind::Closes, Kind::Pipelines, Kind::Posts] {
        start(calm, kind, calm_at.http, 1, pause);
    }
    start(calm, Kind::Uwsgi, calm_at.uwsgi, 1, pause);
    clients
}

/// Waits until nobody but the workers that serve is left, and everything is as it was.
#[track_caller]
fn eventually_quiet(
    emperor: &Emperor,
    sites: &[&Site],
    before: Option<&BTreeMap<String, String>>,
) -> BTreeMap<String, String> {
    let mut last = BTreeMap::new();
    eventually("all is quiet", QUIET, || {
        let now = inventory(emperor, sites);
        let other = before.unwrap_or(&last);
        let lines = now.iter().filter(|(name, what)| other.get(*name) != Some(*what));
        let gone = other.keys().filter(|name| !now.contains_key(*name));
        let text: String = lines
            .map(|(name, what)| format!("{name}: {what}, was {:?}\n", other.get(name)))
            .chain(gone.map(|name| format!("no {name}\n")))
            .collect();
        last = now;
        if text.is_empty() { Ok(last.clone()) } else { Err(text) }
    })
}

/// What happens second by second, and what was counted.
struct Time {
    start: Instant,
    seconds: u64,
    now: u64,
    dice: Dice,
    gauge: Gauge,
    kills: u64,
    turn: usize,
    reloads: BTreeMap<Reload, u32>,
    promise: Option<(Reload, Promise, Instant)>,
    longest_reload: Duration,
}

impl Time {
    fn new(seconds: u64) -> Self {
        Self {
            start: Instant::now(),
            seconds,
            now: 0,
            dice: Dice::new(4),
            gauge: Gauge::default(),
            kills: 0,
            turn: 0,
            reloads: BTreeMap::new(),
            promise: None,
            longest_reload: Duration::ZERO,
        }
    }

    fn over(&self) -> bool {
        self.now >= self.seconds
    }

    /// Waits for the next second and does what belongs to it.
    fn second(&mut self, emperor: &Emperor, shop: &mut Site, calm: &Site, toll: &Toll) {
        self.now += 1;
        idle((self.start + Duration::from_secs(self.now)).duration_since(Instant::now()));
        let master = shop.master(&emperor.api);
        let dice = &mut self.dice;
        self.kills += u64::from(toll.kill_one(master, |count| dice.below(count)));
        self.sample(emperor, shop, calm);
        self.look(emperor, shop);
        if self.now % RELOAD_EACH == 1 && self.promise.is_none() {
            let how = self.next_reload();
            let promise = shop.reload(emperor, how);
            eprintln!("{} s: {how:?}", self.now);
            self.promise = Some((how, promise, Instant::now()));
        }
        if self.now.is_multiple_of(60) {
            let tally = toll.tally();
            let answers: u64 = tally.answered.values().sum();
            eprintln!(
                "{} s: {answers} answers, {} lost, {} kills",
                self.now, tally.lost, self.kills
            );
        }
    }

    /// Each kind of reload in turn; successions in the first third only.
    fn next_reload(&mut self) -> Reload {
        loop {
            let how = RELOADS[self.turn % RELOADS.len()];
            self.turn += 1;
            if how != Reload::Succession || self.now * 3 < self.seconds {
                return how;
            }
        }
    }

    /// Looks whether the last reload is done.
    fn look(&mut self, emperor: &Emperor, shop: &Site) {
        let Some((how, promise, since)) = &self.promise else { return };
        match shop.keeps(&emperor.api, promise) {
            Ok(()) => {
                *self.reloads.entry(*how).or_default() += 1;
                self.longest_reload = self.longest_reload.max(since.elapsed());
                self.promise = None;
            }
            Err(seen) => {
                let limit = Duration::from_secs(RELOAD_TAKES);
                assert!(since.elapsed() < limit, "{how:?} is not done: {seen}");
            }
        }
    }

    /// The last reload ends under load, too.
    fn last_reload(&mut self, emperor: &Emperor, shop: &Site) {
        while self.promise.is_some() {
            self.look(emperor, shop);
            idle(Duration::from_millis(20));
        }
    }

    fn sample(&mut self, emperor: &Emperor, shop: &Site, calm: &Site) {
        let at = self.start.elapsed();
        self.gauge.sample("emperor", emperor.server.process(), at);
        self.gauge.sample("shop master", shop.master(&emperor.api), at);
        for (name, process) in calm.processes(&emperor.api) {
            self.gauge.sample(&name, process, at);
        }
    }

    /// Prints all figures.
    fn tell(&self, shop: &Toll, calm: &Toll) {
        let (memory, _) = self.gauge.verdict(Duration::from_secs(self.seconds));
        for (name, toll) in [("shop", shop), ("calm", calm)] {
            let tally = toll.tally();
            let answers: u64 = tally.answered.values().sum();
            note(&format!(
                "{name}: {answers} answers in {} s, lost {}; in killed workers {}, on kept \
                 connections of killed workers {}, put off by an announced end {}; longest {:?}",
                self.seconds,
                tally.lost,
                tally.killed,
                tally.orphaned,
                tally.put_off,
                tally.longest
            ));
            eprintln!("    {:?}", tally.answered);
        }
        note(&format!(
            "{} kills, reloads {:?}, the longest {:?}",
            self.kills, self.reloads, self.longest_reload
        ));
        eprintln!("memory in each third:\n{memory}");
    }

    /// Whether all of that is as it has to be.
    fn judge(&self, shop: &Toll, calm: &Toll) {
        for (name, toll) in [("shop", shop), ("calm", calm)] {
            let tally = toll.tally();
            assert_eq!(tally.lost, 0, "{name}:\n{}", tally.told.join("\n"));
        }
        let tally = calm.tally();
        assert_eq!((tally.killed, tally.orphaned), (0, 0), "nobody was killed in calm");
        drop(tally);
        // a few thousand in a minute of a debug build on a busy machine
        assert!(shop.answers() > 50 * self.seconds, "{} answers", shop.answers());
        assert!(calm.answers() > 10 * self.seconds, "{} answers", calm.answers());
        let tally = shop.tally();
        for kind in ["keeps", "closes", "pipelines", "posts", "uwsgi", "slow head", "slow body"] {
            assert!(tally.answered.contains_key(kind), "no answer for a client that is {kind}");
        }
        assert!(tally.answered.contains_key("slow reader"));
        drop(tally);
        assert!(self.kills * 10 >= self.seconds * 9, "{} kills", self.kills);
        let reloads: u32 = self.reloads.values().sum();
        let tried = self.seconds / RELOAD_EACH;
        assert!(u64::from(reloads) * 10 >= tried * 8, "{:?} of {tried} reloads", self.reloads);
        let (_, grown) = self.gauge.verdict(Duration::from_secs(self.seconds));
        assert!(grown.is_empty(), "grew: {grown:#?}");
    }
}
