//! Mistakes of users: one clear line that names file, line and option, and an honest exit code.

use std::net::TcpListener;

use tests::server::{End, SOON};
use tests::{Dir, HITME, Run, Subject, free_address, http, only, root, subject};

/// Runs a configuration that must be refused, and returns what was said.
fn refused(dir: &Dir, ini: &str) -> String {
    dir.write("hitme.py", HITME);
    dir.write("app.ini", ini);
    let (end, log) = Run::uwsgi(dir).args(["--ini", "app.ini"]).to_end(SOON);
    assert_eq!(end, End::Code(1), "{log}");
    log
}

/// The line of the output that names the file and the line number.
#[track_caller]
fn line_at<'a>(log: &'a str, place: &str, words: &[&str]) -> &'a str {
    let found =
        log.lines().find(|line| line.contains(place) && words.iter().all(|w| line.contains(w)));
    found.unwrap_or_else(|| panic!("no line with {place:?} and {words:?} in\n{log}"))
}

#[test]
fn an_unknown_option_is_warned_about_with_the_near_miss() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    dir.write("hitme.py", HITME);
    let address = free_address();
    dir.write(
        "app.ini",
        format!("[uwsgi]\nhttp-socket = {address}\nwsgi-file = hitme.py\nproceses = 2\n"),
    );
    let server = Run::uwsgi(&dir).args(["--ini", "app.ini"]).start();
    server.await_tcp(address);
    assert_eq!(http::get(address, "/").unwrap().status, 200);
    line_at(&server.log(), "app.ini:4", &["proceses", "processes"]);
    server.stop();
}

#[test]
fn strict_refuses_an_unknown_option() {
    let dir = Dir::new();
    let address = free_address();
    let log = refused(
        &dir,
        &format!(
            "[uwsgi]\nstrict = true\nhttp-socket = {address}\nwsgi-file = hitme.py\nproceses = 2\n"
        ),
    );
    assert!(log.contains("proceses"), "{log}");
}

#[test]
fn an_unknown_option_of_the_command_line_is_refused() {
    let dir = Dir::new();
    let (end, log) = Run::uwsgi(&dir).args(["--proceses", "2"]).to_end(SOON);
    assert_eq!(end, End::Code(1), "{log}");
    assert!(log.contains("proceses"), "{log}");
}

#[test]
fn a_typographic_dash_is_recognised_and_named() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    dir.write("app.ini", "[uwsgi]\n");
    let (end, log) = Run::uwsgi(&dir).args(["\u{2013}ini", "app.ini"]).to_end(SOON);
    assert_eq!(end, End::Code(1), "{log}");
    assert!(log.contains("--ini"), "{log}");
}

#[test]
fn no_socket_at_all_is_an_error() {
    let dir = Dir::new();
    let log = refused(&dir, "[uwsgi]\nwsgi-file = hitme.py\n");
    assert!(log.contains("The -s/--socket option is missing and stdin is not a socket."), "{log}");
}

#[test]
fn a_port_that_is_taken_is_named_with_its_option() {
    let dir = Dir::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let log = refused(&dir, &format!("[uwsgi]\nhttp-socket = {address}\nwsgi-file = hitme.py\n"));
    assert!(log.contains(&address.to_string()), "{log}");
    assert!(log.to_lowercase().contains("address already in use"), "{log}");
}

#[test]
fn a_missing_user_is_named_with_file_and_line() {
    if !root() {
        return;
    }
    let dir = Dir::new();
    let address = free_address();
    let log = refused(
        &dir,
        &format!("[uwsgi]\nhttp-socket = {address}\nuid = nobdy\nwsgi-file = hitme.py\n"),
    );
    assert!(log.contains("nobdy"), "{log}");
    if subject() == Subject::Ours {
        line_at(&log, "app.ini:3", &["uid", "nobdy"]);
    }
}

#[test]
fn a_bad_value_is_named_with_file_line_and_option() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let address = free_address();
    for (line, option, value) in [
        ("processes = -1", "processes", "-1"),
        ("chmod-socket = 0660", "chmod-socket", "0660"),
        ("harakiri = soon", "harakiri", "soon"),
    ] {
        let log = refused(
            &dir,
            &format!("[uwsgi]\nhttp-socket = {address}\nwsgi-file = hitme.py\n{line}\n"),
        );
        line_at(&log, "app.ini:4", &[option, value]);
    }
}

#[test]
fn an_interpreter_that_is_missing_is_named() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let address = free_address();
    let log = refused(
        &dir,
        &format!("[uwsgi]\nhttp-socket = {address}\nhome = nowhere\nwsgi-file = hitme.py\n"),
    );
    assert!(log.contains(".ini:3: home: nowhere"), "{log}");
    assert!(log.contains("not executable for uid"), "{log}");
}

#[test]
fn a_missing_file_is_an_error() {
    let dir = Dir::new();
    let (end, log) = Run::uwsgi(&dir).args(["--ini", "absent.ini"]).to_end(SOON);
    assert_eq!(end, End::Code(1), "{log}");
    assert!(log.contains("absent.ini"), "{log}");
}

#[test]
fn a_missing_directory_is_an_error() {
    let dir = Dir::new();
    let address = free_address();
    let log = refused(
        &dir,
        &format!(
            "[uwsgi]\nhttp-socket = {address}\nchdir = /no/such/place\nwsgi-file = hitme.py\n"
        ),
    );
    assert!(log.contains("chdir") || log.contains("/no/such/place"), "{log}");
}

#[test]
fn an_import_error_shows_the_traceback() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    dir.write("broken.py", "import a_module_that_nobody_wrote\n");
    let (end, log) = Run::uwsgi(&dir)
        .args(["--http-socket", &free_address().to_string(), "--wsgi-file", "broken.py"])
        .to_end(SOON);
    assert_eq!(end, End::Code(22), "{log}");
    assert!(log.contains("a_module_that_nobody_wrote"), "{log}");
    assert!(log.contains("broken.py"), "{log}");
}

#[test]
fn a_file_without_a_section_is_read_with_a_warning() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    dir.write("hitme.py", HITME);
    let address = free_address();
    dir.write("app.ini", format!("http-socket = {address}\nwsgi-file = hitme.py\n"));
    let server = Run::uwsgi(&dir).args(["--ini", "app.ini"]).start();
    server.await_tcp(address);
    assert!(server.log().contains("[uwsgi]"), "the assumption is said: {}", server.log());
    server.stop();
}
