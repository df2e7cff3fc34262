//! Socket addresses in uWSGI's syntax: what has no colon is a path.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

use crate::settings::Address;

use super::Hosts;

/// An address for documentation, which stands for a host that is not looked up.
const SOMEWHERE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

/// Reads an address. Host names are looked up, once; an IPv4 address is preferred.
pub(in super::super) fn parse(text: &str, hosts: Hosts) -> Result<Address, String> {
    let wrong =
        || format!("expected host:port, :port, a path, @name or fd://number, found {text:?}");
    if let Some(number) = text.strip_prefix("fd://") {
        return number.parse().map(Address::Descriptor).map_err(|_| wrong());
    }
    if text.starts_with('=') {
        return Err(format!("a shared socket cannot be named here, found {text:?}"));
    }
    if let Some(name) = text.strip_prefix('@').or_else(|| text.strip_prefix("\\0")) {
        let fits = !name.is_empty() && name.len() <= 107;
        return if fits { Ok(Address::Abstract(name.to_owned())) } else { Err(wrong()) };
    }
    if text.is_empty() {
        return Err(wrong());
    }
    let Some((host, port)) = text.rsplit_once(':') else {
        return Ok(Address::Unix(PathBuf::from(text)));
    };
    if host.contains('/') {
        return Err(wrong());
    }
    // no port, like port 0, lets the kernel choose
    let port: u16 = match port {
        "" => 0,
        digits => digits.parse().map_err(|_| {
            format!("expected a port from 0 to 65535 behind the last colon, found {text:?}")
        })?,
    };
    tcp(host, port, hosts).map(Address::Tcp)
}

fn tcp(host: &str, port: u16, hosts: Hosts) -> Result<SocketAddr, String> {
    if host.is_empty() || host == "*" {
        return Ok((Ipv4Addr::UNSPECIFIED, port).into());
    }
    if let Some(inside) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let address: Ipv6Addr =
            inside.parse().map_err(|_| format!("expected an IPv6 address, found {host:?}"))?;
        return Ok((address, port).into());
    }
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        return Ok((address, port).into());
    }
    if host.contains('*') {
        return own(host, port, hosts);
    }
    if hosts == Hosts::Assumed {
        let here = if host == "localhost" { Ipv4Addr::LOCALHOST } else { SOMEWHERE };
        return Ok((here, port).into());
    }
    let found: Vec<SocketAddr> = (host, port)
        .to_socket_addrs()
        .map_err(|error| format!("host {host:?} cannot be resolved: {error}"))?
        .collect();
    found
        .iter()
        .find(|address| address.is_ipv4())
        .or(found.first())
        .copied()
        .ok_or_else(|| format!("host {host:?} has no address"))
}

/// The first address of this machine that a pattern such as `192.168.*` matches.
fn own(pattern: &str, port: u16, hosts: Hosts) -> Result<SocketAddr, String> {
    if hosts == Hosts::Assumed {
        return Ok((SOMEWHERE, port).into());
    }
    let all = nix::ifaddrs::getifaddrs()
        .map_err(|error| format!("the addresses of this machine cannot be listed: {error}"))?;
    all.filter_map(|one| Some(one.address?.as_sockaddr_in()?.ip()))
        .find(|address| matches(pattern, &address.to_string()))
        .map(|address| (address, port).into())
        .ok_or_else(|| format!("no address of this machine matches {pattern:?}"))
}

/// Whether a text is what a pattern with `*` for any characters says.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Address, String> {
        super::parse(text, Hosts::LookedUp)
    }

    #[test]
    fn a_check_looks_no_host_up() {
        let found = super::parse("no-such-host.invalid:80", Hosts::Assumed);
        assert_eq!(found, Ok(Address::Tcp("192.0.2.1:80".parse().unwrap())));
        let found = super::parse("localhost:80", Hosts::Assumed);
        assert_eq!(found, Ok(Address::Tcp("127.0.0.1:80".parse().unwrap())));
    }

    #[test]
    fn the_forms_of_addresses() {
        let tcp = |text: &str| Ok(Address::Tcp(text.parse().unwrap()));
        assert_eq!(parse(":9090"), tcp("0.0.0.0:9090"));
        assert_eq!(parse("*:80"), tcp("0.0.0.0:80"));
        assert_eq!(parse("127.0.0.1:0"), tcp("127.0.0.1:0"));
        assert_eq!(parse("127.0.0.1:"), tcp("127.0.0.1:0"));
        assert_eq!(parse("[::1]:80"), tcp("[::1]:80"));
        assert_eq!(parse("localhost:80"), tcp("127.0.0.1:80"));
        assert_eq!(parse("/run/a.sock"), Ok(Address::Unix("/run/a.sock".into())));
        assert_eq!(parse("a.sock"), Ok(Address::Unix("a.sock".into())));
        assert_eq!(parse("@name"), Ok(Address::Abstract("name".into())));
        assert_eq!(parse("\\0name"), Ok(Address::Abstract("name".into())));
        assert_eq!(parse("fd://3"), Ok(Address::Descriptor(3)));
    }

    #[test]
    fn patterns_are_matched_with_the_addresses_of_this_machine() {
        assert_eq!(parse("127.0.*:80"), Ok(Address::Tcp("127.0.0.1:80".parse().unwrap())));
        let refused = parse("203.0.113.*:80").unwrap_err();
        assert!(refused.contains("no address of this machine"), "{refused}");
        for (pattern, text, matched) in [
            ("10.*", "10.1.2.3", true),
            ("10.*.3", "10.1.2.3", true),
            ("10.*.2.*", "10.1.2.3", true),
            ("*.3", "10.1.2.3", true),
            ("10.*", "110.1.2.3", false),
            ("10.*.4", "10.1.2.3", false),
            ("10.*.3.*", "10.1.2.3", false),
        ] {
            assert_eq!(matches(pattern, text), matched, "{pattern}");
        }
    }

    #[test]
    fn what_is_no_address_is_an_error() {
        for text in ["", "@", ":99999", ":http", "fd://x", "=0", "[::1:80", "/a:b"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
