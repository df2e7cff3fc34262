//! Who a vassal becomes, as the kernel tells it: users, groups, capabilities, root directory.

use std::fmt::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::Signal;
use tests::process::Process;
use tests::server::SOON;
use tests::{Dir, HITME, Run, Server, Subject, eventually, free_address, give, http, only, root};

/// Every process of the vassal.
fn all(server: &Server) -> Vec<Process> {
    [server.process()].into_iter().chain(server.process().descendants()).collect()
}

/// Waits until the vassal has at least that many processes, and returns them.
#[track_caller]
fn grown(server: &Server, least: usize) -> Vec<Process> {
    eventually("master, nursery and workers", SOON, || {
        let processes = all(server);
        if processes.len() >= least { Ok(processes) } else { Err(format!("{processes:?}")) }
    })
}

/// Exactly that user and group, no others, and no capability of any kind.
#[track_caller]
fn is_exactly(process: Process, uid: u32, gid: u32) {
    let status = process.status().expect("the process lives");
    let what = format!("{} {}", process.0, process.command());
    assert_eq!(status.uids, [uid; 4], "{what}");
    assert_eq!(status.gids, [gid; 4], "{what}");
    assert!(status.groups.iter().all(|group| *group == gid), "{what}: {:?}", status.groups);
    assert_eq!(status.caps, [0; 5], "{what}");
}

#[test]
fn two_vassals_with_two_users_are_exactly_those_users() {
    if !root() || !only(Subject::Ours) {
        return;
    }
    for (uid, gid) in [(4101, 4201), (4102, 4202)] {
        let dir = Dir::new();
        let home = dir.mkdir("home");
        dir.write("home/hitme.py", HITME);
        give(&home, uid, gid);
        let address = free_address();
        dir.write(
            "app.ini",
            format!(
                "[uwsgi]\nuid = {uid}\ngid = {gid}\nchdir = {}\nhttp-socket = {address}\n\
                 socket = app.sock\nchmod-socket = 660\nvacuum = true\nwsgi-file = hitme.py\n\
                 master = true\nprocesses = 2\nthreads = 2\n",
                home.display()
            ),
        );
        let server = Run::uwsgi(&dir).args(["--ini", "app.ini"]).start();
        server.await_tcp(address);
        assert_eq!(http::get(address, "/").unwrap().text(), "Hello World");
        for process in grown(&server, 4) {
            is_exactly(process, uid, gid);
        }
        let socket = std::fs::metadata(home.join("app.sock")).unwrap();
        assert_eq!((socket.uid(), socket.gid(), socket.mode() & 0o777), (uid, gid, 0o660));
        server.stop();
        assert!(dir.sockets().is_empty());
    }
}

#[test]
fn nothing_with_privileges_contains_python() {
    if !root() || !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let home = dir.mkdir("home");
    dir.write("home/hitme.py", HITME);
    give(&home, 4101, 4101);
    let address = free_address();
    let server = Run::uwsgi(&dir)
        .args(["--uid", "4101", "--gid", "4101", "--http-socket", &address.to_string()])
        .args([Path::new("--wsgi-file"), &home.join("hitme.py")])
        .args(["--processes", "2"])
        .start();
    server.await_tcp(address);
    eventually("nursery and two workers are there", SOON, || {
        let pythons = all(&server).into_iter().filter(|process| process.is_python()).count();
        if pythons >= 3 { Ok(()) } else { Err(pythons) }
    });
    let mut pythons = 0;
    for process in grown(&server, 4) {
        if process.is_python() || process.maps("_vassal") {
            is_exactly(process, 4101, 4101);
            pythons += 1;
        }
    }
    assert!(pythons >= 3, "nursery and workers were looked at");
    assert!(
        !server.process().is_python() && !server.process().maps("_vassal"),
        "the master is Rust"
    );
    server.stop();
}

