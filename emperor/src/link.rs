//! Listening to one process tree: its launcher's answers, its master's link, its end.
//!
//! Everything that comes is untrusted and read in bounded turns; a master that floods its
//! link is slowed down here and costs nobody else.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use shared::link::{Decoded, Decoder};
use shared::summons::{Answer, PACKET_MAX};
use shared::sys::process::{self, Ended};
use shared::sys::{descriptor, readiness};
use tokio::time::{sleep, timeout};

use crate::journal::{Journal, Lines, escaped};
use crate::ration::Ration;

/// What was heard of a tree.
#[derive(Debug)]
pub enum Heard {
    /// The launcher's answer, with what was attached.
    Answer(Answer, Vec<OwnedFd>),
    /// Bytes and frames of the master.
    Reports(Vec<Decoded>),
    /// The master closed its link, and still runs.
    LinkLost,
    /// The process ended. Always the last.
    Ended(Ended),
}

/// The descriptors of a tree that are listened to.
#[derive(Debug)]
pub struct Ends {
    /// The summons channel.
    pub channel: OwnedFd,
    /// Our end of the link.
    pub link: Arc<OwnedFd>,
    /// The process.
    pub pidfd: Arc<OwnedFd>,
}

/// Bytes of a link read in one turn.
const TURN: usize = 2048;
/// Reports that the court gets in one piece.
const REPORTS_MAX: usize = 64;
/// Reports of one master in a window; so many bytes of its link cost as much as one.
const REPORTS_RATION: u64 = 64;
const BYTES_OF_A_REPORT: usize = 256;
/// Time that the output of one vassal may take in a window, microseconds: a tenth of it.
const OUTPUT_RATION: u64 = 2000;
/// Bytes of output read, and lines written, before the time is looked at.
const OUTPUT_TURN: usize = 16 * 1024;
const LINES_TURN: usize = 64;
/// More answers than a launcher ever has to give.
const ANSWERS_MAX: u32 = 64;
/// A closed link and the end of its process come together; which is seen first is chance.
const TOGETHER: Duration = Duration::from_millis(50);

/// Listens until the process has ended; `tell` passes on what was heard.
pub async fn listen<F: Future<Output = ()>>(
    ends: Ends,
    mut tell: impl FnMut(Heard) -> F,
) -> io::Result<()> {
    let channel = readiness::watch_shared(Arc::new(ends.channel))?;
    let link = readiness::watch_shared(ends.link)?;
    let pidfd = readiness::watch_shared(ends.pidfd)?;
    let (mut channel_open, mut link_open, mut answers) = (true, true, 0);
    let mut decoder = Decoder::default();
    let mut ration = Ration::new(REPORTS_RATION, Instant::now());
    loop {
        tokio::select! {
            // the end comes first, however much there is to read
            biased;
            ready = pidfd.readable() => {
                let mut ready = ready?;
                let Some(how) = reaped(pidfd.get_ref()) else {
                    ready.clear_ready();
                    continue;
                };
                // what it said before it ended explains the end
                while channel_open && answers < ANSWERS_MAX {
                    let Ok(Some((answer, attached))) = answer(channel.get_ref()) else { break };
                    answers += 1;
                    tell(Heard::Answer(answer, attached)).await;
                }
                let mut turns = 0;
                while link_open && turns < 32 {
                    turns += 1;
                    link_open = matches!(read(link.get_ref(), &mut decoder), Ok(1..));
                }
                let reports = some(&mut decoder);
                if !reports.is_empty() {
                    tell(Heard::Reports(reports)).await;
                }
                tell(Heard::Ended(how)).await;
                return Ok(());
            }
            ready = channel.readable(), if channel_open => {
                match ready?.try_io(|fd| answer(fd.get_ref())) {
                    Ok(Ok(Some((answer, attached)))) => {
                        answers += 1;
                        channel_open = answers < ANSWERS_MAX;
                        tell(Heard::Answer(answer, attached)).await;
                    }
                    Ok(Ok(None) | Err(_)) => channel_open = false,
                    Err(_would_block) => {}
                }
            }
            ready = link.readable(), if link_open => {
                match ready?.try_io(|fd| read(fd.get_ref(), &mut decoder)) {
                    Ok(Ok(0) | Err(_)) => {
                        link_open = false;
                        if timeout(TOGETHER, pidfd.readable()).await.is_err() {
                            tell(Heard::LinkLost).await;
                        }
                    }
                    Ok(Ok(size)) => {
                        let mut cost = size / BYTES_OF_A_REPORT;
                        loop {
                            let reports = some(&mut decoder);
                            let last = reports.len() < REPORTS_MAX;
                            cost += reports.len();
                            let wait = ration.spend(cost as u64, Instant::now());
                            cost = 0;
                            if !reports.is_empty() {
                                tell(Heard::Reports(reports)).await;
                            }
                            if let Some(wait) = wait {
                                sleep(wait).await;
                            }
                            if last {
                                break;
                            }
                        }
                    }
                    Err(_would_block) => {}
                }
            }
        }
    }
}

