//! Shell patterns over the file system: `*`, `?` and `[...]` within one component.
//!
//! As in a shell, a leading dot is only matched by a dot. The number of results and of
//! entries looked at is bounded: the pattern is a tenant's.

use std::path::{Component, Path, PathBuf};

/// The most paths that a pattern may give.
const RESULTS_MAX: usize = 4096;
/// What all patterns of a configuration may look at.
const LOOKS_MAX: usize = 50_000;
/// The longest path that the system takes, bytes.
const PATH_MAX: usize = 4096;
/// How much comparing of names costs a look, in bytes of pattern times bytes of name.
const LOOK_BYTES: usize = 2048;

/// How many directory entries and paths the patterns of a configuration may still look at.
#[derive(Debug)]
pub(super) struct Looks(usize);

impl Default for Looks {
    fn default() -> Self {
        Self(LOOKS_MAX)
    }
}

impl Looks {
    fn spend(&mut self, looks: usize) -> Result<(), GlobError> {
        let left = self.0.checked_sub(looks);
        self.0 = left.unwrap_or(0);
        left.map(|_| ()).ok_or(GlobError::TooMuch)
    }
}

/// Why a pattern is not expanded.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum GlobError {
    /// It gives too many paths.
    #[error("more than {RESULTS_MAX} items")]
    TooMany,
    /// All directories together are too large.
    #[error("all patterns together look at more than {LOOKS_MAX} files")]
    TooMuch,
}

/// Whether a text is a pattern at all.
pub(super) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// The existing paths that match, sorted. Relative patterns count from `base` and give
/// relative paths.
pub(super) fn expand(
    pattern: &str,
    base: &Path,
    looks: &mut Looks,
) -> Result<Vec<PathBuf>, GlobError> {
    if pattern.len() > PATH_MAX {
        // nothing can be called so
        return Ok(Vec::new());
    }
    let mut found = vec![PathBuf::new()];
    for component in Path::new(pattern).components() {
        looks.spend(found.len())?;
        let Component::Normal(name) = component else {
            for path in &mut found {
                path.push(component);
            }
            continue;
        };
        let name = name.to_string_lossy();
        let mut next = Vec::new();
        for path in found {
            if !is_pattern(&name) {
                next.push(path.join(&*name));
                continue;
            }
            let Ok(entries) = std::fs::read_dir(base.join(&path)) else { continue };
            for entry in entries.flatten() {
                let entry = entry.file_name();
                looks.spend(1 + name.len() * entry.len() / LOOK_BYTES)?;
                if matches(name.as_bytes(), entry.as_encoded_bytes()) {
                    next.push(path.join(entry));
                }
            }
            if next.len() > RESULTS_MAX {
                return Err(GlobError::TooMany);
            }
        }
        found = next;
    }
    // each is asked for, and some are asked what they are
    looks.spend(2 * found.len())?;
    found.retain(|path| base.join(path).exists());
    found.sort();
    Ok(found)
}

/// Whether a name matches a pattern of one component.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    if name.first() == Some(&b'.') && pattern.first() != Some(&b'.') {
        return false;
    }
    let (mut p, mut n) = (0, 0);
    // where to try again: the pattern behind the last star, and one name byte later
    let mut again: Option<(usize, usize)> = None;
    while n < name.len() {
        if pattern.get(p) == Some(&b'*') {
            again = Some((p + 1, n));
            p += 1;
        } else if let Some(length) = pattern.get(p..).and_then(|rest| single(rest, name[n])) {
            p += length;
            n += 1;
        } else if let Some((star, at)) = again {
            again = Some((star, at + 1));
            (p, n) = (star, at + 1);
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

/// The length of the pattern's first item when it matches the byte.
fn single(pattern: &[u8], byte: u8) -> Option<usize> {
    match *pattern.first()? {
        b'?' => Some(1),
        b'[' => {
            let negated = matches!(pattern.get(1), Some(b'!' | b'^'));
            let start = 1 + usize::from(negated);
            // a bracket right at the start stands for itself
            let close = pattern.iter().skip(start + 1).position(|b| *b == b']');
            let Some(close) = close.map(|at| at + start + 1) else {
                return (byte == b'[').then_some(1);
            };
            let set = &pattern[start..close];
            let mut inside = false;
            let mut at = 0;
            while at < set.len() {
                if at + 2 < set.len() && set[at + 1] == b'-' {
                    inside |= (set[at]..=set[at + 2]).contains(&byte);
                    at += 3;
                } else {
                    inside |= set[at] == byte;
                    at += 1;
                }
            }
            (inside != negated).then_some(close + 1)
        }
        literal => (literal == byte).then_some(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(pattern: &str, base: &Path) -> Vec<PathBuf> {
        expand(pattern, base, &mut Looks::default()).unwrap()
    }

    #[test]
    fn patterns_match_as_in_a_shell() {
        for (pattern, name, expected) in [
            ("*.ini", "a.ini", true),
            ("*.ini", ".a.ini", false),
            (".*", ".a", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[]x]y", "]y", true),
            ("*a*b*c", "xxaxxbxxc", true),
            ("*a*b*c", "xxaxxcxxb", false),
            ("[a", "[a", true),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn directories_are_walked_and_results_sorted() {
        let directory = tempfile::tempdir().unwrap();
        for path in ["lib/python3.12/site-packages", "lib/python3.11/site-packages", "lib/other"] {
            std::fs::create_dir_all(directory.path().join(path)).unwrap();
        }
        let got = paths("lib/python*/site-packages", directory.path());
        let expected: [PathBuf; 2] =
            ["lib/python3.11/site-packages".into(), "lib/python3.12/site-packages".into()];
        assert_eq!(got, expected);
        let whole = format!("{}/lib/oth?r", directory.path().display());
        assert_eq!(paths(&whole, Path::new("/nowhere")).len(), 1);
        assert!(paths("none*", directory.path()).is_empty());
    }

    #[test]
    fn all_patterns_together_look_at_so_much() {
        let directory = tempfile::tempdir().unwrap();
        for number in 0..100 {
            std::fs::write(directory.path().join(format!("f{number}")), "").unwrap();
        }
        let tries = |pattern: &str| {
            let mut looks = Looks::default();
            let mut times = 0;
            while expand(pattern, directory.path(), &mut looks).is_ok() {
                times += 1;
                assert!(times <= LOOKS_MAX, "{pattern}");
            }
            times
        };
        // a hundred entries are read, and two looks taken at what is found of them
        assert!((100..200).contains(&tries("f*")), "{}", tries("f*"));
        assert!((400..500).contains(&tries("x*")), "{}", tries("x*"));
        // comparing has a price, and so have parts that are no pattern
        assert!(tries(&format!("*{}x", "*f".repeat(2000))) < 200);
        assert!(tries(&"./f0/../".repeat(500)) < 50);
        assert!(paths(&"*/".repeat(3000), directory.path()).is_empty());
    }
}
