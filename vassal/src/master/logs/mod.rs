//! The log of a vassal: which lines go where, in which form.
//!
//! The master is the only one who writes it: output and request lines of the tenant's processes
//! come to it through pipes. Without loggers, routes, encoders and filters bytes are passed on
//! as they come; else line by line. Files and sockets are opened here, with the tenant's rights;
//! only the file of `logto` was opened by the launcher.

/// Encoders.
mod encode;
/// Log files.
mod file;
/// Loggers.
mod sink;

use std::ffi::CString;
use std::time::{SystemTime, UNIX_EPOCH};

use regex::bytes::Regex;
use shared::settings::logs::{Encoder, Logs, Stream, expression};
use shared::sys::calendar;

use crate::handover::LogFile;
use encode::Encoders;
use file::{Output, Rotation};
use sink::Sink;

/// Whose lines they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// What applications and the server print.
    Output,
    /// Request lines, where they come separately.
    Requests,
}

/// The log.
#[derive(Debug)]
pub(super) struct Log {
    standard: Output,
    output: Option<Chain>,
    requests: Option<Chain>,
    date: Option<CString>,
    /// The longest line, bytes.
    pub(super) line_max: usize,
    settings: Option<Logs>,
}

/// The way of the lines of one stream.
#[derive(Debug)]
struct Chain {
    sinks: Vec<Sink>,
    routes: Vec<(Regex, usize)>,
    drain: Vec<Regex>,
    filter: Vec<Regex>,
    /// What is done to lines that no logger takes.
    encoders: Encoders,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            standard: Output::standard(None),
            output: None,
            requests: None,
            date: None,
            line_max: 8192,
            settings: None,
        }
    }
}

impl Log {
    /// The log of a master whose standard error is this file.
    pub(super) fn new(place: Option<LogFile>) -> Self {
        Self { standard: Output::standard(place), ..Self::default() }
    }

    /// Does as these settings say from now on; returns what is wrong with them. A logger that
    /// cannot be opened is left out: its lines go where lines without a logger go.
    pub(super) fn configure(&mut self, logs: &Logs) -> Vec<String> {
        if self.settings.as_ref() == Some(logs) {
            return Vec::new();
        }
        let mut wrong = Vec::new();
        self.output = Chain::new(&logs.output, logs, &mut wrong);
        self.requests = Chain::new(&logs.requests, logs, &mut wrong);
        self.date = logs.date.clone().and_then(|date| CString::new(date).ok());
        self.line_max = (logs.line_max as usize).max(16);
        self.standard.rotate_by(Rotation { maxsize: logs.maxsize, backup: logs.backup.clone() });
        self.settings = Some(logs.clone());
        wrong
    }

    /// Whether these bytes have to be brought line by line.
    pub(super) fn by_line(&self, source: Source) -> bool {
        self.chain(source).is_some()
    }

    fn chain(&self, source: Source) -> Option<&Chain> {
        match source {
            Source::Output => self.output.as_ref(),
            // without a way of their own they go with all output
            Source::Requests => self.requests.as_ref().or(self.output.as_ref()),
        }
    }

    /// Writes bytes as they are.
    pub(super) fn raw(&mut self, bytes: &[u8], now: SystemTime) {
        if let Some(error) = self.standard.write(bytes, now) {
            complain(&mut self.standard, &error, now);
        }
    }

    /// Writes one line, which has no end of its own.
    pub(super) fn line(&mut self, source: Source, line: &[u8], now: SystemTime) {
        let own = source == Source::Requests && self.requests.is_some();
        let chain = if own { self.requests.as_mut() } else { self.output.as_mut() };
        match chain {
            Some(chain) => chain.line(line, now, &mut self.standard),
            None => self.raw(&[line, b"\n"].concat(), now),
        }
    }

    /// A message of the server's own, with the date before it where that is wanted.
    pub(super) fn say(&mut self, text: &str, now: SystemTime) {
        let epoch = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let before = self.date.as_ref().map_or_else(Vec::new, |date| {
            [&calendar::formatted(date, epoch as i64)[..], b" - "].concat()
        });
        for line in text.split('\n') {
            self.line(Source::Output, &[&before, line.as_bytes()].concat(), now);
        }
    }

    /// Opens all files again; returns what cannot be opened.
    pub(super) fn reopen(&mut self) -> Vec<String> {
        self.each_file(Output::reopen, Sink::reopen)
    }

    /// Gives all files their other names; returns what cannot be done.
    pub(super) fn rotate(&mut self, now: SystemTime) -> Vec<String> {
        self.each_file(|file| file.rotate(now), |sink| sink.rotate(now))
    }

    fn each_file(
        &mut self,
        file: impl Fn(&mut Output) -> std::io::Result<()>,
        sink: impl Fn(&mut Sink) -> std::io::Result<()>,
    ) -> Vec<String> {
        let chains = self.output.iter_mut().chain(self.requests.iter_mut());
        let sinks = chains.flat_map(|chain| &mut chain.sinks).map(sink);
        let all: Vec<_> = sinks.chain([file(&mut self.standard)]).collect();
        all.into_iter().filter_map(Result::err).map(|error| format!("the log: {error}")).collect()
    }
}

