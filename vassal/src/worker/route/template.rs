//! Filling texts: variables, groups, dates.

use std::borrow::Cow;
use std::hash::{BuildHasher, RandomState};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{SystemTime, UNIX_EPOCH};

use shared::settings::content::routes::{Part, Template};
use shared::sys::calendar;

use super::{Groups, Scene};
use crate::base64;
use crate::protocol::hex;

/// Fills a text.
pub(super) fn fill(template: &Template, scene: &Scene<'_>, groups: &Groups) -> Vec<u8> {
    let mut text = Vec::new();
    for part in &template.0 {
        text.extend_from_slice(&value(part, scene, groups));
    }
    text
}

fn value<'a>(part: &'a Part, scene: &'a Scene<'_>, groups: &'a Groups) -> Cow<'a, [u8]> {
    let variable = |name: &str| scene.variable(name.as_bytes()).unwrap_or_default();
    match part {
        Part::Text(text) => Cow::Borrowed(text.as_bytes()),
        Part::Group(number) => {
            Cow::Borrowed(groups.get(usize::from(*number)).map_or(&[], Vec::as_slice))
        }
        Part::Variable(name) => Cow::Borrowed(variable(name)),
        Part::Cookie(name) => {
            Cow::Borrowed(parameter(variable("HTTP_COOKIE"), b';', name.as_bytes()))
        }
        Part::Query(name) => {
            Cow::Borrowed(parameter(variable("QUERY_STRING"), b'&', name.as_bytes()))
        }
        Part::Mime(name) => {
            let kind = scene.kinds.of(variable(name)).unwrap_or_default();
            Cow::Owned(kind.as_bytes().to_vec())
        }
        Part::Base64(name) => Cow::Owned(base64::encode(variable(name)).into_bytes()),
        Part::Hex(name) => {
            let digit = |value: u8| b"0123456789ABCDEF"[usize::from(value & 15)];
            Cow::Owned(
                variable(name).iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect(),
            )
        }
        Part::Seconds => Cow::Owned(scene.now.epoch.to_string().into_bytes()),
        Part::Micros => Cow::Owned(clock().0.to_string().into_bytes()),
        Part::Date(ahead) => {
            let moment = scene.now.epoch.saturating_add(*ahead);
            Cow::Owned(calendar::universal(moment).http_date().into_bytes())
        }
        Part::Worker => Cow::Owned(scene.worker.to_string().into_bytes()),
        Part::Pid => Cow::Owned(std::process::id().to_string().into_bytes()),
        Part::Uuid => Cow::Owned(uuid().into_bytes()),
        Part::Status => Cow::Owned(scene.status.to_string().into_bytes()),
    }
}

/// Micro- and nanoseconds since the epoch.
fn clock() -> (u128, u128) {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (since.as_micros(), since.as_nanos())
}

/// The value of `name` in a list of `name=value`; empty where there is none.
fn parameter<'a>(list: &'a [u8], separator: u8, name: &[u8]) -> &'a [u8] {
    let mut pairs = list.split(|byte| *byte == separator).map(<[u8]>::trim_ascii_start);
    let found = pairs.find_map(|pair| pair.strip_prefix(name)?.strip_prefix(b"="));
    found.unwrap_or_default()
}

/// An identifier in the form of RFC 9562 (version 4). It is unique, not secret: workers are
/// forked, so that pid, clock and a counter tell them apart.
fn uuid() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let state = RandomState::new();
    let seed = (std::process::id(), clock().1, COUNT.fetch_add(1, Relaxed));
    let (one, two) = (state.hash_one((seed, 1)), state.hash_one((seed, 2)));
    let bits = (u128::from(one) << 64 | u128::from(two)) & !(0xf << 76) & !(0b11 << 62);
    let bits = bits | 0x4 << 76 | 0b10 << 62;
    let text = format!("{bits:032x}");
    [&text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]].join("-")
}

/// Percent-decoding; what is malformed stays as it is.
pub(super) fn decoded(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let pair =
            (text.get(at + 1).copied().and_then(hex), text.get(at + 2).copied().and_then(hex));
        if let (b'%', (Some(high), Some(low))) = (byte, pair) {
            plain.push(high << 4 | low);
            at += 3;
        } else {
            plain.push(*byte);
            at += 1;
        }
    }
    plain
}

/// Text from outside with everything that could steer a terminal or fake a line replaced.
pub(super) fn printable(text: &[u8]) -> String {
    String::from_utf8_lossy(text)
        .chars()
        .map(|letter| if letter.is_control() { '?' } else { letter })
        .collect()
}

/// Splits a path into the directory that is the configuration's own and what is filled in below
/// it: values from outside never lead out of that directory. A path without places is a file of
/// the configuration's own.
pub(super) fn split(path: &Template, directory: &Path) -> (PathBuf, Template) {
    if let Some(plain) = path.plain() {
        return (directory.join(plain), Template::default());
    }
    let mut parts = path.0.clone();
    let mut base = directory.to_path_buf();
    if let Some(Part::Text(text)) = parts.first_mut() {
        if let Some(slash) = text.rfind('/') {
            base.push(&text[..=slash]);
            text.drain(..=slash);
        }
    } else if !path.0.is_empty() {
        // nothing is the configuration's own: any path is meant
        base = PathBuf::from("/");
    }
    (base, Template(parts))
}

/// A path in the file system.
pub(super) fn path(text: &[u8]) -> Option<&Path> {
    (!text.is_empty() && !text.contains(&0)).then(|| Path::new(std::ffi::OsStr::from_bytes(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_of_version_4_and_differ() {
        let (one, two) = (uuid(), uuid());
        assert_ne!(one, two);
        let parts: Vec<&str> = one.split('-').collect();
        assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        assert!(parts[2].starts_with('4') && "89ab".contains(&parts[3][..1]), "{one}");
    }

    #[test]
    fn parameters_are_found_by_their_whole_name() {
        assert_eq!(parameter(b"ab=1; a=2", b';', b"a"), b"2");
        assert_eq!(parameter(b"a=1&a=2&b", b'&', b"a"), b"1");
        assert_eq!(parameter(b"a=1&b", b'&', b"b"), b"");
        assert_eq!(parameter(b"", b'&', b"b"), b"");
    }

    #[test]
    fn a_path_is_split_where_values_from_outside_begin() {
        let text = |text: &str| Part::Text(text.into());
        let here = Path::new("/here");
        let split = |parts| {
            let (base, rest) = split(&Template(parts), here);
            (base.display().to_string(), rest.0)
        };
        assert_eq!(split(vec![text("/a/b")]), ("/a/b".into(), vec![]));
        assert_eq!(split(vec![text("x")]), ("/here/x".into(), vec![]));
        let group = || Part::Group(1);
        assert_eq!(split(vec![text("/a/b-"), group()]), ("/a/".into(), vec![text("b-"), group()]));
        assert_eq!(split(vec![text("b-"), group()]), ("/here".into(), vec![text("b-"), group()]));
        assert_eq!(split(vec![group()]), ("/".into(), vec![group()]));
    }
}
