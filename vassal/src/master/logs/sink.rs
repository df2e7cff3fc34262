//! Where the lines of one logger go.

use std::borrow::Cow;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use shared::settings::logs::{Logs, Sender, Stream, Target};
use shared::sys::calendar;

use super::encode::Encoders;
use super::file::{Output, Rotation};

/// The machine's log.
const SYSLOG: &str = "/dev/log";
/// The journal (systemd's native protocol).
const JOURNAL: &str = "/run/systemd/journal/socket";
/// The severity of every line: informational (RFC 3164 section 4.1.1).
const SEVERITY: u8 = 6;

/// One logger at work.
#[derive(Debug)]
pub(super) struct Sink {
    /// The name that routes mean.
    pub(super) id: Option<String>,
    encoders: Encoders,
    out: Out,
}

#[derive(Debug)]
enum Out {
    /// Where output went before.
    Standard,
    File(Output),
    Datagram(UnixDatagram, PathBuf),
    Udp(UdpSocket, SocketAddr),
    Syslog(UnixDatagram, PathBuf, Sender),
    Remote {
        socket: UdpSocket,
        address: SocketAddr,
        sender: Sender,
        host: String,
        limit: Limit,
    },
    Journal {
        socket: UnixDatagram,
        path: PathBuf,
        fields: Vec<u8>,
    },
}

/// How long a packet to a log server is.
#[derive(Clone, Copy, Debug)]
struct Limit {
    size: usize,
    split: bool,
}

impl Sink {
    /// Opens the logger of this number of a stream.
    pub(super) fn open(stream: &Stream, number: usize, logs: &Logs) -> io::Result<Self> {
        let logger = &stream.loggers[number];
        let meant = |id: &Option<String>| id.is_none() || *id == logger.id;
        let encoders = stream.encoders.iter().filter(|one| meant(&one.logger));
        let out = match &logger.target {
            Target::Standard => Out::Standard,
            Target::File(file) => {
                let rotation = Rotation { maxsize: file.maxsize, backup: file.backup.clone() };
                Out::File(Output::open(&file.path, rotation)?)
            }
            Target::Udp(address) => Out::Udp(udp(address)?, *address),
            Target::Datagram(path) => Out::Datagram(unix()?, path.clone()),
            Target::Syslog(sender) => Out::Syslog(unix()?, SYSLOG.into(), sender.clone()),
            Target::Remote(address, sender) => Out::Remote {
                socket: udp(address)?,
                address: *address,
                sender: sender.clone(),
                host: nix::unistd::gethostname()
                    .map_or_else(|_| "-".into(), |name| name.to_string_lossy().into_owned()),
                limit: Limit { size: logs.packet_size as usize, split: logs.split },
            },
            Target::Journal(fields) => {
                let mut text = format!("PRIORITY={SEVERITY}\n");
                text.extend(fields.iter().map(|(name, value)| format!("{name}={value}\n")));
                if !fields.iter().any(|(name, _)| name == "SYSLOG_IDENTIFIER") {
                    text.push_str("SYSLOG_IDENTIFIER=uwsgi\n");
                }
                Out::Journal { socket: unix()?, path: JOURNAL.into(), fields: text.into() }
            }
        };
        Ok(Self {
            id: logger.id.clone(),
            encoders: Encoders::new(encoders.map(|one| &one.encoding)),
            out,
        })
    }

    /// Writes a line (which has no end of its own). What a destination does not take is lost:
    /// whoever serves clients does not wait for a log. Returns what went wrong with a rotation.
    pub(super) fn write(
        &mut self,
        line: &[u8],
        now: SystemTime,
        standard: &mut Output,
    ) -> Option<io::Error> {
        let line = self.encoders.apply(line, now);
        let epoch = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        match &mut self.out {
            Out::Standard => return standard.write(&ended(line), now),
            Out::File(file) => return file.write(&ended(line), now),
            Out::Datagram(socket, path) => _ = socket.send_to(&ended(line), path),
            Out::Udp(socket, address) => _ = socket.send_to(&ended(line), *address),
            Out::Syslog(socket, path, sender) => {
                // the machine's own log knows the host
                let head = head(sender, epoch, None);
                _ = socket.send_to(&[head.as_bytes(), bare(&line)].concat(), path);
            }
            Out::Remote { socket, address, sender, host, limit } => {
                let head = head(sender, epoch, Some(host));
                let room = limit.size.saturating_sub(head.len()).max(1);
                for piece in bare(&line).chunks(room) {
                    _ = socket.send_to(&[head.as_bytes(), piece].concat(), *address);
                    if !limit.split {
                        break;
                    }
                }
            }
            Out::Journal { socket, path, fields } => {
                // a message may hold the end of a line where its size says so
                let text = bare(&line);
                let mut packet = fields.clone();
                packet.extend_from_slice(b"MESSAGE\n");
                packet.extend_from_slice(&(text.len() as u64).to_le_bytes());
                packet.extend_from_slice(text);
                packet.push(b'\n');
                _ = socket.send_to(&packet, path.as_path());
            }
        }
        None
    }

