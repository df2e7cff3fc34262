//! The chunked transfer coding, decoded strictly (RFC 9112 section 7.1).
//!
//! A body that does not follow the grammar is an error, never a clean end: lenient readers of
//! chunk lines are what request smuggling lives on.

use super::{Refusal, hex, is_token};

/// Bytes of chunk extensions of one body that are tolerated.
const EXTENSIONS_MAX: u32 = 4096;
/// Bytes of trailer fields that are tolerated (they are dropped).
const TRAILERS_MAX: u32 = 8192;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Reading the size; how many digits came.
    Size { digits: u8, value: u64 },
    /// In blanks behind the size.
    Blank { value: u64 },
    /// Reading an extension up to the line's end.
    Extension { value: u64 },
    /// The line feed after the size.
    SizeEnd { value: u64 },
    /// That many bytes of data are left.
    Data(u64),
    /// The carriage return after the data.
    DataEnd,
    /// The line feed after the data.
    DataEndLine,
    /// At the start of a trailer line.
    Trailer,
    /// In the name of a trailer field.
    TrailerName,
    /// In the value of a trailer field.
    TrailerField,
    /// The line feed after a trailer line.
    TrailerEnd,
    /// The line feed after the last, empty line.
    Last,
    /// The body is complete.
    Done,
}

/// A decoder of one body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decoder {
    state: State,
    extensions: u32,
    trailers: u32,
}

impl Default for Decoder {
    fn default() -> Self {
        Self { state: State::Size { digits: 0, value: 0 }, extensions: 0, trailers: 0 }
    }
}

impl Decoder {
    /// Whether the last chunk and the trailers were read.
    pub fn done(&self) -> bool {
        self.state == State::Done
    }

    /// Decodes what is there, handing data to `data`; returns how many bytes of `input` belong
    /// to the body. Bytes after its end are left.
    pub fn decode(
        &mut self,
        input: &[u8],
        mut data: impl FnMut(&[u8]) -> Result<(), Refusal>,
    ) -> Result<usize, Refusal> {
        let mut at = 0;
        while at < input.len() && !self.done() {
            if let State::Data(left) = self.state {
                let take = left.min((input.len() - at) as u64) as usize;
                data(&input[at..at + take])?;
                at += take;
                let left = left - take as u64;
                self.state = if left == 0 { State::DataEnd } else { State::Data(left) };
                continue;
            }
            self.state = self.step(input[at])?;
            at += 1;
        }
        Ok(at)
    }

    /// One more byte between a size and the end of its line.
    fn extend(&mut self) -> Result<(), Refusal> {
        self.extensions += 1;
        if self.extensions > EXTENSIONS_MAX {
            return Err(Refusal::bad("chunk extensions are too long"));
        }
        Ok(())
    }

    /// One more byte of trailer fields.
    fn trail(&mut self) -> Result<(), Refusal> {
        self.trailers += 1;
        if self.trailers > TRAILERS_MAX {
            return Err(Refusal { status: 431, reason: "trailer fields are too long" });
        }
        Ok(())
    }

