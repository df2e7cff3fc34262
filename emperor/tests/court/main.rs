//! The daemon as a whole, with vassals that only pretend to be some.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

mod stage;

use stage::{Stage, eventually};

#[test]
fn a_dropped_file_runs_and_a_touched_one_is_a_generation() {
    let stage = Stage::new(&[]);
    stage.write("a.ini", "");
    stage.await_state("a", "running");
    stage.write("a.ini", "# changed");
    stage.await_app("a", "generation 2", |app| app.generation == 2);
    assert_eq!(stage.asked("a.ini"), ["start 1", "prepare", "generation 2"]);
    assert!(stage.logs("a").contains("the fake vassal a.ini runs"));
    stage.end();
}

#[test]
fn a_refused_file_and_a_rejected_generation_leave_the_old_one_serving() {
    let stage = Stage::new(&[]);
    stage.write("a.ini", "");
    let before = stage.await_state("a", "running");
    stage.write("a.ini", "refuse=line 3 is wrong");
    let app = stage.await_state("a", "degraded");
    assert!(app.reason.unwrap().contains("line 3 is wrong"));
    stage.write("a.ini", "reject=ImportError: no");
    stage.await_app("a", "another reason", |app| app.reason.as_deref() == Some("ImportError: no"));
    let (code, said) = stage.ctl(&["reload", "a"]);
    assert_eq!((code, said.contains("ImportError: no")), (1, true), "{said}");
    stage.write("a.ini", "");
    let after = stage.await_state("a", "running");
    assert_eq!((after.pid, after.generation), (before.pid, 2));
    assert_eq!((after.reloads.served, after.reloads.rejected), (1, 3));
    stage.end();
}

#[test]
fn a_changed_plan_is_a_succession_with_the_same_sockets() {
    let stage = Stage::new(&[]);
    stage.write("a.ini", "plan=one");
    let before = stage.await_state("a", "running");
    stage.write("a.ini", "plan=two");
    let after = stage.await_app("a", "generation 2", |app| app.generation == 2);
    assert_ne!(after.pid, before.pid);
    assert_eq!(after.listeners, before.listeners);
    eventually("the old tree is gone", || {
        stage.asked("a.ini").last().is_some_and(|last| last == "stop")
    });
    // a successor that cannot start changes nothing
    stage.write("a.ini", "plan=three\nconfess=port taken");
    let same = stage.await_state("a", "degraded");
    assert_eq!((same.pid, same.generation), (after.pid, 2));
    assert_eq!(same.reason.as_deref(), Some("port taken"));
    stage.end();
}

#[test]
fn a_crash_loop_waits_and_a_changed_file_does_not() {
    let stage = Stage::new(&["--emperor-throttle", "60000", "--emperor-max-throttle", "60000"]);
    stage.write("a.ini", "confess=Traceback: no module");
    let app = stage.await_state("a", "throttled");
    assert_eq!(app.reason.as_deref(), Some("Traceback: no module"));
    assert_eq!(app.last_exit.as_deref(), Some("exit code 22"));
    assert_eq!(stage.asked("a.ini"), ["start 1"]);
    stage.write("a.ini", "crash");
    stage.await_app("a", "another reason", |app| {
        app.reason.as_ref().is_some_and(|reason| reason.contains("exit code 3"))
    });
    stage.write("a.ini", "");
    stage.await_state("a", "running");
    stage.end();
}

#[test]
fn a_refused_file_is_invalid_until_it_is_mended() {
    let stage = Stage::new(&[]);
    stage.write("a.ini", "refuse=a.ini:1: what is this");
    let app = stage.await_state("a", "invalid");
    assert!(app.reason.unwrap().contains("a.ini:1"));
    stage.write("b.ini", "");
    stage.await_state("b", "running");
    stage.write("a.ini", "");
    stage.await_state("a", "running");
    stage.end();
}

#[test]
fn stopped_by_hand_outlives_touch_rescan_and_restart() {
    let mut stage = Stage::new(&[]);
    stage.write("a.ini", "");
    stage.write("b.ini", "");
    stage.await_state("a", "running");
    stage.await_state("b", "running");
    assert_eq!(stage.ctl(&["stop", "a"]).0, 0);
    stage.write("a.ini", "# changed");
    stage.signal(Signal::SIGWINCH);
    stage.write("c.ini", "");
    stage.await_state("c", "running");
    assert_eq!(stage.app("a").unwrap().state.as_str(), "stopped");
    stage.restart();
    stage.await_state("b", "running");
    assert_eq!(stage.app("a").unwrap().state.as_str(), "stopped");
    assert_eq!(stage.ctl(&["reload", "a"]).0, 1);
    assert_eq!(stage.ctl(&["start", "a"]).0, 0);
    assert_eq!(stage.app("a").unwrap().state.as_str(), "running");
    stage.end();
}

#[test]
fn a_removed_vassal_takes_its_hidden_daemons_along() {
    let stage = Stage::new(&[]);
    stage.write("a.ini", "daemon");
    stage.await_state("a", "running");
    let path = stage.sites().join("a.pid");
    eventually("the daemon runs", || fs::read_to_string(&path).is_ok_and(|text| !text.is_empty()));
    let daemon = format!("/proc/{}", fs::read_to_string(&path).unwrap().trim());
    assert!(fs::metadata(&daemon).is_ok());
    stage.remove("a.ini");
    eventually("the vassal is gone", || stage.app("a").is_none());
    eventually("the daemon is gone", || fs::metadata(&daemon).is_err());
    stage.end();
}

