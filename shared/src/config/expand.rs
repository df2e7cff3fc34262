//! The three passes over all values: `$(NAME)`, then `@(file)`, then `%(name)`.
//!
//! `%(name)` means the first entry of that name, whatever comes later. Each name is expanded
//! once and remembered, so that values that name each other cost no more than their text; what
//! leads back to itself is an error that names the chain.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use crate::finding::Finding;
use crate::rule;

use super::arithmetic;
use super::loader::{Entry, Loader, Part, is_plain};
use super::scheme::{self, Schemes, Target};
use super::signs::Out;

/// All text that expansion may make, bytes.
const TEXT_MAX: usize = 1024 * 1024;
/// All text that may be looked at again because something was replaced inside, bytes.
const LOOKED_MAX: usize = 4 * 1024 * 1024;
/// How deep values may name values.
const DEPTH_MAX: usize = 64;

/// Expands the entries; returns the names that were used.
pub(super) fn expand(loader: &mut Loader<'_>) -> HashSet<String> {
    from_elsewhere(loader);
    let mut first: HashMap<&str, usize> = HashMap::new();
    for (index, entry) in loader.entries.iter().enumerate() {
        // what was made of something else has no name
        if entry.how.part != Part::Effect {
            first.entry(&entry.given).or_insert(index);
        }
    }
    let entries = &loader.entries;
    let secret = (0..entries.len()).filter(|index| entries[*index].how.secret).collect();
    let mut pass = Pass {
        entries,
        first,
        secret,
        done: HashMap::new(),
        used: HashSet::new(),
        made: 0,
        looked: 0,
    };
    let mut results = Vec::with_capacity(loader.entries.len());
    for (index, entry) in loader.entries.iter().enumerate() {
        if entry.how.raw || !entry.value.contains("%(") {
            continue;
        }
        let mut chain = Vec::new();
        let whole = pass.first.get(entry.given.as_str()) == Some(&index);
        let result = if whole {
            // through the name, so that a value that names itself is seen
            pass.name(&entry.given, index, &mut chain).map(Option::unwrap_or_default)
        } else {
            pass.text(&entry.value, index, &mut chain)
        };
        results.push((index, result));
    }
    let Pass { used, secret, .. } = pass;
    for index in secret {
        loader.entries[index].how.secret = true;
    }
    for (index, result) in results {
        match result {
            Ok(value) => loader.entries[index].value = value,
            Err(trouble) => {
                let entry = &loader.entries[index];
                let finding = Finding::error(
                    Some(entry.origin.clone()),
                    shown(&entry.given),
                    trouble.to_string(),
                );
                loader.findings.push(finding.rule(rule::PLACEHOLDER));
                if matches!(trouble, Trouble::TooMuch) {
                    break;
                }
            }
        }
    }
    used
}

fn shown(name: &str) -> Option<&str> {
    is_plain(name).then_some(name)
}

/// Why a value cannot be expanded.
#[derive(Clone, Debug, thiserror::Error)]
enum Trouble {
    /// The chain leads back to its start.
    #[error("the value needs itself: {0}")]
    Cycle(String),
    /// The chain is too long.
    #[error("values name each other more than {DEPTH_MAX} deep")]
    Deep,
    /// The text is too long.
    #[error("all values together expand to more than {} KiB", TEXT_MAX / 1024)]
    TooMuch,
}

struct Pass<'a> {
    entries: &'a [Entry],
    first: HashMap<&'a str, usize>,
    /// Entries whose values have something from elsewhere in them.
    secret: HashSet<usize>,
    done: HashMap<usize, Result<String, Trouble>>,
    used: HashSet<String>,
    made: usize,
    looked: usize,
}

