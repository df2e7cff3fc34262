//! `emperorctl import`: where the text comes from and where the files go.
//!
//! A file that belongs to somebody else is not understood as root: a child that has become its
//! owner does it and hands the result back as JSON.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, IsTerminal, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::fcntl::{AT_FDCWD, OFlag, RenameFlags, renameat2};

use super::super::arguments::Output;
use super::{Context, Exit, ImportError, Imported, LENGTH_MAX, Left, Source, import};
use crate::journal::escaped;

/// The longest answer of the child: a site costs more than its source.
const ANSWER_MAX: u64 = 64 * 1024 * 1024;
/// How many lines of what was left are shown.
const SHOWN_MAX: usize = 200;

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Request {
    pub(in super::super) source: Source,
    /// The file; `-` is standard input.
    pub(in super::super) file: Option<PathBuf>,
    /// gunicorn's command line.
    pub(in super::super) command: Option<String>,
    /// Where the files go; none: to standard output.
    pub(in super::super) to: Option<PathBuf>,
    /// Files that are there are replaced.
    pub(in super::super) force: bool,
    /// What standard input is called.
    pub(in super::super) called: Option<PathBuf>,
}

impl Default for Request {
    fn default() -> Self {
        let (file, command, to, called) = (None, None, None, None);
        Self { source: Source::Gunicorn, file, command, to, force: false, called }
    }
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    /// The file cannot be read.
    #[error("{0}: {1}")]
    Unreadable(String, String),
    /// The file cannot be understood.
    #[error("{0}: {1}")]
    Refused(String, ImportError),
    /// The child said why.
    #[error("{0}")]
    Child(String, Exit),
    /// A file cannot be written.
    #[error("{0}: {1}")]
    Unwritable(String, String),
}

impl Trouble {
    fn exit(&self) -> Exit {
        match self {
            Self::Unreadable(..) | Self::Unwritable(..) => Exit::Failed,
            Self::Refused(..) => Exit::Invalid,
            Self::Child(_, exit) => *exit,
        }
    }
}

