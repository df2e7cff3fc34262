//! A shell pattern of vassal files (`*`, `?`, `[...]`; a `*` never crosses a `/`).
//!
//! Names are the matched paths. The kernel cannot tell of every change that would make a new
//! match, so a pattern is looked at every `emperor-freq` seconds.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::directory::{Rules, glance};
use super::{Monitor, Scan, Seen};
use crate::vassal::name::{Unfit, VassalName};

/// A pattern.
#[derive(Debug)]
pub struct Glob {
    pattern: String,
    rules: Rules,
}

/// The most matches that are looked at.
const MATCHES_MAX: usize = 100_000;

impl Glob {
    /// A pattern, absolute.
    pub fn new(pattern: String, rules: Rules) -> Self {
        Self { pattern, rules }
    }
}

/// Whether a source is a pattern.
pub fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

impl Monitor for Glob {
    fn label(&self) -> &str {
        &self.pattern
    }

    fn directory(&self) -> Option<PathBuf> {
        None
    }

    fn scan(&mut self) -> Scan {
        let mut seen = Seen::default();
        for path in matches(&self.pattern) {
            let Some(text) = path.to_str() else { continue };
            let Some(file) = path.file_name().and_then(|name| name.to_str()) else { continue };
            match VassalName::parse(file, &self.rules.extra) {
                Ok(_) => {
                    let name = VassalName::verbatim(text);
                    seen.sightings
                        .extend(glance(&path, &name, &self.rules).filter(|_| path.is_file()));
                }
                Err(Unfit::Silently) => {}
                Err(Unfit::Loudly(why)) => seen.unfit.push((text.to_owned(), why.to_owned())),
            }
        }
        Scan::Seen(seen)
    }
}

/// The paths that match, sorted.
fn matches(pattern: &str) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::from("/")];
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        let mut next = Vec::new();
        for base in found {
            if is_pattern(part) {
                next.extend(children(&base, part));
            } else {
                next.push(base.join(part));
            }
            if next.len() > MATCHES_MAX {
                return Vec::new();
            }
        }
        found = next;
    }
    found.retain(|path| fs::symlink_metadata(path).is_ok_and(|file| file.nlink() > 0));
    found.sort();
    found
}

fn children(base: &Path, part: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(base) else { return Vec::new() };
    entries
        .flatten()
        .filter(|entry| {
            let name = entry.file_name();
            let Some(name) = name.to_str() else { return false };
            // as in a shell, a leading dot has to be written
            (!name.starts_with('.') || part.starts_with('.')) && fits(part, name)
        })
        .map(|entry| entry.path())
        .collect()
}

/// Whether a name fits a pattern. Linear in the product of both lengths: one step back only.
pub fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        if pattern.get(p) == Some(&'*') {
            star = Some((p, n));
            p += 1;
        } else if let Some(width) = one(&pattern[p..], name[n]) {
            p += width;
            n += 1;
        } else if let Some((at, from)) = star {
            star = Some((at, from + 1));
            p = at + 1;
            n = from + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|rest| *rest == '*')
}

/// The width of the pattern's first element when it fits the character.
fn one(pattern: &[char], character: char) -> Option<usize> {
    match pattern.first()? {
        '?' => Some(1),
        '[' => set(pattern, character),
        plain => (*plain == character).then_some(1),
    }
}

fn set(pattern: &[char], character: char) -> Option<usize> {
    let inverted = matches!(pattern.get(1), Some('!' | '^'));
    let start = if inverted { 2 } else { 1 };
    // a `]` that comes first is a member
    let Some(length) = pattern.iter().skip(start + 1).position(|one| *one == ']') else {
        return (pattern[0] == character).then_some(1);
    };
    let end = start + 1 + length;
    let members = &pattern[start..end];
    let mut at = 0;
    let mut found = false;
    while at < members.len() {
        if members.get(at + 1) == Some(&'-') && at + 2 < members.len() {
            found |= (members[at]..=members[at + 2]).contains(&character);
            at += 3;
        } else {
            found |= members[at] == character;
            at += 1;
        }
    }
    (found != inverted).then_some(end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_as_in_a_shell() {
        for (pattern, name, want) in [
            ("*.ini", "a.ini", true),
            ("*.ini", "a.ini~", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("[a-c]*", "beta", true),
            ("[!a-c]*", "beta", false),
            ("[]x]", "]", true),
            ("[", "[", true),
            ("*a*b*c*", "xxaxxbxxc", true),
            ("*a*b*c*", "xxaxxcxxb", false),
        ] {
            assert_eq!(fits(pattern, name), want, "{pattern} {name}");
        }
    }

    #[test]
    fn a_pattern_finds_files_two_levels_down() {
        let root = tempfile::tempdir().unwrap();
        for site in ["one", "two"] {
            fs::create_dir(root.path().join(site)).unwrap();
            fs::write(root.path().join(site).join("vassal.ini"), "").unwrap();
        }
        fs::write(root.path().join("three.ini"), "").unwrap();
        let pattern = format!("{}/*/*.ini", root.path().display());
        let Scan::Seen(seen) = Glob::new(pattern, Rules::default()).scan() else {
            panic!("a pattern is always there");
        };
        let names: Vec<_> = seen.sightings.iter().map(|one| one.name.as_str()).collect();
        let want: Vec<_> =
            ["one", "two"].map(|site| root.path().join(site).join("vassal.ini")).into();
        assert_eq!(names, want.iter().map(|path| path.to_str().unwrap()).collect::<Vec<_>>());
    }
}
