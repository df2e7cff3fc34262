//! The one table of options.
//!
//! Every name that uWSGI's core and its plugins know is a row, with the spelling variants as
//! aliases, the kind of its value and how far this product goes with it. Readers, the command
//! line, help and "did you mean" all read this table; nothing else lists options.

use std::collections::HashMap;
use std::sync::LazyLock;

mod ablation;
/// Completion of the command line in shells.
pub mod completion;
/// Lists of options for manual pages.
pub mod man;
/// References of the options.
pub mod markdown;
mod plugin;
/// Which test proves each option that works.
pub mod proof;
mod rows;
/// A JSON schema of configurations.
pub mod schema;
pub(crate) mod suggest;
mod usage;

pub use suggest::near;

/// What a value means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// On unless it says false, off, no or 0; on the command line its name is enough.
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

/// Whether an option takes an argument on the command line.
///
/// uWSGI's own answers, slips included: a few of its flags demand an argument, a few of its
/// numbers take none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    /// It takes none.
    None,
    /// It may be left out.
    Optional,
    /// It must be there.
    Required,
}

/// Which line of uWSGI knows an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// Every release that is still in use (2.0.21 and later).
    Released,
    /// Releases from this one on.
    Since(&'static str),
    /// Only the development line, which was never released.
    Development,
    /// None: it is ours.
    Own,
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
    /// Whether the command line has an argument for it.
    pub arity: Arity,
    /// What counts when it is not given, as a user would write it; empty where that is nothing,
    /// off, or not one value.
    pub default: &'static str,
    /// The words that may be given, where there are only a few.
    pub choices: &'static [&'static str],
    /// It acts while the configuration is read: only magic variables are replaced in its value.
    pub immediate: bool,
    /// Which line of uWSGI knows it.
    pub line: Line,
    /// How far this product goes with it.
    pub tier: Tier,
    /// It is refused, but the application serves the same without it: a warning is enough.
    pub harmless: bool,
    /// One line of documentation: what it does, or would do.
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
        Self { optional: true, arity: Arity::Optional, ..self }
    }

    const fn bare(self) -> Self {
        Self { arity: Arity::None, ..self }
    }

    const fn argument(self) -> Self {
        Self { arity: Arity::Required, ..self }
    }

    const fn immediate(self) -> Self {
        Self { immediate: true, ..self }
    }

    const fn since(self, version: &'static str) -> Self {
        Self { line: Line::Since(version), ..self }
    }

    const fn development(self) -> Self {
        Self { line: Line::Development, ..self }
    }

    const fn own(self) -> Self {
        Self { line: Line::Own, ..self }
    }

    const fn default(self, default: &'static str) -> Self {
        Self { default, ..self }
    }

    const fn choices(self, choices: &'static [&'static str]) -> Self {
        Self { choices, ..self }
    }

    const fn works(self, doc: &'static str) -> Self {
        Self { tier: Tier::Works, doc, ..self }
    }

    const fn accepted(self, doc: &'static str) -> Self {
        Self { tier: Tier::Accepted, doc, ..self }
    }

    const fn planned(self, doc: &'static str) -> Self {
        Self { tier: Tier::Planned, doc, ..self }
    }

    const fn refused(self, reason: &'static str, doc: &'static str) -> Self {
        Self { tier: Tier::Refused(reason), doc, ..self }
    }

    const fn harmless(self) -> Self {
        Self { harmless: true, ..self }
    }

    /// All spellings, the primary one first.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    /// uWSGI's plugin that brings the option; `None` is its core.
    pub fn plugin(&self) -> Option<&'static str> {
        plugin::of(self.name)
    }
}

/// A row whose methods say more.
const fn row(name: &'static str, kind: Kind) -> Row {
    Row {
        name,
        aliases: &[],
        kind,
        short: None,
        optional: false,
        arity: if matches!(kind, Kind::Flag) { Arity::None } else { Arity::Required },
        default: "",
        choices: &[],
        immediate: false,
        line: Line::Released,
        tier: Tier::Planned,
        harmless: false,
        doc: "",
    }
}

static BY_NAME: LazyLock<HashMap<&'static str, &'static Row>> =
    LazyLock::new(|| all().flat_map(|row| row.names().map(move |name| (name, row))).collect());

static BY_LETTER: LazyLock<[Option<&'static Row>; 128]> = LazyLock::new(|| {
    let mut letters = [None; 128];
    for row in all() {
        if let Some(place) = row.short.and_then(|letter| letters.get_mut(letter as usize)) {
            *place = Some(row);
        }
    }
    letters
});

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
    BY_NAME.get(name).copied().map(ablation::look)
}

/// The option of a letter.
pub fn find_short(letter: char) -> Option<&'static Row> {
    BY_LETTER.get(letter as usize)?.map(ablation::look)
}

/// The options with a spelling that starts with `prefix`, each once.
pub fn starting_with(prefix: &str) -> Vec<&'static Row> {
    all()
        .filter(|row| row.names().any(|name| name.starts_with(prefix)))
        .map(ablation::look)
        .collect()
}

#[cfg(test)]
mod tests;
