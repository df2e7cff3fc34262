//! Finding the tenant's interpreter: the one of its environment, else the system's.
//!
//! Looked up after the drop of privileges, with the tenant's own rights.

use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access, getuid};
use shared::settings::Python;

/// Where `python3` is looked for when no environment is named.
const SYSTEM: [&str; 3] = ["/usr/local/bin", "/usr/bin", "/bin"];
/// Names inside an environment's `bin`, the common one first.
const NAMES: [&str; 2] = ["python", "python3"];

/// The interpreter for a vassal whose `home` is this, or what to say of it.
pub(super) fn find(home: Option<&Path>) -> Result<PathBuf, String> {
    let candidates: Vec<PathBuf> = match home {
        Some(home) => NAMES.iter().map(|name| home.join("bin").join(name)).collect(),
        None => SYSTEM.iter().map(|folder| Path::new(folder).join("python3")).collect(),
    };
    let fit = |path: &&PathBuf| path.is_file() && access(path.as_path(), AccessFlags::X_OK).is_ok();
    if let Some(found) = candidates.iter().find(fit) {
        // a relative home is meant after chdir, which is where the master stands
        return std::path::absolute(found).map_err(|error| error.to_string());
    }
    let first = candidates.first().map_or_else(String::new, |path| path.display().to_string());
    let uid = getuid();
    Err(match (home, candidates.iter().find(|path| path.exists())) {
        (_, Some(path)) => {
            format!("interpreter {} not executable for uid {uid}", path.display())
        }
        (Some(home), None) if !home.exists() => format!(
            "home: {} does not exist (or uid {uid} may not look there): interpreter {first} not executable for uid {uid}",
            home.display()
        ),
        (Some(_), None) => {
            format!("home: there is no interpreter {first}: not executable for uid {uid}")
        }
        (None, None) => format!(
            "interpreter python3 not executable for uid {uid}: there is none in {}; install python3 or set \"home\"",
            SYSTEM.join(":")
        ),
    })
}

/// What the interpreter is told on its command line (`optimize`, `no-site`).
pub(super) fn flags(python: &Python) -> Vec<&'static str> {
    let optimize = match python.optimize {
        0 => None,
        1 => Some("-O"),
        _ => Some("-OO"),
    };
    optimize.into_iter().chain(python.no_site.then_some("-S")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_without_an_interpreter_is_named() {
        let error = find(Some(Path::new("/nonexistent/env"))).unwrap_err();
        assert!(error.contains("/nonexistent/env/bin/python not executable for uid"), "{error}");
    }
}
