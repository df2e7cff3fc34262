//! Loggers, their routes and their encoders.

use std::path::{Path, PathBuf};

use crate::config::directive::{Directive, Number, number, truth};
use crate::rule;
use crate::settings::Address;
use crate::settings::logs::{
    Encoder, Encoding, FACILITIES, File, Logger, Route, Sender, Stream, Target, expression,
};

use super::super::{Given, address, is_yes, launch};
use super::backup;

/// Kinds of loggers of uWSGI that are not built. The application serves the same without them.
const REFUSED: [&str; 7] =
    ["pipe", "redislog", "mongodblog", "zeromq", "graylog2", "crypto", "python"];
/// The most loggers, routes, encoders or expressions of one kind.
const LIST_MAX: usize = 64;

/// The options that name loggers of all output.
const LOGGERS: [&str; 7] =
    ["logger", "log-syslog", "log-socket", "logto", "logto2", "daemonize", "daemonize2"];

/// Where all output goes.
pub(super) fn output(given: &mut Given<'_>) -> Stream {
    let mut loggers = Vec::new();
    let counts = launch::log_option(given);
    for one in list(given, &LOGGERS) {
        let text = match one.key.as_str() {
            // uWSGI takes each of these words for the name to log as, which nobody means
            "log-syslog" if !truth(&one.value) => continue,
            "log-syslog" if is_yes(&one.value) => "syslog".to_owned(),
            "log-syslog" => format!("syslog:{}", one.value),
            "log-socket" => format!("socket:{}", one.value),
            "logto" | "logto2" | "daemonize" | "daemonize2" => {
                if !counts.is_some_and(|last| std::ptr::eq(last, one))
                    || !launch::takes_datagrams(&one.value)
                {
                    continue;
                }
                format!("socket:{}", one.value)
            }
            _ => one.value.clone(),
        };
        loggers.extend(logger(given, one, &text));
    }
    let encoders = encoders(given, "log-encoder", &loggers);
    let drain = patterns(given, "log-drain");
    let filter = patterns(given, "log-filter");
    let routes = routes(given, "log-route", &loggers);
    Stream { loggers, routes, encoders, drain, filter }
}

/// Where request lines go, when that is somewhere else. Routes of request lines may also name
/// loggers of all output, which are the only ones that uWSGI finds.
pub(super) fn requests(given: &mut Given<'_>, output: &Stream) -> Stream {
    let mut loggers = Vec::new();
    for one in list(given, &["req-logger"]) {
        let text = one.value.clone();
        loggers.extend(logger(given, one, &text));
    }
    for one in list(given, &["log-req-route"]) {
        let id = one.value.split(' ').next().unwrap_or_default();
        let known = is_known(&loggers, id);
        let there = output.loggers.iter().find(|logger| logger.id.as_deref() == Some(id));
        loggers.extend(there.filter(|_| !known).cloned());
    }
    let encoders = encoders(given, "log-req-encoder", &loggers);
    let routes = routes(given, "log-req-route", &loggers);
    Stream { loggers, routes, encoders, ..Stream::default() }
}

/// All directives of these names, in order, as many as are reasonable.
fn list<'a>(given: &mut Given<'a>, names: &[&str]) -> Vec<&'a Directive> {
    let all = given.directives.iter().filter(|one| names.contains(&one.key.as_str()));
    let mut list: Vec<_> = all.collect();
    if let Some(one) = list.get(LIST_MAX).copied() {
        given.error(one, format!("more than {LIST_MAX} of these"));
        list.truncate(LIST_MAX);
    }
    list
}

