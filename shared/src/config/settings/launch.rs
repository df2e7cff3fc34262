//! Root's part of the settings.

use std::collections::HashSet;
use std::path::PathBuf;

use crate::finding::Origin;
use crate::rule;
use crate::settings::{Address, Hook, Launch, Listen, Logfile, Principal, Wire};

use super::super::directive::Directive;
use super::super::review::{self, Junk};
use super::{Given, address, isolation, socket, surroundings, tls, value};

/// Connections that wait in the kernel unless `listen` says otherwise (clamped at bind).
const BACKLOG: u32 = 1024;

/// Reads root's part.
pub(super) fn read(given: &mut Given<'_>, hooks: Vec<Hook>) -> Launch {
    let unknown = "looks for a user or group of this whole text, and exits with 1";
    let plain = protocol(given);
    let (sockets, sources) = sockets(given, plain);
    let launch = Launch {
        uid: given
            .parsed("uid", unknown, value::principal)
            .or_else(|| given.parsed("immediate-uid", unknown, value::principal)),
        gid: given
            .parsed("gid", unknown, value::principal)
            .or_else(|| given.parsed("immediate-gid", unknown, value::principal)),
        no_initgroups: given.flag("no-initgroups"),
        chroot: given.path("chroot"),
        chdir: given.path("chdir"),
        umask: given.parsed("umask", "logs a complaint and keeps its umask", value::umask),
        sockets,
        sources,
        protocol: Some(plain),
        zerg: socket::zerg(given),
        isolation: isolation::read(given),
        locks: isolation::locks(given),
        skip_zero: given.flag("skip-zero"),
        tuning: socket::tuning(given),
        chmod_socket: socket_mode(given),
        chown_socket: given.parsed("chown-socket", unknown, value::owner),
        backlog: given
            .number("listen", u64::from(u32::MAX >> 1), "a number of connections")
            .filter(|value| *value > 0)
            .map_or(BACKLOG, |value| value as u32),
        pidfile: started(given, given.path("pidfile")),
        logto: log(given),
        logfile: Logfile {
            mode: given.parsed("logfile-chmod", "exits with 1", value::file_mode),
            owned: given.flag("logfile-chown"),
            truncate: given.flag("log-truncate"),
        },
        daemonize: given.last("daemonize").or(given.last("daemonize2")).is_some(),
        vacuum: given.flag("vacuum"),
        limits: surroundings::limits(given),
        further_groups: further_groups(given),
        hooks,
        env: environment(given),
    };
    if let (Some(_), None, Some(uid)) = (&launch.uid, &launch.gid, given.last("uid")) {
        let message = "no gid is given: the primary group of this user is used";
        given.warning(uid, rule::PRIMARY_GROUP, message);
        given
            .uwsgi("keeps the group that it was started with, which is root's when root starts it");
    }
    if let Some(chroot) = given.last("chroot").filter(|one| !one.value.starts_with('/')) {
        given.error(chroot, format!("expected an absolute path, found {:?}", chroot.value));
    }
    launch
}

/// `add-gid`, each a name or number.
fn further_groups(given: &mut Given<'_>) -> Vec<Principal> {
    let mut list = Vec::new();
    for one in given.directives.all("add-gid") {
        match value::principal(&one.value) {
            Ok(group) => list.push(group),
            Err(message) => given.error(one, message),
        }
    }
    list
}

fn socket_mode(given: &mut Given<'_>) -> Option<u32> {
    let one = given.last("chmod-socket")?;
    let mode = value::socket_mode(&one.value);
    mode.map_err(|message| {
        given.error_by(one, rule::SOCKET_MODE, message);
        given.uwsgi("exits with 1");
    })
    .ok()
}

/// Paths that are opened before `chdir` count from the directory of the start.
fn started(given: &Given<'_>, path: Option<PathBuf>) -> Option<PathBuf> {
    path.map(|path| given.directory.join(path))
}

/// The one option that says where output goes: `logto` before `daemonize`, of each the last.
/// The file of `logto2` is opened after the drop in uWSGI, and before it changes the directory.
pub(super) fn log_option<'a>(given: &Given<'a>) -> Option<&'a Directive> {
    let names = ["logto", "daemonize", "daemonize2", "logto2"];
    names.iter().find_map(|name| given.last(name).filter(|one| !one.value.is_empty()))
}

/// Whether the text of such an option is no path but an address that takes datagrams: a logger.
pub(super) fn takes_datagrams(text: &str) -> bool {
    text.contains(':') && !text.contains('/')
}

fn log(given: &Given<'_>) -> Option<PathBuf> {
    let one = log_option(given).filter(|one| !takes_datagrams(&one.value))?;
    started(given, Some(PathBuf::from(&one.value)))
}

/// `env` and `unenv`, in the order of the file.
fn environment(given: &mut Given<'_>) -> Vec<(String, Option<String>)> {
    let mut list = Vec::new();
    for one in given.directives.iter() {
        match one.key.as_str() {
            "env" => match value::variable(&one.value) {
                Ok(variable) => list.push(variable),
                Err(message) => given.error(one, message),
            },
            "unenv" => list.push((one.value.clone(), None)),
            _ => {}
        }
    }
    list
}

