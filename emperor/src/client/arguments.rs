//! The words of `emperorctl`.

use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

use shared::option::man::{escaped, prose};

use crate::vassal::name::nearest;

use super::completion::Shell;
use super::import::{Request, Source};

/// How long verbs wait, unless said otherwise.
const WAIT: Duration = Duration::from_secs(10);

/// What is wanted.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) socket: PathBuf,
    pub(super) output: Output,
    pub(super) call: Call,
}

/// For whom the answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    Table,
    Json,
}

/// One call.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Call {
    Help,
    List,
    Show {
        app: String,
        whole: bool,
    },
    Logs {
        app: String,
        lines: u32,
    },
    Act {
        verb: Verb,
        app: String,
        wait: Option<Duration>,
    },
    Import(Request),
    Completion(Shell),
    /// Words for `vassal --check`, which knows them.
    Check(Vec<String>),
}

/// What can be done to an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Reload,
    Stop,
    Start,
}

impl Verb {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Reload => "reload",
            Self::Stop => "stop",
            Self::Start => "start",
        }
    }
}

pub(super) const VERBS: [&str; 11] = [
    "status",
    "list",
    "show",
    "reload",
    "stop",
    "start",
    "logs",
    "check",
    "import",
    "completion",
    "help",
];

/// Every command: how it is written, what it does. Help and the manual page show it.
const COMMANDS: [(&str, &str); 10] = [
    ("status [APP]", "how everything, or one app, is doing"),
    ("list", "the same for everything"),
    ("show APP", "everything that is known of one app"),
    ("reload APP [--wait 10s]", "a new generation; the old one goes when it answers"),
    ("stop APP [--wait 10s]", "stop, and stay stopped"),
    ("start APP [--wait 10s]", "start what was stopped or waits"),
    ("logs APP [-n 100]", "the last lines that it wrote"),
    ("check [-o FORMAT] FILE...", "what is wrong with files, before anybody runs them"),
    (
        "import supervisor|gunicorn|fpm|unit [--command LINE] [--to DIR [--force]] [FILE]",
        "files for this server from those of another; names what is left",
    ),
    ("completion bash|zsh|fish", "a script that completes the words of this command"),
];

/// `emperorctl help`.
pub(super) fn help() -> String {
    let mut text = "usage: emperorctl [--socket PATH] [-o table|json] COMMAND\n\n".to_owned();
    for (usage, what) in COMMANDS {
        if usage.len() > 29 {
            let _ = write!(text, "  {usage}\n  {:<29} {what}\n", "");
        } else {
            let _ = writeln!(text, "  {usage:<29} {what}");
        }
    }
    text.push_str(
        "
APP is the name of the file, or the name without its extension. --no-wait returns at once.
Exit codes: 0 done, 1 failed, 2 usage, 3 not running, 4 no such app, 5 configuration refused,
6 timed out, 7 not allowed.
",
    );
    text
}

/// The commands for the manual page.
pub(super) fn manual() -> String {
    let mut text = String::new();
    for (usage, what) in COMMANDS {
        let (verb, rest) = usage.split_once(' ').unwrap_or((usage, ""));
        let _ = writeln!(text, ".TP\n\\fB{verb}\\fR {}\n{}.", escaped(rest), prose(what));
    }
    text
}

/// Reads the command line; the error says what to write instead.
pub(super) fn parse(arguments: &[String], socket: PathBuf) -> Result<Wanted, String> {
    let mut wanted = Wanted { socket, output: Output::Table, call: Call::Help };
    let mut words = Vec::new();
    let (mut wait, mut lines) = (Some(WAIT), 100);
    let mut importing = Request::default();
    let mut rest = arguments.iter();
    while let Some(word) = rest.next() {
        if word == "check" && words.is_empty() {
            let output = (wanted.output == Output::Json).then_some("--format=json".to_owned());
            let rest = rest.cloned();
            wanted.call = Call::Check(output.into_iter().chain(rest).collect());
            return Ok(wanted);
        }
        let (name, joined) = match word.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name, Some(value.to_owned())),
            Some(_) | None => (word.as_str(), None),
        };
        let mut value = |what: &str| {
            joined
                .clone()
                .or_else(|| rest.next().cloned())
                .ok_or_else(|| format!("{name} wants {what}"))
        };
        match name {
            "--socket" | "-s" => wanted.socket = value("a path")?.into(),
            "--output" | "-o" => {
                wanted.output = match value("table or json")?.as_str() {
                    "table" | "wide" => Output::Table,
                    "json" => Output::Json,
                    other => return Err(format!("-o: expected table or json, found {other:?}")),
                }
            }
            "--wait" | "-w" => wait = Some(duration(&value("a time like 10s")?)?),
            "--no-wait" => wait = None,
            "--lines" | "-n" => {
                let text = value("a number")?;
                lines =
                    text.parse().map_err(|_| format!("-n: expected a number, found {text:?}"))?;
            }
            "--to" => importing.to = Some(value("a directory")?.into()),
            "--force" => importing.force = true,
            "--command" => importing.command = Some(value("a command line")?),
            "--as" => importing.called = Some(value("a path")?.into()),
            "-" => words.push(word.clone()),
            "--help" | "-h" => words.push("help".to_owned()),
            other if other.starts_with('-') => return Err(format!("unknown option {other}")),
            _ => words.push(word.clone()),
        }
    }
    wanted.call = match words.split_first() {
        Some((verb, words)) if verb == "import" => Call::Import(import(words, importing)?),
        Some((verb, words)) if verb == "completion" => Call::Completion(shell(words)?),
        Some(_) | None => call(&words, wait, lines)?,
    };
    Ok(wanted)
}

