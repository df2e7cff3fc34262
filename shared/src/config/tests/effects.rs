//! What each option does that acts while a configuration is read. A test of this file fails when
//! its option has no effect; `option/proof.rs` names it.

use super::*;

/// Checks the values of `env`, the trace that the blocks below leave, and that all is well.
#[track_caller]
fn leaves(place: &Place, expected: &[&str], what: &str) {
    let reading = place.vassal("a.ini");
    let trace: Vec<_> = reading.directives.all("env").map(|one| one.value.as_str()).collect();
    assert_eq!(trace, expected, "{what}");
    assert_eq!(reading.findings, [], "{what}");
}

fn with(text: &str, files: &[(&str, &str)]) -> Place {
    let text = format!("[uwsgi]\n{text}");
    let mut all = vec![("a.ini", text.as_str())];
    all.extend(files);
    Place::new(&all)
}

#[test]
fn a_condition_reads_its_block_when_it_holds() {
    for (condition, holds) in [
        ("if-env = HOME", true),
        ("if-env = HOME=/home/alice", true),
        ("if-env = HOME=/root", false),
        ("if-env = NOT_THERE", false),
        ("if-not-env = NOT_THERE", true),
        ("if-not-env = HOME", false),
        ("if-opt = x", true),
        ("if-opt = x=1", true),
        ("if-opt = x=2", false),
        ("if-not-opt = x=2", true),
        ("if-not-opt = x", false),
        ("if-reload = true", false),
        ("if-not-reload = true", true),
        ("if-hostname-match = ^he.e$", true),
        ("if-hostname-match = ^ee", false),
        ("if-not-hostname-match = ^ee", true),
        ("if-not-hostname-match = ^he.e$", false),
        ("if-hostname = here", true),
        ("if-hostname = elsewhere", false),
        ("if-not-hostname = elsewhere", true),
        ("if-not-hostname = here", false),
        ("if-exists = dir", true),
        ("if-exists = none", false),
        ("if-not-exists = none", true),
        ("if-not-exists = dir", false),
        ("if-file = file", true),
        ("if-file = dir", false),
        ("if-not-file = dir", true),
        ("if-not-file = file", false),
        ("if-dir = dir", true),
        ("if-dir = file", false),
        ("if-not-dir = file", true),
        ("if-not-dir = dir", false),
        ("if-plugin = python3", true),
        ("if-plugin = elsewhere", false),
        ("if-not-plugin = elsewhere", true),
        ("if-not-plugin = python3", false),
    ] {
        let text = format!("set-placeholder = x=1\n{condition}\nenv = in\nendif\nenv = out\n");
        let mut place = with(&text, &[("file", "")]);
        fs::create_dir(place.path("dir")).unwrap();
        place.world.host = "here".into();
        let expected = if holds { &["in", "out"][..] } else { &["out"] };
        leaves(&place, expected, condition);
    }
}

#[test]
fn loops_repeat_each_line_for_each_item() {
    let lines = ("lines.txt", "x y\nz\n");
    for (opening, expected) in [
        ("for = a b", vec!["1a", "1b", "2a", "2b"]),
        ("for-times = 2", vec!["11", "12", "21", "22"]),
        ("for-glob = *.txt", vec!["1lines.txt", "2lines.txt"]),
        ("for-readline = lines.txt", vec!["1x y", "1z", "2x y", "2z"]),
    ] {
        let text = format!("{opening}\nenv = 1%(_)\nenv = 2%(_)\nendfor\n");
        leaves(&with(&text, &[lines]), &expected, opening);
    }
}

#[test]
fn other_files_are_read_where_they_are_named() {
    let other = ("other.ini", "[uwsgi]\nenv = inside\n");
    for line in ["ini = other.ini", "config = other.ini", "include = other.ini"] {
        let text = format!("env = before\n{line}\nenv = after\n");
        leaves(&with(&text, &[other]), &["before", "inside", "after"], line);
    }
    for (line, other) in [
        ("yaml = other.yml", ("other.yml", "uwsgi:\n  env: inside\n")),
        ("json = other.json", ("other.json", "{\"uwsgi\": {\"env\": \"inside\"}}")),
        ("xml = other.xml", ("other.xml", "<uwsgi><env>inside</env></uwsgi>")),
    ] {
        let text = format!("env = before\n{line}\nenv = after\n");
        leaves(&with(&text, &[other]), &["before", "inside", "after"], line);
    }
    let text = "env = before\ninherit = other.ini\nenv = after\n";
    leaves(&with(text, &[other]), &["before", "after", "inside"], "inherit");
}

