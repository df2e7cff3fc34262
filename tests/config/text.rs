//! The text of an ini file: lines, sections, comments that are none, joined lines.

use tests::shown::{lines, shown};
use tests::{Dir, Subject, only};

#[test]
fn a_value_is_everything_behind_the_first_equals_sign() {
    let dir = Dir::new();
    let shown = lines(
        &dir,
        "a=b\nc  =  d \t\r\ne = f=g\nquoted = \"x\"\ncomment = 1 ; one # two\n\
         tail = %%\nempty =\nbare\n  ; x = 1\n\t# y = 2\n\n",
    );
    for (key, value) in [
        ("a", "b"),
        ("c", "d"),
        ("e", "f=g"),
        ("quoted", "\"x\""),
        ("comment", "1 ; one # two"),
        ("tail", "%"),
        ("empty", ""),
        ("bare", ""),
    ] {
        assert_eq!(shown.only(key), value, "{key}");
    }
    assert!(shown.all("x").is_empty() && shown.all("y").is_empty(), "{shown:?}");
}

#[test]
fn a_percent_sign_before_the_end_of_a_line_joins_the_next() {
    let dir = Dir::new();
    assert_eq!(lines(&dir, "x = A%\nB\n").only("x"), "AB");
}

#[test]
fn an_unknown_percent_letter_is_nothing_and_two_percent_signs_are_one() {
    let dir = Dir::new();
    let shown = lines(&dir, "a = %z|\nb = 100%%\nc = %%(d)\nd = 1\n; %z in a comment\n");
    assert_eq!((shown.only("a"), shown.only("b")), ("|", "100%"));
    // the percent sign that is left takes part in the next pass
    assert_eq!(shown.only("c"), "1");
}

#[test]
fn the_wanted_section_is_the_sum_of_all_sections_of_its_name() {
    let dir = Dir::new();
    dir.write(
        "app.ini",
        "lost = 1\n[uwsgi]\na = 1\n[other]\na = 2\nb = 2\n[uwsgi]\nc = 3\n[ uwsgi ]\nd = 4\n",
    );
    let shown = shown(&dir, &["--ini", "app.ini"]);
    let keys: Vec<&str> = shown.pairs.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["ini", "a", "c"], "{shown:?}");
}

#[test]
fn a_section_is_chosen_behind_a_colon() {
    let dir = Dir::new();
    dir.write("app.ini", "[uwsgi]\na = 1\n[prod]\na = 2\nini = :base\n[base]\nb = %x\n");
    let shown = shown(&dir, &["--ini", "app.ini:prod"]);
    assert_eq!(shown.only("a"), "2");
    // of the same file
    assert_eq!(shown.only("b"), "base");
}

#[test]
fn keys_are_compared_byte_for_byte() {
    let dir = Dir::new();
    let shown = lines(&dir, "Processes = 3\nchmod_socket = 664\nprocesses = 2\n");
    // variables, all of them, and none of them an option
    assert_eq!(shown.only("Processes"), "3");
    assert_eq!(shown.only("chmod_socket"), "664");
    assert_eq!(shown.only("processes"), "2");
}

#[test]
fn windows_line_ends_are_blanks() {
    let dir = Dir::new();
    dir.write("app.ini", "[uwsgi]\r\na = 1\r\nb\r\n\r\n[other]\r\na = 2\r\n");
    let shown = shown(&dir, &["--ini", "app.ini"]);
    assert_eq!((shown.only("a"), shown.only("b")), ("1", ""));
}

#[test]
fn a_byte_order_mark_is_not_a_part_of_the_first_line() {
    // the original takes it for a part of the section's name and finds no section
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    dir.write("app.ini", "\u{feff}[uwsgi]\na = 1\n");
    assert_eq!(shown(&dir, &["--ini", "app.ini"]).only("a"), "1");
}
