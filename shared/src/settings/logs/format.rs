//! `log-format`: text with variables, taken apart once.

use serde::{Deserialize, Serialize};

/// The longest name of a variable, bytes.
const NAME_MAX: usize = 256;

/// A form of request lines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Form {
    /// Its parts, in order.
    pub parts: Vec<Part>,
    /// The form is a JSON object: what comes from outside is written as JSON wants it.
    pub json: bool,
}

/// A part of a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// As it is.
    Text(String),
    /// What the server knows.
    Value(Value),
    /// `%(var.NAME)`: a variable of the request.
    Variable(String),
    /// Any other name: what the application or a route gave the request to say.
    Given(String),
}

/// What the server knows of a request. The names are uWSGI's, see [`Value::named`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// The target as it came.
    Uri,
    /// The method.
    Method,
    /// `REMOTE_USER`.
    User,
    /// The client's address.
    Addr,
    /// The Host field.
    Host,
    /// `HTTP/1.1`.
    Proto,
    /// The User-Agent field.
    UserAgent,
    /// The Referer field.
    Referer,
    /// The status.
    Status,
    /// Bytes of head and body of the answer.
    Size,
    /// Bytes of the body of the answer.
    BodySize,
    /// Bytes of the head of the answer.
    HeadSize,
    /// Fields of the head of the answer.
    Headers,
    /// Bytes of the request's body.
    ContentLength,
    /// Bytes of the request's variables.
    PacketSize,
    /// Strings of the request's variables: two for each.
    Vars,
    /// The duration, milliseconds.
    Msecs,
    /// The duration, microseconds.
    Micros,
    /// The duration, seconds with six places.
    Secs,
    /// The start, seconds since the epoch.
    Time,
    /// The start, milliseconds since the epoch.
    TimeMsecs,
    /// The start, microseconds since the epoch.
    TimeMicros,
    /// The start, `21/Nov/2026:00:39:35 +0000`.
    LocalTime,
    /// The start, `Sat Nov 21 00:39:35 2026`.
    CTime,
    /// The start in the form of `log-date`.
    FormattedTime,
    /// Now, seconds since the epoch.
    Epoch,
    /// The worker's pid.
    Pid,
    /// The worker's number.
    Worker,
    /// The thread's number.
    Core,
    /// Blocks that the application gave.
    Switches,
    /// Bytes of virtual memory.
    Vsz,
    /// Bytes of resident memory.
    Rss,
    /// Virtual memory, mebibytes.
    VszM,
    /// Resident memory, mebibytes.
    RssM,
    /// The first byte of a uwsgi packet.
    Modifier1,
    /// The last byte of a uwsgi packet's head.
    Modifier2,
    /// Whether the answer could not be sent whole.
    WriteErrors,
    /// Whether the request could not be read whole.
    ReadErrors,
    /// Both together.
    IoErrors,
}

impl Value {
    /// The value of a name in `%(...)`.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "uri" => Self::Uri,
            "method" => Self::Method,
            "user" => Self::User,
            "addr" => Self::Addr,
            "host" => Self::Host,
            "proto" => Self::Proto,
            "uagent" => Self::UserAgent,
            "referer" => Self::Referer,
            "status" => Self::Status,
            "size" => Self::Size,
            "rsize" => Self::BodySize,
            "hsize" => Self::HeadSize,
            "headers" => Self::Headers,
            "cl" => Self::ContentLength,
            "pktsize" => Self::PacketSize,
            "vars" => Self::Vars,
            "msecs" => Self::Msecs,
            "micros" => Self::Micros,
            "secs" => Self::Secs,
            "time" => Self::Time,
            "tmsecs" => Self::TimeMsecs,
            "tmicros" => Self::TimeMicros,
            "ltime" => Self::LocalTime,
            "ctime" => Self::CTime,
            "ftime" => Self::FormattedTime,
            "epoch" => Self::Epoch,
            "pid" => Self::Pid,
            "wid" => Self::Worker,
            "core" => Self::Core,
            "switches" => Self::Switches,
            "vsz" => Self::Vsz,
            "rss" => Self::Rss,
            "vszM" => Self::VszM,
            "rssM" => Self::RssM,
            "modifier1" => Self::Modifier1,
            "modifier2" => Self::Modifier2,
            "werr" => Self::WriteErrors,
            "rerr" => Self::ReadErrors,
            "ioerr" => Self::IoErrors,
            _ => return None,
        })
    }

    /// Whether the memory of the process has to be looked up.
    pub fn is_memory(self) -> bool {
        matches!(self, Self::Vsz | Self::Rss | Self::VszM | Self::RssM)
    }
}

impl Form {
    /// Takes a text apart; what is no variable stays as it is. Metrics of single names are not
    /// kept here: the error names the one that was asked for.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("%(") {
            let Some(end) = rest[at..].find(')').map(|end| at + end) else { break };
            let name = &rest[at + 2..end];
            if name.is_empty() || name.len() > NAME_MAX {
                plain.push_str(&rest[..=end]);
                rest = &rest[end + 1..];
                continue;
            }
            if let Some(metric) = name.strip_prefix("metric.") {
                return Err(format!("%(metric.{metric}): metrics cannot be put into log lines"));
            }
            plain.push_str(&rest[..at]);
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(match (name.strip_prefix("var."), Value::named(name)) {
                (Some(variable), _) => Part::Variable(variable.to_owned()),
                (None, Some(value)) => Part::Value(value),
                (None, None) => Part::Given(name.to_owned()),
            });
            rest = &rest[end + 1..];
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        let whole = text.trim();
        Ok(Self { parts, json: whole.starts_with('{') && whole.ends_with('}') })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_variables_are_taken_apart() {
        let form = Form::parse("a %(uri)%(var.HTTP_X) (b) %(mine) %( %() 100%").unwrap();
        let text = |text: &str| Part::Text(text.into());
        assert_eq!(
            form.parts,
            [
                text("a "),
                Part::Value(Value::Uri),
                Part::Variable("HTTP_X".into()),
                text(" (b) "),
                Part::Given("mine".into()),
                text(" "),
                Part::Given(" %(".into()),
                text(" 100%"),
            ]
        );
        assert!(!form.json);
        assert!(Form::parse(" {\"uri\":\"%(uri)\"} ").unwrap().json);
        assert!(Form::parse("%(metric.x)").unwrap_err().contains("metric.x"));
        assert_eq!(Form::parse("%(uri").unwrap().parts, [text("%(uri")]);
    }
}
