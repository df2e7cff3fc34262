//! Reads the certificates and keys that sockets show.
//!
//! Done in the reader: as the owner of the configuration, and for a configuration of root's own
//! with root's rights where only root can put another file in the file's place, with the
//! tenant's rights everywhere else. What the files hold is looked at as the tenant.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use nix::dir::Dir;
use nix::fcntl::{OFlag, openat, readlinkat};
use nix::sys::stat::Mode;
use nix::unistd::geteuid;
use shared::finding::{Finding, Origin};
use shared::plan::Identity;
use shared::rule;
use shared::settings::{Certificate, Pem, Settings, Tls};
use shared::summons::Policy;

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
/// How many links one file may be behind.
const LINKS_MAX: usize = 8;

/// What was found while reading.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// Files that nobody here may read: an error at a start. At a reload, when root's rights are
    /// gone, what was read at the start serves on.
    pub denied: Vec<Finding>,
}

/// Reads what the settings name.
pub fn load(settings: &mut Settings, ownership: Ownership, origins: &Origins) -> Outcome {
    let Settings { launch, serve } = settings;
    let mut result = Outcome::default();
    if !serve.tls.is_used() {
        return result;
    }
    let tenant = geteuid().is_root().then(|| {
        let facts = identity::facts(launch, ownership.owner, &Policy::default(), origins);
        plan::identity(launch, &facts).ok().and_then(|(who, _)| who)
    });
    let tenant: Option<Identity> = tenant.flatten().filter(|who| who.uid != 0);
    let access = Access { tenant: tenant.as_ref(), roots: ownership.roots };
    list(&mut serve.tls, &access, &mut result);
    let mut total = 0;
    for one in serve.tls.certificates() {
        let (origin, option) = (one.origin.clone(), one.option.clone());
        for file in one.files() {
            let read = read(&file.path, &access, ALL_MAX - total);
            match read {
                Ok(text) => {
                    total += text.len();
                    file.text.0 = text;
                }
                Err(error) => {
                    let denied = error.kind() == io::ErrorKind::PermissionDenied;
                    let finding = wrong(&origin, &option, &file.path, &error);
                    if denied { &mut result.denied } else { &mut result.findings }.push(finding);
                }
            }
        }
    }
    if let Some(who) = &tenant
        && let Err(error) = identity::become_for_good(who)
    {
        let finding = Finding::error(None, None, format!("uid {}: {error}", who.uid));
        result.findings.push(finding);
        return result;
    }
    result.findings.extend(tls::review(&mut serve.tls));
    result
}

fn wrong(origin: &Origin, option: &str, path: &Path, error: &io::Error) -> Finding {
    let text = format!("{}: {error}", path.display());
    Finding::error(Some(origin.clone()), Some(option), text).rule(rule::INVALID_VALUE).of_value()
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
    for name in names.iter().filter_map(|name| name.strip_suffix(".crt")).take(NAMES_MAX) {
        if tls.names.iter().any(|(known, _)| known == name) {
            continue; // `sni` names it
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
