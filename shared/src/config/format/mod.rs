//! Configurations that are not ini: YAML, JSON, XML.
//!
//! Each reader turns a text into the same ordered list of keys and values that the ini reader
//! makes, with the place of each. What uWSGI reads is read in the same way; what it drops
//! without a word is dropped too, and said as a note. No reader opens anything, expands an
//! entity of a document type, or quotes what it read: the file may be somebody's secret.
//!
//! A text may be hostile: nesting, pairs, values and the text that aliases or repeated keys
//! multiply are all bounded, and no reader recurses deeper than [`DEPTH_MAX`].

use super::loader::is_plain;

mod json;
mod loose;
#[cfg(test)]
mod tests;
mod xml;
mod yaml;

/// How deep values may be nested.
const DEPTH_MAX: usize = 64;
/// The most keys and values of one section.
const PAIRS_MAX: usize = 20_000;
/// The text of all keys and values of one section, bytes: a list repeats its key, an alias its
/// value.
const BYTES_MAX: usize = 4 * 1024 * 1024;
/// The most notes about one file; the last one says that there are more.
const NOTES_MAX: usize = 50;
/// The most names of sections that are listed.
const SECTIONS_MAX: usize = 8;

/// Which language a text is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `.yaml`, `.yml`
    Yaml,
    /// `.json`, `.js`
    Json,
    /// `.xml`
    Xml,
}

/// A line and a column, both from one; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    line: u32,
    column: u32,
}

const START: Place = Place { line: 1, column: 1 };

/// One key and value, and where they stand: a value of a list stands at its own place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    /// The key.
    pub(super) key: String,
    /// The value.
    pub(super) value: String,
    /// The line, from one.
    pub(super) line: u32,
    /// The column in characters, from one.
    pub(super) column: u32,
    /// No value was written and this one is implied: an XML `<master/>`, which means `1`.
    pub(super) bare: bool,
}

/// Something that is read differently from what was probably meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Note {
    /// The line, from one.
    pub(super) line: u32,
    /// The column in characters, from one.
    pub(super) column: u32,
    /// What it is, and what becomes of it.
    pub(super) message: String,
}

/// What a text says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Document {
    /// The keys and values of the wanted section, in order.
    pub(super) pairs: Vec<Pair>,
    /// The names of the sections that are there, at most eight; names that do not look like
    /// names are left out.
    pub(super) sections: Vec<String>,
    /// Whether the wanted section is there.
    pub(super) found: bool,
    /// Warnings.
    pub(super) notes: Vec<Note>,
}

/// Why a text cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {message}")]
pub(super) struct Fault {
    /// The line, from one.
    pub(super) line: u32,
    /// The column in characters, from one.
    pub(super) column: u32,
    /// What is wrong, and what was expected.
    pub(super) message: String,
}

impl Fault {
    fn new(at: Place, message: impl Into<String>) -> Self {
        Self { line: at.line, column: at.column, message: message.into() }
    }

    fn too_deep(at: Place) -> Self {
        Self::new(at, format!("nested deeper than {DEPTH_MAX} levels"))
    }
}

/// Reads the section `wanted` of a text: a key of the outermost mapping, for XML the `id` of an
/// element `uwsgi`. `uwsgi` is the name where none was asked for.
pub(super) fn read(kind: Kind, text: &str, wanted: &str) -> Result<Document, Fault> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some(byte) = text.find('\0') {
        let at = Cursor::new(text).place(byte);
        return Err(Fault::new(at, "a NUL byte: expected text"));
    }
    match kind {
        Kind::Yaml => yaml::read(text, wanted),
        Kind::Json => json::read(text, wanted),
        Kind::Xml => xml::read(text, wanted),
    }
}

/// A document in the making, within the limits.
#[derive(Debug, Default)]
struct Builder {
    document: Document,
    bytes: usize,
}

impl Builder {
    fn push(&mut self, key: &str, value: &str, at: Place, bare: bool) -> Result<(), Fault> {
        self.bytes += key.len() + value.len();
        if self.document.pairs.len() >= PAIRS_MAX {
            return Err(Fault::new(at, format!("more than {PAIRS_MAX} values in one section")));
        }
        if self.bytes > BYTES_MAX {
            let limit = BYTES_MAX >> 20;
            return Err(Fault::new(at, format!("the values have more than {limit} MiB of text")));
        }
        if key.contains('\0') || value.contains('\0') {
            // uWSGI cuts the value there
            return Err(Fault::new(at, format!("{}: a NUL: expected text", named(key))));
        }
        let (key, value) = (key.to_owned(), value.to_owned());
        self.document.pairs.push(Pair { key, value, line: at.line, column: at.column, bare });
        Ok(())
    }

    fn note(&mut self, at: Place, message: impl Into<String>) {
        let count = self.document.notes.len();
        let message = match count + 1 {
            NOTES_MAX => "there is more of this kind: not listed".to_owned(),
            more if more > NOTES_MAX => return,
            _ => message.into(),
        };
        self.document.notes.push(Note { line: at.line, column: at.column, message });
    }

    fn section(&mut self, name: &str) {
        let sections = &mut self.document.sections;
        if sections.len() < SECTIONS_MAX && is_plain(name) && !sections.iter().any(|n| n == name) {
            sections.push(name.to_owned());
        }
    }
}

/// A key as it may be shown.
fn named(key: &str) -> String {
    if is_plain(key) { format!("\"{key}\"") } else { "this key".to_owned() }
}

/// Finds the place of a byte. Cheap when asked in the order of the text, whose lines may be a
/// megabyte long.
#[derive(Debug)]
struct Cursor<'t> {
    text: &'t str,
    byte: usize,
    place: Place,
}

impl<'t> Cursor<'t> {
    fn new(text: &'t str) -> Self {
        Self { text, byte: 0, place: START }
    }

    /// The place of the character at or before this byte.
    fn place(&mut self, byte: usize) -> Place {
        let byte = self.text.floor_char_boundary(byte);
        if byte < self.byte {
            (self.byte, self.place) = (0, START);
        }
        let passed = &self.text[self.byte..byte];
        let lines = passed.bytes().filter(|b| *b == b'\n').count();
        let last = passed.rfind('\n').map_or(passed, |end| &passed[end + 1..]);
        if lines > 0 {
            self.place.column = 1;
        }
        self.place.line += lines as u32;
        self.place.column += last.chars().count() as u32;
        self.byte = byte;
        self.place
    }
}
