//! Plain ini files of other programs, with the line of each key.
//!
//! The library that reads them glues a key without `=` to the next line (a section header, even),
//! also separates at `:`, joins at a trailing backslash and keeps no line numbers. So each line is
//! made harmless before: what it would misread is named instead, and the number of the line
//! travels in front of the key.

use std::collections::HashMap;
use std::fmt::Write;

use ini::{Ini, ParseOption};

use super::ImportError;

/// Ends every value, so that none ends in a backslash.
const END: char = '|';
/// More lines than this are no configuration of a supervisor.
const LINES_MAX: usize = 20_000;

/// How a program writes its ini files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    /// Signs that start a comment behind a blank.
    pub(super) inline: &'static [char],
    /// No comment starts between quotes.
    pub(super) quotes: bool,
    /// An indented line goes on with the value before.
    pub(super) continued: bool,
    /// `:` separates as `=` does.
    pub(super) colon: bool,
}

/// One key with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) line: u32,
    pub(super) key: String,
    pub(super) value: String,
}

/// A section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) line: u32,
    pub(super) name: String,
    pub(super) entries: Vec<Entry>,
}

impl Section {
    /// The last entry of a key counts.
    pub(super) fn last(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().rev().find(|entry| entry.key == key)
    }
}

/// What was read, and the lines that say nothing.
#[derive(Debug, Default)]
pub(super) struct Plain {
    pub(super) sections: Vec<Section>,
    /// Line and text of what is neither section, pair nor comment.
    pub(super) odd: Vec<(u32, String)>,
}

/// Reads a file.
pub(super) fn read(text: &str, dialect: Dialect) -> Result<Plain, ImportError> {
    let mut odd = Vec::new();
    let tame = tame(text, dialect, &mut odd)?;
    let option = ParseOption { enabled_quote: false, enabled_escape: false, ..Default::default() };
    let ini = Ini::load_from_str_opt(&tame, option)
        .map_err(|error| ImportError::Line(error.line as u32, error.msg.to_string()))?;
    let mut sections: Vec<Section> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for (name, properties) in &ini {
        let Some((line, name)) = name.and_then(numbered) else { continue };
        let entries = properties.iter().filter_map(|(key, value)| {
            let (line, key) = numbered(key)?;
            let value = value.strip_suffix(END).unwrap_or(value).trim().to_owned();
            Some(Entry { line, key: key.to_owned(), value })
        });
        // what a later section of the same name says is added
        if let Some(index) = known.get(name) {
            sections[*index].entries.extend(entries);
            continue;
        }
        known.insert(name.to_owned(), sections.len());
        sections.push(Section { line, name: name.to_owned(), entries: entries.collect() });
    }
    Ok(Plain { sections, odd })
}

fn numbered(text: &str) -> Option<(u32, &str)> {
    let (number, rest) = text.split_once(' ')?;
    Some((number.parse().ok()?, rest))
}

/// The file as the library cannot misread it.
fn tame(text: &str, dialect: Dialect, odd: &mut Vec<(u32, String)>) -> Result<String, ImportError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut out = String::with_capacity(text.len() * 2);
    // the pair that may go on
    let mut open: Option<String> = None;
    let mut headed = false;
    for (index, line) in text.lines().enumerate() {
        let number = index as u32 + 1;
        if index >= LINES_MAX {
            return Err(ImportError::Line(number, format!("more than {LINES_MAX} lines")));
        }
        let trimmed = line.trim();
        if trimmed.starts_with([';', '#']) {
            continue;
        }
        let indented = line.starts_with([' ', '\t']);
        let cut = uncommented(trimmed, dialect);
        if cut.is_empty() {
            continue;
        }
        if dialect.continued
            && indented
            && let Some(pair) = &mut open
        {
            pair.push(' ');
            pair.push_str(cut);
            continue;
        }
        close(&mut out, open.take());
        if let Some(name) = cut.strip_prefix('[') {
            let Some((name, _)) = name.split_once(']') else {
                return Err(ImportError::Line(number, "a section without its bracket".into()));
            };
            let _ = writeln!(out, "[{number} {}]", name.trim());
            headed = true;
            continue;
        }
        let separators: &[char] = if dialect.colon { &['=', ':'] } else { &['='] };
        let key = cut.split_once(separators).map(|(key, value)| (key.trim(), value.trim()));
        match key {
            Some((key, value))
                if headed && !key.is_empty() && !key.contains([':', '\\', '"', '\'']) =>
            {
                open = Some(format!("{number} {key}={value}"));
            }
            Some(_) | None => odd.push((number, cut.to_owned())),
        }
    }
    close(&mut out, open);
    if headed { Ok(out) } else { Err(ImportError::NoSection) }
}

fn close(out: &mut String, pair: Option<String>) {
    if let Some(pair) = pair {
        out.push_str(&pair);
        out.push(END);
        out.push('\n');
    }
}

/// A line without the comment at its end.
fn uncommented(line: &str, dialect: Dialect) -> &str {
    let (mut blank, mut quoted) = (false, false);
    for (at, letter) in line.char_indices() {
        if blank && !quoted && dialect.inline.contains(&letter) {
            return line[..at].trim_end();
        }
        quoted ^= dialect.quotes && letter == '"';
        blank = matches!(letter, ' ' | '\t');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUPERVISOR: Dialect =
        Dialect { inline: &[';', '#'], quotes: false, continued: true, colon: true };

    fn sections(text: &str) -> Vec<Section> {
        read(text, SUPERVISOR).unwrap().sections
    }

    #[test]
    fn keys_know_their_lines_and_nothing_is_swallowed() {
        let text =
            "; x\n[a]\nbare\n[b]\nk = v\\\nm : n ; no\nq = \"x\"#y;z # n\nl = 1,\n  2\n[a]\nz=\n";
        let found = read(text, SUPERVISOR).unwrap();
        let all: Vec<_> = found
            .sections
            .iter()
            .flat_map(|s| {
                s.entries
                    .iter()
                    .map(|e| (s.name.as_str(), e.line, e.key.as_str(), e.value.as_str()))
            })
            .collect();
        assert_eq!(
            all,
            [
                ("a", 11, "z", ""),
                ("b", 5, "k", "v\\"),
                ("b", 6, "m", "n"),
                ("b", 7, "q", "\"x\"#y;z"),
                ("b", 8, "l", "1, 2"),
            ]
        );
        assert_eq!(found.odd, [(3, "bare".to_owned())]);
    }

    #[test]
    fn what_is_no_ini_is_an_error() {
        assert!(read("{\"a\": 1}", SUPERVISOR).is_err());
        assert!(read("[a\nb = 1", SUPERVISOR).is_err());
        assert!(read("", SUPERVISOR).is_err());
        assert_eq!(sections("[a]"), [Section { line: 1, name: "a".into(), entries: vec![] }]);
    }
}
