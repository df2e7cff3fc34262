//! A raw HTTP client over TCP or a UNIX socket. It sends exactly the bytes it is given, so it can
//! pipeline, split, stop half-way and lie; and it reads answers strictly.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long one read may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// An internet address.
    Tcp(SocketAddr),
    /// A path.
    Unix(PathBuf),
}

impl From<SocketAddr> for Place {
    fn from(address: SocketAddr) -> Self {
        Self::Tcp(address)
    }
}

impl From<&Path> for Place {
    fn from(path: &Path) -> Self {
        Self::Unix(path.to_owned())
    }
}

/// A byte stream of either kind.
#[derive(Debug)]
pub enum Stream {
    /// Over the internet protocol.
    Tcp(TcpStream),
    /// Over a UNIX socket.
    Unix(UnixStream),
}

impl Stream {
    /// Connects, with a limit for each later wait.
    pub fn connect(place: &Place) -> io::Result<Self> {
        Ok(match place {
            Place::Tcp(address) => {
                let stream = TcpStream::connect(address)?;
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                Self::Tcp(stream)
            }
            Place::Unix(path) => {
                let stream = UnixStream::connect(path)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                Self::Unix(stream)
            }
        })
    }

    /// Says that nothing more will be sent.
    pub fn half_close(&self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Self::Unix(stream) => stream.shutdown(Shutdown::Write),
        }
    }

    /// Limits each read.
    pub fn patience(&self, limit: Duration) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.set_read_timeout(Some(limit)),
            Self::Unix(stream) => stream.set_read_timeout(Some(limit)),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(into),
            Self::Unix(stream) => stream.read(into),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(bytes),
            Self::Unix(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How a body ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// There is none (HEAD, 204, 304).
    None,
    /// By its announced length.
    Length,
    /// By the last chunk.
    Chunked,
    /// By the end of the connection.
    Close,
    /// Before its announced end.
    Cut,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// `HTTP/1.1` as received.
    pub version: String,
    /// The status code.
    pub status: u16,
    /// What followed the code.
    pub reason: String,
    /// The fields as received.
    pub headers: Vec<(String, String)>,
    /// The decoded body.
    pub body: Vec<u8>,
    /// How the body ended.
    pub ended: Ended,
}

impl Response {
    /// The first field of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| &**value)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// If it is none.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }
}

/// One connection.
#[derive(Debug)]
pub struct Client {
    /// The connection, for tests that misbehave.
    pub stream: Stream,
    buffer: Vec<u8>,
}

impl Client {
    /// Connects.
    pub fn connect(place: impl Into<Place>) -> io::Result<Self> {
        Ok(Self { stream: Stream::connect(&place.into())?, buffer: Vec::new() })
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref())
    }

    /// Sends `METHOD path HTTP/1.1` with a Host, the given head lines and a body with its length.
    pub fn ask(
        &mut self,
        method: &str,
        path: &str,
        lines: &[&str],
        body: &[u8],
    ) -> io::Result<Response> {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: example.test\r\n");
        for line in lines {
            head += line;
            head += "\r\n";
        }
        if !body.is_empty() {
            head += "Content-Length: ";
            head += &body.len().to_string();
            head += "\r\n";
        }
        head += "\r\n";
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(body);
        self.send(&bytes)?;
        self.response(method != "HEAD")
    }

    /// A GET on this connection.
    pub fn get(&mut self, path: &str) -> io::Result<Response> {
        self.ask("GET", path, &[], b"")
    }

    /// Reads one answer, final or interim.
    pub fn response(&mut self, with_body: bool) -> io::Result<Response> {
        let end = loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                break end;
            }
            if self.fill()? == 0 {
                let seen = String::from_utf8_lossy(&self.buffer).into_owned();
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    format!("no whole head, but {seen:?}"),
                ));
            }
        };
        let head: Vec<u8> = self.buffer.drain(..end + 4).collect();
        let mut response = parse_head(&head)?;
        self.read_body(&mut response, with_body)?;
        Ok(response)
    }

    /// Everything until the end of the connection, raw. A reset ends it too.
    pub fn rest(&mut self) -> Vec<u8> {
        while self.fill().is_ok_and(|read| read > 0) {}
        std::mem::take(&mut self.buffer)
    }

    /// That many bytes.
    pub fn exactly(&mut self, size: usize) -> io::Result<Vec<u8>> {
        if !self.fill_to(size)? {
            let seen = String::from_utf8_lossy(&self.buffer).into_owned();
            let kind = io::ErrorKind::UnexpectedEof;
            return Err(io::Error::new(kind, format!("the end after {seen:?}")));
        }
        Ok(self.buffer.drain(..size).collect())
    }

    /// Whether the peer has closed (or reset), waiting up to `limit` for it.
    pub fn closed_within(&mut self, limit: Duration) -> bool {
        self.stream.patience(limit).ok();
        let answer = loop {
            match self.fill() {
                Ok(0) => break true,
                Ok(_) => {}
                Err(error) => {
                    break !matches!(
                        error.kind(),
                        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                    );
                }
            }
        };
        self.stream.patience(PATIENCE).ok();
        answer
    }

    /// Reads what there is.
    fn fill(&mut self) -> io::Result<usize> {
        let mut room = [0; 16384];
        let read = self.stream.read(&mut room)?;
        self.buffer.extend_from_slice(&room[..read]);
        Ok(read)
    }

    /// Reads the body as the head says.
    fn read_body(&mut self, response: &mut Response, with_body: bool) -> io::Result<()> {
        let status = response.status;
        if !with_body || status < 200 || status == 204 || status == 304 {
            return Ok(());
        }
        let chunked = response.header("transfer-encoding").is_some_and(|value| value == "chunked");
        let length = response.header("content-length").map(str::parse::<usize>);
        (response.body, response.ended) = match length {
            _ if chunked => self.chunks()?,
            Some(Ok(length)) => {
                let whole = self.fill_to(length)?;
                let taken = self.buffer.len().min(length);
                (
                    self.buffer.drain(..taken).collect(),
                    if whole { Ended::Length } else { Ended::Cut },
                )
            }
            Some(Err(error)) => return Err(io::Error::other(error)),
            None => (self.rest(), Ended::Close),
        };
        Ok(())
    }

    /// Reads until the buffer holds that many bytes; false at the end of the connection.
    fn fill_to(&mut self, length: usize) -> io::Result<bool> {
        while self.buffer.len() < length {
            match self.fill() {
                Ok(0) => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(false),
                other => other?,
            };
        }
        Ok(true)
    }

    /// Reads a chunked body.
    fn chunks(&mut self) -> io::Result<(Vec<u8>, Ended)> {
        let mut body = Vec::new();
        loop {
            let line = loop {
                if let Some(end) = find(&self.buffer, b"\r\n") {
                    break self.buffer.drain(..end + 2).collect::<Vec<u8>>();
                }
                let have = self.buffer.len();
                if !self.fill_to(have + 1)? {
                    return Ok((body, Ended::Cut));
                }
            };
            let digits = String::from_utf8_lossy(&line);
            let size = usize::from_str_radix(digits.trim(), 16)
                .map_err(|_| io::Error::other(format!("a bad chunk size {digits:?}")))?;
            if !self.fill_to(size + 2)? {
                return Ok((body, Ended::Cut));
            }
            body.extend(self.buffer.drain(..size));
            if self.buffer.drain(..2).ne(*b"\r\n") {
                return Err(io::Error::other("a chunk without its line end"));
            }
            if size == 0 {
                return Ok((body, Ended::Chunked));
            }
        }
    }
}

