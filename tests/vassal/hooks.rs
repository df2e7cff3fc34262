//! Hooks of every phase, what is waited for, and who may ask root for anything.

use std::fmt::Write;
use std::net::{SocketAddr, TcpListener};

use nix::sys::signal::Signal;
use tests::process::Process;
use tests::server::{End, SOON};
use tests::{
    Dir, HITME, Run, Server, Subject, eventually, free_address, give, http, only, programs, root,
};

/// A user that owns nothing else.
const STRANGER: u32 = 4303;
/// An application that tells its directory and a variable.
const TELLS: &str = "import os\nTOLD = (os.getcwd() + ' ' + os.environ.get('HOOKED', '-')).encode()\n\
def application(env, start_response):\n    start_response('200 OK', [])\n    return [TOLD]\n";

/// The command line of a server of `app.py`.
fn command(dir: &Dir, address: SocketAddr, more: &[&str]) -> Run {
    let app = dir.join("app.py");
    if !app.exists() {
        dir.write("app.py", HITME);
    }
    Run::uwsgi(dir)
        .args(["--http-socket", &address.to_string(), "--need-app", "--master", "--wsgi-file"])
        .arg(app)
        .args(more)
}

fn start(dir: &Dir, more: &[&str]) -> (Server, SocketAddr) {
    let address = free_address();
    let server = command(dir, address, more).start();
    server.await_tcp(address);
    // sockets are bound before the last hooks of a start
    eventually("it serves", SOON, || http::get(address, "/"));
    (server, address)
}

/// How a server ends that cannot start.
fn ends(dir: &Dir, more: &[&str]) -> (End, String) {
    command(dir, free_address(), more).to_end(SOON)
}

/// The lines of a file, once there are so many.
fn lines(dir: &Dir, name: &str, count: usize) -> Vec<String> {
    eventually("the lines are there", SOON, || {
        let text = std::fs::read_to_string(dir.join(name)).unwrap_or_default();
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        if lines.len() >= count { Ok(lines) } else { Err(text) }
    })
}

#[test]
fn hooks_of_each_phase_are_carried_out_in_order() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let early = ["asap", "pre-jail", "in-jail", "post-jail", "as-root", "as-user"];
    let both = |phases: &[&str]| -> Vec<String> {
        phases.iter().flat_map(|one| [format!("hook-{one}"), format!("exec-{one}")]).collect()
    };
    let later = ["hook-post-fork", "hook-accepting", "hook-accepting-once", "hook-accepting1"];
    let mut want = both(&early);
    want.push("hook-master-start".into());
    want.extend(both(&["pre-app", "post-app"]));
    want.extend(later.map(str::to_owned));
    want.push("hook-accepting1-once".into());
    let last = both(&["as-user-atexit"]);
    let mut ini = String::from("[uwsgi]\n");
    // the order is that of the phases, not of the file
    for option in want.iter().chain(&last).rev() {
        let action = if option.starts_with("hook-") { "exec:" } else { "" };
        let order = dir.join("order");
        writeln!(ini, "{option} = {action}echo {option} >> {}", order.display()).unwrap();
    }
    let file = dir.write("app.ini", ini);
    let (server, address) = start(&dir, &["--ini", &file.display().to_string()]);
    assert_eq!(lines(&dir, "order", want.len()), want);
    // a worker that replaces another one
    std::fs::write(dir.join("order"), "").unwrap();
    let worker = server.process().descendants().into_iter().max().expect("a worker");
    worker.signal(Signal::SIGKILL);
    let again = ["hook-post-fork", "hook-accepting", "hook-accepting1"];
    assert_eq!(lines(&dir, "order", 3), again);
    eventually("it serves", SOON, || http::get(address, "/"));
    std::fs::write(dir.join("order"), "").unwrap();
    server.stop();
    assert_eq!(lines(&dir, "order", 2), last);
}

#[test]
fn lazy_workers_carry_out_the_hooks_around_the_application() {
    let dir = Dir::new();
    let log = |name: &str| format!("exec:echo {name} $PPID >> {}", dir.join("order").display());
    let more = ["--lazy-apps", "--processes", "2"];
    let hooks = ["--hook-pre-app", &log("pre"), "--hook-post-app", &log("post")];
    let (server, _) = start(&dir, &[&more[..], &hooks[..]].concat());
    let lines = lines(&dir, "order", 4);
    let of = |name| lines.iter().filter(|line| line.starts_with(name)).collect::<Vec<_>>();
    let (pre, post) = (of("pre"), of("post"));
    assert!(pre.len() == 2 && pre[0] != pre[1] && post.len() == 2, "{lines:?}");
    server.stop();
}

