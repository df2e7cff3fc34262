//! What the tenant's processes print goes through the master, so that nobody is killed by
//! SIGPIPE when a reader goes, and so that a log that is stuck holds nobody up.

use std::cell::RefCell;
use std::io::PipeReader;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use shared::settings::logs::{KINDS, Logs};
use tokio::io::AsyncReadExt;
use tokio::task::JoinSet;

use super::logs::{Log, Source};
use crate::handover::LogFile;

/// Bytes of a generation's output that are kept to explain its end.
const TAIL_MAX: usize = 8 * 1024;

thread_local! {
    /// The master has one thread, and one log.
    static LOG: RefCell<Log> = RefCell::default();
}

/// The last output of a generation.
pub(super) type Tail = Arc<Mutex<Vec<u8>>>;

/// Begins the log; standard error may be a file already.
pub(super) fn begin(place: Option<LogFile>) {
    LOG.set(Log::new(place));
}

/// Does as these settings say from now on.
pub(super) fn configure(logs: &Logs) {
    complain(LOG.with_borrow_mut(|log| log.configure(logs)));
    if logs.lists {
        say(&format!("*** loggers ***\n{}\n--- end of loggers list ---", KINDS.join("\n")));
    }
}

/// Opens the files of the log again (`log-reopen`, `touch-logreopen`).
pub(super) fn reopen() {
    let wrong = LOG.with_borrow_mut(Log::reopen);
    say(if wrong.is_empty() { "logs were opened again" } else { "logs cannot be opened again" });
    complain(wrong);
}

/// Gives the files of the log their other names (`touch-logrotate`).
pub(super) fn rotate() {
    let wrong = LOG.with_borrow_mut(|log| log.rotate(SystemTime::now()));
    say(if wrong.is_empty() { "logs were rotated" } else { "logs cannot be rotated" });
    complain(wrong);
}

fn complain(wrong: Vec<String>) {
    for text in wrong {
        say(&text);
    }
}

/// Copies a pipe of output to the log until its last writer is gone.
pub(super) fn copy(pipe: PipeReader, copies: &mut JoinSet<()>) -> std::io::Result<Tail> {
    let tail = Tail::default();
    copy_of(pipe, Source::Output, Some(Arc::clone(&tail)), copies)?;
    Ok(tail)
}

/// Copies a pipe of request lines to the log until its last writer is gone.
pub(super) fn copy_requests(pipe: PipeReader, copies: &mut JoinSet<()>) -> std::io::Result<()> {
    copy_of(pipe, Source::Requests, None, copies)
}

fn copy_of(
    pipe: PipeReader,
    source: Source,
    tail: Option<Tail>,
    copies: &mut JoinSet<()>,
) -> std::io::Result<()> {
    // those that are done: a daemon that is started again and again leaves one each time
    while copies.try_join_next().is_some() {}
    let mut pipe = tokio::net::unix::pipe::Receiver::from_owned_fd(OwnedFd::from(pipe))?;
    copies.spawn(async move {
        let mut buffer = vec![0; 16 * 1024];
        let mut begun = Vec::new();
        while let Ok(count) = pipe.read(&mut buffer).await {
            if count == 0 {
                break;
            }
            LOG.with_borrow_mut(|log| pass(log, source, &mut begun, &buffer[..count]));
            let Some(tail) = &tail else { continue };
            let mut kept = tail.lock().unwrap_or_else(PoisonError::into_inner);
            kept.extend_from_slice(&buffer[..count]);
            let over = kept.len().saturating_sub(TAIL_MAX);
            kept.drain(..over);
        }
        if !begun.is_empty() {
            LOG.with_borrow_mut(|log| log.line(source, &begun, SystemTime::now()));
        }
    });
    Ok(())
}

/// Brings bytes to the log, line by line where it wants that; `begun` is the line that has no
/// end yet.
fn pass(log: &mut Log, source: Source, begun: &mut Vec<u8>, bytes: &[u8]) {
    let now = SystemTime::now();
    if !log.by_line(source) {
        if !begun.is_empty() {
            log.raw(begun, now);
            begun.clear();
        }
        return log.raw(bytes, now);
    }
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        begun.extend_from_slice(line);
        let whole = begun.last() == Some(&b'\n');
        if whole {
            begun.pop();
        }
        // a line without an end is not kept for ever
        while begun.len() > log.line_max {
            let rest = begun.split_off(log.line_max);
            log.line(source, begun, now);
            *begun = rest;
        }
        if whole {
            log.line(source, begun, now);
            begun.clear();
        }
    }
}

/// The kept output as text.
pub(super) fn text(tail: &Tail) -> String {
    String::from_utf8_lossy(&tail.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
}

/// One message of the master's own.
pub(super) fn say(text: &str) {
    LOG.with_borrow_mut(|log| log.say(text, SystemTime::now()));
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use shared::settings::logs::{File, Logger, Stream, Target};

    use super::*;

    #[test]
    fn copies_that_are_done_are_forgotten() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut copies = JoinSet::new();
            let mut most = 0;
            for _ in 0..9 {
                let (reader, writer) = std::io::pipe().unwrap();
                let tail = copy(reader, &mut copies).unwrap();
                drop(writer);
                let end = Instant::now() + Duration::from_secs(10);
                // the task holds the tail until it is done
                while Arc::strong_count(&tail) > 1 && Instant::now() < end {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                most = most.max(copies.len());
            }
            assert!(most <= 2, "{most} are kept");
        });
    }

    #[test]
    fn pieces_of_lines_are_put_together_and_long_ones_are_cut() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("log");
        let file = File { path: path.clone(), ..File::default() };
        let loggers = vec![Logger { id: None, target: Target::File(file) }];
        let output = Stream { loggers, ..Stream::default() };
        let mut log = Log::default();
        assert!(log.configure(&Logs { output, line_max: 20, ..Logs::default() }).is_empty());
        let mut begun = Vec::new();
        for bytes in ["one ", "line\nand", " two\nlong: ", "0123456789", "0123456789\n", "end"] {
            pass(&mut log, Source::Output, &mut begun, bytes.as_bytes());
        }
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, "one line\nand two\nlong: 01234567890123\n456789\n");
        assert_eq!(begun, b"end");
    }
}
