//! Every option that an installed uWSGI knows is in the table, with the same letter and the same
//! need for an argument.
//!
//! Names and letters are what `--help` prints. Whether there is an argument is found out by
//! command lines that cannot start anything: an option that takes none complains about `=value`,
//! one that needs one complains when it stands last.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;

use shared::option::{self, Arity};
use tests::{Dir, Subject, not_run, note, only, programs};

/// Where Debian keeps the plugins.
const PLUGINS: &str = "/usr/lib/uwsgi/plugins";
/// Plugins that others need to be loaded before them.
const BASES: &[&str] = &["python3", "rack", "psgi", "jvm", "http", "python3,greenlet_python3"];
/// The value given to options: as a path it is nothing, as a number it is nobody.
const NOTHING: &str = "/nonexistent/value";

/// Options whose argument became optional after Debian's release.
const LATER: &[&str] = &["need-app"];

/// A program with its plugins, as it is asked.
struct Oracle<'a> {
    program: &'a Path,
    plugins: String,
    /// A directory of its own: some options write files.
    directory: &'a Path,
}

impl Oracle<'_> {
    /// Everything that it says to some arguments. A command line that runs on is stopped.
    fn ask(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("timeout");
        command.args(["-s", "KILL", "20"]).arg(self.program);
        if !self.plugins.is_empty() {
            command.args(["--plugins", &self.plugins]);
        }
        command.args(arguments).current_dir(self.directory).stdin(Stdio::null());
        // a stray signal must not reach the tests
        let output = command.process_group(0).output().expect("timeout is there");
        let said = [output.stdout, output.stderr].concat();
        String::from_utf8_lossy(&said).into_owned()
    }

    /// Names and letters of its options.
    fn help(&self) -> BTreeMap<String, Option<char>> {
        let said = self.ask(&["--help"]);
        let options = said.lines().filter_map(|line| {
            let word = line.strip_prefix("    ")?.split_whitespace().next()?;
            let (letter, name) = match word.split_once("|--") {
                Some((letter, name)) => (letter.strip_prefix('-')?.chars().next(), name),
                None => (None, word.strip_prefix("--")?),
            };
            Some((name.to_owned(), letter))
        });
        options.collect()
    }

    fn arity(&self, name: &str) -> Arity {
        let with = format!("--{name}={NOTHING}");
        if self.ask(&[&with, "--no-such-option"]).contains("doesn't allow an argument") {
            Arity::None
        } else if self.ask(&[&format!("--{name}")]).contains("requires an argument") {
            Arity::Required
        } else {
            Arity::Optional
        }
    }

    /// What the table says otherwise about these options.
    fn differences(&self, options: &BTreeMap<String, Option<char>>) -> Vec<String> {
        let left = Mutex::new(options.iter());
        let found = Mutex::new(Vec::new());
        let work = || {
            while let Some((name, letter)) = { left.lock().expect("nobody panicked").next() } {
                let wrong = self.difference(name, *letter);
                found.lock().expect("nobody panicked").extend(wrong);
            }
        };
        thread::scope(|scope| {
            scope.spawn(work);
            scope.spawn(work);
        });
        found.into_inner().expect("nobody panicked")
    }

    fn difference(&self, name: &str, letter: Option<char>) -> Option<String> {
        let Some(row) = option::find(name) else {
            return Some(format!("{name} is not in the table"));
        };
        if row.short != letter {
            return Some(format!("{name}: letter {letter:?}, in the table {:?}", row.short));
        }
        let arity = self.arity(name);
        if arity == Arity::None && LATER.contains(&name) {
            return (row.arity != Arity::Optional).then(|| format!("{name}: not optional"));
        }
        (row.arity != arity).then(|| format!("{name}: argument {arity:?}, not {:?}", row.arity))
    }
}

/// The plugins that are installed, each file once.
fn plugins() -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut names: Vec<(String, PathBuf)> = fs::read_dir(PLUGINS)
        .map(|entries| {
            let files = entries.flatten().map(|entry| entry.path());
            files
                .filter_map(|path| {
                    let name = path.file_name()?.to_str()?.strip_suffix("_plugin.so")?.to_owned();
                    Some((name, path.canonicalize().ok()?))
                })
                .collect()
        })
        .unwrap_or_default();
    names.sort();
    names.retain(|(name, path)| !name.is_empty() && seen.insert(path.clone()));
    names.into_iter().map(|(name, _)| name).collect()
}

#[test]
fn the_table_knows_every_option_of_debians_uwsgi_and_its_plugins() {
    if !only(Subject::Ours) {
        return;
    }
    let Some(program) = programs::find("uwsgi-core") else {
        return not_run("uwsgi-core is not installed");
    };
    let dir = Dir::new();
    let with = |plugins: &str| Oracle {
        program: &program,
        plugins: plugins.to_owned(),
        directory: dir.path(),
    };
    let core = with("").help();
    assert!(core.len() > 750, "{} options", core.len());
    let mut wrong = with("").differences(&core);
    let mut known: BTreeSet<String> = core.into_keys().collect();
    let mut broken = Vec::new();
    for plugin in plugins() {
        let bases = BASES.iter().map(|base| format!("{base},{plugin}"));
        let ways = std::iter::once(plugin.clone()).chain(bases);
        let loads = |way: &String| !with(way).ask(&["--help"]).contains("UNABLE to load");
        let Some(way) = ways.into_iter().find(loads) else {
            broken.push(plugin);
            continue;
        };
        let oracle = with(&way);
        let mut new = oracle.help();
        new.retain(|name, _| !known.contains(name));
        wrong.extend(oracle.differences(&new));
        known.extend(new.into_keys());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    note(&format!("{} names of Debian's uWSGI compared", known.len()));
    if !broken.is_empty() {
        not_run(&format!("plugins that cannot be loaded here: {}", broken.join(", ")));
    }
}

#[test]
fn the_table_knows_every_option_of_the_newest_uwsgi() {
    if !only(Subject::Ours) {
        return;
    }
    let program = std::env::var_os("TESTS_UWSGI")
        .map_or_else(|| crate::repository().join("target/uwsgi-pypi/bin/uwsgi"), PathBuf::from);
    if !program.is_file() {
        return not_run("PyPI's uWSGI is missing: tests/run builds it where it can");
    }
    let dir = Dir::new();
    let oracle = Oracle { program: &program, plugins: String::new(), directory: dir.path() };
    let options = oracle.help();
    assert!(options.len() > 950, "{} options", options.len());
    let wrong = oracle.differences(&options);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let version = oracle.ask(&["--version"]);
    note(&format!("{} names of uWSGI {} compared", options.len(), version.trim()));
}
