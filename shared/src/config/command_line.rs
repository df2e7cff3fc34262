//! A uWSGI command line: GNU-style options anywhere, files behind them.
//!
//! `--option value`, `--option=value`, unambiguous abbreviations, clusters of letters with a
//! joined value (`-Mp4`), `--` before what is no option. Options act in their order; files
//! named without an option are read after all of them.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::finding::{Finding, Origin};
use crate::option::{self, Arity, Kind, Row};

use super::include;
use super::loader::Loader;
use super::scheme::{self, Target};

/// Variables of the environment that are no options.
const NOT_OPTIONS: &[&str] = &[
    "UWSGI_RELOADS",
    "UWSGI_VASSALS_DIR",
    "UWSGI_EMPEROR_FD",
    "UWSGI_EMPEROR_FD_CONFIG",
    "UWSGI_EMPEROR_PROXY",
    "UWSGI_BROODLORD_NUM",
    "UWSGI_JAIL_PID",
    "UWSGI_ORIGINAL_PROC_NAME",
];

/// Characters that word processors and web pages make of hyphens.
const DASHES: &[char] = &[
    '\u{2010}', '\u{2011}', '\u{2012}', '\u{2013}', '\u{2014}', '\u{2015}', '\u{2212}', '\u{fe58}',
    '\u{fe63}', '\u{ff0d}',
];

/// The options whose value is a configuration that is read.
const FILE_OPTIONS: [&str; 9] =
    ["config", "include", "inherit", "ini", "inject-after", "inject-before", "json", "xml", "yaml"];

/// What one argument means, or several of them.
#[derive(Debug)]
enum Word<'a> {
    /// An option with the spelling that was meant and its value.
    Option(&'static Row, &'static str, Option<&'a str>),
    /// One that may go without a value, and does.
    Bare(&'static Row, &'static str),
    /// A file named without an option.
    File(&'a str),
    /// Nothing that can be read.
    Wrong(Finding),
}

/// The files that `UWSGI_*` variables and a command line name as configurations, in the order in
/// which they are read; what only the files themselves name is not among them.
pub fn files(environment: &[(OsString, OsString)], args: &[OsString]) -> Vec<PathBuf> {
    let names = |row: Option<&Row>| row.is_some_and(|row| FILE_OPTIONS.contains(&row.name));
    let mut found: Vec<&str> = variables(environment)
        .filter_map(|(_, key, value)| names(option::find(&key)).then_some(value))
        .collect();
    let mut last = Vec::new();
    for word in words(args) {
        match word {
            Word::Option(row, _, Some(value)) if names(Some(row)) => found.push(value),
            Word::File(file) if is_configuration(file) => last.push(PathBuf::from(file)),
            Word::Option(..) | Word::Bare(..) | Word::File(_) | Word::Wrong(_) => {}
        }
    }
    let file = |text: &str| match scheme::target(include::split(text).0) {
        Target::File(file) if !file.is_empty() => Some(PathBuf::from(file)),
        _ => None,
    };
    found.into_iter().filter_map(file).chain(last).collect()
}

/// The option that names a file of this kind on uWSGI's command line.
pub fn option_of(file: &Path) -> &'static str {
    match file.extension().and_then(OsStr::to_str) {
        Some("ini") => "--ini",
        Some("xml") => "--xml",
        Some("yml" | "yaml") => "--yaml",
        Some("js" | "json") => "--json",
        Some(_) => "--config",
        None => "--inherit",
    }
}

/// The arguments that have a file read that is called so: uWSGI's own language where the name
/// says no other.
pub fn naming(file: &Path, called: &Path) -> [OsString; 2] {
    let option = match option_of(called) {
        "--config" | "--inherit" => "--ini",
        option => option,
    };
    [option.into(), file.into()]
}

/// Options from `UWSGI_SOME_NAME` variables. `UWSGI_VASSAL_*` are for an Emperor's vassals.
pub(super) fn environment(loader: &mut Loader<'_>) {
    let world = loader.world;
    for (name, key, value) in variables(&world.environment) {
        loader.add(&key, value, &Origin::Environment(name.to_owned()), false);
    }
}

