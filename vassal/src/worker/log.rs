//! Request lines, in uWSGI's default form (people and scripts parse them).

use std::io::Write;

use crate::request::Request;
use shared::sys::calendar;

use super::Call;
use super::reply::Conclusion;

/// What a request line says beyond the request itself.
pub(super) struct Line<'a> {
    pub(super) worker_requests: u64,
    pub(super) all_requests: u64,
    pub(super) micros: u64,
    pub(super) began: i64,
    pub(super) core: u32,
    pub(super) address: &'a str,
    pub(super) end: Conclusion,
}

/// What has to be remembered of a request before the application has consumed the call.
pub(super) struct Subject {
    variables: usize,
    size: usize,
}

impl Subject {
    pub(super) fn of(call: &Call<'_>) -> Self {
        let request = call.request;
        let size = |field: &crate::request::Field| field.name.len() + field.value.len() + 4;
        Self { variables: request.fields.len(), size: request.fields.iter().map(size).sum() }
    }
}

/// Writes one line to standard error with one call, so that lines of workers do not mix.
pub(super) fn write(request: &Request, head: &[u8], subject: &Subject, line: &Line<'_>) {
    let text = |span| printable(request.bytes(head, span));
    let address = match line.address {
        "" => request
            .fields
            .iter()
            .find(|field| request.bytes(head, field.name) == b"REMOTE_ADDR")
            .map_or_else(String::new, |field| text(field.value)),
        address => address.to_owned(),
    };
    let version = match request.version {
        crate::request::Version::Http10 => "HTTP/1.0",
        crate::request::Version::Http11 => "HTTP/1.1",
    };
    let line = format!(
        "[pid: {}|app: 0|req: {}/{}] {address} () {{{} vars in {} bytes}} [{}] {} {} => generated {} bytes in {} msecs ({version} {}) {} headers in {} bytes (0 switches on core {})\n",
        std::process::id(),
        line.worker_requests,
        line.all_requests,
        subject.variables * 2,
        subject.size,
        calendar::local(line.began).ctime(),
        text(request.method),
        text(request.target),
        line.end.body,
        line.micros / 1000,
        line.end.status,
        line.end.fields,
        line.end.head,
        line.core,
    );
    // a log that cannot be written changes nothing for clients
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// Text from outside with everything that could steer a terminal or fake a line replaced.
fn printable(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| if (0x20..0x7f).contains(byte) { char::from(*byte) } else { '?' })
        .collect()
}
