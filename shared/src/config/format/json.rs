//! JSON: `{"uwsgi": {"socket": [":1", ":2"], "master": true}}`.
//!
//! True is `1`, false and null are `0`, a number is its own text, a list repeats its key, a
//! repeated key is a list. Comments are read over, as uWSGI's reader does. serde_json checks the
//! text; its raw slices of it tell where each key stands and keep numbers as they were written.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;

use super::{Builder, Cursor, Document, Fault, named};

/// Reads a section.
pub(super) fn read(text: &str, wanted: &str) -> Result<Document, Fault> {
    let clean = blank_comments(text);
    let mut reader = Reader { text: &clean, cursor: Cursor::new(text), out: Builder::default() };
    reader.read(wanted)?;
    Ok(reader.out.document)
}

struct Reader<'t> {
    /// The text without its comments, as long as the original.
    text: &'t str,
    cursor: Cursor<'t>,
    out: Builder,
}

impl<'t> Reader<'t> {
    fn read(&mut self, wanted: &str) -> Result<(), Fault> {
        let Object(members) = self.parts(self.text)?;
        let mut section = None;
        for (name, value) in members {
            let key = self.string(name)?;
            if key != wanted {
                if is_object(value) {
                    self.out.section(&key);
                }
                continue;
            }
            self.out.section(&key);
            let at = self.cursor.place(self.offset(name.get()));
            if section.is_some() {
                self.out.note(at, "this section is there twice: only the first one is read");
            } else if is_object(value) {
                section = Some(value);
                self.out.document.found = true;
            } else {
                let what = format!("expected an object below {}", named(&key));
                return Err(Fault::new(at, what));
            }
        }
        let Some(section) = section else { return Ok(()) };
        let Object(options) = self.parts(section.get())?;
        // the note about a second section, if any, stands behind the first one's
        let after = std::mem::take(&mut self.out.document.notes);
        for (name, value) in options {
            let key = self.string(name)?;
            self.value(&key, name, value)?;
        }
        for note in after {
            let at = super::Place { line: note.line, column: note.column };
            self.out.note(at, note.message);
        }
        Ok(())
    }

    fn value(&mut self, key: &str, name: &RawValue, value: &'t RawValue) -> Result<(), Fault> {
        if value.get().starts_with('[') {
            let items: Vec<&RawValue> = self.parts(value.get())?;
            if items.is_empty() {
                let at = self.cursor.place(self.offset(name.get()));
                self.out.note(at, format!("{} is an empty list: nothing is set", named(key)));
            }
            for item in items {
                let at = self.cursor.place(self.offset(item.get()));
                match self.scalar(item)? {
                    Some(text) => self.out.push(key, &text, at, false)?,
                    None => self.out.note(
                        at,
                        format!("{} holds a list or an object in its list: dropped", named(key)),
                    ),
                }
            }
            return Ok(());
        }
        let at = self.cursor.place(self.offset(name.get()));
        match self.scalar(value)? {
            Some(text) => self.out.push(key, &text, at, false)?,
            None => self.out.note(at, format!("{} holds an object: dropped", named(key))),
        }
        Ok(())
    }

    /// A value as text; `None` when it has parts.
    fn scalar(&mut self, raw: &'t RawValue) -> Result<Option<Cow<'t, str>>, Fault> {
        Ok(match raw.get().as_bytes().first() {
            Some(b'"') => Some(self.string(raw)?),
            Some(b't') => Some("1".into()),
            Some(b'f' | b'n') => Some("0".into()),
            Some(b'[' | b'{') | None => None,
            Some(_) => Some(raw.get().into()),
        })
    }

    fn string(&mut self, raw: &'t RawValue) -> Result<Cow<'t, str>, Fault> {
        let Text(text) = serde_json::from_str(raw.get()).map_err(|_| {
            let at = self.cursor.place(self.offset(raw.get()));
            Fault::new(at, "expected a string of whole characters: half a \\u pair is none")
        })?;
        Ok(text)
    }

    /// Where a part of the text starts.
    fn offset(&self, part: &str) -> usize {
        part.as_ptr().addr() - self.text.as_ptr().addr()
    }

    fn parts<T: Deserialize<'t>>(&mut self, part: &'t str) -> Result<T, Fault> {
        serde_json::from_str(part).map_err(|error| self.explain(part, &error))
    }

    fn explain(&mut self, part: &str, error: &serde_json::Error) -> Fault {
        let line_start = match error.line() {
            0 | 1 => 0,
            line => part.match_indices('\n').nth(line - 2).map_or(0, |(byte, _)| byte + 1),
        };
        let byte = self.offset(part) + line_start + error.column().saturating_sub(1);
        let at = self.cursor.place(byte.min(self.text.len()));
        let message = match error.classify() {
            // a message about data may quote them
            Category::Data => "expected an object: {\"uwsgi\": {\"option\": \"value\"}}".to_owned(),
            Category::Eof if self.text.trim().is_empty() => {
                "the file is empty: expected {\"uwsgi\": {...}}".to_owned()
            }
            Category::Eof => "the text ends too early: a quote or bracket is not closed".to_owned(),
            Category::Syntax | Category::Io => {
                let text = error.to_string();
                let text = text.split(" at line ").next().unwrap_or_default();
                match text {
                    "expected value" => {
                        "expected a value: \"text\", a number, true, false, null or a list".into()
                    }
                    "key must be a string" => "expected a key in double quotes".into(),
                    "trailing characters" => "expected nothing behind the last brace".into(),
                    "trailing comma" => "a comma without a value behind it".into(),
                    "invalid number" => "not a number as JSON writes it: quote it".into(),
                    "invalid escape" => {
                        "a \\ with something behind it that JSON does not know".into()
                    }
                    text if text.starts_with("control character") => {
                        "a line end, tab or the like in quotes: write \\n or \\t".into()
                    }
                    other => other.replace('`', "\""),
                }
            }
        };
        Fault::new(at, message)
    }
}

fn is_object(raw: &RawValue) -> bool {
    raw.get().starts_with('{')
}

/// Overwrites comments with blanks; every byte keeps its place.
fn blank_comments(text: &str) -> Cow<'_, str> {
    if !text.contains("/*") && !text.contains("//") {
        return text.into();
    }
    let mut bytes = text.as_bytes().to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match (bytes[at], bytes.get(at + 1)) {
            (b'"', _) => {
                at += 1;
                while at < bytes.len() && bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
                continue;
            }
            (b'/', Some(b'/')) => {
                bytes[at..].iter().position(|b| *b == b'\n').map_or(bytes.len(), |n| at + n)
            }
            (b'/', Some(b'*')) => match text[at + 2..].find("*/") {
                Some(length) => at + 2 + length + 2,
                // not closed: what serde_json says about the slash is right
                None => break,
            },
            _ => {
                at += 1;
                continue;
            }
        };
        for byte in &mut bytes[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end;
    }
    String::from_utf8(bytes).expect("whole characters became blanks").into()
}

/// The members of an object in order, repeated keys too.
struct Object<'t>(Vec<(&'t RawValue, &'t RawValue)>);

/// A string, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Text<'t>(#[serde(borrow)] Cow<'t, str>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Members)
    }
}

/// Collects the members of an object without reading them.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Object<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Object(members))
    }
}
