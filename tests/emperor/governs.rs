//! Files appear, disappear, and what runs follows.

use std::fs;
use std::time::Duration;

use nix::sys::signal::Signal;
use tests::emperor::{Emperor, Throne};
use tests::process::Process;
use tests::server::{End, SOON};
use tests::wait::always;
use tests::{Subject, eventually, free_address, http, only, subject, until};

/// The master of a vassal, from the statistics.
fn master(emperor: &Emperor, name: &str) -> Process {
    eventually(&format!("a pid of {name}"), SOON, || {
        let vassal = emperor.vassal(name);
        match vassal["pid"].as_i64() {
            Some(pid) if pid > 0 => Ok(Process(pid as i32)),
            _ => Err(vassal.to_string()),
        }
    })
}

#[test]
fn a_file_that_appears_is_served_and_one_that_disappears_is_not() {
    let emperor = Emperor::start();
    let address = emperor.hello("a.ini", "");
    assert_eq!(emperor.await_answer(address), "Hello World");
    let master = master(&emperor, "a.ini");
    emperor.remove("a.ini");
    eventually("the vassal is gone", SOON, || if master.alive() { Err("alive") } else { Ok(()) });
    assert!(http::get(address, "/").is_err());
    emperor.stop();
}

#[test]
fn files_that_were_there_before_are_served() {
    let throne = Throne::new();
    let address = free_address();
    throne.dir.write("hello.py", tests::HITME);
    throne.dir.write(
        "sites/before.ini",
        format!(
            "[uwsgi]\nplugins = python3\nmaster = true\nhttp-socket = {address}\nwsgi-file = {}\n",
            throne.dir.join("hello.py").display()
        ),
    );
    let emperor = throne.start();
    assert_eq!(emperor.await_answer(address), "Hello World");
    emperor.stop();
}

#[test]
fn ten_files_dropped_at_once_all_answer() {
    let emperor = Emperor::start();
    let places: Vec<_> = (0..10).map(|n| emperor.hello(&format!("site{n}.ini"), "")).collect();
    for address in &places {
        assert_eq!(emperor.await_answer(*address), "Hello World");
    }
    let stats = emperor.stats();
    assert_eq!(stats["vassals"].as_array().map(Vec::len), Some(10), "{stats}");
    emperor.stop();
}

#[test]
fn names_that_are_no_vassals_start_nothing() {
    let emperor = Emperor::start();
    for name in ["UPPER.INI", "a.ini~", "a.ini.bak", "noext", "a.txt"] {
        emperor.drop_file(name, "[uwsgi]\nmaster = true\n");
    }
    fs::create_dir(emperor.file("d.ini")).unwrap();
    let address = emperor.hello("real.ini", "");
    emperor.await_answer(address);
    let stats = emperor.stats();
    assert_eq!(stats["vassals"].as_array().map(Vec::len), Some(1), "{stats}");
    emperor.stop();
}

#[test]
fn a_deleted_vassal_takes_a_hiding_daemon_with_it() {
    if !only(Subject::Ours) {
        return;
    }
    let emperor = Emperor::start();
    emperor.dir().app("daemon.py");
    let file = emperor.dir().join("daemon.pid");
    let address = free_address();
    let more = format!("env = DAEMON_PIDFILE={}", file.display());
    emperor.drop_file("hiding.ini", &emperor.ini("daemon.py", address, &more));
    assert_eq!(emperor.await_answer(address), "with a daemon");
    let pid = eventually("the daemon wrote its pid", SOON, || fs::read_to_string(&file));
    let daemon = Process(pid.parse().unwrap());
    assert!(daemon.alive());
    emperor.remove("hiding.ini");
    eventually("the daemon is gone", SOON, || if daemon.alive() { Err("alive") } else { Ok(()) });
    emperor.stop();
}

#[test]
fn a_killed_worker_is_replaced_and_a_killed_master_too() {
    let emperor = Emperor::start();
    emperor.dir().app("battery.py");
    let address = free_address();
    emperor.drop_file("a.ini", &emperor.ini("battery.py", address, "processes = 1"));
    emperor.await_answer(address);
    let answers = |unlike: &str| {
        eventually("another process answers", SOON, || match http::get(address, "/pid") {
            Ok(answer) if answer.status == 200 && answer.text() != unlike => Ok(answer.text()),
            Ok(answer) => Err(answer.text()),
            Err(error) => Err(error.to_string()),
        })
    };
    let worker = answers("");
    Process(worker.parse().unwrap()).signal(Signal::SIGKILL);
    let worker = answers(&worker);
    let before = master(&emperor, "a.ini");
    before.signal(Signal::SIGKILL);
    answers(&worker);
    assert_ne!(master(&emperor, "a.ini"), before);
    emperor.stop();
}

