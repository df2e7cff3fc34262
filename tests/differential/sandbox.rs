//! Programs that list their configuration, each run where it can do no harm.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tests::{Dir, programs};

/// A uWSGI to compare with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reference {
    /// The distribution's package.
    Debian,
    /// The newest release.
    Pypi,
}

impl Reference {
    pub(crate) const ALL: [Self; 2] = [Self::Debian, Self::Pypi];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Debian => "debian",
            Self::Pypi => "pypi",
        }
    }

    fn path(self) -> Option<PathBuf> {
        match self {
            Self::Debian => programs::find("uwsgi-core"),
            Self::Pypi => {
                let built = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/uwsgi-pypi/bin/uwsgi");
                Some(PathBuf::from(built)).filter(|path| path.exists())
            }
        }
    }

    pub(crate) fn exists(self) -> bool {
        self.path().is_some()
    }

    /// The program, where nobody can execute it.
    pub(crate) fn program(self, dir: &Dir) -> PathBuf {
        within(dir, &self.path().expect("asked only for what exists"))
    }
}

/// Our program, where nobody can execute it.
pub(crate) fn ours(dir: &Dir) -> PathBuf {
    within(dir, &programs::ours("vassal"))
}

fn within(dir: &Dir, program: &Path) -> PathBuf {
    let copy = dir.path().join(program.file_name().expect("a program has a name"));
    if !copy.exists() {
        fs::copy(program, &copy).expect("programs can be read");
    }
    copy
}

/// What a program says of a file.
#[derive(Debug)]
pub(crate) enum Listing {
    /// The lines between its two marks.
    Shown(Vec<String>),
    /// It lists nothing; the end of what it said instead.
    Nothing(String),
}

impl Listing {
    pub(crate) fn lines(&self) -> &[String] {
        match self {
            Self::Shown(lines) => lines,
            Self::Nothing(_) => &[],
        }
    }
}

/// Whether this system lets us make sandboxes.
pub(crate) fn works() -> bool {
    let dir = Dir::new();
    let file = dir.write("a.ini", "[uwsgi]\n");
    let echo = "echo ';uWSGI instance configuration'; echo works; echo ';end of configuration'";
    let said = run(Path::new("/bin/sh"), &["-c", echo], &file, &[]);
    matches!(parsed(&said), Listing::Shown(lines) if lines == ["works"])
}

/// Runs a program on a file; `paths` are files whose directories it may need.
pub(crate) fn listing(program: &Path, file: &Path, paths: &[String]) -> Listing {
    let name = file.display().to_string();
    parsed(&run(program, &["--ini", &name, "--show-config"], file, paths))
}

fn run(program: &Path, arguments: &[&str], file: &Path, paths: &[String]) -> String {
    const SCRIPT: &str = include_str!("sandbox.sh");
    let list = tempfile::NamedTempFile::new().expect("a temporary file");
    fs::write(list.path(), paths.join("\n") + "\n").expect("a temporary file");
    let output = Command::new("unshare")
        .args(["--mount", "--pid", "--net", "--fork", "--kill-child=KILL", "--mount-proc"])
        .args(["--propagation", "private", "sh", "-c", SCRIPT, "sandbox"])
        .args([file, list.path(), program])
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", "/nonexistent")
        .env("LANG", "C.UTF-8")
        .stdin(Stdio::null())
        .output()
        .expect("unshare is a part of util-linux");
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    text
}

/// The last list in what a program said (it may have added to a log that was there).
fn parsed(said: &str) -> Listing {
    let all: Vec<String> = said.lines().map(decoded).collect();
    let none =
        || Listing::Nothing(all.iter().rev().take(3).cloned().collect::<Vec<_>>().join(" / "));
    let Some(start) = all.iter().rposition(|line| line.contains(";uWSGI instance configuration"))
    else {
        return none();
    };
    let length = all[start..].iter().position(|line| line.contains(";end of configuration"));
    let Some(length) = length else { return none() };
    // what `log-date` puts in front of each line; the first one is that of our `--ini`
    let first = all[start..start + length].iter().find_map(|line| line.find("ini = "));
    let dated = first.unwrap_or_default();
    let shown = all[start + 1..start + length]
        .iter()
        .map(|line| line.get(dated..).unwrap_or(line).to_owned())
        // encoders make lines of the ends of lines
        .filter(|line| !line.is_empty() && line != "[uwsgi]");
    Listing::Shown(shown.collect())
}

/// A line without what `log-encoder` makes of it.
fn decoded(line: &str) -> String {
    let message = serde_json::from_str::<serde_json::Value>(line)
        .ok()
        .and_then(|value| Some(value.get("message")?.as_str()?.to_owned()));
    message.unwrap_or_else(|| line.to_owned())
}
