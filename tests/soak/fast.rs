//! Clients at full load: each asks again as soon as it was answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tests::wait::idle;

use crate::line::{Line, announces_end};
use crate::question::{Dice, Question};
use crate::toll::Toll;

/// Requests that are sent at once.
const PIPELINED: usize = 8;
/// Requests on one kept connection at most, before the client makes another.
const KEPT: usize = 300;

/// How a client behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Keeps its connection.
    Keeps,
    /// Makes a connection for each request.
    Closes,
    /// Sends several requests at once.
    Pipelines,
    /// Sends bodies, with a length or in chunks.
    Posts,
    /// Speaks uwsgi.
    Uwsgi,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Keeps => "keeps",
            Self::Closes => "closes",
            Self::Pipelines => "pipelines",
            Self::Posts => "posts",
            Self::Uwsgi => "uwsgi",
        }
    }
}

/// One client.
struct Fast {
    toll: Arc<Toll>,
    address: SocketAddr,
    kind: Kind,
    dice: Dice,
    number: u64,
    asked: u64,
}

/// Starts a client that pauses so long between two requests.
pub(crate) fn start(
    toll: &Arc<Toll>,
    address: SocketAddr,
    kind: Kind,
    number: u64,
    pause: Duration,
) -> JoinHandle<()> {
    let toll = Arc::clone(toll);
    let mut one = Fast { toll, address, kind, dice: Dice::new(number), number, asked: 0 };
    thread::spawn(move || {
        let mut kept = None;
        while !one.toll.over() {
            kept = match one.kind {
                Kind::Keeps | Kind::Posts => one.ask(kept),
                Kind::Pipelines => one.pipeline(kept),
                Kind::Closes | Kind::Uwsgi => one.once(),
            };
            if !pause.is_zero() {
                idle(pause);
            }
        }
    })
}

impl Fast {
    /// A question that was never asked before.
    fn question(&mut self) -> Question {
        self.asked += 1;
        let token = format!("{}x{}", self.number, self.asked);
        let manner = match self.dice.below(40) {
            0 => "later",
            1..5 => "pieces",
            _ => "plain",
        };
        let size = if self.dice.once_in(50) { 300_000 } else { 2_000 };
        let question = Question::new(token, self.dice.below(size), manner);
        let sends = match self.kind {
            Kind::Posts => 1 + self.dice.below(200_000),
            Kind::Uwsgi if self.dice.once_in(3) => 1 + self.dice.below(20_000),
            _ => 0,
        };
        question.sending(sends)
    }

    fn open(&self) -> Option<Line> {
        Line::open(&self.toll, self.kind.name(), self.address)
    }

    /// Sends bytes; a connection that does not take them is of no more use.
    fn send(&self, line: &mut Line, bytes: &[u8], sent: Instant) -> Option<()> {
        let error = line.client.send(bytes).err();
        if let Some(error) = error {
            line.lost(&self.toll, self.kind.name(), sent, error.into());
            return None;
        }
        Some(())
    }

    /// One request on a kept connection, which comes back while it may be kept.
    fn ask(&mut self, kept: Option<Line>) -> Option<Line> {
        let mut line = kept.or_else(|| self.open())?;
        let question = self.question();
        let chunked = self.kind == Kind::Posts && self.dice.once_in(3);
        let bytes =
            if chunked { question.http_chunked(&mut self.dice) } else { question.http(&[]) };
        let sent = Instant::now();
        self.send(&mut line, &bytes, sent)?;
        let answer = line.answer(&self.toll, self.kind.name(), &question, sent)?;
        if announces_end(&answer) {
            line.end(&self.toll, self.kind.name());
            return None;
        }
        (!self.dice.once_in(KEPT)).then_some(line)
    }

    /// Several requests at once on a kept connection.
    fn pipeline(&mut self, kept: Option<Line>) -> Option<Line> {
        let mut line = kept.or_else(|| self.open())?;
        let questions: Vec<_> = (0..PIPELINED).map(|_| self.question()).collect();
        let bytes: Vec<u8> = questions.iter().flat_map(|question| question.http(&[])).collect();
        let sent = Instant::now();
        self.send(&mut line, &bytes, sent)?;
        for (n, question) in questions.iter().enumerate() {
            let answer = line.answer(&self.toll, self.kind.name(), question, sent)?;
            if announces_end(&answer) {
                self.toll.tally().put_off += (PIPELINED - n - 1) as u64;
                line.end(&self.toll, self.kind.name());
                return None;
            }
        }
        (!self.dice.once_in(KEPT)).then_some(line)
    }

    /// One request on a connection of its own.
    fn once(&mut self) -> Option<Line> {
        let mut line = self.open()?;
        let question = self.question();
        let bytes = match self.kind {
            Kind::Uwsgi => question.uwsgi(),
            _ => question.http(&["Connection: close"]),
        };
        let sent = Instant::now();
        self.send(&mut line, &bytes, sent)?;
        line.answer(&self.toll, self.kind.name(), &question, sent)?;
        line.end(&self.toll, self.kind.name());
        None
    }
}