impl Pass<'_> {
    /// The expanded value of a name, for the value of the entry `of`; `None` when there is no
    /// such entry.
    fn name(
        &mut self,
        name: &str,
        of: usize,
        chain: &mut Vec<usize>,
    ) -> Result<Option<String>, Trouble> {
        if name.is_empty() {
            return Ok(None);
        }
        let Some(&index) = self.first.get(name) else { return Ok(None) };
        if let Some(done) = self.done.get(&index) {
            if self.secret.contains(&index) {
                self.secret.insert(of);
            }
            return done.clone().map(Some);
        }
        if let Some(start) = chain.iter().position(|one| *one == index) {
            let mut names: Vec<String> = Vec::new();
            for link in chain[start..].iter().chain([&index]) {
                let name = &self.entries[*link].given;
                names.push(if is_plain(name) { format!("%({name})") } else { "%(...)".into() });
            }
            return Err(Trouble::Cycle(names.join(" -> ")));
        }
        if chain.len() >= DEPTH_MAX {
            return Err(Trouble::Deep);
        }
        chain.push(index);
        let result = self.text(&self.entries[index].value, index, chain);
        chain.pop();
        if self.secret.contains(&index) {
            self.secret.insert(of);
        }
        self.done.insert(index, result.clone());
        result.map(Some)
    }

    /// A text with its placeholders replaced. Unknown ones stay as they are.
    fn text(&mut self, text: &str, of: usize, chain: &mut Vec<usize>) -> Result<String, Trouble> {
        let mut out = Out::default();
        let mut waiting: Vec<usize> = Vec::new();
        let mut rest = Cow::Borrowed(text);
        loop {
            let Some(found) = next(&rest, "%(") else {
                out.push(&rest);
                break;
            };
            if let Cow::Owned(text) = &rest {
                self.looked += text.len();
            }
            let Found { start, inside, end, waiting: passed } = found;
            waiting.extend(passed.iter().map(|at| out.len() + at));
            out.push(&rest[..start]);
            let value = if inside.contains(' ') {
                self.calculation(inside, of, chain)?
            } else {
                let value = self.name(inside, of, chain)?;
                if value.is_some() && !self.used.contains(inside) {
                    self.used.insert(inside.to_owned());
                }
                value
            };
            self.spend(out.len() + value.as_deref().map_or(0, str::len))?;
            let Some(value) = value else {
                out.push(&rest[start..end]);
                waiting.clear();
                rest = tail(rest, end);
                continue;
            };
            out.push(&value);
            // what was open before has its inside now, or was completed; at the very start uWSGI
            // does not look again
            match waiting.pop().or_else(|| out.opened(&rest[end..])).filter(|at| *at > 0) {
                Some(opening) => {
                    let again = out.cut(opening) + &rest[end..];
                    self.looked += again.len();
                    rest = Cow::Owned(again);
                }
                None => rest = tail(rest, end),
            }
        }
        self.made += out.len();
        self.spend(0)?;
        Ok(out.text())
    }

    fn calculation(
        &mut self,
        text: &str,
        of: usize,
        chain: &mut Vec<usize>,
    ) -> Result<Option<String>, Trouble> {
        arithmetic::evaluate(text, |word| {
            let value = self.name(word, of, chain)?;
            if let Some(value) = &value {
                // what is joined is no longer than all that was put in
                self.looked += value.len();
                self.spend(0)?;
                if !self.used.contains(word) {
                    self.used.insert(word.to_owned());
                }
            }
            Ok(value)
        })
    }

    fn spend(&self, more: usize) -> Result<(), Trouble> {
        let much = self.made + more > TEXT_MAX || self.looked > LOOKED_MAX;
        if much { Err(Trouble::TooMuch) } else { Ok(()) }
    }
}

/// What is behind a place, without a copy where that can be.
fn tail(text: Cow<'_, str>, from: usize) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[from..]),
        Cow::Owned(mut text) => {
            text.drain(..from);
            Cow::Owned(text)
        }
    }
}

/// An `open...)` in a text.
struct Found<'a> {
    /// Where it starts.
    start: usize,
    /// What is inside.
    inside: &'a str,
    /// Where the text behind it starts.
    end: usize,
    /// Openings before it that did not come to an end.
    waiting: Vec<usize>,
}