#[test]
fn what_was_stopped_by_hand_stays_stopped() {
    if !only(Subject::Ours) {
        return;
    }
    let emperor = Emperor::start();
    let address = emperor.hello("a.ini", "");
    let other = emperor.hello("b.ini", "");
    emperor.await_answer(address);
    emperor.await_answer(other);
    assert_eq!(emperor.api.post("/v1/apps/a.ini/stop?wait=10s").status, 200);
    emperor.api.await_state("a.ini", "stopped");
    emperor.touch("a.ini");
    emperor.server.signal(Signal::SIGWINCH);
    always("a.ini stays stopped", Duration::from_millis(1200), || {
        emperor.api.app("a.ini")["state"] == "stopped"
    });
    let emperor = emperor.restart();
    emperor.await_answer(other);
    emperor.api.await_state("a.ini", "stopped");
    assert!(http::get(address, "/").is_err());
    assert_eq!(emperor.api.post("/v1/apps/a.ini/start?wait=10s").status, 200);
    assert_eq!(emperor.await_answer(address), "Hello World");
    emperor.stop();
}

#[test]
fn a_second_emperor_on_the_same_directory_is_refused_with_the_first_ones_pid() {
    if !only(Subject::Ours) {
        return;
    }
    let emperor = Emperor::start();
    let address = emperor.hello("a.ini", "");
    emperor.await_answer(address);
    let dir = emperor.dir();
    let (end, log) = tests::Run::program(dir, tests::programs::ours("emperor"))
        .arg("--emperor")
        .arg(dir.join("sites"))
        .arg("--api-socket")
        .arg(dir.join("other.sock"))
        .arg("--state-dir")
        .arg(dir.join("state"))
        .to_end(SOON);
    assert_eq!(end, End::Code(1), "{log}");
    assert!(log.contains(&emperor.server.process().0.to_string()), "{log}");
    assert_eq!(emperor.await_answer(address), "Hello World");
    emperor.stop();
}

#[test]
fn a_crash_loop_is_throttled_and_a_changed_file_clears_it() {
    let emperor = Emperor::start();
    emperor.dir().write("broken.py", "raise ImportError('broken on purpose')\n");
    let address = free_address();
    emperor.drop_file("a.ini", &emperor.ini("broken.py", address, "need-app = true"));
    let other = emperor.hello("b.ini", "");
    assert_eq!(emperor.await_answer(other), "Hello World");
    emperor.server.expect_log("broken on purpose");
    if subject() == Subject::Ours {
        let app = eventually("the reason is told", SOON, || {
            let app = emperor.api.app("a.ini");
            if app["reason"].to_string().contains("broken on purpose") { Ok(app) } else { Err(app) }
        });
        assert!(
            ["throttled", "failed", "starting"].iter().any(|state| app["state"] == *state),
            "{app}"
        );
    }
    emperor.dir().write("whole.py", tests::HITME);
    emperor.drop_file("a.ini", &emperor.ini("whole.py", address, ""));
    assert_eq!(emperor.await_answer(address), "Hello World");
    assert_eq!(emperor.await_answer(other), "Hello World");
    emperor.stop();
}

