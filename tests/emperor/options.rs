//! What each option of the Emperor does; a test fails when its option has no effect.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::{Duration, SystemTime};

use nix::sys::signal::Signal;
use serde_json::Value;
use tests::api::Api;
use tests::emperor::{Emperor, Throne};
use tests::http::{self, Client};
use tests::server::{End, SOON};
use tests::wait::always;
use tests::{Dir, Run, Subject, eventually, free_address, give, only, programs, root};

/// An Emperor with more arguments.
#[track_caller]
fn start(words: &[&str]) -> Emperor {
    words.iter().fold(Throne::new(), Throne::arg).start()
}

/// A vassal that can never serve, and that notes each try.
fn broken(emperor: &Emperor) {
    let notes = emperor.dir().join("tries");
    let text = format!(
        "open({:?}, 'a').write('x')\nraise ImportError('broken on purpose')\n",
        notes.display().to_string()
    );
    emperor.dir().write("broken.py", text);
    emperor.drop_file("a.ini", &emperor.ini("broken.py", free_address(), "need-app = true"));
}

/// How often the application of [`broken`] was tried.
fn tries(emperor: &Emperor) -> usize {
    fs::read(emperor.dir().join("tries")).map_or(0, |notes| notes.len())
}

/// Waits until a broken file was tried a third time.
fn await_tries(emperor: &Emperor) {
    eventually("it is tried again", SOON, || match tries(emperor) {
        count if count >= 3 => Ok(()),
        count => Err(count),
    });
}

#[test]
fn the_first_pause_after_a_failure_is_emperor_throttle() {
    if !only(Subject::Ours) {
        return;
    }
    let emperor = start(&["--emperor-throttle=60000", "--emperor-max-throttle=120000"]);
    broken(&emperor);
    emperor.api.await_state("a.ini", "throttled");
    let tried = tries(&emperor);
    always("it waits", Duration::from_secs(4), || tries(&emperor) == tried);
    emperor.stop();
}

#[test]
fn no_pause_is_longer_than_emperor_max_throttle() {
    if !only(Subject::Ours) {
        return;
    }
    let emperor = start(&["--emperor-throttle=60000", "--emperor-max-throttle=100"]);
    broken(&emperor);
    await_tries(&emperor);
    emperor.stop();
}

#[test]
fn emperor_no_blacklist_never_pauses() {
    if !only(Subject::Ours) {
        return;
    }
    let emperor = start(&["--emperor-no-blacklist", "--emperor-throttle=60000"]);
    broken(&emperor);
    await_tries(&emperor);
    emperor.stop();
}

