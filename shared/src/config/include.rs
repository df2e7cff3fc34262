//! Reading the text that a configuration consists of: files, and what schemes give, each with
//! its sections, into the loader's list.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use crate::finding::{Finding, Origin};
use crate::rule;

use super::directive::told;
use super::format::Kind;
use super::loader::Loader;
use super::magic::{self, Subject};
use super::scheme::{self, SchemeError, Target};
use super::source::{Proof, Source, SourceError};

/// The most lines of one file: each costs memory while the file is open.
const LINES_MAX: usize = 50_000;
/// How deep files may include files.
const DEPTH_MAX: usize = 16;

/// A text that is being read.
#[derive(Clone, Debug)]
pub(super) enum Frame {
    /// A file.
    File {
        /// Where it is.
        path: PathBuf,
        /// What must be true of it.
        proof: Proof,
    },
    /// What a scheme gave; kept, because asking again may give something else.
    Text {
        /// The name as given.
        name: String,
        /// What came.
        bytes: Arc<[u8]>,
    },
}

/// A frame with the section that is wanted of it.
#[derive(Debug)]
pub(super) struct Open {
    frame: Frame,
    section: String,
}

impl Open {
    /// Whether it is a part of the same text as another.
    pub(super) fn same_text(&self, other: &Self) -> bool {
        match (&self.frame, &other.frame) {
            (Frame::File { path, .. }, Frame::File { path: other, .. }) => path == other,
            (Frame::Text { bytes, .. }, Frame::Text { bytes: other, .. }) => {
                Arc::ptr_eq(bytes, other)
            }
            (Frame::File { .. }, Frame::Text { .. }) | (Frame::Text { .. }, Frame::File { .. }) => {
                false
            }
        }
    }
}

/// A part of a text with the file that it is from.
pub(super) struct Segment {
    pub(super) path: Arc<Path>,
    pub(super) bytes: Vec<u8>,
}

/// The language of an option or a file's name; uWSGI's own where nothing says otherwise.
fn language(option: &str, file: &str) -> Option<Kind> {
    let extension = match option {
        "ini" => return None,
        "yaml" | "json" | "xml" => option,
        _ => Path::new(file).extension().and_then(|extension| extension.to_str()).unwrap_or(""),
    };
    match extension {
        "yaml" | "yml" => Some(Kind::Yaml),
        "json" | "js" => Some(Kind::Json),
        "xml" => Some(Kind::Xml),
        _ => None,
    }
}

/// What is read and who wants it.
struct Wish<'a> {
    /// The name as given.
    given: &'a str,
    /// The wanted section; empty: `uwsgi`.
    section: &'a str,
    /// It may be the first file, which upper case magic variables mean.
    first: bool,
    /// In which language it is, if not uWSGI's own.
    language: Option<Kind>,
    /// The option that names it; `None`: whoever started the server.
    by: Option<(&'a Origin, &'a str)>,
}

