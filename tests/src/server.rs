//! Running a program under the warden, with its output in a file and its end accounted for.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::process::Process;
use crate::programs::{self, Subject, subject};
use crate::{Dir, eventually};

/// The limit of everything that should happen "soon" on a loaded machine.
pub const SOON: Duration = Duration::from_secs(15);

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With an exit code.
    Code(i32),
    /// By a signal.
    Signal(i32),
}

/// A program that has ended, and what it cost.
#[derive(Clone, Debug)]
pub struct Done {
    /// How it ended.
    pub end: End,
    /// What it wrote.
    pub log: String,
    /// The processor's time of all its processes: what a busy machine does not change.
    pub cpu: Duration,
    /// The memory of its largest process, KiB.
    pub peak_kib: u64,
}

/// A program about to be started.
pub struct Run {
    command: Command,
    words: Vec<OsString>,
    program: PathBuf,
    log: PathBuf,
}

/// Numbers the logs of one test.
static LOGS: AtomicU32 = AtomicU32::new(0);

impl Run {
    /// Any program; its output goes to a file in the directory.
    pub fn program(dir: &Dir, program: impl Into<PathBuf>) -> Self {
        let log = dir.join(format!("output-{}.log", LOGS.fetch_add(1, Ordering::Relaxed)));
        let mut command = Command::new(programs::helper("warden"));
        command.current_dir(dir.path()).process_group(0);
        for name in ["NOTIFY_SOCKET", "UWSGI_EMPEROR_FD", "LISTEN_FDS", "LISTEN_PID"] {
            command.env_remove(name);
        }
        Self { command, words: Vec::new(), program: program.into(), log }
    }

    /// The server under test, called `uwsgi`, with what the subject needs besides.
    pub fn uwsgi(dir: &Dir) -> Self {
        let bare = Self::bare(dir, subject());
        match subject() {
            Subject::Ours => bare,
            Subject::Uwsgi => bare.args(["--plugins", "python3,http", "--die-on-term"]),
        }
    }

