//! Command lines of other programs: their words, and which server of applications they start.

use super::site::{Left, Origins, Place};

/// The longest command line.
const LENGTH_MAX: usize = 64 * 1024;

/// What a command line starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Program {
    Gunicorn,
    Uwsgi,
    Waitress,
    /// A server of ASGI applications.
    Asgi,
    /// A development server.
    Development,
    Other,
}

/// A command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Command {
    pub(super) program: Program,
    /// The words behind the program.
    pub(super) rest: Vec<String>,
    /// The virtual environment of the program.
    pub(super) home: Option<String>,
    /// Where a shell went before.
    pub(super) directory: Option<String>,
    /// Variables that were set for it.
    pub(super) environment: Vec<(String, String)>,
    /// Programs around it.
    wrappers: Vec<String>,
}

impl Command {
    /// What stands around the program and is not carried over.
    pub(super) fn left(&self, place: &Place) -> impl Iterator<Item = Left> {
        self.wrappers.iter().map(move |one| {
            let why = "a program around the server: nothing of it is started here";
            Origins::new(place.clone(), one, one).left(why)
        })
    }
}

/// Splits text into words as a shell does; comments are not a part of command lines.
pub(super) fn words(text: &str) -> Result<Vec<String>, &'static str> {
    if text.len() > LENGTH_MAX {
        return Err("too long for a command line");
    }
    // a word that starts with # would be taken for a comment
    if text.starts_with('#') || [" #", "\t#", "\n#"].iter().any(|mark| text.contains(mark)) {
        return Err("a word that starts with #");
    }
    shlex::split(text).ok_or("a quote that does not end")
}

/// Reads a command line, through shells and programs around the server.
pub(super) fn command(text: &str) -> Result<Command, &'static str> {
    let mut words = words(text)?;
    let mut command = Command {
        program: Program::Other,
        rest: Vec::new(),
        home: None,
        directory: None,
        environment: Vec::new(),
        wrappers: Vec::new(),
    };
    // each turn takes words away or goes into a shell, which only happens once
    let mut shells = 0;
    loop {
        let Some(first) = words.first().cloned() else { return Err("no program") };
        if let Some((name, value)) = variable(&first) {
            command.environment.push((name.to_owned(), value.to_owned()));
            words.remove(0);
            continue;
        }
        match base(&first) {
            "exec" | "env" | "command" | "nohup" => {
                words.remove(0);
            }
            "sh" | "bash" | "dash" if shells == 0 => {
                shells += 1;
                words = shell(&words, &mut command)?;
            }
            "newrelic-admin"
            | "poetry"
            | "pipenv"
            | "uv"
            | "opentelemetry-instrument"
            | "ddtrace-run" => {
                let run = words.get(1).is_some_and(|word| word == "run" || word == "run-program");
                let taken: Vec<String> = words.drain(..=usize::from(run)).collect();
                command.wrappers.push(taken.join(" "));
            }
            name if name.starts_with("python") => {
                command.home = home(&first);
                words.remove(0);
                while words.first().is_some_and(|word| word == "-u" || word == "-O") {
                    words.remove(0);
                }
                if words.first().is_some_and(|word| word == "-m") {
                    words.remove(0);
                } else if words.first().is_some_and(|word| base(word) == "manage.py") {
                    let server = words.get(1).is_some_and(|word| word == "runserver");
                    let program = if server { Program::Development } else { Program::Other };
                    return Ok(Command { program, rest: words, ..command });
                } else if !words.first().is_some_and(|word| word.ends_with("/gunicorn")) {
                    return Ok(Command { rest: words, ..command });
                }
            }
            name => {
                let program = match name {
                    "gunicorn" | "gunicorn3" => Program::Gunicorn,
                    "waitress-serve" | "waitress" => Program::Waitress,
                    "uvicorn" | "hypercorn" | "daphne" | "granian" => Program::Asgi,
                    "flask" => Program::Development,
                    name if name == "uwsgi" || name.starts_with("uwsgi-") => Program::Uwsgi,
                    _ => Program::Other,
                };
                command.home = command.home.or_else(|| home(&first));
                let rest = words.split_off(1);
                return Ok(Command { program, rest, ..command });
            }
        }
    }
}

