//! The simple YAML of uWSGI's own reader of lines, for texts that are not YAML.
//!
//! That reader takes everything behind the first colon as the value. Files that were only ever
//! read by it hold `chdir: %(base)/x`, `add-header: A: b` or `http: [::]:80`, which YAML
//! refuses. Here the characters that YAML stumbles over are exchanged for others that mean
//! nothing to it, one for one, so that every place stays; the values get them back.

use std::borrow::Cow;
use std::collections::HashSet;

use super::Place;

/// The characters that are exchanged.
const SPECIAL: [char; 7] = ['%', '@', '`', '*', '[', ':', '-'];
/// Their substitutes, in the same order: characters without a meaning, from the private range.
const SUBSTITUTE: char = '\u{f5f00}';
/// Longer texts are not tried twice: nobody writes them by hand.
const LENGTH_MAX: usize = 128 * 1024;

/// As much of an anchor's name is compared.
const ANCHOR_MAX: usize = 64;

/// A text in which something was exchanged.
#[derive(Debug)]
pub(super) struct Loose {
    /// The text.
    pub(super) text: String,
    /// Where, at most once per line.
    pub(super) places: Vec<Place>,
}

/// A value of a mended text with its own characters.
pub(super) fn restore(value: Cow<'_, str>) -> Cow<'_, str> {
    if !value.contains(is_substitute) {
        return value;
    }
    value.chars().map(|c| original(c).unwrap_or(c)).collect::<String>().into()
}

/// Exchanges what is not YAML; `None` when there is nothing to do.
pub(super) fn mend(text: &str) -> Option<Loose> {
    if text.len() > LENGTH_MAX || text.contains(is_substitute) {
        return None;
    }
    let anchors = anchors(text);
    let mut loose = Loose { text: String::with_capacity(text.len() + 64), places: Vec::new() };
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let start = value_start(line);
        let (head, value) = line.split_at(start);
        let mended = mended(value, &anchors);
        loose.text.push_str(head);
        match mended {
            Some(mended) => {
                loose.text.push_str(&mended);
                let (line, column) = (number as u32 + 1, head.chars().count() as u32 + 1);
                loose.places.push(Place { line, column });
            }
            None => loose.text.push_str(value),
        }
    }
    (!loose.places.is_empty()).then_some(loose)
}

/// Where the value of `name: value`, `- value` or `- name: value` starts; the end of the line
/// when it is none of these.
fn value_start(line: &str) -> usize {
    let mut rest = line.trim_start_matches(' ');
    let mut item = false;
    while let Some(behind) = rest.strip_prefix("- ") {
        rest = behind.trim_start_matches(' ');
        item = true;
    }
    let name = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c));
    if let Some(end @ 1..) = name
        && let Some(value) = rest[end..].trim_start_matches(' ').strip_prefix(':')
        && value.starts_with([' ', '\t'])
    {
        rest = value;
    } else if !item {
        return line.len();
    }
    line.len() - rest.trim_start_matches([' ', '\t']).len()
}

/// A value in which YAML finds nothing to stumble over; `None` when it did not before either.
fn mended(value: &str, anchors: &HashSet<&str>) -> Option<String> {
    let text = value.trim_end();
    let first = text.chars().next()?;
    let replace_first = match first {
        '%' | '@' | '`' => true,
        '*' => !anchors.contains(anchor_name(&text[1..])),
        '-' => text[1..].is_empty() || text[1..].starts_with(' '),
        // a list, unless something stands behind the bracket that closes it
        '[' => text.split_once(']').is_some_and(|(_, rest)| {
            let rest = rest.trim_start();
            !rest.is_empty() && !rest.starts_with([',', ']', '}', '#'])
        }),
        _ => false,
    };
    if !replace_first && matches!(first, '"' | '\'' | '|' | '>' | '[' | '{' | '&' | '!' | '#' | '*')
    {
        return None;
    }
    let mut changed = replace_first;
    let mut mended = String::with_capacity(value.len() + 8);
    let mut comment = false;
    let mut previous = ' ';
    let mut rest = value.chars().peekable();
    while let Some(c) = rest.next() {
        let first = mended.is_empty();
        comment |= c == '#' && previous == ' ' && !first;
        let ends = rest.peek().is_none_or(|next| next.is_whitespace());
        let replace = if first { replace_first } else { c == ':' && ends && !comment };
        changed |= replace;
        mended.push(if replace { substitute(c) } else { c });
        previous = c;
    }
    changed.then_some(mended)
}

/// The names of all anchors, and of what merely looks like one.
fn anchors(text: &str) -> HashSet<&str> {
    text.match_indices('&').map(|(at, _)| anchor_name(&text[at + 1..])).collect()
}

fn anchor_name(text: &str) -> &str {
    // longer ones are compared by their first part
    let mut first = text.char_indices().take(ANCHOR_MAX);
    let end = first.find(|(_, c)| c.is_whitespace() || ",[]{}&".contains(*c));
    let end = end.or_else(|| text.char_indices().nth(ANCHOR_MAX));
    &text[..end.map_or(text.len(), |(byte, _)| byte)]
}

fn substitute(c: char) -> char {
    let index = SPECIAL.iter().position(|special| *special == c);
    index.and_then(|index| char::from_u32(SUBSTITUTE as u32 + index as u32)).unwrap_or(c)
}

fn is_substitute(c: char) -> bool {
    original(c).is_some()
}

fn original(c: char) -> Option<char> {
    let index = (c as u32).checked_sub(SUBSTITUTE as u32)?;
    SPECIAL.get(index as usize).copied()
}
