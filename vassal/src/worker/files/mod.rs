//! Files that are sent without asking the application (`static-map` and its family).
//!
//! GET and HEAD only. What is not there falls through to the application, and so does everything
//! that must not be sent: paths with dot segments, links that lead out, what is no regular file.
//! Prefixes and directories end at component boundaries: uWSGI compares starts of strings, so
//! that `/static` also reached the neighbour of its directory.

/// Opening files below a directory, and nowhere else.
mod beneath;
/// Copies and parts.
mod condition;
/// Dates of conditional requests.
mod date;
/// Types of files.
mod kind;
/// The head and body of an answer.
mod send;

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use regex::bytes::Regex;
use shared::pattern;
use shared::settings::content::{self, Delivery, Fresh};

use super::output::Piece;
use super::reply::Reply;
use super::view::View;
use beneath::{Base, Found};
pub(super) use kind::Kinds;

/// What serves files, made once a worker.
#[derive(Debug)]
pub(super) struct Files {
    spots: Vec<Spot>,
    docroot: bool,
    index: Vec<String>,
    safe: Vec<Base>,
    skip: Vec<String>,
    expires: Vec<Rule>,
    twins: Twins,
    kinds: Kinds,
    delivery: Delivery,
    told: AtomicBool,
}

/// Where files are looked for.
#[derive(Debug)]
struct Spot {
    prefix: String,
    kept: bool,
    base: Base,
}

/// How long which files stay fresh.
#[derive(Debug)]
struct Rule {
    files: Matcher,
    seconds: u32,
    from_change: bool,
}

#[derive(Debug)]
enum Matcher {
    Type(String),
    File(Regex),
    Uri(Regex),
    Path(Regex),
}

/// Which files have compressed twins.
#[derive(Debug)]
struct Twins {
    all: bool,
    patterns: Vec<Regex>,
    prefixes: Vec<String>,
    suffixes: Vec<String>,
}

/// A file that was found.
#[derive(Debug)]
struct Hit {
    file: File,
    facts: Metadata,
    /// Its path as the configuration leads to it.
    path: Vec<u8>,
}

/// A directory, or a single file, that a rule names.
#[derive(Debug)]
pub(super) struct Pathway(Base);

impl Pathway {
    /// The path is absolute, and all of it the configuration's own.
    pub(super) fn new(path: PathBuf) -> Self {
        Self(Base::new(path))
    }
}

/// The time of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    /// Seconds since the epoch.
    pub(super) epoch: i64,
    /// Milliseconds of the monotonic clock.
    pub(super) monotonic: u64,
}

impl Files {
    /// Prepares what the settings say; relative paths count from `directory`.
    pub(super) fn new(settings: &content::Files, directory: &Path) -> Self {
        let base = |path: &PathBuf| Base::new(directory.join(path));
        let compiled = |text: &String| pattern::compile(text).ok();
        let rule = |one: &content::Expires| {
            let files = match &one.files {
                Fresh::Type(kind) => Matcher::Type(kind.clone()),
                Fresh::File(text) => Matcher::File(compiled(text)?),
                Fresh::Uri(text) => Matcher::Uri(compiled(text)?),
                Fresh::Path(text) => Matcher::Path(compiled(text)?),
            };
            Some(Rule { files, seconds: one.seconds, from_change: one.from_change })
        };
        let spot = |one: &content::Place| Spot {
            prefix: one.prefix.clone(),
            kept: one.kept,
            base: base(&one.target),
        };
        Self {
            spots: settings.places.iter().map(spot).collect(),
            docroot: settings.docroot,
            index: settings
                .index
                .iter()
                .map(|name| name.trim_start_matches('/').to_owned())
                .collect(),
            safe: settings.safe.iter().map(base).collect(),
            skip: settings.skip.clone(),
            // the reader compiled every pattern before
            expires: settings.expires.iter().filter_map(rule).collect(),
            twins: Twins {
                all: settings.twins.all,
                patterns: settings.twins.patterns.iter().filter_map(compiled).collect(),
                prefixes: settings.twins.prefixes.clone(),
                suffixes: settings.twins.suffixes.clone(),
            },
            kinds: Kinds::new(settings.types.iter().map(|path| directory.join(path)).collect()),
            delivery: settings.delivery,
            told: AtomicBool::new(false),
        }
    }

    /// Whether a request could be answered with a file.
    pub(super) fn concerns(&self, view: &View<'_>) -> bool {
        let path = || view.request.bytes(view.head, view.request.path);
        view.reads() && (self.docroot || self.spots.iter().any(|one| one.inner(path()).is_some()))
    }

