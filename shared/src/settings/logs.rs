//! Where request lines and output go, and in which form.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

mod destination;
mod format;

pub use destination::{
    Encoder, Encoding, FACILITIES, File, KINDS, Logger, Piece, Route, Sender, Stream, Target,
    expression,
};
pub use format::{Form, Part, Value};

/// Where request lines and output go, and in which form.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Logs {
    /// `log-format`: the form of request lines; `None` is uWSGI's own.
    pub format: Option<Form>,
    /// `log-date`, `log-prefix`: what stands before each message of the server, in the form of
    /// strftime.
    pub date: Option<String>,
    /// `logformat-strftime`: `%(ftime)` has the form of `date`.
    pub formatted_time: bool,
    /// `log-micros`: microseconds in uWSGI's form of request lines.
    pub micros: bool,
    /// `log-x-forwarded-for`: the address in request lines is what a near proxy says.
    pub forwarded_for: bool,
    /// Which requests are logged although `disable-logging` is set.
    pub kept: Kept,
    /// All output.
    pub output: Stream,
    /// Request lines, where they do not go with all output.
    pub requests: Stream,
    /// `log-master-bufsize`: the longest line that is looked at as one, bytes.
    pub line_max: u32,
    /// `rsyslog-packet-size`: the longest packet to a log server, bytes.
    pub packet_size: u32,
    /// `rsyslog-split-messages`: longer lines are sent in pieces, not cut.
    pub split: bool,
    /// `log-maxsize`: when the log of `logto` is rotated, bytes; 0 is never.
    pub maxsize: u64,
    /// `log-backupname`: what it is called then; else its name and the time.
    pub backup: Option<PathBuf>,
    /// `log-reopen`: logs are opened again with each reload.
    pub reopen: bool,
    /// What the statistics show.
    pub figures: Figures,
    /// `logger-list`: the kinds of loggers are printed.
    pub lists: bool,
}

/// What the statistics show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// `stats-no-cores`: nothing of single cores.
    pub no_cores: bool,
    /// `enable-metrics`: the table of metrics ...
    pub metrics: bool,
    /// `stats-no-metrics`: ... which is left out of the statistics after all.
    pub no_metrics: bool,
    /// `metrics-no-cores`: nothing of single cores in that table.
    pub metrics_no_cores: bool,
}

/// Which requests are logged although `disable-logging` is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// `log-zero`: without a body.
    pub zero: bool,
    /// `log-slow`: that took at least this long, milliseconds.
    pub slow: Option<u64>,
    /// `log-4xx`: with a status from 400 to 499.
    pub client_errors: bool,
    /// `log-5xx`: with a status from 500 to 599.
    pub server_errors: bool,
    /// `log-big`: with a body of at least this many bytes.
    pub big: Option<u64>,
    /// `log-sendfile`: answered with a file that the kernel sent.
    pub sendfile: bool,
    /// `log-ioerror`: whose client was gone.
    pub io_error: bool,
}
