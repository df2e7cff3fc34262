//! Every magic variable, by the original and by ours.

use std::fmt::Write;

use tests::shown::{Shown, of, shown, shown_by};
use tests::{Dir, Run, Subject, not_run, only, programs, subject};

/// Letters whose value belongs to a place, a person or a machine: the same for both servers.
const SAME: &str = "vpodsnecxhkuUgGijPODSNECXIJ0123456789zqyw";
/// Letters whose value belongs to the server: a version, its own path, the time.
const OWN: &str = "VbtT";

/// A file with one line for each letter, in a directory of some depth.
fn letters(dir: &Dir) -> String {
    let mut text = String::from("[uwsgi]\n");
    for letter in SAME.chars().chain(OWN.chars()) {
        writeln!(text, "m-{letter} = [%{letter}]").expect("a string takes text");
    }
    dir.write("one/two.three/my.app.ini", format!("{text}[part]\n{}", &text[8..]));
    dir.write("first.ini", "[uwsgi]\ninclude = one/two.three/my.app.ini\n");
    dir.path().display().to_string()
}

/// Both servers read the same arguments.
fn both(dir: &Dir, args: &[&str]) -> Option<[Shown; 2]> {
    if !only(Subject::Ours) {
        return None;
    }
    if programs::find("uwsgi-core").is_none() {
        not_run("uwsgi-core is not installed");
        return None;
    }
    Some([Subject::Ours, Subject::Uwsgi].map(|subject| shown_by(dir, subject, args)))
}

#[test]
fn every_letter_means_what_it_means_to_the_original() {
    let dir = Dir::new();
    let here = letters(&dir);
    let absolute = format!("{here}/one/two.three/my.app.ini");
    for args in [
        ["--ini", "one/two.three/my.app.ini"],
        ["--ini", "one/two.three/my.app.ini:part"],
        ["--ini", &absolute],
        ["--ini", "./one/two.three/../two.three/my.app.ini"],
        ["--ini", "first.ini"],
    ] {
        let Some([ours, original]) = both(&dir, &args) else { return };
        for letter in SAME.chars() {
            let key = format!("m-{letter}");
            assert_eq!(ours.only(&key), original.only(&key), "%{letter} with {args:?}");
        }
        for letter in OWN.chars() {
            assert!(ours.only(&format!("m-{letter}")).len() > 2, "%{letter}");
        }
    }
}

#[test]
fn a_positional_file_fills_the_lower_case_letters() {
    let dir = Dir::new();
    letters(&dir);
    let Some([ours, original]) = both(&dir, &["one/two.three/my.app.ini"]) else { return };
    // the upper case twins are empty in the original; ours fills them
    for letter in
        SAME.chars().filter(|letter| !letter.is_ascii_uppercase() || "UG".contains(*letter))
    {
        let key = format!("m-{letter}");
        assert_eq!(ours.only(&key), original.only(&key), "%{letter}");
    }
}

#[test]
fn a_link_is_named_and_not_its_target() {
    let dir = Dir::new();
    dir.write("real/target.ini", "[uwsgi]\np = %p\nn = %n\nc = %c\n");
    dir.mkdir("links");
    std::os::unix::fs::symlink("../real/target.ini", dir.join("links/link.ini")).unwrap();
    let shown = shown(&dir, &["--ini", "links/link.ini"]);
    assert!(shown.only("p").ends_with("/links/link.ini"), "{shown:?}");
    assert_eq!((shown.only("n"), shown.only("c")), ("link", "links"));
}

#[test]
fn a_directory_that_is_a_link_is_resolved_unless_the_file_is_one_too() {
    let dir = Dir::new();
    dir.write("real/one/app.ini", "[uwsgi]\np = %p\nd = %d\no = %o\n");
    std::os::unix::fs::symlink("real", dir.join("current")).unwrap();
    std::os::unix::fs::symlink("app.ini", dir.join("real/one/link.ini")).unwrap();
    let here = dir.path().canonicalize().unwrap().display().to_string();
    for (given, path) in [
        ("current/one/app.ini", "real/one/app.ini"),
        ("real/../current/./one/app.ini", "real/one/app.ini"),
        ("current/one/link.ini", "current/one/link.ini"),
    ] {
        let shown = shown(&dir, &["--ini", given]);
        assert_eq!(shown.only("p"), format!("{here}/{path}"), "{given}");
        assert_eq!(shown.only("o"), given);
        let (above, _) = path.rsplit_once('/').unwrap();
        assert_eq!(shown.only("d"), format!("{here}/{above}/"), "{given}");
    }
}

#[test]
fn magic_works_in_names_and_sections_too() {
    let dir = Dir::new();
    dir.write("uwsgi.ini", "[%n]\n%n-key = 1\n");
    assert_eq!(shown(&dir, &["--ini", "uwsgi.ini"]).only("uwsgi-key"), "1");
}

#[test]
fn the_directory_of_the_start_can_be_forced() {
    let dir = Dir::new();
    let away = dir.mkdir("away");
    dir.write("app.ini", "[uwsgi]\nv = %v\n");
    let run = Run::bare(&dir, subject()).args(["--ini", "../app.ini"]).current_dir(&away);
    assert_eq!(of(&dir, run).only("v"), away.display().to_string());
}

#[test]
fn time_is_frozen_at_the_start() {
    let dir = Dir::new();
    dir.write("app.ini", "[uwsgi]\na = %t\nb = %T\ninclude = b.ini\n");
    dir.write("b.ini", "[uwsgi]\nc = %t\nd = %T\n");
    let shown = shown(&dir, &["--ini", "app.ini"]);
    assert_eq!((shown.only("a"), shown.only("b")), (shown.only("c"), shown.only("d")));
    let (seconds, micros): (u64, u64) =
        (shown.only("a").parse().unwrap(), shown.only("b").parse().unwrap());
    assert_eq!(micros / 1_000_000, seconds);
}
