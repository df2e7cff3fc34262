//! Where a path can change: in the directory of each of its components, links followed.
//!
//! A file appears when its directory does, is replaced when a link above it points elsewhere, and
//! goes when a directory on its way is renamed. So every directory on the way is watched, each for
//! one name only.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

/// Links that are followed before a path counts as a circle (as the kernel does).
const LINKS_MAX: u32 = 40;

/// A name in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The directory, which exists.
    pub(super) directory: PathBuf,
    /// The name that matters in it.
    pub(super) name: OsString,
    /// Whether it is the watched file itself, or only on the way to it.
    pub(super) last: bool,
}

/// Everywhere that an absolute path can change. What comes behind something that does not exist
/// is found when that exists.
pub(super) fn places(path: &Path) -> Vec<Place> {
    let mut found: Vec<Place> = Vec::new();
    let mut here = PathBuf::from("/");
    let mut rest: VecDeque<OsString> = names(path).collect();
    let mut links = 0;
    while let Some(name) = rest.pop_front() {
        if name == OsStr::new("..") {
            here.pop();
            continue;
        }
        let next = here.join(&name);
        let last = rest.is_empty();
        found.push(Place { directory: here.clone(), name, last });
        let Ok(kind) = next.symlink_metadata() else { break };
        if kind.is_symlink() {
            links += 1;
            let Ok(target) = next.read_link() else { break };
            if links > LINKS_MAX {
                break;
            }
            if target.is_absolute() {
                here = PathBuf::from("/");
            }
            for name in names(&target).collect::<Vec<_>>().into_iter().rev() {
                rest.push_front(name);
            }
        } else {
            here = next;
        }
    }
    found
}

/// The components of a path that lead somewhere.
fn names(path: &Path) -> impl Iterator<Item = OsString> {
    path.components().filter_map(|one| match one {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// The places inside of a directory.
    fn inside(root: &Path, path: &str) -> Vec<(String, String, bool)> {
        let all = places(&root.join(path));
        let all = all.iter().filter_map(|one| {
            let directory = one.directory.strip_prefix(root).ok()?;
            let name = one.name.to_string_lossy().into_owned();
            Some((directory.display().to_string(), name, one.last))
        });
        all.collect()
    }

    fn place(directory: &str, name: &str, last: bool) -> (String, String, bool) {
        (directory.into(), name.into(), last)
    }

    #[test]
    fn a_file_is_watched_in_each_directory_above_it() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("a/b")).unwrap();
        let expected = [place("", "a", false), place("a", "b", false), place("a/b", "f", true)];
        assert_eq!(inside(&root, "a/b/f"), expected);
        assert_eq!(inside(&root, "a/./b/../b/f")[3], expected[2]);
        let missing = [place("", "x", false)];
        assert_eq!(inside(&root, "x/y/f"), missing, "the rest is seen when x is there");
    }

    #[test]
    fn links_are_watched_where_they_are_and_where_they_lead() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("releases/1/tmp")).unwrap();
        symlink("releases/1", root.join("current")).unwrap();
        let expected = [
            place("", "current", false),
            place("", "releases", false),
            place("releases", "1", false),
            place("releases/1", "tmp", false),
            place("releases/1/tmp", "restart", true),
        ];
        assert_eq!(inside(&root, "current/tmp/restart"), expected);
        symlink("loop", root.join("loop")).unwrap();
        assert!(places(&root.join("loop/x")).len() < 100, "circles end");
    }
}
