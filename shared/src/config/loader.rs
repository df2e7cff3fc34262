//! Collects what all sources say into one list, in the order in which it is said.
//!
//! Options that act while the list is made (includes, `set`, blocks) act here, on values that
//! are not expanded yet; everything else waits for [`expand`](super::expand).

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::unistd::geteuid;

use crate::finding::{Finding, Origin};
use crate::option;
use crate::rule;
use crate::summons::Template;

pub(super) use super::directive::Part;
use super::directive::told;
use super::fence::Fence;
use super::glob::Looks;
use super::immediate::{self, Custom};
use super::include::{Frame, Open};
use super::logic::{self, Block};
use super::magic::Subject;
pub(super) use super::plain::is_plain;
use super::source::{self, Proof, Source, SourceError};
use super::world::World;

/// The most entries of one configuration.
const ENTRIES_MAX: usize = 20_000;
/// All text of one configuration, bytes.
const BYTES_MAX: usize = 4 * 1024 * 1024;
/// All files that one configuration reads, bytes.
const READ_MAX: usize = 8 * 1024 * 1024;
/// What even an empty file counts for, bytes: opening it takes time.
const FILE_COST: usize = 2048;
/// What an entry costs beside its text, bytes.
const ENTRY_COST: usize = 64;
/// The most mistakes that are found: who makes more makes them on purpose.
const MISTAKES_MAX: usize = 10_000;
/// The most files that `inherit` may read.
const INHERITED_MAX: usize = 64;

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
    /// The tenant wrote it, not the Emperor.
    pub(super) tenant: bool,
    /// It came from a file that another one names.
    pub(super) included: bool,
    /// Whether it is shown, has an effect, or both.
    pub(super) part: Part,
    /// A part of the value came from a file or from the environment.
    pub(super) secret: bool,
}

/// A file that is read after everything else.
#[derive(Clone, Debug)]
pub(super) enum Late {
    /// An `inherit` names it.
    Named {
        /// The name as given.
        text: String,
        /// Where it was given.
        origin: Origin,
        /// It came from a file or from the environment.
        secret: bool,
    },
    /// The Emperor adds it to every vassal.
    Template(PathBuf),
}

/// The list in the making.
#[derive(Debug)]
pub(super) struct Loader<'w> {
    pub(super) world: &'w World,
    pub(super) entries: Vec<Entry>,
    pub(super) findings: Vec<Finding>,
    /// Whose files may be included; `None`: anybody's.
    pub(super) owner: Option<u32>,
    /// Only files that nobody but root can write are read.
    pub(super) alone: bool,
    /// The first file: the upper case magic variables.
    pub(super) first: Option<Subject>,
    /// The files that are read now, each by the one before it.
    pub(super) frames: Vec<Open>,
    /// The text that was opened last, which `:section` means.
    pub(super) last: Option<Frame>,
    /// What its lower case magic variables meant.
    pub(super) subject: Option<Subject>,
    pub(super) block: Option<Block>,
    /// The value that acts now has a `%(_)` that came from a file or from the environment.
    pub(super) elsewhere: bool,
    /// The open `blacklist`s and `whitelist`s.
    pub(super) fences: Vec<Fence>,
    /// What is read now was written by the tenant, not by the Emperor.
    pub(super) tenant: bool,
    /// Somebody else than root had a hand in a text that was read.
    pub(super) stranger: Cell<bool>,
    /// Names of files came in, which others may have made.
    pub(super) guided: bool,
    /// The fences that the Emperor put around the tenant's file.
    pub(super) bounds: Vec<Fence>,
    /// What `inherit` put off.
    pub(super) late: Vec<Late>,
    pub(super) inherited: bool,
    /// Options made by `declare-option`.
    pub(super) customs: Vec<Custom>,
    /// What they came to: it counts before everything else.
    pub(super) early: Vec<Entry>,
    /// Files glued before and after every file that is read.
    pub(super) injected: (Vec<PathBuf>, Vec<PathBuf>),
    /// Variables of `early-envdir`.
    pub(super) variables: Vec<(String, String)>,
    /// What `iprint` prints.
    pub(super) printed: Vec<String>,
    /// What `exit` says.
    pub(super) exit: Option<i32>,
    /// How long commands and pages took so far.
    pub(super) waited: Cell<Duration>,
    /// Text of entries so far, bytes.
    bytes: usize,
    /// Text of files so far, bytes.
    read: Cell<usize>,
    /// The first entry of each name, for so many entries.
    index: HashMap<String, usize>,
    indexed: usize,
    /// Regular expressions so far.
    pub(super) patterns: usize,
    /// What patterns of files may still look at.
    pub(super) looks: Looks,
    /// A limit was passed: nothing more comes in.
    pub(super) full: bool,
}