/// The sockets, and the option that asked for each.
fn sockets(given: &mut Given<'_>, plain: Wire) -> (Vec<Listen>, Vec<(String, Origin)>) {
    let names = given.flag("abstract-socket");
    let shared = socket::shared(given);
    let mut sources = Vec::new();
    let mut secure = 0;
    let mut list: Vec<Listen> = Vec::new();
    let mut known: HashSet<Listen> = HashSet::new();
    for one in given.directives.iter() {
        let counts = || given.last("stats").is_some_and(|last| std::ptr::eq(last, one));
        let wire = match one.key.as_str() {
            "socket" => plain,
            "http" | "http-socket" | "http11-socket" | "http-to-https" | "https" | "https2"
            | "https-socket" => Wire::Http,
            "suwsgi-socket" => Wire::Uwsgi,
            "fastcgi-socket" => Wire::Fastcgi,
            "fastcgi-nph-socket" => Wire::FastcgiNph,
            "scgi-socket" => Wire::Scgi,
            "scgi-nph-socket" => Wire::ScgiNph,
            // the last one counts, as of every option that may be given once
            "stats" if counts() => Wire::Stats,
            "zerg-server" | "zergpool" => {
                for listen in socket::giving(given, one) {
                    list.push(listen);
                    sources.push((one.given.clone(), one.origin.clone()));
                }
                continue;
            }
            _ => continue,
        };
        let tls = tls::is_secure(one).then_some(secure);
        secure += u32::from(tls.is_some());
        let Some(mut address) = address_of(given, one, &shared) else { continue };
        if let Address::Unix(path) = &address {
            doubt(given, one);
            if names {
                address = Address::Abstract(path.to_string_lossy().into_owned());
            }
        }
        let listen = Listen { address, wire, tls };
        let chosen = matches!(&listen.address, Address::Tcp(tcp) if tcp.port() == 0);
        if chosen || known.insert(listen.clone()) {
            list.push(listen);
            sources.push((one.given.clone(), one.origin.clone()));
        }
    }
    socket::idle(given, &shared, &list);
    socket::backends(given, &list);
    (list, sources)
}

/// The address of a directive. What follows a blank behind a port is overlooked, as `atoi` does.
fn address_of(
    given: &mut Given<'_>,
    one: &Directive,
    shared: &[Option<Address>],
) -> Option<Address> {
    let text = tls::address(one);
    if let Some(number) = text.strip_prefix('=') {
        let found = socket::by_number(number, shared);
        return found.map_err(|message| given.error(one, message)).ok().flatten();
    }
    let front = text.split_once([' ', '\t']).map(|(front, _)| front);
    let short = front.and_then(|front| Some((front, address::parse(front, given.hosts).ok()?)));
    match (address::parse(text, given.hosts), short) {
        (Ok(address), _) => Some(address),
        (Err(_), Some((front, address @ Address::Tcp(_)))) => {
            let found = &one.value;
            let message = format!("expected an address, found {found:?}: {front} is used");
            let comment = review::junk(found) == Junk::Comment;
            let code = if comment { rule::TRAILING_COMMENT } else { rule::TRAILING_TEXT };
            given.warning(one, code, message);
            given.uwsgi("reads the port up to the blank and overlooks the rest");
            Some(address)
        }
        (Err(message), _) => {
            given.error(one, message);
            None
        }
    }
}

/// A path that was hardly meant as one.
fn doubt(given: &mut Given<'_>, one: &Directive) {
    let text = one.value.as_str();
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        let message = format!("a UNIX socket called {text}; for the port write \":{text}\"");
        given.warning(one, rule::SOCKET_NUMBER, message);
        let called = if one.secret { "of that name".to_owned() } else { format!("called {text}") };
        given.uwsgi(format!("makes a socket file {called}, and nothing listens on the port"));
    } else if ["true", "false", "yes", "no", "on", "off"]
        .iter()
        .any(|w| text.eq_ignore_ascii_case(w))
    {
        let message = format!("expected an address: a UNIX socket called {text:?} is made");
        given.warning(one, rule::SOCKET_NUMBER, message);
        given.uwsgi("makes a socket file of that name");
    }
}

/// What is spoken on sockets given by `socket`.
fn protocol(given: &mut Given<'_>) -> Wire {
    match given.last("protocol") {
        None => Wire::Uwsgi,
        Some(one) => match one.value.as_str() {
            "uwsgi" => Wire::Uwsgi,
            "http" | "http11" => Wire::Http,
            "fastcgi" => Wire::Fastcgi,
            "fastcgi-nph" => Wire::FastcgiNph,
            "scgi" => Wire::Scgi,
            "scgi-nph" => Wire::ScgiNph,
            other => {
                let message = format!("expected uwsgi, http, fastcgi or scgi, found {other:?}");
                given.error(one, message);
                given.uwsgi("exits with 1 unless a plugin knows this protocol");
                Wire::Uwsgi
            }
        },
    }
}
