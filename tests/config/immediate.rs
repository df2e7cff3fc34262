//! Options that act while they are read.

use tests::server::{End, SOON};
use tests::shown::{lines, refused_lines, shown};
use tests::{Dir, Run, subject};

#[test]
fn text_is_glued_around_what_is_read_later() {
    let dir = Dir::new();
    dir.write("head", "[uwsgi]\nfirst = %n\n");
    dir.write("tail", "[uwsgi]\nlast = 1\n");
    dir.write("part.ini", "[uwsgi]\nmiddle = 1\n");
    dir.write(
        "app.ini",
        "[uwsgi]\ninject-before = head\ninject-after = tail\ninclude = part.ini\n",
    );
    let shown = shown(&dir, &["--ini", "app.ini"]);
    let keys: Vec<&str> = shown
        .pairs
        .iter()
        .map(|(key, _)| key.as_str())
        .filter(|key| ["first", "middle", "last"].contains(key))
        .collect();
    assert_eq!(keys, ["first", "middle", "last"]);
    // what is glued is a part of the file that it is glued to
    assert_eq!(shown.only("first"), "part");
}

#[test]
fn exit_ends_with_the_number_that_it_names() {
    let dir = Dir::new();
    dir.write("app.ini", "[uwsgi]\nexit = 3\nsocket = a.sock\n");
    let (end, log) = Run::bare(&dir, subject()).args(["--ini", "app.ini"]).to_end(SOON);
    assert_eq!(end, End::Code(3), "{log}");
}

#[test]
fn print_shows_what_came_of_a_value_and_iprint_what_was_written() {
    let dir = Dir::new();
    let log = refused_lines(&dir, "a = 8\nprint = <%(a + 2)>\niprint = <%(a)>\nstrict = true\n");
    assert!(log.contains("<%(a)>"), "{log}");
    dir.write(
        "app.ini",
        "[uwsgi]\nsocket = a.sock\na = 8\nprint = <%(a + 2)>\nuid = no-such-user\n",
    );
    let (_, log) = Run::bare(&dir, subject()).args(["--ini", "app.ini"]).to_end(SOON);
    assert!(log.contains("<10>"), "{log}");
}

#[test]
fn a_name_of_a_host_becomes_its_address() {
    let dir = Dir::new();
    assert_eq!(lines(&dir, "resolve = where=localhost\nx = %(where):1\n").only("x"), "127.0.0.1:1");
}