/// `bash -c 'cd X && . venv/bin/activate && exec Y'`.
fn shell(words: &[String], command: &mut Command) -> Result<Vec<String>, &'static str> {
    const SCRIPT: &str = "a script of the shell";
    let at = words.iter().position(|word| word.starts_with('-') && word.ends_with('c'));
    let script = at.and_then(|at| words.get(at + 1)).ok_or(SCRIPT)?;
    let mut parts: Vec<&str> = script.split("&&").collect();
    let last = parts.pop().ok_or(SCRIPT)?;
    if script.replace("&&", "").contains(['$', '|', ';', '>', '<', '`', '&', '*', '\n']) {
        return Err(SCRIPT);
    }
    for part in parts {
        let step = self::words(part)?;
        match step.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["cd", path] => command.directory = Some((*path).to_owned()),
            ["source" | ".", path] if path.ends_with("/bin/activate") => {
                let home = path.trim_end_matches("/bin/activate");
                command.home = Some(match &command.directory {
                    Some(directory) if !home.starts_with('/') => format!("{directory}/{home}"),
                    Some(_) | None => home.to_owned(),
                });
            }
            ["export", assignment] => match variable(assignment) {
                Some((name, value)) => {
                    command.environment.push((name.to_owned(), value.to_owned()));
                }
                None => return Err(SCRIPT),
            },
            _ => return Err(SCRIPT),
        }
    }
    self::words(last)
}

fn variable(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let letter = |c: char| c == '_' || c.is_ascii_alphanumeric();
    let named = name.starts_with(|c: char| c == '_' || c.is_ascii_alphabetic());
    (named && name.chars().all(letter)).then_some((name, value))
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The virtual environment that a program belongs to.
fn home(path: &str) -> Option<String> {
    let (directory, _) = path.rsplit_once('/')?;
    let home = directory.strip_suffix("/bin")?;
    let system = matches!(home, "" | "/usr" | "/usr/local" | "/opt/local");
    (!system).then(|| home.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_found_behind_what_stands_around_them() {
        for (text, program, home) in [
            ("/srv/v/bin/gunicorn a:b", Program::Gunicorn, Some("/srv/v")),
            ("/usr/bin/gunicorn a:b", Program::Gunicorn, None),
            ("/srv/v/bin/python -u -m gunicorn a:b", Program::Gunicorn, Some("/srv/v")),
            ("env A=1 B='2 3' exec gunicorn a:b", Program::Gunicorn, None),
            (
                "bash -c 'cd /x && source v/bin/activate && exec gunicorn a:b'",
                Program::Gunicorn,
                Some("/x/v"),
            ),
            ("poetry run gunicorn a:b", Program::Gunicorn, None),
            ("uwsgi --ini x.ini", Program::Uwsgi, None),
            ("/v/bin/uvicorn a:b", Program::Asgi, Some("/v")),
            ("python manage.py runserver", Program::Development, None),
            ("python manage.py work", Program::Other, None),
            ("celery -A x worker", Program::Other, None),
        ] {
            let found = command(text).unwrap();
            assert_eq!((found.program, found.home.as_deref()), (program, home), "{text}");
        }
        let found = command("A=1 bash -lc 'cd /x && gunicorn a:b'").unwrap();
        assert_eq!(found.directory.as_deref(), Some("/x"));
        assert_eq!(found.environment, [("A".to_owned(), "1".to_owned())]);
        assert_eq!(found.rest, ["a:b"]);
    }

    #[test]
    fn scripts_and_broken_quotes_are_errors() {
        for text in ["", "bash -c 'gunicorn $X'", "bash run.sh", "sh -c 'a; b'", "'a", "a #b"] {
            assert!(command(text).is_err(), "{text}");
        }
    }
}
