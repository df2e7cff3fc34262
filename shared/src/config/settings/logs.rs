//! Where request lines and output go, and in which form.

use std::path::PathBuf;

use crate::settings::logs::{Figures, Form, Kept, Logs};

use super::super::directive::truth;
use super::serve::count;
use super::{Given, is_yes};

mod destination;

/// What `log-date` without a form means.
const DATE: &str = "%a %b %e %H:%M:%S %Y";
/// The longest form of a date, bytes.
const DATE_MAX: usize = 256;
/// The longest line that is looked at as one, unless `log-master-bufsize` says otherwise, bytes.
const LINE: u64 = 8192;
/// The most that `log-master-bufsize` gives.
const LINE_MAX: u64 = 1 << 20;

/// The longest packet to a log server (RFC 3164 section 4.1), bytes.
const PACKET: u64 = 1024;
/// The bounds of `rsyslog-packet-size`: what stands before a line fits, and what UDP carries.
const PACKET_MIN: u64 = 256;
const PACKET_MAX: u64 = 65_000;

/// Reads this part.
pub(super) fn read(given: &mut Given<'_>) -> Logs {
    let output = destination::output(given);
    Logs {
        format: given.parsed("log-format", "writes 0 for it", Form::parse),
        date: date(given),
        formatted_time: given.flag("logformat-strftime"),
        micros: given.flag("log-micros"),
        forwarded_for: given.flag("log-x-forwarded-for"),
        kept: Kept {
            zero: given.flag("log-zero"),
            slow: count(given, "log-slow").filter(|limit| *limit > 0),
            client_errors: given.flag("log-4xx"),
            server_errors: given.flag("log-5xx"),
            big: count(given, "log-big").filter(|limit| *limit > 0),
            sendfile: given.flag("log-sendfile"),
            io_error: given.flag("log-ioerror"),
        },
        requests: destination::requests(given, &output),
        output,
        line_max: given
            .number("log-master-bufsize", LINE_MAX, "a number of bytes")
            .filter(|size| *size > 0)
            .unwrap_or(LINE) as u32,
        packet_size: given
            .number("rsyslog-packet-size", PACKET_MAX, "a number of bytes")
            .filter(|size| *size > 0)
            .map_or(PACKET, |size| size.max(PACKET_MIN)) as u32,
        split: given.flag("rsyslog-split-messages"),
        maxsize: count(given, "log-maxsize").unwrap_or(0),
        backup: backup(given, given.path("log-backupname")),
        reopen: given.flag("log-reopen"),
        figures: Figures {
            no_cores: given.flag("stats-no-cores"),
            metrics: given.flag("enable-metrics"),
            no_metrics: given.flag("stats-no-metrics"),
            metrics_no_cores: given.flag("metrics-no-cores"),
        },
        lists: given.flag("logger-list"),
    }
}

/// A name without a directory stands beside the log; another counts from the directory of the
/// start.
fn backup(given: &Given<'_>, path: Option<PathBuf>) -> Option<PathBuf> {
    let beside = |path: &PathBuf| path.parent().is_none_or(|parent| parent.as_os_str().is_empty());
    path.map(|path| if beside(&path) { path } else { given.directory.join(path) })
}

/// `log-date` and `log-prefix` are one option to uWSGI: the later one counts.
fn date(given: &mut Given<'_>) -> Option<String> {
    let names = ["log-date", "log-prefix"];
    let one = given.directives.iter().rev().find(|one| names.contains(&one.key.as_str()))?;
    match one.value.as_str() {
        text if !truth(text) => None,
        text if is_yes(text) => Some(DATE.to_owned()),
        text if text.len() > DATE_MAX || text.contains('\0') => {
            given.error(one, format!("expected a form of at most {DATE_MAX} bytes"));
            None
        }
        text => Some(text.to_owned()),
    }
}