    /// A server called `uwsgi` without any argument of ours.
    pub fn bare(dir: &Dir, subject: Subject) -> Self {
        let program = match subject {
            Subject::Ours => programs::ours("vassal"),
            Subject::Uwsgi => programs::original(),
        };
        let mut run = Self::program(dir, program);
        run.command.env("WARDEN_ARGV0", "uwsgi");
        run
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, word: impl AsRef<OsStr>) -> Self {
        self.words.push(word.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<W: AsRef<OsStr>>(mut self, words: impl IntoIterator<Item = W>) -> Self {
        self.words.extend(words.into_iter().map(|word| word.as_ref().to_owned()));
        self
    }

    /// Adds an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// The working directory; the test's directory unless said.
    #[must_use]
    pub fn current_dir(mut self, path: impl AsRef<Path>) -> Self {
        self.command.current_dir(path);
        self
    }

    /// Starts it.
    ///
    /// # Panics
    /// If it cannot be started at all.
    pub fn start(mut self) -> Server {
        let log = fs::OpenOptions::new().create(true).append(true).open(&self.log);
        let log = log.expect("the log of the test can be made");
        let mut warden = self
            .command
            .arg(&self.program)
            .args(&self.words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the warden starts");
        let stdin = warden.stdin.take();
        let mut lines =
            BufReader::new(warden.stdout.take().expect("the warden's output is a pipe"));
        let mut first = String::new();
        lines.read_line(&mut first).expect("the warden says a line");
        let pid = first.trim().strip_prefix("pid ").and_then(|word| word.parse().ok());
        let pid = pid.unwrap_or_else(|| panic!("{}: {first}", self.program.display()));
        let (sender, said) = channel();
        thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let name = self.program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Server {
            name,
            warden,
            stdin,
            said,
            pid,
            log: self.log,
            end: None,
            peak_kib: 0,
            cpu: Duration::ZERO,
            left: Vec::new(),
            over: false,
        }
    }

    /// Starts it, waits for its end and returns how it ended and what it wrote.
    pub fn to_end(self, limit: Duration) -> (End, String) {
        let done = self.measured(limit);
        (done.end, done.log)
    }

    /// The same with what it cost.
    pub fn measured(self, limit: Duration) -> Done {
        let mut server = self.start();
        let end = server.wait(limit);
        let (log, cpu, peak_kib) = (server.log(), server.cpu, server.peak_kib);
        server.finish();
        Done { end, log, cpu, peak_kib }
    }
}

/// A running program; killed with everything below it when dropped.
pub struct Server {
    name: String,
    warden: Child,
    stdin: Option<ChildStdin>,
    said: Receiver<String>,
    pid: i32,
    log: PathBuf,
    end: Option<End>,
    peak_kib: u64,
    cpu: Duration,
    left: Vec<String>,
    over: bool,
}

impl Server {
    /// The program's process.
    pub fn process(&self) -> Process {
        Process(self.pid)
    }

    /// Everything that the program wrote so far.
    pub fn log(&self) -> String {
        let mut text = Vec::new();
        if let Ok(mut file) = File::open(&self.log) {
            file.read_to_end(&mut text).ok();
        }
        String::from_utf8_lossy(&text).into_owned()
    }

    /// The file that takes what the program writes, for looks after its end.
    pub fn log_path(&self) -> PathBuf {
        self.log.clone()
    }

    /// Forgets what was written so far, so that later looks see new lines only.
    pub fn forget_log(&self) {
        fs::OpenOptions::new().write(true).truncate(true).open(&self.log).ok();
    }

    /// Waits until the output contains a text.
    #[track_caller]
    pub fn expect_log(&self, text: &str) {
        eventually(&format!("{text:?} in the log of {}", self.name), SOON, || {
            let log = self.log();
            if log.contains(text) { Ok(()) } else { Err(log) }
        });
    }

    /// Waits until a TCP connection is accepted there.
    #[track_caller]
    pub fn await_tcp(&self, address: SocketAddr) {
        eventually(&format!("{} listens on {address}", self.name), SOON, || {
            self.still_runs();
            TcpStream::connect(address).map(drop)
        });
    }

    /// Waits until a connection to a UNIX socket is accepted.
    #[track_caller]
    pub fn await_unix(&self, path: &Path) {
        eventually(&format!("{} listens on {}", self.name, path.display()), SOON, || {
            self.still_runs();
            UnixStream::connect(path).map(drop)
        });
    }

    /// Fails at once when the program that should become ready has ended.
    #[track_caller]
    fn still_runs(&self) {
        assert!(self.process().alive(), "{} has ended:\n{}", self.name, self.tail());
    }

    /// Sends a signal to the program.
    pub fn signal(&self, signal: Signal) {
        self.process().signal(signal);
    }

    /// Waits for the program's end.
    #[track_caller]
    pub fn wait(&mut self, limit: Duration) -> End {
        let deadline = Instant::now() + limit;
        while self.end.is_none() {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.said.recv_timeout(left);
            let Ok(line) = line else {
                panic!("{} still runs after {limit:?}:\n{}", self.name, self.tail())
            };
            self.hear(&line);
        }
        self.end.expect("the loop ends with an end")
    }

    /// Takes a line of the warden.
    fn hear(&mut self, line: &str) {
        let number = |word: &str| word.parse().unwrap_or(-1);
        match line.split_once(' ') {
            Some(("exit", code)) => self.end = Some(End::Code(number(code))),
            Some(("signal", code)) => self.end = Some(End::Signal(number(code))),
            Some(("cost", figures)) => {
                let (peak, time) = figures.split_once(' ').unwrap_or((figures, ""));
                self.peak_kib = peak.parse().unwrap_or(0);
                self.cpu = Duration::from_millis(time.parse().unwrap_or(0));
            }
            Some(("left", who)) => self.left.push(who.to_owned()),
            _ if line == "end" => self.over = true,
            _ => {}
        }
    }

    /// Stops it with TERM, and proves that it ends and leaves no process.
    ///
    /// The original misses a TERM while a worker imports and then waits out its mercy, so it is
    /// killed after a while: that is no subject of these tests.
    #[track_caller]
    pub fn stop(mut self) -> End {
        self.signal(Signal::SIGTERM);
        if subject() == Subject::Uwsgi {
            let process = self.process();
            crate::until(Duration::from_secs(4), || !process.alive());
            self.end_now();
            return End::Code(0);
        }
        let end = self.wait(SOON);
        self.finish();
        end
    }

    /// After the end: proves that no process is left.
    #[track_caller]
    pub fn finish(mut self) {
        if self.end.is_none() {
            self.wait(SOON);
        }
        while !self.over {
            let Ok(line) = self.said.recv_timeout(SOON) else { break };
            self.hear(&line);
        }
        assert!(
            self.left.is_empty(),
            "{} left processes: {:?}\n{}",
            self.name,
            self.left,
            self.tail()
        );
    }

    /// Kills the program and everything below it (for subjects that would leave something).
    pub fn kill(mut self) {
        self.end_now();
    }

    /// Closes the warden's input and waits until it has cleaned up.
    fn end_now(&mut self) {
        drop(self.stdin.take());
        self.warden.wait().ok();
    }

    /// The last lines of the output, for messages.
    pub fn tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("--- output of {} ---\n{}\n---", self.name, self.tail());
        }
        self.end_now();
    }
}
