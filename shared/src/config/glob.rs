//! Shell patterns over the file system: `*`, `?` and `[...]` within one component.
//!
//! As in a shell, a leading dot is only matched by a dot. The number of results and of
//! directories read is bounded: the pattern is a tenant's.

use std::path::{Component, Path, PathBuf};

/// The most paths that a pattern may give.
const RESULTS_MAX: usize = 4096;

/// Whether a text is a pattern at all.
pub(super) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// The existing paths that match, sorted. Relative patterns count from `base` and give
/// relative paths.
pub(super) fn expand(pattern: &str, base: &Path) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::new()];
    for component in Path::new(pattern).components() {
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
            for entry in entries.flatten().take(RESULTS_MAX) {
                let entry = entry.file_name();
                if matches(name.as_bytes(), entry.as_encoded_bytes()) && next.len() < RESULTS_MAX {
                    next.push(path.join(entry));
                }
            }
        }
        found = next;
    }
    found.retain(|path| base.join(path).exists());
    found.sort();
    found
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
        let got = expand("lib/python*/site-packages", directory.path());
        let expected: [PathBuf; 2] =
            ["lib/python3.11/site-packages".into(), "lib/python3.12/site-packages".into()];
        assert_eq!(got, expected);
        let whole = format!("{}/lib/oth?r", directory.path().display());
        assert_eq!(expand(&whole, Path::new("/nowhere")).len(), 1);
        assert!(expand("none*", directory.path()).is_empty());
    }
}
