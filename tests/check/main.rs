//! `vassal --check`, `emperorctl check`, `emperor --check`: what is said, in which form, with
//! which exit code, with whose rights, and how fast.

mod certificates;
mod corpus;
mod emperor;
mod form;
mod owners;
mod speed;
mod truth;

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use tests::Dir;
use tests::programs::ours;

/// What a check wrote, and how it ended.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

/// Runs one of our programs in the directory.
fn run<W: AsRef<OsStr>>(dir: &Dir, program: &str, words: &[W], input: &str) -> Said {
    run_program(dir, &ours(program), words, input)
}

/// Runs any program in the directory.
fn run_program<W: AsRef<OsStr>>(dir: &Dir, program: &Path, words: &[W], input: &str) -> Said {
    let mut child = Command::new(program)
        .args(words)
        .current_dir(dir.path())
        .env_remove("PORT")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program was built");
    let mut stdin = child.stdin.take().expect("it is a pipe");
    // one that does not read may be gone
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    Said {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).expect("text"),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// `vassal --check`.
fn check(dir: &Dir, words: &[&str]) -> Said {
    let words: Vec<&str> = ["--check"].iter().chain(words).copied().collect();
    run(dir, "vassal", &words, "")
}

/// The JSON form of a check.
fn json(dir: &Dir, words: &[&str]) -> Value {
    let words: Vec<&str> = ["--format", "json"].iter().chain(words).copied().collect();
    serde_json::from_str(&check(dir, &words).out).expect("a document")
}

/// The rules that found something in the document's file of this place.
fn rules(document: &Value, file: usize) -> Vec<&str> {
    let findings = document["files"][file]["findings"].as_array().expect("a list");
    findings.iter().filter_map(|one| one["rule"].as_str()).collect()
}
