//! Whose a socket is, and what is left of it.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::sys::signal::Signal;
use tests::server::SOON;
use tests::{Dir, HITME, Run, Server, give, root, until};

/// A server of uid 4105 on a socket that root binds in the test's directory.
fn start(dir: &Dir, more: &str) -> Server {
    let home = dir.mkdir("home");
    dir.write("home/hitme.py", HITME);
    give(&home, 4105, 4106);
    dir.write(
        "app.ini",
        format!(
            "[uwsgi]\nuid = 4105\ngid = 4106\nmaster = true\nsocket = {0}/app.sock\n\
             wsgi-file = {0}/hitme.py\n{more}",
            home.display()
        ),
    );
    let server = Run::uwsgi(dir).args(["--ini", "app.ini"]).start();
    server.await_unix(&home.join("app.sock"));
    server
}

/// Owner, group and mode.
fn facts(path: &Path) -> (u32, u32, u32) {
    let data = std::fs::metadata(path).expect("the socket is there");
    (data.uid(), data.gid(), data.mode() & 0o777)
}

#[test]
fn a_socket_belongs_to_the_user_unless_somebody_else_is_named() {
    if !root() {
        return;
    }
    for (more, expected) in [
        ("", (4105, 4106, 0o755)),
        ("chmod-socket = 660\n", (4105, 4106, 0o660)),
        ("chmod-socket = 1\n", (4105, 4106, 0o666)),
        ("chown-socket = root:4107\nchmod-socket = 660\n", (0, 4107, 0o660)),
    ] {
        let dir = Dir::new();
        let server = start(&dir, more);
        let socket = dir.join("home/app.sock");
        assert!(until(SOON, || facts(&socket) == expected), "{more:?}: {:?}", facts(&socket));
        server.stop();
    }
}

#[test]
fn vacuum_spares_what_somebody_else_put_there() {
    if !root() {
        return;
    }
    let dir = Dir::new();
    let mut server = start(&dir, "vacuum = true\n");
    let socket = dir.join("home/app.sock");
    std::fs::remove_file(&socket).unwrap();
    dir.write("home/app.sock", "not theirs");
    server.signal(Signal::SIGINT);
    server.wait(SOON);
    server.finish();
    assert_eq!(std::fs::read_to_string(&socket).unwrap(), "not theirs");
}
