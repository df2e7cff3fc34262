//! Reading the settings anew, without an Emperor: the launcher's own reader is asked.

use std::ffi::OsString;
use std::process::Stdio;

use nix::unistd::Pid;
use shared::settings::Serve;
use shared::summons::Sealed;

use super::{Fact, Facts, output};

/// Settings with the keys that only root could read, which are those of before; `None`: there
/// is one that nobody has read.
pub(super) fn complete(mut serve: Serve, before: &Serve) -> Option<Serve> {
    match serve.tls.keep(&before.tls) {
        Ok(()) => Some(serve),
        Err(path) => {
            let path = path.display();
            output::say(&format!(
                "reload refused, the old generation serves on: {path}: permission denied"
            ));
            None
        }
    }
}

/// How to ask.
pub(super) struct Command {
    words: Vec<OsString>,
    running: Option<Pid>,
    again: bool,
}

impl Command {
    /// The program and its arguments.
    pub(super) fn new(words: Vec<OsString>) -> Self {
        Self { words, running: None, again: false }
    }

    /// The process that reads, which is waited for elsewhere.
    pub(super) fn pid(&self) -> Option<Pid> {
        self.running
    }

    /// Starts to read; a reading that is under way is followed by another one.
    pub(super) fn start(&mut self, facts: &Facts) {
        if self.running.is_some() {
            self.again = true;
            return;
        }
        let Some((program, arguments)) = self.words.split_first() else { return };
        let child = tokio::process::Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        let facts = facts.clone();
        match child {
            Ok(child) => {
                self.running = child.id().map(|pid| Pid::from_raw(pid as i32));
                tokio::spawn(async move {
                    let read = match child.wait_with_output().await {
                        Ok(done) if done.status.success() => {
                            serde_json::from_slice::<Sealed>(&done.stdout)
                                .map_err(|error| error.to_string())
                        }
                        Ok(done) => Err(String::from_utf8_lossy(&done.stderr).trim_end().into()),
                        Err(error) => Err(error.to_string()),
                    };
                    let _ = facts.send(Fact::Prepared(Box::new(read))).await;
                });
            }
            Err(error) => {
                let reason = format!("{}: {error}", program.display());
                tokio::spawn(async move {
                    let _ = facts.send(Fact::Prepared(Box::new(Err(reason)))).await;
                });
            }
        }
    }

    /// A reading is over; the caller starts the next one if one was asked for meanwhile.
    pub(super) fn finished(&mut self) -> bool {
        self.running = None;
        std::mem::take(&mut self.again)
    }
}
