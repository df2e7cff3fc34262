//! The bodies of the fuzz targets under seeded mutations: the small brother of `tests/run --fuzz`
//! for every machine.

use std::path::Path;

use super::fuzzing;

/// Rounds per seed file.
const ROUNDS: usize = 1000;

/// A small generator of noise, the same each time.
struct Noise(u64);

impl Noise {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }

    /// Inserts, removes, repeats or changes a few pieces.
    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        const SIGNS: &[u8] = b"\r\n\0 \t:;,=/?%_-+019afAFxX\x01\x04\x05\x7f\x80\xff";
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len() + 1);
            let length = self.below(16).min(bytes.len() - at);
            match self.below(6) {
                0 => bytes.insert(at, SIGNS[self.below(SIGNS.len())]),
                1 => drop(bytes.drain(at..at + length)),
                2 => {
                    let piece = bytes[at..at + length].to_vec();
                    let to = self.below(bytes.len() + 1);
                    bytes.splice(to..to, piece);
                }
                3 if at < bytes.len() => bytes[at] = self.below(256) as u8,
                4 if at < bytes.len() => bytes[at] = bytes[at].wrapping_add(1),
                _ => bytes.truncate(at.max(bytes.len() / 2)),
            }
        }
    }
}

/// Runs a body with each seed, from the directory that the fuzzer starts with, and with what
/// becomes of it.
fn run(target: &str, body: fn(&[u8])) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/seeds").join(target);
    let entries = std::fs::read_dir(dir).expect("every target has seeds");
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{target} has no seeds");
    let mut noise = Noise(0x2545_f491_4f6c_dd1d);
    for path in paths {
        let seed = std::fs::read(path).unwrap();
        body(&seed);
        for _ in 0..ROUNDS {
            let mut bytes = seed.clone();
            noise.mutate(&mut bytes);
            body(&bytes);
        }
    }
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
