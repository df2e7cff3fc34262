//! Names of vassals: the file's name, and which file names count.

use std::fmt;
use std::sync::Arc;

/// What uWSGI's Emperor takes for a vassal's configuration.
pub const EXTENSIONS: [&str; 6] = [".ini", ".xml", ".yml", ".yaml", ".js", ".json"];

/// The longest name, bytes (uWSGI's limit: 255 does not fit its record).
pub const LENGTH_MAX: usize = 254;

/// The name of a vassal: its file's name (for a glob source the whole path).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VassalName(Arc<str>);

/// Why a directory entry is not a vassal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// Not meant to be one: another extension, a hidden file, a name that is too long.
    Silently,
    /// It looks like one, but cannot be: worth a message.
    Loudly(&'static str),
}

impl VassalName {
    /// Decides whether a directory entry's name makes a vassal.
    pub fn parse(name: &str, extra: &[String]) -> Result<Self, Unfit> {
        if name.starts_with('.') || name.len() > LENGTH_MAX {
            return Err(Unfit::Silently);
        }
        let known = EXTENSIONS.iter().copied().chain(extra.iter().map(String::as_str));
        if !known.into_iter().any(|end| name.ends_with(end)) {
            return Err(Unfit::Silently);
        }
        if name.contains(':') {
            // in uWSGI such a name is a zerg of the vassal before the colon, and flaps for ever
            return Err(Unfit::Loudly("a name with \":\" cannot be a vassal"));
        }
        if name.chars().any(char::is_control) {
            return Err(Unfit::Loudly("a name with control characters cannot be a vassal"));
        }
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
    fn file_names_that_count_and_those_that_do_not() {
        let extra = [".foo".to_owned()];
        let long = format!("{}.ini", "x".repeat(250));
        for name in ["ok.ini", "sp ace.ini", "q;x.ini", "a.yaml", "ü.json", "i.foo", &long] {
            assert!(VassalName::parse(name, &extra).is_ok(), "{name}");
        }
        let longer = format!("x{long}");
        for name in
            ["UPPER.INI", "a.ini~", "#b.ini#", ".c.ini.swp", "d.ini.bak", "noext", ".ini", &longer]
        {
            assert_eq!(VassalName::parse(name, &extra), Err(Unfit::Silently), "{name}");
        }
        for name in ["z:1.ini", "a\nb.ini"] {
            assert!(matches!(VassalName::parse(name, &extra), Err(Unfit::Loudly(_))), "{name:?}");
        }
    }

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