impl Loader<'_> {
    /// `ini = file`, `file:section` or `:section`, or a scheme's text.
    pub(super) fn include(&mut self, text: &str, origin: &Origin, given: &str, name: &str) {
        if self.frames.len() >= DEPTH_MAX {
            let message = format!("files include each other more than {DEPTH_MAX} deep");
            self.fail(origin, given, message);
            return self.by(rule::TOO_MUCH);
        }
        let by = Some((origin, given));
        let first = name != "include";
        let (file, section) = split(text);
        let frame = match scheme::target(file) {
            Target::File("") => match self.last.as_ref() {
                Some(frame) => frame.clone(),
                None => return self.fail(origin, given, "expected a file name"),
            },
            Target::File(file) => {
                Frame::File { path: self.world.directory.join(file), proof: self.proof() }
            }
            target => match self.fetch(target) {
                Ok(bytes) => Frame::Text { name: file.to_owned(), bytes: bytes.into() },
                Err(SchemeError::Off) => {
                    return self.unknown(
                        origin,
                        given,
                        "not run by a check: what it gives is unknown",
                    );
                }
                Err(error) => return self.fail(origin, given, error.to_string()),
            },
        };
        let language = language(name, file);
        self.load(frame, &Wish { given: file, section, first, language, by });
    }

    /// A file that was named by whoever started the server.
    pub(super) fn file(&mut self, path: &Path, proof: Proof, first: bool) {
        let given = path.to_string_lossy().into_owned();
        let path = self.world.directory.join(path);
        let language = language("", &given);
        let wish = Wish { given: &given, section: "", first, language, by: None };
        self.load(Frame::File { path, proof }, &wish);
    }

    /// What a target that is no file gives.
    pub(super) fn fetch(&self, target: Target<'_>) -> Result<Vec<u8>, SchemeError> {
        let own = (!self.variables.is_empty())
            .then(|| super::World { environment: self.environment(), ..self.world.clone() });
        let world = own.as_ref().unwrap_or(self.world);
        let started = Instant::now();
        let left = scheme::PATIENCE.saturating_sub(self.waited.get());
        let result = scheme::fetch(target, world, self.stranger.get(), left);
        self.waited.set(self.waited.get() + started.elapsed());
        result
    }

    /// The text that a value names, by the rules for included files. Errors show the name unless
    /// it is a secret.
    pub(super) fn text(&self, name: &str, secret: bool) -> Result<String, String> {
        let named = |name: &str, error: &dyn Display| {
            let name = if secret { "what this value names" } else { name };
            format!("{name}: {error}")
        };
        let bytes = match scheme::target(name) {
            Target::File(file) => {
                let proof = self.proof();
                let path = self.world.directory.join(file);
                self.source(&path, proof).map_err(|error| named(name, &error))?.bytes
            }
            target => {
                let scheme: String =
                    name.split("://").next().unwrap_or(name).chars().take(16).collect();
                self.fetch(target).map_err(|error| named(&scheme, &error))?
            }
        };
        String::from_utf8(bytes).map_err(|_| "not valid UTF-8".to_owned())
    }

    /// Reads a text with what `inject-before` and `inject-after` put around it.
    fn load(&mut self, frame: Frame, wish: &Wish<'_>) {
        let place = match &frame {
            // "." components go, links and ".." stay: the name is not resolved
            Frame::File { path, .. } => std::path::absolute(path).unwrap_or_else(|_| path.clone()),
            Frame::Text { name, .. } => PathBuf::from(name),
        };
        let complain = |loader: &mut Self, message: String| {
            let finding = if let Some((origin, option)) = wish.by {
                let message = told(loader.elsewhere, format!("{}: {message}", place.display()));
                let finding = Finding::error(Some(origin.clone()), Some(option), message);
                finding.rule(rule::INCLUDE).of_value()
            } else {
                let start =
                    Origin::File { path: place.as_path().into(), line: 1, column: 1, value: 0 };
                Finding::error(Some(start), None, message).rule(rule::UNREADABLE)
            };
            loader.findings.push(finding);
        };
        let wanted = if wish.section.is_empty() { "uwsgi" } else { wish.section };
        if let Some(chain) = self.cycle(&frame, wanted) {
            return complain(self, format!("includes itself: {chain}"));
        }
        let source = match self.segments(&frame, &place) {
            Ok(source) => source,
            Err(error) => {
                complain(self, error.to_string());
                if matches!(error, SourceError::Stranger(_) | SourceError::Writable(_)) {
                    self.by(rule::IDENTITY);
                }
                if let Some(finding) = self.findings.last_mut() {
                    finding.uwsgi = Some("exits with 1".into());
                }
                return;
            }
        };
        let (segments, inode) = source;
        let lines = |one: &Segment| one.bytes.split(|byte| *byte == b'\n').count();
        if segments.iter().map(lines).sum::<usize>() > LINES_MAX {
            return complain(self, format!("more than {LINES_MAX} lines"));
        }
        let here = match (&frame, self.subject.take()) {
            // a text without a file has the variables of the file before it
            (Frame::Text { .. }, Some(before)) => {
                Subject { given: wish.given.to_owned(), section: wish.section.to_owned(), ..before }
            }
            (frame, _) => Subject {
                path: match frame {
                    Frame::File { .. } => magic::place(&place),
                    Frame::Text { .. } => PathBuf::new(),
                },
                given: wish.given.to_owned(),
                section: wish.section.to_owned(),
                inode,
            },
        };
        self.subject = Some(here.clone());
        if wish.first && self.first.is_none() {
            self.first = Some(here.clone());
        }
        let main = self.frames.is_empty() && wish.by.is_none();
        self.last = Some(frame.clone());
        let outside = (self.block.take(), std::mem::take(&mut self.elsewhere));
        self.frames.push(Open { frame, section: wanted.to_owned() });
        let met = match wish.language {
            None => self.sections(&segments, &here, wanted, main),
            Some(kind) => self.document(kind, &segments, &here, wanted),
        };
        self.frames.pop();
        (self.block, self.elsewhere) = outside;
        if let Some(sections) = met {
            let found = match sections.as_slice() {
                [] => "there is none".to_owned(),
                list => format!("found {}", list.join(", ")),
            };
            let message = format!("section [{wanted}] is missing: {found}");
            match wish.by {
                // uWSGI goes on without it
                Some((origin, option)) if option != "include" => {
                    self.warn(origin, option, format!("{}: {message}", place.display()));
                }
                Some(_) | None => complain(self, message),
            }
            self.by(rule::SECTION);
        }
    }

    /// The names from a file that is being read to itself, when it is asked for again.
    fn cycle(&self, frame: &Frame, section: &str) -> Option<String> {
        let Frame::File { path, .. } = frame else { return None };
        let name = |open: &Open| match &open.frame {
            Frame::File { path, .. } if open.section == "uwsgi" => path.display().to_string(),
            Frame::File { path, .. } => format!("{}:{}", path.display(), open.section),
            Frame::Text { name, .. } => name.clone(),
        };
        let same = |open: &Open| {
            let file = matches!(&open.frame, Frame::File { path: open, .. } if open == path);
            file && open.section == section
        };
        let start = self.frames.iter().position(same)?;
        let names = self.frames[start..].iter().chain([&self.frames[start]]).map(name);
        Some(names.collect::<Vec<_>>().join(" -> "))
    }

    fn segments(
        &mut self,
        frame: &Frame,
        place: &Path,
    ) -> Result<(Vec<Segment>, u64), SourceError> {
        let mut segments = Vec::new();
        for name in &self.injected.0 {
            segments.push(self.glued(name)?);
        }
        let inode = match frame {
            Frame::File { path, proof } => {
                let Source { bytes, inode, .. } = self.source(path, *proof)?;
                segments.push(Segment { path: place.into(), bytes });
                inode
            }
            Frame::Text { bytes, .. } => {
                segments.push(Segment { path: place.into(), bytes: bytes.to_vec() });
                0
            }
        };
        for name in &self.injected.1 {
            segments.push(self.glued(name)?);
        }
        Ok((segments, inode))
    }

    fn glued(&self, name: &Path) -> Result<Segment, SourceError> {
        let proof = self.proof();
        let path = self.world.directory.join(name);
        let Source { bytes, .. } = self.source(&path, proof)?;
        Ok(Segment { path: path.into(), bytes })
    }
}

/// Splits `file:section`. The colon of a scheme or of a port is none of a section.
pub(super) fn split(text: &str) -> (&str, &str) {
    match text.rsplit_once(':') {
        Some((_, section)) if section.contains('/') => (text, ""),
        Some((file, section)) => (file, section),
        None => (text, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_section_is_behind_the_last_colon() {
        for (text, file, section) in [
            ("a.ini", "a.ini", ""),
            ("a.ini:b", "a.ini", "b"),
            (":b", "", "b"),
            ("exec://cat a", "exec://cat a", ""),
            ("http://localhost:80/a.ini", "http://localhost:80/a.ini", ""),
            ("http://localhost:80/a.ini:b", "http://localhost:80/a.ini", "b"),
        ] {
            assert_eq!(split(text), (file, section));
        }
    }
}
