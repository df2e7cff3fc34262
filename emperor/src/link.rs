//! Listening to one process tree: its launcher's answers, its master's link, its end.
//!
//! Everything that comes is untrusted and read in bounded turns; a master that floods its
//! link is slowed down here and costs nobody else.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use nix::errno::Errno;
use shared::link::{Decoded, Decoder};
use shared::summons::{Answer, PACKET_MAX};
use shared::sys::process::{self, Ended};
use shared::sys::{descriptor, readiness};
use tokio::time::{sleep, timeout};

use crate::journal::{Journal, Lines, escaped};

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
const TURN: usize = 4096;
/// How long a master that fills a whole turn waits for the next one.
const FLOOD_PAUSE: Duration = Duration::from_millis(10);
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
    loop {
        tokio::select! {
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
                        let reports: Vec<Decoded> = decoder.by_ref().collect();
                        if !reports.is_empty() {
                            tell(Heard::Reports(reports)).await;
                        }
                        if size == TURN {
                            sleep(FLOOD_PAUSE).await;
                        }
                    }
                    Err(_would_block) => {}
                }
            }
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
                let reports: Vec<Decoded> = decoder.by_ref().collect();
                if !reports.is_empty() {
                    tell(Heard::Reports(reports)).await;
                }
                tell(Heard::Ended(how)).await;
                return Ok(());
            }
        }
    }
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
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let Ok(mut ready) = output.readable().await else { return };
        let size =
            match ready.try_io(|fd| nix::unistd::read(fd.get_ref(), &mut bytes).map_err(again)) {
                Ok(Ok(0) | Err(_)) => break,
                Ok(Ok(size)) => size,
                Err(_would_block) => continue,
            };
        for line in lines.feed(&bytes[..size]) {
            write(&name, line, &journal, terminal);
        }
        if size == bytes.len() {
            sleep(FLOOD_PAUSE).await;
        }
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
