//! Request lines: which requests get one, and how it leaves the worker.
//!
//! Everything is compiled when the worker starts; a request without a line costs one branch.
//! Lines leave with one write each, so that those of several workers do not mix, and a log that
//! is stuck costs a client nothing.

/// What a line says.
mod line;
/// The way out.
mod outlet;

use std::ffi::CString;
use std::os::fd::OwnedFd;

use shared::settings::{Form, Kept, Part, Serve};

pub(super) use line::{Entry, Scratch};
use outlet::Outlet;

use super::reply::Conclusion;

/// The longest line, bytes: what a pipe takes in one piece (`PIPE_BUF`). Behind a longer one the
/// rest could be made to look like a line of its own.
const LINE_MAX: usize = 4096;
/// To how many bytes each value is cut, one after the other, until the line is short enough.
const CUTS: [usize; 4] = [usize::MAX, 1024, 256, 64];

/// A worker's request lines.
#[derive(Debug)]
pub(super) struct Journal {
    /// Whether any request may get a line.
    active: bool,
    /// Which ones, where not all do.
    kept: Option<Kept>,
    form: Option<Form>,
    /// The form of `%(ftime)`.
    date: Option<CString>,
    micros: bool,
    forwarded_for: bool,
    /// Memory stands before uWSGI's own form.
    memory: bool,
    /// The memory of the process has to be looked up for each line.
    measures: bool,
    pid: u32,
    /// Bytes of `SERVER_NAME`.
    name_size: usize,
    outlet: Outlet,
}

impl Journal {
    /// Compiles what the settings ask for. `requests` is where request lines go when that is not
    /// where all output goes.
    pub(super) fn new(serve: &Serve, requests: Option<OwnedFd>) -> Self {
        let logs = &serve.logs;
        let kept = Some(&logs.kept).filter(|_| serve.disable_logging);
        let asks = |part: &Part| matches!(part, Part::Value(value) if value.is_memory());
        let date = logs.date.clone().filter(|_| logs.formatted_time);
        Self {
            active: kept.is_none_or(|kept| *kept != Kept::default()),
            kept: kept.cloned(),
            measures: match &logs.format {
                Some(form) => form.parts.iter().any(asks),
                None => serve.memory_report,
            },
            form: logs.format.clone(),
            date: date.and_then(|date| CString::new(date).ok()),
            micros: logs.micros,
            forwarded_for: logs.forwarded_for,
            memory: serve.memory_report,
            pid: std::process::id(),
            name_size: nix::unistd::gethostname().map_or(0, |name| name.len()),
            outlet: Outlet::new(requests),
        }
    }

    /// Whether any request may get a line.
    pub(super) fn is_active(&self) -> bool {
        self.active
    }

    /// Writes the line of a request, if it gets one.
    pub(super) fn note(&self, entry: &Entry<'_>, scratch: &mut Scratch) {
        let wanted = self.kept.as_ref().is_none_or(|kept| keeps(kept, &entry.end, entry.micros));
        if entry.notes.quiet || !(wanted || entry.notes.wanted) {
            return;
        }
        for cut in CUTS {
            self.write(entry, scratch, cut);
            if scratch.line.len() <= LINE_MAX {
                break;
            }
        }
        if scratch.line.len() > LINE_MAX {
            scratch.line.truncate(LINE_MAX - 1);
            scratch.line.push(b'\n');
        }
        self.outlet.write(&scratch.line);
    }
}

/// Whether a request is logged although `disable-logging` is set.
fn keeps(kept: &Kept, end: &Conclusion, micros: u64) -> bool {
    (kept.zero && end.body == 0)
        || kept.slow.is_some_and(|limit| micros / 1000 >= limit)
        || (kept.client_errors && (400..500).contains(&end.status))
        || (kept.server_errors && (500..600).contains(&end.status))
        || kept.big.is_some_and(|limit| end.body >= limit)
        || (kept.sendfile && end.file)
        || (kept.io_error && end.lost)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer of five bytes that nothing is wrong with.
    pub(super) fn answer() -> Conclusion {
        Conclusion {
            status: 200,
            keep: true,
            body: 5,
            head: 45,
            fields: 1,
            blocks: 1,
            file: false,
            lost: false,
            aborted: false,
            open_ended: false,
            failed: false,
        }
    }

    #[test]
    fn each_class_keeps_its_own_requests() {
        let plain = answer();
        let slow = Kept { slow: Some(7), ..Kept::default() };
        assert!(keeps(&slow, &plain, 7000) && !keeps(&slow, &plain, 6999));
        let big = Kept { big: Some(5), ..Kept::default() };
        assert!(keeps(&big, &plain, 0) && !keeps(&big, &Conclusion { body: 4, ..plain }, 0));
        for (kept, end) in [
            (Kept { zero: true, ..Kept::default() }, Conclusion { body: 0, ..plain }),
            (Kept { client_errors: true, ..Kept::default() }, Conclusion { status: 404, ..plain }),
            (Kept { server_errors: true, ..Kept::default() }, Conclusion { status: 503, ..plain }),
            (Kept { sendfile: true, ..Kept::default() }, Conclusion { file: true, ..plain }),
            (Kept { io_error: true, ..Kept::default() }, Conclusion { lost: true, ..plain }),
        ] {
            assert!(keeps(&kept, &end, 0), "{kept:?}");
            assert!(!keeps(&kept, &plain, 0), "{kept:?}");
            assert!(!keeps(&Kept::default(), &end, 0), "{kept:?}");
        }
    }
}
