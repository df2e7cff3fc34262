//! `emperor --check`: the Emperor's own configuration and every vassal that it would govern.
//!
//! The sources are looked at as the daemon looks at them, by `stat` alone; what tenants wrote
//! is read by `vassal --check`, in processes that have become the tenants. Nothing is started.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::unistd::geteuid;
use shared::config::{World, naming, read_emperor};
use shared::exit::Exit;
use shared::finding::{Finding, Origin};
use shared::listed::{List, Listed};
use shared::owner;
use shared::rule;
use shared::summons::Template;

use crate::monitor::directory::{Directory, Rules};
use crate::monitor::glob::Glob;
use crate::monitor::{Monitor, Scan, Seen};
use crate::settings::{Settings, Source};

/// What is checked when nothing is named.
const USUAL: &str = "/etc/uwsgi/emperor.ini";

/// Why nothing was checked.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// An option that is none.
    #[error("--check: unknown option {0}")]
    Option(String),
    /// Looking around.
    #[error("--check: {0}")]
    World(#[source] io::Error),
    /// A file that is not there.
    #[error("--check: {}: {source}", path.display())]
    Path {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Root would have to read what somebody else wrote.
    #[error("--check: {}: belongs to uid {uid}, and root reads root's only", path.display())]
    Stranger {
        /// The file.
        path: PathBuf,
        /// Whose it is.
        uid: u32,
    },
    /// The program that reads.
    #[error("--check: {}: {source}", program.display())]
    Program {
        /// Its path.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// What is handed to `vassal --check`.
#[derive(Debug, Default)]
struct Orders {
    options: Vec<OsString>,
    list: List,
}

/// Checks directories and Emperors' configurations.
pub fn check(arguments: &[OsString]) -> Result<Exit, CheckError> {
    let mut orders = Orders::default();
    let mut paths: Vec<PathBuf> = Vec::new();
    let mut rest = arguments.iter();
    while let Some(word) = rest.next() {
        match word.to_string_lossy().as_ref() {
            "--strict-warnings" => orders.options.push(word.clone()),
            "--format" | "-o" => {
                orders.options.extend([word].into_iter().chain(rest.next()).cloned());
            }
            text if text.starts_with("--format=") => orders.options.push(word.clone()),
            text if text.starts_with('-') => return Err(CheckError::Option(text.to_owned())),
            _ => paths.push(word.into()),
        }
    }
    if paths.is_empty() {
        paths.push(USUAL.into());
    }
    for path in paths {
        let file = fs::metadata(&path)
            .map_err(|source| CheckError::Path { path: path.clone(), source })?;
        if file.is_dir() {
            let path = std::path::absolute(&path).map_err(CheckError::World)?;
            orders.source(&Source::Directory(path), &Rules::default());
        } else {
            let (uid, _) = owner::of(&path)
                .map_err(|source| CheckError::Path { path: path.clone(), source })?;
            if geteuid().is_root() && uid != 0 {
                return Err(CheckError::Stranger { path, uid });
            }
            orders.emperor(&path).map_err(CheckError::World)?;
        }
    }
    let own = std::env::current_exe().map_err(CheckError::World)?;
    let program = own.with_file_name("vassal");
    orders.carry_out(&program).map_err(|source| CheckError::Program { program, source })
}

impl Orders {
    /// An Emperor's configuration: itself, and everything that it names.
    fn emperor(&mut self, path: &Path) -> io::Result<()> {
        let world = World::of_this_process()?;
        let mut reading = read_emperor(&naming(path, path), &world);
        let read = reading.findings.len();
        let settings = Settings::new(&mut reading, &world);
        // what the reader found is found again by whoever reads it as a file
        let refused = reading.refused();
        let mut findings = reading.findings.split_off(read);
        if settings.sources.is_empty() && !refused {
            // the daemon ends at once
            let text = "no source of vassals: set emperor = /path/to/sites";
            findings.push(problem(path, text.to_owned()).rule(rule::OTHER));
        }
        self.list.files.push(Listed { path: path.to_owned(), vassal: false, findings });
        // what the environment says comes first: a set may replace it
        let options = settings.options.iter().map(|(name, value)| format!("{name}={value}"));
        self.list.sets.extend(options.chain(settings.sets.iter().cloned()));
        for (when, templates) in [("--before", &settings.before), ("--after", &settings.after)] {
            for template in templates {
                let (option, file) = match template {
                    Template::Include(file) => (when.to_owned(), file),
                    Template::Inherit(file) => (format!("{when}-inherit"), file),
                };
                self.options.extend([option.into(), file.into()]);
            }
        }
        if settings.policy.tyrant {
            self.options.push("--tyrant".into());
        }
        if settings.policy.refuse_root {
            self.options.push("--refuse-root".into());
        }
        for source in &settings.sources {
            self.source(source, &settings.rules);
        }
        Ok(())
    }

    /// Everything that a source has.
    fn source(&mut self, source: &Source, rules: &Rules) {
        let mut monitor: Box<dyn Monitor> = match source {
            Source::Directory(path) => Box::new(Directory::new(path.clone(), rules.clone())),
            Source::Glob(pattern) => Box::new(Glob::new(pattern.clone(), rules.clone())),
        };
        match monitor.scan() {
            Scan::Gone { reason } => self.broken(PathBuf::from(monitor.label()), reason),
            Scan::Seen(Seen { mut sightings, unfit, .. }) => {
                sightings.sort_by(|one, other| one.path.cmp(&other.path));
                for sighting in sightings {
                    let barred = sighting.barred.map(|why| problem(&sighting.path, why));
                    let findings = barred.into_iter().collect();
                    self.list.files.push(Listed { path: sighting.path, vassal: true, findings });
                }
                let directory = monitor.directory().unwrap_or_default();
                for (name, why) in unfit {
                    self.broken(directory.join(name), why);
                }
            }
        }
    }

    fn broken(&mut self, path: PathBuf, why: String) {
        let findings = vec![problem(&path, why)];
        self.list.files.push(Listed { path, vassal: true, findings });
    }

    /// Has the files read.
    fn carry_out(self, program: &Path) -> io::Result<Exit> {
        let mut reader = Command::new(program)
            .args(["--check", "--listed"])
            .args(self.options)
            .stdin(Stdio::piped())
            .spawn()?;
        if let Some(mut input) = reader.stdin.take() {
            // one that ends early says why by its exit code
            let _ = input.write_all(&serde_json::to_vec(&self.list)?);
        }
        Ok(match reader.wait()?.code() {
            Some(0) => Exit::Success,
            Some(5) => Exit::Invalid,
            Some(_) | None => Exit::Failure,
        })
    }
}

fn problem(path: &Path, message: String) -> Finding {
    let origin = Origin::File { path: path.into(), line: 1, column: 1, value: 0 };
    Finding::error(Some(origin), None, message).rule(rule::IDENTITY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emperor_hands_over_what_it_would_govern() {
        let place = tempfile::tempdir().unwrap();
        let here = place.path();
        fs::create_dir(here.join("sites")).unwrap();
        for name in ["sites/b.ini", "sites/a.ini", "sites/x:y.ini", "common.ini"] {
            fs::write(here.join(name), "[uwsgi]\n").unwrap();
        }
        let text = format!(
            "[uwsgi]\nemperor = {0}/sites\nemperor = {0}/none\nemperor = pg://x\n\
             vassal-set = processes=2\nvassals-include = {0}/common.ini\nrefuse-root = true\n",
            here.display()
        );
        fs::write(here.join("emperor.ini"), text).unwrap();
        let mut orders = Orders::default();
        orders.emperor(&here.join("emperor.ini")).unwrap();
        let names: Vec<_> = orders
            .list
            .files
            .iter()
            .map(|one| (one.path.strip_prefix(here).unwrap().to_str().unwrap(), one.findings.len()))
            .collect();
        let want = [
            ("emperor.ini", 1),
            ("sites/a.ini", 0),
            ("sites/b.ini", 0),
            ("sites/x:y.ini", 1),
            ("none", 1),
        ];
        assert_eq!(names, want);
        let options: Vec<_> = orders.options.iter().map(|one| one.to_string_lossy()).collect();
        let common = here.join("common.ini").display().to_string();
        // what a vassal is given may be a secret, and every user sees arguments
        assert_eq!(options, ["--after", &common, "--refuse-root"]);
        assert!(orders.list.sets.ends_with(&["processes=2".to_owned()]), "{:?}", orders.list.sets);
    }

    #[test]
    fn an_unknown_option_and_a_missing_file_are_said() {
        let text = |words: &[&str]| {
            let words: Vec<OsString> = words.iter().map(OsString::from).collect();
            check(&words).unwrap_err().to_string()
        };
        assert!(text(&["--fast"]).contains("--fast"));
        assert!(text(&["/none/emperor.ini"]).contains("/none/emperor.ini: No such file"));
    }
}