    /// Answers with a file if there is one. May wait for the file system.
    pub(super) fn serve(&self, view: &View<'_>, now: Now, reply: &mut Reply<'_>) -> bool {
        let path = view.request.bytes(view.head, view.request.path);
        for spot in &self.spots {
            let Some(inner) = spot.inner(path).and_then(clean) else { continue };
            if self.serve_from(&spot.base, &inner, view, now, reply) {
                return true;
            }
        }
        if self.docroot
            && let Some(root) = view.variable(b"DOCUMENT_ROOT").filter(|root| !root.is_empty())
            && let Some(inner) = clean(path)
        {
            let base = Base::new(Path::new(std::ffi::OsStr::from_bytes(root)).to_path_buf());
            return self.serve_from(&base, &inner, view, now, reply);
        }
        false
    }

    /// Answers with the file that a rule names; `inner` is the part of its path that came from
    /// outside.
    pub(super) fn serve_path(
        &self,
        at: &Pathway,
        inner: &[u8],
        view: &View<'_>,
        now: Now,
        reply: &mut Reply<'_>,
    ) -> bool {
        below(inner, view).is_some_and(|inner| self.serve_from(&at.0, &inner, view, now, reply))
    }

    /// A regular file that a rule names, and the type of its ending.
    pub(super) fn find(
        &self,
        at: &Pathway,
        inner: &[u8],
        view: &View<'_>,
        now: Now,
    ) -> Option<(Piece, Option<&str>)> {
        let inner = below(inner, view).filter(|inner| !inner.directory)?.path;
        match self.open(&at.0, &inner, now)? {
            Found::File(file, facts) => {
                let hit = self.hit(&at.0, &inner, file, facts)?;
                let kind = self.kinds.of(&hit.path);
                Some((Piece { file: hit.file, offset: 0, left: hit.facts.len() }, kind))
            }
            Found::Directory => None,
        }
    }

    /// Types by endings.
    pub(super) fn kinds(&self) -> &Kinds {
        &self.kinds
    }

    fn serve_from(
        &self,
        base: &Base,
        inner: &Inner,
        view: &View<'_>,
        now: Now,
        reply: &mut Reply<'_>,
    ) -> bool {
        let Some(hit) = self.look(base, inner, now) else { return false };
        send::send(self, base, hit, view, now, reply);
        true
    }

    /// Finds a file, or the index of a directory.
    fn look(&self, base: &Base, inner: &Inner, now: Now) -> Option<Hit> {
        if inner.directory {
            return self.index(base, &inner.path, now);
        }
        match self.open(base, &inner.path, now)? {
            Found::File(file, facts) => self.hit(base, &inner.path, file, facts),
            Found::Directory => self.index(base, &inner.path, now),
        }
    }

    fn index(&self, base: &Base, directory: &[u8], now: Now) -> Option<Hit> {
        self.index.iter().find_map(|name| {
            let inner = if directory.is_empty() {
                name.clone().into_bytes()
            } else {
                [directory, b"/", name.as_bytes()].concat()
            };
            let inner = clean(&inner)?.path;
            match self.open(base, &inner, now)? {
                Found::File(file, facts) => self.hit(base, &inner, file, facts),
                Found::Directory => None,
            }
        })
    }

    fn hit(&self, base: &Base, inner: &[u8], file: File, facts: Metadata) -> Option<Hit> {
        let mut path = base.path().as_os_str().as_bytes().to_vec();
        if !inner.is_empty() {
            if !path.ends_with(b"/") {
                path.push(b'/');
            }
            path.extend_from_slice(inner);
        }
        let skipped = self.skip.iter().any(|ending| path.ends_with(ending.as_bytes()));
        (!skipped).then_some(Hit { file, facts, path })
    }

    fn open(&self, base: &Base, inner: &[u8], now: Now) -> Option<Found> {
        match base.open(inner, &self.safe, now.monotonic) {
            Ok(found) => Some(found),
            Err(error) => {
                if error.kind() == io::ErrorKind::PermissionDenied && !self.told.swap(true, Relaxed)
                {
                    let inner = String::from_utf8_lossy(inner).escape_debug().to_string();
                    let base = base.path().display();
                    eprintln!("a file below {base} is not sent: {inner}: {error}");
                }
                None
            }
        }
    }

    /// Seconds since the epoch until which an answer stays fresh.
    fn fresh(&self, hit: &Hit, kind: Option<&str>, view: &View<'_>, now: Now) -> Option<i64> {
        use std::os::unix::fs::MetadataExt;
        let (request, head) = (view.request, view.head);
        let rule = self.expires.iter().find(|rule| match &rule.files {
            Matcher::Type(wanted) => kind == Some(wanted.as_str()),
            Matcher::File(pattern) => pattern.is_match(&hit.path),
            Matcher::Uri(pattern) => pattern.is_match(request.bytes(head, request.target)),
            Matcher::Path(pattern) => pattern.is_match(request.bytes(head, request.path)),
        })?;
        let from = if rule.from_change { hit.facts.mtime() } else { now.epoch };
        Some(from.saturating_add(i64::from(rule.seconds)))
    }
}

