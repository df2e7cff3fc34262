//! The lines of a text: those of the wanted section go into the loader's list.

use std::path::Path;
use std::sync::Arc;

use crate::finding::{Finding, Origin};
use crate::option;
use crate::rule;

use super::format::{self, Kind};
use super::include::Segment;
use super::ini::{self, Piece};
use super::loader::{Loader, is_plain};
use super::magic::{self, Line, Subject};

impl Loader<'_> {
    /// Reads the wanted section. When there is no such section, returns those that are there.
    pub(super) fn sections(
        &mut self,
        segments: &[Segment],
        here: &Subject,
        wanted: &str,
        main: bool,
    ) -> Option<Vec<String>> {
        let mut state = Sections { wanted, main, current: None, met: Vec::new(), dropped: None };
        // an included one is no configuration: somebody's list, or secret
        let top = self.frames.len() == 1;
        if top && here.section.is_empty() && !segments.iter().any(|one| is_headed(&one.bytes)) {
            if let Some(one) = segments.first() {
                let start = Origin::File { path: one.path.clone(), line: 1, column: 1, value: 0 };
                let message = "no line starts with [: read as if [uwsgi] were the first line";
                let finding = Finding::warning(Some(start), None, message).rule(rule::SECTION);
                self.findings.push(finding.uwsgi("finds no section and drops every line"));
            }
            state.current = Some(wanted.to_owned());
            state.met.push(wanted.to_owned());
        }
        let mut end = None;
        for segment in segments {
            let bytes = segment.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&segment.bytes);
            let lines = match magic::lines(bytes, here, self.first.as_ref(), self.world) {
                Ok(lines) => lines,
                Err(error) => {
                    self.grown(&segment.path, &error);
                    continue;
                }
            };
            for line in &lines {
                self.line(line, bytes, &segment.path, &mut state, here);
            }
            let number = lines.last().map_or(1, |line| line.number);
            let path = segment.path.clone();
            end = Some(Origin::File { path, line: number, column: 1, value: 0 });
        }
        if let (Some(_), Some(origin)) = (self.block.take(), end) {
            self.warn(&origin, "endif", "a block is not ended in this file: it ends here");
            self.by(rule::BLOCK);
        }
        if let Some(origin) = state.dropped {
            let message = "lines before the first section belong to none and are ignored";
            let finding = Finding::warning(Some(origin), None, message).rule(rule::BEFORE_SECTION);
            self.findings.push(finding.uwsgi("drops them in silence"));
        }
        (!state.met.iter().any(|name| name == wanted)).then_some(state.met)
    }

    fn grown(&mut self, path: &Arc<Path>, error: &magic::TooMuch) {
        let start = Origin::File { path: path.clone(), line: 1, column: 1, value: 0 };
        self.findings.push(Finding::error(Some(start), None, error.to_string()));
    }

    /// Reads a text in another language; what was injected around it is a part of it.
    pub(super) fn document(
        &mut self,
        kind: Kind,
        segments: &[Segment],
        here: &Subject,
        wanted: &str,
    ) -> Option<Vec<String>> {
        let mut lines = Vec::new();
        for segment in segments {
            match magic::lines(&segment.bytes, here, self.first.as_ref(), self.world) {
                Ok(more) => lines.extend(more.into_iter().map(|line| (&segment.path, line))),
                Err(error) => {
                    self.grown(&segment.path, &error);
                    return None;
                }
            }
        }
        let at = |line: u32, column| {
            let found = lines.get(line.saturating_sub(1) as usize).or(lines.last());
            let (path, line) = match found {
                Some((path, line)) => ((*path).clone(), line.number),
                None => (here.path.as_path().into(), 1),
            };
            Origin::File { path, line, column, value: 0 }
        };
        let mut text = Vec::new();
        for (index, (_, line)) in lines.iter().enumerate() {
            if index > 0 {
                text.push(b'\n');
            }
            text.extend_from_slice(&line.bytes);
        }
        let text = match String::from_utf8(text) {
            Ok(text) => text,
            Err(error) => {
                let bytes = error.as_bytes();
                let good = &bytes[..error.utf8_error().valid_up_to()];
                let line = good.split(|byte| *byte == b'\n').count() as u32;
                let message = "this line is not valid UTF-8";
                let finding = Finding::error(Some(at(line, 1)), None, message);
                self.findings.push(finding.rule(rule::ENCODING));
                return None;
            }
        };
        let document = match format::read(kind, &text, wanted) {
            Ok(document) => document,
            Err(fault) => {
                let origin = Some(at(fault.line, fault.column));
                self.findings.push(Finding::error(origin, None, fault.message).rule(rule::FORMAT));
                return None;
            }
        };
        for note in document.notes {
            let origin = Some(at(note.line, note.column));
            self.findings.push(Finding::warning(origin, None, note.message).rule(rule::FORMAT));
        }
        for pair in document.pairs {
            self.add(&pair.key, &pair.value, &at(pair.line, pair.column), false);
        }
        if self.block.take().is_some() {
            let message = "a block is not ended in this file: it ends here";
            self.warn(&at(u32::MAX, 1), "endif", message);
            self.by(rule::BLOCK);
        }
        (!document.found).then_some(document.sections)
    }

    fn line(
        &mut self,
        line: &Line,
        raw: &[u8],
        path: &Arc<Path>,
        state: &mut Sections<'_>,
        here: &Subject,
    ) {
        let Ok(text) = std::str::from_utf8(&line.bytes) else {
            if state.inside() && !is_comment(&line.bytes) {
                let path = path.clone();
                let start = Origin::File { path, line: line.number, column: 1, value: 0 };
                let message = "this line is not valid UTF-8";
                let finding = Finding::error(Some(start), None, message);
                self.findings.push(finding.rule(rule::ENCODING));
            }
            return;
        };
        let value = ini::value_column(text);
        let at = |column| Origin::File { path: path.clone(), line: line.number, column, value };
        let Some((column, piece)) = ini::piece(text) else { return };
        match piece {
            Piece::Section { name, closed } => {
                if !closed {
                    let message = "this section's line does not end with ]: expected [name]";
                    let finding = Finding::warning(Some(at(column)), None, message);
                    self.findings.push(finding.rule(rule::SECTION));
                }
                let few = state.met.len() < 8 || name == state.wanted;
                if is_plain(name) && few && !state.met.iter().any(|met| met == name) {
                    state.met.push(name.to_owned());
                }
                state.current = Some(name.to_owned());
            }
            Piece::Pair { key, value, .. } if value.contains('\0') || key.contains('\0') => {
                let message = "this line has a NUL byte";
                let finding = Finding::error(Some(at(column)), None, message);
                self.findings.push(finding.rule(rule::ENCODING));
            }
            Piece::Pair { key, value, bare } => match state.current.as_deref() {
                None => state.dropped = state.dropped.take().or_else(|| Some(at(column))),
                Some(section) if section == state.wanted => {
                    let before = self.entries.len();
                    self.add(key, value, &at(column), bare);
                    if self.entries.len() == before + 1 && is_for_vassals(key) {
                        self.defer(&raw[line.start..line.end], here);
                    }
                }
                Some("emperor") if state.main => self.attribute(key, value, &at(column)),
                Some(_) => {}
            },
        }
    }

    /// `vassal-set` is text of each vassal: magic variables that mean a file mean the vassal's.
    fn defer(&mut self, raw: &[u8], here: &Subject) {
        let raw = magic::deferred(raw, here, self.first.as_ref(), self.world);
        let Some((_, Piece::Pair { value, .. })) = ini::piece(&raw) else { return };
        self.means(value.to_owned());
    }
}

/// Where a text is read.
struct Sections<'a> {
    wanted: &'a str,
    /// It is the file that the server was started with.
    main: bool,
    current: Option<String>,
    /// Names that were met, for a message.
    met: Vec<String>,
    /// The first line that belongs to no section.
    dropped: Option<Origin>,
}

impl Sections<'_> {
    fn inside(&self) -> bool {
        self.current.as_deref() == Some(self.wanted)
    }
}

fn is_for_vassals(key: &str) -> bool {
    option::find(key).is_some_and(|row| row.name == "vassal-set")
}

/// Whether a text has sections at all.
fn is_headed(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    text.split(|byte| *byte == b'\n').any(|line| line.trim_ascii_start().starts_with(b"["))
}

fn is_comment(line: &[u8]) -> bool {
    matches!(line.trim_ascii_start().first(), Some(b';' | b'#'))
}
