//! The launcher's end of the summons channel: one packet in, a few answers out.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use shared::finding::Finding;
use shared::plan::Plan;
use shared::settings::Settings;
use shared::summons::{Answer, Mode, PACKET_MAX, Sealed, Summons};
use shared::sys::{descriptor, memory};

use crate::handover::Listener;

/// The most findings that travel to the Emperor.
const FINDINGS_MAX: usize = 100;
/// The longest text of one finding that travels, bytes.
const TEXT_MAX: usize = 1000;

/// The channel to the Emperor that summoned us.
#[derive(Debug)]
pub struct Channel {
    socket: OwnedFd,
}

/// What came with the summons.
#[derive(Debug)]
pub struct Call {
    /// The packet.
    pub summons: Summons,
    /// The vassal's end of the link, when something is to run.
    pub link: Option<OwnedFd>,
    /// Sockets that the Emperor holds for this vassal.
    pub listeners: Vec<Listener>,
}

impl Channel {
    /// Takes the channel off standard input, which becomes /dev/null.
    pub fn take() -> io::Result<Self> {
        let socket = descriptor::duplicate(io::stdin())?;
        descriptor::become_standard(File::open("/dev/null")?.as_fd(), 0)?;
        Ok(Self { socket })
    }

    /// Receives the summons.
    pub fn summons(&self) -> io::Result<Call> {
        let mut buffer = vec![0; PACKET_MAX];
        let (size, descriptors) = descriptor::receive(&self.socket, &mut buffer)?;
        let summons: Summons = serde_json::from_slice(&buffer[..size])?;
        let mut descriptors = descriptors.into_iter();
        let link = match summons.mode {
            Mode::Start => Some(descriptors.next().ok_or(io::ErrorKind::UnexpectedEof)?),
            Mode::Prepare => None,
        };
        let mut listeners = Vec::new();
        for (listen, socket) in summons.listeners.iter().zip(descriptors) {
            descriptor::nonblocking(&socket, true)?;
            listeners.push(Listener { listen: listen.clone(), socket });
        }
        if listeners.len() != summons.listeners.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(Call { summons, link, listeners })
    }

    /// The file was read: the plan, and the settings in sealed memory.
    pub fn prepared(
        &self,
        plan: &Plan,
        findings: &[Finding],
        settings: &Settings,
        generation: u64,
    ) -> io::Result<()> {
        let sealed = seal(settings, generation)?;
        let memory = memory::seal("settings", &sealed)?;
        let answer = Answer::Prepared { plan: Box::new(plan.clone()), findings: bounded(findings) };
        self.answer(&answer, &[memory.as_fd()])
    }

    /// Nothing will run.
    pub fn refused(&self, findings: &[Finding], exit: i32) -> io::Result<()> {
        self.answer(&Answer::Refused { findings: bounded(findings), exit }, &[])
    }

    /// The sockets, for the Emperor to hold over reloads and deaths.
    pub fn bound(&self, listeners: &[Listener]) -> io::Result<()> {
        let named = listeners.iter().map(|one| one.listen.clone()).collect();
        let sockets: Vec<_> = listeners.iter().map(|one| one.socket.as_fd()).collect();
        self.answer(&Answer::Bound { listeners: named }, &sockets)
    }

    /// Another server takes this process.
    pub fn foreign(&self) -> io::Result<()> {
        self.answer(&Answer::Foreign, &[])
    }

    fn answer(&self, answer: &Answer, descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
        let json = serde_json::to_vec(answer)?;
        if json.len() > PACKET_MAX {
            return Err(io::Error::other("the answer is too large: too many options for root"));
        }
        descriptor::send(&self.socket, &json, descriptors)
    }
}

/// The bytes of [`Sealed`] settings.
pub fn seal(settings: &Settings, generation: u64) -> io::Result<Vec<u8>> {
    Ok(serde_json::to_vec(&Sealed { settings: settings.clone(), generation })?)
}

/// As many findings as fit into a packet, none too long.
fn bounded(findings: &[Finding]) -> Vec<Finding> {
    let mut kept: Vec<Finding> = findings.iter().take(FINDINGS_MAX).cloned().collect();
    for finding in &mut kept {
        let texts = [
            Some(&mut finding.message),
            finding.option.as_mut(),
            finding.suggestion.as_mut(),
            finding.uwsgi.as_mut(),
        ];
        for text in texts.into_iter().flatten() {
            text.truncate(text.floor_char_boundary(TEXT_MAX));
        }
    }
    if findings.len() > FINDINGS_MAX {
        let more = findings.len() - FINDINGS_MAX;
        kept.push(Finding::warning(None, None, format!("{more} more are not shown")));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_that_travel_are_bounded() {
        let long = Finding::error(None, None, "ä".repeat(5000));
        let kept = bounded(&vec![long; 300]);
        assert_eq!(kept.len(), FINDINGS_MAX + 1);
        assert_eq!(kept[0].message.len(), TEXT_MAX);
        assert!(kept[FINDINGS_MAX].message.starts_with("200 more"));
    }
}
