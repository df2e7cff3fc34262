//! The last lines that a vassal wrote, and their way into the Emperor's log.
//!
//! Everything here is bounded: a vassal that floods loses its own older lines.

use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The most bytes that are kept of one vassal.
const BYTES_MAX: usize = 256 * 1024;
/// A line longer than this is cut in pieces.
const LINE_MAX: usize = 8 * 1024;

/// A vassal's journal, shared by its reader, the court and the API.
#[derive(Clone, Debug)]
pub struct Journal(Arc<Mutex<Ring>>);

#[derive(Debug)]
struct Ring {
    lines: VecDeque<String>,
    bytes: usize,
    keep: usize,
}

impl Journal {
    /// An empty journal of at most `keep` lines.
    pub fn new(keep: usize) -> Self {
        let ring = Ring { lines: VecDeque::new(), bytes: 0, keep };
        Self(Arc::new(Mutex::new(ring)))
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a line.
    pub fn push(&self, line: String) {
        let mut ring = self.ring();
        ring.bytes += line.len();
        ring.lines.push_back(line);
        while ring.lines.len() > ring.keep || ring.bytes > BYTES_MAX {
            let Some(old) = ring.lines.pop_front() else { break };
            ring.bytes -= old.len();
        }
    }

    /// The last `count` lines.
    pub fn last(&self, count: usize) -> Vec<String> {
        let ring = self.ring();
        ring.lines.iter().skip(ring.lines.len().saturating_sub(count)).cloned().collect()
    }
}

/// Cuts bytes into lines.
#[derive(Debug, Default)]
pub struct Lines {
    pending: Vec<u8>,
}

impl Lines {
    /// Takes bytes as they were read; complete lines come back.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut done = Vec::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.pending.extend_from_slice(piece);
            while self.pending.len() > LINE_MAX {
                let rest = self.pending.split_off(LINE_MAX);
                done.push(text(&std::mem::replace(&mut self.pending, rest)));
            }
            if self.pending.last() == Some(&b'\n') {
                self.pending.pop();
                done.push(text(&std::mem::take(&mut self.pending)));
            }
        }
        done
    }

    /// What is left at the end.
    pub fn rest(&mut self) -> Option<String> {
        (!self.pending.is_empty()).then(|| text(&std::mem::take(&mut self.pending)))
    }
}

fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned()
}

/// A tenant's text made harmless for a terminal: control characters are shown, not obeyed.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\t' | '\n' => out.push(character),
            // C0, DEL and C1 all can start a terminal's control sequence
            control if control.is_control() => {
                let _ = write!(out, "\\x{:02x}", control as u32);
            }
            // text that is shown in another order than it is written
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                let _ = write!(out, "\\u{{{:x}}}", character as u32);
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_in_pieces_and_long_ones_are_cut() {
        let mut lines = Lines::default();
        assert_eq!(lines.feed(b"on"), [""; 0]);
        assert_eq!(lines.feed(b"e\r\ntwo\nthr"), ["one", "two"]);
        assert_eq!(lines.rest().as_deref(), Some("thr"));
        let long = vec![b'x'; LINE_MAX * 2 + 1];
        assert_eq!(lines.feed(&long).len(), 2);
        assert_eq!(lines.rest().as_deref(), Some("x"));
    }

    #[test]
    fn the_ring_keeps_the_last_lines_within_its_limits() {
        let journal = Journal::new(3);
        for number in 0..10 {
            journal.push(number.to_string());
        }
        assert_eq!(journal.last(2), ["8", "9"]);
        assert_eq!(journal.last(100), ["7", "8", "9"]);
        let journal = Journal::new(1_000_000);
        for _ in 0..100 {
            journal.push("x".repeat(LINE_MAX));
        }
        assert_eq!(journal.last(1000).len(), BYTES_MAX / LINE_MAX);
    }

    #[test]
    fn terminals_do_not_obey_tenants() {
        assert_eq!(escaped("a\x1b[2Jb\u{9b}c\td\u{202e}"), "a\\x1b[2Jb\\x9bc\td\\u{202e}");
    }
}
