//! Notifications, the old command line, statistics, signals: what init systems and tools see.

use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;
use tests::api::Api;
use tests::emperor::{Emperor, Throne};
use tests::notify::Notify;
use tests::server::{End, SOON};
use tests::{Dir, HITME, Run, Subject, eventually, free_address, give, http, only, programs, root};

#[test]
fn readiness_is_notified_after_the_first_scan_and_the_end_too() {
    if !only(Subject::Ours) {
        return;
    }
    let throne = Throne::new();
    let mut notify = Notify::new(&throne.dir);
    let throne = throne.env("NOTIFY_SOCKET", notify.path());
    let address = free_address();
    throne.dir.write("hello.py", HITME);
    let text = format!(
        "[uwsgi]\nhttp-socket = {address}\nwsgi-file = {}\n",
        throne.dir.join("hello.py").display()
    );
    throne.dir.write("sites/a.ini", text);
    let emperor = throne.start();
    notify.expect("READY=1", SOON);
    let known = emperor.api.get("/v1/apps").text();
    assert!(known.contains("a.ini"), "ready means scanned: {known}");
    notify.expect("STATUS=", SOON);
    emperor.await_answer(address);
    eventually("the status counts the vassal", SOON, || {
        let lines = notify.lines();
        let last = lines.iter().rev().find(|line| line.starts_with("STATUS=")).cloned();
        if last.as_ref().is_some_and(|line| line.contains('1')) {
            Ok(())
        } else {
            Err(format!("{last:?}"))
        }
    });
    emperor.server.signal(Signal::SIGHUP);
    let reloading = notify.expect("RELOADING=1", SOON);
    notify.expect("MONOTONIC_USEC=", SOON);
    eventually("ready again", SOON, || {
        let lines = notify.lines();
        let again = lines.iter().skip(reloading).any(|line| line == "READY=1");
        if again { Ok(()) } else { Err(lines.join(" | ")) }
    });
    // the vassal's processes do not have the socket
    for process in emperor.server.process().descendants() {
        let environment = std::fs::read(format!("/proc/{}/environ", process.0)).unwrap_or_default();
        assert!(
            !String::from_utf8_lossy(&environment).contains("NOTIFY_SOCKET"),
            "{}",
            process.command()
        );
    }
    emperor.stop();
    notify.expect("STOPPING=1", SOON);
}

#[test]
fn the_old_upstart_command_line_works_from_a_shell() {
    if !only(Subject::Ours) || !root() {
        return;
    }
    let dir = Dir::new();
    dir.mkdir("sites");
    dir.write("hello.py", HITME);
    let log = dir.join("emperor.log");
    let socket = dir.join("api.sock");
    let address = free_address();
    let mut server = Run::uwsgi(&dir)
        .args([Path::new("--master"), Path::new("--emperor"), &dir.join("sites")])
        .args(["--die-on-term", "--uid", "4101", "--gid", "www-data", "--logto"])
        .arg(&log)
        .arg("--api-socket")
        .arg(&socket)
        .arg("--state-dir")
        .arg(dir.join("state"))
        .start();
    server.await_unix(&socket);
    let temporary = dir.write(
        "new.ini",
        format!(
            "[uwsgi]\nhttp-socket = {address}\nwsgi-file = {}\nmaster = true\n",
            dir.join("hello.py").display()
        ),
    );
    std::fs::rename(temporary, dir.join("sites/a.ini")).unwrap();
    server.await_tcp(address);
    assert_eq!(http::get(address, "/").unwrap().text(), "Hello World");
    Api::at(&socket).await_state("a.ini", "running");
    for process in [server.process()].into_iter().chain(server.process().descendants()) {
        let status = process.status().unwrap();
        assert_eq!(status.uids, [4101; 4], "{}", process.command());
        assert_eq!(status.gids, [33; 4], "{}", process.command());
        assert_eq!(status.caps[1..3], [0, 0], "{}", process.command());
    }
    assert!(std::fs::read_to_string(&log).unwrap().contains("a.ini"));
    server.signal(Signal::SIGTERM);
    assert_eq!(server.wait(SOON), End::Code(0));
    server.finish();
}

