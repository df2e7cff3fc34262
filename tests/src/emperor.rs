//! A supervisor with a directory of its own: ours, or the original's Emperor.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::api::Api;
use crate::http::{self, Client};
use crate::programs::{self, Subject, subject};
use crate::server::{End, SOON};
use crate::{Dir, HITME, Run, Server, eventually, free_address, write_file};

/// An Emperor about to be started.
pub struct Throne {
    /// The test's directory.
    pub dir: Dir,
    program: PathBuf,
    words: Vec<OsString>,
    variables: Vec<(String, OsString)>,
    stats: SocketAddr,
}

impl Throne {
    /// One that will watch `sites` in a new directory.
    pub fn new() -> Self {
        Self::of(subject())
    }

    /// Ours or the original, whatever the subject of this run is.
    pub fn of(subject: Subject) -> Self {
        let dir = Dir::new();
        let sites = dir.mkdir("sites");
        let figures = free_address();
        let throne = match subject {
            Subject::Ours => {
                let (api, state) = (dir.join("api.sock"), dir.join("state"));
                let program = programs::ours("emperor");
                let start = Self { dir, program, words: vec![], variables: vec![], stats: figures };
                start.arg("--api-socket").arg(api).arg("--state-dir").arg(state)
            }
            Subject::Uwsgi => {
                let program = programs::original();
                let start = Self { dir, program, words: vec![], variables: vec![], stats: figures };
                start.arg("--emperor-freq").arg("1")
            }
        };
        throne.arg("--emperor").arg(sites).arg("--emperor-stats").arg(figures.to_string())
    }

    /// Adds an argument of the Emperor.
    #[must_use]
    pub fn arg(mut self, word: impl AsRef<OsStr>) -> Self {
        self.words.push(word.as_ref().to_owned());
        self
    }

    /// Adds an environment variable of the Emperor.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.variables.push((name.to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Runs another program that starts the Emperor (a tracer, a namespace), with these words
    /// before the Emperor's own.
    #[must_use]
    pub fn under(mut self, program: impl Into<PathBuf>, words: &[&str]) -> Self {
        let inner = std::mem::replace(&mut self.program, program.into());
        let before = words.iter().map(OsString::from).chain([inner.into()]);
        self.words = before.chain(self.words).collect();
        self
    }

    /// The program with its words and variables.
    fn run(&self) -> Run {
        let run = Run::program(&self.dir, &self.program).args(&self.words);
        self.variables.iter().fold(run, |run, (name, value)| run.env(name, value))
    }

    /// Starts it and waits until it answers.
    #[track_caller]
    pub fn start(self) -> Emperor {
        let api = Api::at(self.dir.join("api.sock"));
        let server = self.run().start();
        server.await_tcp(self.stats);
        let emperor = Emperor { server, api, throne: self };
        if emperor.api.socket().exists() {
            assert_eq!(emperor.api.get("/healthz").status, 200);
        }
        emperor
    }

    /// Starts one that is expected to end by itself.
    #[track_caller]
    pub fn to_end(&self) -> (End, String) {
        self.run().to_end(SOON)
    }
}

impl Default for Throne {
    fn default() -> Self {
        Self::new()
    }
}

/// A running Emperor.
pub struct Emperor {
    /// Its process.
    pub server: Server,
    /// Its API, where the subject has one.
    pub api: Api,
    /// What it was started with, and the test's directory.
    pub throne: Throne,
}

impl Emperor {
    /// The subject of this run with default arguments.
    #[track_caller]
    pub fn start() -> Self {
        Throne::new().start()
    }

    /// The path of a file in the watched directory.
    pub fn file(&self, name: &str) -> PathBuf {
        self.throne.dir.join("sites").join(name)
    }

    /// Drops a file into the watched directory, as an editor that renames does.
    pub fn drop_file(&self, name: &str, text: &str) {
        let temporary = self.throne.dir.join(format!("{name}.new"));
        write_file(&temporary, text);
        fs::rename(temporary, self.file(name)).expect("a rename in one directory works");
    }