/// The next `open...)`, of which `open` is one character and a parenthesis. Parentheses inside
/// are counted; the character itself has no place inside, so that of several openings the last
/// one counts.
fn next<'a>(text: &'a str, open: &str) -> Option<Found<'a>> {
    let bytes = text.as_bytes();
    let sign = open.as_bytes()[0];
    let mut start = None;
    let mut waiting = Vec::new();
    let mut depth = 0_usize;
    let mut at = text.find(open)?;
    while at < bytes.len() {
        match (bytes[at], start) {
            (byte, _) if byte == sign => {
                waiting.extend(start.take());
                if bytes.get(at + 1) == Some(&b'(') {
                    start = Some(at);
                    depth = 1;
                    at += 1;
                }
            }
            (b'(', Some(_)) => depth += 1,
            (b')', Some(from)) => {
                depth -= 1;
                if depth == 0 {
                    let inside = &text[from + 2..at];
                    return Some(Found { start: from, inside, end: at + 1, waiting });
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// Replaces each `open...)` for which `value` knows something.
fn replace<E>(
    text: &str,
    open: &str,
    mut value: impl FnMut(&str) -> Result<Option<String>, E>,
) -> Result<String, E> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(Found { start, inside, end, .. }) = next(rest, open) {
        out.push_str(&rest[..start]);
        match value(inside)? {
            Some(new) => out.push_str(&new),
            None => out.push_str(&rest[start..end]),
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
    Ok(out)
}

/// The first two passes. All that comes in by them has one limit: one word may name a megabyte,
/// and a file has room for very many words.
fn from_elsewhere(loader: &mut Loader<'_>) {
    let mut left = TEXT_MAX;
    for index in 0..loader.entries.len() {
        if loader.entries[index].how.raw {
            continue;
        }
        let result =
            environment(loader, index, &mut left).and_then(|()| files(loader, index, &mut left));
        if let Err(error) = result {
            let entry = &loader.entries[index];
            let option = shown(&entry.given);
            let finding = Finding::error(Some(entry.origin.clone()), option, error.to_string());
            let full = matches!(error, Foreign::TooMuch);
            loader.findings.push(if full { finding.rule(rule::TOO_MUCH) } else { finding });
            if full {
                return;
            }
        }
    }
}

/// Why nothing could be put in for a name.
#[derive(Debug, thiserror::Error)]
enum Foreign {
    /// It is not there, or may not be read.
    #[error("{0}")]
    Text(String),
    /// It does not fit.
    #[error("variables and files bring more than {} KiB into the values", TEXT_MAX / 1024)]
    TooMuch,
}

/// Takes the room for a text.
fn take(left: &mut usize, text: &str) -> Result<(), Foreign> {
    *left = left.checked_sub(text.len()).ok_or(Foreign::TooMuch)?;
    Ok(())
}

fn environment(loader: &mut Loader<'_>, index: usize, left: &mut usize) -> Result<(), Foreign> {
    let text = &loader.entries[index].value;
    if text.contains("$(") {
        let mut changed = false;
        let value = replace(text, "$(", |name| {
            let value = loader.variable(name);
            changed |= value.is_some();
            take(left, value.as_deref().unwrap_or_default())?;
            Ok(value)
        })?;
        loader.entries[index].value = value;
        loader.entries[index].how.secret |= changed;
    }
    Ok(())
}

fn files(loader: &mut Loader<'_>, index: usize, left: &mut usize) -> Result<(), Foreign> {
    let entry = &loader.entries[index];
    if !entry.value.contains("@(") {
        return Ok(());
    }
    let mut unknown = None;
    let value = replace(&entry.value, "@(", |name| {
        if matches!(scheme::target(name), Target::File(_)) || loader.world.schemes != Schemes::Off {
            let text = loader.text(name, entry.how.secret).map_err(Foreign::Text)?;
            let text = text.strip_suffix('\n').unwrap_or(&text);
            take(left, text)?;
            if text.contains('\0') {
                return Err(Foreign::Text("what this value names has a NUL byte".to_owned()));
            }
            return Ok(Some(text.to_owned()));
        }
        unknown = Some("not run by a check: the value is unknown");
        Ok(None)
    })?;
    if let Some(message) = unknown {
        let (origin, given) = (entry.origin.clone(), entry.given.clone());
        loader.unknown(&origin, &given, message);
    } else {
        loader.entries[index].value = value;
        loader.entries[index].how.secret = true;
    }
    Ok(())
}
