//! What sockets are told beyond their address, and addresses that other options name.

use crate::rule;
use crate::settings::{Address, Crew, Front, Launch, Listen, Tuning, Wire, Zerg};

use super::super::directive::Directive;
use super::{Given, address, primary};

/// More bytes than this are a slip of the finger; the kernel cuts what is above its own limit.
const BUFFER_MAX: u64 = 1 << 30;
/// The option of a socket whose requests are sent to HTTPS.
const REDIRECT: &str = "http-to-https";
/// The longest queue of early connections that the kernel knows.
const QUEUE_MAX: u64 = 65_535;

/// What the sockets are told.
pub(super) fn tuning(given: &mut Given<'_>) -> Tuning {
    let bytes = |given: &mut Given<'_>, name: &str| {
        let size = given.number(name, BUFFER_MAX, "a number of bytes");
        size.filter(|size| *size > 0).map(|size| size as u32)
    };
    Tuning {
        reuse_port: given.flag("reuse-port"),
        freebind: given.flag("freebind"),
        keepalive: given.flag("so-keepalive"),
        fast_open: given
            .number("tcp-fast-open", QUEUE_MAX, "a number of connections")
            .filter(|queue| *queue > 0)
            .map(|queue| queue as u32),
        send_buffer: bytes(given, "socket-sndbuf"),
        receive_buffer: bytes(given, "socket-rcvbuf"),
    }
}

/// The addresses of `shared-socket`, by their number; `None` for one that cannot be read.
pub(super) fn shared(given: &mut Given<'_>) -> Vec<Option<Address>> {
    let mut list = Vec::new();
    for one in given.directives.iter().filter(|one| is_shared(one)) {
        let found = address::parse(&one.value, given.hosts);
        list.push(found.map_err(|message| given.error(one, message)).ok());
    }
    list
}

fn is_shared(one: &Directive) -> bool {
    matches!(one.key.as_str(), "shared-socket" | "undeferred-shared-socket")
}

/// The address that `=NUMBER` means. `Ok(None)`: it has an error of its own.
pub(super) fn by_number(
    number: &str,
    shared: &[Option<Address>],
) -> Result<Option<Address>, String> {
    let known = number.parse::<usize>().ok().and_then(|number| shared.get(number));
    let count = shared.len();
    known.cloned().ok_or_else(|| {
        format!("expected the number of a shared-socket (there are {count}), found {number:?}")
    })
}

/// A shared socket that no other option names.
pub(super) fn idle(given: &mut Given<'_>, shared: &[Option<Address>], sockets: &[Listen]) {
    let wanted = |address: &Address| sockets.iter().any(|one| one.address == *address);
    let found = given.directives.iter().filter(|one| is_shared(one)).zip(shared);
    for (number, (one, address)) in found.enumerate() {
        if address.as_ref().is_some_and(|address| !wanted(address)) {
            let message =
                format!("nothing is spoken there: no option names it (`http = ={number}`)");
            given.warning(one, rule::INVALID_VALUE, message);
            given.uwsgi("binds it, and nobody is answered");
        }
    }
}

/// What uWSGI's HTTP router does to requests.
pub(super) fn front(given: &mut Given<'_>, launch: &Launch) -> Front {
    let requests = launch.sockets.iter().zip(&launch.sources);
    let requests = requests.filter(|(one, _)| one.wire.is_request()).enumerate();
    let redirects = requests.filter(|(_, (_, (source, _)))| primary(source) == REDIRECT);
    let mut front = Front {
        redirects: redirects.map(|(number, _)| number as u32).collect(),
        host_name: given.flag("http-server-name-as-http-host"),
        variables: Vec::new(),
    };
    for one in given.directives.all("http-var") {
        match one.value.split_once('=') {
            Some((name, value)) if !name.is_empty() => {
                front.variables.push((name.to_owned(), value.to_owned()));
            }
            Some(_) | None => {
                given.error(one, format!("expected NAME=value, found {:?}", one.value));
            }
        }
    }
    front
}

