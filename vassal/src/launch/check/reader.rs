//! Reads files in processes that have become their owners: one process for all files of an
//! owner, because ten thousand of them must not cost ten thousand forks.
//!
//! A process answers one line of JSON for each file. One that dies or hangs costs the file that
//! it was at; the next process goes on behind it. The parent believes nothing but the shape.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::Signal;
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::pipe2;
use shared::config::World;
use shared::finding::Finding;
use shared::sys::descriptor;
use shared::sys::process::{Fork, SingleThreaded, fork, leave, pidfd, reap, signal};

use super::super::{environment, identity};
use super::Checked;
use super::arguments::Wanted;
use super::judge::{Judge, soften};
use super::subject::{Subject, unreadable};

/// The most that is answered for one file, bytes.
const LINE_MAX: usize = 4 * 1024 * 1024;
/// How long one file may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most memory that a reader may ask for, bytes.
const MEMORY_MAX: u64 = 1024 * 1024 * 1024;

/// Checks all files; the answers are in their order.
pub(super) fn read(subjects: &[Subject], wanted: &Wanted) -> Vec<Checked> {
    let mut results: Vec<Checked> = subjects
        .iter()
        .map(|subject| Checked {
            file: subject.shown.clone(),
            findings: subject.problem.iter().cloned().collect(),
            unreadable: subject.problem.is_some(),
        })
        .collect();
    let mut owners: BTreeMap<Option<(u32, u32)>, Vec<usize>> = BTreeMap::new();
    for (at, subject) in subjects.iter().enumerate().filter(|(_, one)| one.problem.is_none()) {
        owners.entry(subject.owner()).or_default().push(at);
    }
    for (owner, mut left) in owners {
        while !left.is_empty() {
            let mut done = 0;
            let outcome = group(subjects, &left, owner, wanted, |findings| {
                if let Some(at) = left.get(done) {
                    results[*at].findings.clone_from(&subjects[*at].findings);
                    results[*at].findings.extend(findings);
                    done += 1;
                }
            });
            if let Some(at) = left.get(done) {
                let why = outcome.err().unwrap_or_else(|| "it ended without an answer".into());
                let message = format!("the reader of this file failed: {why}");
                results[*at].findings = vec![unreadable(&subjects[*at].path, message)];
                results[*at].unreadable = true;
                done += 1;
            }
            left.drain(..done);
        }
    }
    results
}

/// Reads the files of one owner until all are done or the process fails.
fn group(
    subjects: &[Subject],
    files: &[usize],
    owner: Option<(u32, u32)>,
    wanted: &Wanted,
    answer: impl FnMut(Vec<Finding>),
) -> Result<(), String> {
    let text = |error: io::Error| error.to_string();
    let (from, to) = pipe2(OFlag::O_CLOEXEC).map_err(|error| error.to_string())?;
    let proof = SingleThreaded::prove().map_err(text)?;
    match fork(&proof).map_err(text)? {
        Fork::Child => {
            // a panic must not unwind into the parent's code, which goes on as root
            let done =
                catch_unwind(AssertUnwindSafe(|| child(subjects, files, owner, wanted, &to)));
            leave(i32::from(!matches!(done, Ok(Ok(())))))
        }
        Fork::Parent(pid) => {
            drop(to);
            let handle = pidfd(pid).map_err(text)?;
            let outcome = collect(from, answer);
            if outcome.is_err() {
                signal(&handle, Signal::SIGKILL).map_err(text)?;
            }
            let _ = waitid(Id::PIDFd(handle.as_fd()), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT);
            let ended = reap(&handle).ok().flatten();
            outcome.and_then(|()| match ended {
                Some(ended) => Err(ended.to_string()),
                None => Ok(()),
            })
        }
    }
}

/// The child: no descriptor but the pipe and the standard ones, no right but the owner's.
fn child(
    subjects: &[Subject],
    files: &[usize],
    owner: Option<(u32, u32)>,
    wanted: &Wanted,
    pipe: &OwnedFd,
) -> io::Result<()> {
    descriptor::become_standard(pipe.as_fd(), 0)?;
    descriptor::close_from(3)?;
    if let Some((uid, gid)) = owner {
        identity::become_for_good(&identity::of_owner(uid, gid))?;
    }
    let mut world = World::of_this_process()?;
    setrlimit(Resource::RLIMIT_AS, MEMORY_MAX, MEMORY_MAX)?;
    let vassals = files.iter().any(|at| subjects[*at].vassal);
    if vassals || owner.is_some() {
        // what a vassal gets of an Emperor, and nothing of ours for a stranger's file
        world.environment = environment::passed(world.environment);
    } else {
        world.environment.retain(|(name, _)| !name.to_string_lossy().starts_with("UWSGI_"));
    }
    let Some(out) = descriptor::inherited(0) else { return Ok(()) };
    let mut out = io::BufWriter::new(File::from(out));
    let mut judge = Judge { world, people: identity::People::default(), emperor: &wanted.emperor };
    for at in files {
        let subject = &subjects[*at];
        let mut findings = judge.judge(subject);
        if !subject.vassal {
            soften(&mut findings);
        }
        serde_json::to_writer(&mut out, &findings)?;
        out.write_all(b"\n")?;
        // the parent's patience counts from one file to the next
        out.flush()?;
    }
    out.flush()
}

/// Takes the answers in as they come, within the limits of each.
fn collect(from: OwnedFd, mut answer: impl FnMut(Vec<Finding>)) -> Result<(), String> {
    let mut file = File::from(from);
    let mut bytes: Vec<u8> = Vec::new();
    let mut part = vec![0; 64 * 1024];
    let mut deadline = Instant::now() + PATIENCE;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        match poll(&mut [PollFd::new(file.as_fd(), PollFlags::POLLIN)], timeout) {
            Ok(0) => return Err(format!("it took longer than {} s", PATIENCE.as_secs())),
            Ok(_) => {}
            Err(nix::Error::EINTR) => continue,
            Err(error) => return Err(error.to_string()),
        }
        let size = file.read(&mut part).map_err(|error| error.to_string())?;
        if size == 0 {
            return Ok(());
        }
        let mut rest = &part[..size];
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            bytes.extend_from_slice(&rest[..end]);
            answer(serde_json::from_slice(&bytes).map_err(|error| error.to_string())?);
            bytes.clear();
            deadline = Instant::now() + PATIENCE;
            rest = &rest[end + 1..];
        }
        bytes.extend_from_slice(rest);
        if bytes.len() > LINE_MAX {
            return Err(format!("it answers more than {LINE_MAX} bytes"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_in_pieces_and_nonsense_ends_it() {
        let (from, to) = pipe2(OFlag::O_CLOEXEC).unwrap();
        let mut to = File::from(to);
        let line = serde_json::to_string(&[Finding::note(None, None, "x")]).unwrap();
        let writer = std::thread::spawn(move || {
            for piece in [&line[..5], &line[5..], "\n[]\n[", "]\n", "nonsense\n[]\n"] {
                to.write_all(piece.as_bytes()).unwrap();
            }
        });
        let mut got = Vec::new();
        assert!(collect(from, |findings| got.push(findings.len())).is_err());
        writer.join().unwrap();
        assert_eq!(got, [1, 0, 0]);
    }
}