#[test]
fn actions_do_what_they_say() {
    let dir = Dir::new();
    dir.write("app.py", TELLS);
    dir.mkdir("elsewhere");
    dir.write("gone", "x");
    let at = |name: &str| dir.join(name).display().to_string();
    let actions = [
        format!("mkdir:{}", at("made")),
        format!("chmod:{} 750", at("made")),
        format!("write:{} one two", at("text")),
        format!("appendn:{} three", at("text")),
        format!("append:{} four", at("text")),
        format!("create:{}", at("empty")),
        format!("unlink:{}", at("gone")),
        "log:a word of the log".to_owned(),
        "safeexec:exit 3".to_owned(),
        "putenv:HOOKED=yes".to_owned(),
        format!("exec:echo $HOOKED > {}", at("variable")),
        format!("chdir:{}", at("elsewhere")),
    ];
    let words: Vec<&str> = actions.iter().flat_map(|one| ["--hook-pre-app", one]).collect();
    let (server, address) = start(&dir, &words);
    let read = |name: &str| std::fs::read_to_string(dir.join(name)).unwrap();
    assert_eq!(read("text"), "one twothree\nfour");
    assert_eq!((read("empty").as_str(), read("variable").as_str()), ("", "yes\n"));
    assert!(!dir.join("gone").exists());
    let mode = std::os::unix::fs::MetadataExt::mode(&dir.join("made").metadata().unwrap());
    assert_eq!(mode & 0o7777, 0o750);
    server.expect_log("a word of the log");
    let told = eventually("an answer", SOON, || http::get(address, "/")).text();
    // uWSGI's putenv comes too late for Python
    let variable = if tests::subject() == Subject::Ours { "yes" } else { "-" };
    assert_eq!(told, format!("{} {variable}", at("elsewhere")));
    server.stop();
}

#[test]
fn a_hook_that_fails_fails_the_start_and_a_reload_is_refused() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let hooks = [
        "hook-asap",
        "hook-as-root",
        "hook-as-user",
        "hook-master-start",
        "hook-pre-app",
        "hook-post-app",
    ];
    for option in hooks {
        let (end, log) = ends(&dir, &[&format!("--{option}"), "exec:exit 3"]);
        assert_eq!(end, End::Code(1), "{option}: {log}");
        assert!(log.contains(option) && log.contains("exit status: 3"), "{option}: {log}");
    }
    let (end, log) = ends(&dir, &["--hook-pre-app", "exce:true"]);
    assert_eq!(end, End::Code(1), "{log}");
    assert!(log.contains("hook-pre-app") && log.contains("did you mean \"exec\"?"), "{log}");
    let file = dir.write("app.ini", "[uwsgi]\n");
    let (server, address) = start(&dir, &["--ini", &file.display().to_string()]);
    dir.write("app.ini", "[uwsgi]\nhook-pre-app = exec:exit 3\n");
    server.signal(Signal::SIGHUP);
    server.expect_log("generation 2 was rejected");
    assert_eq!(http::get(address, "/").unwrap().status, 200);
    server.stop();
}

#[test]
fn a_signal_gets_the_meaning_that_a_hook_gives_it() {
    let dir = Dir::new();
    dir.write(
        "app.py",
        "import time\ndef application(env, start_response):\n    if env['PATH_INFO'] == '/slow':\n        \
         open('asked', 'w').close()\n        time.sleep(1)\n    start_response('200 OK', [])\n    \
         return [b'whole']\n",
    );
    let hook = "unix_signal:12 gracefully_kill_them_all";
    let (mut server, address) = start(&dir, &["--hook-master-start", hook]);
    let client =
        std::thread::spawn(move || http::get(address, "/slow").map(|answer| answer.text()));
    eventually("the request runs", SOON, || {
        if dir.join("asked").exists() { Ok(()) } else { Err("not yet") }
    });
    server.signal(Signal::SIGUSR2);
    assert_eq!(client.join().unwrap().unwrap(), "whole");
    assert_eq!(server.wait(SOON), End::Code(0));
    server.finish();
}

