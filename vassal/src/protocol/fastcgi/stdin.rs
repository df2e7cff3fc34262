//! The stream of a request's body, taken out of its records.

use super::{
    ABORT_REQUEST, BEGIN_REQUEST, GET_VALUES, HEADER, Header, Protocol, STDIN, VERSION,
    end_request, management,
};
use crate::protocol::Refusal;
use crate::request::Length;

/// The most content of a question about the server that is kept until it is whole, bytes.
const QUESTION_MAX: usize = 512;

/// Where the decoder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In a record's header, of which so many bytes came.
    Header { have: usize },
    /// In content of the stream.
    Data { left: usize, padding: usize },
    /// In a question about the server.
    Question { kind: u8, left: usize, padding: usize },
    /// In bytes that say nothing.
    Skip { left: usize },
    /// In the padding of the last record.
    Last { left: usize },
    /// The body is complete.
    Done,
}

/// A decoder of one body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stdin {
    id: u16,
    state: State,
    header: [u8; HEADER],
    question: Vec<u8>,
    left: Option<u64>,
    answers: Vec<u8>,
    aborted: bool,
    capacity: u32,
}

impl Stdin {
    /// A decoder of the body of the request with this number. `capacity` as in [`super::parse`].
    pub fn new(id: u16, length: Length, capacity: u32) -> Self {
        Self {
            id,
            state: State::Header { have: 0 },
            header: [0; HEADER],
            question: Vec::new(),
            left: match length {
                Length::None => Some(0),
                Length::Known(bytes) => Some(bytes),
                Length::Chunked | Length::Stream => None,
            },
            answers: Vec::new(),
            aborted: false,
            capacity,
        }
    }

    /// Whether the stream has ended, or the request was given up.
    pub fn done(&self) -> bool {
        self.state == State::Done
    }

    /// Whether the client has given the request up; the answer to that is among the answers.
    pub fn aborted(&self) -> bool {
        self.aborted
    }

    /// How many bytes of answers wait to be taken.
    pub fn unsent(&self) -> usize {
        self.answers.len()
    }

    /// What has to be sent because of what came between; may be empty.
    pub fn answers(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.answers)
    }

    /// Decodes what is there, handing data to `data`; returns how many bytes of `input` were
    /// used. Bytes after the end of the stream are left.
    pub fn decode(
        &mut self,
        input: &[u8],
        mut data: impl FnMut(&[u8]) -> Result<(), Refusal>,
    ) -> Result<usize, Refusal> {
        let mut at = 0;
        while self.state != State::Done {
            let rest = &input[at..];
            let take = |left: usize| left.min(rest.len());
            let used = match self.state {
                State::Header { have } => {
                    let used = take(HEADER - have);
                    self.header[have..have + used].copy_from_slice(&rest[..used]);
                    self.state = State::Header { have: have + used };
                    if have + used == HEADER {
                        self.begin()?;
                    }
                    used
                }
                State::Data { left, padding } => {
                    let used = take(left);
                    if let Some(wanted) = &mut self.left {
                        *wanted = wanted
                            .checked_sub(used as u64)
                            .ok_or(Refusal::bad("the body is longer than CONTENT_LENGTH"))?;
                    }
                    data(&rest[..used])?;
                    self.state = match left - used {
                        0 => State::Skip { left: padding },
                        left => State::Data { left, padding },
                    };
                    used
                }
                State::Question { kind, left, padding } => {
                    let used = take(left);
                    let room = QUESTION_MAX.saturating_sub(self.question.len());
                    self.question.extend_from_slice(&rest[..used.min(room)]);
                    self.state = State::Question { kind, left: left - used, padding };
                    if left == used {
                        let answer = management(kind, &self.question, self.capacity);
                        self.answers.extend(answer);
                        self.question = Vec::new();
                        self.state = State::Skip { left: padding };
                    }
                    used
                }
                State::Skip { left } => {
                    let used = take(left);
                    self.state = match left - used {
                        0 => State::Header { have: 0 },
                        left => State::Skip { left },
                    };
                    used
                }
                State::Last { left } => {
                    let used = take(left);
                    self.state = match left - used {
                        0 => State::Done,
                        left => State::Last { left },
                    };
                    used
                }
                State::Done => 0,
            };
            at += used;
            if used == 0 && at == input.len() && !self.idles() {
                break;
            }
        }
        Ok(at)
    }

    /// Whether the state changes without another byte.
    fn idles(&self) -> bool {
        matches!(
            self.state,
            State::Skip { left: 0 } | State::Last { left: 0 } | State::Question { left: 0, .. }
        )
    }

    /// A header is whole: what its record is for.
    fn begin(&mut self) -> Result<(), Refusal> {
        const FOREIGN: Refusal = Refusal { status: 0, reason: "this is no record of FastCGI" };
        let Some(Header { version: VERSION, kind, id, length, padding }) = Header::of(&self.header)
        else {
            return Err(FOREIGN);
        };
        let skip = State::Skip { left: length + padding };
        self.state = match kind {
            BEGIN_REQUEST if id == 0 => return Err(FOREIGN),
            GET_VALUES if id == 0 => State::Question { kind, left: length, padding },
            _ if id == 0 => {
                self.answers.extend(management(kind, &[], self.capacity));
                skip
            }
            BEGIN_REQUEST if id != self.id => {
                self.answers.extend(end_request(id, Protocol::CantMultiplex));
                skip
            }
            BEGIN_REQUEST => {
                return Err(Refusal::bad("a request of this number is there already"));
            }
            ABORT_REQUEST if id == self.id => {
                self.answers.extend(end_request(id, Protocol::RequestComplete));
                self.aborted = true;
                State::Last { left: length + padding }
            }
            STDIN if id == self.id && length > 0 => State::Data { left: length, padding },
            STDIN if id == self.id => {
                if self.left.is_some_and(|left| left > 0) {
                    return Err(Refusal::bad("the body is shorter than CONTENT_LENGTH"));
                }
                State::Last { left: padding }
            }
            _ => skip,
        };
        Ok(())
    }
}

/// The body, where all of it came with the head in one record: where it lies in `rest`, and how
/// many bytes of `rest` belong to the request. Everything else takes the decoder.
pub fn whole(rest: &[u8], id: u16, length: Length) -> Option<(std::ops::Range<usize>, usize)> {
    let record = |at: usize| {
        let header = Header::of(rest.get(at..)?)?;
        let end = at + HEADER + header.length + header.padding;
        let fits = header.version == VERSION && header.kind == STDIN && header.id == id;
        (fits && end <= rest.len()).then_some((header.length, end))
    };
    let (size, end) = record(0)?;
    let wanted = match length {
        Length::None => Some(0),
        Length::Known(bytes) => Some(bytes),
        Length::Chunked | Length::Stream => None,
    };
    if wanted.is_some_and(|wanted| wanted != size as u64) {
        return None;
    }
    if size == 0 {
        return Some((0..0, end));
    }
    let (0, last) = record(end)? else { return None };
    Some((HEADER..HEADER + size, last))
}
