//! Real files, when they are there: every finding was judged by hand once, and `corpus.golden`
//! keeps the verdicts. A finding that is new is either true or a defect; look before renewing
//! the file with `UPDATE_GOLDEN=1`.
//!
//! Files go by their number in the alphabet: their names are people's.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tests::{Dir, Subject, not_run, only};

use super::run;

const HERE: &str = env!("CARGO_MANIFEST_DIR");
/// What depends on the machine, or on how far the server is built, is not kept.
const ELSEWHERE: [&str; 7] = [
    "accepted-option",
    "include",
    "listen-queue",
    "refused-option",
    "unknown-user",
    "unset-variable",
    "unsupported-option",
];

#[test]
fn real_files_have_no_finding_that_was_not_judged() {
    if !only(Subject::Ours) {
        return;
    }
    let corpus = std::env::var_os("TESTS_CORPUS")
        .map_or_else(|| Path::new(HERE).join("../../shared/corpus/ini"), PathBuf::from);
    let Ok(entries) = fs::read_dir(&corpus) else {
        return not_run("the collection of real files is not here");
    };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    let dir = Dir::new();
    let mut names = Vec::new();
    for (number, file) in files.iter().enumerate() {
        // the same rights everywhere, and no name that a magic variable could show
        let name = format!("{:03}.ini", number + 1);
        dir.write(&name, fs::read(file).expect("it can be read"));
        names.push(name);
    }
    let words = ["--check", "--format", "json"].into_iter().map(str::to_owned).chain(names);
    let said = run(&dir, "vassal", &words.collect::<Vec<_>>(), "");
    let document: Value = serde_json::from_str(&said.out).expect("a document");
    let mut found = String::new();
    for file in document["files"].as_array().expect("a list") {
        let mut lines: BTreeMap<String, usize> = BTreeMap::new();
        for one in file["findings"].as_array().expect("a list") {
            let word = |key: &str| one[key].as_str().unwrap_or("-").to_owned();
            let place = |key: &str| one[key].as_u64().unwrap_or(0);
            if !ELSEWHERE.contains(&word("rule").as_str()) {
                let (line, column) = (place("line"), place("column"));
                let text = format!("{line:>4}:{column:<3} {} {}", word("severity"), word("rule"));
                *lines.entry(text).or_default() += 1;
            }
        }
        for (line, times) in lines {
            let name = file["file"].as_str().unwrap_or("?").trim_end_matches(".ini");
            let more = if times > 1 { format!(" x{times}") } else { String::new() };
            writeln!(found, "{name} {line}{more}").expect("text grows");
        }
    }
    let golden = Path::new(HERE).join("check/corpus.golden");
    if std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| !value.is_empty()) {
        fs::write(&golden, &found).expect("the golden file can be written");
    }
    let wanted = fs::read_to_string(&golden).unwrap_or_default();
    let differ = |one: &str, other: &str| {
        one.lines()
            .filter(|line| !other.lines().any(|same| same == *line))
            .collect::<Vec<_>>()
            .join("\n")
    };
    let (new, gone) = (differ(&found, &wanted), differ(&wanted, &found));
    assert!(found == wanted, "new:\n{new}\ngone:\n{gone}");
}
