//! `emperorctl`: the command line of the API.

use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::api::problem::Problem;
use crate::board::{App, Word};

mod arguments;
mod completion;
mod http;
/// Configurations of other servers as files of ours.
pub mod import;
mod show;

use arguments::{Call, Output, Verb, Wanted};
use http::{Answer, AskError};

/// How `emperorctl` ends; scripts look at the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Ok = 0,
    /// It did not work.
    Failed = 1,
    /// The command line makes no sense.
    Usage = 2,
    /// The app (or the Emperor) does not run.
    NotRunning = 3,
    /// There is no such app.
    NoSuchApp = 4,
    /// The configuration is refused.
    Invalid = 5,
    /// It took too long.
    TimedOut = 6,
    /// Not allowed.
    NotAllowed = 7,
}

/// Why a call did not work: what to say and how to end.
#[derive(Debug)]
struct Failure {
    exit: Exit,
    text: String,
}

impl From<AskError> for Failure {
    fn from(error: AskError) -> Self {
        let exit = match &error {
            AskError::Absent { .. } => Exit::NotRunning,
            AskError::Denied { .. } => Exit::NotAllowed,
            AskError::TimedOut => Exit::TimedOut,
            AskError::Broken(_) | AskError::Protocol => Exit::Failed,
        };
        Self { exit, text: error.to_string() }
    }
}

/// Runs the program with its arguments.
pub fn run(arguments: &[String], out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    let wanted = match arguments::parse(arguments, default_socket()) {
        Ok(wanted) => wanted,
        Err(text) => {
            let _ = writeln!(err, "emperorctl: {text}");
            return Exit::Usage;
        }
    };
    if let Call::Import(request) = &wanted.call {
        return import::run(request, wanted.output, out, err);
    }
    match call(&wanted, out) {
        Ok(exit) => exit,
        Err(failure) => {
            let text = crate::journal::escaped(&failure.text);
            let _ = writeln!(err, "emperorctl: {text}");
            failure.exit
        }
    }
}

/// The commands, for the manual page.
pub fn manual() -> String {
    arguments::manual()
}

/// Where the API is, unless said otherwise.
fn default_socket() -> PathBuf {
    let own = std::env::var_os("XDG_RUNTIME_DIR")
        .map(|directory| PathBuf::from(directory).join("emperor/api.sock"));
    match own {
        Some(path) if !nix::unistd::geteuid().is_root() && path.exists() => path,
        Some(_) | None => "/run/emperor/api.sock".into(),
    }
}

fn call(wanted: &Wanted, out: &mut dyn Write) -> Result<Exit, Failure> {
    let lost = |error: std::io::Error| Failure { exit: Exit::Failed, text: error.to_string() };
    match &wanted.call {
        Call::Help => {
            out.write_all(arguments::help().as_bytes()).map_err(lost)?;
            Ok(Exit::Ok)
        }
        // the caller did it: it has more to say than one text
        Call::Import(_) => Ok(Exit::Ok),
        Call::Completion(shell) => {
            print(out, completion::script(*shell)).map_err(lost)?;
            Ok(Exit::Ok)
        }
        Call::List => {
            let answer = ask(wanted, "GET", "/v1/apps", Duration::ZERO)?;
            let text = match wanted.output {
                Output::Json => answer.body.clone(),
                Output::Table => {
                    let all: List = answer.json()?;
                    show::table(&all.apps)
                }
            };
            print(out, &text).map_err(lost)?;
            Ok(Exit::Ok)
        }
        Call::Show { app, whole } => {
            let answer = ask(wanted, "GET", &path(app, ""), Duration::ZERO)?;
            let app: App = answer.json()?;
            let text = match wanted.output {
                Output::Json => answer.body,
                Output::Table => show::one(&app, *whole),
            };
            print(out, &text).map_err(lost)?;
            Ok(if app.state.up() || app.state == Word::Starting {
                Exit::Ok
            } else {
                Exit::NotRunning
            })
        }
        Call::Logs { app, lines } => {
            let path = path(app, &format!("/logs?lines={lines}"));
            let answer = ask(wanted, "GET", &path, Duration::ZERO)?;
            print(out, &crate::journal::escaped(&answer.body)).map_err(lost)?;
            Ok(Exit::Ok)
        }
        Call::Check(words) => check(words),
        Call::Act { verb, app, wait } => act(wanted, *verb, app, *wait, out),
    }
}

