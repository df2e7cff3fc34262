//! What encoders make of a line.

use std::borrow::Cow;
use std::ffi::CString;
use std::io::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use shared::settings::logs::{Encoding, Piece};
use shared::sys::calendar;

/// Encoders of one logger, compiled.
#[derive(Debug, Default)]
pub(super) struct Encoders(Vec<Step>);

#[derive(Debug)]
enum Step {
    Prefix(Vec<u8>),
    Suffix(Vec<u8>),
    Around { pieces: Vec<Bit>, json: bool },
}

#[derive(Debug)]
enum Bit {
    Text(Vec<u8>),
    Message,
    MessageLine,
    Unix,
    Micros,
    Time(CString),
}

impl Encoders {
    /// Compiles them.
    pub(super) fn new<'a>(encodings: impl Iterator<Item = &'a Encoding>) -> Self {
        Self(encodings.map(Step::new).collect())
    }

    /// Sends a line through all of them.
    pub(super) fn apply<'a>(&self, line: &'a [u8], now: SystemTime) -> Cow<'a, [u8]> {
        let mut line = Cow::Borrowed(line);
        for step in &self.0 {
            line = Cow::Owned(step.apply(&line, now));
        }
        line
    }
}

impl Step {
    fn new(encoding: &Encoding) -> Self {
        let bits = |pieces: &[Piece]| pieces.iter().map(Bit::new).collect();
        match encoding {
            Encoding::Prefix(text) => Self::Prefix(text.clone().into()),
            Encoding::Suffix(text) => Self::Suffix(text.clone().into()),
            Encoding::Newline => Self::Suffix(b"\n".into()),
            Encoding::Format(pieces) => Self::Around { pieces: bits(pieces), json: false },
            Encoding::Json(pieces) => Self::Around { pieces: bits(pieces), json: true },
        }
    }

    fn apply(&self, line: &[u8], now: SystemTime) -> Vec<u8> {
        match self {
            Self::Prefix(text) => [text, line].concat(),
            Self::Suffix(text) => [line, text].concat(),
            Self::Around { pieces, json } => {
                let since = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
                let mut out = Vec::with_capacity(line.len() + 64);
                let say = |out: &mut Vec<u8>| match json {
                    true => escape(line, out),
                    false => out.extend_from_slice(line),
                };
                for bit in pieces {
                    match bit {
                        Bit::Text(text) => out.extend_from_slice(text),
                        Bit::Message => say(&mut out),
                        Bit::MessageLine => {
                            say(&mut out);
                            out.extend_from_slice(if *json { b"\\n" } else { b"\n" });
                        }
                        // a vector takes everything
                        Bit::Unix => _ = write!(out, "{}", since.as_secs()),
                        Bit::Micros => _ = write!(out, "{}", since.as_micros()),
                        Bit::Time(form) => {
                            out.extend(calendar::formatted(form, since.as_secs() as i64));
                        }
                    }
                }
                out
            }
        }
    }
}

impl Bit {
    fn new(piece: &Piece) -> Self {
        match piece {
            Piece::Text(text) => Self::Text(text.clone().into()),
            Piece::Message => Self::Message,
            Piece::MessageLine => Self::MessageLine,
            Piece::Unix => Self::Unix,
            Piece::Micros => Self::Micros,
            Piece::Time(form) => CString::new(form.as_str()).map_or(Self::Unix, Self::Time),
        }
    }
}

/// Appends a line as it stands between the quotation marks of JSON (RFC 8259 section 7).
fn escape(line: &[u8], out: &mut Vec<u8>) {
    let text = String::from_utf8_lossy(line);
    let quoted = serde_json::to_string(&text).expect("a text is always JSON");
    out.extend_from_slice(&quoted.as_bytes()[1..quoted.len() - 1]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(name: &str, text: &str, line: &str) -> String {
        let encoding = Encoding::parse(name, text).unwrap();
        let now = UNIX_EPOCH + Duration::from_micros(784_111_777_000_005);
        let made = Encoders::new([&encoding].into_iter()).apply(line.as_bytes(), now).into_owned();
        String::from_utf8(made).unwrap()
    }

    #[test]
    fn each_encoder_does_its_own() {
        assert_eq!(encoded("prefix", "> ", "a"), "> a");
        assert_eq!(encoded("suffix", " <", "a"), "a <");
        assert_eq!(encoded("nl", "", "a"), "a\n");
        assert_eq!(
            encoded("format", "${unix} ${micros} ${strftime:%Y} ${msgnl}", "a\""),
            "784111777 784111777000005 1994 a\"\n"
        );
        let text = encoded("json", "{\"m\":\"${msgnl}\",\"t\":${unix}}", "a\"\\\u{1}\u{e9}\t");
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["m"], "a\"\\\u{1}\u{e9}\t\n");
        assert_eq!(value["t"], 784_111_777);
    }
}
