//! Times of a supervisor's life, as medians of five, in a table: how long a change takes to be
//! served, what a reload costs the longest request, how fast the dead are replaced.
//!
//! `cargo run --release -p tests --bin bench`; `SUBJECT=uwsgi` measures the original. Numbers mean
//! something only beside others of the same machine, so the time of `python3 -c pass` comes first.

use std::fmt::Write;
use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use tests::emperor::Emperor;
use tests::http::{self, Place};
use tests::load::Patient;
use tests::process::Process;
use tests::server::SOON;
use tests::wait::idle;
use tests::{Subject, eventually, free_address, subject, until};

/// How often each time is taken.
const ROUNDS: usize = 5;

/// The median of the rounds, and their worst.
fn rounds(mut one: impl FnMut() -> Duration) -> (Duration, Duration) {
    let mut times: Vec<Duration> = (0..ROUNDS).map(|_| one()).collect();
    times.sort();
    (times[ROUNDS / 2], times[ROUNDS - 1])
}

/// One line of the table.
fn line(what: &str, (median, worst): (Duration, Duration)) {
    let (median, worst) = (median.as_secs_f64() * 1e3, worst.as_secs_f64() * 1e3);
    println!("| {what} | {median:.1} | {worst:.1} |");
}

/// The answer of `/pid`, if there is one.
fn pid(address: SocketAddr) -> Option<Process> {
    let answer = http::get(address, "/pid").ok()?;
    Some(Process(answer.text().parse().ok()?))
}

/// The time until another process answers.
fn until_another(address: SocketAddr, before: Process) -> Duration {
    let start = Instant::now();
    eventually("another process answers", SOON, || {
        pid(address).filter(|now| *now != before).ok_or("the old one, or none")
    });
    start.elapsed()
}

/// An Emperor with the battery on one worker.
fn battery() -> (Emperor, SocketAddr) {
    let emperor = Emperor::start();
    emperor.dir().app("battery.py");
    let address = free_address();
    emperor.drop_file("a.ini", &emperor.ini("battery.py", address, "processes = 1"));
    emperor.await_answer(address);
    (emperor, address)
}

fn main() {
    println!("Subject: {:?}\n\n| what | median ms | worst ms |\n| --- | ---: | ---: |", subject());
    line("`python3 -c pass`", rounds(python));
    if subject() == Subject::Ours {
        checked();
    }
    replaced();
    longest();
    let together = rounds(ten_files);
    line("ten files dropped at once: all answer", together);
    deleted();
}

/// The time of an interpreter that does nothing.
fn python() -> Duration {
    let start = Instant::now();
    Command::new("/usr/bin/python3").args(["-c", "pass"]).status().expect("python3 is installed");
    start.elapsed()
}

/// Ten thousand files as people write them, and one of a mebibyte, checked.
fn checked() {
    let dir = tests::Dir::new();
    let text = |number: usize| {
        format!(
            "[uwsgi]\nproject = shop{number}\nbase = /srv/%(project)\nchdir = %(base)/app\n\
             home = %(base)/venv\nmodule = %(project).wsgi:application\nmaster = true\n\
             processes = 4\nthreads = 2\nuid = www-data\ngid = www-data\n\
             socket = /run/uwsgi/%n.sock\nchmod-socket = 660\nvacuum = true\nharakiri = 60\n\
             logto = /var/log/uwsgi/%n.log\nmax-requests = 5000\nproceses = 2\n"
        )
    };
    for number in 0..10_000 {
        dir.write(format!("sites/{number}.ini"), text(number));
    }
    let mut large = String::from("[uwsgi]\n");
    for number in 0..19_999 {
        let value = format!("$(VALUE_{number}) %(name_{number})");
        writeln!(large, "env = VARIABLE_{number}={value}").expect("text grows");
    }
    dir.write("large.ini", large);
    for (name, what) in [("sites", "check 10,000 files"), ("large.ini", "check a file of 1 MiB")] {
        let taken = rounds(|| {
            let start = Instant::now();
            let mut program = Command::new(tests::programs::ours("vassal"));
            let output = program.arg("--check").arg(dir.join(name)).output().expect("it runs");
            assert!(!output.stdout.is_empty(), "{name}");
            start.elapsed()
        });
        line(what, taken);
    }
}

/// Changed files, killed workers and masters.
fn replaced() {
    let (emperor, address) = battery();
    let now = || eventually("an answer", SOON, || pid(address).ok_or("none"));
    let touched = rounds(|| {
        let before = now();
        if subject() == Subject::Uwsgi {
            // whole seconds are compared there
            idle(Duration::from_millis(1100));
        }
        emperor.touch("a.ini");
        until_another(address, before)
    });
    line("touch: the new generation answers", touched);
    let worker = rounds(|| {
        let before = now();
        before.signal(Signal::SIGKILL);
        until_another(address, before)
    });
    line("kill -9 of the worker: the next one answers", worker);
    let master = rounds(|| {
        // healthy for a while, so that no back-off is measured
        idle(Duration::from_secs(11));
        let before = now();
        let master = emperor.vassal("a.ini")["pid"].as_i64().expect("the vassal has a pid");
        Process(master as i32).signal(Signal::SIGKILL);
        until_another(address, before)
    });
    line("kill -9 of the master: the next one answers", master);
    emperor.stop();
}

/// The longest request of eight clients in three seconds, with and without a reload among them.
fn longest() {
    let emperor = Emperor::start();
    let address = emperor.hello("a.ini", "processes = 2\nthreads = 2");
    emperor.await_answer(address);
    let mut lost = 0;
    let mut measure = |reloads: u32| {
        let clients = Patient::start(&Place::Tcp(address), "/", 8, Duration::ZERO);
        for _ in 0..3 {
            idle(Duration::from_secs(1));
            if reloads > 0 {
                emperor.touch("a.ini");
            }
        }
        let verdict = clients.finish();
        lost += verdict.lost;
        verdict.longest
    };
    line("longest request of 8 clients in 3 s, no reload", rounds(|| measure(0)));
    line("longest request of 8 clients in 3 s, 3 reloads", rounds(|| measure(3)));
    println!("| (requests lost in all of these) | {lost} | |");
    emperor.stop();
}

/// Ten files at once.
fn ten_files() -> Duration {
    let emperor = Emperor::start();
    let start = Instant::now();
    let places: Vec<_> = (0..10).map(|n| emperor.hello(&format!("s{n}.ini"), "")).collect();
    for address in places {
        emperor.await_answer(address);
    }
    let taken = start.elapsed();
    emperor.stop();
    taken
}

/// A deleted file, with an application whose daemon hides.
fn deleted() {
    let taken = rounds(|| {
        let emperor = Emperor::start();
        emperor.dir().app("daemon.py");
        let file = emperor.dir().join("daemon.pid");
        let address = free_address();
        let more = format!("env = DAEMON_PIDFILE={}", file.display());
        emperor.drop_file("a.ini", &emperor.ini("daemon.py", address, &more));
        emperor.await_answer(address);
        let text = eventually("the daemon wrote its pid", SOON, || std::fs::read_to_string(&file));
        let daemon = Process(text.parse().expect("a pid"));
        let start = Instant::now();
        emperor.remove("a.ini");
        let gone = until(SOON, || http::get(address, "/").is_err() && !daemon.alive());
        let taken = start.elapsed();
        assert!(gone || subject() == Subject::Uwsgi, "the daemon lives");
        emperor.stop();
        taken
    });
    line("file deleted: vassal and its hiding daemon are gone (15000: never)", taken);
}
