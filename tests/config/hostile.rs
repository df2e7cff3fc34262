//! Files that mean harm, or are none: each has its own clear error, costs little and never
//! panics. The same files are given to an Emperor by the module beside this one.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use nix::sys::stat::Mode;
use tests::programs::note;
use tests::server::{Done, End, SOON};
use tests::{Dir, Run, Subject, only, programs};

use crate::bad::{Bad, files, fill, helpers};

/// What any file may take of the processor: 100 ms are promised of the reader, and the program
/// around it starts, plans and ends.
const TIME_MAX: Duration = Duration::from_millis(250);
/// How much slower a build without optimisation is.
const UNOPTIMISED: u32 = 25;
/// What any file may need, program and debug build included; 64 MiB are promised of the reader.
const PEAK_MAX_KIB: u64 = 96 * 1024;

/// The limit of the build under test.
fn time_max() -> Duration {
    let debug = programs::build().ends_with("debug");
    if debug { TIME_MAX * UNOPTIMISED } else { TIME_MAX }
}

/// Ours looks at a file as a command line names it.
fn looked_at(dir: &Dir, file: &str) -> Done {
    let run = Run::bare(dir, Subject::Ours);
    let option = if Path::new(file).extension().is_some_and(|kind| kind == "ini") {
        "--ini"
    } else {
        "--config"
    };
    let done = run.args(["--plan", "--socket", "x.sock", option, file]).measured(SOON);
    assert!(!done.log.contains("panicked"), "{file}: {}", done.log);
    done
}

#[test]
fn every_bad_file_has_its_own_clear_error() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    helpers(dir.path());
    let mut worst = (Duration::ZERO, "", 0, "");
    let mut wrong = Vec::new();
    for Bad { name, bytes, says, refused } in files() {
        dir.write(name, bytes);
        let done = looked_at(&dir, name);
        let head: String = done.log.chars().take(800).collect();
        let mut expect = |holds: bool, what: String| {
            if !holds {
                wrong.push(format!("{name}: {what}; said: {head}"));
            }
        };
        expect(done.end == End::Code(i32::from(refused)), format!("{:?}", done.end));
        for text in says {
            expect(done.log.contains(text), format!("no {text:?}"));
        }
        // what is said fits on a screen or two, whatever the file holds
        expect(done.log.len() < 64 * 1024, format!("{} bytes", done.log.len()));
        expect(!done.log.contains("panicked"), "a panic".into());
        expect(done.cpu < time_max(), format!("{:?}", done.cpu));
        expect(done.peak_kib < PEAK_MAX_KIB, format!("{} KiB", done.peak_kib));
        if done.cpu > worst.0 {
            (worst.0, worst.1) = (done.cpu, name);
        }
        if done.peak_kib > worst.2 {
            (worst.2, worst.3) = (done.peak_kib, name);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    note(&format!("slowest file: {:?} {}; largest: {} KiB {}", worst.0, worst.1, worst.2, worst.3));
}

#[test]
fn what_is_no_file_is_named_for_what_it_is() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    dir.mkdir("folder.ini");
    nix::unistd::mkfifo(&dir.join("pipe.ini"), Mode::S_IRWXU).unwrap();
    symlink("nowhere", dir.join("dangling.ini")).unwrap();
    symlink("round.ini", dir.join("round.ini")).unwrap();
    symlink("/dev/zero", dir.join("zero.ini")).unwrap();
    let listener = std::os::unix::net::UnixListener::bind(dir.join("socket.ini")).unwrap();
    let mut wrong = Vec::new();
    for (name, says) in [
        ("folder.ini", "directory"),
        ("pipe.ini", "FIFO"),
        ("dangling.ini", "link"),
        ("round.ini", "symbolic links"),
        ("zero.ini", "device"),
        ("socket.ini", "socket"),
        ("none.ini", "No such file"),
    ] {
        let done = looked_at(&dir, name);
        let text = done.log.replace(name, "");
        if done.end != End::Code(1) || !text.contains(says) {
            wrong.push(format!("{name}: no {says:?} in {}", done.log));
        }
        assert!(done.cpu < time_max() && done.peak_kib < PEAK_MAX_KIB, "{name}: {done:?}");
        // and the same as an include
        dir.write("main.ini", format!("[uwsgi]\ninclude = {name}\n"));
        let done = looked_at(&dir, "main.ini");
        let text = done.log.replace(name, "");
        let said = text.contains("main.ini:2: include") && text.contains(says);
        if done.end != End::Code(1) || !said {
            wrong.push(format!("{name} as an include: no {says:?} in {}", done.log));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    drop(listener);
}

#[test]
fn files_that_name_each_other_twice_end_soon() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let comment = ";\n".repeat(20_000);
    for number in 0..16 {
        let next = format!("include = %dd{}.ini\n", number + 1).repeat(2);
        dir.write(format!("d{number}.ini"), format!("[uwsgi]\n{next}{comment}"));
    }
    dir.write("d16.ini", "[uwsgi]\nx = 1\n");
    let done = looked_at(&dir, "d0.ini");
    assert_eq!(done.end, End::Code(1), "{}", done.log);
    assert!(done.log.len() < 64 * 1024 && done.peak_kib < PEAK_MAX_KIB, "{done:?}");
    // this is 128 MiB of text to whoever reads all of it
    assert!(done.cpu < time_max() * 4, "{:?}", done.cpu);
}

#[test]
fn magic_variables_in_a_deep_directory_do_not_multiply_a_file() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let deep = format!("{}/deep.ini", vec!["d".repeat(200); 14].join("/"));
    dir.write(&deep, fill("[uwsgi]\n;", "%p", "\n"));
    let done = looked_at(&dir, &deep);
    assert_eq!(done.end, End::Code(1), "{}", done.log);
    // its own error, not the launcher's that gives the reader up
    assert!(done.log.contains("deep.ini") && done.log.contains("magic"), "{}", done.log);
    assert!(done.cpu < time_max() && done.peak_kib < PEAK_MAX_KIB, "{:?}", done.cpu);
}

