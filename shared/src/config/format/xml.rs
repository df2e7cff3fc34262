//! XML: `<uwsgi><socket>:1</socket><master/></uwsgi>`.
//!
//! An element is an option, its text the value with every blank and line end, an empty element
//! is `1`. The outermost element is `uwsgi`, or it holds several of them, told apart by `id`.
//! uWSGI takes the first piece of an element's text and drops attributes and everything else;
//! an element that holds elements at once crashes it.
//!
//! quick-xml makes the events, without a tree: nothing grows with namespaces or attributes.
//! A document type is read over, entities that it defines do not exist.

use std::ops::Range;

use quick_xml::errors::{Error, IllFormedError, SyntaxError};
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;

use super::{Builder, Cursor, DEPTH_MAX, Document, Fault, Place, START, named};

/// The name of the element that holds the options.
const SECTION: &str = "uwsgi";

/// Reads a section.
pub(super) fn read(text: &str, wanted: &str) -> Result<Document, Fault> {
    let mut cursor = Cursor::new(text);
    if let Some(byte) = text.find(|c: char| c.is_ascii_control() && !"\t\r\n".contains(c)) {
        return Err(Fault::new(cursor.place(byte), "a control character: expected text"));
    }
    let mut events = Reader::from_str(text);
    let config = events.config_mut();
    config.expand_empty_elements = true;
    config.check_comments = true;
    let mut walk = Walk::new(wanted);
    loop {
        let at = cursor.place(events.buffer_position() as usize);
        match events.read_event() {
            Ok(Event::Eof) => break walk.end(at)?,
            Ok(event) => walk.step(event, at)?,
            Err(error) => {
                let at = cursor.place(events.error_position() as usize);
                return Err(Fault::new(at, explain(&error)));
            }
        }
    }
    Ok(walk.out.document)
}

/// How well a section matches what was asked for; the best one is read, of equals the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Match {
    /// It has another `id`.
    Other,
    /// It has none, or none was asked for.
    Fallback,
    /// It has the `id`.
    Exact,
}

/// The option whose element is open.
#[derive(Debug)]
struct Open {
    key: String,
    at: Place,
    value: String,
    /// Text was found, even if it is empty.
    text: bool,
    /// A piece of the content has ended: uWSGI reads no further.
    ended: bool,
    /// uWSGI reads something else than `value`.
    pieces: bool,
    nested: bool,
}

/// What is known on the way through the text.
#[derive(Debug)]
struct Walk<'w> {
    out: Builder,
    wanted: &'w str,
    depth: usize,
    /// The name of the outermost element.
    root: Option<String>,
    /// The depth of the section that is being read.
    section: Option<usize>,
    /// The best section so far, where it is and its notes.
    best: Option<(Match, Place, Range<usize>)>,
    option: Option<Open>,
}

impl<'w> Walk<'w> {
    fn new(wanted: &'w str) -> Self {
        Self {
            out: Builder::default(),
            wanted,
            depth: 0,
            root: None,
            section: None,
            best: None,
            option: None,
        }
    }

    fn step(&mut self, event: Event<'_>, at: Place) -> Result<(), Fault> {
        match event {
            Event::Start(start) | Event::Empty(start) => self.start(&start, at),
            Event::End(_) => self.stop(),
            Event::Text(text) => self.text(&text.xml10_content(), at, false),
            Event::CData(text) => self.text(&text.xml10_content(), at, true),
            Event::GeneralRef(reference) => {
                let text = resolve(&reference)
                    .ok_or_else(|| Fault::new(at, "expected &amp; &lt; &gt; &quot; &apos; or a character's number: other entities do not exist"))?;
                self.text(text.encode_utf8(&mut [0; 4]), at, false)
            }
            Event::Comment(_) | Event::PI(_) => {
                if let Some(option) = &mut self.option {
                    option.pieces |= !option.text;
                    option.ended = true;
                }
                Ok(())
            }
            Event::Decl(decl) => self.declaration(&decl, at),
            Event::DocType(text) => {
                if text.contains('[') {
                    self.out.note(at, "a document type is not read: its entities do not exist");
                }
                Ok(())
            }
            Event::Eof => Ok(()),
        }
    }

