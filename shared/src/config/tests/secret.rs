//! What a configuration takes from elsewhere is not shown in what is said about it.

use super::*;

/// Everything that is said about a file with these lines, in which `@(sec)` and `$(HOME)` are
/// the word to keep.
fn said(lines: &str, word: &str) -> String {
    let mut place = Place::new(&[("a.ini", &format!("[uwsgi]\n{lines}")), ("sec", word)]);
    place.world.environment = vec![("HOME".into(), word.into())];
    let mut reading = place.vassal("a.ini");
    let settings = settle(&mut reading, "a.ini");
    let advice = advise(&reading, Some(&settings), &|_| None);
    let all: Vec<Finding> = reading.findings.into_iter().chain(advice).collect();
    assert!(!all.is_empty(), "{lines}");
    format!("{all:?}")
}

#[test]
fn no_finding_quotes_a_value_from_elsewhere() {
    const OPTIONS: [&str; 44] = [
        "master",
        "harakiri",
        "processes",
        "listen",
        "umask",
        "chmod-socket",
        "chown-socket",
        "uid",
        "gid",
        "chroot",
        "socket",
        "http",
        "http-socket",
        "stats",
        "protocol",
        "logto",
        "daemonize",
        "module",
        "http-keepalive",
        "buffer-size",
        "cheaper",
        "reload-on-rss",
        "log-maxsize",
        "plugins",
        "need-plugins",
        "env",
        "unenv",
        "pythonpath",
        "route",
        "chdir",
        "show-config",
        "unknown-name",
        "a line of words",
        "cheaper-initial",
        "include",
        "ini",
        "inherit",
        "early-envdir",
        "set",
        "set-placeholder",
        "resolve",
        "declare-option",
        "for-glob",
        "if-hostname-match",
    ];
    const WORDS: [&str; 10] = [
        "tops3cret",
        "4711tops3cret",
        "4711",
        "471100",
        ":4711x",
        "tops3cret:80x",
        ":4711 tops3cret",
        "\"tops3cret, found\" x:80y",
        "$(tops3cret)${tops3cret}%(tops3cret){{tops3cret}}",
        "php4711",
    ];
    let lines =
        |value: &str| OPTIONS.map(|option| format!("{option} = {value}\n")).concat() + "endif\n";
    for word in WORDS {
        for value in ["@(sec)", "$(HOME)", "%(x)", "%(x y)", "%(z)", "@(/$(HOME))"] {
            let lines = format!("x = @(sec)\ny = 1\nz = a%(x)\n{}", lines(value));
            assert_hidden(&said(&lines, word));
        }
        let lines = format!("for-readline = sec\n{}master = 7\n", lines("%(_)"));
        assert_hidden(&said(&lines, word));
    }
}

#[track_caller]
fn assert_hidden(text: &str) {
    assert!(!text.contains("tops3cret") && !text.contains("4711"), "{text}");
}

#[test]
fn what_was_expected_is_still_said() {
    let text = said("harakiri = @(sec)\n", "tops3cret");
    assert!(text.contains("expected seconds, found a value from elsewhere"), "{text}");
    // what is written in the file itself is quoted
    assert!(said("x = @(sec)\nharakiri = soon\n", "a").contains("soon"));
}

#[test]
fn names_that_may_be_secrets_are_not_shown() {
    let lines = "my secret key @( ) = @(exec://x)\nmy secret path = ${X}\nmy secret home = $(X)\n";
    let text = said(lines, "a");
    assert!(text.contains("not run by a check") && !text.contains("secret"), "{text}");
}
