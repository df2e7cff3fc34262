//! One build of the extension serves every CPython from 3.8 on; the ones used are named.

use tests::{Dir, HITME, Run, Subject, free_address, http, not_run, note, only, python};

#[test]
fn one_build_serves_every_python_that_is_found() {
    if !only(Subject::Ours) {
        return;
    }
    let found = python::interpreters();
    assert!(!found.is_empty(), "no CPython from 3.8 on is installed");
    for python in &found {
        serves(python);
    }
    let used: Vec<String> =
        found.iter().map(|one| format!("{} ({})", one.path.display(), one.version.1)).collect();
    note(&format!("interpreters used: {}", used.join(", ")));
    for minor in 8..15 {
        if !found.iter().any(|one| one.version == (3, minor)) {
            not_run(&format!("CPython 3.{minor} is not installed"));
        }
    }
}

/// An environment of that interpreter, threads, two workers, and the version it tells.
fn serves(python: &python::Python) {
    let dir = Dir::new();
    dir.write(
        "which.py",
        "import sys\n\ndef application(env, start_response):\n    \
         start_response('200 OK', [('Content-Type', 'text/plain')])\n    \
         return [('%d.%d %s' % (sys.version_info[0], sys.version_info[1], sys.prefix)).encode()]\n",
    );
    dir.write("hitme.py", HITME);
    let made = std::process::Command::new(&python.path)
        .args(["-m", "venv", "--without-pip"])
        .arg(dir.join("env"))
        .output()
        .expect("the test's own set-up works");
    assert!(made.status.success(), "{python:?}: {}", String::from_utf8_lossy(&made.stderr));
    let address = free_address();
    let server = Run::uwsgi(&dir)
        .args(["--http-socket", &address.to_string(), "--wsgi-file", "which.py", "--master"])
        .args(["--processes", "2", "--threads", "2", "--home", "env"])
        .start();
    server.await_tcp(address);
    let (major, minor) = python.version;
    let expected = format!("{major}.{minor} {}", dir.join("env").display());
    for _ in 0..20 {
        assert_eq!(http::get(address, "/").expect("the test's own set-up works").text(), expected);
    }
    let body = vec![b'x'; 100_000];
    assert_eq!(
        http::ask(address, "POST", "/", &[], &body).expect("the test's own set-up works").text(),
        expected
    );
    server.stop();
}
