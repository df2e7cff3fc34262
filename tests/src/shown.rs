//! The configuration as a server understood it: the list that `show-config` prints at start.
//!
//! This is the sharpest look at the reader from outside: every key with its final value, in the
//! order in which they are applied. The original and ours print it in one form.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::programs::Subject;
use crate::server::{End, SOON};
use crate::{Dir, Run, eventually, programs};

/// The line before the list.
const HEAD: &str = "\n[uwsgi]\n";

/// What was printed.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Keys and values in their order, without what the harness added itself.
    pub pairs: Vec<(String, String)>,
    /// Everything that was written until then.
    pub log: String,
}

impl Shown {
    /// All values of a key.
    pub fn all(&self, key: &str) -> Vec<&str> {
        self.pairs.iter().filter(|(name, _)| name == key).map(|(_, value)| value.as_str()).collect()
    }

    /// The value that counts for an option: the last one.
    ///
    /// # Panics
    /// Without any.
    #[track_caller]
    pub fn value(&self, key: &str) -> &str {
        self.all(key).last().copied().unwrap_or_else(|| panic!("no {key} in {:#?}", self.pairs))
    }

    /// The value of a key that must have one only.
    #[track_caller]
    pub fn only(&self, key: &str) -> &str {
        let all = self.all(key);
        assert_eq!(all.len(), 1, "{key} in {:#?}", self.pairs);
        all[0]
    }
}

/// The subject of this run shows what it makes of some arguments.
#[track_caller]
pub fn shown(dir: &Dir, args: &[&str]) -> Shown {
    of(dir, Run::bare(dir, programs::subject()).args(args))
}

/// The same of a file with these lines below `[uwsgi]`.
#[track_caller]
pub fn lines(dir: &Dir, text: &str) -> Shown {
    dir.write("app.ini", format!("[uwsgi]\n{text}"));
    shown(dir, &["--ini", "app.ini"])
}

/// A given server shows what it makes of some arguments.
#[track_caller]
pub fn shown_by(dir: &Dir, subject: Subject, args: &[&str]) -> Shown {
    of(dir, Run::bare(dir, subject).args(args))
}

/// Arguments that the subject must refuse, and what it said.
#[track_caller]
pub fn refused(dir: &Dir, args: &[&str]) -> String {
    // with a socket, so that its lack is not the reason
    let run = Run::bare(dir, programs::subject()).args(["--socket", "refused.sock"]).args(args);
    let (end, log) = run.to_end(SOON);
    assert_eq!(end, End::Code(1), "{args:?}: {log}");
    log
}

/// The same of a file with these lines below `[uwsgi]`.
#[track_caller]
pub fn refused_lines(dir: &Dir, text: &str) -> String {
    dir.write("bad.ini", format!("[uwsgi]\n{text}"));
    refused(dir, &["--ini", "bad.ini"])
}

/// What ours says about a file that it does not refuse, without starting anything.
#[track_caller]
pub fn planned(dir: &Dir, file: &str) -> String {
    let run = Run::bare(dir, Subject::Ours);
    let run = run.args(["--plan", "--socket", "planned.sock", "--ini", file]);
    let (end, log) = run.to_end(SOON);
    assert_eq!(end, End::Code(0), "{file}: {log}");
    log
}

/// Lets a run show its configuration; it is killed as soon as the list is there.
#[track_caller]
pub fn of(dir: &Dir, run: Run) -> Shown {
    static SOCKETS: AtomicU32 = AtomicU32::new(0);
    // a server without any socket may end before it shows anything
    let socket = dir.join(format!("shown-{}.sock", SOCKETS.fetch_add(1, Ordering::Relaxed)));
    let socket = socket.display().to_string();
    let server = run.args(["--show-config", "--socket", &socket]).start();
    let log = eventually("the configuration is shown", SOON, || {
        let over = !server.process().alive();
        let log = server.log();
        match list(&log) {
            Some(found) => Ok(Ok((found, log))),
            // what it wrote last is in the log now
            None if over => Ok(list(&server.log()).map(|found| (found, server.log())).ok_or(log)),
            None => Err(log),
        }
    });
    server.kill();
    let (list, log) = log.unwrap_or_else(|log| panic!("it ended without a list:\n{log}"));
    let pairs = list
        .lines()
        .map(|line| line.split_once(" =").unwrap_or((line, "")))
        .map(|(key, value)| (key.to_owned(), value.strip_prefix(' ').unwrap_or(value).to_owned()))
        .filter(|(key, value)| key != "show-config" && *value != socket)
        .collect();
    Shown { pairs, log }
}

/// The lines between the section's header and the comment at the end, once they are all there.
fn list(log: &str) -> Option<String> {
    let (_, list) = log.split_once(HEAD)?;
    let (list, foot) = list.split_once("\n;")?;
    foot.contains('\n').then(|| list.to_owned())
}