/// The next reports, not too many at once.
fn some(decoder: &mut Decoder) -> Vec<Decoded> {
    decoder.take(REPORTS_MAX).collect()
}

/// How the process ended; `None`: it runs.
fn reaped(pidfd: impl AsFd) -> Option<Ended> {
    // somebody else's reaping would lose the code, not the fact
    process::reap(pidfd).unwrap_or(Some(Ended::Code(1)))
}

/// Reads one answer; `None` at the end of the channel.
fn answer(channel: &OwnedFd) -> io::Result<Option<(Answer, Vec<OwnedFd>)>> {
    let mut packet = vec![0; PACKET_MAX];
    let (size, attached) = descriptor::receive(channel, &mut packet)?;
    if size == 0 {
        return Ok(None);
    }
    Ok(Some((serde_json::from_slice(&packet[..size])?, attached)))
}

fn read(link: &OwnedFd, decoder: &mut Decoder) -> io::Result<usize> {
    let mut bytes = [0; TURN];
    let size = nix::unistd::read(link, &mut bytes).map_err(again)?;
    decoder.feed(&bytes[..size]);
    Ok(size)
}

fn again(errno: Errno) -> io::Error {
    errno.into()
}

/// Waits for the one answer of a launcher that only reads, then for its end.
pub async fn verdict(channel: OwnedFd, pidfd: OwnedFd) -> io::Result<Verdict> {
    let channel = readiness::watch_shared(Arc::new(channel))?;
    let pidfd = Arc::new(pidfd);
    let _guard = Guard(Arc::clone(&pidfd));
    let pidfd = readiness::watch_shared(pidfd)?;
    let answer = loop {
        let mut ready = channel.readable().await?;
        match ready.try_io(|fd| answer(fd.get_ref())) {
            Ok(answer) => break answer.ok().flatten(),
            Err(_would_block) => {}
        }
    };
    if timeout(Duration::from_secs(2), pidfd.readable()).await.is_err() {
        let _ = process::signal(pidfd.get_ref(), nix::sys::signal::Signal::SIGKILL);
        let _ = pidfd.readable().await?;
    }
    Ok(Verdict { answer, how: reaped(pidfd.get_ref()) })
}

/// Waits for the end of a process of ours; `None`: it cannot be watched.
pub async fn end(pidfd: Arc<OwnedFd>) -> Option<Ended> {
    let pidfd = readiness::watch_shared(pidfd).ok()?;
    loop {
        let mut ready = pidfd.readable().await.ok()?;
        if let Some(how) = reaped(pidfd.get_ref()) {
            return Some(how);
        }
        ready.clear_ready();
    }
}

/// What a launcher that only reads left.
#[derive(Debug)]
pub struct Verdict {
    /// Its answer.
    pub answer: Option<(Answer, Vec<OwnedFd>)>,
    /// How it ended.
    pub how: Option<Ended>,
}

/// A launcher that is no longer listened to has to end.
#[derive(Debug)]
struct Guard(Arc<OwnedFd>);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = process::signal(&*self.0, nix::sys::signal::Signal::SIGKILL);
    }
}

/// Reads what a tree writes, in turns: into its journal and, with its name, into our log.
pub async fn forward(output: OwnedFd, name: String, journal: Journal, terminal: bool) {
    let Ok(output) = readiness::watch_shared(Arc::new(output)) else { return };
    let mut lines = Lines::default();
    let mut bytes = vec![0; OUTPUT_TURN];
    let mut ration = Ration::new(OUTPUT_RATION, Instant::now());
    loop {
        let Ok(mut ready) = output.readable().await else { return };
        let size =
            match ready.try_io(|fd| nix::unistd::read(fd.get_ref(), &mut bytes).map_err(again)) {
                Ok(Ok(0) | Err(_)) => break,
                Ok(Ok(size)) => size,
                Err(_would_block) => continue,
            };
        let mut turn = lines.feed(&bytes[..size]);
        while !turn.is_empty() {
            let began = Instant::now();
            for line in turn.drain(..turn.len().min(LINES_TURN)) {
                write(&name, line, &journal, terminal);
            }
            let now = Instant::now();
            let cost = now.saturating_duration_since(began).as_micros() as u64;
            if let Some(wait) = ration.spend(cost, now) {
                // the vassal waits for its log; its master drops and counts what does not fit
                sleep(wait).await;
            }
        }
        // data that never ends is always ready: without this nobody else would have a turn
        tokio::task::yield_now().await;
    }
    if let Some(line) = lines.rest() {
        write(&name, line, &journal, terminal);
    }
}

fn write(name: &str, line: String, journal: &Journal, terminal: bool) {
    if terminal {
        tracing::info!("[{name}] {}", escaped(&line));
    } else {
        tracing::info!("[{name}] {line}");
    }
    journal.push(line);
}
