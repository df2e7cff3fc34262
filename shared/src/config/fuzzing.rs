//! What fuzz targets and seeded mutation tests do with their input: one body for both, so that a
//! crash found by one is a test of the other.
//!
//! Each body reads as a server would and then holds what came of it against the promises of the
//! reader: it ends, it does not panic, what it says and keeps is bounded. Not part of the product.

use std::convert::Infallible;
use std::ffi::OsString;
use std::fmt::Write;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::time::Duration;

use super::{
    Reading, Schemes, VassalSource, World, arithmetic, read_command_line, read_vassal, settings,
};
use crate::finding::Origin;

/// All findings of a configuration: a hundred of each severity, and what sums up the rest.
const FINDINGS_MAX: usize = 310;
/// One finding, bytes: a screen of text.
const FINDING_MAX: usize = 4096;
/// All values of a configuration, bytes: what came in, and what expansion made of it.
const VALUES_MAX: usize = 20 * 1024 * 1024;

/// A world that is the same everywhere, in which a directory is the start.
pub fn world(directory: &Path) -> World {
    let mut world = World::of_this_process().expect("a process has a user and a directory");
    world.environment =
        vec![("HOME".into(), "/home/alice".into()), ("UWSGI_THREADS".into(), "2".into())];
    directory.clone_into(&mut world.directory);
    world.host = "host".into();
    world.cpus = 2;
    world.user = (1000, "alice".into());
    world.group = (100, "users".into());
    world.now = Duration::from_secs(1_000_000_000);
    world.version = "1.2.3".into();
    world.binary = "/usr/bin/vassal".into();
    // noise must not run programs
    world.schemes = Schemes::Off;
    world
}

/// A file as the one of a vassal; its extension chooses the format.
pub fn file(path: &Path, world: &World) {
    let sets = ["processes=2".to_owned()];
    let source = VassalSource {
        file: path,
        version: None,
        sets: &sets,
        before: &[],
        after: &[],
        options: &[],
    };
    settle(read_vassal(&source, world));
}

/// A command line: arguments are separated by newlines. No argument can hold a NUL byte.
pub fn command_line(bytes: &[u8], world: &World) {
    let args: Vec<OsString> = bytes
        .split(|byte| matches!(byte, b'\n' | 0))
        .map(|word| OsString::from_vec(word.to_vec()))
        .collect();
    settle(read_command_line(&args, world));
}

/// A value with placeholders, among values that it can name.
pub fn placeholder(text: &str, world: &World) {
    let text = text.replace('\0', "");
    let args = ["a=1", "b=%(a)2", "c=%(x)", "empty="].map(|set| format!("--set={set}"));
    let args = args.into_iter().chain([format!("--set=x={text}"), "--set=y=%(x)%(x)".to_owned()]);
    let args: Vec<OsString> = args.map(OsString::from).collect();
    settle(read_command_line(&args, world));
}

/// The words between the parentheses of a calculation.
pub fn calculation(text: &str) {
    let value = arithmetic::evaluate::<Infallible>(text, |word| {
        Ok(match word {
            "a" => Some("8".to_owned()),
            "b" => Some("-9223372036854775808".to_owned()),
            "c" => Some("x1".to_owned()),
            _ => None,
        })
    });
    let length = value.unwrap_or_default().map_or(0, |value| value.len());
    assert!(length <= 20 * (text.len() + 1), "{length} bytes");
}

/// Lines of blocks: each byte chooses a line, what follows up to the next newline its value.
pub fn logic(bytes: &[u8], path: &Path, world: &World) {
    const KEYS: [&str; 24] = [
        "for",
        "for-times",
        "for-glob",
        "for-readline",
        "if-env",
        "if-not-env",
        "if-opt",
        "if-not-opt",
        "if-exists",
        "if-file",
        "if-dir",
        "if-hostname",
        "if-hostname-match",
        "if-plugin",
        "if-reload",
        "endif",
        "end-for",
        "end",
        "processes",
        "env",
        "blacklist",
        "end-blacklist",
        "set",
        "x",
    ];
    let mut text = String::from("[uwsgi]\n");
    for line in bytes.split(|byte| *byte == b'\n') {
        let Some((first, rest)) = line.split_first() else { continue };
        let key = KEYS[usize::from(*first) % KEYS.len()];
        writeln!(text, "{key} = {}", String::from_utf8_lossy(rest)).expect("a string takes text");
    }
    std::fs::write(path, text).expect("the file of a target can be written");
    file(path, world);
}

/// Goes on to settings and holds the result against the promises.
fn settle(mut reading: Reading) {
    let made = settings(&mut reading, "fuzz.ini");
    assert!(reading.findings.len() <= FINDINGS_MAX, "{} findings", reading.findings.len());
    for finding in &reading.findings {
        let text = finding.to_string();
        assert!(text.len() <= FINDING_MAX, "a finding of {} bytes", text.len());
        if let Some(Origin::File { line, column, .. }) = finding.origin {
            assert!(line > 0 && column > 0, "{text}");
        }
    }
    let kept: usize = reading.directives.iter().map(|one| one.key.len() + one.value.len()).sum();
    assert!(kept <= VALUES_MAX, "{kept} bytes of values");
    assert!(made.serve.processes > 0 && made.serve.threads > 0, "nobody serves");
    assert!(!reading.directives.iter().any(|one| one.value.contains('\0')), "a NUL in a value");
}
