//! The bodies of the fuzz targets under seeded mutations: the small brother of `tests/run --fuzz`
//! for every machine.

use super::super::fuzzing;
use super::*;

/// Rounds per seed file.
const ROUNDS: usize = 60;

/// What a configuration's syntax is made of.
const SIGNS: &[u8] = b"%()[]{}=\n: $@\0\xff\"'-+*/<>!&#;0_,x\t";

/// Runs a body with each seed and with what becomes of it.
fn run(target: &str, body: impl FnMut(&[u8])) {
    crate::noise::run(target, ROUNDS, SIGNS, body);
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