/// Files are read by the program that reads them for the Emperor too.
fn check(words: &[String]) -> Result<Exit, Failure> {
    let failed = |text: String| Failure { exit: Exit::Failed, text };
    let program = std::env::current_exe()
        .map_err(|error| failed(error.to_string()))?
        .with_file_name("vassal");
    let status = Command::new(&program)
        .arg("--check")
        .args(words)
        .status()
        .map_err(|error| failed(format!("{}: {error}", program.display())))?;
    Ok(match status.code() {
        Some(0) => Exit::Ok,
        Some(5) => Exit::Invalid,
        Some(_) | None => Exit::Failed,
    })
}

#[derive(serde::Deserialize)]
struct List {
    apps: Vec<App>,
}

/// Reload, stop, start.
fn act(
    wanted: &Wanted,
    verb: Verb,
    app: &str,
    wait: Option<Duration>,
    out: &mut dyn Write,
) -> Result<Exit, Failure> {
    let query = wait.map_or_else(String::new, |wait| format!("?wait={}ms", wait.as_millis()));
    let path = path(app, &format!("/{}{query}", verb.as_str()));
    let answer = ask(wanted, "POST", &path, wait.unwrap_or_default()).map_err(|failure| {
        // a refused file and a failed import are both conflicts: the findings tell them apart
        let invalid = failure.exit == Exit::Failed && has_errors(wanted, app);
        Failure { exit: if invalid { Exit::Invalid } else { failure.exit }, ..failure }
    })?;
    let text = match wanted.output {
        Output::Json => answer.body,
        Output::Table => show::done(&answer.json()?, verb, wait.is_some()),
    };
    match print(out, &text) {
        Ok(()) => Ok(Exit::Ok),
        Err(error) => Err(Failure { exit: Exit::Failed, text: error.to_string() }),
    }
}

fn has_errors(wanted: &Wanted, app: &str) -> bool {
    ask(wanted, "GET", &path(app, ""), Duration::ZERO)
        .and_then(|answer| answer.json::<App>())
        .is_ok_and(|app| app.findings.iter().any(shared::finding::Finding::is_error))
}

fn print(out: &mut dyn Write, text: &str) -> std::io::Result<()> {
    out.write_all(text.as_bytes())?;
    if !text.is_empty() && !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// The path of an app's resource, with the name encoded.
fn path(app: &str, rest: &str) -> String {
    use std::fmt::Write;
    let mut path = String::from("/v1/apps/");
    for byte in app.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            path.push(char::from(byte));
        } else {
            let _ = write!(path, "%{byte:02X}");
        }
    }
    path + rest
}

fn ask(wanted: &Wanted, method: &str, path: &str, wait: Duration) -> Result<Answer, Failure> {
    let answer = http::ask(&wanted.socket, method, path, wait)?;
    if answer.status < 300 {
        return Ok(answer);
    }
    let exit = match answer.status {
        403 => Exit::NotAllowed,
        404 => Exit::NoSuchApp,
        504 => Exit::TimedOut,
        _ => Exit::Failed,
    };
    let text = serde_json::from_str::<Problem>(&answer.body)
        .map_or_else(|_| format!("the emperor answers {}", answer.status), |one| one.detail);
    Err(Failure { exit, text })
}

impl Answer {
    fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_str(&self.body).map_err(|error| Failure {
            exit: Exit::Failed,
            text: format!("the emperor's answer cannot be read: {error}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_encoded_into_paths() {
        assert_eq!(path("a b/ü.ini", "/logs"), "/v1/apps/a%20b%2F%C3%BC.ini/logs");
    }

    #[test]
    fn without_an_emperor_the_exit_code_says_so() {
        let root = tempfile::tempdir().unwrap();
        let socket = root.path().join("none.sock").display().to_string();
        let words: Vec<String> =
            ["--socket", &socket, "list"].into_iter().map(str::to_owned).collect();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        assert_eq!(run(&words, &mut out, &mut err), Exit::NotRunning);
        assert!(String::from_utf8(err).unwrap().contains(&socket));
    }
}
