//! What the configuration says of every answer: fields that are added, left out or remembered,
//! and pages in place of the server's own short texts.

use std::fs::File;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use shared::settings::Content;
use shared::settings::content::{Heads, Pages};

use super::output::Piece;
use super::reply::{Reply, Stage};

/// The largest head of an answer where `response-headers-limit` does not say, bytes.
const HEAD_MAX: usize = 64 * 1024;

/// What the configuration says of every answer.
#[derive(Debug)]
pub struct Manner {
    pub(super) heads: Heads,
    pages: Pages,
}

/// What the rules of one request do to its answer's head.
#[derive(Debug, Default)]
pub struct Edit {
    /// Fields that are added.
    pub add: Vec<(Vec<u8>, Vec<u8>)>,
    /// Names of fields that are left out.
    pub remove: Vec<Vec<u8>>,
}

/// Who has a word when a head is complete and about to be sent.
pub trait Advice: std::fmt::Debug {
    /// Looks at the status, edits the head or puts an answer of its own in the place of this one.
    fn advise(&self, status: u16, reply: &mut Reply<'_>);
}

/// What the configuration and its rules have to say about one answer. Where they say nothing it
/// is empty, and asking it costs a look at two pointers.
#[derive(Debug, Default)]
pub struct Say<'a> {
    manner: Option<&'a Manner>,
    edit: Option<Box<Edit>>,
    pub(super) advice: Option<&'a dyn Advice>,
    learned: Vec<(String, Vec<u8>)>,
}

impl<'a> Say<'a> {
    /// Lets the configuration have its say.
    pub(super) fn mind(&mut self, manner: Option<&'a Manner>) {
        self.manner = manner;
    }

    /// Asks this adviser when the head is about to be sent.
    pub(super) fn heed(&mut self, advice: Option<&'a dyn Advice>) {
        self.advice = advice;
    }

    /// What rules change in the head.
    pub(super) fn edit(&mut self) -> &mut Edit {
        self.edit.get_or_insert_default()
    }

    /// A variable that became known while the request was answered.
    pub(super) fn learn(&mut self, name: String, value: Vec<u8>) {
        self.learned.push((name, value));
    }

    /// What became known while the request was answered.
    pub(super) fn take_learned(&mut self) -> Vec<(String, Vec<u8>)> {
        std::mem::take(&mut self.learned)
    }

    /// The largest head, bytes.
    pub(super) fn limit(&self) -> usize {
        self.manner.map_or(HEAD_MAX, |manner| manner.heads.limit as usize)
    }

    /// The page for a status, if there is one.
    pub(super) fn page(&self, status: u16) -> Option<Piece> {
        self.manner?.page(status)
    }

    /// Remembers a field that the configuration wants to know; whether it is not to be sent.
    pub(super) fn leaves_out(&mut self, name: &[u8], value: &[u8]) -> bool {
        let by_rule = self.edit.as_ref().is_some_and(|edit| edit.removes(name));
        let Some(manner) = self.manner else { return by_rule };
        let mut out = by_rule || manner.removes(name);
        for one in &manner.heads.collect {
            if one.field.as_bytes().eq_ignore_ascii_case(name) {
                self.learned.push((one.variable.clone(), value.to_vec()));
                out |= one.pull;
            }
        }
        out
    }

    /// Adds fields to a head; returns how many.
    pub(super) fn add_fields(&mut self, head: &mut Vec<u8>) -> usize {
        let mut count = 0;
        if let Some(manner) = self.manner {
            for (name, value) in &manner.heads.add {
                put(head, name.as_bytes(), value.as_bytes());
            }
            count = manner.heads.add.len();
        }
        if let Some(edit) = self.edit.take() {
            for (name, value) in &edit.add {
                put(head, name, value);
            }
            count += edit.add.len();
        }
        count
    }