    /// Opens a file again.
    pub(super) fn reopen(&mut self) -> io::Result<()> {
        match &mut self.out {
            Out::File(file) => file.reopen(),
            _ => Ok(()),
        }
    }

    /// Rotates a file.
    pub(super) fn rotate(&mut self, now: SystemTime) -> io::Result<()> {
        match &mut self.out {
            Out::File(file) => file.rotate(now),
            _ => Ok(()),
        }
    }
}

/// What stands before a line (RFC 3164 section 4.1).
fn head(sender: &Sender, epoch: u64, host: Option<&str>) -> String {
    let priority = sender.facility * 8 + SEVERITY;
    let ctime = calendar::local(epoch as i64).ctime();
    // without the day of the week and the year
    let time = ctime.get(4..19).unwrap_or_default();
    let host = host.map_or_else(String::new, |host| format!("{host} "));
    format!("<{priority}>{time} {host}{}[{}]: ", sender.ident, std::process::id())
}

/// The line with its end.
fn ended(line: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    if line.ends_with(b"\n") {
        return line;
    }
    let mut line = line.into_owned();
    line.push(b'\n');
    Cow::Owned(line)
}

/// The line without its end.
fn bare(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\n").unwrap_or(line)
}

fn unix() -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn udp(address: &SocketAddr) -> io::Result<UdpSocket> {
    let socket = match address {
        SocketAddr::V4(_) => UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?,
        SocketAddr::V6(_) => UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0))?,
    };
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Where a logger leads, for messages.
pub(super) fn name(target: &Target) -> String {
    let path = |path: &Path| path.display().to_string();
    match target {
        Target::Standard => "stdio".into(),
        Target::File(file) => path(&file.path),
        Target::Udp(address) | Target::Remote(address, _) => address.to_string(),
        Target::Datagram(socket) => path(socket),
        Target::Syslog(_) => SYSLOG.into(),
        Target::Journal(_) => JOURNAL.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn received(make: impl FnOnce(UnixDatagram, PathBuf) -> Out, line: &[u8]) -> Vec<u8> {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("socket");
        let there = UnixDatagram::bind(&path).unwrap();
        let out = make(unix().unwrap(), path);
        let mut sink = Sink { id: None, encoders: Encoders::default(), out };
        let now = UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert!(sink.write(line, now, &mut Output::standard(None)).is_none());
        let mut room = vec![0; 4096];
        let count = there.recv(&mut room).unwrap();
        room.truncate(count);
        room
    }

    #[test]
    fn syslog_is_spoken_to_as_the_rfc_has_it() {
        let sender = Sender { ident: "app".into(), facility: 16 };
        let text = received(|socket, path| Out::Syslog(socket, path, sender), b"line");
        let time = &calendar::local(784_111_777).ctime()[4..19];
        let wanted = format!("<134>{time} app[{}]: line", std::process::id());
        assert_eq!(String::from_utf8(text).unwrap(), wanted);
    }

    #[test]
    fn the_journal_gets_its_fields_and_the_line() {
        let make = |socket, path| Out::Journal { socket, path, fields: b"PRIORITY=6\n".to_vec() };
        let packet = received(make, b"a line");
        assert_eq!(packet, b"PRIORITY=6\nMESSAGE\n\x06\0\0\0\0\0\0\0a line\n");
    }

    #[test]
    fn nobody_who_listens_is_no_trouble() {
        let out = Out::Datagram(unix().unwrap(), "/no/such/socket".into());
        let mut sink = Sink { id: None, encoders: Encoders::default(), out };
        assert!(sink.write(b"x", UNIX_EPOCH, &mut Output::standard(None)).is_none());
    }
}
