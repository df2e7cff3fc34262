//! The sites of all frameworks behind nginx, Apache and HAProxy, through each protocol that these
//! speak to servers behind them.

use tests::front::{Behind, Front};
use tests::http;
use tests::{Dir, Subject, subject};

use crate::frameworks::{FRAMEWORKS, Sites, visit};

/// A visit of each site through each port of a web server.
fn behind(name: &str, start: fn(&Dir, Behind) -> Option<Front>) {
    let Some(sites) = Sites::mounted() else { return };
    let Some(front) = start(&sites.dir, sites.behind) else { return sites.stop() };
    for (wire, address) in &front.ports {
        // the original gets no path over FastCGI and SCGI, and closes what Apache wants kept
        let right = matches!(*wire, "http" | "uwsgi") && name != "Apache";
        if subject() == Subject::Uwsgi && !right {
            continue;
        }
        for site in FRAMEWORKS {
            let who = format!("{site} behind {name} over {wire}");
            visit(&who, &format!("/{site}"), &|method, uri, fields, body| {
                let lines: Vec<String> =
                    fields.iter().map(|(name, value)| format!("{name}: {value}")).collect();
                let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
                http::ask(*address, method, uri, &lines, body)
                    .unwrap_or_else(|error| panic!("{who}: {method} {uri}: {error}"))
            });
        }
    }
    front.server.kill();
    sites.stop();
}

#[test]
fn behind_nginx() {
    behind("nginx", Front::nginx);
}

#[test]
fn behind_apache() {
    behind("Apache", Front::apache);
}

#[test]
fn behind_haproxy() {
    behind("HAProxy", Front::haproxy);
}
