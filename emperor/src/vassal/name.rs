//! Names of vassals: the file's name, and which file names count.

use std::fmt;
use std::sync::Arc;

pub use shared::name::Unfit;

/// The name of a vassal: its file's name (for a glob source the whole path).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VassalName(Arc<str>);

impl VassalName {
    /// Decides whether a directory entry's name makes a vassal.
    pub fn parse(name: &str, extra: &[String]) -> Result<Self, Unfit> {
        shared::name::fit(name, extra)?;
        Ok(Self(name.into()))
    }

    /// A name that was checked elsewhere (a glob's match, the state file).
    pub fn verbatim(name: &str) -> Self {
        Self(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name without its extension: accepted by the API where it is unique.
    pub fn stem(&self) -> &str {
        self.0.rsplit_once('.').map_or(&self.0, |(stem, _)| stem)
    }
}

impl fmt::Display for VassalName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// The candidate that was probably meant, if one is near enough to be worth naming.
pub fn nearest<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = 1 + wanted.chars().count() / 4;
    candidates
        .into_iter()
        .map(|one| (distance(wanted, one), one))
        .filter(|(far, _)| *far <= limit)
        .min()
        .map(|(_, one)| one)
}

/// Edits (insert, remove, replace) between two names; both are short.
fn distance(one: &str, two: &str) -> usize {
    let two: Vec<char> = two.chars().collect();
    let mut row: Vec<usize> = (0..=two.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, b) in two.iter().enumerate() {
            let replace = corner + usize::from(a != *b);
            corner = row[j + 1];
            row[j + 1] = replace.min(row[j] + 1).min(corner + 1);
        }
    }
    row[two.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_near_miss_of_a_name() {
        let names = ["sample.ini", "shop.ini", "blog.ini"];
        for (typed, want) in [
            ("sampel.ini", Some("sample.ini")),
            ("shop.in", Some("shop.ini")),
            ("something-else", None),
        ] {
            assert_eq!(nearest(typed, names), want, "{typed}");
        }
    }

    #[test]
    fn the_stem_of_a_name() {
        assert_eq!(VassalName::verbatim("my.app.ini").stem(), "my.app");
    }
}