#[test]
fn mistakes_of_one_tenant_touch_nobody_else() {
    if !only(Subject::Ours) {
        return;
    }
    let emperor = Emperor::start();
    let good = emperor.hello("good.ini", "");
    emperor.await_answer(good);
    for (name, text) in [
        ("empty.ini", String::new()),
        ("binary.ini", "\u{0}\u{1}\u{fffd}".repeat(1000)),
        ("value.ini", "[uwsgi]\nprocesses = -1\nhttp-socket = 127.0.0.1:0\n".to_owned()),
        ("user.ini", "[uwsgi]\nuid = nobdy\nhttp-socket = 127.0.0.1:0\n".to_owned()),
        ("taken.ini", format!("[uwsgi]\nhttp-socket = {good}\nmodule = wsgiref\n")),
        ("cycle.ini", "[uwsgi]\na = %(b)\nb = %(a)\nini = cycle.ini\n".to_owned()),
        ("long.ini", format!("[uwsgi]\na = {}\n", "x".repeat(3_000_000))),
        ("directory.ini", "[uwsgi]\nchdir = /no/such\nhttp-socket = 127.0.0.1:0\n".to_owned()),
    ] {
        emperor.drop_file(name, &text);
        eventually(&format!("{name} is refused with a reason"), SOON, || {
            let app = emperor.api.app(name);
            if app["reason"].as_str().is_some_and(|why| !why.is_empty()) {
                Ok(())
            } else {
                Err(app)
            }
        });
    }
    assert!(emperor.server.process().alive());
    assert_eq!(emperor.await_answer(good), "Hello World");
    emperor.stop();
}

#[test]
fn a_symlink_is_followed_and_its_target_watched() {
    let emperor = Emperor::start();
    let address = free_address();
    emperor.dir().app("battery.py");
    let target = emperor.dir().write("skeleton.txt", emperor.ini("battery.py", address, ""));
    std::os::unix::fs::symlink(&target, emperor.file("link.ini")).unwrap();
    emperor.await_answer(address);
    let before = http::get(address, "/pid").unwrap().text();
    // the original compares whole seconds: a later time is a change for both
    let later = std::time::SystemTime::now() + Duration::from_secs(2);
    fs::OpenOptions::new().append(true).open(&target).unwrap().set_modified(later).unwrap();
    eventually("the target's change reloads", SOON, || {
        let now = http::get(address, "/pid").map_err(|error| error.to_string())?.text();
        if now == before { Err(now) } else { Ok(()) }
    });
    emperor.stop();
}

#[test]
fn a_vanished_directory_holds_all_vassals() {
    let emperor = Emperor::start();
    let address = emperor.hello("a.ini", "");
    emperor.await_answer(address);
    let before = master(&emperor, "a.ini");
    let (sites, away) = (emperor.dir().join("sites"), emperor.dir().join("away"));
    fs::rename(&sites, &away).unwrap();
    always("the vassal is held", Duration::from_millis(1500), || before.alive());
    fs::rename(&away, &sites).unwrap();
    assert_eq!(emperor.await_answer(address), "Hello World");
    assert_eq!(master(&emperor, "a.ini"), before, "the same master as before");
    let new = emperor.hello("b.ini", "");
    assert_eq!(emperor.await_answer(new), "Hello World");
    emperor.stop();
}

#[test]
fn defaults_of_vassal_set_reach_every_vassal_and_the_file_wins() {
    let throne =
        Throne::new().arg("--vassal-set").arg("processes=2").arg("--vassal-set").arg("threads=2");
    let emperor = throne.start();
    let (one, two) = (free_address(), free_address());
    let (first, second) = (free_address(), free_address());
    emperor.dir().write("hello.py", tests::HITME);
    emperor.drop_file("a.ini", &emperor.ini("hello.py", one, &format!("stats = {first}")));
    emperor.drop_file(
        "b.ini",
        &emperor.ini("hello.py", two, &format!("stats = {second}\nprocesses = 3")),
    );
    for (address, stats, workers) in [(one, first, 2), (two, second, 3)] {
        emperor.await_answer(address);
        eventually(&format!("{workers} workers"), SOON, || {
            let mut client = http::Client::connect(stats).map_err(|error| error.to_string())?;
            let text = String::from_utf8_lossy(&client.rest()).into_owned();
            let found: serde_json::Value =
                serde_json::from_str(&text).map_err(|error| error.to_string())?;
            let count = found["workers"].as_array().map_or(0, Vec::len);
            if count == workers { Ok(()) } else { Err(text) }
        });
    }
    emperor.stop();
}

#[test]
fn stopping_the_emperor_stops_every_vassal() {
    let emperor = Emperor::start();
    let places: Vec<_> = (0..3).map(|n| emperor.hello(&format!("s{n}.ini"), "")).collect();
    for address in &places {
        emperor.await_answer(*address);
    }
    emperor.stop();
    for address in places {
        assert!(until(SOON, || http::get(address, "/").is_err()));
    }
}