#[test]
fn set_gives_options_and_variables() {
    let (settings, reading) = settled(
        "set = processes=3\nset = size=4\nset = threads=%(size)\nprocesses = %(processes)\n",
    );
    assert_eq!(reading.findings, []);
    assert_eq!((settings.serve.processes, settings.serve.threads), (3, 4));
}

#[test]
fn set_placeholder_gives_variables_that_strict_allows() {
    let (settings, reading) = settled(
        "strict = true\nset-placeholder = size=4\nset-ph = more=%(size)\nthreads = %(more)\n",
    );
    assert_eq!(reading.findings, []);
    assert_eq!(settings.serve.threads, 4);
}

#[test]
fn strict_refuses_what_is_no_option() {
    for (line, errors_wanted) in [("", 0), ("strict = true\n", 1), ("strict = false\n", 0)] {
        let (_, reading) = settled(&format!("{line}colour = blue\n"));
        assert_eq!(errors(&reading).len(), errors_wanted, "{line}{:?}", reading.findings);
    }
}

#[test]
fn a_fence_ends_where_it_says() {
    for (fence, forbidden) in [
        ("blacklist = harakiri\nharakiri = 1\nend-blacklist = 1\n", 1),
        ("blacklist = harakiri\nend-blacklist = 1\nharakiri = 1\n", 0),
        ("whitelist = end-whitelist processes\nharakiri = 1\nend-whitelist = 1\n", 1),
        ("whitelist = end-whitelist processes\nend-whitelist = 1\nharakiri = 1\n", 0),
    ] {
        let (settings, reading) = settled(fence);
        assert_eq!(errors(&reading).len(), forbidden, "{fence}{:?}", reading.findings);
        assert_eq!(settings.serve.harakiri.is_none(), forbidden == 1, "{fence}");
    }
}

#[test]
fn a_needed_plugin_that_is_not_built_in_refuses_the_file() {
    let (_, reading) = settled("need-plugins = python3\n");
    assert!(!reading.refused(), "{:?}", reading.findings);
    let (_, reading) = settled("need-plugins = elsewhere\n");
    assert!(reading.refused() && errors(&reading)[0].contains("elsewhere"));
}

#[test]
fn a_declared_option_is_the_options_that_it_was_declared_as() {
    for declare in ["declare-option", "declare-option2"] {
        let (settings, reading) =
            settled(&format!("{declare} = size=processes=$1;threads=$2\nsize = 3 4\n"));
        assert_eq!((settings.serve.processes, settings.serve.threads), (3, 4), "{declare}");
        assert_eq!(reading.findings, [], "{declare}");
    }
    // the second kind acts on what the others have become
    let (settings, _) = settled("n = 5\ndeclare-option2 = size=processes=$1\nsize = %(n)\n");
    assert_eq!(settings.serve.processes, 5);
}

#[test]
fn what_is_injected_is_read_with_each_file() {
    for (option, expected) in [
        ("inject-before", ["env=start", "env=injected", "env=inner"]),
        ("inject-after", ["env=start", "env=inner", "env=injected"]),
    ] {
        let text = format!("env = env=start\n{option} = more.ini\nini = inner.ini\n");
        let files = [
            ("more.ini", "[uwsgi]\nenv = env=injected\n"),
            ("inner.ini", "[uwsgi]\nenv = env=inner\n"),
        ];
        leaves(&with(&text, &files), &expected, option);
    }
}

#[test]
fn a_directory_of_variables_becomes_the_environment() {
    for option in ["envdir", "early-envdir"] {
        let place = with(&format!("{option} = vars\n"), &[]);
        fs::create_dir(place.path("vars")).unwrap();
        fs::write(place.path("vars/COLOUR"), "blue\nmore\n").unwrap();
        let mut reading = place.vassal("a.ini");
        let env = settle(&mut reading, "a.ini").launch.env;
        assert_eq!(env, [("COLOUR".to_owned(), Some("blue".to_owned()))], "{option}");
    }
}