    fn start(&mut self, start: &BytesStart<'_>, at: Place) -> Result<(), Fault> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Fault::too_deep(at));
        }
        let name = start.local_name();
        let name: &str = name.as_ref();
        if !is_name(name) {
            return Err(Fault::new(at, "expected the name of an element behind <"));
        }
        let id = self.attributes(start, at)?;
        if self.depth == 1 {
            if self.root.is_some() {
                return Err(Fault::new(at, "a second outermost element: expected the end"));
            }
            self.root = Some(name.to_owned());
        }
        if let Some(depth) = self.section {
            if self.depth == depth + 1 {
                self.option = Some(Open {
                    key: name.to_owned(),
                    at: Place { column: at.column + 1, ..at },
                    value: String::new(),
                    text: false,
                    ended: false,
                    pieces: false,
                    nested: false,
                });
            } else if let Some(option) = &mut self.option {
                option.nested = true;
            }
        } else if name == SECTION && (self.depth == 1 || (self.depth == 2 && !self.is_section())) {
            self.section(id.as_deref(), at);
        }
        Ok(())
    }

    /// Whether the outermost element is the section.
    fn is_section(&self) -> bool {
        self.root.as_deref() == Some(SECTION)
    }

    /// Checks the attributes; returns `id`.
    fn attributes(&mut self, start: &BytesStart<'_>, at: Place) -> Result<Option<String>, Fault> {
        let mut id = None;
        let mut others = false;
        for attribute in start.attributes().with_checks(false) {
            let attribute = attribute
                .map_err(|_| Fault::new(at, "expected attributes written as name=\"value\""))?;
            let key: &str = attribute.key.as_ref();
            match key {
                "id" if id.is_none() => id = Some((*attribute.value).to_owned()),
                _ => others |= !key.starts_with("xmlns"),
            }
        }
        let owner = self.section.is_none();
        if (others || (id.is_some() && !owner)) && (self.section.is_some() || self.depth == 1) {
            self.out.note(at, "an attribute: dropped");
        }
        Ok(id)
    }

    /// A section begins: it is read when it matches better than those before.
    fn section(&mut self, id: Option<&str>, at: Place) {
        self.out.section(id.unwrap_or(SECTION));
        let grade = if self.wanted == SECTION || (id.is_none() || self.depth == 1) {
            Match::Fallback
        } else {
            Match::Other
        };
        let grade =
            if id == Some(self.wanted) && id != Some(SECTION) { Match::Exact } else { grade };
        match &self.best {
            _ if grade == Match::Other => return,
            Some((best, ..)) if *best > grade => return,
            Some((best, ..)) if *best == grade => {
                self.out.note(at, "another element of this kind: only the first one is read");
                return;
            }
            Some((.., notes)) => {
                self.out.document.notes.drain(notes.clone());
                self.out.document.pairs.clear();
                self.out.bytes = 0;
                let what = "uWSGI reads the element without an id that stands before this one";
                self.out.note(at, what);
            }
            None => {}
        }
        let notes = self.out.document.notes.len();
        self.best = Some((grade, at, notes..notes));
        self.section = Some(self.depth);
        self.out.document.found = true;
    }

    fn stop(&mut self) -> Result<(), Fault> {
        self.depth -= 1;
        if self.section == Some(self.depth)
            && let Some(option) = self.option.take()
        {
            self.option(option)?;
        } else if self.section == Some(self.depth + 1) {
            self.section = None;
            if let Some((.., notes)) = &mut self.best {
                notes.end = self.out.document.notes.len();
            }
        }
        Ok(())
    }

    /// An option is complete.
    fn option(&mut self, option: Open) -> Result<(), Fault> {
        let Open { key, at, value, .. } = option;
        let name = named(&key);
        if option.nested {
            let (what, dropped) = if value.trim().is_empty() {
                ("holds elements instead of a value: dropped", true)
            } else {
                ("holds elements: they are dropped", false)
            };
            self.out.note(at, format!("{name} {what}"));
            if dropped {
                return Ok(());
            }
        }
        if option.pieces {
            let what = "has comments or CDATA in its value: uWSGI takes the first piece only";
            self.out.note(at, format!("{name} {what}"));
        }
        if !option.text {
            return self.out.push(&key, "1", at, true);
        }
        if value.trim().len() != value.len() {
            let what = "has blanks or line ends around its value: they belong to it";
            self.out.note(at, format!("{name} {what}"));
        }
        self.out.push(&key, &value, at, false)
    }

    fn text(&mut self, text: &str, at: Place, whole: bool) -> Result<(), Fault> {
        let blank = text.trim().is_empty() && !whole;
        if let Some(option) = &mut self.option {
            // what stands behind an element is dropped with it
            if !option.nested {
                option.pieces |= option.ended || (whole && option.text);
                option.ended |= whole;
                option.text = true;
                option.value.push_str(text);
            }
        } else if self.depth == 0 && !blank {
            let what = match self.root {
                None => "expected <uwsgi>",
                Some(_) => "expected nothing behind the outermost element",
            };
            return Err(Fault::new(at, what));
        } else if self.section.is_some() && !blank {
            self.out.note(at, "text that belongs to no option: dropped");
        }
        Ok(())
    }

    fn declaration(&mut self, decl: &BytesDecl<'_>, at: Place) -> Result<(), Fault> {
        if at != START {
            return Err(Fault::new(at, "expected <?xml ...?> as the very first characters"));
        }
        let utf8 = |name: &str| ["utf-8", "utf8", "us-ascii", "ascii"].contains(&name);
        match decl.encoding() {
            Some(Ok(name)) if !utf8(&name.to_ascii_lowercase()) => {
                self.out.note(at, "another encoding is declared: read as UTF-8 all the same");
            }
            Some(Err(_)) => return Err(Fault::new(at, "expected encoding=\"utf-8\"")),
            Some(Ok(_)) | None => {}
        }
        Ok(())
    }

    fn end(&mut self, at: Place) -> Result<(), Fault> {
        if self.depth > 0 {
            return Err(Fault::new(at, "the text ends too early: an element is not closed"));
        }
        let Some(root) = &self.root else {
            return Err(Fault::new(at, "no element: expected <uwsgi>"));
        };
        if self.out.document.sections.is_empty() {
            self.out.section(root);
        }
        if let Some((Match::Fallback, at, _)) = self.best
            && self.wanted != SECTION
        {
            let what = "no element has the id that was asked for: this one is read, as by uWSGI";
            self.out.note(at, what);
        }
        Ok(())
    }
}

