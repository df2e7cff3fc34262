//! Clients that take seconds for what others do in a millisecond: some trickle a head, some a
//! body, some read in sips. One thread moves all of them; who is done is replaced.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::sys::socket::{setsockopt, sockopt};
use tests::http::{self, Ended};
use tests::wait::idle;

use crate::line::{leave_nothing, ports};
use crate::question::{Dice, Fault, Question};
use crate::toll::{Ports, Toll};

/// Steps that each client takes.
const STEPS: usize = 20;
/// No client is so slow that it should take longer, however busy the machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// One client.
struct Slow {
    kind: &'static str,
    stream: TcpStream,
    ports: Ports,
    opened: Instant,
    question: Question,
    bytes: Vec<u8>,
    sent: usize,
    /// Bytes that are sent with the first step.
    first: usize,
    /// Bytes that are read in one step.
    sip: usize,
    got: Vec<u8>,
    /// How long the answer is, as soon as its head is there.
    whole: Option<usize>,
    pause: Duration,
    due: Instant,
}

/// Starts so many clients of one address.
pub(crate) fn start(
    toll: &Arc<Toll>,
    address: SocketAddr,
    count: usize,
    seed: u64,
) -> JoinHandle<()> {
    let toll = Arc::clone(toll);
    thread::spawn(move || {
        let mut dice = Dice::new(seed);
        let mut number = 0;
        let mut clients: Vec<Option<Slow>> = (0..count).map(|_| None).collect();
        while !toll.over() {
            for place in &mut clients {
                if place.is_none() {
                    number += 1;
                    *place = Slow::open(&toll, address, format!("{seed}s{number}"), &mut dice);
                }
                let Some(slow) = place else { continue };
                if slow.due > Instant::now() {
                    continue;
                }
                match slow.step() {
                    Ok(None) => slow.due = Instant::now() + slow.pause,
                    Ok(Some(pid)) => {
                        toll.good(slow.kind, pid, Duration::ZERO);
                        leave_nothing(&slow.stream);
                        *place = None;
                    }
                    Err(fault) => {
                        toll.bad(slow.kind, Some((slow.ports, slow.opened)), slow.opened, fault);
                        *place = None;
                    }
                }
            }
            idle(Duration::from_millis(5));
        }
    })
}

impl Slow {
    fn open(toll: &Toll, address: SocketAddr, token: String, dice: &mut Dice) -> Option<Self> {
        let opened = Instant::now();
        let made = TcpStream::connect(address).and_then(|stream| {
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?;
            Ok((ports(&stream)?, stream))
        });
        match made {
            Ok((ports, stream)) => Some(Self::new(stream, ports, opened, token, dice)),
            Err(error) => {
                toll.bad("slow", None, opened, Fault::Wrong(format!("not connected: {error}")));
                None
            }
        }
    }

    fn new(
        stream: TcpStream,
        ports: Ports,
        opened: Instant,
        token: String,
        dice: &mut Dice,
    ) -> Self {
        let mut first = 1 + dice.below(40);
        let mut sip = 1 << 20;
        let close: &[&str] = if dice.once_in(2) { &["Connection: close"] } else { &[] };
        let small = dice.below(3_000);
        let (kind, question, bytes);
        match dice.below(3) {
            0 => {
                kind = "slow head";
                question = Question::new(token, small, "plain");
                let padding = format!("X-Padding: {}", "p".repeat(dice.below(600)));
                bytes = question.http(&[close, &[&padding]].concat());
            }
            1 => {
                kind = "slow body";
                question = Question::new(token, small, "plain").sending(1 + dice.below(100_000));
                first = question.http_head(close).len();
                bytes = question.http(close);
            }
            _ => {
                kind = "slow reader";
                let size = 20_000 + dice.below(500_000);
                // as little as the kernel allows: the rest waits in the server
                setsockopt(&stream, sockopt::RcvBuf, &4096).ok();
                question = Question::new(token, size, "plain");
                bytes = question.http(close);
                (first, sip) = (bytes.len(), size / STEPS + 1);
            }
        }
        let pause = Duration::from_millis(50 + dice.below(350) as u64);
        let due = opened + Duration::from_millis(dice.below(300) as u64);
        let (sent, got, whole) = (0, Vec::new(), None);
        Self {
            kind,
            stream,
            ports,
            opened,
            question,
            bytes,
            sent,
            first,
            sip,
            got,
            whole,
            pause,
            due,
        }
    }

    /// A few bytes more; the process that answered when all is there.
    fn step(&mut self) -> Result<Option<i32>, Fault> {
        if self.opened.elapsed() > PATIENCE {
            let (sent, got) = (self.sent, self.got.len());
            return Err(Fault::Wrong(format!("{sent} sent, {got} received: {:?}", self.question)));
        }
        if self.sent < self.bytes.len() {
            let more = if self.sent == 0 { self.first } else { self.bytes.len() / STEPS + 1 };
            let end = self.bytes.len().min(self.sent + more);
            match self.stream.write(&self.bytes[self.sent..end]) {
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(self.ended(&error.to_string())),
            }
            return Ok(None);
        }
        let before = self.got.len();
        self.got.resize(before + self.sip, 0);
        let read = self.stream.read(&mut self.got[before..]);
        self.got.truncate(before + *read.as_ref().unwrap_or(&0));
        match read {
            Ok(0) => Err(self.ended("the end")),
            Ok(_) => self.look(),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(self.ended(&error.to_string())),
        }
    }

    fn ended(&self, what: &str) -> Fault {
        let (sent, all, got) = (self.sent, self.bytes.len(), self.got.len());
        Fault::Ended(format!("{what} after {sent} of {all} bytes sent and {got} received"))
    }

    /// Whether the answer is whole, and the right one.
    fn look(&mut self) -> Result<Option<i32>, Fault> {
        if self.whole.is_none()
            && let Some(end) = self.got.windows(4).position(|four| four == b"\r\n\r\n")
        {
            let head = http::of_cgi(&self.got[..end + 4])?;
            let length = head.header("content-length").and_then(|word| word.parse::<usize>().ok());
            let length = length.ok_or_else(|| Fault::Wrong(format!("no length: {head:?}")))?;
            self.whole = Some(end + 4 + length);
        }
        if self.whole.is_none_or(|whole| self.got.len() < whole) {
            return Ok(None);
        }
        let mut answer = http::of_cgi(&self.got)?;
        answer.ended = Ended::Length;
        self.question.check(&answer).map(Some)
    }
}
