//! A daemon with a directory of its own, and vassals that only pretend.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Once;
use std::time::{Duration, Instant};

use emperor::board::App;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

/// The longest that anything may take.
const LIMIT: Duration = Duration::from_secs(20);

/// A running daemon. What it started ends with it.
pub(crate) struct Stage {
    root: TempDir,
    options: Vec<String>,
    daemon: Child,
}

/// Waits for a condition.
#[track_caller]
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + LIMIT;
    while !condition() {
        assert!(Instant::now() < end, "in vain: {what}");
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

impl Stage {
    /// Starts a daemon with these options more.
    pub(crate) fn new(options: &[&str]) -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("sites")).unwrap();
        let bin = root.path().join("bin");
        fs::create_dir(&bin).unwrap();
        let own = PathBuf::from(env!("CARGO_BIN_EXE_emperor"));
        fs::copy(&own, bin.join("emperor")).unwrap();
        fs::copy(fake_vassal(&own), bin.join("vassal")).unwrap();
        let options: Vec<String> = options.iter().map(ToString::to_string).collect();
        let daemon = spawn(root.path(), &options);
        let stage = Self { root, options, daemon };
        stage.await_api();
        stage
    }

    /// A command that would start another daemon on the same directory.
    pub(crate) fn command(&self, options: &[&str]) -> Command {
        let mut command = command(self.root.path());
        command.args(options);
        command
    }

    fn await_api(&self) {
        eventually("the API answers", || self.ctl(&["list"]).0 == 0);
    }

    pub(crate) fn sites(&self) -> PathBuf {
        self.root.path().join("sites")
    }

    pub(crate) fn pid(&self) -> i32 {
        self.daemon.id() as i32
    }

    /// Writes a vassal's file as an editor that renames does.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let staged = self.root.path().join("staged");
        fs::write(&staged, text).unwrap();
        fs::rename(&staged, self.sites().join(name)).unwrap();
    }

    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.sites().join(name)).unwrap();
    }

    /// Runs the client; its exit code, and all it said.
    pub(crate) fn ctl(&self, words: &[&str]) -> (u8, String) {
        let socket = self.root.path().join("api.sock").display().to_string();
        let words: Vec<String> =
            ["--socket", &socket].iter().chain(words).map(ToString::to_string).collect();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let exit = emperor::client::run(&words, &mut out, &mut err);
        out.extend(err);
        (exit as u8, String::from_utf8(out).unwrap())
    }

    /// The status of an app; `None`: there is no such app.
    pub(crate) fn app(&self, name: &str) -> Option<App> {
        let (code, text) = self.ctl(&["-o", "json", "status", name]);
        (code != 4).then(|| serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}")))
    }

    #[track_caller]
    pub(crate) fn await_app(
        &self,
        name: &str,
        what: &str,
        condition: impl Fn(&App) -> bool,
    ) -> App {
        let end = Instant::now() + LIMIT;
        loop {
            let app = self.app(name);
            match app {
                Some(app) if condition(&app) => return app,
                other => assert!(Instant::now() < end, "{what}: {other:?}\n{}", self.log()),
            }
            std::thread::park_timeout(Duration::from_millis(10));
        }
    }

    #[track_caller]
    pub(crate) fn await_state(&self, name: &str, state: &str) -> App {
        self.await_app(name, state, |app| app.state.as_str() == state)
    }

    pub(crate) fn logs(&self, name: &str) -> String {
        self.ctl(&["logs", name]).1
    }

    /// What the fake vassals of a file were asked.
    pub(crate) fn asked(&self, name: &str) -> Vec<String> {
        let path = self.root.path().join(format!("{name}.log"));
        let text = fs::read_to_string(path).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// The daemon's log.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.root.path().join("log")).unwrap_or_default()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid()), signal).unwrap();
    }

    /// Stops the daemon and starts another one.
    pub(crate) fn restart(&mut self) {
        self.stop();
        self.daemon = spawn(self.root.path(), &self.options);
        self.await_api();
    }

    #[track_caller]
    fn stop(&mut self) {
        self.signal(Signal::SIGTERM);
        let mut code = None;
        eventually("the daemon ends", || {
            code = self.daemon.try_wait().unwrap();
            code.is_some()
        });
        assert_eq!(code.unwrap().code(), Some(0), "{}", self.log());
    }

    /// Stops the daemon; nothing of it may be left.
    #[track_caller]
    pub(crate) fn end(mut self) {
        self.stop();
        let left = processes(self.root.path());
        assert!(left.is_empty(), "left: {left:?}\n{}", self.log());
        assert!(!self.root.path().join("api.sock").exists(), "the API's socket is left");
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if self.daemon.try_wait().is_ok_and(|ended| ended.is_none()) {
            let _ = self.daemon.kill();
            let _ = self.daemon.wait();
            for pid in processes(self.root.path()) {
                let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
            }
        }
    }
}

/// The fake vassal, built now: a run of one test file alone does not build examples.
fn fake_vassal(own: &Path) -> PathBuf {
    static BUILT: Once = Once::new();
    let directory = own.parent().unwrap();
    BUILT.call_once(|| {
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--package", "emperor", "--example", "fake_vassal"]);
        if directory.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.status().unwrap().success(), "the fake vassal is built");
    });
    directory.join("examples/fake_vassal")
}

fn command(root: &Path) -> Command {
    let mut command = Command::new(root.join("bin/emperor"));
    command
        .arg("--emperor")
        .arg(root.join("sites"))
        .arg("--state-dir")
        .arg(root.join("state"))
        .current_dir(root)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn spawn(root: &Path, options: &[String]) -> Child {
    let log = fs::OpenOptions::new().create(true).append(true).open(root.join("log")).unwrap();
    command(root)
        .arg("--api-socket")
        .arg(root.join("api.sock"))
        .args(options)
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}

/// Processes whose program lies in this stage's directory.
fn processes(root: &Path) -> Vec<i32> {
    let Ok(all) = fs::read_dir("/proc") else { return Vec::new() };
    all.flatten()
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            fs::read_link(entry.path().join("exe")).ok()?.starts_with(root).then_some(pid)
        })
        .collect()
}
