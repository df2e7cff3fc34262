//! Sockets: who can reach them, and which get in each other's way.

use std::net::SocketAddr;

use crate::finding::Severity;
use crate::rule;
use crate::settings::{Address, Settings, Wire};

use super::super::directive::Directive;
use super::super::settings::{Hosts, parse};
use super::Whole;

/// The options that make a listening socket, as far as they are built.
const OPTIONS: [&str; 5] = ["socket", "http", "http-socket", "http11-socket", "stats"];

/// Looks at the sockets.
pub(super) fn look(whole: &mut Whole<'_>, settings: Option<&Settings>) {
    let mut list: Vec<(&Directive, Address)> = Vec::new();
    for one in whole.reading.directives.iter() {
        let counts =
            one.key != "stats" || whole.last("stats").is_some_and(|last| std::ptr::eq(last, one));
        if OPTIONS.contains(&one.key.as_str())
            && counts
            && let Ok(address) = parse(&one.value, Hosts::Assumed)
        {
            list.push((one, address));
        }
    }
    for (one, address) in &list {
        open(whole, settings, one, address);
    }
    if settings.is_some() {
        for (at, (one, address)) in list.iter().enumerate() {
            if let Some((other, before)) =
                list[..at].iter().find(|(_, before)| overlap(before, address))
            {
                again(whole, one, other, before == address);
            }
        }
    }
}

/// A socket that every machine of the network reaches.
fn open(whole: &mut Whole<'_>, settings: Option<&Settings>, one: &Directive, address: &Address) {
    let Address::Tcp(tcp) = address else { return };
    if !tcp.ip().is_unspecified() {
        return;
    }
    let spoken = |settings: &Settings| {
        let same = settings.launch.sockets.iter().find(|listen| listen.address == *address);
        same.map(|listen| listen.wire)
    };
    let port = tcp.port();
    if one.key == "stats" {
        let message = format!(
            "everybody who reaches this machine can read the statistics; write 127.0.0.1:{port}"
        );
        whole.warn(one, rule::OPEN_STATISTICS, message);
        whole.uwsgi("shows them the variables of running requests too");
    } else if one.key == "socket"
        && settings.and_then(spoken).is_none_or(|wire| wire == Wire::Uwsgi)
    {
        let message = format!(
            "a uwsgi socket on every address of this machine: whoever reaches it sets any \
             variable of a request; write 127.0.0.1:{port}, or let only the web server reach it"
        );
        whole.warn(one, rule::OPEN_SOCKET, message);
        whole.uwsgi("also loads and runs the file that such a request names (UWSGI_FILE)");
    }
}

/// Whether two sockets cannot be bound both.
fn overlap(one: &Address, other: &Address) -> bool {
    let any = |tcp: &SocketAddr| tcp.ip().is_unspecified();
    match (one, other) {
        (Address::Tcp(one), Address::Tcp(other)) => {
            one.port() != 0
                && one.port() == other.port()
                && one.is_ipv4() == other.is_ipv4()
                && (one.ip() == other.ip() || any(one) || any(other))
        }
        (one, other) => one == other,
    }
}

fn again(whole: &mut Whole<'_>, one: &Directive, other: &Directive, equal: bool) {
    let plain =
        |one: &Directive| matches!(one.key.as_str(), "socket" | "http-socket" | "http11-socket");
    let before = &other.given;
    if equal && one.key == other.key {
        let message = format!("the same address as {before} ({}): bound once", other.origin);
        whole.warn(one, rule::ADDRESS_TWICE, message);
        whole.uwsgi("binds it once and says nothing");
        return;
    }
    let message =
        format!("{before} ({}) has this port already: both cannot be bound", other.origin);
    whole.warn(one, rule::ADDRESS_TWICE, message);
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
        one("socket = [::]:8000\n", rule::OPEN_SOCKET);
        one("http-socket = :80\nstats = :1717\n", rule::OPEN_STATISTICS);
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