#[test]
fn a_vassal_that_does_not_stop_is_killed() {
    let stage = Stage::new(&["--emperor-curse-tolerance", "1"]);
    stage.write("a.ini", "ignore-stop");
    stage.await_state("a", "running");
    stage.remove("a.ini");
    eventually("it was asked", || stage.asked("a.ini").contains(&"order 2".to_owned()));
    eventually("it is gone", || stage.app("a").is_none());
    stage.end();
}

#[test]
fn a_killed_master_is_replaced_with_the_same_sockets() {
    let stage = Stage::new(&[]);
    stage.write("a.ini", "");
    let before = stage.await_state("a", "running");
    let pid = nix::unistd::Pid::from_raw(before.pid.unwrap());
    nix::sys::signal::kill(pid, Signal::SIGKILL).unwrap();
    let after = stage.await_app("a", "another master", |app| {
        app.pid.is_some_and(|pid| Some(pid) != before.pid) && app.state.up()
    });
    assert_eq!((after.restarts, after.generation), (1, 1));
    assert_eq!(after.listeners, before.listeners);
    stage.end();
}

#[test]
fn hup_reloads_all_and_the_signals_of_uwsgi_do_no_harm() {
    let stage = Stage::new(&["--start-parallel", "1"]);
    for name in ["a.ini", "b.ini", "c.ini"] {
        stage.write(name, "");
        stage.await_state(name, "running");
    }
    stage.signal(Signal::SIGUSR2);
    stage.signal(Signal::SIGURG);
    stage.signal(Signal::SIGUSR1);
    stage.signal(Signal::SIGHUP);
    for name in ["a", "b", "c"] {
        stage.await_app(name, "generation 2", |app| app.generation == 2);
    }
    assert!(stage.log().contains("vassal instance b.ini"));
    stage.end();
}

#[test]
fn many_files_at_once_start_within_the_limit() {
    let stage = Stage::new(&["--start-parallel", "2"]);
    for number in 0..20 {
        stage.write(&format!("v{number}.ini"), "");
    }
    for number in 0..20 {
        stage.await_state(&format!("v{number}"), "running");
    }
    stage.end();
}

#[test]
fn a_starter_that_never_accepts_does_not_stop_the_emperor() {
    let stage = Stage::new(&["--reload-mercy", "1"]);
    stage.write("a.ini", "slow\nignore-stop");
    stage.write("b.ini", "");
    stage.await_state("b", "running");
    assert_eq!(stage.app("a").unwrap().state.as_str(), "starting");
    stage.end();
}

#[test]
fn a_missed_heartbeat_is_answered_with_a_reload() {
    let stage = Stage::new(&["--emperor-required-heartbeat", "1"]);
    stage.write("a.ini", "beat");
    stage.await_app("a", "generation 2", |app| app.generation == 2);
    stage.end();
}

#[test]
fn a_second_emperor_is_refused_with_the_pid_of_the_first() {
    let stage = Stage::new(&[]);
    let output = stage.command(&["--api-socket", "/nonexistent/x.sock"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(text.contains(&format!("pid {}", stage.pid())), "{text}");
    stage.end();
}

#[test]
fn a_vassal_that_floods_its_output_and_its_link_delays_nobody_else() {
    let stage = Stage::new(&["--emperor-curse-tolerance", "1", "--reload-mercy", "1"]);
    for name in ["one.ini", "two.ini"] {
        stage.write(name, "babble\npester");
        stage.await_state(name, "running");
    }
    stage.write("calm.ini", "");
    stage.await_state("calm.ini", "running");
    let began = Instant::now();
    for generation in 2..12 {
        stage.ctl(&["reload", "calm.ini"]);
        stage.await_app("calm.ini", "reloaded", |app| app.generation == generation);
    }
    let took = began.elapsed();
    assert!(took < Duration::from_secs(5), "ten reloads took {took:?}");
    assert_eq!(stage.log().matches("vassal one.ini has been spawned").count(), 1);
    stage.remove("one.ini");
    eventually("it is gone", || stage.app("one.ini").is_none());
    stage.end();
}

#[test]
fn a_death_while_the_directory_is_gone_is_explained_by_the_file() {
    let stage = Stage::new(&[]);
    stage.write("a.ini", "");
    let before = stage.await_state("a", "running");
    let (sites, away) = (stage.sites(), stage.sites().with_file_name("away"));
    fs::rename(&sites, &away).unwrap();
    kill(Pid::from_raw(before.pid.unwrap()), Signal::SIGKILL).unwrap();
    stage.await_app("a", "another process", |app| app.pid != before.pid);
    // the pretended vassal of a missing file runs; what matters is that a launcher is started
    stage.await_state("a", "running");
    fs::rename(&away, &sites).unwrap();
    stage.await_state("a", "running");
    stage.end();
}

#[test]
fn an_emperor_that_gave_up_root_uses_no_groups_that_only_root_can_make() {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("not run: needs root");
        return;
    }
    let stage = Stage::new(&["--uid", "65534", "--gid", "65534"]);
    for place in [stage.sites().parent().unwrap().to_owned(), stage.sites()] {
        fs::set_permissions(place, fs::Permissions::from_mode(0o777)).unwrap();
    }
    stage.signal(Signal::SIGWINCH);
    stage.write("a.ini", "");
    stage.write("b.ini", "");
    stage.await_state("a", "running");
    stage.await_state("b", "running");
    assert!(!stage.log().contains("no control group"), "{}", stage.log());
    stage.end();
}
