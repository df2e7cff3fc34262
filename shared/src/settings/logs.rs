//! Where request lines and output go, and in which form.

use serde::{Deserialize, Serialize};

mod format;

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