#[test]
fn a_finding_is_short_however_long_a_value_is() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let long = "a b".repeat(300_000);
    for key in ["uid", "processes", "chmod-socket", "strict", "master", "protocol", "include"] {
        dir.write("long.ini", format!("[uwsgi]\n{key} = {long}\n"));
        let done = looked_at(&dir, "long.ini");
        let head: String = done.log.chars().take(300).collect();
        assert!(head.contains("long.ini:2") && head.contains(key), "{head}");
        assert!(done.log.len() < 8 * 1024, "{key}: {} bytes: {head}", done.log.len());
    }
    // many of them
    dir.write(
        "long.ini",
        format!(
            "[uwsgi]\nfor = {}\nmaster = {}%(_)\nendfor =\n",
            "x ".repeat(20),
            "y".repeat(100_000)
        ),
    );
    let done = looked_at(&dir, "long.ini");
    assert_eq!(done.end, End::Code(0), "{}", done.log);
    assert!(done.log.len() < 512 * 1024, "{} bytes", done.log.len());
}

#[test]
fn a_command_line_can_be_hostile_too() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let long = "x".repeat(60_000);
    for args in [
        [format!("--{long}")].as_slice(),
        &["--ini".into(), long.clone()],
        std::slice::from_ref(&long),
        &["-".to_owned() + &"M".repeat(100_000)],
        &["--set".into(), format!("{long}=%({long})")],
        &["--for".into(), "x ".repeat(50_000), "--env".into(), "A=%(_)".into()],
        &["--ini".into(), ":".into()],
        &["--ini".into(), String::new()],
        &["--=".into()],
        &["--".into(), "--".into()],
    ] {
        let run = Run::bare(&dir, Subject::Ours).args(["--plan", "--socket", "x.sock"]);
        let done = run.args(args).measured(SOON);
        let head: String = done.log.chars().take(300).collect();
        assert!(matches!(done.end, End::Code(0 | 1)), "{:?}: {head}", done.end);
        assert!(!done.log.contains("panicked"), "{head}");
        assert!(done.log.len() < 64 * 1024, "{} bytes: {head}", done.log.len());
        assert!(done.cpu < time_max() && done.peak_kib < PEAK_MAX_KIB, "{:?}: {head}", done.cpu);
    }
}
