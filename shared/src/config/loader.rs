//! Collects what all sources say into one list, in the order in which it is said.
//!
//! Options that act while the list is made (includes, `set`, blocks) act here, on values that
//! are not expanded yet; everything else waits for [`expand`](super::expand).

use std::path::{Path, PathBuf};

use crate::finding::{Finding, Origin};
use crate::option;

use super::fence::Fence;
use super::glob;
use super::ini::{self, Piece};
use super::logic::{self, Block, Test};
use super::magic::{self, Subject};
use super::source::{self, Proof};
use super::world::World;

/// The most entries of one configuration.
const ENTRIES_MAX: usize = 20_000;
/// All text of one configuration, bytes.
const BYTES_MAX: usize = 16 * 1024 * 1024;
/// The most lines of one file: each costs memory while the file is open.
const LINES_MAX: usize = 50_000;
/// How deep files may include files.
const DEPTH_MAX: usize = 16;
/// How often `for-times` may repeat, and how many words a loop may have.
pub(super) const ITEMS_MAX: usize = 4096;

/// One key and value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// The key as written.
    pub(super) given: String,
    /// The value, not expanded yet.
    pub(super) value: String,
    /// Where it was given.
    pub(super) origin: Origin,
    /// How it was given.
    pub(super) how: How,
}

/// How an entry was given.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct How {
    /// The line has no `=`.
    pub(super) bare: bool,
    /// Never expanded: it acted already, or it came by `inherit`.
    pub(super) raw: bool,
    /// Made by `set-placeholder`: legal under `strict` whatever its name.
    pub(super) placeholder: bool,
}

/// A file that is being read.
#[derive(Clone, Debug)]
struct Frame {
    path: PathBuf,
    proof: Proof,
}

/// The list in the making.
#[derive(Debug)]
pub(super) struct Loader<'w> {
    pub(super) world: &'w World,
    pub(super) entries: Vec<Entry>,
    pub(super) findings: Vec<Finding>,
    /// Whose files may be included; `None`: anybody's.
    pub(super) owner: Option<u32>,
    /// The first file: the upper case magic variables.
    pub(super) first: Option<Subject>,
    frames: Vec<Frame>,
    last: Option<Frame>,
    block: Option<Block>,
    /// The open `blacklist`s and `whitelist`s.
    fences: Vec<Fence>,
    /// What is read now was written by the tenant, not by the Emperor.
    pub(super) tenant: bool,
    late: Vec<(String, Origin)>,
    inherited: bool,
    /// Text that came in so far: files read and values made.
    bytes: usize,
    /// A limit was passed: nothing more comes in.
    full: bool,
}

impl<'w> Loader<'w> {
    pub(super) fn new(world: &'w World, owner: Option<u32>) -> Self {
        Self {
            world,
            entries: Vec::new(),
            findings: Vec::new(),
            owner,
            first: None,
            frames: Vec::new(),
            last: None,
            block: None,
            fences: Vec::new(),
            tenant: false,
            late: Vec::new(),
            inherited: false,
            bytes: 0,
            full: false,
        }
    }

    /// One key and value from any source.
    pub(super) fn add(&mut self, given: &str, value: &str, origin: &Origin, bare: bool) {
        if self.full {
            return;
        }
        let name = option::find(given).map(|row| row.name);
        if name == Some("endif") {
            if self.block.take().is_none() {
                self.warn(origin, given, "there is no block to end");
            }
            return;
        }
        match &self.block {
            None => self.act(given, value, origin, bare),
            Some(Block::Skip) => {}
            Some(Block::Each(items)) => {
                if name.is_some_and(logic::opens) {
                    self.fail(origin, given, "blocks cannot be nested: end the first one before");
                    return;
                }
                for item in items.clone() {
                    self.act(given, &value.replace("%(_)", &item), origin, bare);
                }
            }
        }
    }

