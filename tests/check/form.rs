//! What is said, and in which form.

use tests::{Dir, Subject, only};

use super::{check, json, rules, run};

/// A file with one mistake of each severity.
const MISTAKES: &str = "[uwsgi]\nhttp-socket = 127.0.0.1:8080\nmodule = app\nprocess = 2\n\
                        chmod-socket = 0664\nthunder-lock = true\n";
const CLEAN: &str = "[uwsgi]\nhttp-socket = 127.0.0.1:8080\nmodule = app\nprocesses = 2\n";

#[test]
fn people_read_place_severity_option_and_what_uwsgi_does() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    dir.write("sites/shop.ini", MISTAKES);
    let said = check(&dir, &["sites/shop.ini"]);
    assert_eq!(said.code, Some(5), "{}", said.out);
    for part in [
        "sites/shop.ini:4:1: warning: process: unknown option",
        "[unknown-option]\n    did you mean \"processes\"?\n    uWSGI: ignores the line in silence: \
         one worker runs\n",
        "sites/shop.ini:5:16: error: chmod-socket: ",
        "sites/shop.ini:6:1: note: thunder-lock: no effect here",
        "1 file checked: 1 would be refused, 1 error, 1 warning, 1 note\n",
    ] {
        assert!(said.out.contains(part), "no {part:?} in\n{}", said.out);
    }
    assert!(!said.out.contains('\x1b'), "no colours in a pipe");
}

#[test]
fn exit_codes_are_for_scripts() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    dir.write("clean.ini", CLEAN);
    dir.write("warned.ini", CLEAN.replace("processes", "process"));
    dir.write("refused.ini", MISTAKES);
    for (words, code) in [
        (&["clean.ini"][..], 0),
        (&["warned.ini", "clean.ini"], 0),
        (&["--strict-warnings", "clean.ini"], 0),
        (&["--strict-warnings", "warned.ini"], 5),
        (&["clean.ini", "refused.ini"], 5),
        (&["none.ini", "refused.ini"], 1),
        (&["--format", "xml", "clean.ini"], 1),
        (&[], 1),
    ] {
        let said = check(&dir, words);
        assert_eq!(said.code, Some(code), "{words:?}: {}{}", said.out, said.err);
    }
}

#[test]
fn programs_read_the_same_as_json_and_sarif() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    dir.write("a b.ini", MISTAKES);
    let document = json(&dir, &["a b.ini", "none.ini"]);
    assert_eq!(rules(&document, 0), ["unknown-option", "socket-mode", "accepted-option"]);
    let first = &document["files"][0]["findings"][0];
    assert_eq!((&first["line"], &first["column"]), (&4.into(), &1.into()));
    assert_eq!((&first["file"], &first["suggestion"]), (&"a b.ini".into(), &"processes".into()));
    assert_eq!(document["files"][1]["unreadable"], true);
    assert_eq!(document["summary"]["refused"], 2);

    let said = check(&dir, &["-o", "sarif", "a b.ini"]);
    let log: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let known = run["tool"]["driver"]["rules"].as_array().unwrap();
    for result in run["results"].as_array().unwrap() {
        let index = result["ruleIndex"].as_u64().unwrap() as usize;
        assert_eq!(known[index]["id"], result["ruleId"]);
        assert!(["note", "warning", "error"].contains(&result["level"].as_str().unwrap()));
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "a%20b.ini");
        assert!(place["region"]["startLine"].as_u64().unwrap() > 0);
    }
    assert_eq!(run["results"].as_array().unwrap().len(), 3);
}

#[test]
fn standard_input_is_a_file_that_can_have_a_name() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    dir.write("sites/base.ini", "[uwsgi]\nthread = 2\n");
    let text = format!("{MISTAKES}ini = base.ini\n");
    let said = run(&dir, "vassal", &["--check", "-"], &text);
    assert!(said.out.contains("-:4:1: warning: process"), "{}", said.out);
    assert!(said.out.contains("cannot be read"), "{}", said.out);
    let words = ["--check", "--as", "sites/shop.ini", "-"];
    let said = run(&dir, "vassal", &words, &text);
    assert_eq!(said.code, Some(5));
    assert!(said.out.contains("sites/shop.ini:4:1: warning: process"), "{}", said.out);
    assert!(said.out.contains("sites/base.ini:2:1: warning: thread"), "{}", said.out);
    assert!(!said.out.contains("cannot be read"), "{}", said.out);
    // the name tells the language
    let text = "uwsgi:\n  http: 127.0.0.1:0\n  modul: app\n";
    let said = run(&dir, "vassal", &["--check", "--as", "sites/shop.yml", "-"], text);
    assert!(said.out.contains("sites/shop.yml:3:3: warning: modul: unknown"), "{}", said.out);
    assert_eq!(said.out.matches(": warning: ").count(), 1, "{}", said.out);
}

#[test]
fn nothing_is_run_asked_or_waited_for() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let mark = dir.join("mark");
    nix::unistd::mkfifo(&dir.join("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    dir.write(
        "a.ini",
        format!(
            "[uwsgi]\nprocname = @(exec://touch {0})\nini = exec://touch {0}\nini = fifo\n\
             http-socket = no-such-host.invalid:80\nmodule = app\nhook-asap = exec:touch {0}\n",
            mark.display()
        ),
    );
    let document = json(&dir, &["a.ini"]);
    let found = rules(&document, 0);
    assert_eq!(found.iter().filter(|rule| **rule == "not-run").count(), 2, "{found:?}");
    assert!(found.contains(&"include") && found.contains(&"unknown-host"), "{found:?}");
    assert!(!mark.exists());
}

#[test]
fn what_depends_on_the_machine_is_a_note_for_a_file_and_an_error_for_a_vassal() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    dir.write("sites/a.ini", "[uwsgi]\nmodule = app\nuid = no-such-user\nprocesses = $(NONE)\n");
    dir.write("sites/.hidden.ini", MISTAKES);
    dir.write("sites/notes.txt", MISTAKES);
    for (name, code, severity) in [("sites/a.ini", 0, "note"), ("sites", 5, "error")] {
        let said = check(&dir, &["--format", "json", name]);
        assert_eq!(said.code, Some(code), "{}", said.out);
        let document: serde_json::Value = serde_json::from_str(&said.out).unwrap();
        assert_eq!(document["files"].as_array().unwrap().len(), 1);
        for rule in ["unknown-user", "unset-variable", "no-socket"] {
            let findings = document["files"][0]["findings"].as_array().unwrap();
            let found = findings.iter().find(|one| one["rule"] == rule);
            assert_eq!(found.expect(rule)["severity"], severity, "{name}: {rule}");
        }
    }
}

#[test]
fn a_terminal_does_not_obey_what_a_file_says() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    dir.write("a.ini", "[uwsgi]\nprocesses = \x1b[2J\u{9b}2J\nmaster = \x1b]0;x\x07\n");
    for format in ["human", "json", "sarif"] {
        let said = check(&dir, &["--format", format, "a.ini"]);
        assert!(!said.out.contains(|c: char| c.is_control() && c != '\n'), "{:?}", said.out);
        assert!(said.out.contains("processes"), "{format}");
    }
}
