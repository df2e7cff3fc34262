//! Magic variables: `%` and one character, replaced in the raw text of a file before anything
//! else looks at it, comments and section names included. Lower case means the file that is
//! read, upper case the first file of the configuration.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::world::World;

/// A file as the magic variables see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Subject {
    /// The absolute path; links are not resolved.
    pub(super) path: PathBuf,
    /// The name as given.
    pub(super) given: String,
    /// The section asked for after a colon.
    pub(super) section: String,
    /// The inode.
    pub(super) inode: u64,
}

/// A line after the replacement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Its number in the file, from one (of the first, where `%` joined several).
    pub(super) number: u32,
    /// Its bytes.
    pub(super) bytes: Vec<u8>,
    /// Where it starts in the text.
    pub(super) start: usize,
    /// Where it ends in the text.
    pub(super) end: usize,
}

/// The most text that magic variables may make of one file, bytes.
const MADE_MAX: usize = 4 * 1024 * 1024;

/// A file that its magic variables make too large.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("its magic variables make more than {} MiB of it", MADE_MAX >> 20)]
pub(super) struct TooMuch;

/// Replaces magic variables and splits the text at its newlines.
pub(super) fn lines(
    text: &[u8],
    here: &Subject,
    first: Option<&Subject>,
    world: &World,
) -> Result<Vec<Line>, TooMuch> {
    // a file may name its directory half a million times, and a directory may be 4 KiB long
    let mut known: BTreeMap<u8, Vec<u8>> = BTreeMap::new();
    let mut made = 0;
    let mut lines = Vec::new();
    let mut line = Line { number: 1, bytes: Vec::new(), start: 0, end: 0 };
    let mut number = 1;
    let mut rest = text.iter().copied().enumerate();
    while let Some((at, byte)) = rest.next() {
        match byte {
            b'\n' => {
                number += 1;
                line.end = at;
                let next = Line { number, bytes: Vec::new(), start: at + 1, end: at + 1 };
                lines.push(std::mem::replace(&mut line, next));
            }
            b'%' => match rest.next().map(|(_, letter)| letter) {
                Some(b'\n') => number += 1,
                Some(letter) => {
                    let value = known.entry(letter).or_insert_with(|| {
                        let mut value = Vec::new();
                        replaced(letter, &mut value, here, first, world);
                        value
                    });
                    made += value.len();
                    if made > MADE_MAX {
                        return Err(TooMuch);
                    }
                    line.bytes.extend_from_slice(value);
                }
                None => {}
            },
            other => line.bytes.push(other),
        }
    }
    line.end = text.len();
    lines.push(line);
    Ok(lines)
}

/// What `%` and a letter mean.
fn replaced(letter: u8, out: &mut Vec<u8>, here: &Subject, first: Option<&Subject>, world: &World) {
    match letter {
        b'%' => out.push(b'%'),
        b'(' => out.extend_from_slice(b"%("),
        b'[' => out.push(0x1b),
        letter => {
            let value = value(letter, here, first, world);
            // the newline of an odd path must not start a line of its own
            out.extend(value.bytes().map(|b| if b == b'\n' { b' ' } else { b }));
        }
    }
}

/// The letters that mean the file that is read.
const OF_FILE: &[u8] = b"podsnecxij0123456789";

/// A line with all magic variables replaced but those of a file, for [`resolved`].
pub(super) fn deferred(
    text: &[u8],
    here: &Subject,
    first: Option<&Subject>,
    world: &World,
) -> String {
    let mut out = Vec::new();
    let mut rest = text.iter().copied();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => match rest.next() {
                Some(letter) if letter == b'%' || OF_FILE.contains(&letter) => {
                    out.extend([b'%', letter]);
                }
                Some(b'\n') | None => {}
                Some(letter) => replaced(letter, &mut out, here, first, world),
            },
            other => out.push(other),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// A text with the magic variables of a file replaced, which [`deferred`] left.
pub(super) fn resolved(text: &str, here: &Subject, world: &World) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let letter = rest.as_bytes().get(at + 1).copied();
        let width = match letter {
            Some(b'%') => {
                out.push('%');
                2
            }
            Some(letter) if OF_FILE.contains(&letter) => {
                out.push_str(&value(letter, here, None, world).replace('\n', " "));
                2
            }
            Some(_) | None => {
                out.push('%');
                1
            }
        };
        rest = &rest[at + width..];
    }
    out.push_str(rest);
    out
}

/// The value of one magic variable; unknown letters have none.
fn value(letter: u8, here: &Subject, first: Option<&Subject>, world: &World) -> String {
    match letter {
        b'v' => world.directory.to_string_lossy().into_owned(),
        b'h' => world.host.clone(),
        b'k' => world.cpus.to_string(),
        b't' => world.now.as_secs().to_string(),
        b'T' => world.now.as_micros().to_string(),
        b'u' => world.user.0.to_string(),
        b'U' => world.user.1.clone(),
        b'g' => world.group.0.to_string(),
        b'G' => world.group.1.clone(),
        b'V' => world.version.clone(),
        b'b' => world.binary.to_string_lossy().into_owned(),
        b'0'..=b'9' => here.component(usize::from(letter - b'0')),
        b'p' | b'o' | b'd' | b's' | b'n' | b'e' | b'c' | b'x' | b'i' | b'j' => here.value(letter),
        b'P' | b'O' | b'D' | b'S' | b'N' | b'E' | b'C' | b'X' | b'I' | b'J' => {
            first.map(|first| first.value(letter.to_ascii_lowercase())).unwrap_or_default()
        }
        _ => String::new(),
    }
}