    fn act(&mut self, given: &str, value: &str, origin: &Origin, bare: bool) {
        let name = option::find(given).map_or("", |row| row.name);
        let acts = logic::opens(name)
            || matches!(
                name,
                "ini"
                    | "config"
                    | "include"
                    | "inherit"
                    | "set"
                    | "set-placeholder"
                    | "yaml"
                    | "json"
                    | "xml"
            );
        match name {
            "end-blacklist" | "end-whitelist" if self.unfence() => {}
            "end-blacklist" | "end-whitelist" => {
                return self.fail(origin, given, "nothing that this file may end");
            }
            _ if self.fences.iter().all(|fence| fence.allows(given, name)) => {}
            _ => return self.fail(origin, given, "forbidden here by a blacklist or whitelist"),
        }
        let raw = acts || self.inherited;
        if !self.push(given, value, origin, How { bare, raw, placeholder: false }) {
            return;
        }
        match name {
            "ini" | "config" | "include" => self.include(value, origin, given, name),
            "yaml" | "json" | "xml" => self.fail(origin, given, "this format is not read yet"),
            // what an inherited file inherits is read with it
            "inherit" if self.inherited => self.include(value, origin, given, "include"),
            "inherit" => self.late.push((value.to_owned(), origin.clone())),
            "set" => self.set(value, origin, given, false),
            "set-placeholder" => self.set(value, origin, given, true),
            "blacklist" | "whitelist" => {
                let names = value.split(' ').filter(|name| !name.is_empty());
                self.fences.push(Fence {
                    names: names.map(str::to_owned).collect(),
                    listed: name == "whitelist",
                    depth: self.frames.len(),
                    tenant: self.tenant,
                });
            }
            _ if logic::opens(name) => self.open(name, given, value, origin),
            _ => {}
        }
    }

    /// `set = key=value`.
    pub(super) fn set(&mut self, text: &str, origin: &Origin, given: &str, placeholder: bool) {
        let Some((key, value)) = text.split_once('=') else {
            self.fail(origin, given, "expected name=value");
            return;
        };
        if placeholder {
            if option::find(key).is_some() {
                self.fail(origin, given, &format!("\"{key}\" is an option, not a variable"));
                return;
            }
            let raw = self.inherited;
            self.push(key, value, origin, How { bare: false, raw, placeholder });
        } else if option::find(key).is_some_and(|row| row.name == "set") {
            self.fail(origin, given, "a set cannot set a set");
        } else {
            self.act(key, value, origin, false);
        }
    }

    /// Ends the last fence, unless it was put around the file that wants to end it.
    fn unfence(&mut self) -> bool {
        let depth = self.frames.len();
        let own = |fence: &mut Fence| fence.depth >= depth && (fence.tenant || !self.tenant);
        self.fences.pop_if(own).is_some()
    }

    /// Adds an entry, within the limits of a configuration.
    fn push(&mut self, given: &str, value: &str, origin: &Origin, how: How) -> bool {
        if self.full {
            return false;
        }
        self.bytes += given.len() + value.len();
        if self.entries.len() >= ENTRIES_MAX || self.bytes > BYTES_MAX {
            self.full = true;
            let message = format!(
                "too much: a configuration has at most {ENTRIES_MAX} options and {} MiB of text",
                BYTES_MAX >> 20
            );
            self.findings.push(Finding::error(Some(origin.clone()), None, message));
            return false;
        }
        let (given, value, origin) = (given.to_owned(), value.to_owned(), origin.clone());
        self.entries.push(Entry { given, value, origin, how });
        true
    }

    fn open(&mut self, name: &str, given: &str, value: &str, origin: &Origin) {
        let block = match logic::test(name, value) {
            Test::Words(items) => Ok(Block::Each(items)),
            Test::Glob(pattern) => {
                let found = glob::expand(pattern, &self.world.directory);
                Ok(Block::Each(found.iter().map(|p| p.to_string_lossy().into_owned()).collect()))
            }
            Test::Lines(path) => self
                .text(path, &self.world.directory)
                .map(|text| Block::Each(text.lines().take(ITEMS_MAX).map(str::to_owned).collect())),
            Test::Plain { kind, argument, wanted } => {
                Ok(Block::when(logic::holds(kind, argument, self) == wanted, argument))
            }
            Test::Unknown => Err("this test is not built yet".to_owned()),
        };
        match block {
            Ok(block) => self.block = Some(block),
            Err(why) => {
                self.block = Some(Block::Skip);
                self.fail(origin, given, &why);
            }
        }
    }

