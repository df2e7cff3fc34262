//! Requests whose answers can be checked: each has a token of its own, bodies in both directions
//! are made of it, and an answer with anything else is somebody else's.

use std::fmt::Write;
use std::io::{self, ErrorKind};

use tests::http::{Ended, Response};
use tests::uwsgi;

/// A generator of choices, the same for the same seed.
pub(crate) struct Dice(u64);

impl Dice {
    /// One of many, by a number that is not 0.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number from 0 to `limit` - 1.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }

    /// True once in so many times.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

/// What is wrong with a request that was not answered well.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The connection ended before the answer did: forgiven where its worker was killed.
    Ended(String),
    /// Another answer than the right one, or none in all the time: never forgiven.
    Wrong(String),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::UnexpectedEof
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe => Self::Ended(error.to_string()),
            _ => Self::Wrong(error.to_string()),
        }
    }
}

/// One request.
#[derive(Debug)]
pub(crate) struct Question {
    token: String,
    /// Bytes that the answer's body has.
    size: usize,
    /// How the application answers: `plain`, `later` (after 20 ms), `pieces` (without a length).
    manner: &'static str,
    /// Bytes that the request's body has.
    sends: usize,
}

impl Question {
    /// A request without a body; the token is used once.
    pub(crate) fn new(token: String, size: usize, manner: &'static str) -> Self {
        Self { token, size, manner, sends: 0 }
    }

    /// The same with a body.
    #[must_use]
    pub(crate) fn sending(self, bytes: usize) -> Self {
        Self { sends: bytes, ..self }
    }

    fn path(&self) -> String {
        format!("/{}/{}/{}", self.token, self.size, self.manner)
    }

    fn pattern(&self, size: usize) -> Vec<u8> {
        format!("{} ", self.token).into_bytes().into_iter().cycle().take(size).collect()
    }

    /// As HTTP has it, with further head lines.
    pub(crate) fn http(&self, lines: &[&str]) -> Vec<u8> {
        let mut bytes = self.http_head(lines);
        bytes.extend(self.pattern(self.sends));
        bytes
    }

    /// The head alone.
    pub(crate) fn http_head(&self, lines: &[&str]) -> Vec<u8> {
        let mut head = self.http_start(lines);
        if self.sends > 0 {
            let _ = write!(head, "Content-Length: {}\r\n", self.sends);
        }
        (head + "\r\n").into_bytes()
    }

    /// As HTTP has it, the body in chunks of odd sizes.
    pub(crate) fn http_chunked(&self, dice: &mut Dice) -> Vec<u8> {
        let mut bytes = self.http_start(&["Transfer-Encoding: chunked"]).into_bytes();
        bytes.extend(b"\r\n");
        let body = self.pattern(self.sends);
        let mut rest = &body[..];
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(1 + dice.below(30_000)));
            bytes.extend(format!("{:x}\r\n", now.len()).bytes());
            bytes.extend(now);
            bytes.extend(b"\r\n");
            rest = later;
        }
        bytes.extend(b"0\r\n\r\n");
        bytes
    }

    fn http_start(&self, lines: &[&str]) -> String {
        let method = if self.sends > 0 { "POST" } else { "GET" };
        let mut head = format!("{method} {} HTTP/1.1\r\nHost: soak.test\r\n", self.path());
        for line in lines {
            head += line;
            head += "\r\n";
        }
        let _ = write!(head, "X-Length: {}\r\n", self.sends);
        head
    }

    /// As the uwsgi protocol has it.
    pub(crate) fn uwsgi(&self) -> Vec<u8> {
        let (path, sends) = (self.path(), self.sends.to_string());
        let method = if self.sends > 0 { "POST" } else { "GET" };
        let mut vars = uwsgi::variables(method, &path, &sends);
        vars.push(("HTTP_X_LENGTH", &sends));
        let mut bytes = uwsgi::packet((0, 0), &vars);
        bytes.extend(self.pattern(self.sends));
        bytes
    }

    /// Whether this is the whole answer to this very request; the process that gave it.
    pub(crate) fn check(&self, answer: &Response) -> Result<i32, Fault> {
        let wrong = |what: &str| {
            let (head, size) = (&answer.headers, answer.body.len());
            let status = answer.status;
            Fault::Wrong(format!("{what}: {self:?}: {status} {head:?}, {size} bytes"))
        };
        if answer.status != 200 {
            return Err(wrong(&format!("not 200 but {:?}", answer.text())));
        }
        if answer.header("x-token") != Some(&*self.token) {
            return Err(wrong("somebody else's answer"));
        }
        let expected = self.pattern(self.size);
        let got = &answer.body;
        if *got == expected && answer.ended != Ended::Cut {
            let pid = answer.header("x-pid").and_then(|word| word.parse().ok());
            return pid.ok_or_else(|| wrong("no process"));
        }
        // without a length, the end of the connection is the only end there is
        if matches!(answer.ended, Ended::Cut | Ended::Close) && expected.starts_with(got) {
            return Err(Fault::Ended(format!("{} of {} bytes", got.len(), self.size)));
        }
        Err(wrong("another body"))
    }
}