/// The file systems that a process sees mounted.
fn mounted(process: Process) -> Vec<String> {
    let text = std::fs::read_to_string(format!("/proc/{}/mountinfo", process.0));
    let text = text.expect("the process runs");
    text.lines().filter_map(|line| line.split(' ').nth(4).map(str::to_owned)).collect()
}

#[test]
fn mounts_are_made_and_undone_at_their_phases() {
    let Some(unshare) = programs::system("unshare") else { return };
    if !only(Subject::Ours) || !root() {
        return;
    }
    let dir = Dir::new();
    dir.write("app.py", HITME);
    let phases = ["asap", "pre-jail", "in-jail", "post-jail", "as-root"];
    let mut words = Vec::new();
    for phase in phases {
        let stays = dir.mkdir(format!("stays-{phase}"));
        let goes = dir.mkdir(format!("goes-{phase}"));
        let tmpfs = |path: &std::path::Path| format!("tmpfs none {} nosuid,nodev", path.display());
        words.extend([format!("--mount-{phase}"), tmpfs(&stays)]);
        words.extend([format!("--mount-{phase}"), tmpfs(&goes)]);
        words.extend([format!("--umount-{phase}"), goes.display().to_string()]);
    }
    // in a namespace of its own, so that nothing stays behind
    let address = free_address();
    let server = Run::program(&dir, unshare)
        .args(["--mount", "--propagation", "private"])
        .arg(programs::ours("vassal"))
        .args(["--http-socket", &address.to_string(), "--wsgi-file", "app.py"])
        .args(&words)
        .start();
    eventually("it serves", SOON, || http::get(address, "/"));
    let seen = mounted(server.process());
    for phase in phases {
        let path = |kind: &str| dir.join(format!("{kind}-{phase}")).display().to_string();
        assert!(seen.contains(&path("stays")), "mount-{phase}: {seen:?}");
        assert!(!seen.contains(&path("goes")), "umount-{phase}: {seen:?}");
    }
    server.stop();
}

#[test]
fn what_a_server_waits_for_is_waited_for() {
    let dir = Dir::new();
    let at = |name: &str| dir.join(name).display().to_string();
    let socket = free_address();
    let wanted = [
        ("wait-for-fs", at("fs")),
        ("wait-for-file", at("file")),
        ("wait-for-dir", at("dir")),
        ("wait-for-socket", socket.to_string()),
    ];
    for (option, value) in wanted {
        let address = free_address();
        let asked = format!("--{option}");
        // as root uWSGI waits before it becomes somebody
        let server = command(&dir, address, &[&asked, &value]).start();
        server.expect_log(&format!("waiting for {value}"));
        assert!(!server.log().contains("spawned"), "{option}: it does not wait");
        let listener = match option {
            "wait-for-socket" => Some(TcpListener::bind(socket).unwrap()),
            "wait-for-dir" => {
                dir.mkdir("dir");
                None
            }
            _ => {
                dir.write(value.rsplit('/').next().unwrap(), "");
                None
            }
        };
        eventually("it serves", SOON, || http::get(address, "/"));
        drop(listener);
        server.stop();
    }
}

#[test]
fn what_does_not_come_in_time_fails_the_start() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let plain = dir.mkdir("plain").display().to_string();
    let socket = free_address().to_string();
    for (option, value, limit) in [
        ("--wait-for-fs", "/no/such", "--wait-for-fs-timeout"),
        ("--wait-for-mountpoint", plain.as_str(), "--wait-for-fs-timeout"),
        ("--wait-for-interface", "nosuch0", "--wait-for-interface-timeout"),
        ("--wait-for-socket", &socket, "--wait-for-socket-timeout"),
    ] {
        let (end, log) = ends(&dir, &[option, value, limit, "1"]);
        assert_eq!(end, End::Code(1), "{log}");
        assert!(log.contains(&format!("{value} is not there after 1 s")), "{option}: {log}");
        assert!(log.contains(&option[2..]), "{log}");
    }
    let (server, _) =
        start(&dir, &["--wait-for-mountpoint", "/proc", "--wait-for-interface", "lo"]);
    server.stop();
}