    /// The first entry of a name, as logic and placeholders see it.
    pub(super) fn first_value(&self, name: &str) -> Option<&str> {
        self.entries.iter().find(|one| one.given == name).map(|one| one.value.as_str())
    }

    /// The text of a file that a value names, by the rules for included files.
    pub(super) fn text(&self, name: &str, base: &Path) -> Result<String, String> {
        let proof = self.owner.map_or(Proof::None, Proof::Owner);
        let source =
            source::read(&base.join(name), proof).map_err(|error| format!("{name}: {error}"))?;
        String::from_utf8(source.bytes).map_err(|_| format!("{name}: not valid UTF-8"))
    }

    /// `ini = file`, `file:section` or `:section`.
    fn include(&mut self, text: &str, origin: &Origin, given: &str, name: &str) {
        if let Some((scheme, _)) = text.split_once("://") {
            let scheme: String = scheme.chars().take(16).collect();
            let what = format!("{scheme}:// is not supported yet: expected a file");
            self.fail(origin, given, &what);
            return;
        }
        if self.frames.len() >= DEPTH_MAX {
            self.fail(origin, given, &format!("files include each other {DEPTH_MAX} deep"));
            return;
        }
        let (file, section) = text.rsplit_once(':').unwrap_or((text, ""));
        let frame = if file.is_empty() {
            let Some(frame) = self.frames.last().or(self.last.as_ref()) else {
                self.fail(origin, given, "expected a file name");
                return;
            };
            frame.clone()
        } else {
            let proof = self.owner.map_or(Proof::None, Proof::Owner);
            Frame { path: self.world.directory.join(file), proof }
        };
        let first = name != "include";
        self.load(frame, file, section, first, Some((origin, given)));
    }

    /// A file that was named by whoever started the server.
    pub(super) fn file(&mut self, path: &Path, proof: Proof, first: bool) {
        let given = path.to_string_lossy().into_owned();
        let path = self.world.directory.join(path);
        self.load(Frame { path, proof }, &given, "", first, None);
    }

    fn load(
        &mut self,
        frame: Frame,
        given: &str,
        section: &str,
        first: bool,
        by: Option<(&Origin, &str)>,
    ) {
        // "." components go, links and ".." stay: the name is not resolved
        let path = std::path::absolute(&frame.path).unwrap_or_else(|_| frame.path.clone());
        let start = Origin::File { path: frame.path.clone(), line: 1, column: 1 };
        let complain = |loader: &mut Self, message: String| {
            let finding = match by {
                Some((origin, option)) => {
                    let message = format!("{}: {message}", path.display());
                    Finding::error(Some(origin.clone()), Some(option), message)
                }
                None => Finding::error(Some(start.clone()), None, message),
            };
            loader.findings.push(finding);
        };
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
        if matches!(extension, "yaml" | "yml" | "json" | "js" | "xml") {
            complain(self, format!("the format \"{extension}\" is not read yet"));
            return;
        }
        let source = match source::read(&frame.path, frame.proof) {
            Ok(source) => source,
            Err(error) => return complain(self, error.to_string()),
        };
        if source.bytes.split(|byte| *byte == b'\n').count() > LINES_MAX {
            complain(self, format!("more than {LINES_MAX} lines"));
            return;
        }
        // the limit is enforced by the next entry: without one a file is only comments
        self.bytes += source.bytes.len();
        self.full |= self.bytes > 4 * BYTES_MAX;
        let here = Subject {
            path: path.clone(),
            given: given.to_owned(),
            section: section.to_owned(),
            inode: source.inode,
        };
        if first && self.first.is_none() {
            self.first = Some(here.clone());
        }
        let wanted = if section.is_empty() { "uwsgi" } else { section };
        let main = self.frames.is_empty() && by.is_none();
        self.frames.push(frame);
        let met = self.ini(&source.bytes, &here, wanted, section.is_empty(), main);
        self.last = self.frames.pop();
        if let Some(sections) = met {
            let found = match sections.as_slice() {
                [] => "there is none".to_owned(),
                list => format!("found {}", list.join(", ")),
            };
            complain(self, format!("section [{wanted}] is missing: {found}"));
        }
    }

