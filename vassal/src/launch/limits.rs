//! Limits of a vassal's processes. Root sets them for its own files; what a tenant asks for is
//! set with the tenant's rights, and so never above what it was given.

use std::io;

use nix::errno::Errno;
use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit, setrlimit};
use shared::settings::Limits;
use shared::sys::process;

/// A limit that could not be set.
#[derive(Debug, thiserror::Error)]
#[error("{asked} is refused: {source}")]
pub struct LimitError {
    /// The option that asked for it.
    pub option: &'static str,
    asked: i64,
    source: io::Error,
}

/// Sets all that were asked for. Descriptors beyond the hard limit become as many as there may
/// be, which is said: a server with fewer of them serves (uWSGI logs it, too).
pub fn set(limits: &Limits) -> Result<(), LimitError> {
    let Limits { descriptors, address_space, processes, nice, lock_memory } = *limits;
    if let Some(asked) = descriptors {
        match setrlimit(Resource::RLIMIT_NOFILE, asked, asked) {
            Ok(()) => {}
            Err(Errno::EPERM | Errno::EINVAL) => {
                let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap_or((0, 0));
                eprintln!("max-fd: {asked} is more than is allowed here: {most} is used");
                let _ = setrlimit(Resource::RLIMIT_NOFILE, most, most);
            }
            Err(error) => return Err(refused("max-fd", asked, error)),
        }
    }
    if let Some(asked) = address_space {
        setrlimit(Resource::RLIMIT_AS, asked, asked)
            .map_err(|error| refused("limit-as", asked >> 20, error))?;
    }
    if let Some(asked) = processes {
        setrlimit(Resource::RLIMIT_NPROC, asked, asked)
            .map_err(|error| refused("limit-nproc", asked, error))?;
    }
    if lock_memory && setrlimit(Resource::RLIMIT_MEMLOCK, RLIM_INFINITY, RLIM_INFINITY).is_err() {
        // whoever may not raise it has as much of it as was given
        let (_, most) = getrlimit(Resource::RLIMIT_MEMLOCK).unwrap_or((0, 0));
        let _ = setrlimit(Resource::RLIMIT_MEMLOCK, most, most);
    }
    if let Some(asked) = nice {
        process::renice(asked).map_err(|source| LimitError {
            option: "prio",
            asked: i64::from(asked),
            source,
        })?;
    }
    Ok(())
}

fn refused(option: &'static str, asked: u64, error: Errno) -> LimitError {
    LimitError { option, asked: asked.try_into().unwrap_or(i64::MAX), source: error.into() }
}