#[test]
fn the_statistics_have_the_keys_that_tools_read() {
    let emperor = Emperor::start();
    let address = emperor.hello("a.ini", "");
    emperor.await_answer(address);
    let vassal = eventually("the vassal is loyal", SOON, || {
        let vassal = emperor.vassal("a.ini");
        if vassal["accepting"] == 1 && vassal["loyal"] == 1 { Ok(vassal) } else { Err(vassal) }
    });
    for key in [
        "id",
        "pid",
        "born",
        "last_mod",
        "last_heartbeat",
        "loyal",
        "ready",
        "accepting",
        "last_loyal",
        "last_ready",
        "last_accepting",
        "first_run",
        "last_run",
        "cursed",
        "zerg",
        "on_demand",
        "uid",
        "gid",
        "monitor",
        "respawns",
    ] {
        assert!(vassal.get(key).is_some(), "no {key} in {vassal}");
    }
    let stats = emperor.stats();
    for key in [
        "version",
        "pid",
        "uid",
        "gid",
        "cwd",
        "emperor",
        "emperor_tyrant",
        "throttle_level",
        "vassals",
        "blacklist",
    ] {
        assert!(stats.get(key).is_some(), "no {key} in {stats}");
    }
    assert_eq!(stats["pid"].as_i64(), Some(i64::from(emperor.server.process().0)));
    emperor.stop();
}

#[test]
fn a_name_with_a_quote_keeps_the_statistics_json() {
    if !only(Subject::Ours) {
        return;
    }
    let emperor = Emperor::start();
    let name = "it's \"quoted\" \\ here.ini";
    emperor.dir().write("hello.py", HITME);
    emperor.drop_file(name, &emperor.ini("hello.py", free_address(), ""));
    eventually("the name is known", SOON, || {
        let vassal = emperor.vassal(name);
        if vassal.is_null() { Err(emperor.stats()) } else { Ok(()) }
    });
    emperor.stop();
}

#[test]
fn usr1_lists_the_vassals_and_usr2_is_harmless() {
    if !only(Subject::Ours) {
        return;
    }
    let emperor = Emperor::start();
    let address = emperor.hello("listed.ini", "");
    emperor.await_answer(address);
    emperor.server.forget_log();
    emperor.server.signal(Signal::SIGUSR2);
    emperor.server.signal(Signal::SIGUSR1);
    emperor.server.expect_log("listed.ini");
    assert_eq!(emperor.await_answer(address), "Hello World");
    emperor.stop();
}

#[test]
fn a_missing_directory_is_picked_up_when_it_appears() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let sites = dir.join("later");
    let server = Run::program(&dir, programs::ours("emperor"))
        .arg("--emperor")
        .arg(&sites)
        .arg("--api-socket")
        .arg(dir.join("api.sock"))
        .arg("--state-dir")
        .arg(dir.join("state"))
        .start();
    server.await_unix(&dir.join("api.sock"));
    server.expect_log("later");
    dir.write("hello.py", HITME);
    let address = free_address();
    dir.write(
        "later/a.ini",
        format!(
            "[uwsgi]\nhttp-socket = {address}\nwsgi-file = {}\n",
            dir.join("hello.py").display()
        ),
    );
    server.await_tcp(address);
    assert_eq!(http::get(address, "/").unwrap().text(), "Hello World");
    server.stop();
}

#[test]
fn tyrant_mode_runs_each_file_as_its_owner() {
    if !root() {
        return;
    }
    let emperor = Throne::new().arg("--emperor-tyrant").start();
    let mut places = Vec::new();
    for uid in [4101, 4102] {
        let name = format!("u{uid}.ini");
        let address = free_address();
        emperor.dir().app("battery.py");
        let temporary = emperor.dir().write("new.ini", emperor.ini("battery.py", address, ""));
        give(&temporary, uid, uid);
        std::fs::rename(temporary, emperor.file(&name)).unwrap();
        places.push((address, uid));
    }
    for (address, uid) in places {
        emperor.await_answer(address);
        let pid = http::get(address, "/pid").unwrap().text();
        let status = tests::process::Process(pid.parse().unwrap()).status().unwrap();
        assert_eq!((status.uids, status.gids), (vec![uid; 4], vec![uid; 4]));
        assert!(status.groups.iter().all(|group| *group == uid), "{:?}", status.groups);
        assert_eq!(status.caps[1..3], [0, 0]);
    }
    // root's file starts nothing
    let address = emperor.hello("root.ini", "");
    tests::wait::always("root's file starts nothing", Duration::from_millis(1500), || {
        http::get(address, "/").is_err()
    });
    emperor.stop();
}