    /// Reads the wanted section. When there is no such section, returns those that are there.
    fn ini(
        &mut self,
        bytes: &[u8],
        here: &Subject,
        wanted: &str,
        assume: bool,
        main: bool,
    ) -> Option<Vec<String>> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let lines = magic::lines(bytes, here, self.first.as_ref(), self.world);
        let at = |line, column| Origin::File { path: here.path.clone(), line, column };
        let headed = lines.iter().any(|line| line.bytes.trim_ascii_start().starts_with(b"["));
        if !headed && assume {
            let message = "no line starts with [: read as if [uwsgi] were the first line";
            self.findings.push(Finding::warning(Some(at(1, 1)), None, message));
        }
        let mut current = if headed || !assume { None } else { Some(wanted.to_owned()) };
        let mut met = current.is_some();
        let mut sections: Vec<String> = Vec::new();
        let mut dropped = None;
        for line in &lines {
            let Ok(text) = std::str::from_utf8(&line.bytes) else {
                if current.as_deref() == Some(wanted) && !is_comment(&line.bytes) {
                    let message = "this line is not valid UTF-8";
                    self.findings.push(Finding::error(Some(at(line.number, 1)), None, message));
                }
                continue;
            };
            let Some((column, piece)) = ini::piece(text) else { continue };
            let origin = at(line.number, column);
            match piece {
                Piece::Section { name, closed } => {
                    if !closed {
                        let message = "this section's line does not end with ]: expected [name]";
                        self.findings.push(Finding::warning(Some(origin), None, message));
                    }
                    met |= name == wanted;
                    if is_plain(name) && sections.len() < 8 && !sections.iter().any(|s| s == name) {
                        sections.push(name.to_owned());
                    }
                    current = Some(name.to_owned());
                }
                Piece::Pair { key, value, .. } if value.contains('\0') || key.contains('\0') => {
                    let message = "this line has a NUL byte";
                    self.findings.push(Finding::error(Some(origin), None, message));
                }
                Piece::Pair { key, value, bare } => match current.as_deref() {
                    None => dropped = dropped.or(Some(origin)),
                    Some(section) if section == wanted => self.add(key, value, &origin, bare),
                    Some("emperor") if main => self.attribute(key, value, &origin),
                    Some(_) => {}
                },
            }
        }
        if self.block.take().is_some() {
            let origin = at(lines.last().map_or(1, |line| line.number), 1);
            self.warn(&origin, "endif", "a block is not ended in this file: it ends here");
        }
        if let Some(origin) = dropped {
            let message = "lines before the first section belong to none and are ignored";
            self.findings.push(Finding::warning(Some(origin), None, message));
        }
        (!met).then_some(sections)
    }

    /// A line of the `[emperor]` section.
    fn attribute(&mut self, key: &str, value: &str, origin: &Origin) {
        if key == "check" {
            let how = How { placeholder: true, ..How::default() };
            self.push(super::CHECK, value, origin, how);
        } else if is_plain(key) {
            self.warn(origin, key, "not known in the section [emperor]: ignored");
        }
    }

    /// Reads what `inherit` put off; nothing of it is expanded any more.
    pub(super) fn inherit(&mut self) {
        self.inherited = true;
        for (text, origin) in std::mem::take(&mut self.late) {
            self.include(&text, &origin, "inherit", "include");
        }
    }

    /// The variables that `if-opt` and `if-not-opt` asked for.
    pub(super) fn tested(&self) -> Vec<String> {
        let asks = |entry: &&Entry| matches!(entry.given.as_str(), "if-opt" | "if-not-opt");
        let name = |entry: &Entry| entry.value.split('=').next().unwrap_or_default().to_owned();
        self.entries.iter().filter(asks).map(name).collect()
    }

    pub(super) fn fail(&mut self, origin: &Origin, option: &str, message: &str) {
        self.findings.push(Finding::error(Some(origin.clone()), Some(option), message));
    }

    pub(super) fn warn(&mut self, origin: &Origin, option: &str, message: &str) {
        self.findings.push(Finding::warning(Some(origin.clone()), Some(option), message));
    }
}

fn is_comment(line: &[u8]) -> bool {
    matches!(line.trim_ascii_start().first(), Some(b';' | b'#'))
}

/// Whether a text looks like a name, so that it may be shown: a finding must not quote what
/// may be a line of somebody's secret.
pub(super) fn is_plain(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}
