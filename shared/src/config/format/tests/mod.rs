//! What the readers make of texts. Every expected list of options was printed by uWSGI's
//! `show-config` for the same text, unless the test's name says where we differ.

mod hostile;
mod json;
mod xml;
mod yaml;

use super::*;

/// What a text says, as uWSGI would print it.
#[track_caller]
fn options(kind: Kind, text: &str) -> String {
    let document = section(kind, text, "uwsgi");
    assert!(document.found, "{text}: found {:?}", document.sections);
    printed(&document)
}

/// What a text says where there is nothing to warn of.
#[track_caller]
fn quiet(kind: Kind, text: &str) -> String {
    let document = section(kind, text, "uwsgi");
    assert_eq!(document.notes, [], "{text}");
    printed(&document)
}

fn printed(document: &Document) -> String {
    let lines = document.pairs.iter().map(|pair| format!("{}={}", pair.key, pair.value));
    lines.collect::<Vec<_>>().join("|")
}

#[track_caller]
fn section(kind: Kind, text: &str, wanted: &str) -> Document {
    read(kind, text, wanted).unwrap_or_else(|fault| panic!("{text:?}: {fault}"))
}

/// The notes about a text, with their places.
#[track_caller]
fn notes(kind: Kind, text: &str) -> Vec<String> {
    let notes = section(kind, text, "uwsgi").notes;
    notes.iter().map(|note| format!("{}:{} {}", note.line, note.column, note.message)).collect()
}

/// Checks that a text has exactly one note, here and about this.
#[track_caller]
fn noted(kind: Kind, text: &str, place: &str, about: &str) {
    let notes = notes(kind, text);
    let [note] = notes.as_slice() else { panic!("{text:?}: expected one note, found {notes:?}") };
    assert!(note.starts_with(&format!("{place} ")) && note.contains(about), "{text:?}: {note}");
}

/// Checks that a text cannot be read, from here and for this.
#[track_caller]
fn refused(kind: Kind, text: &str, place: &str, about: &str) {
    let shown: String = text.chars().take(100).collect();
    let fault = match read(kind, text, "uwsgi") {
        Err(fault) => fault.to_string(),
        Ok(document) => panic!("{shown:?} was read: {:?}", document.pairs.len()),
    };
    assert!(
        fault.starts_with(&format!("{place}: ")) && fault.contains(about),
        "{shown:?}: {fault}"
    );
}

/// Where the values stand.
#[track_caller]
fn places(kind: Kind, text: &str) -> Vec<(u32, u32)> {
    section(kind, text, "uwsgi").pairs.iter().map(|pair| (pair.line, pair.column)).collect()
}

#[test]
fn a_place_is_a_line_and_a_character() {
    let mut cursor = Cursor::new("aé\nb\n\nüü");
    let place = |line, column| Place { line, column };
    // in order, backwards, inside of a character, at the end
    for (byte, expected) in [
        (0, place(1, 1)),
        (1, place(1, 2)),
        (3, place(1, 3)),
        (4, place(2, 1)),
        (6, place(3, 1)),
        (9, place(4, 2)),
        (11, place(4, 3)),
        (1, place(1, 2)),
        (2, place(1, 2)),
        (10, place(4, 2)),
    ] {
        assert_eq!(cursor.place(byte), expected, "{byte}");
    }
}

#[test]
fn a_byte_order_mark_is_read_over_and_a_nul_is_not_text() {
    assert_eq!(quiet(Kind::Yaml, "\u{feff}uwsgi:\n  a: b\n"), "a=b");
    assert_eq!(quiet(Kind::Json, "\u{feff}{\"uwsgi\":{\"a\":\"b\"}}"), "a=b");
    assert_eq!(quiet(Kind::Xml, "\u{feff}<uwsgi><a>b</a></uwsgi>"), "a=b");
    refused(Kind::Yaml, "uwsgi:\n  a: b\0c\n", "2:7", "NUL");
    refused(Kind::Json, "{\"uwsgi\":{\"a\":\"b\0c\"}}", "1:17", "NUL");
    refused(Kind::Xml, "<uwsgi><a>b\0c</a></uwsgi>", "1:12", "NUL");
}

#[test]
fn a_missing_section_is_missing_and_those_that_are_there_are_told() {
    let all = [
        (Kind::Yaml, "b: {a: 1}\n'root:$6$x': {}\nc:\n"),
        (Kind::Json, "{\"b\":{\"a\":1},\"root:$6$x\":{},\"c\":{}}"),
        (Kind::Xml, "<r><uwsgi id=\"b\"/><uwsgi id=\"root:$6$x\"/><uwsgi id=\"c\"/></r>"),
    ];
    for (kind, text) in all {
        let document = section(kind, text, "none");
        assert!(!document.found);
        assert_eq!(document.pairs, []);
        // what does not look like a name may be a secret
        assert_eq!(document.sections, ["b", "c"], "{text}");
    }
    let many = (0..20).map(|n| format!("s{n}: {{}}\n")).collect::<Vec<_>>().concat();
    assert_eq!(section(Kind::Yaml, &many, "uwsgi").sections.len(), SECTIONS_MAX);
}