impl<'w> Loader<'w> {
    pub(super) fn new(world: &'w World, owner: Option<u32>) -> Self {
        Self {
            world,
            entries: Vec::new(),
            findings: Vec::new(),
            owner,
            alone: false,
            first: None,
            frames: Vec::new(),
            last: None,
            subject: None,
            block: None,
            elsewhere: false,
            fences: Vec::new(),
            tenant: false,
            stranger: Cell::new(owner.is_some_and(|uid| uid != 0)),
            guided: false,
            bounds: Vec::new(),
            late: Vec::new(),
            inherited: false,
            customs: Vec::new(),
            early: Vec::new(),
            injected: (Vec::new(), Vec::new()),
            variables: Vec::new(),
            printed: Vec::new(),
            exit: None,
            waited: Cell::default(),
            bytes: 0,
            read: Cell::new(0),
            index: HashMap::new(),
            indexed: 0,
            patterns: 0,
            looks: Looks::default(),
            full: false,
        }
    }

    /// One key and value from any source.
    pub(super) fn add(&mut self, given: &str, value: &str, origin: &Origin, bare: bool) {
        if self.findings.len() >= MISTAKES_MAX {
            self.overflow(origin);
        }
        if self.full {
            return;
        }
        let name = option::find(given).map(|row| row.name);
        if name == Some("endif") {
            if self.block.take().is_none() {
                self.warn(origin, given, "there is no block to end");
                self.by(rule::BLOCK);
            }
            self.push(given, value, origin, How { bare, raw: true, ..How::default() });
            return;
        }
        // a text that is included from inside a block has blocks of its own
        match self.block.take() {
            None => self.act(given, value, origin, bare),
            Some(Block::Skip) => self.block = Some(Block::Skip),
            Some(block) if name.is_some_and(logic::opens) => {
                self.block = Some(block);
                self.fail(origin, given, "blocks cannot be nested: end the first one before");
            }
            Some(Block::Once) => {
                self.act(given, value, origin, bare);
                self.block = Some(Block::Once);
            }
            Some(Block::Each { items, secret }) => {
                self.elsewhere = secret && value.contains("%(_)");
                for item in &items {
                    self.act_for(item, given, value, origin, bare);
                }
                self.elsewhere = false;
                self.block = Some(Block::Each { items, secret });
            }
        }
    }

    /// A line of a block, for one item.
    fn act_for(&mut self, item: &str, given: &str, value: &str, origin: &Origin, bare: bool) {
        let grown = value.matches("%(_)").count() * item.len();
        let much = self.bytes + grown > BYTES_MAX || self.findings.len() >= MISTAKES_MAX;
        if self.full || much {
            return self.overflow(origin);
        }
        self.act(given, &value.replace("%(_)", item), origin, bare);
    }

