//! Loggers: where lines go, which lines, and what is done to them on the way.

use std::net::SocketAddr;
use std::path::PathBuf;

use regex::bytes::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

/// The memory that one compiled expression may take, bytes.
const PATTERN_SIZE: usize = 256 * 1024;

/// Compiles an expression of a route or a filter. It is looked for in bytes, as PCRE does unless
/// it is told otherwise.
pub fn expression(text: &str) -> Result<Regex, regex::Error> {
    let text = crate::pattern::literal_braces(text);
    RegexBuilder::new(&text).unicode(false).size_limit(PATTERN_SIZE).build()
}

/// One stream of lines: all output, or request lines alone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stream {
    /// `logger`, `req-logger`: where lines go; none is standard error.
    pub loggers: Vec<Logger>,
    /// `log-route`, `log-req-route`: lines that match go to one logger only.
    pub routes: Vec<Route>,
    /// `log-encoder`, `log-req-encoder`: what is done to each line, in order.
    pub encoders: Vec<Encoder>,
    /// `log-drain`: lines that match one of these expressions are dropped.
    pub drain: Vec<String>,
    /// `log-filter`: lines that match none of these expressions are dropped.
    pub filter: Vec<String>,
}

impl Stream {
    /// Whether lines go to standard error as they are.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

/// One place where lines go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Logger {
    /// The name by which routes and encoders mean it; without one it takes every line that no
    /// route takes.
    pub id: Option<String>,
    /// Where.
    pub target: Target,
}

/// Kinds of loggers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// `stdio`, `fd:1`, `fd:2`: where output went before.
    Standard,
    /// `file:PATH`.
    File(File),
    /// `socket:HOST:PORT`: a datagram a line.
    Udp(SocketAddr),
    /// `socket:PATH`: a datagram a line.
    Datagram(PathBuf),
    /// `syslog[:IDENT[,FACILITY]]`: the machine's log (RFC 3164).
    Syslog(Sender),
    /// `rsyslog:HOST:PORT[,IDENT[,FACILITY]]`: a log server, by UDP (RFC 3164).
    Remote(SocketAddr, Sender),
    /// `journald`, `systemd`: the journal, with further fields.
    Journal(Vec<(String, String)>),
}

/// A log file that loggers write.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// The file.
    pub path: PathBuf,
    /// When it is rotated, bytes; 0 is never.
    pub maxsize: u64,
    /// What it is called then; else its name and the time.
    pub backup: Option<PathBuf>,
}

/// As whom syslog is spoken to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sender {
    /// The name before each line.
    pub ident: String,
    /// The facility's number (RFC 3164 section 4.1.1).
    pub facility: u8,
}

/// Lines that go to one logger only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The logger.
    pub logger: String,
    /// Which lines: a regular expression.
    pub pattern: String,
}

/// What is done to each line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Encoder {
    /// Only for this logger; else for all.
    pub logger: Option<String>,
    /// What.
    pub encoding: Encoding,
}

/// Kinds of encoders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// Text before the line.
    Prefix(String),
    /// Text behind the line.
    Suffix(String),
    /// The end of a line.
    Newline,
    /// A text around the line.
    Format(Vec<Piece>),
    /// The same, with the line as JSON wants it between quotation marks.
    Json(Vec<Piece>),
}

/// A piece of an encoder's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Piece {
    /// As it is.
    Text(String),
    /// `${msg}`: the line.
    Message,
    /// `${msgnl}`: the line and its end.
    MessageLine,
    /// `${unix}`: seconds since the epoch.
    Unix,
    /// `${micros}`: microseconds since the epoch.
    Micros,
    /// `${strftime:FORM}`: local time.
    Time(String),
}

/// The names of kinds of loggers.
pub const KINDS: [&str; 8] =
    ["fd", "file", "journald", "rsyslog", "socket", "stdio", "syslog", "systemd"];

/// The names of syslog's facilities, by their number.
pub const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv",
    "ftp", "ntp", "security", "console", "clock", "local0", "local1", "local2", "local3", "local4",
    "local5", "local6", "local7",
];

impl Encoding {
    /// The names of uWSGI's encoders that are not built.
    pub const REFUSED: [&str; 4] = ["gzip", "compress", "crypto", "msgpack"];

    /// An encoder by its name and what follows it.
    pub fn parse(name: &str, text: &str) -> Result<Self, String> {
        match name {
            "prefix" => Ok(Self::Prefix(text.to_owned())),
            "suffix" => Ok(Self::Suffix(text.to_owned())),
            "nl" => Ok(Self::Newline),
            "format" => Ok(Self::Format(pieces(text)?)),
            "json" => Ok(Self::Json(pieces(text)?)),
            _ => Err(format!("expected prefix, suffix, nl, format or json, found {name:?}")),
        }
    }
}

/// Takes the text of `format` and `json` apart.
fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let mut list = Vec::new();
    let mut rest = text;
    while let Some((before, name, behind)) = rest.split_once("${").and_then(|(before, rest)| {
        let (name, behind) = rest.split_once('}')?;
        Some((before, name, behind))
    }) {
        if !before.is_empty() {
            list.push(Piece::Text(before.to_owned()));
        }
        list.push(match (name, name.strip_prefix("strftime:")) {
            ("msg", _) => Piece::Message,
            ("msgnl", _) => Piece::MessageLine,
            ("unix", _) => Piece::Unix,
            ("micros", _) => Piece::Micros,
            (_, Some(form)) => Piece::Time(form.to_owned()),
            (_, None) => {
                return Err(format!(
                    "expected ${{msg}}, ${{msgnl}}, ${{unix}}, ${{micros}} or \
                     ${{strftime:FORM}}, found ${{{name}}}"
                ));
            }
        });
        rest = behind;
    }
    if !rest.is_empty() {
        list.push(Piece::Text(rest.to_owned()));
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoders_are_taken_apart() {
        let made = Encoding::parse("json", "{\"m\":\"${msg}\",${unix}${strftime:%Y}").unwrap();
        let text = |text: &str| Piece::Text(text.into());
        let wanted =
            [text("{\"m\":\""), Piece::Message, text("\","), Piece::Unix, Piece::Time("%Y".into())];
        assert_eq!(made, Encoding::Json(wanted.into()));
        assert_eq!(Encoding::parse("nl", ""), Ok(Encoding::Newline));
        assert!(Encoding::parse("format", "${message}").unwrap_err().contains("${message}"));
        assert!(Encoding::parse("jsn", "").is_err());
    }
}