/// The character that a reference stands for.
fn resolve(reference: &BytesRef<'_>) -> Option<char> {
    match &**reference {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let character = reference.resolve_char_ref().ok()??;
            (!character.is_ascii_control() || "\t\r\n".contains(character)).then_some(character)
        }
    }
}

/// Whether XML takes it as a name.
fn is_name(name: &str) -> bool {
    let starts = |c: char| c.is_alphabetic() || c == '_';
    name.starts_with(starts) && name.chars().all(|c| c.is_alphanumeric() || "_-.·".contains(c))
}

/// What quick-xml complains about, without the names that it quotes.
fn explain(error: &Error) -> &'static str {
    match error {
        Error::Syntax(error) => match error {
            SyntaxError::InvalidBangMarkup => "expected <!-- or <![CDATA[ behind <!",
            SyntaxError::UnclosedPI => "expected ?> at the end of an instruction",
            SyntaxError::UnclosedXmlDecl => "expected ?> at the end of <?xml",
            SyntaxError::UnclosedComment => "expected --> at the end of a comment",
            SyntaxError::UnclosedDoctype => "expected > at the end of <!DOCTYPE",
            SyntaxError::UnclosedCData => "expected ]]> at the end of CDATA",
            SyntaxError::UnclosedTag => "expected > at the end of a tag: write &lt; for a <",
            SyntaxError::UnclosedSingleQuotedAttributeValue
            | SyntaxError::UnclosedDoubleQuotedAttributeValue => {
                "expected a quote at the end of an attribute"
            }
        },
        Error::IllFormed(error) => match error {
            IllFormedError::MissingDeclVersion(_) | IllFormedError::UnknownVersion => {
                "expected <?xml version=\"1.0\"?>"
            }
            IllFormedError::MissingDoctypeName => "expected a name behind <!DOCTYPE",
            IllFormedError::MissingEndTag(_) => "an element is not closed",
            IllFormedError::UnmatchedEndTag(_) => "closes an element that is not open",
            IllFormedError::MismatchedEndTag { .. } => {
                "closes another element than the one that is open"
            }
            IllFormedError::DoubleHyphenInComment => "-- may not stand in a comment",
            IllFormedError::UnclosedReference => {
                "expected ; at the end of an entity: write &amp; for an &"
            }
        },
        Error::InvalidAttr(_) => "expected attributes written as name=\"value\"",
        Error::Escape(_) => "expected &amp; &lt; &gt; &quot; &apos; or a character's number",
        Error::Io(_) | Error::Encoding(_) | Error::Namespace(_) => "not XML",
    }
}
