//! What a request line says: uWSGI's own form (people and scripts parse it), or `log-format`.
//!
//! Nothing that comes from outside can look like another line, or end the quotes that a form
//! puts around it.

use std::ffi::CStr;
use std::io::Write;
use std::net::IpAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use shared::settings::{Part, Value, Wire};
use shared::sys::{calendar, memory};

use super::Journal;
use crate::request::{Request, Version};
use crate::worker::connection::Peer;
use crate::worker::reply::{Conclusion, Notes};
use crate::worker::view::View;

/// A request that was answered.
#[derive(Debug)]
pub(in crate::worker) struct Entry<'a> {
    /// Its head, parsed.
    pub(in crate::worker) request: &'a Request,
    /// The bytes of its head.
    pub(in crate::worker) head: &'a [u8],
    /// What was spoken.
    pub(in crate::worker) wire: Wire,
    pub(in crate::worker) secure: bool,
    /// Who sent it.
    pub(in crate::worker) peer: &'a Peer,
    /// `SERVER_PORT`.
    pub(in crate::worker) port: &'a str,
    /// Bytes of its body.
    pub(in crate::worker) size: u64,
    /// What became of the answer.
    pub(in crate::worker) end: Conclusion,
    /// What was said about it meanwhile.
    pub(in crate::worker) notes: &'a Notes,
    /// How long it took, microseconds.
    pub(in crate::worker) micros: u64,
    /// When it began, seconds since the epoch.
    pub(in crate::worker) began: u64,
    /// The worker's number.
    pub(in crate::worker) worker: u32,
    /// Requests of this worker, this one included.
    pub(in crate::worker) worker_requests: u64,
    /// Requests of all workers.
    pub(in crate::worker) all_requests: u64,
    /// The thread's number.
    pub(in crate::worker) core: u32,
}

/// What a thread keeps between lines.
#[derive(Debug, Default)]
pub(in crate::worker) struct Scratch {
    /// The line.
    pub(super) line: Vec<u8>,
    /// The second that the texts below are of.
    second: u64,
    ctime: String,
    common: String,
    formatted: Vec<u8>,
}

/// How text from outside is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// What is not printable ASCII becomes `\xNN`.
    Plain,
    /// Quotation marks and backslashes too.
    Quoted,
    /// As between the quotation marks of JSON.
    Json,
}

impl Journal {
    /// Writes the line into the scratch space; each value is cut to `limit` bytes.
    pub(super) fn write(&self, entry: &Entry<'_>, scratch: &mut Scratch, limit: usize) {
        let mut line = std::mem::take(&mut scratch.line);
        line.clear();
        if scratch.second != entry.began {
            scratch.second = entry.began;
            scratch.ctime.clear();
            scratch.common.clear();
            scratch.formatted.clear();
        }
        let memory = if self.measures { memory::own() } else { memory::Size::default() };
        let mut out = Out { line: &mut line, limit, manner: Manner::Plain };
        match &self.form {
            None => self.usual(entry, scratch, &memory, &mut out),
            Some(form) => {
                out.manner = if form.json { Manner::Json } else { Manner::Quoted };
                for part in &form.parts {
                    match part {
                        Part::Text(text) => out.line.extend_from_slice(text.as_bytes()),
                        Part::Value(value) => {
                            self.value(*value, entry, scratch, &memory, &mut out);
                        }
                        Part::Variable(name) => {
                            let said = entry.notes.values.iter().rev();
                            let mut added = said
                                .filter(|one| one.0.strip_prefix(ADDED) == Some(name.as_str()))
                                .map(|one| one.1.clone());
                            let text = added.next().or_else(|| variable(entry, name));
                            out.foreign(text.as_deref().unwrap_or(b"-"));
                        }
                        Part::Given(name) => {
                            let said = entry.notes.values.iter().rev().find(|one| one.0 == *name);
                            out.foreign(said.map_or(b"-", |one| &one.1));
                        }
                    }
                }
                out.line.push(b'\n');
            }
        }
        scratch.line = line;
    }

    /// uWSGI's own form.
    fn usual(
        &self,
        entry: &Entry<'_>,
        scratch: &mut Scratch,
        memory: &memory::Size,
        out: &mut Out<'_>,
    ) {
        if self.memory {
            out.number(format_args!(
                "{{address space usage: {} bytes/{}MB}} {{rss usage: {} bytes/{}MB}} ",
                memory.virt,
                memory.virt >> 20,
                memory.resident,
                memory.resident >> 20
            ));
        }
        out.number(format_args!(
            "[pid: {}|app: {}|req: {}/{}] ",
            self.pid, entry.notes.app, entry.worker_requests, entry.all_requests
        ));
        out.foreign(&self.address(entry));
        out.line.extend_from_slice(b" (");
        out.foreign(&user(entry));
        let (strings, bytes) = self.variables(entry);
        out.number(format_args!(") {{{strings} vars in {bytes} bytes}} ["));
        self.value(Value::CTime, entry, scratch, memory, out);
        out.line.extend_from_slice(b"] ");
        out.foreign(entry.request.bytes(entry.head, entry.request.method));
        out.line.push(b' ');
        out.foreign(entry.request.bytes(entry.head, entry.request.target));
        let end = &entry.end;
        let (time, unit) =
            if self.micros { (entry.micros, "micros") } else { (entry.micros / 1000, "msecs") };
        let via = if end.file { " via sendfile()" } else { "" };
        out.number(format_args!(
            " => generated {} bytes in {time} {unit}{via} ({} {}) {} headers in {} bytes \
             ({} switches on core {})\n",
            end.body,
            protocol(entry.request.version),
            end.status,
            end.fields,
            end.head,
            end.blocks,
            entry.core,
        ));
    }

