//! The bodies of the fuzz targets under seeded mutations: the small brother of `tests/run --fuzz`
//! for every machine.

use super::super::fuzzing;
use super::*;

/// Rounds per seed file.
const ROUNDS: usize = 60;

/// A small generator of noise, the same each time.
struct Noise(u64);

impl Noise {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }

    /// Inserts, removes, repeats or swaps a few pieces.
    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        const SIGNS: &[u8] = b"%()[]{}=\n: $@\0\xff\"'-+*/<>!&#;0_,x\t";
        for _ in 0..=self.below(12) {
            let at = self.below(bytes.len() + 1);
            let length = self.below(16).min(bytes.len() - at);
            match self.below(5) {
                0 => bytes.insert(at, SIGNS[self.below(SIGNS.len())]),
                1 => drop(bytes.drain(at..at + length)),
                2 => {
                    let piece = bytes[at..at + length].to_vec();
                    let to = self.below(bytes.len() + 1);
                    bytes.splice(to..to, piece);
                }
                3 if at < bytes.len() => bytes[at] = self.below(256) as u8,
                _ => {
                    let to = self.below(bytes.len() + 1);
                    let (low, high) = (at.min(to), at.max(to));
                    bytes[low..high].reverse();
                }
            }
        }
    }
}

/// The seeds of a target, from the directory that the fuzzer starts with.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/seeds").join(target);
    let entries = fs::read_dir(dir).expect("every target has seeds");
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let seeds: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
    assert!(!seeds.is_empty(), "{target} has no seeds");
    seeds
}

/// Runs a body with each seed and with what becomes of it.
fn run(target: &str, mut body: impl FnMut(&[u8])) {
    let mut noise = Noise(0x2545_f491_4f6c_dd1d);
    for seed in seeds(target) {
        body(&seed);
        for _ in 0..ROUNDS {
            let mut bytes = seed.clone();
            noise.mutate(&mut bytes);
            body(&bytes);
        }
    }
}

/// Files of one format.
fn run_files(extension: &str) {
    let place = Place::new(&[]);
    let (path, world) =
        (place.path(&format!("a.{extension}")), fuzzing::world(&place.world.directory));
    run(extension, |bytes| {
        fs::write(&path, bytes).unwrap();
        fuzzing::file(&path, &world);
    });
}

#[test]
fn ini_files() {
    run_files("ini");
}

#[test]
fn yaml_files() {
    run_files("yaml");
}

#[test]
fn json_files() {
    run_files("json");
}

#[test]
fn xml_files() {
    run_files("xml");
}

#[test]
fn placeholders() {
    let place = Place::new(&[]);
    let world = fuzzing::world(&place.world.directory);
    run("placeholder", |bytes| fuzzing::placeholder(&String::from_utf8_lossy(bytes), &world));
}

#[test]
fn calculations() {
    run("arithmetic", |bytes| fuzzing::calculation(&String::from_utf8_lossy(bytes)));
}

#[test]
fn blocks() {
    let place = Place::new(&[]);
    let (path, world) = (place.path("a.ini"), fuzzing::world(&place.world.directory));
    run("logic", |bytes| fuzzing::logic(bytes, &path, &world));
}

#[test]
fn command_lines() {
    let place = Place::new(&[("a.ini", "[uwsgi]\nprocesses = 2\n")]);
    let world = fuzzing::world(&place.world.directory);
    run("command_line", |bytes| fuzzing::command_line(bytes, &world));
}