    /// Takes fields out of a head that is complete; returns how many.
    pub(super) fn strike_out(&self, head: &mut Vec<u8>) -> usize {
        let Some(edit) = self.edit.as_ref().filter(|edit| !edit.remove.is_empty()) else {
            return 0;
        };
        let lines = std::mem::take(head);
        let mut count = 0;
        for (number, line) in lines.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
            if number > 0 && edit.removes(name) {
                count += 1;
            } else {
                head.extend_from_slice(line);
            }
        }
        count
    }
}

impl<'a> Reply<'a> {
    /// Lets the adviser look at a head that is complete; whether another answer took its place.
    pub(super) fn replaced(&mut self) -> bool {
        let Some(advice) = self.say.advice.take_if(|_| self.stage == Stage::Headed) else {
            return false;
        };
        advice.advise(self.status, self);
        self.stage == Stage::Ended
    }

    /// What the configuration has to say about this answer.
    pub fn say(&mut self) -> &mut Say<'a> {
        &mut self.say
    }

    /// The page that the configuration has for a status; whether there is one.
    pub fn page(&mut self, status: u16, phrase: &str) -> bool {
        let Some(page) = self.say.page(status) else { return false };
        self.begin(status, phrase, b"text/html");
        self.piece(page);
        true
    }

    /// Begins an answer of the server's own.
    fn begin(&mut self, status: u16, phrase: &str, kind: &[u8]) {
        let begun = self.status(format!("{status} {phrase}").as_bytes());
        debug_assert!(begun.is_ok(), "our own statuses are well-formed");
        // only a very low response-headers-limit can be against it
        let _ = self.field(b"Content-Type", kind);
    }

    /// An answer of the server's own: the page of the configuration, or a short text.
    pub fn refuse(&mut self, status: u16, phrase: &str, text: &str) {
        if self.page(status, phrase) {
            return;
        }
        self.begin(status, phrase, b"text/plain; charset=utf-8");
        self.whole(text.as_bytes());
    }

    /// Takes fields out of a head that is complete, after rules looked at it.
    pub fn strike_out(&mut self) {
        self.fields -= self.say.strike_out(self.head);
    }
}

impl Edit {
    fn removes(&self, name: &[u8]) -> bool {
        self.remove.iter().any(|one| one.eq_ignore_ascii_case(name))
    }
}

/// Adds a line to a head.
pub(super) fn put(head: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    head.extend_from_slice(name);
    head.extend_from_slice(b": ");
    head.extend_from_slice(value);
    head.extend_from_slice(b"\r\n");
}

impl Manner {
    /// `None` where the configuration says nothing. Relative paths count from `directory`.
    pub fn of(content: &Content, directory: &Path) -> Option<Self> {
        let (heads, mut pages) = (content.heads.clone(), content.pages.clone());
        if heads == Heads::default() && pages == Pages::default() {
            return None;
        }
        for path in pages.forbidden.iter_mut().chain(&mut pages.missing).chain(&mut pages.failed) {
            *path = directory.join(&path);
        }
        Some(Self { heads, pages })
    }

    /// Whether a field of this name is left out.
    pub(super) fn removes(&self, name: &[u8]) -> bool {
        self.heads.remove.iter().any(|one| one.as_bytes().eq_ignore_ascii_case(name))
    }

    /// The page for a status, if there is one that can be read.
    pub(super) fn page(&self, status: u16) -> Option<Piece> {
        let paths = match status {
            403 => &self.pages.forbidden,
            404 => &self.pages.missing,
            500 => &self.pages.failed,
            _ => return None,
        };
        paths.iter().rev().find_map(open)
    }
}

/// A regular file, whole. Anything else is no page; a pipe does not block.
fn open(path: &PathBuf) -> Option<Piece> {
    let flags = nix::fcntl::OFlag::O_NONBLOCK | nix::fcntl::OFlag::O_NOCTTY;
    let file = File::options().read(true).custom_flags(flags.bits()).open(path).ok()?;
    let facts = file.metadata().ok().filter(std::fs::Metadata::is_file)?;
    Some(Piece { file, offset: 0, left: facts.len() })
}