#[test]
fn file_write_writes_a_file() {
    let dir = Dir::new();
    let asked = format!("{}=some words", dir.join("written").display());
    let (server, _) = start(&dir, &["--file-write", &asked]);
    assert_eq!(std::fs::read_to_string(dir.join("written")).unwrap().trim_end(), "some words");
    server.stop();
}

#[test]
fn add_gid_adds_a_group() {
    if !root() {
        return;
    }
    let dir = Dir::new();
    let id = STRANGER.to_string();
    let (server, _) = start(&dir, &["--uid", &id, "--gid", &id, "--add-gid", "4305"]);
    let below = server.process().descendants();
    for process in below.into_iter().chain([server.process()]) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", process.0)).unwrap();
        let groups = status.lines().find_map(|line| line.strip_prefix("Groups:")).unwrap();
        assert!(groups.split_whitespace().any(|group| group == "4305"), "{groups}");
    }
    server.stop();
}

#[test]
fn never_swap_locks_the_memory_of_workers() {
    if !only(Subject::Ours) || !root() {
        return;
    }
    let dir = Dir::new();
    // where nobody may raise the limit only root has none
    let (server, _) = start(&dir, &["--never-swap"]);
    let locked = |process: Process| {
        let status = std::fs::read_to_string(format!("/proc/{}/status", process.0)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmLck:"))?;
        Some(line.trim().to_owned())
    };
    let below: Vec<_> = server.process().descendants().into_iter().filter_map(locked).collect();
    assert!(below.iter().any(|locked| locked != "0 kB"), "{below:?}\n{}", server.tail());
    server.stop();
}

#[test]
fn a_strangers_hooks_are_not_carried_out_as_root() {
    if !only(Subject::Ours) || !root() {
        return;
    }
    let dir = Dir::new();
    std::fs::set_permissions(dir.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .unwrap();
    let mark = dir.join("mark");
    let address = free_address();
    let ini = |hook: &str| {
        let app = dir.write("app.py", HITME);
        format!(
            "[uwsgi]\nhttp-socket = {address}\nwsgi-file = {}\nuid = {STRANGER}\ngid = \
             {STRANGER}\n{hook}\n",
            app.display()
        )
    };
    let early = [
        format!("hook-asap = exec:touch {}", mark.display()),
        format!("hook-as-root = write:{} x", mark.display()),
        format!("exec-pre-jail = touch {}", mark.display()),
        format!("mount-in-jail = tmpfs none {}", dir.path().display()),
        "umount-post-jail = /proc".to_owned(),
    ];
    for hook in &early {
        let file = dir.write("tenant.ini", ini(hook));
        give(&file, STRANGER, STRANGER);
        // and root's file that takes it in is not root's alone
        let outer = dir.write("root.ini", format!("[uwsgi]\ninclude = {}\n", file.display()));
        for ini in [&file, &outer] {
            let (end, log) = Run::bare(&dir, Subject::Ours).arg(ini).to_end(SOON);
            assert_eq!(end, End::Code(1), "{hook}: {log}");
            assert!(!mark.exists(), "{hook}: it was done");
            if ini == &file {
                assert!(log.contains("tenant.ini:6: ") && log.contains("as root"), "{log}");
            }
        }
    }
    // what is done as the user may be asked for, and a wait is one with the user's eyes
    let hidden = dir.mkdir("hidden");
    std::fs::set_permissions(&hidden, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    std::fs::write(hidden.join("there"), "").unwrap();
    let late = [
        "hook-as-user = exec:id -u".to_owned(),
        "hook-pre-app = exec:id -u".to_owned(),
        "wait-for-fs-timeout = 1".to_owned(),
        format!("wait-for-fs = {}", hidden.join("there").display()),
    ];
    let file = dir.write("tenant.ini", ini(&late[..2].join("\n")));
    give(&file, STRANGER, STRANGER);
    let server = Run::bare(&dir, Subject::Ours).arg(&file).start();
    eventually("it serves", SOON, || http::get(address, "/"));
    assert_eq!(server.log().matches(&format!("{STRANGER}\n")).count(), 2, "{}", server.log());
    server.stop();
    let file = dir.write("tenant.ini", ini(&late[2..].join("\n")));
    give(&file, STRANGER, STRANGER);
    let (end, log) = Run::bare(&dir, Subject::Ours).arg(&file).to_end(SOON);
    assert_eq!(end, End::Code(1), "{log}");
    assert!(log.contains("is not there after 1 s"), "{log}");
}