impl Spot {
    /// The part of a path below this spot; `None` where it does not concern it.
    fn inner<'a>(&self, path: &'a [u8]) -> Option<&'a [u8]> {
        let rest = path.strip_prefix(self.prefix.as_bytes())?;
        let slash = rest.first() == Some(&b'/');
        let boundary = match self.prefix.as_bytes().last() {
            // a second slash would be a component without a name
            Some(b'/') => !slash,
            Some(_) => slash || rest.is_empty(),
            None => true,
        };
        boundary.then_some(if self.kept { path } else { rest })
    }
}

impl Twins {
    /// Whether the file of this path may have a compressed twin.
    fn concern(&self, path: &[u8]) -> bool {
        self.all
            || self.suffixes.iter().any(|end| path.ends_with(end.as_bytes()))
            || self.prefixes.iter().any(|start| path.starts_with(start.as_bytes()))
            || self.patterns.iter().any(|pattern| pattern.is_match(path))
    }
}

/// A path below a base: no empty, `.` or `..` component, no NUL.
#[derive(Debug, Default, PartialEq, Eq)]
struct Inner {
    path: Vec<u8>,
    /// It ended in a slash: only a directory is meant.
    directory: bool,
}

/// The part of a rule's path that came from outside. It may begin with a slash, which is the one
/// of the request's path where that has no others too many.
fn below(inner: &[u8], view: &View<'_>) -> Option<Inner> {
    let path = || view.request.bytes(view.head, view.request.path);
    clean(inner).filter(|_| !inner.starts_with(b"/") || clean(path()).is_some())
}

/// Takes a path apart; `None` for one that is never served. Rules see paths as they came: a second
/// way to write one would lead around a rule that guards it.
fn clean(path: &[u8]) -> Option<Inner> {
    if path.contains(&0) {
        return None;
    }
    let rest = path.strip_prefix(b"/").unwrap_or(path);
    let (names, slash) = rest.strip_suffix(b"/").map_or((rest, false), |names| (names, true));
    let plain = |part: &[u8]| !matches!(part, b"" | b"." | b"..");
    // the base itself has no name
    if !rest.is_empty() && !names.split(|byte| *byte == b'/').all(plain) {
        return None;
    }
    Some(Inner { path: names.to_vec(), directory: slash || path == b"/" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spot(prefix: &str, kept: bool) -> Spot {
        Spot { prefix: prefix.into(), kept, base: Base::new("/srv".into()) }
    }

    #[test]
    fn a_prefix_ends_where_a_component_ends() {
        let inner = |prefix: &str, kept, path: &'static str| {
            spot(prefix, kept).inner(path.as_bytes()).map(|rest| str::from_utf8(rest).unwrap())
        };
        assert_eq!(inner("/static", false, "/static/a"), Some("/a"));
        assert_eq!(inner("/static", false, "/static"), Some(""));
        assert_eq!(inner("/static", false, "/staticfoo"), None);
        assert_eq!(inner("/static/", false, "/static/a"), Some("a"));
        assert_eq!(inner("/static", true, "/static/a"), Some("/static/a"));
        assert_eq!(inner("/static/", false, "/static//a"), None);
        assert_eq!(inner("", false, "/any"), Some("/any"));
        assert_eq!(inner("/static", false, "/"), None);
    }

    #[test]
    fn paths_with_dot_segments_or_empty_components_are_not_served() {
        let cleaned = |path: &str| {
            clean(path.as_bytes())
                .map(|inner| (String::from_utf8(inner.path).unwrap(), inner.directory))
        };
        let some = |path: &str, directory| Some((path.to_owned(), directory));
        assert_eq!(cleaned("/a/b"), some("a/b", false));
        assert_eq!(cleaned("a/b/"), some("a/b", true));
        assert_eq!(cleaned("/"), some("", true));
        assert_eq!(cleaned(""), some("", false));
        let dots = ["/../a", "/a/..", "..", "/a/../b", "/./a", "/a/./b", "/a/."];
        for never in dots.into_iter().chain(["//", "//a", "/a//b", "/a//", "/a\0"]) {
            assert_eq!(cleaned(never), None, "{never:?}");
        }
        assert_eq!(cleaned("/..a/b..."), some("..a/b...", false));
    }
}