/// `[id ]name[:arguments]`.
fn logger(given: &mut Given<'_>, one: &Directive, text: &str) -> Option<Logger> {
    let (id, rest) = match text.split_once(' ') {
        Some((id, rest)) if !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric()) => {
            (Some(id.to_owned()), rest)
        }
        _ => (None, text),
    };
    let (name, arguments) = rest.split_once(':').unwrap_or((rest, ""));
    if REFUSED.contains(&name) {
        let message = format!(
            "loggers of the kind {name:?} are not built in: log to a file, a socket, syslog or \
             the journal, and let a log shipper do the rest"
        );
        given.warning(one, rule::REFUSED_OPTION, message);
        return None;
    }
    match target(given, name, arguments) {
        Ok(target) => Some(Logger { id, target }),
        Err(message) => {
            given.error(one, message);
            given.uwsgi("exits with 1 when it has no logger of this name");
            None
        }
    }
}

/// The kinds of loggers.
fn target(given: &Given<'_>, name: &str, arguments: &str) -> Result<Target, String> {
    let udp = |text: &str| match address::parse(text, given.hosts)? {
        Address::Tcp(address) if address.port() > 0 => Ok(address),
        _ => Err(format!("expected host:port, found {text:?}")),
    };
    match name {
        "stdio" => Ok(Target::Standard),
        "fd" if ["1", "2"].contains(&arguments) => Ok(Target::Standard),
        "fd" => {
            Err(format!("expected fd:1 or fd:2 (others are not passed on), found {arguments:?}"))
        }
        "file" if arguments.is_empty() => Err("expected file:PATH".into()),
        "file" => file(given, arguments).map(Target::File),
        "socket" => match address::parse(arguments, given.hosts)? {
            Address::Unix(path) => Ok(Target::Datagram(started(given, &path))),
            _ => udp(arguments).map(Target::Udp),
        },
        "syslog" => Ok(Target::Syslog(sender(arguments)?)),
        "rsyslog" => {
            let (place, rest) = arguments.split_once(',').unwrap_or((arguments, ""));
            let place = if place.contains(':') { place.to_owned() } else { format!("{place}:514") };
            Ok(Target::Remote(udp(&place)?, sender(rest)?))
        }
        "journald" | "systemd" => fields(arguments).map(Target::Journal),
        _ => Err(format!(
            "expected file:PATH, socket:ADDRESS, syslog, rsyslog:HOST:PORT, journald or stdio, \
             found {name:?}"
        )),
    }
}

/// Paths count from the directory of the start, in a jail from its root.
fn started(given: &Given<'_>, path: &Path) -> PathBuf {
    match given.path("chroot") {
        Some(_) => path.to_owned(),
        None => given.directory.join(path),
    }
}

/// `PATH`, or `logfile=PATH,maxsize=N,backup=NAME`.
fn file(given: &Given<'_>, text: &str) -> Result<File, String> {
    if !text.split(',').any(|pair| pair.starts_with("logfile=")) {
        return Ok(File { path: started(given, Path::new(text)), ..File::default() });
    }
    let mut file = File::default();
    for pair in text.split(',') {
        match pair.split_once('=') {
            Some(("logfile", path)) => file.path = started(given, Path::new(path)),
            Some(("backup" | "backupname", path)) => {
                file.backup = backup(given, Some(PathBuf::from(path)));
            }
            Some(("maxsize", size)) => match number(size) {
                Number::Whole(size) => file.maxsize = size,
                _ => return Err(format!("expected maxsize=BYTES, found {size:?}")),
            },
            _ => {
                return Err(format!(
                    "expected logfile=PATH, maxsize=BYTES and backup=NAME, found {pair:?}"
                ));
            }
        }
    }
    Ok(file)
}

/// `IDENT[,FACILITY]`.
fn sender(text: &str) -> Result<Sender, String> {
    let (ident, facility) = text.split_once(',').unwrap_or((text, ""));
    let number = match facility {
        "" => FACILITIES.iter().position(|name| *name == "daemon"),
        _ => match facility.parse::<usize>() {
            Ok(number) => Some(number).filter(|number| *number < FACILITIES.len()),
            Err(_) => FACILITIES.iter().position(|name| *name == facility),
        },
    };
    let number = number.ok_or_else(|| {
        format!(
            "expected a facility of syslog such as \"daemon\" or \"local0\", found {facility:?}"
        )
    })?;
    if ident.bytes().any(|byte| !(0x21..0x7f).contains(&byte)) {
        return Err(format!("expected a name without blanks, found {ident:?}"));
    }
    let ident = if ident.is_empty() { "uwsgi" } else { ident };
    Ok(Sender { ident: ident.to_owned(), facility: number as u8 })
}

