//! Rules that are applied to requests and answers (`route` and its family).
//!
//! Running a table only decides: it returns what to answer, if anything, and collects what else
//! follows in [`Effects`]. Carrying that out is the caller's. Nothing is allocated for rules
//! that do not act. Values from outside are filled into texts once and never looked at again for
//! places to fill.

/// What `route-if` asks.
mod condition;
/// Users with passwords.
mod password;
/// Texts with places to fill.
mod template;

use std::path::Path;
use std::time::Duration;

use regex::bytes::Regex;
use shared::pattern;
use shared::settings::content::routes::{self, Action, Part, Rule, Template, Test};

use super::files::{Kinds, Now, Pathway};
use super::manner::Edit;
use super::outcome::Notes;
use super::view::View;
use condition::Asked;
use password::Door;

/// The four tables, made once a worker.
#[derive(Debug)]
pub(super) struct Routes {
    /// Before files and the application.
    pub(super) request: Table,
    /// Before an answer with a status of 400 or above.
    pub(super) error: Table,
    /// Before an answer.
    pub(super) response: Table,
    /// After the answer.
    pub(super) last: Table,
}

/// Rules in the order of the file.
#[derive(Debug)]
pub(super) struct Table(Vec<Line>);

#[derive(Debug)]
struct Line {
    check: Check,
    action: Deed,
    /// The action fills groups of the pattern in.
    groups: bool,
}

#[derive(Debug)]
enum Check {
    Always,
    Found { variable: Option<String>, pattern: Regex },
    If { asked: Asked, wanted: bool },
}

/// An action with what was prepared for it.
#[derive(Debug)]
enum Deed {
    Plain(Action),
    Static(Pathway, Template),
    File { at: (Pathway, Template), status: String, kind: Option<String> },
    Password(Door),
}

/// What was found by a pattern: all of it, then its groups.
pub(super) type Groups = Vec<Vec<u8>>;

/// A request (or an answer) in front of a table.
#[derive(Debug)]
pub(super) struct Scene<'a> {
    /// The request.
    pub(super) view: View<'a>,
    /// When it was complete.
    pub(super) now: Now,
    /// The worker's number.
    pub(super) worker: u32,
    /// The answer's status; 0 before there is one.
    pub(super) status: u16,
    /// Types of files by their endings.
    pub(super) kinds: &'a Kinds,
    /// What follows besides an answer.
    pub(super) effects: Effects,
}

/// What follows from rules besides an answer.
#[derive(Debug, Default)]
pub(super) struct Effects {
    /// Variables that are set, in order.
    pub(super) sets: Vec<(String, Vec<u8>)>,
    /// Changes of the answer's head.
    pub(super) edit: Edit,
    /// What the log is told.
    pub(super) notes: Notes,
    /// How long the request may run; zero is without limit.
    pub(super) harakiri: Option<Duration>,
    /// A password was asked for, and right.
    admitted: bool,
}

