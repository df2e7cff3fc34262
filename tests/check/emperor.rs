//! The Emperor's configuration with everything that it governs, and the client's verb.

use std::os::unix::fs::chown;

use serde_json::Value;
use tests::programs::{ours, system};
use tests::{Dir, Subject, only, root};

use super::{rules, run, run_program};

/// An Emperor with two sites and a default for them.
fn fleet(dir: &Dir) {
    dir.write("sites/good.ini", "[uwsgi]\nmodule = app\nhttp-socket = 127.0.0.1:%(port)\n");
    dir.write("sites/bad.ini", "[uwsgi]\nmodule = app\nprocesses = many\n");
    dir.write("sites/x:y.ini", "[uwsgi]\n");
    let here = dir.path().display();
    dir.write(
        "emperor.ini",
        format!(
            "[uwsgi]\nemperor = {here}/sites\nvassal-set = port=8080\nemperor-frequency = 5\n\
             vassals-include = {here}/common.ini\n"
        ),
    );
    dir.write("common.ini", "[uwsgi]\nhttp-socket = 127.0.0.1:8081\n");
}

#[test]
fn an_emperor_is_checked_with_all_its_vassals() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    fleet(&dir);
    let said = run(&dir, "emperor", &["--check", "--format", "json", "emperor.ini"], "");
    assert_eq!(said.code, Some(5), "{}{}", said.out, said.err);
    let document: Value = serde_json::from_str(&said.out).unwrap();
    let name = |at: usize| document["files"][at]["file"].as_str().unwrap().rsplit('/').next();
    assert_eq!(
        [name(0), name(1), name(2), name(3)],
        [Some("emperor.ini"), Some("bad.ini"), Some("good.ini"), Some("x:y.ini"),]
    );
    assert!(rules(&document, 0).contains(&"unknown-option"), "{document:#}");
    assert!(rules(&document, 1).contains(&"invalid-value"), "{document:#}");
    assert_eq!(document["files"][2]["refused"], false, "{document:#}");
    assert!(rules(&document, 3).contains(&"identity"), "{document:#}");
}

#[test]
fn an_emperor_in_another_language_is_checked_with_its_vassals() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    fleet(&dir);
    let sites = dir.join("sites").display().to_string();
    dir.write("emperor.yaml", format!("uwsgi:\n  emperor: {sites}\n  vassal-set: port=8080\n"));
    dir.write(
        "emperor.json",
        format!("{{\"uwsgi\": {{\"emperor\": \"{sites}\", \"vassal-set\": \"port=8080\"}}}}"),
    );
    for file in ["emperor.yaml", "emperor.json"] {
        let said = run(&dir, "emperor", &["--check", file], "");
        assert_eq!(said.code, Some(5), "{}{}", said.out, said.err);
        assert!(said.out.contains("4 files checked: 2 would be refused"), "{}", said.out);
    }
    dir.write("none.ini", "[uwsgi]\nprocesses = 1\n");
    let said = run(&dir, "emperor", &["--check", "none.ini"], "");
    assert_eq!(said.code, Some(5), "{}{}", said.out, said.err);
    assert!(said.out.contains("none.ini:1:1: error: no source of vassals"), "{}", said.out);
}

#[test]
fn what_an_emperor_gives_its_vassals_is_in_no_argument() {
    let Some(strace) = system("strace").filter(|_| only(Subject::Ours)) else { return };
    let dir = Dir::new();
    dir.write("sites/a.ini", "[uwsgi]\nmodule = app\nhttp-socket = 127.0.0.1:%(port)\n");
    let sites = dir.join("sites");
    let text = format!(
        "[uwsgi]\nemperor = {}\nvassal-set = port=8080\nvassal-set = env=KEY=swordfish\n",
        sites.display()
    );
    dir.write("emperor.ini", text);
    let emperor = ours("emperor");
    let words = ["-f", "-qq", "-v", "-s", "4096", "-e", "trace=execve", "env"];
    let words = words.into_iter().chain(["UWSGI_VASSAL_ENV=OTHER=salmon"]);
    let words = words.chain([emperor.to_str().unwrap(), "--check", "emperor.ini"]);
    let said = run_program(&dir, &strace, &words.collect::<Vec<_>>(), "");
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    // what only the owner of a process sees is the environment, behind the arguments
    let calls: Vec<_> = said.err.lines().filter(|line| line.contains("execve(")).collect();
    let call = calls.iter().find(|line| line.contains("--listed")).expect("a reader was started");
    let (arguments, _) = call.split_once("\"], [").expect("arguments, then the environment");
    assert!(!arguments.contains("swordfish") && !arguments.contains("salmon"), "{arguments}");
}

#[test]
fn a_directory_is_checked_without_an_emperors_rules() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    fleet(&dir);
    let said = run(&dir, "emperor", &["--check", "sites"], "");
    assert_eq!(said.code, Some(5));
    assert!(said.out.contains("good.ini:3:15: error: http-socket: "), "{}", said.out);
    assert!(said.out.contains("3 files checked"), "{}", said.out);
    let said = run(&dir, "emperor", &["--check", "none"], "");
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("none: No such file"), "{}", said.err);
}

#[test]
fn a_tyrant_tells_which_files_it_would_refuse() {
    if !root() || !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    fleet(&dir);
    let text =
        format!("[uwsgi]\nemperor = {}/sites\nemperor-tyrant = true\n", dir.path().display());
    dir.write("emperor.ini", text);
    dir.write("sites/bad.ini", "[uwsgi]\nmodule = app\nhttp-socket = 127.0.0.1:8080\nuid = 4102\n");
    dir.write("sites/good.ini", "[uwsgi]\nmodule = app\nhttp-socket = 127.0.0.1:8080\n");
    chown(dir.join("sites/bad.ini"), Some(4101), Some(4101)).unwrap();
    let said = run(&dir, "emperor", &["--check", "emperor.ini"], "");
    assert_eq!(said.code, Some(5));
    for part in ["the file's owner is uid 4101", "belongs to root's user or group"] {
        assert!(said.out.contains(part), "no {part:?} in\n{}", said.out);
    }
}

#[test]
fn the_client_checks_without_a_daemon() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    fleet(&dir);
    let said = run(&dir, "emperorctl", &["check", "sites/bad.ini"], "");
    assert_eq!(said.code, Some(5), "{}{}", said.out, said.err);
    assert!(said.out.contains("sites/bad.ini:3:13: error: processes: "), "{}", said.out);
    let said = run(&dir, "emperorctl", &["-o", "json", "check", "common.ini"], "");
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    assert_eq!(serde_json::from_str::<Value>(&said.out).unwrap()["version"], 1);
    assert_eq!(run(&dir, "emperorctl", &["check"], "").code, Some(1));
}