#[test]
fn emperor_graceful_shutdown_lets_requests_finish_unless_it_is_off() {
    if !only(Subject::Ours) {
        return;
    }
    for (value, finished) in [("true", true), ("false", false)] {
        let emperor = start(&[&format!("--emperor-graceful-shutdown={value}")]);
        emperor.dir().app("battery.py");
        let address = free_address();
        emperor.drop_file("a.ini", &emperor.ini("battery.py", address, "processes = 2"));
        emperor.await_answer(address);
        let mut client = Client::connect(address).unwrap();
        client.send("GET /slow?3 HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        // another worker answers, so the slow request was taken before
        assert_eq!(http::get(address, "/hello").unwrap().status, 200);
        emperor.server.signal(Signal::SIGTERM);
        let answer = client.response(true).map(|answer| answer.text());
        assert_eq!(answer.as_deref().is_ok_and(|text| text == "slow"), finished, "{answer:?}");
        let mut server = emperor.server;
        assert_eq!(server.wait(SOON), End::Code(0));
        server.finish();
    }
}

#[test]
fn emperor_freq_is_the_time_between_scans_where_nothing_can_be_watched() {
    if !only(Subject::Ours) {
        return;
    }
    let Some(unshare) = programs::system("unshare") else { return };
    // a user namespace in which nobody gets an inotify instance
    let script = "echo 0 > /proc/sys/user/max_inotify_instances && exec \"$@\"";
    let words = ["--user", "--map-root-user", "sh", "-c", script, "sh"];
    let able = std::process::Command::new(&unshare).args(words).arg("true").output();
    if !able.is_ok_and(|done| done.status.success()) {
        return tests::not_run("user namespaces are not allowed");
    }
    for (seconds, soon) in [("1", true), ("60", false)] {
        let throne = Throne::new().arg("--emperor-freq").arg(seconds);
        let emperor = throne.under(&unshare, &words).start();
        let known = || !emperor.vassal("a.ini").is_null();
        // the first scan is over when the Emperor answers
        emperor.drop_file("a.ini", "[uwsgi]\nneed-app = true\n");
        if soon {
            eventually("it is found", SOON, || if known() { Ok(()) } else { Err("not there") });
        } else {
            always("nobody looks", Duration::from_secs(5), || !known());
        }
        emperor.stop();
    }
}

#[test]
fn emperor_pidfile_takes_the_pid() {
    let emperor = start(&["--emperor-pidfile", "emperor.pid"]);
    let text = fs::read_to_string(emperor.dir().join("emperor.pid")).unwrap();
    assert_eq!(text.trim(), emperor.server.process().0.to_string());
    emperor.stop();
}

#[test]
fn emperor_extra_extension_lets_more_names_be_vassals() {
    let emperor = start(&["--emperor-extra-extension", ".site"]);
    let address = emperor.hello("a.site", "");
    let known = |name: &str| !emperor.vassal(name).is_null();
    eventually(
        "a.site is a vassal",
        SOON,
        || if known("a.site") { Ok(()) } else { Err("unknown") },
    );
    if only(Subject::Ours) {
        assert_eq!(emperor.await_answer(address), "Hello World");
    }
    emperor.stop();
}

#[test]
fn emperor_nofollow_takes_a_link_for_what_it_is() {
    let emperor = start(&["--emperor-nofollow"]);
    emperor.dir().app("battery.py");
    let address = free_address();
    let target = emperor.dir().write("skeleton.txt", emperor.ini("battery.py", address, ""));
    symlink(&target, emperor.file("link.ini")).unwrap();
    emperor.await_answer(address);
    let pid = || http::get(address, "/pid").map(|answer| answer.text()).unwrap_or_default();
    let before = pid();
    let later = SystemTime::now() + Duration::from_secs(2);
    fs::OpenOptions::new().append(true).open(&target).unwrap().set_modified(later).unwrap();
    always("the target's change is nothing", Duration::from_secs(3), || pid() == before);
    // another link to the same file is a change
    let new = emperor.dir().join("another");
    symlink(&target, &new).unwrap();
    fs::rename(new, emperor.file("link.ini")).unwrap();
    eventually("the link's change reloads", SOON, || match pid() {
        now if now.is_empty() || now == before => Err(now),
        _ => Ok(()),
    });
    emperor.stop();
}

#[test]
fn binary_path_is_the_program_of_the_vassals() {
    let throne = Throne::new();
    let program = throne.dir.write("server", "#!/bin/sh\necho the other server\nexec sleep 1000\n");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let emperor = throne.arg("--binary-path").arg(&program).start();
    emperor.hello("a.ini", "");
    emperor.server.expect_log("the other server");
    // it does not listen to its Emperor, which would wait
    emperor.server.kill();
}

#[test]
fn files_of_the_emperor_are_read_before_and_after_that_of_a_vassal() {
    for (option, before) in [
        ("--vassals-include-before", true),
        // what is inherited is read last, wherever it is named
        ("--vassals-inherit-before", false),
        ("--vassals-include", false),
        ("--vassals-inherit", false),
    ] {
        let throne = Throne::new();
        let file =
            throne.dir.write("all.ini", "[uwsgi]\nenv = EVERYWHERE=yes\nenv = WHOSE=emperor\n");
        let emperor = throne.arg(option).arg(file).start();
        emperor.dir().app("tell.py");
        let address = free_address();
        emperor.drop_file("a.ini", &emperor.ini("tell.py", address, "env = WHOSE=vassal"));
        let told: Value = serde_json::from_str(&emperor.await_answer(address)).unwrap();
        let told = &told["environment"];
        assert_eq!(told["EVERYWHERE"], "yes", "{option}");
        let last = if before { "vassal" } else { "emperor" };
        assert_eq!(told["WHOSE"], last, "{option}");
        emperor.stop();
    }
}

#[test]
fn vassal_set_sets_options_and_variables() {
    let emperor = start(&["--vassal-set", "env=COLOUR=blue", "--vassal-set", "shape=round"]);
    emperor.dir().app("tell.py");
    let address = free_address();
    emperor.drop_file("a.ini", &emperor.ini("tell.py", address, "env = SHAPE=%(shape)"));
    let told: Value = serde_json::from_str(&emperor.await_answer(address)).unwrap();
    assert_eq!(told["environment"]["COLOUR"], "blue");
    assert_eq!(told["environment"]["SHAPE"], "round");
    emperor.stop();
}

#[test]
fn refuse_root_refuses_what_would_run_as_root() {
    if !only(Subject::Ours) || !root() {
        return;
    }
    let emperor = start(&["--refuse-root"]);
    let address = emperor.hello("rooted.ini", "");
    let app = emperor.api.await_state("rooted.ini", "invalid");
    assert!(app["reason"].as_str().is_some_and(|why| why.contains("root")), "{app}");
    assert!(http::get(address, "/").is_err());
    let other = emperor.hello("sober.ini", "uid = 4101\ngid = 4101");
    assert_eq!(emperor.await_answer(other), "Hello World");
    emperor.stop();
}

#[test]
fn start_parallel_is_how_many_start_at_a_time() {
    if !only(Subject::Ours) {
        return;
    }
    let emperor = start(&["--start-parallel=1"]);
    // an import notes when it begins and ends
    let notes = emperor.dir().write("notes", "");
    let text = format!(
        "import time\nnotes = open({:?}, 'a', 1)\nnotes.write('begin\\n')\ntime.sleep(0.5)\n\
         notes.write('end\\n')\n{}",
        notes.display().to_string(),
        tests::HITME
    );
    emperor.dir().write("slow.py", text);
    let places: Vec<_> = (0..4).map(|_| free_address()).collect();
    for (number, address) in places.iter().enumerate() {
        emperor.drop_file(&format!("v{number}.ini"), &emperor.ini("slow.py", *address, ""));
    }
    for address in &places {
        emperor.await_answer(*address);
    }
    let notes = fs::read_to_string(notes).unwrap();
    assert_eq!(notes, "begin\nend\n".repeat(4));
    emperor.stop();
}

#[test]
fn log_keep_is_how_many_lines_are_kept() {
    if !only(Subject::Ours) {
        return;
    }
    let emperor = start(&["--log-keep=20"]);
    let text = format!("for n in range(200):\n    print('line', n, flush=True)\n{}", tests::HITME);
    emperor.dir().write("loud.py", text);
    let address = free_address();
    emperor.drop_file("a.ini", &emperor.ini("loud.py", address, ""));
    emperor.await_answer(address);
    let kept = eventually("the last line is there", SOON, || {
        let text = emperor.api.get("/v1/apps/a/logs?lines=1000").text();
        if text.contains("line 199") { Ok(text) } else { Err(text) }
    });
    assert_eq!(kept.lines().count(), 20, "{kept}");
    emperor.stop();
}

/// An Emperor without root and with a home of its own, where it would put its things unless
/// told otherwise.
fn modest(dir: &Dir, words: &[&str]) -> Run {
    let sites = dir.mkdir("sites");
    for name in ["home", "runtime"] {
        dir.mkdir(name);
    }
    let emperor = programs::ours("emperor");
    let run = if nix::unistd::geteuid().is_root() {
        give(dir.path(), 4101, 4101);
        Run::program(dir, "/usr/bin/setpriv")
            .args(["--reuid=4101", "--regid=4101", "--clear-groups"])
            .arg(emperor)
    } else {
        Run::program(dir, emperor)
    };
    run.env("HOME", dir.join("home"))
        .env("XDG_STATE_HOME", dir.join("home/state"))
        .env("XDG_RUNTIME_DIR", dir.join("runtime"))
        .arg("--emperor")
        .arg(sites)
        .args(words)
}

#[test]
fn api_socket_is_where_the_api_listens() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let server = modest(&dir, &["--api-socket", "here.sock"]).start();
    server.await_unix(&dir.join("here.sock"));
    assert_eq!(Api::at(dir.join("here.sock")).get("/healthz").status, 200);
    assert!(!dir.join("runtime/emperor").exists());
    server.stop();
}

#[test]
fn state_dir_is_where_the_state_is_kept() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let server = modest(&dir, &["--api-socket", "here.sock", "--state-dir", "state"]).start();
    server.await_unix(&dir.join("here.sock"));
    dir.write("sites/a.ini", "[uwsgi]\n");
    let api = Api::at(dir.join("here.sock"));
    eventually("the vassal is known", SOON, || match api.get("/v1/apps/a").status {
        200 => Ok(()),
        other => Err(other),
    });
    assert_eq!(api.post("/v1/apps/a/stop?wait=10s").status, 200);
    let kept = fs::read_dir(dir.join("state")).map(Iterator::count).unwrap_or_default();
    assert!(kept > 0, "the state is not in state");
    assert!(!dir.join("home/state").exists());
    server.stop();
}