/// `NAME=value,NAME=value` of the journal.
fn fields(text: &str) -> Result<Vec<(String, String)>, String> {
    text.split(',')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = name.to_ascii_uppercase();
            // systemd.journal-fields(7): the journal drops names of another form
            let plain =
                |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
            let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_uppercase());
            if !first || !name.bytes().all(plain) || name == "MESSAGE" || value.contains('\n') {
                return Err(format!("expected FIELD=value, found {pair:?}"));
            }
            Ok((name, value.to_owned()))
        })
        .collect()
}

/// `name[:id] text`.
fn encoders(given: &mut Given<'_>, option: &str, loggers: &[Logger]) -> Vec<Encoder> {
    let mut made = Vec::new();
    for one in list(given, &[option]) {
        let (name, text) = one.value.split_once(' ').unwrap_or((&one.value, ""));
        let (name, id) = match name.split_once(':') {
            Some((name, id)) => (name, Some(id)),
            None => (name, None),
        };
        if Encoding::REFUSED.contains(&name) {
            let message =
                format!("the encoder {name:?} is not built in: let a log shipper do that; ignored");
            given.warning(one, rule::REFUSED_OPTION, message);
            continue;
        }
        match Encoding::parse(name, text) {
            Ok(_) if id.is_some_and(|id| !is_known(loggers, id)) => {
                given.error(one, format!("no logger is called {:?}", id.unwrap_or_default()));
                given.uwsgi("overlooks the encoder");
            }
            Ok(encoding) => made.push(Encoder { logger: id.map(str::to_owned), encoding }),
            Err(message) => {
                given.error(one, message);
                given.uwsgi("exits with 1 when it has no encoder of this name");
            }
        }
    }
    made
}

fn is_known(loggers: &[Logger], id: &str) -> bool {
    loggers.iter().any(|logger| logger.id.as_deref() == Some(id))
}

/// `id expression`.
fn routes(given: &mut Given<'_>, option: &str, loggers: &[Logger]) -> Vec<Route> {
    let mut made = Vec::new();
    for one in list(given, &[option]) {
        let Some((id, pattern)) = one.value.split_once(' ') else {
            given.error(one, format!("expected a logger and an expression, found {:?}", one.value));
            continue;
        };
        if !is_known(loggers, id) {
            given.error(one, format!("no logger is called {id:?}"));
            given.uwsgi("exits with 1");
        } else if is_pattern(given, one, pattern) {
            made.push(Route { logger: id.to_owned(), pattern: pattern.to_owned() });
        }
    }
    made
}

fn patterns(given: &mut Given<'_>, option: &str) -> Vec<String> {
    let mut made = Vec::new();
    for one in list(given, &[option]) {
        if is_pattern(given, one, &one.value) {
            made.push(one.value.clone());
        }
    }
    made
}

/// Whether an expression can be compiled; it is compiled again by whoever uses it.
fn is_pattern(given: &mut Given<'_>, one: &Directive, text: &str) -> bool {
    let built = expression(text);
    if let Err(error) = &built {
        let text = error.to_string();
        let why = text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        if ["look-around", "backreferences"].iter().any(|what| why.contains(what)) {
            // more lines are better than none: they go where the others go
            given.warning(one, rule::UNSUPPORTED_OPTION, format!("{why}: this line is left out"));
            given.uwsgi("has expressions that can take very long");
        } else {
            given.error(one, format!("expected a regular expression: {why}"));
        }
    }
    built.is_ok()
}