/// The variables that are options: name, option, value.
fn variables(environment: &[(OsString, OsString)]) -> impl Iterator<Item = (&str, String, &str)> {
    environment.iter().filter_map(|(name, value)| {
        let (name, value) = (name.to_str()?, value.to_str()?);
        let rest = name.strip_prefix("UWSGI_")?;
        let none = NOT_OPTIONS.contains(&name) || rest.is_empty() || rest.starts_with("VASSAL_");
        (!none).then(|| (name, rest.to_ascii_lowercase().replace('_', "-"), value))
    })
}

/// Reads the arguments, then the files among them.
pub(super) fn arguments(loader: &mut Loader<'_>, args: &[OsString]) {
    let mut files: Vec<&str> = Vec::new();
    for word in words(args) {
        match word {
            Word::Option(row, given, value) => give(loader, row, given, value),
            Word::Bare(row, given) => bare(loader, row, given),
            Word::File(file) => files.push(file),
            Word::Wrong(finding) => loader.findings.push(finding),
        }
    }
    for file in files {
        positional(loader, file);
    }
}

/// What the arguments mean, before anything acts.
fn words(args: &[OsString]) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut only_files = false;
    let mut rest = args.iter();
    while let Some(argument) = rest.next() {
        let Some(text) = argument.to_str() else {
            words.push(wrong("an argument is not valid UTF-8"));
            continue;
        };
        let mut next = Next { rest: &mut rest };
        if only_files || !text.starts_with('-') && !text.starts_with(DASHES) || text == "-" {
            words.push(Word::File(text));
        } else if text == "--" {
            only_files = true;
        } else if let Some(meant) = typographic(text) {
            let shown: String = text.chars().take(64).collect();
            let message = format!("\"{shown}\" starts with a typographic dash: write \"{meant}\"");
            words.push(wrong(&message));
        } else if let Some(long) = text.strip_prefix("--") {
            words.push(long_option(long, &mut next));
        } else {
            letters(&mut words, &text[1..], &mut next);
        }
    }
    words
}

fn wrong<'a>(message: &str) -> Word<'a> {
    Word::Wrong(Finding::error(Some(Origin::CommandLine), None, message))
}

/// The arguments that follow, for options that take one.
struct Next<'a, 'b> {
    rest: &'a mut std::slice::Iter<'b, OsString>,
}

impl<'b> Next<'_, 'b> {
    fn take(&mut self) -> Option<&'b str> {
        self.rest.next().and_then(|argument| argument.to_str())
    }

    /// The next argument when it can only be the value of an option that may go without one.
    fn take_number(&mut self) -> Option<&'b str> {
        let text = self.rest.as_slice().first()?.to_str()?;
        let number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if number { self.take() } else { None }
    }
}

/// The right spelling of an option that starts with a pasted dash.
fn typographic(text: &str) -> Option<String> {
    let name = text.trim_start_matches('-').trim_start_matches(DASHES);
    let name = name.trim_start_matches(|c| c == '-' || DASHES.contains(&c));
    let lead = &text[..text.len() - name.len()];
    if !lead.contains(DASHES) {
        return None;
    }
    let name: String = name.chars().take(64).collect();
    let key = name.split('=').next().unwrap_or_default();
    let dashes = if key.chars().count() == 1 && option::find(key).is_none() { "-" } else { "--" };
    Some(format!("{dashes}{name}"))
}

fn long_option<'a>(text: &'a str, next: &mut Next<'_, 'a>) -> Word<'a> {
    let (name, joined) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (text, None),
    };
    let (row, given) = match resolve(name) {
        Ok(found) => found,
        Err(finding) => return Word::Wrong(finding),
    };
    let value = match joined {
        Some(value) => Some(value),
        None if row.arity == Arity::None => Some("true"),
        None if row.optional => match next.take_number() {
            Some(value) => Some(value),
            None => return Word::Bare(row, given),
        },
        None => next.take(),
    };
    Word::Option(row, given, value)
}