/// What a table decided.
#[derive(Debug)]
pub(super) enum Verdict<'r> {
    /// The request goes its way.
    Pass,
    /// The connection is closed without an answer.
    Nothing,
    /// This is the answer.
    Answer(Answer),
    /// A file is the answer, with the head that files have.
    Static(&'r Pathway, Vec<u8>),
    /// A file is the answer, with this status and type.
    File { at: &'r Pathway, inner: Vec<u8>, status: &'r str, kind: Option<&'r str> },
}

/// An answer that a rule makes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// The status line's text.
    pub(super) status: String,
    /// A field besides the type.
    pub(super) field: Option<(&'static str, Vec<u8>)>,
    /// The body, plain text.
    pub(super) body: String,
}

impl Routes {
    /// Compiles what the settings say; relative paths count from `directory`.
    pub(super) fn new(settings: &routes::Routes, directory: &Path) -> Self {
        let table = |rules: &[Rule]| {
            Table(rules.iter().filter_map(|rule| Line::new(rule, directory)).collect())
        };
        Self {
            request: table(&settings.request),
            error: table(&settings.error),
            response: table(&settings.response),
            last: table(&settings.last),
        }
    }
}

impl Line {
    fn new(rule: &Rule, directory: &Path) -> Option<Self> {
        // the reader compiled every pattern before: none is lost here
        let check = match &rule.test {
            Test::Always => Check::Always,
            Test::Found { variable, pattern } => Check::Found {
                variable: variable.clone(),
                pattern: pattern::compile(pattern).ok()?,
            },
            Test::If { condition, wanted } => {
                Check::If { asked: Asked::new(condition)?, wanted: *wanted }
            }
        };
        let at = |path: &Template| {
            let (base, rest) = template::split(path, directory);
            (Pathway::new(base), rest)
        };
        let action = match &rule.action {
            Action::Static(path) => {
                let (base, rest) = at(path);
                Deed::Static(base, rest)
            }
            Action::File { path, status, kind } => {
                Deed::File { at: at(path), status: status.clone(), kind: kind.clone() }
            }
            Action::Password { realm, users, next } => {
                Deed::Password(Door::new(realm, users, *next, directory))
            }
            other => Deed::Plain(other.clone()),
        };
        let groups =
            action.templates().any(|one| one.0.iter().any(|part| matches!(part, Part::Group(_))));
        Some(Self { check, action, groups })
    }

    /// Whether the rule acts, and what its pattern found.
    fn acts(&self, scene: &Scene<'_>) -> Option<Groups> {
        match &self.check {
            Check::Always => Some(Groups::new()),
            Check::Found { variable: None, pattern } => {
                find(pattern, scene.status.to_string().as_bytes(), self.groups)
            }
            Check::Found { variable: Some(name), pattern } => {
                let subject = scene.variable(name.as_bytes()).unwrap_or_default();
                find(pattern, subject, self.groups)
            }
            Check::If { asked, wanted } => match (asked.holds(scene, self.groups), wanted) {
                (Some(groups), true) => Some(groups),
                (None, false) => Some(Groups::new()),
                _ => None,
            },
        }
    }
}

/// Looks for a pattern; with `groups` keeps what was found.
fn find(pattern: &Regex, subject: &[u8], groups: bool) -> Option<Groups> {
    if !groups {
        return pattern.is_match(subject).then(Groups::new);
    }
    let found = pattern.captures(subject)?;
    let group = |one: Option<regex::bytes::Match<'_>>| {
        one.map_or_else(Vec::new, |one| one.as_bytes().to_vec())
    };
    Some(found.iter().take(10).map(group).collect())
}

impl Deed {
    fn templates(&self) -> impl Iterator<Item = &Template> {
        let one = match self {
            Self::Plain(
                Action::Redirect(_, text)
                | Action::Rewrite(text, _)
                | Action::Set(_, text)
                | Action::Log(text)
                | Action::LogVariable(_, text)
                | Action::AddHeader(_, text),
            )
            | Self::Static(_, text)
            | Self::File { at: (_, text), .. } => Some(text),
            Self::Plain(_) | Self::Password(_) => None,
        };
        one.into_iter()
    }
}

impl Scene<'_> {
    /// A variable, as the rules before left it.
    pub(super) fn variable(&self, name: &[u8]) -> Option<&[u8]> {
        let set = self.effects.sets.iter().rev().find(|(one, _)| one.as_bytes() == name);
        set.map_or_else(|| self.view.variable(name), |(_, value)| Some(value))
    }

    fn set(&mut self, name: &str, value: Vec<u8>) {
        self.effects.sets.push((name.to_owned(), value));
    }
}

impl Table {
    /// Whether there is nothing to run.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a rule may wait for the file system, or for a password to be checked.
    pub(super) fn waits(&self) -> bool {
        self.0.iter().any(|line| {
            matches!(line.action, Deed::Password(_))
                || matches!(&line.check, Check::If { asked, .. } if asked.waits())
        })
    }

    /// Whether a rule limits how long requests may run.
    pub(super) fn limits(&self) -> bool {
        self.0.iter().any(|line| matches!(line.action, Deed::Plain(Action::Harakiri(_))))
    }

    /// Runs the rules.
    pub(super) fn run<'r>(&'r self, scene: &mut Scene<'_>) -> Verdict<'r> {
        let mut at = 0;
        while let Some(line) = self.0.get(at) {
            at += 1;
            let Some(groups) = line.acts(scene) else { continue };
            let action = match &line.action {
                Deed::Static(base, rest) => {
                    return Verdict::Static(base, template::fill(rest, scene, &groups));
                }
                Deed::File { at: (base, rest), status, kind } => {
                    let inner = template::fill(rest, scene, &groups);
                    return Verdict::File { at: base, inner, status, kind: kind.as_deref() };
                }
                // whoever passed one door is let through the others, as with uWSGI
                Deed::Password(_) if scene.effects.admitted => continue,
                Deed::Password(door) => match door.knock(scene) {
                    password::Knock::Open(user) => {
                        scene.effects.admitted = true;
                        scene.effects.notes.user = Some(user.clone());
                        scene.set("REMOTE_USER", user);
                        continue;
                    }
                    password::Knock::Next => continue,
                    password::Knock::Shut(answer) => return Verdict::Answer(answer),
                },
                Deed::Plain(action) => action,
            };
            match action {
                Action::Goto(target) => at = (*target).max(at),
                Action::Continue => return Verdict::Pass,
                Action::Break(None) => return Verdict::Nothing,
                Action::Rewrite(text, last) => {
                    rewrite(&template::fill(text, scene, &groups), scene);
                    if *last {
                        return Verdict::Pass;
                    }
                }
                other => {
                    if let Some(answer) = act(other, scene, &groups) {
                        return Verdict::Answer(answer);
                    }
                }
            }
        }
        Verdict::Pass
    }
}