/// `import SOURCE [FILE]`.
fn import(words: &[String], request: Request) -> Result<Request, String> {
    let all = || Source::ALL.map(Source::as_str);
    let Some((word, rest)) = words.split_first() else {
        return Err(format!("import wants one of {}, and a file", all().join(", ")));
    };
    let Some(source) = Source::ALL.into_iter().find(|source| source.as_str() == word) else {
        let near = nearest(word, all()).map_or(String::new(), |n| format!("; did you mean {n:?}?"));
        return Err(format!("import: expected one of {}, found {word:?}{near}", all().join(", ")));
    };
    let file = match rest {
        [] if source == Source::Gunicorn && request.command.is_some() => None,
        [] => return Err("import wants a file, or - for standard input".into()),
        [file] => Some(file.into()),
        [.., last] => return Err(format!("import: {last:?} is too much")),
    };
    if request.command.is_some() && source != Source::Gunicorn {
        return Err("--command is the command line of gunicorn".into());
    }
    if request.force && request.to.is_none() {
        return Err("--force is for --to".into());
    }
    Ok(Request { source, file, ..request })
}

/// `completion SHELL`.
fn shell(words: &[String]) -> Result<Shell, String> {
    match words {
        [word] => Shell::of(word)
            .ok_or_else(|| format!("completion: expected bash, zsh or fish, found {word:?}")),
        _ => Err("completion wants the name of a shell: bash, zsh or fish".into()),
    }
}

fn call(words: &[String], wait: Option<Duration>, lines: u32) -> Result<Call, String> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let act = |verb, app: &str| Call::Act { verb, app: app.to_owned(), wait };
    Ok(match words.as_slice() {
        [] | ["help", ..] => Call::Help,
        ["status" | "list"] => Call::List,
        ["status", app] => Call::Show { app: (*app).to_owned(), whole: false },
        ["show", app] => Call::Show { app: (*app).to_owned(), whole: true },
        ["reload", app] => act(Verb::Reload, app),
        ["stop", app] => act(Verb::Stop, app),
        ["start", app] => act(Verb::Start, app),
        ["logs", app] => Call::Logs { app: (*app).to_owned(), lines },
        [verb] if VERBS.contains(verb) => return Err(format!("{verb} wants the name of an app")),
        [verb, .., last] if VERBS.contains(verb) => {
            return Err(format!("{verb}: {last:?} is too much"));
        }
        [verb, ..] => {
            return Err(match nearest(verb, VERBS) {
                Some(near) => format!("unknown command {verb:?}; did you mean {near:?}?"),
                None => format!("unknown command {verb:?}; see emperorctl help"),
            });
        }
    })
}

/// `10`, `10s`, `500ms`, `2m`.
fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|unit: char| unit.is_ascii_alphabetic());
    let wrong = || format!("expected a time like 10s, found {text:?}");
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    match &text[digits.len()..] {
        "" | "s" => Ok(Duration::from_secs(number)),
        "ms" => Ok(Duration::from_millis(number)),
        "m" => Ok(Duration::from_secs(number.saturating_mul(60))),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Wanted, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        parse(&words, "/run/x.sock".into())
    }

    #[test]
    fn calls_are_read_with_their_options_anywhere() {
        let wait = |time| Call::Act { verb: Verb::Reload, app: "a".into(), wait: time };
        for (line, want) in [
            ("status", Call::List),
            ("-o json list", Call::List),
            ("status a", Call::Show { app: "a".into(), whole: false }),
            ("reload a", wait(Some(WAIT))),
            ("reload a --wait 3s", wait(Some(Duration::from_secs(3)))),
            ("--wait=500ms reload a", wait(Some(Duration::from_millis(500)))),
            ("reload --no-wait a", wait(None)),
            ("logs a -n 5", Call::Logs { app: "a".into(), lines: 5 }),
            ("-o json check -o sarif a.ini b", {
                let words = ["--format=json", "-o", "sarif", "a.ini", "b"];
                Call::Check(words.map(str::to_owned).to_vec())
            }),
            (
                "import gunicorn --command=x --to d",
                Call::Import(Request {
                    source: Source::Gunicorn,
                    command: Some("x".into()),
                    to: Some("d".into()),
                    ..Request::default()
                }),
            ),
            (
                "import unit -",
                Call::Import(Request {
                    source: Source::Unit,
                    file: Some("-".into()),
                    ..Request::default()
                }),
            ),
            ("completion fish", Call::Completion(Shell::Fish)),
            ("", Call::Help),
        ] {
            assert_eq!(read(line).map(|wanted| wanted.call), Ok(want), "{line}");
        }
    }

    #[test]
    fn mistakes_are_answered_with_what_was_probably_meant() {
        for (line, part) in [
            ("statsu", "\"status\""),
            ("relaod a", "\"reload\""),
            ("reload", "wants the name"),
            ("reload a b", "too much"),
            ("logs a -n many", "number"),
            ("--colour list", "--colour"),
            ("-o xml list", "json"),
            ("import", "supervisor"),
            ("import gunicron x", "\"gunicorn\""),
            ("import fpm", "wants a file"),
            ("import fpm a b", "too much"),
            ("import fpm a --force", "--to"),
            ("completion csh", "zsh"),
        ] {
            let error = read(line).unwrap_err();
            assert!(error.contains(part), "{line}: {error}");
        }
    }
}