fn letters<'a>(words: &mut Vec<Word<'a>>, text: &'a str, next: &mut Next<'_, 'a>) {
    // the letters of a whole name are letters by accident
    let name = text.split('=').next().unwrap_or(text);
    if name.len() > 2 && option::find(name).is_some() {
        return words.push(wrong(&format!("\"-{name}\" has one dash: write \"--{name}\"")));
    }
    let mut rest = text.chars();
    while let Some(letter) = rest.next() {
        let Some(row) = option::find_short(letter) else {
            return words.push(wrong(&format!("unknown option -{letter}")));
        };
        if row.kind == Kind::Flag {
            words.push(Word::Option(row, row.name, Some("true")));
            continue;
        }
        let joined = rest.as_str();
        let value = match joined {
            "" if row.optional => match next.take_number() {
                Some(value) => Some(value),
                None => return words.push(Word::Bare(row, row.name)),
            },
            "" => next.take(),
            _ => Some(joined),
        };
        return words.push(Word::Option(row, row.name, value));
    }
}

/// An option that may go without a value, and does: listed as true, it means 1.
fn bare(loader: &mut Loader<'_>, row: &Row, given: &str) {
    if row.name == "exit" {
        return give(loader, row, given, Some("1"));
    }
    let before = loader.entries.len();
    give(loader, row, given, Some("true"));
    if row.kind != Kind::Flag && loader.entries.len() == before + 1 {
        loader.means("1".to_owned());
    }
}

fn give(loader: &mut Loader<'_>, row: &Row, given: &str, value: Option<&str>) {
    match value {
        Some(value) => loader.add(given, value, &Origin::CommandLine, false),
        None => complain(loader, Some(row.name), "this option needs a value"),
    }
}

/// The option of a name or of an abbreviation.
fn resolve(name: &str) -> Result<(&'static Row, &'static str), Finding> {
    let spelling = |row: &'static Row| row.names().find(|known| *known == name).unwrap_or(row.name);
    if let Some(row) = option::find(name) {
        return Ok((row, spelling(row)));
    }
    let shown: String = name.chars().take(64).collect();
    let error = |message: String| Finding::error(Some(Origin::CommandLine), None, message);
    let started = if name.is_empty() { Vec::new() } else { option::starting_with(name) };
    match started.as_slice() {
        [row] => Ok((row, spelling(row))),
        [] => {
            let finding = error(format!("unknown option \"--{shown}\""));
            Err(match option::near(name) {
                Some(near) => finding.meant(format!("--{near}")),
                None => finding,
            })
        }
        several => {
            let names: Vec<_> =
                several.iter().take(5).map(|row| format!("--{}", row.name)).collect();
            Err(error(format!("\"--{shown}\" is ambiguous: {}", names.join(", "))))
        }
    }
}

fn positional(loader: &mut Loader<'_>, file: &str) {
    if is_configuration(file) {
        let proof = loader.proof();
        loader.file(Path::new(file), proof, true);
        return;
    }
    let shown: String = file.chars().take(128).collect();
    let extension = extension(file);
    let hint = match extension {
        "py" | "wsgi" => format!("; for an application write --wsgi-file {shown}"),
        _ if extension.starts_with("ini:") => format!("; for a section write --ini {shown}"),
        _ if file.contains(':') && !file.contains('/') => {
            format!("; for an application write --module {shown}")
        }
        _ => String::new(),
    };
    let message = format!("unable to load configuration from {shown}{hint}");
    complain(loader, None, &message);
}

/// Whether a file that is named without an option is a configuration.
fn is_configuration(file: &str) -> bool {
    matches!(extension(file), "ini" | "xml" | "yaml" | "yml" | "json" | "js")
}

fn extension(file: &str) -> &str {
    Path::new(file).extension().and_then(|extension| extension.to_str()).unwrap_or_default()
}

fn complain(loader: &mut Loader<'_>, option: Option<&str>, message: &str) {
    loader.findings.push(Finding::error(Some(Origin::CommandLine), option, message));
}
