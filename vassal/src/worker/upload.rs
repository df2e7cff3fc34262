//! A request body that has not come whole yet.
//!
//! The loop buffers bodies before the application is called, so that a slow upload holds no
//! thread: the first 64 KiB in memory, the rest in an unlinked temporary file.

use std::fs::File;
use std::io::{self, Seek, Write};

use super::stream::Stream;
use crate::protocol::fastcgi::Stdin;
use crate::protocol::{Refusal, chunked};
use crate::request::{Length, Request};

/// Bytes of a body that stay in memory.
pub const MEMORY_MAX: usize = 64 * 1024;

/// A body, as the application gets it.
#[derive(Debug)]
pub enum Body<'a> {
    /// There is none.
    Empty,
    /// It lies in memory.
    Memory(&'a [u8]),
    /// It lies in an unlinked file, at whose start the descriptor stands.
    File(File),
    /// It is still on its way.
    Stream(&'a mut Stream),
}

/// Why a body cannot be taken.
#[derive(Debug)]
pub enum Trouble {
    /// The client's fault.
    Refused(Refusal),
    /// Ours: no room for it.
    Storage(io::Error),
}

/// A body on its way.
#[derive(Debug)]
pub struct Upload {
    /// A copy of the request's head.
    pub head: Vec<u8>,
    /// The request, whose spans are of `head`.
    pub request: Request,
    memory: Vec<u8>,
    file: Option<File>,
    taken: u64,
    limit: u64,
    spill: usize,
    coding: Coding,
}

#[derive(Debug)]
enum Coding {
    Left(u64),
    Chunked(chunked::Decoder),
    Stdin(Stdin),
}

impl Upload {
    /// Starts to take the body of `request`. `limit` is `limit-post` (0: none), `spill` the
    /// size from which on bodies go to a file.
    pub fn new(head: Vec<u8>, request: Request, limit: u64, spill: u64) -> Result<Self, Refusal> {
        let coding = match request.length {
            Length::Known(bytes) if limit > 0 && bytes > limit => return Err(TOO_LARGE),
            Length::None | Length::Stream => Coding::Left(0),
            Length::Known(bytes) => Coding::Left(bytes),
            Length::Chunked => Coding::Chunked(chunked::Decoder::default()),
        };
        let spill = match spill {
            0 => MEMORY_MAX,
            bytes => (bytes as usize).min(MEMORY_MAX),
        };
        Ok(Self { head, request, memory: Vec::new(), file: None, taken: 0, limit, spill, coding })
    }

    /// The same for FastCGI, whose stream has to be taken to its end even where it is empty.
    /// `capacity` is how many requests the server runs at a time.
    #[must_use]
    pub fn of_stream(mut self, capacity: u32) -> Self {
        let (stream, length) = (self.request.stream, self.request.length);
        self.coding = Coding::Stdin(Stdin::new(stream, length, capacity));
        self
    }

    /// Whether the body is whole.
    pub fn done(&self) -> bool {
        match &self.coding {
            Coding::Left(left) => *left == 0,
            Coding::Chunked(decoder) => decoder.done(),
            Coding::Stdin(decoder) => decoder.done(),
        }
    }

    /// Whether the client has given the request up.
    pub fn aborted(&self) -> bool {
        matches!(&self.coding, Coding::Stdin(decoder) if decoder.aborted())
    }

    /// What the protocol has to answer before the body is whole; may be empty.
    pub fn answers(&mut self) -> Vec<u8> {
        match &mut self.coding {
            Coding::Stdin(decoder) => decoder.answers(),
            Coding::Left(_) | Coding::Chunked(_) => Vec::new(),
        }
    }

    /// Takes what belongs to the body; returns how many bytes that were.
    pub fn feed(&mut self, input: &[u8]) -> Result<usize, Trouble> {
        // the decoder is lent out, so that its data can be stored
        let mut coding = std::mem::replace(&mut self.coding, Coding::Left(0));
        let mut broken = None;
        let limit = self.limit;
        let mut keep = |data: &[u8]| {
            if limit > 0 && self.taken + data.len() as u64 > limit {
                return Err(TOO_LARGE);
            }
            if let Err(error) = self.store(data) {
                broken.get_or_insert(error);
            }
            Ok(())
        };
        let used = match &mut coding {
            Coding::Left(left) => {
                let take = (*left).min(input.len() as u64) as usize;
                *left -= take as u64;
                keep(&input[..take]).map(|()| take)
            }
            Coding::Chunked(decoder) => decoder.decode(input, keep),
            Coding::Stdin(decoder) => decoder.decode(input, keep),
        };
        self.coding = coding;
        match broken {
            Some(error) => Err(Trouble::Storage(error)),
            None => used.map_err(Trouble::Refused),
        }
    }

    fn store(&mut self, data: &[u8]) -> io::Result<()> {
        self.taken += data.len() as u64;
        if self.file.is_none() && self.memory.len() + data.len() > self.spill {
            let mut file = tempfile::tempfile()?;
            file.write_all(&self.memory)?;
            self.memory = Vec::new();
            self.file = Some(file);
        }
        if let Some(file) = &mut self.file {
            return file.write_all(data);
        }
        self.memory.extend_from_slice(data);
        Ok(())
    }

    /// Bytes of the body so far, the coding taken off.
    pub fn size(&self) -> u64 {
        self.taken
    }

    /// The whole body, to be read from its start.
    pub fn body(&mut self) -> io::Result<Body<'_>> {
        match self.file.take() {
            Some(mut file) => {
                file.rewind()?;
                Ok(Body::File(file))
            }
            None if self.memory.is_empty() => Ok(Body::Empty),
            None => Ok(Body::Memory(&self.memory)),
        }
    }
}

/// `limit-post` was passed.
pub const TOO_LARGE: Refusal =
    Refusal { status: 413, reason: "the request body is larger than limit-post" };

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn upload(length: Length, limit: u64) -> Result<Upload, Refusal> {
        let mut request = Request::default();
        request.length = length;
        Upload::new(Vec::new(), request, limit, 0)
    }

    #[test]
    fn a_small_body_stays_in_memory_and_a_large_one_goes_to_a_file() {
        let mut small = upload(Length::Known(5), 0).unwrap();
        assert_eq!(small.feed(b"helloGET").unwrap(), 5);
        assert!(small.done());
        assert!(matches!(small.body().unwrap(), Body::Memory(b"hello")));
        let block = vec![7; 50_000];
        let mut large = upload(Length::Known(100_000), 0).unwrap();
        assert_eq!(large.feed(&block).unwrap() + large.feed(&block).unwrap(), 100_000);
        let Body::File(mut file) = large.body().unwrap() else { panic!("not a file") };
        let mut all = Vec::new();
        file.read_to_end(&mut all).unwrap();
        assert_eq!(all.len(), 100_000);
    }

    #[test]
    fn limits_hold_for_both_codings() {
        assert_eq!(upload(Length::Known(11), 10).unwrap_err().status, 413);
        let mut chunked = upload(Length::Chunked, 10).unwrap();
        assert!(matches!(
            chunked.feed(b"b\r\nhello world\r\n"),
            Err(Trouble::Refused(Refusal { status: 413, .. }))
        ));
    }
}