/// What a path answers with, as JSON.
///
/// # Panics
/// If the answer is no 200 of a server that is there.
#[track_caller]
pub fn json(place: impl Into<Place>, path: &str) -> serde_json::Value {
    let answer = get(place, path).expect("the server under test is there");
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.json()
}

/// One GET on a connection of its own.
pub fn get(place: impl Into<Place>, path: &str) -> io::Result<Response> {
    Client::connect(place)?.ask("GET", path, &["Connection: close"], b"")
}

/// One request on a connection of its own.
pub fn ask(
    place: impl Into<Place>,
    method: &str,
    path: &str,
    lines: &[&str],
    body: &[u8],
) -> io::Result<Response> {
    let lines: Vec<&str> = lines.iter().copied().chain(["Connection: close"]).collect();
    Client::connect(place)?.ask(method, path, &lines, body)
}

/// An answer that came whole, as CGI has it: the first line may be a `Status` field.
pub fn of_cgi(bytes: &[u8]) -> io::Result<Response> {
    let end = find(bytes, b"\r\n\r\n").ok_or_else(|| {
        io::Error::other(format!("no whole head, but {:?}", String::from_utf8_lossy(bytes)))
    })?;
    let head = &bytes[..end + 4];
    let mut response = match head.strip_prefix(b"Status: ") {
        Some(rest) => parse_head(&[b"HTTP/1.1 ", rest].concat())?,
        None => parse_head(head)?,
    };
    response.body = bytes[end + 4..].to_vec();
    response.ended = Ended::Close;
    Ok(response)
}

/// Parses a head strictly.
fn parse_head(head: &[u8]) -> io::Result<Response> {
    let bad =
        |what: &str| io::Error::other(format!("{what} in {:?}", String::from_utf8_lossy(head)));
    let text: String = head.iter().map(|byte| char::from(*byte)).collect();
    let mut lines = text.trim_end_matches("\r\n").split("\r\n");
    let mut words = lines.next().unwrap_or("").splitn(3, ' ');
    let version = words.next().unwrap_or("");
    if !version.starts_with("HTTP/1.") {
        return Err(bad("no status line"));
    }
    let status = words.next().and_then(|word| word.parse().ok()).ok_or_else(|| bad("no status"))?;
    let reason = words.next().unwrap_or("").to_owned();
    let mut headers = Vec::new();
    for line in lines {
        let (name, value) = line.split_once(':').ok_or_else(|| bad("a line without a colon"))?;
        if name.is_empty() || name.contains([' ', '\t', '\r', '\n']) {
            return Err(bad("a bad field name"));
        }
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let (version, body) = (version.to_owned(), Vec::new());
    Ok(Response { version, status, reason, headers, body, ended: Ended::None })
}

/// Where a part begins.
fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}