/// Makes a directory that holds enough of the system for Python, by bind mounts in the private
/// mount namespace that the whole test runs in.
fn jail(dir: &Dir) -> PathBuf {
    let jail = dir.mkdir("jail");
    for part in ["tmp", "app", "proc", "dev"] {
        dir.mkdir(format!("jail/{part}"));
    }
    dir.write("jail/app/hitme.py", HITME);
    jail
}

#[test]
fn a_chrooted_vassal_serves_and_reloads_inside_its_root() {
    if !root() || !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let jail = jail(&dir);
    let address = free_address();
    dir.write(
        "app.ini",
        format!(
            "[uwsgi]\nuid = 4103\ngid = 4103\nchroot = {}\nchdir = /app\nmaster = true\n\
             http-socket = {address}\nwsgi-file = hitme.py\nprocesses = 2\n",
            jail.display()
        ),
    );
    // the mounts live in a namespace that ends with the server
    let mut mounts = String::new();
    for part in ["usr", "lib", "lib64", "bin", "etc"] {
        if Path::new("/").join(part).exists() {
            let to = jail.join(part).display().to_string();
            write!(mounts, "mkdir -p {to} && mount --rbind /{part} {to} && ").unwrap();
        }
    }
    let program = tests::programs::ours("vassal");
    let script =
        format!("{mounts}exec {} --ini {}", program.display(), dir.join("app.ini").display());
    let server = Run::program(&dir, "/usr/bin/unshare")
        .args(["--mount", "--propagation", "private", "sh", "-c", &script])
        .start();
    server.await_tcp(address);
    assert_eq!(http::get(address, "/").unwrap().text(), "Hello World");
    let roots = |server: &Server| {
        for process in all(server) {
            is_exactly(process, 4103, 4103);
            assert_eq!(process.root().as_deref(), Some(jail.as_path()), "{}", process.command());
        }
    };
    grown(&server, 4);
    roots(&server);
    let before = server.process().descendants();
    server.signal(Signal::SIGHUP);
    eventually("all workers are new", SOON, || {
        let now = server.process().descendants();
        let old: Vec<_> = now.intersection(&before).collect();
        if old.is_empty() && now.len() >= before.len() { Ok(()) } else { Err(format!("{old:?}")) }
    });
    assert_eq!(http::get(address, "/").unwrap().text(), "Hello World");
    roots(&server);
    server.stop();
}

#[test]
fn the_plan_is_printed_and_nothing_is_run() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let address = free_address();
    let file = dir.write(
        "app.ini",
        format!(
            "[uwsgi]\nuid = 4101\ngid = 4201\nchroot = /srv/jail\nchdir = /app\numask = 022\n\
             socket = /tmp/app.sock\nhttp = {address}\nchmod-socket = 660\n\
             chown-socket = 4101:4201\npidfile = /run/app.pid\nlogto = /var/log/app.log\n\
             env = COLOUR=blue\nmodule = app\n"
        ),
    );
    let output =
        Command::new(tests::programs::ours("vassal")).arg("--plan").arg(file).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    if nix::unistd::geteuid().is_root() {
        assert!(output.status.success(), "{said}\n{errors}");
        for line in [
            "uid = 4101".to_owned(),
            "gid = 4201".to_owned(),
            "chroot = /srv/jail".to_owned(),
            "chdir = /app".to_owned(),
            "umask = 022".to_owned(),
            "socket = /tmp/app.sock".to_owned(),
            format!("http = {address}"),
            "chmod-socket = 660".to_owned(),
            "chown-socket = 4101:4201".to_owned(),
            "pidfile = /run/app.pid".to_owned(),
            "logto = /var/log/app.log".to_owned(),
            "env = COLOUR=blue".to_owned(),
        ] {
            assert!(said.lines().any(|one| one == line), "no {line:?} in\n{said}\n{errors}");
        }
    }
    assert!(!Path::new("/tmp/app.sock").exists());
}