    /// One value of a form.
    fn value(
        &self,
        value: Value,
        entry: &Entry<'_>,
        scratch: &mut Scratch,
        memory: &memory::Size,
        out: &mut Out<'_>,
    ) {
        let (request, end) = (entry.request, &entry.end);
        let span = |span| request.bytes(entry.head, span);
        let lost = u64::from(end.lost);
        let number = match value {
            Value::Uri => return out.or_dash(span(request.target)),
            Value::Method => return out.or_dash(span(request.method)),
            Value::User => return out.or_dash(&user(entry)),
            Value::Addr => return out.or_dash(&self.address(entry)),
            Value::Host => return out.or_dash(&named(entry, "HTTP_HOST")),
            Value::UserAgent => return out.or_dash(&named(entry, "HTTP_USER_AGENT")),
            Value::Referer => return out.or_dash(&named(entry, "HTTP_REFERER")),
            Value::Proto => return out.foreign(protocol(request.version).as_bytes()),
            Value::Secs => {
                let (whole, rest) = (entry.micros / 1_000_000, entry.micros % 1_000_000);
                return out.number(format_args!("{whole}.{rest:06}"));
            }
            Value::LocalTime => {
                if scratch.common.is_empty() {
                    scratch.common = calendar::local(entry.began as i64).common();
                }
                return out.foreign(scratch.common.as_bytes());
            }
            Value::CTime => {
                if scratch.ctime.is_empty() {
                    scratch.ctime = calendar::local(entry.began as i64).ctime();
                }
                return out.foreign(scratch.ctime.as_bytes());
            }
            Value::FormattedTime => {
                let Some(date) = &self.date else {
                    return self.value(Value::LocalTime, entry, scratch, memory, out);
                };
                if scratch.formatted.is_empty() {
                    scratch.formatted = formatted(date, entry.began);
                }
                return out.foreign(&scratch.formatted);
            }
            Value::Status => u64::from(end.status),
            Value::Size => end.body + end.head as u64,
            Value::BodySize => end.body,
            Value::HeadSize => end.head as u64,
            Value::Headers => end.fields as u64,
            Value::ContentLength => entry.size,
            Value::PacketSize => self.variables(entry).1 as u64,
            Value::Vars => self.variables(entry).0 as u64,
            Value::Msecs => entry.micros / 1000,
            Value::Micros => entry.micros,
            Value::Time => entry.began,
            Value::TimeMsecs => start(entry) / 1000,
            Value::TimeMicros => start(entry),
            Value::Epoch => now() / 1_000_000,
            Value::Pid => u64::from(self.pid),
            Value::Worker => u64::from(entry.worker),
            Value::Core => u64::from(entry.core),
            Value::Switches => u64::from(end.blocks),
            Value::Vsz => memory.virt,
            Value::Rss => memory.resident,
            Value::VszM => memory.virt >> 20,
            Value::RssM => memory.resident >> 20,
            // other packets are not served; requests that could not be read are not answered
            Value::Modifier1 | Value::Modifier2 | Value::ReadErrors => 0,
            Value::WriteErrors | Value::IoErrors => lost,
        };
        out.number(format_args!("{number}"));
    }

    /// The client's address. A web server in front says it by the uwsgi protocol; by HTTP it is
    /// the peer, or whom a near peer names where `log-x-forwarded-for` asks for that.
    fn address(&self, entry: &Entry<'_>) -> Vec<u8> {
        let address = match entry.wire {
            Wire::Http if entry.request.variables.is_empty() && !entry.peer.address.is_empty() => {
                entry.peer.address.clone().into_bytes()
            }
            _ => variable(entry, "REMOTE_ADDR").unwrap_or_default(),
        };
        if self.forwarded_for && is_near(&address) {
            let said = variable(entry, "HTTP_X_FORWARDED_FOR").filter(|said| !said.is_empty());
            return said.unwrap_or(address);
        }
        address
    }