/// The path that `%p` means: the real one, but of a link to a file the link's own.
pub(super) fn place(path: &Path) -> PathBuf {
    let link = path.symlink_metadata().map_or(true, |data| data.is_symlink());
    let real = if link { None } else { path.canonicalize().ok() };
    real.unwrap_or_else(|| path.to_owned())
}

impl Subject {
    /// A file that is named by its absolute path.
    pub(super) fn of(path: &Path, inode: u64) -> Self {
        let given = path.to_string_lossy().into_owned();
        Self { path: place(path), given, section: String::new(), inode }
    }

    fn value(&self, letter: u8) -> String {
        if self.path.as_os_str().is_empty() && letter != b'o' && letter != b'x' {
            // a text without a file
            return String::new();
        }
        let text = |path: Option<&Path>| path.map(|p| p.to_string_lossy().into_owned());
        let base = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match letter {
            b'p' => self.path.to_string_lossy().into_owned(),
            b'o' => self.given.clone(),
            b'd' => {
                let mut directory = text(self.path.parent()).unwrap_or_default();
                if !directory.ends_with('/') {
                    directory.push('/');
                }
                directory
            }
            b's' => base,
            b'n' => base.rsplit_once('.').map_or(base.as_str(), |(name, _)| name).to_owned(),
            b'e' => base.rsplit_once('.').map_or("", |(_, extension)| extension).to_owned(),
            b'c' => text(self.path.parent().and_then(Path::file_name).map(Path::new))
                .unwrap_or_default(),
            b'x' => self.section.clone(),
            b'i' => self.inode.to_string(),
            b'j' => hash(&self.path),
            _ => String::new(),
        }
    }

    /// A component of the directory, 0 is the one below the root.
    fn component(&self, index: usize) -> String {
        let directory = self.path.parent().unwrap_or(Path::new(""));
        let mut names = directory.components().skip(1);
        names.nth(index).map(|c| c.as_os_str().to_string_lossy().into_owned()).unwrap_or_default()
    }
}

/// Bernstein's hash in its xor form, 32 bits, in hexadecimal with the lowest byte first.
fn hash(path: &Path) -> String {
    let mut value: u32 = 5381;
    for byte in path.as_os_str().as_encoded_bytes() {
        value = value.wrapping_shl(5).wrapping_add(value) ^ u32::from(*byte);
    }
    format!("{:08X}", value.swap_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(path: &str) -> Subject {
        Subject { path: path.into(), given: "a.ini".into(), section: "prod".into(), inode: 42 }
    }

    fn one(text: &str) -> String {
        let world = World::for_tests();
        let first = subject("/etc/first/main.yaml");
        let lines = lines(text.as_bytes(), &subject("/srv/sites/my.app.ini"), Some(&first), &world)
            .unwrap();
        assert_eq!(lines.len(), 1);
        String::from_utf8(lines.into_iter().next().unwrap().bytes).unwrap()
    }

    #[test]
    fn each_letter_has_its_value() {
        for (text, expected) in [
            ("%n|%s|%e|%c|%d", "my.app|my.app.ini|ini|sites|/srv/sites/"),
            ("%p|%o|%x|%i", "/srv/sites/my.app.ini|a.ini|prod|42"),
            ("%N|%D|%C", "main|/etc/first/|first"),
            ("%0|%1|%2", "srv|sites|"),
            ("%v|%h|%k|%u|%U|%g|%G|%t", "/start|host|2|1000|alice|100|users|1000000000"),
            ("100%%|%z|%(name)", "100%||%(name)"),
            ("%[[31m", "\u{1b}[31m"),
            ("end%", "end"),
        ] {
            assert_eq!(one(text), expected, "{text}");
        }
    }

    #[test]
    fn a_percent_sign_joins_lines_and_keeps_the_numbers() {
        let text = b"A%\nB\nC";
        let got = lines(text, &subject("/a.ini"), None, &World::for_tests()).unwrap();
        let got: Vec<_> = got.iter().map(|l| (l.number, l.bytes.as_slice())).collect();
        assert_eq!(got, [(1, b"AB".as_slice()), (3, b"C".as_slice())]);
    }

    #[test]
    fn the_hash_of_a_path_is_that_of_uwsgi() {
        assert_eq!(hash(Path::new("/srv/hashtest/a.ini")), "98CB6DD8");
    }

    #[test]
    fn the_upper_case_twins_are_empty_without_a_first_file() {
        let got = lines(b"[%N]", &subject("/a.ini"), None, &World::for_tests()).unwrap();
        assert_eq!(got[0].bytes, b"[]");
    }

    #[test]
    fn what_magic_variables_make_has_a_limit() {
        let text = "%p".repeat(400_000);
        let got = lines(text.as_bytes(), &subject("/a/long/path.ini"), None, &World::for_tests());
        assert_eq!(got, Err(TooMuch));
    }
}
