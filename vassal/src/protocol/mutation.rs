//! The bodies of the fuzz targets under seeded mutations: the small brother of `tests/run --fuzz`
//! for every machine.

use super::fuzzing;

/// The one generator of mutations that there is.
#[path = "../../../shared/src/noise.rs"]
mod noise;

/// Rounds per seed file.
const ROUNDS: usize = 1000;

/// What heads and records are made of.
const SIGNS: &[u8] = b"\r\n\0 \t:;,=/?%_-+019afAFxX\x01\x04\x05\x7f\x80\xff";

fn run(target: &str, body: fn(&[u8])) {
    noise::run(target, ROUNDS, SIGNS, body);
}

#[test]
fn http_heads() {
    run("http", fuzzing::http);
}

#[test]
fn chunked_bodies() {
    run("chunked", fuzzing::chunked);
}

#[test]
fn uwsgi_packets() {
    run("uwsgi", fuzzing::uwsgi);
}

#[test]
fn fastcgi_records() {
    run("fastcgi", fuzzing::fastcgi);
}

#[test]
fn scgi_heads() {
    run("scgi", fuzzing::scgi);
}

#[test]
fn proxy_headers() {
    run("proxy", fuzzing::proxy);
}
