//! Shows that the named test of each option proves it: the test passes as everything is, and
//! fails when the option has no effect. `tests/run --ablation [FILTER...]` builds and runs it.
//!
//! A filter is a part of an option's or of a test's name. Ends with 1 when a test proves nothing,
//! with 3 when some could not be run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use shared::option::proof::PROOFS;
use tests::{Proof, until};

/// The longest that one test may take.
const LIMIT: Duration = Duration::from_mins(2);
/// How many tests run at a time; most of them wait.
const JOBS: usize = 4;

/// The exit code when nothing is wrong, but some tests cannot run here and prove nothing.
const NOT_ALL: u8 = 3;

/// How a test ended.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Passed,
    /// It does not run here, and says why.
    NotRun(String),
    /// With the first line of its panic.
    Failed(String),
    /// There is no such test, or it cannot be started.
    Missing(String),
}

/// One run of a test.
#[derive(Clone, Copy, Debug)]
struct Job<'a> {
    test: &'a str,
    /// The option without effect.
    without: Option<&'a str>,
}

fn main() -> ExitCode {
    let filters: Vec<String> = std::env::args().skip(1).collect();
    let wanted = |one: &&(&'static str, &'static str)| {
        let named = |filter: &String| one.0.contains(filter) || one.1.contains(filter);
        filters.is_empty() || filters.iter().any(named)
    };
    let proofs: Vec<_> = PROOFS.iter().filter(wanted).copied().collect();
    let programs = match programs() {
        Ok(programs) => programs,
        Err(error) => {
            eprintln!("the test programs cannot be built: {error}");
            return ExitCode::FAILURE;
        }
    };
    let tests: BTreeSet<&str> = proofs.iter().map(|(_, test)| *test).collect();
    let mut jobs: Vec<Job> = tests.into_iter().map(|test| Job { test, without: None }).collect();
    let whole = run_all(&programs, &jobs);
    let whole: BTreeMap<&str, Outcome> = jobs.iter().map(|job| job.test).zip(whole).collect();

    jobs = proofs.iter().map(|(option, test)| Job { test, without: Some(option) }).collect();
    jobs.retain(|job| whole.get(job.test) == Some(&Outcome::Passed));
    let without = run_all(&programs, &jobs);
    let without: BTreeMap<&str, Outcome> =
        jobs.iter().filter_map(|job| job.without).zip(without).collect();
    report(&proofs, &whole, &without)
}

/// Prints the table; whether every test proves its option.
fn report(
    proofs: &[(&str, &str)],
    whole: &BTreeMap<&str, Outcome>,
    without: &BTreeMap<&str, Outcome>,
) -> ExitCode {
    let (mut proven, mut not_run, mut wrong) = (0, 0, 0);
    println!("{:<28} {:<10} test, and how it fails without the option", "option", "verdict");
    for (option, test) in proofs {
        let (verdict, why) = match (whole.get(test), without.get(option)) {
            (Some(Outcome::Passed), Some(Outcome::Failed(why))) => ("proven", why.clone()),
            (Some(Outcome::Passed), Some(Outcome::NotRun(why)))
            | (Some(Outcome::NotRun(why)), _) => ("not run", why.clone()),
            (Some(Outcome::Passed), _) => ("NOT PROVEN", "it passes without the option".to_owned()),
            (Some(Outcome::Failed(why)), _) => ("BROKEN", format!("it fails anyway: {why}")),
            (Some(Outcome::Missing(why)), _) => ("MISSING", why.clone()),
            (None, _) => ("MISSING", "it was not run".to_owned()),
        };
        match verdict {
            "proven" => proven += 1,
            "not run" => not_run += 1,
            _ => wrong += 1,
        }
        println!("{option:<28} {verdict:<10} {test}\n{:<39} {why}", "");
    }
    println!("\n{proven} proven, {not_run} not run, {wrong} wrong");
    match (wrong, not_run) {
        (0, 0) => ExitCode::SUCCESS,
        (0, _) => NOT_ALL.into(),
        (_, _) => ExitCode::FAILURE,
    }
}

/// Runs jobs, some at a time; their outcomes in the same order.
fn run_all(programs: &BTreeMap<String, Program>, jobs: &[Job]) -> Vec<Outcome> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..JOBS {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(at) else { return };
                    let outcome = run(programs, *job);
                    let option = job.without.map_or_else(String::new, |name| format!(" -{name}"));
                    eprintln!("[{}/{}] {}{option}: {outcome:?}", at + 1, jobs.len(), job.test);
                    done.lock().expect("no job panics with the lock").insert(at, outcome);
                }
            });
        }
    });
    done.into_inner().expect("no job panics with the lock").into_values().collect()
}

