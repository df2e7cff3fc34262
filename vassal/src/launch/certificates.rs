//! Reads the certificates and keys that sockets show.
//!
//! Done in the reader: as the owner of the configuration, and for a configuration of root's own
//! with root's rights where only root can put another file in the file's place, with the
//! tenant's rights everywhere else. What the files hold is looked at as the tenant.

use std::fs::File;
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use nix::dir::Dir;
use nix::fcntl::{OFlag, openat, readlinkat};
use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::sys::wait::waitpid;
use nix::unistd::{geteuid, pipe2};
use serde::{Deserialize, Serialize};
use shared::finding::{Finding, Origin, Severity};
use shared::plan::Identity;
use shared::rule;
use shared::settings::{Certificate, Pem, Settings, Tls, host_pattern};
use shared::summons::Policy;
use shared::sys::process::{Fork, SingleThreaded, die_with_parent, fork, leave};

use super::access::Access;
use super::plan::Origins;
use super::reader::Ownership;
use super::{identity, plan};
use crate::tls;

/// The most bytes of one file, and of all of them.
const FILE_MAX: u64 = 1 << 20;
const ALL_MAX: usize = 8 << 20;
/// The most names of `sni-dir`.
const NAMES_MAX: usize = 1000;
/// The most that a process aside may answer, bytes.
const ANSWER_MAX: u64 = 4 << 20;
/// Who looks at files where the vassal would be root.
const NOBODY: u32 = 65534;
/// How many links one file may be behind.
const LINKS_MAX: usize = 8;

/// What was found while reading.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Outcome {
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// Files that are not there.
    pub missing: Vec<Finding>,
    /// Files that nobody here may read: an error at a start. At a reload, when root's rights are
    /// gone, what was read at the start serves on.
    pub denied: Vec<Finding>,
}

/// Reads what the settings name.
pub fn load(settings: &mut Settings, ownership: Ownership, origins: &Origins) -> Outcome {
    if !settings.serve.tls.is_used() {
        return Outcome::default();
    }
    let tenant = geteuid().is_root().then(|| {
        let facts = identity::facts(&settings.launch, ownership.owner, &Policy::default(), origins);
        plan::identity(&settings.launch, &facts).ok().and_then(|(who, _)| who)
    });
    let tenant: Option<Identity> = tenant.flatten().filter(|who| who.uid != 0);
    let access = Access { tenant: tenant.as_ref(), roots: ownership.roots };
    read_all(&mut settings.serve.tls, &access, tenant.as_ref())
}

/// Reads all files; their contents are looked at once this process is `who`.
fn read_all(tls: &mut Tls, access: &Access<'_>, who: Option<&Identity>) -> Outcome {
    let mut result = Outcome::default();
    list(tls, access, &mut result);
    let mut total = 0;
    for one in tls.certificates() {
        let (origin, option) = (one.origin.clone(), one.option.clone());
        for file in one.files() {
            let read = read(&file.path, access, ALL_MAX - total);
            match read {
                Ok(text) => {
                    total += text.len();
                    file.text.0 = text;
                }
                Err(error) => {
                    let finding = wrong(&origin, &option, &file.path, &error);
                    match error.kind() {
                        io::ErrorKind::PermissionDenied => result.denied.push(finding),
                        io::ErrorKind::NotFound => result.missing.push(finding),
                        _ => result.findings.push(finding),
                    }
                }
            }
        }
    }
    if let Some(who) = who
        && let Err(error) = identity::become_for_good(who)
    {
        let finding = Finding::error(None, None, format!("uid {}: {error}", who.uid));
        result.findings.push(finding);
        return result;
    }
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    result.findings.extend(tls::review(tls, now.map_or(0, |now| now.as_secs() as i64)));
    result
}

/// What a check says of the files: read with the rights that a start would read them with, and
/// looked at by nobody who is root. `tenant` is whom the vassal becomes, `owner` whose file the
/// configuration is.
pub(super) fn check(tls: &Tls, tenant: Option<&Identity>, owner: u32, roots: bool) -> Outcome {
    let mut tls = tls.clone();
    if !tls.is_used() {
        return Outcome::default();
    }
    if geteuid().is_root() {
        let tenant = tenant.filter(|who| who.uid != 0);
        let nobody = Identity { uid: NOBODY, gid: NOBODY, groups: Vec::new() };
        let access = Access { tenant, roots };
        return aside(|| read_all(&mut tls, &access, Some(tenant.unwrap_or(&nobody))))
            .unwrap_or_else(|error| {
                let text = format!("the certificates cannot be looked at: {error}");
                let finding = Finding::error(None, None, text).rule(rule::CERTIFICATE);
                Outcome { findings: vec![finding], ..Outcome::default() }
            });
    }
    let mut outcome = read_all(&mut tls, &Access { tenant: None, roots: false }, None);
    if owner != geteuid().as_raw() {
        // somebody else starts it, who may be allowed to
        for finding in &mut outcome.denied {
            finding.severity = Severity::Note;
        }
    }
    outcome
}

