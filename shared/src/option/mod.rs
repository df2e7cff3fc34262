//! The one table of options.
//!
//! Every name that uWSGI's core and its plugins know is a row, with the spelling variants as
//! aliases, the kind of its value and how far this product goes with it. Readers, the command
//! line, help and "did you mean" all read this table; nothing else lists options.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Lists of options for manual pages.
pub mod man;
/// References of the options.
pub mod markdown;
mod rows;
mod suggest;

pub use suggest::near;

/// What a value means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// On unless it says false, off, no or 0; takes no argument on the command line.
    Flag,
    /// A number that is not negative.
    Integer,
    /// A number of up to 64 bits.
    Long,
    /// A number of at most 65535; more is cut.
    Short,
    /// A number of mebibytes.
    Megabytes,
    /// Text; the last one counts.
    Text,
    /// Text; each one counts.
    List,
    /// An octal file mode.
    Mode,
    /// A form of its own.
    Special,
}

/// How far this product goes with an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// It does what its line of documentation says.
    Works,
    /// It is read and has no effect, because what it asks for is always so (or needless) here.
    Accepted,
    /// uWSGI knows it, this server does not have it yet.
    Planned,
    /// It will not be built; the reason is said when it is used.
    Refused(&'static str),
}

/// One option.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The primary name.
    pub name: &'static str,
    /// Other spellings.
    pub aliases: &'static [&'static str],
    /// The kind of the value.
    pub kind: Kind,
    /// The letter on the command line.
    pub short: Option<char>,
    /// The value may be left out on the command line.
    pub optional: bool,
    /// How far this product goes with it.
    pub tier: Tier,
    /// One line of documentation; empty for what is only known by name.
    pub doc: &'static str,
}

impl Row {
    const fn aliases(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }

    const fn short(self, letter: char) -> Self {
        Self { short: Some(letter), ..self }
    }

    const fn optional(self) -> Self {
        Self { optional: true, ..self }
    }

    const fn works(self, doc: &'static str) -> Self {
        Self { tier: Tier::Works, doc, ..self }
    }

    const fn accepted(self, doc: &'static str) -> Self {
        Self { tier: Tier::Accepted, doc, ..self }
    }

    const fn refused(self, reason: &'static str) -> Self {
        Self { tier: Tier::Refused(reason), ..self }
    }

    /// All spellings, the primary one first.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }
}

/// A row known by name only; the methods of [`Row`] say more.
const fn row(name: &'static str, kind: Kind) -> Row {
    Row { name, aliases: &[], kind, short: None, optional: false, tier: Tier::Planned, doc: "" }
}

static BY_NAME: LazyLock<HashMap<&'static str, &'static Row>> =
    LazyLock::new(|| all().flat_map(|row| row.names().map(move |name| (name, row))).collect());

/// The subjects with their rows, in the order of the documentation.
pub fn subjects() -> &'static [(&'static str, &'static [Row])] {
    rows::SUBJECTS
}

/// All rows.
pub fn all() -> impl Iterator<Item = &'static Row> {
    subjects().iter().flat_map(|(_, rows)| rows.iter())
}

/// The option of a name, in any of its spellings.
pub fn find(name: &str) -> Option<&'static Row> {
    BY_NAME.get(name).copied()
}

/// The option of a letter.
pub fn find_short(letter: char) -> Option<&'static Row> {
    all().find(|row| row.short == Some(letter))
}

/// The options with a spelling that starts with `prefix`, each once.
pub fn starting_with(prefix: &str) -> Vec<&'static Row> {
    all().filter(|row| row.names().any(|name| name.starts_with(prefix))).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_name_and_every_letter_is_unique() {
        let mut names = HashSet::new();
        let mut letters = HashSet::new();
        for row in all() {
            for name in row.names() {
                assert!(names.insert(name), "{name} is there twice");
            }
            if let Some(letter) = row.short {
                assert!(letters.insert(letter), "-{letter} is there twice");
            }
        }
        assert!(names.len() > 1300, "{} names", names.len());
    }

    #[test]
    fn names_are_plain_and_what_does_something_is_documented() {
        for row in all() {
            for name in row.names() {
                assert!(!name.is_empty() && !name.starts_with('-'), "{name:?}");
                assert!(
                    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)),
                    "{name:?}"
                );
            }
            assert!(row.doc.is_ascii() && !row.doc.contains('\n'), "{}", row.name);
            match row.tier {
                Tier::Works | Tier::Accepted => {
                    assert!(row.doc.ends_with('.'), "{} has no documentation", row.name);
                }
                Tier::Planned => assert!(row.doc.is_empty(), "{}", row.name),
                Tier::Refused(reason) => assert!(!reason.is_empty(), "{}", row.name),
            }
            assert!(row.kind != Kind::Flag || !row.optional, "{}", row.name);
        }
    }

    #[test]
    fn aliases_lead_to_the_primary_name() {
        for (alias, primary) in [
            ("workers", "processes"),
            ("wsgi", "module"),
            ("venv", "home"),
            ("pp", "pythonpath"),
            ("uwsgi-socket", "socket"),
            ("vassals-set", "vassal-set"),
            ("end", "endif"),
        ] {
            assert_eq!(find(alias).map(|row| row.name), Some(primary), "{alias}");
        }
        assert_eq!(find_short('p').map(|row| row.name), Some("processes"));
        assert!(find("chmod_socket").is_none());
        assert_eq!(starting_with("vassal-set").len(), 1);
    }
}