fn run(programs: &BTreeMap<String, Program>, job: Job) -> Outcome {
    let proof = Proof::of(job.test);
    let Some(program) = programs.get(&proof.target()) else {
        return Outcome::Missing(format!("there is no test program {}", proof.target()));
    };
    match run_in(program, proof.path, job.without) {
        Ok((success, text)) => judge(success, &text),
        Err(error) => Outcome::Missing(format!("{}: {error}", program.path.display())),
    }
}

/// What a test program's end and words mean.
fn judge(success: bool, text: &str) -> Outcome {
    if !text.contains("running 1 test\n") {
        return Outcome::Missing("there is no test of this name".to_owned());
    }
    if !success {
        let mut lines = text.lines().skip_while(|line| !line.contains("panicked at "));
        let said = lines.nth(1).unwrap_or("it did not end in time").trim();
        return Outcome::Failed(said.chars().take(120).collect());
    }
    // the process tests and the daemon's own say it so, behind what the harness wrote already
    let said = text.lines().find_map(|line| {
        let line = line.split_once(" ... ").map_or(line, |(_, said)| said);
        line.strip_prefix("not run: ")
    });
    said.map_or(Outcome::Passed, |why| Outcome::NotRun(why.to_owned()))
}

/// Runs one test; whether it passed, and what it wrote.
fn run_in(program: &Program, test: &str, without: Option<&str>) -> io::Result<(bool, String)> {
    let mut log = tempfile::tempfile()?;
    let mut command = Command::new(&program.path);
    command
        .args(["--exact", test, "--test-threads=1", "--nocapture"])
        .current_dir(&program.directory)
        .env("RUST_BACKTRACE", "0")
        .env_remove("EMPEROR_WITHOUT_OPTION")
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log.try_clone()?);
    if let Some(option) = without {
        command.env("EMPEROR_WITHOUT_OPTION", option);
    }
    let mut child = command.spawn()?;
    let ended = until(LIMIT, || !matches!(child.try_wait(), Ok(None)));
    if !ended {
        child.kill()?;
    }
    let success = child.wait()?.success();
    Ok((success && ended, read(&mut log)?))
}

fn read(log: &mut File) -> io::Result<String> {
    let mut bytes = Vec::new();
    log.rewind()?;
    log.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A built test program.
#[derive(Clone, Debug)]
struct Program {
    path: PathBuf,
    /// Where its tests expect to be run.
    directory: PathBuf,
}

/// Builds the test programs; `CRATE` or `CRATE/TARGET` with each.
fn programs() -> io::Result<BTreeMap<String, Program>> {
    let packages = ["shared", "vassal", "emperor", "tests"];
    let output = Command::new(env!("CARGO"))
        .args(["test", "--no-run", "--message-format=json", "--features", "shared/ablation"])
        .args(packages.iter().flat_map(|package| ["--package", package]))
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(io::Error::other("cargo failed"));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let messages = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    Ok(messages.filter_map(|message| program(&message)).collect())
}

/// The test program of one of cargo's messages.
fn program(message: &Value) -> Option<(String, Program)> {
    let path = message["executable"].as_str()?;
    if message["profile"]["test"] != true {
        return None;
    }
    let directory = Path::new(message["manifest_path"].as_str()?).parent()?;
    let package = directory.file_name()?.to_str()?;
    let name = match message["target"]["kind"][0].as_str()? {
        "lib" => package.to_owned(),
        "test" => format!("{package}/{}", message["target"]["name"].as_str()?),
        _ => return None,
    };
    Some((name, Program { path: path.into(), directory: directory.to_owned() }))
}

#[cfg(test)]
mod judging {
    use super::*;

    #[test]
    fn a_test_that_was_not_run_has_not_passed() {
        let said = |line: &str| judge(true, &format!("running 1 test\n{line}\n"));
        assert_eq!(said("test a::b ... ok"), Outcome::Passed);
        let not_run = Outcome::NotRun("a::b: no root".into());
        assert_eq!(said("not run: a::b: no root\ntest a::b ... ok"), not_run);
        // with one thread the harness has begun its line
        assert_eq!(said("test a::b ... not run: a::b: no root\nok"), not_run);
        assert!(matches!(judge(false, "running 1 test\n"), Outcome::Failed(_)));
        assert!(matches!(judge(true, "running 0 tests\n"), Outcome::Missing(_)));
    }
}