    pub(super) fn act(&mut self, given: &str, value: &str, origin: &Origin, bare: bool) {
        let name = option::find(given).map_or("", |row| row.name);
        match name {
            "end-blacklist" | "end-whitelist" if self.unfence() => {}
            "end-blacklist" | "end-whitelist" => {
                self.fail(origin, given, "nothing that this file may end");
                return self.by(rule::FORBIDDEN_OPTION);
            }
            _ if self.fences.iter().all(|fence| fence.allows(given, name)) => {}
            _ => {
                self.fail(origin, given, "forbidden here by a blacklist or whitelist");
                return self.by(rule::FORBIDDEN_OPTION);
            }
        }
        let custom = immediate::custom(self, given, name);
        let raw = self.inherited || custom.is_some() || immediate::acts(given);
        if !self.push(given, value, origin, How { bare, raw, ..How::default() }) {
            return;
        }
        match (custom, name) {
            (Some(custom), _) => immediate::macros(self, &custom, value, origin),
            (None, "ini" | "config" | "include" | "yaml" | "json" | "xml") => {
                self.include(value, origin, given, name);
            }
            (None, "inherit") => self.late.push(Late::Named {
                text: value.to_owned(),
                origin: origin.clone(),
                secret: self.elsewhere,
            }),
            (None, "set") => self.set(value, origin, given, false),
            (None, "set-placeholder") => self.set(value, origin, given, true),
            (None, "blacklist" | "whitelist") => self.fence(name, given, value, origin),
            (None, _) if logic::opens(name) => self.open(name, given, value, origin),
            (None, _) => immediate::act(self, name, given, value, origin),
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
                self.fail(origin, given, format!("\"{key}\" is an option, not a variable"));
                return;
            }
            self.push(key, value, origin, How { raw: true, placeholder, ..How::default() });
        } else if option::find(key).is_some_and(|row| row.name == "set") {
            self.fail(origin, given, "a set cannot set a set");
        } else {
            self.act(key, value, origin, false);
        }
    }

    /// Adds an entry, within the limits of a configuration.
    pub(super) fn push(&mut self, given: &str, value: &str, origin: &Origin, how: How) -> bool {
        if self.full {
            return false;
        }
        if !self.spend(given.len() + value.len(), origin) {
            return false;
        }
        let included = self.inherited || self.is_included();
        let how = How { tenant: self.tenant, included, ..how };
        let (given, value, origin) = (given.to_owned(), value.to_owned(), origin.clone());
        let secret = how.secret || self.elsewhere;
        self.entries.push(Entry { given, value, origin, how: How { secret, ..how } });
        true
    }

    /// Whether the file that is read now is another one than the first.
    fn is_included(&self) -> bool {
        matches!((self.frames.first(), self.frames.last()), (Some(first), Some(last)) if !last.same_text(first))
    }

    /// The last entry is only shown; what it means is this value.
    pub(super) fn means(&mut self, value: String) {
        let Some(entry) = self.entries.last_mut() else { return };
        entry.how.part = Part::Shown;
        let how = How { part: Part::Effect, ..entry.how };
        let twin = Entry { value, how, ..entry.clone() };
        self.entries.push(twin);
    }

    /// Counts an entry; without room for it nothing more comes in.
    pub(super) fn spend(&mut self, bytes: usize, origin: &Origin) -> bool {
        self.bytes += bytes + ENTRY_COST;
        if self.entries.len() + self.early.len() >= ENTRIES_MAX || self.bytes > BYTES_MAX {
            self.overflow(origin);
        }
        !self.full
    }

    /// A limit is passed: nothing more comes in, and the whole is refused.
    fn overflow(&mut self, origin: &Origin) {
        if !std::mem::replace(&mut self.full, true) {
            let message = if self.findings.len() >= MISTAKES_MAX {
                format!("more than {MISTAKES_MAX} mistakes: the rest is not read")
            } else {
                format!(
                    "too much: a configuration has at most {ENTRIES_MAX} options and {} MiB of \
                     text",
                    BYTES_MAX >> 20
                )
            };
            let finding = Finding::error(Some(origin.clone()), None, message);
            self.findings.push(finding.rule(rule::TOO_MUCH));
        }
    }

    /// What has to be true of a file that the configuration names.
    pub(super) fn proof(&self) -> Proof {
        match self.owner {
            _ if self.alone => Proof::Alone,
            Some(uid) => Proof::Owner(uid),
            None => Proof::None,
        }
    }

    /// Whether another file may be read.
    pub(super) fn room(&self) -> Result<(), SourceError> {
        let full = self.read.get() > READ_MAX;
        if full { Err(SourceError::TooMuch(READ_MAX >> 20)) } else { Ok(()) }
    }

    /// Reads a file that the configuration names, within the limits of all of them.
    pub(super) fn source(&self, path: &Path, proof: Proof) -> Result<Source, SourceError> {
        self.room()?;
        let source = source::read(path, proof)?;
        self.read.set(self.read.get() + source.bytes.len().max(FILE_COST));
        self.stranger.set(self.stranger.get() || geteuid().is_root() && source.others);
        Ok(source)
    }

    /// The first entry of a name, as logic and placeholders see it.
    pub(super) fn first_value(&mut self, name: &str) -> Option<&str> {
        // while files are read the list only grows
        let from = std::mem::replace(&mut self.indexed, self.entries.len());
        for (index, one) in self.entries.iter().enumerate().skip(from) {
            if one.how.part != Part::Effect && !self.index.contains_key(&one.given) {
                self.index.insert(one.given.clone(), index);
            }
        }
        self.index.get(name).map(|index| self.entries[*index].value.as_str())
    }

    /// A variable of the environment.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        let own = self.variables.iter().rev().find(|(known, _)| known == name);
        own.map(|(_, value)| value.clone()).or_else(|| self.world.variable(name))
    }

    /// The variables that a command gets.
    pub(super) fn environment(&self) -> Vec<(OsString, OsString)> {
        let own = self.variables.iter().map(|(name, value)| (name.into(), value.into()));
        self.world.environment.iter().cloned().chain(own).collect()
    }

    /// A line of the `[emperor]` section.
    pub(super) fn attribute(&mut self, key: &str, value: &str, origin: &Origin) {
        if key == "check" {
            let how = How { placeholder: true, part: Part::Effect, ..How::default() };
            self.push(super::CHECK, value, origin, how);
        } else if is_plain(key) {
            self.warn(origin, key, "not known in the section [emperor]: ignored");
        }
    }

    /// The Emperor's own files: whoever they belong to, the Emperor named them.
    pub(super) fn templates(&mut self, templates: &[Template]) {
        for template in templates {
            match template {
                Template::Include(path) => self.file(path, Proof::None, false),
                Template::Inherit(path) => self.late.push(Late::Template(path.clone())),
            }
        }
    }

    /// Reads what `inherit` put off, and what that inherits; nothing of it is expanded any more.
    /// `templates`: those of the Emperor too, whose turn is after everything of the tenant's.
    pub(super) fn inherit(&mut self, templates: bool) {
        self.inherited = true;
        let mut read = 0;
        let mut kept = Vec::new();
        while !self.late.is_empty() {
            match self.late.remove(0) {
                Late::Named { origin, .. } if read == INHERITED_MAX => {
                    let message = format!("more than {INHERITED_MAX} files inherit each other");
                    self.late.clear();
                    self.fail(&origin, "inherit", message);
                }
                Late::Named { text, origin, secret } => {
                    self.elsewhere = secret;
                    self.include(&text, &origin, "inherit", "include");
                    self.elsewhere = false;
                }
                Late::Template(path) if templates => self.file(&path, Proof::None, false),
                template @ Late::Template(_) => kept.push(template),
            }
            read += 1;
        }
        self.late = kept;
        self.inherited = false;
    }

    /// The variables that `if-opt` and `if-not-opt` asked for.
    pub(super) fn tested(&self) -> Vec<String> {
        let asks = |entry: &&Entry| matches!(entry.given.as_str(), "if-opt" | "if-not-opt");
        let name = |entry: &Entry| entry.value.split('=').next().unwrap_or_default().to_owned();
        self.entries.iter().filter(asks).map(name).collect()
    }

    pub(super) fn fail(
        &mut self,
        origin: &Origin,
        option: &str,
        message: impl Into<Cow<'static, str>>,
    ) {
        let message = told(self.elsewhere, message);
        self.findings.push(Finding::error(Some(origin.clone()), shown(option), message));
    }

    /// The last finding is this rule's.
    pub(super) fn by(&mut self, code: &'static str) {
        if let Some(finding) = self.findings.pop() {
            self.findings.push(finding.rule(code));
        }
    }

    /// What a check does not run.
    pub(super) fn unknown(&mut self, origin: &Origin, option: &str, message: &str) {
        let finding = Finding::note(Some(origin.clone()), shown(option), message);
        self.findings.push(finding.rule(rule::NOT_RUN).of_value());
    }

    pub(super) fn warn(
        &mut self,
        origin: &Origin,
        option: &str,
        message: impl Into<Cow<'static, str>>,
    ) {
        let message = told(self.elsewhere, message);
        self.findings.push(Finding::warning(Some(origin.clone()), shown(option), message));
    }
}

fn shown(name: &str) -> Option<&str> {
    is_plain(name).then_some(name)
}
