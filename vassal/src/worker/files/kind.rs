//! Types of files, by the endings of their names.
//!
//! What is served most is known here; the files of `mime-file` come first, and the machine's own
//! list is only read when an ending is met that nothing else knows.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The machine's list.
const SYSTEM: &str = "/etc/mime.types";
/// A longer list is not read, bytes.
const LIST_MAX: u64 = 1 << 20;

/// Endings in lower case, in order (IANA's media types; RFC 9239 for JavaScript).
const COMMON: &[(&str, &str)] = &[
    ("7z", "application/x-7z-compressed"),
    ("aac", "audio/aac"),
    ("apng", "image/apng"),
    ("atom", "application/atom+xml"),
    ("avi", "video/x-msvideo"),
    ("avif", "image/avif"),
    ("bin", "application/octet-stream"),
    ("bmp", "image/bmp"),
    ("bz2", "application/x-bzip2"),
    ("css", "text/css"),
    ("csv", "text/csv"),
    ("doc", "application/msword"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("eot", "application/vnd.ms-fontobject"),
    ("epub", "application/epub+zip"),
    ("flac", "audio/flac"),
    ("gif", "image/gif"),
    ("gz", "application/gzip"),
    ("htm", "text/html"),
    ("html", "text/html"),
    ("ico", "image/vnd.microsoft.icon"),
    ("ics", "text/calendar"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("js", "text/javascript"),
    ("json", "application/json"),
    ("jsonld", "application/ld+json"),
    ("m4a", "audio/mp4"),
    ("m4v", "video/mp4"),
    ("map", "application/json"),
    ("md", "text/markdown"),
    ("mjs", "text/javascript"),
    ("mkv", "video/x-matroska"),
    ("mov", "video/quicktime"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("mpeg", "video/mpeg"),
    ("odp", "application/vnd.oasis.opendocument.presentation"),
    ("ods", "application/vnd.oasis.opendocument.spreadsheet"),
    ("odt", "application/vnd.oasis.opendocument.text"),
    ("oga", "audio/ogg"),
    ("ogg", "audio/ogg"),
    ("ogv", "video/ogg"),
    ("opus", "audio/ogg"),
    ("otf", "font/otf"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("ppt", "application/vnd.ms-powerpoint"),
    ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ("rss", "application/rss+xml"),
    ("rtf", "application/rtf"),
    ("svg", "image/svg+xml"),
    ("svgz", "image/svg+xml"),
    ("tar", "application/x-tar"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("ttf", "font/ttf"),
    ("txt", "text/plain"),
    ("wasm", "application/wasm"),
    ("wav", "audio/x-wav"),
    ("weba", "audio/webm"),
    ("webm", "video/webm"),
    ("webmanifest", "application/manifest+json"),
    ("webp", "image/webp"),
    ("woff", "font/woff"),
    ("woff2", "font/woff2"),
    ("xhtml", "application/xhtml+xml"),
    ("xls", "application/vnd.ms-excel"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("xml", "application/xml"),
    ("xz", "application/x-xz"),
    ("yaml", "application/yaml"),
    ("zip", "application/zip"),
];

/// Types by endings.
#[derive(Debug)]
pub(in super::super) struct Kinds {
    own: Vec<PathBuf>,
    given: OnceLock<HashMap<String, String>>,
    system: OnceLock<HashMap<String, String>>,
}

impl Kinds {
    /// `own` are the files of `mime-file`, read when the first type is asked for.
    pub(in super::super) fn new(own: Vec<PathBuf>) -> Self {
        Self { own, given: OnceLock::new(), system: OnceLock::new() }
    }

    /// The type of a file name; `None` where its ending is unknown.
    pub(in super::super) fn of(&self, name: &[u8]) -> Option<&str> {
        let name = name.rsplit(|byte| *byte == b'/').next()?;
        let dot = name.iter().rposition(|byte| *byte == b'.')?;
        let ending = std::str::from_utf8(&name[dot + 1..]).ok()?.to_ascii_lowercase();
        let given = self.given.get_or_init(|| {
            let mut all = HashMap::new();
            for path in &self.own {
                all.extend(read(path));
            }
            all
        });
        if let Some(kind) = given.get(&ending) {
            return Some(kind);
        }
        if let Ok(at) = COMMON.binary_search_by(|(known, _)| known.cmp(&ending.as_str())) {
            return Some(COMMON[at].1);
        }
        let system = self.system.get_or_init(|| read(Path::new(SYSTEM)));
        system.get(&ending).map(String::as_str)
    }
}

/// Reads a list of the form `type ending ending`; what cannot be read has no types.
fn read(path: &Path) -> HashMap<String, String> {
    let mut text = Vec::new();
    let opened = std::fs::File::open(path)
        .and_then(|file| file.metadata()?.is_file().then_some(file).ok_or_else(not_a_file))
        .and_then(|file| file.take(LIST_MAX).read_to_end(&mut text));
    if let Err(error) = opened
        && path != Path::new(SYSTEM)
    {
        eprintln!("mime-file: {}: {error}", path.display());
    }
    parse(&String::from_utf8_lossy(&text))
}

fn not_a_file() -> std::io::Error {
    std::io::Error::other("not a regular file")
}

fn parse(text: &str) -> HashMap<String, String> {
    let mut all = HashMap::new();
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.split_whitespace();
        let Some(kind) = words.next().filter(|kind| plain(kind)) else { continue };
        all.extend(words.map(|ending| (ending.to_ascii_lowercase(), kind.to_owned())));
    }
    all
}

/// Whether a type can stand in a head.
fn plain(kind: &str) -> bool {
    kind.contains('/') && kind.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_endings_are_in_order() {
        assert!(COMMON.is_sorted_by(|one, next| one.0 < next.0));
        assert!(COMMON.iter().all(|(_, kind)| plain(kind)));
    }

    #[test]
    fn the_users_own_list_comes_first() {
        let dir = tempfile::tempdir().unwrap();
        let list = dir.path().join("types");
        std::fs::write(&list, "# comment\ntext/x-mine css Strange # more\nnonsense x\n").unwrap();
        let kinds = Kinds::new(vec![list]);
        assert_eq!(kinds.of(b"/a/b.css"), Some("text/x-mine"));
        assert_eq!(kinds.of(b"x.STRANGE"), Some("text/x-mine"));
        assert_eq!(kinds.of(b"x.JS"), Some("text/javascript"));
        for unknown in [&b"x.no-such-ending"[..], b"css", b"dir.css/file", b"", b"x.", b"x.\xff"] {
            assert_eq!(kinds.of(unknown), None, "{unknown:?}");
        }
    }
}
