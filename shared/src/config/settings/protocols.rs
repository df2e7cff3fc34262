//! How requests are read: how long clients may take, and who stands between them and us.

use std::time::Duration;

use crate::finding::Origin;
use crate::settings::{Address, Launch, Listen, Protocols, Wire};

use super::serve::seconds;
use super::{Given, primary};

/// What a client of uWSGI's router may take when nothing is said.
const ROUTER: Duration = Duration::from_mins(1);

/// Reads this part.
pub(super) fn read(given: &mut Given<'_>, launch: &Launch) -> Protocols {
    let router = ["http", "https", "https2"].iter().any(|name| given.last(name).is_some());
    Protocols {
        http_timeout: seconds(given, "http-timeout")
            .filter(|limit| !limit.is_zero())
            .or(router.then_some(ROUTER)),
        http_headers_timeout: seconds(given, "http-headers-timeout")
            .filter(|limit| !limit.is_zero()),
        proxied: proxied(given, launch),
    }
}

/// The sockets whose clients are announced by a proxy.
fn proxied(given: &Given<'_>, launch: &Launch) -> Vec<Address> {
    let [http, workers] =
        ["http-enable-proxy-protocol", "enable-proxy-protocol"].map(|name| given.flag(name));
    let asked = |(listen, (source, _)): &(&Listen, &(String, Origin))| {
        let front = matches!(primary(source), "http" | "https" | "https2" | "http-to-https");
        listen.wire == Wire::Http && if front { http } else { workers }
    };
    let sockets = launch.sockets.iter().zip(&launch.sources).filter(asked);
    sockets.map(|(listen, _)| listen.address.clone()).collect()
}