    fn step(&mut self, byte: u8) -> Result<State, Refusal> {
        const LINE: Refusal = Refusal::bad("a chunk's line does not end in CR LF");
        Ok(match (self.state, byte) {
            (State::Size { digits, value }, _) if hex(byte).is_some() => {
                // 16 digits fill 64 bits; leading zeros count too, or a sender could stall here
                if digits == 16 {
                    return Err(Refusal::bad("a chunk's size is too large"));
                }
                let digit = u64::from(hex(byte).unwrap_or_default());
                State::Size { digits: digits + 1, value: value << 4 | digit }
            }
            (State::Size { digits: 0, .. }, _) => {
                return Err(Refusal::bad("a chunk's size is not hexadecimal"));
            }
            (
                State::Size { value, .. } | State::Blank { value } | State::Extension { value },
                b'\r',
            ) => State::SizeEnd { value },
            (State::Size { value, .. } | State::Blank { value }, b';') => {
                State::Extension { value }
            }
            (State::Size { value, .. } | State::Blank { value }, b' ' | b'\t') => {
                self.extend()?;
                State::Blank { value }
            }
            (State::Size { .. } | State::Blank { .. }, _) => {
                return Err(Refusal::bad("a chunk's size is not hexadecimal"));
            }
            (State::Extension { .. } | State::TrailerField, 0..=8 | 10..=31 | 127)
                if byte != b'\r' =>
            {
                return Err(LINE);
            }
            (State::Extension { value }, _) => {
                self.extend()?;
                State::Extension { value }
            }
            (State::SizeEnd { value: 0 } | State::TrailerEnd, b'\n') => State::Trailer,
            (State::SizeEnd { value }, b'\n') => State::Data(value),
            (State::DataEnd, b'\r') => State::DataEndLine,
            (State::DataEndLine, b'\n') => State::Size { digits: 0, value: 0 },
            (State::Trailer, b'\r') => State::Last,
            (State::TrailerField, b'\r') => State::TrailerEnd,
            (State::TrailerName, b':') | (State::TrailerField, _) => {
                self.trail()?;
                State::TrailerField
            }
            (State::Trailer | State::TrailerName, _) if is_token(byte) => {
                self.trail()?;
                State::TrailerName
            }
            (State::Trailer | State::TrailerName, _) => {
                return Err(Refusal::bad("a trailer field's name is malformed"));
            }
            (State::Last, b'\n') => State::Done,
            (
                State::SizeEnd { .. }
                | State::DataEnd
                | State::DataEndLine
                | State::TrailerEnd
                | State::Last,
                _,
            ) => return Err(LINE),
            (State::Data(_) | State::Done, _) => self.state,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decodes `wire` in pieces of `step` bytes: the data, what was left over, or the refusal.
    fn decode(wire: &[u8], step: usize) -> Result<(Vec<u8>, usize, bool), &'static str> {
        let mut decoder = Decoder::default();
        let (mut data, mut used) = (Vec::new(), 0);
        for piece in wire.chunks(step) {
            let taken = decoder
                .decode(piece, |bytes| {
                    data.extend_from_slice(bytes);
                    Ok(())
                })
                .map_err(|refusal| refusal.reason)?;
            used += taken;
            if taken < piece.len() {
                break;
            }
        }
        Ok((data, used, decoder.done()))
    }

    #[test]
    fn chunks_extensions_and_trailers_are_read_in_pieces_of_any_size() {
        let wire = b"5;a=b\r\nhello\r\n1 \r\n \r\n005\r\nworld\r\n0\r\nX-Sum: 1\r\n\r\nGET";
        for step in 1..wire.len() {
            let (data, used, done) = decode(wire, step).unwrap();
            assert_eq!(data, b"hello world");
            assert_eq!((used, done), (wire.len() - 3, true));
        }
    }

    #[test]
    fn a_body_that_stops_early_is_not_done() {
        assert!(!decode(b"5\r\nhel", 100).unwrap().2);
        assert!(!decode(b"5\r\nhello\r\n0\r\n", 100).unwrap().2);
    }

    #[test]
    fn sloppy_lines_are_refused() {
        for wire in [
            &b"\r\n"[..],
            b"g\r\n",
            b"5\nhello\r\n",
            b"5\r\nhelloX\r\n",
            b"5\r\nhello\n0\r\n\r\n",
            b"-5\r\n",
            b"0x5\r\nhello",
            b"+5\r\nhello",
            b"5_0\r\nhello",
            b"11111111111111111\r\n",
            b"5;a\nhello",
            b"0\r\nX: 1\n\r\n",
            b"0\r\n folded\r\n\r\n",
            b"0\r\nX : 1\r\n\r\n",
            b"0\r\n: 1\r\n\r\n",
            b"0\r\nX: \0\r\n\r\n",
            b"0\r\nGET / HTTP/1.1\r\n\r\n",
            b"5 6\r\nhello",
            b"5 a=b\r\nhello",
            b"5;\x01\r\nhello",
            b"0\r\n\rX",
        ] {
            assert!(decode(wire, 100).is_err(), "{:?}", String::from_utf8_lossy(wire));
        }
    }
}