    /// Drops a vassal that says Hello World on a port of its own and returns its address.
    pub fn hello(&self, name: &str, more: &str) -> SocketAddr {
        let address = free_address();
        let stem = name.split('.').next().unwrap_or(name);
        self.throne.dir.write(format!("{stem}.py"), HITME);
        self.drop_file(name, &self.ini(&format!("{stem}.py"), address, more));
        address
    }

    /// The text of a vassal that serves a file of the test's directory over HTTP.
    pub fn ini(&self, file: &str, address: SocketAddr, more: &str) -> String {
        format!(
            "[uwsgi]\nplugins = python3\nmaster = true\nhttp-socket = {address}\n\
             wsgi-file = {}\ndisable-logging = true\n{more}\n",
            self.throne.dir.join(file).display()
        )
    }

    /// Touches a file of the watched directory.
    pub fn touch(&self, name: &str) {
        let file = fs::OpenOptions::new().append(true).open(self.file(name));
        let file = file.expect("the file of the vassal exists");
        file.set_modified(std::time::SystemTime::now()).expect("its time can be set");
    }

    /// Removes a file of the watched directory.
    pub fn remove(&self, name: &str) {
        fs::remove_file(self.file(name)).expect("the file of the vassal exists");
    }

    /// The statistics document.
    #[track_caller]
    pub fn stats(&self) -> Value {
        let mut client = Client::connect(self.throne.stats).expect("the statistics socket accepts");
        serde_json::from_slice(&client.rest()).expect("the statistics are JSON")
    }

    /// A vassal's record of the statistics; null without one.
    #[track_caller]
    pub fn vassal(&self, name: &str) -> Value {
        let stats = self.stats();
        let list = stats["vassals"].as_array().cloned().unwrap_or_default();
        list.into_iter().find(|vassal| vassal["id"] == name).unwrap_or(Value::Null)
    }

    /// Waits until a vassal answers 200 and returns the body.
    #[track_caller]
    pub fn await_answer(&self, address: SocketAddr) -> String {
        eventually(&format!("an answer at {address}"), SOON, || match http::get(address, "/") {
            Ok(response) if response.status == 200 => Ok(response.text()),
            Ok(response) => Err(format!("{}: {}", response.status, response.text())),
            Err(error) => Err(format!("{error}; log:\n{}", self.server.tail())),
        })
    }

    /// Runs `emperorctl` against this Emperor.
    #[track_caller]
    pub fn ctl(&self, words: &[&str]) -> Said {
        let output = Command::new(programs::ours("emperorctl"))
            .arg("--socket")
            .arg(self.api.socket())
            .args(words)
            .output()
            .expect("emperorctl runs");
        Said {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The test's directory.
    pub fn dir(&self) -> &Dir {
        &self.throne.dir
    }

    /// Stops it and proves that nothing is left.
    #[track_caller]
    pub fn stop(self) {
        self.leave();
    }

    /// Stops an Emperor that runs under a tracer and looks at the whole trace.
    #[track_caller]
    pub fn stop_traced(self, trace: &Path, look: impl FnOnce(&str)) {
        for child in self.server.process().children() {
            child.signal(Signal::SIGTERM);
        }
        let Self { mut server, throne, .. } = self;
        server.wait(SOON);
        server.finish();
        let bytes = fs::read(trace).expect("the tracer wrote its file");
        look(&String::from_utf8_lossy(&bytes));
        drop(throne);
    }

    /// Stops it and starts it again on the same directories.
    #[track_caller]
    #[must_use]
    pub fn restart(self) -> Self {
        self.leave().start()
    }

    /// Stops it and keeps what it was started with.
    #[track_caller]
    fn leave(self) -> Throne {
        let end = self.server.stop();
        assert_eq!(end, End::Code(0), "an Emperor that was asked to stop ends with 0");
        self.throne
    }
}

/// What a client program said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Its exit code.
    pub code: i32,
    /// Its output.
    pub out: String,
    /// Its error output.
    pub err: String,
}