    /// Strings and bytes of the variables, as uWSGI would count them in a packet.
    fn variables(&self, entry: &Entry<'_>) -> (usize, usize) {
        let request = entry.request;
        let fields = request.fields.iter();
        let sizes = fields.map(|field| field.name.len() + field.value.len() + 4);
        let (count, sum) = (request.fields.len(), sizes.sum::<usize>());
        if entry.wire != Wire::Http {
            return (count * 2, sum);
        }
        let unprefixed = |name: &[u8]| {
            name.eq_ignore_ascii_case(b"content-type")
                || name.eq_ignore_ascii_case(b"content-length")
        };
        let names = request.fields.iter().map(|field| request.bytes(entry.head, field.name));
        let prefixed = names.filter(|name| !unprefixed(name)).count();
        let values = request.method.len()
            + request.target.len()
            + request.path.len()
            + request.query.len()
            + protocol(request.version).len()
            + self.name_size
            + entry.port.len()
            + entry.peer.address.len();
        // nine variables that are no fields: their names and their lengths take 141 bytes
        ((count + 9) * 2, sum + prefixed * "HTTP_".len() + 141 + values)
    }
}

/// The line on its way.
struct Out<'a> {
    line: &'a mut Vec<u8>,
    limit: usize,
    manner: Manner,
}

impl Out<'_> {
    /// Text of our own.
    fn number(&mut self, text: std::fmt::Arguments<'_>) {
        // a vector takes everything
        let _ = self.line.write_fmt(text);
    }

    /// As [`Out::foreign`]; what is empty is a dash.
    fn or_dash(&mut self, bytes: &[u8]) {
        self.foreign(if bytes.is_empty() { b"-" } else { bytes });
    }

    /// Text from outside.
    fn foreign(&mut self, bytes: &[u8]) {
        let cut = &bytes[..bytes.len().min(self.limit)];
        if self.manner == Manner::Json {
            for chunk in cut.utf8_chunks() {
                chunk.valid().chars().for_each(|letter| self.json(letter));
                if !chunk.invalid().is_empty() {
                    self.line.extend_from_slice("\u{fffd}".as_bytes());
                }
            }
        } else {
            let quotes = self.manner == Manner::Quoted;
            for byte in cut {
                match byte {
                    b'"' | b'\\' if quotes => self.number(format_args!("\\x{byte:02x}")),
                    0x20..0x7f => self.line.push(*byte),
                    _ => self.number(format_args!("\\x{byte:02x}")),
                }
            }
        }
        if cut.len() < bytes.len() {
            self.line.extend_from_slice(b"...");
        }
    }

    fn json(&mut self, letter: char) {
        match letter {
            '"' | '\\' => self.number(format_args!("\\{letter}")),
            _ if letter.is_control() => self.number(format_args!("\\u{:04x}", letter as u32)),
            _ => self.number(format_args!("{letter}")),
        }
    }
}

/// `REMOTE_USER`: what a route found out, or what a web server in front says.
fn user(entry: &Entry<'_>) -> Vec<u8> {
    match (&entry.notes.user, entry.wire) {
        (Some(user), _) => user.clone(),
        (None, Wire::Http) => Vec::new(),
        (None, _) => variable(entry, "REMOTE_USER").unwrap_or_default(),
    }
}

/// As [`variable`], empty where there is none.
fn named(entry: &Entry<'_>, name: &str) -> Vec<u8> {
    variable(entry, name).unwrap_or_default()
}

/// What stands before the name of a variable that the application added (`uwsgi.add_var`) among
/// the values that it gave.
const ADDED: &str = "var.";

/// A variable of the request, as the application and the rules see it.
fn variable(entry: &Entry<'_>, name: &str) -> Option<Vec<u8>> {
    let Entry { request, head, wire, secure, peer, port, .. } = *entry;
    let view = View { request, head, wire, secure, peer, port };
    view.variable(name.as_bytes()).map(<[u8]>::to_vec)
}

/// Whether a peer may say for whom it asks: a proxy on this machine or in a private network.
fn is_near(address: &[u8]) -> bool {
    let text = std::str::from_utf8(address).ok();
    match text.map(str::parse::<IpAddr>) {
        Some(Ok(IpAddr::V4(address))) => {
            address.is_loopback() || address.is_private() || address.is_link_local()
        }
        Some(Ok(IpAddr::V6(address))) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
        // a UNIX socket
        Some(Err(_)) | None => address.is_empty(),
    }
}

fn protocol(version: Version) -> &'static str {
    match version {
        Version::Http10 => "HTTP/1.0",
        Version::Http11 => "HTTP/1.1",
    }
}

fn formatted(date: &CStr, epoch: u64) -> Vec<u8> {
    calendar::formatted(date, epoch as i64)
}

/// Microseconds since the epoch.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64)
}

/// When the request began, microseconds since the epoch.
fn start(entry: &Entry<'_>) -> u64 {
    now().saturating_sub(entry.micros)
}

#[cfg(test)]
#[path = "line_tests.rs"]
mod tests;
