//! Root starts a server with a file of somebody else's.

use tests::server::{End, SOON};
use tests::{Dir, Run, Subject, give, only, root};

/// A user that owns nothing else.
const STRANGER: u32 = 4301;

#[test]
fn a_strangers_fallback_is_not_run_or_read_as_root() {
    if !only(Subject::Ours) || !root() {
        return;
    }
    let dir = Dir::new();
    let mark = dir.join("mark");
    let secret = dir.write("secret.ini", "[uwsgi]\nprint = TOPSECRET\nexit = 9\n");
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    for instead in [format!("exec://touch {}", mark.display()), secret.display().to_string()] {
        let text = format!("[uwsgi]\nfallback-config = {instead}\nprocesses = -5\n");
        let file = dir.write("app.ini", text);
        give(&file, STRANGER, STRANGER);
        let (end, log) = Run::bare(&dir, Subject::Ours).arg("app.ini").to_end(SOON);
        assert_eq!(end, End::Code(1), "{log}");
        assert!(log.contains("app.ini:3"), "{log}");
        assert!(!mark.exists() && !log.contains("TOPSECRET"), "{log}");
    }
    // root's own file may
    dir.write("own.ini", "[uwsgi]\nfallback-config = secret.ini\nprocesses = -5\n");
    let (end, log) = Run::bare(&dir, Subject::Ours).arg("own.ini").to_end(SOON);
    assert_eq!(end, End::Code(9), "{log}");
}

#[test]
fn files_are_read_as_their_owner_however_they_are_named() {
    if !only(Subject::Ours) || !root() {
        return;
    }
    let dir = Dir::new();
    let secret = dir.write("secret", "TOPSECRET\n");
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let text = "[uwsgi]\nprint = I am %u\nprint = @(secret)\nexit = 7\n";
    for name in ["two.conf", "two.ini"] {
        give(&dir.write(name, text), STRANGER, STRANGER);
    }
    let own = text.replace("print = @(secret)\n", "");
    dir.write("own.ini", &own);
    dir.write("include.ini", "[uwsgi]\ninclude = two.conf\n");
    let run = |words: &[&str]| Run::bare(&dir, Subject::Ours).args(words).to_end(SOON);
    let theirs = format!("I am {STRANGER}");
    let read = [
        &["two.ini"][..],
        &["--ini", "two.conf"],
        &["--ini=two.conf:uwsgi"],
        &["--incl", "two.conf"],
        &["--include", "two.conf", "--touch-reload", "own.ini"],
        &["--inherit=two.conf"],
    ];
    for words in read {
        let (end, log) = run(words);
        assert_eq!(end, End::Code(7), "{words:?}: {log}");
        assert!(log.contains(&theirs) && !log.contains("TOPSECRET"), "{words:?}: {log}");
    }
    let (_, log) = Run::bare(&dir, Subject::Ours).env("UWSGI_INI", "two.conf").to_end(SOON);
    assert!(log.contains(&theirs) && !log.contains("TOPSECRET"), "{log}");
    let mixed = [
        &["own.ini", "two.ini"][..],
        &["--ini", "two.conf", "own.ini"],
        &["--ini", "own.ini", "--config=two.conf"],
        &["--ini", "include.ini"],
    ];
    for words in mixed {
        let (end, log) = run(words);
        assert_eq!(end, End::Code(1), "{words:?}: {log}");
        assert!(log.contains(&format!("to uid {STRANGER}")), "{words:?}: {log}");
        assert!(!log.contains("TOPSECRET") && !log.contains("I am"), "{words:?}: {log}");
    }
    // what is named for another purpose changes nothing
    let (end, log) = run(&["own.ini", "--touch-reload=two.ini", "--touch-reload", "two.ini"]);
    assert_eq!((end, log.contains("I am 0")), (End::Code(7), true), "{log}");
}

#[test]
fn commands_that_hang_are_ended_before_the_reader_is() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let started = dir.join("started");
    let command = format!("echo x >>{}; echo noise >&2; exec sleep 777", started.display());
    let text = [1, 2, 3].map(|at| format!("v{at} = @(exec://{command})\n")).concat();
    dir.write("app.ini", format!("[uwsgi]\n{text}"));
    // what were left would hold the warden up
    let (end, log) = Run::bare(&dir, Subject::Ours).arg("app.ini").to_end(SOON);
    assert_eq!(end, End::Code(1), "{log}");
    assert_eq!(log.matches("took longer than 5 s together").count(), 3, "{log}");
    assert!(!log.contains("noise"), "{log}");
    assert_eq!(std::fs::read_to_string(started).unwrap(), "x\n", "the others do not start");
}
