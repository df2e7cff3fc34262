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
        return Err(format!("shared sockets are not supported yet, found {text:?}"));
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
        return Err(format!("address patterns are not supported yet, found {host:?}"));
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
    fn what_is_no_address_is_an_error() {
        for text in ["", "@", ":99999", ":http", "fd://x", "=0", "[::1:80", "192.168.*:80", "/a:b"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