/// What neither leads elsewhere nor needs preparation.
fn act(action: &Action, scene: &mut Scene<'_>, groups: &Groups) -> Option<Answer> {
    let filled = |text: &Template, scene: &Scene<'_>| template::fill(text, scene, groups);
    match action {
        Action::Break(Some(status)) => {
            return Some(Answer { status: status.clone(), field: None, body: String::new() });
        }
        Action::Return(code) => {
            let phrase = super::status::phrase(*code);
            let status = format!("{code} {phrase}");
            return Some(Answer { status, field: None, body: phrase.to_owned() });
        }
        Action::Redirect(code, text) => {
            let place = location(&filled(text, scene));
            let phrase = super::status::phrase(*code);
            let body = if *code == 301 { "Moved Permanently" } else { "Moved" };
            return Some(Answer {
                status: format!("{code} {phrase}"),
                field: Some(("Location", place)),
                body: body.to_owned(),
            });
        }
        Action::Set(name, text) => {
            let value = filled(text, scene);
            if name == "REMOTE_USER" {
                scene.effects.notes.user = Some(value.clone());
            }
            scene.set(name, value);
        }
        Action::FixPath => {
            let script = scene.variable(b"SCRIPT_NAME").unwrap_or_default();
            let path = scene.variable(b"PATH_INFO").unwrap_or_default();
            let rest = path.strip_prefix(script).map(<[u8]>::to_vec);
            if let Some(rest) = rest {
                scene.set("PATH_INFO", rest);
            }
        }
        Action::Quiet => scene.effects.notes.quiet = true,
        Action::Log(text) => {
            let text = filled(text, scene);
            eprintln!("{}", template::printable(&text));
        }
        Action::LogVariable(name, text) => {
            let value = filled(text, scene);
            scene.effects.notes.values.push((name.clone(), value));
        }
        Action::AddHeader(name, text) => {
            let value = filled(text, scene);
            // what would end the field, and begin another one, is not sent
            if !value.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
                scene.effects.edit.add.push((name.clone().into_bytes(), value));
            }
        }
        Action::RemoveHeader(name) => {
            scene.effects.edit.remove.push(name.clone().into_bytes());
        }
        Action::Harakiri(seconds) => {
            scene.effects.harakiri = Some(Duration::from_secs(u64::from(*seconds)));
        }
        // done by the caller, or prepared
        Action::Next
        | Action::Continue
        | Action::Goto(_)
        | Action::Break(None)
        | Action::Rewrite(..)
        | Action::Static(_)
        | Action::File { .. }
        | Action::Password { .. } => {}
    }
    None
}

/// Another path; a query string goes in front of the old one.
fn rewrite(target: &[u8], scene: &mut Scene<'_>) {
    let mark = target.iter().position(|byte| *byte == b'?');
    let (path, query) = match mark {
        Some(mark) => (&target[..mark], Some(&target[mark + 1..])),
        None => (target, None),
    };
    if let Some(query) = query {
        let mut query = query.to_vec();
        let old = scene.variable(b"QUERY_STRING").unwrap_or_default();
        if !query.is_empty() && !old.is_empty() {
            query.push(b'&');
        }
        query.extend_from_slice(old);
        scene.set("QUERY_STRING", query);
    }
    let path = template::decoded(path);
    scene.set("PATH_INFO", path);
}

/// A URI that can stand in a head: what no URI has is percent-encoded (RFC 3986 section 2.1).
fn location(place: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(place.len());
    for byte in place {
        if byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(byte) {
            encoded.push(*byte);
        } else {
            encoded.extend_from_slice(format!("%{byte:02X}").as_bytes());
        }
    }
    encoded
}

#[cfg(test)]
mod tests;