/// `map-socket = NUMBER:WORKER,WORKER`. The sockets of `http` and `https` have no number in uWSGI,
/// as another process has them.
pub(super) fn crews(given: &mut Given<'_>, sockets: &[Listen], sources: &[String]) -> Vec<Crew> {
    let requests = sockets.iter().zip(sources).filter(|(one, _)| one.wire.is_request());
    let numbered: Vec<u32> = requests
        .enumerate()
        .filter(|(_, (_, source))| {
            !matches!(primary(source), "http" | "https" | "https2" | REDIRECT)
        })
        .map(|(number, _)| number as u32)
        .collect();
    let mut list: Vec<Crew> = Vec::new();
    for one in given.directives.all("map-socket") {
        let wrong =
            || format!("expected socket:worker,worker such as 0:1,2, found {:?}", one.value);
        let parsed = one.value.split_once(':').and_then(|(socket, workers)| {
            let workers = workers.split(',').map(|worker| worker.trim().parse().ok());
            Some((socket.trim().parse::<usize>().ok()?, workers.collect::<Option<Vec<u32>>>()?))
        });
        let Some((number, workers)) = parsed else {
            given.error(one, wrong());
            continue;
        };
        let Some(socket) = numbered.get(number) else {
            let count = numbered.len();
            given.error(one, format!("there is no socket {number}: {count} have a number, from 0"));
            continue;
        };
        match list.iter_mut().find(|crew| crew.socket == *socket) {
            Some(crew) => crew.workers.extend(workers),
            None => list.push(Crew { socket: *socket, workers }),
        }
    }
    list
}

/// `zerg` and `zerg-fallback`. The paths count from the directory of the start.
pub(super) fn zerg(given: &Given<'_>) -> Zerg {
    let all = given.directives.all("zerg").filter(|one| !one.value.is_empty());
    Zerg {
        servers: all.map(|one| given.directory.join(&one.value)).collect(),
        fallback: given.flag("zerg-fallback"),
    }
}

/// `zerg-server = path`, or `zerg-pool = path:address,address`: the socket that gives, and those
/// that are held for it.
pub(super) fn giving(given: &mut Given<'_>, one: &Directive) -> Vec<Listen> {
    let (path, pool) = match one.key.as_str() {
        "zergpool" => match one.value.split_once(':') {
            Some((path, pool)) if !path.is_empty() && !pool.is_empty() => (path, pool),
            _ => {
                let found = &one.value;
                given.error(one, format!("expected path:address,address, found {found:?}"));
                return Vec::new();
            }
        },
        _ => (one.value.as_str(), ""),
    };
    let mut list = Vec::new();
    let held = pool.split(',').filter(|text| !text.is_empty()).map(|text| (text, Wire::Pooled));
    for (text, wire) in std::iter::once((path, Wire::Zerg)).chain(held) {
        match address::parse(text.trim(), given.hosts) {
            Ok(Address::Tcp(_) | Address::Descriptor(_)) if wire == Wire::Zerg => {
                given.error(one, format!("expected the path of a UNIX socket, found {text:?}"));
            }
            Ok(address) => list.push(Listen::new(address, wire)),
            Err(message) => given.error(one, message),
        }
    }
    list
}

/// `http-to`: requests that go to a socket of this very server are what happens anyway.
pub(super) fn backends(given: &mut Given<'_>, sockets: &[Listen]) {
    for one in given.directives.all("http-to") {
        let found = address::parse(&one.value, given.hosts);
        if !found.is_ok_and(|wanted| sockets.iter().any(|own| is_reached(&own.address, &wanted))) {
            given.error(one, ELSEWHERE);
            given.uwsgi("passes requests to the server at this address");
        }
    }
}

/// Why another server's address is refused.
const ELSEWHERE: &str = "expected a socket of this server: requests are not passed to other \
                         servers; let a web server do that, or serve the application here";

/// Whether who connects to `wanted` reaches `own`.
fn is_reached(own: &Address, wanted: &Address) -> bool {
    match (own, wanted) {
        (Address::Tcp(own), Address::Tcp(wanted)) => {
            let local = wanted.ip().is_loopback() || wanted.ip().is_unspecified();
            own.port() == wanted.port()
                && (own.ip() == wanted.ip() || own.ip().is_unspecified() && local)
        }
        _ => own == wanted,
    }
}
