//! Sockets: who can reach them, and which get in each other's way.

use std::collections::HashMap;

use crate::finding::Severity;
use crate::rule;
use crate::settings::{Address, Settings};

use super::super::directive::Directive;
use super::super::settings::{Hosts, address_part, parse};
use super::Whole;

/// The options that make a listening socket, as far as they are built.
const OPTIONS: [&str; 15] = [
    "socket",
    "http",
    "http-socket",
    "http11-socket",
    "fastcgi-socket",
    "fastcgi-nph-socket",
    "scgi-socket",
    "scgi-nph-socket",
    "http-to-https",
    "https",
    "https2",
    "https-socket",
    "suwsgi-socket",
    "stats",
    "emperor-stats",
];

/// Looks at the sockets.
pub(super) fn look(whole: &mut Whole<'_>, settings: Option<&Settings>) {
    let plain = whole.last("protocol").map_or("uwsgi", |one| one.value.as_str());
    let mut places = Places::default();
    for one in whole.reading.directives.iter() {
        let counts =
            one.key != "stats" || whole.last("stats").is_some_and(|last| std::ptr::eq(last, one));
        if !OPTIONS.contains(&one.key.as_str()) || !counts {
            continue;
        }
        let Ok(address) = parse(address_part(one), Hosts::Assumed) else { continue };
        unknown(whole, one, &address);
        open(whole, plain, one, &address);
        if let Some((other, equal)) = places.take(one, address).filter(|_| settings.is_some()) {
            again(whole, one, other, equal);
        }
    }
}

/// Who has an address, and which TCP ports are taken on one or on all addresses.
#[derive(Default)]
struct Places<'a> {
    exact: HashMap<Address, &'a Directive>,
    some: HashMap<(u16, bool), &'a Directive>,
    all: HashMap<(u16, bool), &'a Directive>,
}

impl<'a> Places<'a> {
    /// Takes a place; what had it before, and whether that is the very same address.
    fn take(&mut self, one: &'a Directive, address: Address) -> Option<(&'a Directive, bool)> {
        let port = match &address {
            // the kernel chooses one each time
            Address::Tcp(tcp) if tcp.port() == 0 => return None,
            Address::Tcp(tcp) => Some(((tcp.port(), tcp.is_ipv4()), tcp.ip().is_unspecified())),
            Address::Unix(_) | Address::Abstract(_) | Address::Descriptor(_) => None,
        };
        if let Some(other) = self.exact.get(&address) {
            return Some((other, true));
        }
        self.exact.insert(address, one);
        let (port, any) = port?;
        let other = if any { self.some.get(&port) } else { self.all.get(&port) };
        let other = other.copied();
        if any {
            self.all.insert(port, one);
        } else {
            self.some.entry(port).or_insert(one);
        }
        other.map(|other| (other, false))
    }
}

/// A host by a name that a check does not look up.
fn unknown(whole: &mut Whole<'_>, one: &Directive, address: &Address) {
    let host = address_part(one).rsplit_once(':').map_or("", |(host, _)| host);
    let named = matches!(address, Address::Tcp(_)) && host.bytes().any(|c| c.is_ascii_alphabetic());
    if named && !host.starts_with('[') && host != "localhost" {
        let message = "a check does not look the host up: whether it is one of this machine's \
                       names is not known";
        whole.note(one, rule::UNKNOWN_HOST, message);
    }
}

/// A socket that every machine of the network reaches.
fn open(whole: &mut Whole<'_>, plain: &str, one: &Directive, address: &Address) {
    let Address::Tcp(tcp) = address else { return };
    let port = tcp.port();
    if !tcp.ip().is_unspecified() {
        return;
    }
    if matches!(one.key.as_str(), "stats" | "emperor-stats") {
        let message = format!(
            "everybody who reaches this machine can read the statistics; write 127.0.0.1:{port}"
        );
        whole.warn(one, rule::OPEN_STATISTICS, message);
        whole.uwsgi(if one.key == "stats" {
            "answers everybody too, with the variables of running requests"
        } else {
            "answers everybody too"
        });
        return;
    }
    let spoken = match one.key.as_str() {
        "socket" => plain,
        key => key.trim_end_matches("-socket"),
    };
    let name = match spoken.trim_end_matches("-nph") {
        "uwsgi" => "uwsgi",
        "fastcgi" => "FastCGI",
        "scgi" => "SCGI",
        _ => return,
    };
    let message = format!(
        "a {name} socket on every address of this machine: whoever reaches it sets any variable \
         of a request; write 127.0.0.1:{port}, or let only the web server reach it"
    );
    whole.warn(one, rule::OPEN_SOCKET, message);
    if name == "uwsgi" {
        whole.uwsgi("also loads and runs the file that such a request names (UWSGI_FILE)");
    }
}

fn again(whole: &mut Whole<'_>, one: &Directive, other: &Directive, equal: bool) {
    let plain = |one: &Directive| one.key.ends_with("socket");
    let before = &other.given;
    if equal && one.key == other.key {
        let message = format!("the same address as {before} ({}): bound once", other.origin);
        whole.warn_plainly(one, rule::ADDRESS_TWICE, message);
        whole.uwsgi("binds it once and says nothing");
        return;
    }
    let message =
        format!("{before} ({}) has this port already: both cannot be bound", other.origin);
    whole.warn_plainly(one, rule::ADDRESS_TWICE, message);
    if let Some(finding) = whole.findings.last_mut() {
        finding.severity = Severity::Error;
    }
    whole.uwsgi(if equal && plain(one) && plain(other) {
        format!("binds {before} only and says nothing: the other protocol is not spoken")
    } else {
        "exits with 1: Address already in use".to_owned()
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::{none, one};

    #[test]
    fn sockets_that_everybody_reaches() {
        let found = one("socket = :8000\n", rule::OPEN_SOCKET);
        assert!(found.message.contains("127.0.0.1:8000") && found.uwsgi.is_some());
        one("socket = 0.0.0.0:8000\n", rule::OPEN_SOCKET);
        one("socket = :8000\nprotocol = scgi\n", rule::OPEN_SOCKET);
        let found = one("fastcgi-nph-socket = :8000\n", rule::OPEN_SOCKET);
        assert!(found.message.contains("FastCGI") && found.uwsgi.is_none());
        one("socket = [::]:8000\n", rule::OPEN_SOCKET);
        one("http-socket = :80\nstats = :1717\n", rule::OPEN_STATISTICS);
        one("emperor = sites\nemperor-stats = 0.0.0.0:5001\n", rule::OPEN_STATISTICS);
        one("http-socket = shop.example.org:80\n", rule::UNKNOWN_HOST);
        none("socket = :8000\nprotocol = http\n");
        none("socket = 127.0.0.1:8000\nhttp = :8001\nstats = /run/s.sock\n");
    }

    #[test]
    fn sockets_in_each_others_way() {
        let found = one("socket = 127.0.0.1:80\nsocket = localhost:80\n", rule::ADDRESS_TWICE);
        assert!(!found.is_error());
        let found = one("http-socket = :80\nhttp = 127.0.0.1:80\n", rule::ADDRESS_TWICE);
        assert!(found.is_error() && found.uwsgi.unwrap().contains("already in use"));
        let found = one("socket = a.sock\nhttp-socket = a.sock\n", rule::ADDRESS_TWICE);
        assert!(found.is_error() && found.uwsgi.unwrap().contains("says nothing"));
        none(
            "http-socket = 127.0.0.1:0\nhttp-socket = 127.0.0.1:0\nhttp = [::1]:80\nsocket = 127.0.0.1:80\n",
        );
    }
}
