//! Files that the server sends by itself.

use std::path::PathBuf;

use crate::pattern;
use crate::settings::content::{Delivery, Expires, Files, Fresh, Place, Twins};

use super::super::Given;
use super::parsed;

/// Reads this part.
pub(super) fn read(given: &mut Given<'_>) -> Files {
    let mut places: Vec<Place> = given
        .directives
        .all("check-static")
        .filter(|one| !one.value.is_empty())
        .map(|one| Place { prefix: String::new(), kept: false, target: (&one.value).into() })
        .collect();
    places.extend(parsed(given, "static-map", |text| place(text, false)));
    places.extend(parsed(given, "static-map2", |text| place(text, true)));
    let texts = |name| -> Vec<String> {
        given.directives.all(name).map(|one| one.value.clone()).filter(|v| !v.is_empty()).collect()
    };
    let paths = |name| texts(name).into_iter().map(PathBuf::from).collect();
    let (index, skip) = (texts("static-index"), texts("static-skip-ext"));
    let (safe, types) = (paths("static-safe"), paths("mime-file"));
    let twins = Twins {
        all: given.flag("static-gzip-all"),
        prefixes: ["static-gzip-dir", "static-gzip-prefix"].into_iter().flat_map(texts).collect(),
        suffixes: ["static-gzip-ext", "static-gzip-suffix"].into_iter().flat_map(texts).collect(),
        patterns: parsed(given, "static-gzip", |text| checked(text).map(str::to_owned)),
    };
    Files {
        places,
        docroot: given.flag("check-static-docroot"),
        index,
        safe,
        skip,
        expires: expires(given),
        twins,
        types,
        delivery: given
            .parsed("file-serve-mode", "sends the files itself", delivery)
            .unwrap_or_default(),
        copied: given.flag("disable-sendfile"),
    }
}

/// `/prefix=target`.
fn place(text: &str, kept: bool) -> Result<Place, String> {
    let wrong = || format!("expected /path=directory, found {text:?}");
    let (prefix, target) = text.split_once('=').ok_or_else(wrong)?;
    let (prefix, target) = (prefix.trim(), target.trim());
    if !prefix.starts_with('/') || target.is_empty() {
        return Err(wrong());
    }
    Ok(Place { prefix: prefix.to_owned(), kept, target: target.into() })
}

fn delivery(text: &str) -> Result<Delivery, String> {
    match text {
        "x-accel-redirect" | "nginx" => Ok(Delivery::Accel),
        "x-sendfile" => Ok(Delivery::Sendfile),
        _ => Err(format!("expected x-accel-redirect, nginx or x-sendfile, found {text:?}")),
    }
}

/// A pattern that compiles.
fn checked(text: &str) -> Result<&str, String> {
    pattern::compile(text).map(|_| text)
}

/// What is said of single files comes before what is said of types.
fn expires(given: &mut Given<'_>) -> Vec<Expires> {
    type Kind = fn(String) -> Fresh;
    let families: [(&str, &str, Kind); 3] = [
        ("static-expires", "static-expires-mtime", Fresh::File),
        ("static-expires-path-info", "static-expires-path-info-mtime", Fresh::Path),
        ("static-expires-uri", "static-expires-uri-mtime", Fresh::Uri),
    ];
    let mut list = Vec::new();
    for (name, mtime, kind) in families {
        for (name, from_change) in [(name, false), (mtime, true)] {
            list.extend(parsed(given, name, |text| {
                let (pattern, seconds) = split(text, char::is_whitespace, "a pattern, a space")?;
                Ok(Expires { files: kind(checked(pattern)?.to_owned()), seconds, from_change })
            }));
        }
    }
    for (name, from_change) in [("static-expires-type", false), ("static-expires-type-mtime", true)]
    {
        list.extend(parsed(given, name, |text| {
            let (kind, seconds) = split(text, |c| c == '=', "a type, =")?;
            Ok(Expires { files: Fresh::Type(kind.to_owned()), seconds, from_change })
        }));
    }
    list
}

/// Something, a separator and seconds.
fn split<'a>(
    text: &'a str,
    at: impl Fn(char) -> bool,
    what: &str,
) -> Result<(&'a str, u32), String> {
    let wrong = || format!("expected {what} and seconds, found {text:?}");
    let (front, seconds) = text.trim().rsplit_once(at).ok_or_else(wrong)?;
    let front = front.trim_end();
    let seconds = seconds.parse().map_err(|_| wrong())?;
    if front.is_empty() { Err(wrong()) } else { Ok((front, seconds)) }
}
