//! The link: a connected stream pair between the Emperor and a vassal's master.
//!
//! Single bytes are uWSGI's public Emperor protocol, kept byte for byte, so that our vassal runs
//! under uWSGI's Emperor and uWSGI under ours. Between our own two halves frames are used as
//! well; they start with a byte that the public protocol does not know. A master sends frames
//! only when it was summoned by our Emperor. Everything a master sends is untrusted input:
//! a frame is at most [`FRAME_MAX`] bytes, and one that cannot be read is dropped.

use serde::{Deserialize, Serialize};

/// Emperor to vassal: stop now.
pub const ORDER_STOP: u8 = 0;
/// Emperor to vassal: reload.
pub const ORDER_RELOAD: u8 = 1;
/// Emperor to vassal: stop gracefully.
pub const ORDER_STOP_GRACEFULLY: u8 = 2;
/// Emperor to vassal, ours: start a generation from the sealed memfd that travels with the byte.
pub const ORDER_GENERATION: u8 = 0x91;
/// Emperor to vassal, ours: a successor serves on the same sockets. Stop gracefully and leave
/// them (no `vacuum`).
pub const ORDER_RELIEVE: u8 = 0x93;
/// Emperor to vassal, ours: answer with a [`Report::Status`].
pub const ORDER_STATUS: u8 = 0x94;

/// Vassal to Emperor: everything is bound, the master runs.
pub const REPORT_SPAWNED: u8 = 1;
/// Vassal to Emperor: worker 1 accepts.
pub const REPORT_ACCEPTING: u8 = 5;
/// Vassal to Emperor: the first request was served.
pub const REPORT_LOYAL: u8 = 17;
/// Vassal to Emperor: let me go.
pub const REPORT_LEAVE: u8 = 22;
/// Vassal to Emperor: alive.
pub const REPORT_HEARTBEAT: u8 = 26;
/// Vassal to Emperor: send a zerg.
pub const REPORT_SOS: u8 = 30;
/// Vassal to Emperor, ours: a frame follows (u16 little endian length, JSON of [`Report`]).
pub const REPORT_FRAME: u8 = 0x92;

/// The largest payload of a frame, bytes.
pub const FRAME_MAX: usize = 60 * 1024;

/// What a master of ours tells beyond the public bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Report {
    /// Who works now. Sent whenever it changes.
    Status(Status),
    /// A reload was refused: the old generation serves on.
    Rejected {
        /// The generation that did not come to be.
        generation: u64,
        /// Traceback, exit or `file:line`, at most 16 KiB.
        reason: String,
    },
    /// A reload succeeded: this generation accepts, the older ones drain.
    Served {
        /// The generation that serves now.
        generation: u64,
    },
    /// The start failed (no generation serves): the master is about to end.
    Failed {
        /// Traceback or message, at most 16 KiB.
        reason: String,
    },
}

/// Who works in a vassal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The generation that serves; 0 before the first.
    pub generation: u64,
    /// Pid of its nursery, 0 when it is gone.
    pub nursery: u32,
    /// Pids of its workers, by worker id.
    pub workers: Vec<u32>,
    /// Pids of older generations' workers that finish their requests.
    pub draining: Vec<u32>,
    /// `sys.version` and executable of the interpreter, one line.
    pub interpreter: String,
    /// Requests served by all workers since the master started.
    pub requests: u64,
    /// Workers that were replaced because they died, since the master started.
    pub respawns: u64,
}

/// What one decoding step found in the bytes from a vassal.
#[derive(Clone, Debug, PartialEq)]
pub enum Decoded {
    /// A byte of the public protocol (or one without a meaning).
    Byte(u8),
    /// A frame of ours.
    Frame(Report),
    /// A frame whose length or content is wrong; it was skipped.
    Broken,
}

/// Turns the bytes of a link into reports; holds at most one unfinished frame.
#[derive(Debug, Default)]
pub struct Decoder {
    pending: Vec<u8>,
}

impl Decoder {
    /// Takes bytes as they were read.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
    }
}

impl Iterator for Decoder {
    type Item = Decoded;

    /// The next report, or `None` until more bytes come.
    fn next(&mut self) -> Option<Decoded> {
        let first = *self.pending.first()?;
        if first != REPORT_FRAME {
            self.pending.remove(0);
            return Some(Decoded::Byte(first));
        }
        let length =
            usize::from(u16::from_le_bytes([*self.pending.get(1)?, *self.pending.get(2)?]));
        let frame = self.pending.get(3..3 + length)?;
        let report = serde_json::from_slice(frame);
        self.pending.drain(..3 + length);
        Some(report.map_or(Decoded::Broken, Decoded::Frame))
    }
}

/// The bytes of a frame. A report whose texts are too long is cut by the caller.
pub fn encode(report: &Report) -> Option<Vec<u8>> {
    let json = serde_json::to_vec(report).ok()?;
    if json.len() > FRAME_MAX {
        return None;
    }
    let mut bytes = Vec::with_capacity(json.len() + 3);
    bytes.push(REPORT_FRAME);
    bytes.extend_from_slice(&(json.len() as u16).to_le_bytes());
    bytes.extend_from_slice(&json);
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_and_bytes_mix_and_may_come_in_pieces() {
        let report = Report::Served { generation: 7 };
        let mut wire = vec![REPORT_SPAWNED];
        wire.extend(encode(&report).unwrap());
        wire.push(REPORT_LOYAL);
        let mut decoder = Decoder::default();
        let mut seen = Vec::new();
        for byte in wire {
            decoder.feed(&[byte]);
            seen.extend(decoder.by_ref());
        }
        let want =
            [Decoded::Byte(REPORT_SPAWNED), Decoded::Frame(report), Decoded::Byte(REPORT_LOYAL)];
        assert_eq!(seen, want);
    }

    #[test]
    fn a_broken_frame_is_skipped_and_the_next_byte_is_read() {
        let mut decoder = Decoder::default();
        decoder.feed(&[REPORT_FRAME, 2, 0, b'{', b'{', REPORT_HEARTBEAT]);
        assert_eq!(decoder.next(), Some(Decoded::Broken));
        assert_eq!(decoder.next(), Some(Decoded::Byte(REPORT_HEARTBEAT)));
        assert_eq!(decoder.next(), None);
    }
}
