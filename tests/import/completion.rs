//! The words that a shell offers.

use std::process::Command;

use tests::emperor::Emperor;
use tests::programs::{find, ours};
use tests::{Subject, not_run, only};

/// What bash offers for the last word of a line.
fn offered(line: &str) -> Vec<String> {
    let words: Vec<String> = line.split(' ').map(|word| format!("'{word}'")).collect();
    let script = format!(
        "source <('{program}' completion bash)\n\
         COMP_WORDS=({}); COMP_CWORD={}\n\
         _emperorctl '{program}' \"${{COMP_WORDS[COMP_CWORD]}}\"\n\
         printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        words.join(" "),
        words.len() - 1,
        program = ours("emperorctl").display(),
    );
    let output = Command::new("bash")
        .args(["--norc", "-euc", &script])
        .output()
        .expect("tests/run itself is a script of bash");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && errors.is_empty(), "{line}: {errors}");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn bash_offers_verbs_options_and_the_apps_that_run() {
    if !only(Subject::Ours) {
        return;
    }
    assert_eq!(offered("emperorctl re"), ["reload"]);
    assert_eq!(offered("emperorctl -o json st"), ["status", "stop", "start"]);
    assert_eq!(offered("emperorctl import gu"), ["gunicorn"]);
    assert_eq!(offered("emperorctl completion "), ["bash", "zsh", "fish"]);
    assert_eq!(offered("emperorctl reload --n"), ["--no-wait"]);
    assert_eq!(offered("emperorctl -o j"), ["json"]);
    // nobody answers at that socket
    assert_eq!(offered("emperorctl -s /nonexistent show x"), [] as [&str; 0]);
    let emperor = Emperor::start();
    for name in ["shop.ini", "shed.ini", "other one.ini"] {
        emperor.await_answer(emperor.hello(name, ""));
    }
    let line = |word: &str| format!("emperorctl -s {} show {word}", emperor.api.socket().display());
    assert_eq!(offered(&line("sh")), ["shed.ini", "shop.ini"]);
    assert_eq!(offered(&line("o")), ["other\\ one.ini"]);
    emperor.stop();
}

#[test]
fn fish_offers_verbs_and_sources() {
    if !only(Subject::Ours) {
        return;
    }
    if find("fish").is_none() {
        return not_run("fish is not installed");
    }
    let program = ours("emperorctl").display().to_string();
    for (line, want) in [
        ("emperorctl re", "reload"),
        ("emperorctl import gu", "gunicorn"),
        ("emperorctl completion z", "zsh"),
    ] {
        let script = format!("{program} completion fish | source; complete -C '{line}'");
        let dir = tests::Dir::new();
        let output = Command::new("fish")
            .args(["--no-config", "-c", &script])
            .env("HOME", dir.path())
            .current_dir(dir.path())
            .output()
            .expect("fish runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let offered: Vec<&str> = text.lines().filter_map(|line| line.split('\t').next()).collect();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(offered, [want], "{line}: {errors}");
    }
}

#[test]
fn zsh_and_fish_accept_their_scripts() {
    if !only(Subject::Ours) {
        return;
    }
    for (shell, check) in [("zsh", "-n"), ("fish", "--no-execute"), ("bash", "-n")] {
        if find(shell).is_none() {
            not_run(&format!("{shell} is not installed"));
            continue;
        }
        let script = Command::new(ours("emperorctl")).args(["completion", shell]).output();
        let script = script.expect("emperorctl runs").stdout;
        let dir = tests::Dir::new();
        let path = dir.write("script", &script);
        let output = Command::new(shell).arg(check).arg(&path).output().expect("the shell runs");
        assert!(output.status.success(), "{shell}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