impl Chain {
    /// `None` where lines go on as they are.
    fn new(stream: &Stream, logs: &Logs, wrong: &mut Vec<String>) -> Option<Self> {
        if stream.is_plain() {
            return None;
        }
        let mut sinks = Vec::new();
        for (number, logger) in stream.loggers.iter().enumerate() {
            match Sink::open(stream, number, logs) {
                Ok(sink) => sinks.push(sink),
                Err(error) => wrong.push(format!(
                    "the logger {} cannot be used: {error}",
                    sink::name(&logger.target)
                )),
            }
        }
        let routes = stream.routes.iter().filter_map(|route| {
            let to = sinks.iter().position(|sink| sink.id.as_ref() == Some(&route.logger))?;
            Some((compiled(&route.pattern)?, to))
        });
        let routes = routes.collect();
        let all = |list: &[String]| list.iter().filter_map(|text| compiled(text)).collect();
        let encoders = stream.encoders.iter().filter(|one: &&Encoder| one.logger.is_none());
        Some(Self {
            routes,
            drain: all(&stream.drain),
            filter: all(&stream.filter),
            encoders: Encoders::new(encoders.map(|one| &one.encoding)),
            sinks,
        })
    }

    fn line(&mut self, line: &[u8], now: SystemTime, standard: &mut Output) {
        let any = |list: &[Regex]| list.iter().any(|one| one.is_match(line));
        if any(&self.drain) || (!self.filter.is_empty() && !any(&self.filter)) {
            return;
        }
        let mut taken = false;
        let mut trouble = None;
        for (pattern, to) in &self.routes {
            if pattern.is_match(line) {
                taken = true;
                trouble = self.sinks[*to].write(line, now, standard).or(trouble);
            }
        }
        if !taken {
            for sink in self.sinks.iter_mut().filter(|sink| sink.id.is_none()) {
                taken = true;
                trouble = sink.write(line, now, standard).or(trouble);
            }
        }
        if !taken {
            let mut line = self.encoders.apply(line, now).into_owned();
            if !line.ends_with(b"\n") {
                line.push(b'\n');
            }
            trouble = standard.write(&line, now).or(trouble);
        }
        if let Some(error) = trouble {
            complain(standard, &error, now);
        }
    }
}

/// A log that cannot be rotated goes on as it is, which is said once.
fn complain(standard: &mut Output, error: &std::io::Error, now: SystemTime) {
    let text = format!("the log cannot be rotated: {error}\n");
    let _ = standard.write(text.as_bytes(), now);
}

/// The reader has compiled it before, so that it can be.
fn compiled(text: &str) -> Option<Regex> {
    expression(text).ok()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use shared::settings::logs::{Encoding, File, Logger, Route, Target};

    use super::*;

    fn logger(id: Option<&str>, path: &Path) -> Logger {
        let file = File { path: path.to_owned(), ..File::default() };
        Logger { id: id.map(str::to_owned), target: Target::File(file) }
    }

    #[test]
    fn lines_go_where_routes_filters_and_names_say() {
        let place = tempfile::tempdir().unwrap();
        let path = |name: &str| place.path().join(name);
        let encoder = |logger: Option<&str>, text: &str| Encoder {
            logger: logger.map(str::to_owned),
            encoding: Encoding::Prefix(text.into()),
        };
        let route =
            |logger: &str, pattern: &str| Route { logger: logger.into(), pattern: pattern.into() };
        let stream = Stream {
            loggers: vec![
                logger(Some("a"), &path("a")),
                logger(None, &path("rest")),
                logger(Some("b"), &path("b")),
            ],
            routes: vec![route("a", "^x"), route("b", "y$")],
            encoders: vec![encoder(None, "1"), encoder(Some("b"), "2")],
            drain: vec!["no+".into()],
            filter: vec!["[xyz]".into(), "not".into()],
        };
        let requests = Stream { loggers: vec![logger(None, &path("req"))], ..Stream::default() };
        let logs = Logs { output: stream, requests, line_max: 100, ..Logs::default() };
        let mut log = Log::default();
        assert_eq!(log.configure(&logs), [""; 0]);
        for line in ["x", "xy", "z", "noy", "other", "\u{ff}z"] {
            log.line(Source::Output, line.as_bytes(), UNIX_EPOCH);
        }
        log.line(Source::Requests, b"request", UNIX_EPOCH);
        let text = |name: &str| std::fs::read_to_string(path(name)).unwrap();
        assert_eq!(text("a"), "1x\n1xy\n");
        assert_eq!(text("b"), "21xy\n");
        assert_eq!(text("rest"), "1z\n1\u{ff}z\n");
        assert_eq!(text("req"), "request\n");
    }

    #[test]
    fn a_logger_that_cannot_be_opened_is_said_and_left_out() {
        let place = tempfile::tempdir().unwrap();
        let lost = place.path().join("no/log");
        let output = Stream { loggers: vec![logger(None, &lost)], ..Stream::default() };
        let mut log = Log::default();
        let wrong = log.configure(&Logs { output, ..Logs::default() });
        assert!(wrong[0].contains("no/log cannot be used: "), "{wrong:?}");
        assert!(log.by_line(Source::Output));
    }
}
