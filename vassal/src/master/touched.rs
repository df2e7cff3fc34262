//! What follows from touched files and from commands of the operator.

use std::process::{Command, Stdio};

use shared::settings::Touched;

use super::roster::Event;
use super::{Master, output};

/// The shell that runs commands of configurations.
const SHELL: &str = "/bin/sh";

impl Master {
    /// Watched files were touched. Several that ask for the same have it once.
    pub(super) fn touched(&mut self, mut all: Vec<Touched>) {
        all.dedup();
        let (mut reload, mut replace) = (None, false);
        for one in all {
            match one {
                Touched::Reload | Touched::Below => reload = reload.or(Some(false)),
                Touched::BelowAtOnce => reload = Some(true),
                Touched::Workers | Touched::Chain => replace = true,
                Touched::LogReopen => output::reopen(),
                Touched::LogRotate => output::rotate(),
                Touched::Execute(command) => self.execute(&command),
            }
        }
        match reload {
            // the Emperor saw the file too, and what it has prepared is newer than what is known
            // here
            Some(_) if self.emperor.is_some() && self.roster.reloading() => {}
            Some(at_once) => {
                self.at_once = at_once;
                self.read_anew();
            }
            // a reload would replace them anyway
            None if replace => self.decide(Event::Chain),
            None => {}
        }
    }

    /// Runs a command as the tenant. Nobody waits for it; what it prints goes to the log, and its
    /// end is noticed with that of other strangers.
    fn execute(&mut self, command: &str) {
        let started = std::io::pipe().and_then(|(reader, writer)| {
            Command::new(SHELL)
                .args(["-c", command])
                .env_clear()
                .envs(self.environment.iter().map(|(name, value)| (name, value)))
                .stdin(Stdio::null())
                .stdout(Stdio::from(writer.try_clone()?))
                .stderr(Stdio::from(writer))
                .spawn()?;
            output::copy(reader, &mut self.copies).map(drop)
        });
        if let Err(error) = started {
            output::say(&format!("{command:?} cannot be run: {error}"));
        }
    }
}