/// Runs this in a process of its own, which may drop its rights.
fn aside(work: impl FnOnce() -> Outcome) -> io::Result<Outcome> {
    let (from, to) = pipe2(OFlag::O_CLOEXEC)?;
    let proof = SingleThreaded::prove()?;
    match fork(&proof)? {
        Fork::Child => {
            let done = catch_unwind(AssertUnwindSafe(|| {
                let outcome = work();
                // the rights that changed took the signal with them
                die_with_parent(Signal::SIGKILL)?;
                serde_json::to_writer(File::from(to), &outcome).map_err(io::Error::from)
            }));
            leave(i32::from(!matches!(done, Ok(Ok(())))))
        }
        Fork::Parent(pid) => {
            drop(to);
            let mut bytes = Vec::new();
            let read = File::from(from).take(ANSWER_MAX).read_to_end(&mut bytes);
            let _ = waitpid(pid, None);
            read?;
            serde_json::from_slice(&bytes).map_err(io::Error::from)
        }
    }
}

fn wrong(origin: &Origin, option: &str, path: &Path, error: &io::Error) -> Finding {
    let text = format!("{}: {error}", path.display());
    Finding::error(Some(origin.clone()), Some(option), text).rule(rule::CERTIFICATE).of_value()
}

/// The names of `sni-dir`: each `NAME.crt` is one, `NAME.key` has its key.
fn list(tls: &mut Tls, access: &Access<'_>, result: &mut Outcome) {
    let Some((path, origin)) = tls.directory.clone() else { return };
    let names = access.directory(&path).and_then(|directory| {
        directory.act(|handle| {
            let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
            let mut names = Vec::new();
            for entry in Dir::openat(handle, ".", flags, Mode::empty())?.iter() {
                let name = entry?.file_name().to_string_lossy().into_owned();
                names.push(name);
            }
            names.sort_unstable();
            Ok(names)
        })
    });
    let names = match names {
        Ok(names) => names,
        Err(error) => return result.findings.push(wrong(&origin, "sni-dir", &path, &error)),
    };
    let patterns: Vec<_> =
        tls.patterns.iter().filter_map(|(text, _)| host_pattern(text).ok()).collect();
    for name in names.iter().filter_map(|name| name.strip_suffix(".crt")).take(NAMES_MAX) {
        if tls.names.iter().any(|(known, _)| known == name) {
            continue; // `sni` names it
        }
        if patterns.iter().any(|pattern| pattern.is_match(name.as_bytes())) {
            continue; // `sni-regexp` comes first
        }
        let pem = |end: &str| Pem { path: path.join(format!("{name}.{end}")), ..Pem::default() };
        let certificate = Certificate {
            option: "sni-dir".into(),
            origin: origin.clone(),
            chain: pem("crt"),
            key: pem("key"),
            authority: None,
            required: false,
        };
        tls.names.push((name.to_ascii_lowercase(), certificate));
    }
}

/// Reads a file with the rights that its place asks for.
fn read(path: &Path, access: &Access<'_>, room: usize) -> io::Result<String> {
    let mut text = String::new();
    let file = open(path, access)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let most = FILE_MAX.min(room as u64);
    if file.take(most + 1).read_to_string(&mut text).is_err() {
        return Err(io::Error::other("expected text (PEM)"));
    }
    if text.len() as u64 > most {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    if text.trim().is_empty() {
        return Err(io::Error::other("the file is empty"));
    }
    Ok(text)
}

/// Opens a file. As root no link is followed but by looking at each step anew.
fn open(path: &Path, access: &Access<'_>) -> io::Result<File> {
    let mut path: PathBuf = path.to_owned();
    for _ in 0..LINKS_MAX {
        let (directory, name) = access.parent(&path)?;
        let careful = access.is_risky() && directory.tenant.is_none();
        let mut flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        flags.set(OFlag::O_NOFOLLOW, careful);
        let opened =
            directory.act(|handle| Ok(openat(handle, name.as_os_str(), flags, Mode::empty())?));
        match opened {
            Err(error)
                if careful && error.raw_os_error() == Some(nix::errno::Errno::ELOOP as i32) =>
            {
                let target = directory.act(|handle| Ok(readlinkat(handle, name.as_os_str())?))?;
                path = path.parent().unwrap_or(Path::new("/")).join(target);
            }
            other => return other.map(File::from),
        }
    }
    Err(io::Error::other("too many links"))
}
