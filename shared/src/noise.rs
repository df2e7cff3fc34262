//! Seeded mutations for tests: the bodies of the fuzz targets run with them on every machine, as
//! the small brother of `tests/run --fuzz`. (Built for tests only; `vassal` includes this file.)

use std::path::Path;

/// A small generator of noise, the same each time.
struct Noise(u64);

impl Noise {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }

    /// Inserts (of `signs`), removes, repeats, changes, reverses or cuts a few pieces.
    fn mutate(&mut self, bytes: &mut Vec<u8>, signs: &[u8]) {
        for _ in 0..=self.below(10) {
            let at = self.below(bytes.len() + 1);
            let length = self.below(16).min(bytes.len() - at);
            match self.below(8) {
                0 | 1 => bytes.insert(at, signs[self.below(signs.len())]),
                2 => drop(bytes.drain(at..at + length)),
                3 => {
                    let piece = bytes[at..at + length].to_vec();
                    let to = self.below(bytes.len() + 1);
                    bytes.splice(to..to, piece);
                }
                4 if at < bytes.len() => bytes[at] = self.below(256) as u8,
                5 if at < bytes.len() => bytes[at] = bytes[at].wrapping_add(1),
                6 => bytes.truncate(at.max(bytes.len() / 2)),
                _ => {
                    let to = self.below(bytes.len() + 1);
                    let (low, high) = (at.min(to), at.max(to));
                    bytes[low..high].reverse();
                }
            }
        }
    }
}

/// Runs a body with each seed of a fuzz target, and with `rounds` of what becomes of each.
pub(crate) fn run(target: &str, rounds: usize, signs: &[u8], mut body: impl FnMut(&[u8])) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/seeds").join(target);
    let entries = std::fs::read_dir(dir).expect("every target has seeds");
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{target} has no seeds");
    let mut noise = Noise(0x2545_f491_4f6c_dd1d);
    for path in paths {
        let seed = std::fs::read(path).expect("a seed can be read");
        body(&seed);
        for _ in 0..rounds {
            let mut bytes = seed.clone();
            noise.mutate(&mut bytes, signs);
            body(&bytes);
        }
    }
}
