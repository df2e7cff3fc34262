//! Where request lines and output go, and in which form.

use crate::settings::{Form, Kept, Logs};

use super::Given;
use super::serve::count;

/// What `log-date` without a form means.
const DATE: &str = "%a %b %e %H:%M:%S %Y";
/// The longest form of a date, bytes.
const DATE_MAX: usize = 256;

/// Reads this part.
pub(super) fn read(given: &mut Given<'_>) -> Logs {
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
    }
}

/// `log-date` and `log-prefix` are one option to uWSGI: the later one counts.
fn date(given: &mut Given<'_>) -> Option<String> {
    let latest = ["log-date", "log-prefix"];
    let one = given.directives.iter().filter(|one| latest.contains(&one.key.as_str())).last()?;
    match one.value.as_str() {
        "false" | "off" | "no" | "0" => None,
        "" | "true" | "on" | "yes" | "1" => Some(DATE.to_owned()),
        text if text.len() > DATE_MAX || text.contains('\0') => {
            given.error(one, format!("expected a form of at most {DATE_MAX} bytes"));
            None
        }
        text => Some(text.to_owned()),
    }
}
