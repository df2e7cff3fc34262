//! What a finding says of uWSGI is true of uWSGI: each sentence about its end is tried on the
//! original, and the finding on ours.

use tests::server::{End, SOON};
use tests::{Dir, HITME, Run, Subject, subject};

use super::{json, rules};

/// What makes a file whole, without a socket of its own.
const BASE: &str = "wsgi-file = hitme.py\n";

/// Lines that end uWSGI with 1, and the rule that says so.
const FATAL: &[(&str, &str)] = &[
    ("socket = a.sock\nchmod-socket = 0664", "socket-mode"),
    ("socket = a.sock\nchmod-socket = 888", "socket-mode"),
    ("socket = a.sock\nlisten = 99999999", "listen-queue"),
    ("socket = a.sock\nmaster = true\nprocesses = 2\ncheaper = 2", "cheaper-workers"),
    ("socket = a.sock\nprocesses = -1", "invalid-value"),
    ("socket = a.sock\nprotocol = nonsense", "invalid-value"),
    ("socket = a.sock\nstrict = true\nproces = 2", "unknown-option"),
    ("socket = a.sock\nini = none.ini", "include"),
    ("http-socket = 127.0.0.1:21987\nhttp-socket = :21987", "address-twice"),
    ("processes = 2", "no-socket"),
    ("socket = a.sock\nneed-plugins = nothing", "plugin"),
];

/// Lines that uWSGI takes in silence, and the rule that speaks.
const SILENT: &[(&str, &str)] = &[
    ("socket = a.sock\nprocess = 2", "unknown-option"),
    ("socket = a.sock\nmaster = false ; x", "trailing-comment"),
    ("socket = a.sock\nharakiri = 5s", "trailing-text"),
    ("socket = a.sock\nmaster = true\nprocesses = 2\ncheaper = true", "word-for-number"),
    ("socket = a.sock\nbuffer-size = 131072", "capped-value"),
    ("socket = a.sock\nprocname = ${NAME:-x}", "shell-syntax"),
    ("socket = a.sock\nprocname = %(none)", "undefined-placeholder"),
    ("socket = a.sock\nsocket = 21987", "socket-number"),
    ("socket = a.sock\nhttp-socket = a.sock", "address-twice"),
    ("socket = a.sock\nenv = LANG", "environment-without-value"),
    ("socket = a.sock\nmodule = hitme", "two-applications"),
    ("socket = a.sock\nmax-requests-delta = 3", "no-effect-alone"),
];

#[test]
fn what_ends_uwsgi_ends_it() {
    for (lines, rule) in FATAL {
        let dir = Dir::new();
        dir.write("hitme.py", HITME);
        dir.write("a.ini", format!("[uwsgi]\n{BASE}{lines}\n"));
        match subject() {
            Subject::Ours => {
                let document = json(&dir, &["a.ini"]);
                let findings = document["files"][0]["findings"].as_array().unwrap();
                let found = findings.iter().find(|one| one["rule"] == *rule);
                let found = found.unwrap_or_else(|| panic!("{lines}: no {rule} in {document:#}"));
                let uwsgi = found["uwsgi"].as_str().unwrap_or_default();
                assert!(uwsgi.starts_with("exits with 1"), "{lines}: {uwsgi:?}");
            }
            Subject::Uwsgi => {
                let (end, log) = Run::uwsgi(&dir).args(["--ini", "a.ini"]).to_end(SOON);
                assert_eq!(end, End::Code(1), "{lines}: {log}");
            }
        }
    }
}

#[test]
fn what_uwsgi_takes_in_silence_starts() {
    for (lines, rule) in SILENT {
        let dir = Dir::new();
        dir.write("hitme.py", HITME);
        dir.write("a.ini", format!("[uwsgi]\n{BASE}{lines}\n"));
        match subject() {
            Subject::Ours => {
                let document = json(&dir, &["a.ini"]);
                assert!(rules(&document, 0).contains(rule), "{lines}: no {rule} in {document:#}");
            }
            Subject::Uwsgi => {
                let server = Run::uwsgi(&dir).args(["--ini", "a.ini"]).start();
                tests::eventually("it serves", SOON, || {
                    let log = server.log();
                    if log.contains("spawned uWSGI") { Ok(()) } else { Err(log) }
                });
                server.stop();
            }
        }
    }
}