/// Imports, and prints or writes what came of it.
pub(in super::super) fn run(
    request: &Request,
    output: Output,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Exit {
    let done = made(request).and_then(|(imported, mode)| {
        match (&request.to, output) {
            (Some(directory), _) => write(directory, &imported, mode, request.force, out)?,
            (None, Output::Json) => {
                let text = serde_json::to_string(&imported).expect("names and texts are JSON");
                said(writeln!(out, "{text}"))?;
            }
            (None, Output::Table) => {
                let text = printed(&imported);
                // a terminal must not obey what stands in the source
                let text = if io::stdout().is_terminal() { escaped(&text) } else { text };
                said(out.write_all(text.as_bytes()))?;
            }
        }
        Ok(imported)
    });
    match done {
        Ok(imported) => {
            if output != Output::Json {
                let _ = err.write_all(summary(&imported).as_bytes());
            }
            Exit::Ok
        }
        Err(trouble) => {
            let _ = writeln!(err, "emperorctl: {}", escaped(&trouble.to_string()));
            trouble.exit()
        }
    }
}

fn said(result: io::Result<()>) -> Result<(), Trouble> {
    result.map_err(|error| Trouble::Unwritable("standard output".into(), error.to_string()))
}

/// Everything on one page.
fn printed(imported: &Imported) -> String {
    let mut text = String::new();
    for (name, content) in &imported.files {
        if imported.files.len() > 1 {
            let _ = writeln!(text, "; --- file {name}.ini");
        }
        text.push_str(content);
    }
    if !imported.remarks.is_empty() && imported.files.len() > 1 {
        text.push_str("; --- in no file\n");
    }
    for remark in &imported.remarks {
        text.push_str(remark);
        text.push('\n');
    }
    text
}

/// What was left, for people. Values stay out of it: they may be secrets.
fn summary(imported: &Imported) -> String {
    let mut text = String::new();
    for Left { place, name, why, .. } in imported.left.iter().take(SHOWN_MAX) {
        let line = escaped(&format!("{place}: {name}: {why}")).replace('\n', " ");
        let _ = writeln!(text, "not carried over: {line}");
    }
    let count = imported.left.len();
    if count > SHOWN_MAX {
        let _ = writeln!(text, "not carried over: {} more", count - SHOWN_MAX);
    }
    let files = imported.files.len();
    let _ = writeln!(text, "{files} made, {count} not carried over");
    text
}

/// The result, and the mode of files that are made of it.
fn made(request: &Request) -> Result<(Imported, u32), Trouble> {
    let Some(path) = &request.file else {
        let context = Context { file: None, command: request.command.clone() };
        let imported = import(request.source, None, &context)
            .map_err(|error| Trouble::Refused("--command".into(), error))?;
        return Ok((imported, 0o644));
    };
    let name = path.display().to_string();
    let lost = |error: io::Error| Trouble::Unreadable(name.clone(), error.to_string());
    if path.as_os_str() == "-" {
        let imported = understood(request, &mut io::stdin().lock(), request.called.as_deref())?;
        return Ok((imported, 0o644));
    }
    // a pipe nobody writes to must not hold us
    let mut file = OpenOptions::new()
        .read(true)
        .custom_flags(OFlag::O_NONBLOCK.bits())
        .open(path)
        .map_err(lost)?;
    let about = file.metadata().map_err(lost)?;
    if !about.is_file() {
        return Err(Trouble::Unreadable(name, "not a regular file".into()));
    }
    // what only some may read is not made readable for all
    let mode = (about.mode() & 0o644) | 0o600;
    let path = std::path::absolute(path).map_err(lost)?;
    let imported = if about.uid() != 0 && nix::unistd::geteuid().is_root() {
        as_owner(request, file, &path, (about.uid(), about.gid()))?
    } else {
        understood(request, &mut file, Some(&path))?
    };
    Ok((imported, mode))
}

fn understood(
    request: &Request,
    from: &mut dyn Read,
    called: Option<&Path>,
) -> Result<Imported, Trouble> {
    let name =
        called.map_or_else(|| "standard input".to_owned(), |path| path.display().to_string());
    let mut bytes = Vec::new();
    from.take(LENGTH_MAX as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Trouble::Unreadable(name.clone(), error.to_string()))?;
    let refused = |error| Trouble::Refused(name.clone(), error);
    if bytes.len() > LENGTH_MAX {
        return Err(refused(ImportError::Long));
    }
    let text = String::from_utf8(bytes).map_err(|_| refused(ImportError::Binary))?;
    let file = called.map(|path| path.to_string_lossy().into_owned());
    let context = Context { file, command: request.command.clone() };
    import(request.source, Some(&text), &context).map_err(refused)
}

/// Has a child understand the file that has become the file's owner.
fn as_owner(
    request: &Request,
    file: File,
    path: &Path,
    owner: (u32, u32),
) -> Result<Imported, Trouble> {
    let name = path.display().to_string();
    let lost = |error: io::Error| {
        let text = format!("this program cannot be started as its owner, uid {}: {error}", owner.0);
        Trouble::Unreadable(name.clone(), text)
    };
    let mut command = Command::new("/proc/self/exe");
    command.args(["-o", "json", "import", request.source.as_str(), "-", "--as"]).arg(path);
    if let Some(line) = &request.command {
        command.arg(format!("--command={line}"));
    }
    // no supplementary groups either: the standard library drops them with the user
    command.env_clear().current_dir("/").uid(owner.0).gid(owner.1);
    let mut child =
        command.stdin(file).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(lost)?;
    let mut answer = Vec::new();
    let mut said = String::new();
    if let Some(stdout) = child.stdout.take() {
        stdout.take(ANSWER_MAX).read_to_end(&mut answer).map_err(lost)?;
    }
    if let Some(stderr) = child.stderr.take() {
        stderr.take(64 * 1024).read_to_string(&mut said).map_err(lost)?;
    }
    let status = child.wait().map_err(lost)?;
    if !status.success() {
        let said = said.trim().trim_start_matches("emperorctl: ").to_owned();
        let exit =
            if status.code() == Some(Exit::Invalid as i32) { Exit::Invalid } else { Exit::Failed };
        return Err(Trouble::Child(if said.is_empty() { name } else { said }, exit));
    }
    let mut imported: Imported = serde_json::from_slice(&answer)
        .map_err(|error| Trouble::Unreadable(name.clone(), error.to_string()))?;
    // the names become paths of ours
    for (name, _) in &mut imported.files {
        *name = super::fitting(name);
    }
    Ok(imported)
}

/// One file for each site; none is written when one is in the way.
fn write(
    directory: &Path,
    imported: &Imported,
    mode: u32,
    force: bool,
    out: &mut dyn Write,
) -> Result<(), Trouble> {
    let path = |name: &str| directory.join(format!("{name}.ini"));
    let taken = imported
        .files
        .iter()
        .map(|(name, _)| path(name))
        .find(|path| path.symlink_metadata().is_ok());
    if let Some(path) = taken.filter(|_| !force) {
        let text = "it is there already: --force replaces it";
        return Err(Trouble::Unwritable(path.display().to_string(), text.into()));
    }
    for (name, content) in &imported.files {
        let path = path(name);
        let temporary = directory.join(format!(".{name}.{}.tmp", std::process::id()));
        let lost =
            |error: io::Error| Trouble::Unwritable(path.display().to_string(), error.to_string());
        let placed = place(&temporary, &path, content, mode, force);
        if placed.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        placed.map_err(lost)?;
        said(writeln!(out, "{}", escaped(&path.display().to_string())))?;
    }
    Ok(())
}

/// Writes the whole file beside its place, then moves it there: an Emperor sees one change.
fn place(temporary: &Path, path: &Path, content: &str, mode: u32, force: bool) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(temporary)?;
    file.write_all(content.as_bytes())?;
    file.set_permissions(Permissions::from_mode(mode))?;
    file.sync_all()?;
    if force {
        return fs::rename(temporary, path);
    }
    Ok(renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RenameFlags::RENAME_NOREPLACE)?)
}
