//! How requests are read: how long clients may take, and who stands between them and us.

use std::time::Duration;

use crate::settings::{Address, Protocols};

use super::serve::seconds;
use super::{Given, address};

/// What a client of uWSGI's router may take when nothing is said.
const ROUTER: Duration = Duration::from_mins(1);

/// Reads this part.
pub(super) fn read(given: &mut Given<'_>) -> Protocols {
    let router = ["http", "https", "https2"].iter().any(|name| given.last(name).is_some());
    Protocols {
        http_timeout: seconds(given, "http-timeout")
            .filter(|limit| !limit.is_zero())
            .or(router.then_some(ROUTER)),
        http_headers_timeout: seconds(given, "http-headers-timeout")
            .filter(|limit| !limit.is_zero()),
        proxied: proxied(given),
    }
}

/// The sockets whose clients are announced by a proxy.
fn proxied(given: &Given<'_>) -> Vec<Address> {
    let names = given.flag("abstract-socket");
    let mut list = Vec::new();
    for one in given.directives.iter() {
        let asked = match one.key.as_str() {
            "http" => given.flag("http-enable-proxy-protocol"),
            "http-socket" | "http11-socket" => given.flag("enable-proxy-protocol"),
            _ => false,
        };
        match address::parse(&one.value, given.hosts) {
            Ok(Address::Unix(path)) if asked && names => {
                list.push(Address::Abstract(path.to_string_lossy().into_owned()));
            }
            Ok(address) if asked => list.push(address),
            _ => {}
        }
    }
    list
}
