//! Blocks: tests and loops.

use tests::shown::{lines, of, planned, refused_lines};
use tests::{Dir, Run, Subject, only, subject};

#[test]
fn a_loop_repeats_line_by_line() {
    let dir = Dir::new();
    let shown = lines(&dir, "for = a b\nenv = N=1%(_)\nenv = N=2%(_)\nendfor =\n");
    assert_eq!(shown.all("env"), ["N=1a", "N=1b", "N=2a", "N=2b"]);
}

#[test]
fn loops_over_numbers_paths_and_lines() {
    let dir = Dir::new();
    dir.write("one.part", "");
    dir.write("words", "x\ny\n");
    let shown = lines(
        &dir,
        "for-times = 3\nenv = T=%(_)\nend-for =\nfor-glob = *.part\nenv = G=%(_)\nendfor =\n\
         for-readline = words\nenv = L=%(_)\nend =\n",
    );
    let env = shown.all("env");
    assert_eq!(env[..4], ["T=1", "T=2", "T=3", "G=one.part"], "{env:?}");
    assert!(env.contains(&"L=x") && env.contains(&"L=y"), "{env:?}");
}

#[test]
fn each_end_closes_each_block() {
    let dir = Dir::new();
    for end in ["end", "endif", "end-if", "endfor", "end-for"] {
        let shown = lines(
            &dir,
            &format!("for = a\nx = 1\n{end} =\nif-env = NO_SUCH\ny = 1\n{end}\nz = 1\n"),
        );
        assert_eq!((shown.all("x").len(), shown.all("y").len()), (1, 0), "{end}");
        assert_eq!(shown.only("z"), "1", "{end}");
    }
}

#[test]
fn tests_of_the_environment() {
    let dir = Dir::new();
    let text = "if-env = OUTER\na = %(_)\nendif =\nif-env = OUTER=out\nb = %(_)\nendif =\n\
        ifenv = OUTER=in\nc = 1\nendif =\nif-not-env = OUTER\nd = 1\nendif =\n\
        if-not-env = NO_SUCH\ne = %(_)\nendif =\nif-not-env = OUTER=in\nf = 1\nendif =\n";
    dir.write("app.ini", format!("[uwsgi]\n{text}"));
    let run = Run::bare(&dir, subject()).args(["--ini", "app.ini"]).env("OUTER", "out");
    let shown = of(&dir, run);
    let seen: Vec<&str> = ["a", "b", "c", "d", "e", "f"]
        .into_iter()
        .filter(|key| !shown.all(key).is_empty())
        .collect();
    assert_eq!(seen, ["a", "b", "e", "f"], "{shown:?}");
}

#[test]
fn tests_of_paths() {
    let dir = Dir::new();
    dir.write("file", "");
    dir.mkdir("folder");
    let mut text = String::new();
    for (test, path, key) in [
        ("if-exists", "file", "exists-file"),
        ("ifexists", "folder", "exists-folder"),
        ("if-exists", "none", "exists-none"),
        ("if-not-exists", "none", "not-exists-none"),
        ("if-not-exists", "file", "not-exists-file"),
        ("if-file", "file", "file-file"),
        ("if-file", "folder", "file-folder"),
        ("if-not-file", "folder", "not-file-folder"),
        ("if-dir", "folder", "dir-folder"),
        ("ifdir", "file", "dir-file"),
        ("if-directory", "folder", "directory-folder"),
        ("if-not-dir", "file", "not-dir-file"),
    ] {
        text.extend([test, " = ", path, "\n", key, " = %(_)\nendif =\n"]);
    }
    let shown = lines(&dir, &text);
    let got: Vec<&str> = shown
        .pairs
        .iter()
        .map(|(key, _)| key.as_str())
        .filter(|key| key.contains("file") || key.contains("folder") || key.contains("none"))
        .filter(|key| !key.starts_with("if"))
        .collect();
    assert_eq!(
        got,
        [
            "exists-file",
            "exists-folder",
            "not-exists-none",
            "file-file",
            "not-file-folder",
            "dir-folder",
            "directory-folder",
            "not-dir-file"
        ]
    );
    assert_eq!(shown.only("exists-file"), "file");
}

#[test]
fn tests_of_options_see_what_was_read_so_far() {
    let dir = Dir::new();
    let shown = lines(
        &dir,
        "processes = 5\nif-opt = processes\na = 1\nendif =\nif-opt = processes=5\nb = 1\nendif =\n\
         if-opt = processes=6\nc = 1\nendif =\nif-not-opt = threads\nd = 1\nendif =\n\
         threads = 2\nif-not-opt = threads\ne = 1\nendif =\nif-not-opt = processes=6\nf = 1\nendif =\n",
    );
    let seen: Vec<&str> = ["a", "b", "c", "d", "e", "f"]
        .into_iter()
        .filter(|key| !shown.all(key).is_empty())
        .collect();
    assert_eq!(seen, ["a", "b", "d", "f"], "{shown:?}");
}

#[test]
fn tests_of_the_host_and_of_this_start() {
    let dir = Dir::new();
    let shown = lines(
        &dir,
        "host = %h\nif-hostname-match = .\na = 1\nendif =\nif-hostname = no-such-host\nb = 1\nendif =\n\
         if-not-hostname = no-such-host\nc = 1\nendif =\nif-reload =\nd = 1\nendif =\n\
         if-not-reload =\ne = 1\nendif =\nif-plugin = no-such-plugin\nf = 1\nendif =\n\
         if-not-plugin = no-such-plugin\ng = 1\nendif =\nif-not-hostname-match = ^$\nh = 1\nendif =\n",
    );
    let seen: Vec<&str> = ["a", "b", "c", "d", "e", "f", "g", "h"]
        .into_iter()
        .filter(|key| !shown.all(key).is_empty())
        .collect();
    assert_eq!(seen, ["a", "c", "e", "g", "h"], "{shown:?}");
    // the name itself, which no file of this repository can know
    let host = shown.only("host").to_owned();
    let shown = lines(&dir, &format!("if-hostname = {host}\na = 1\nendif =\n"));
    assert_eq!(shown.only("a"), "1");
}

#[test]
fn blocks_do_not_nest() {
    let dir = Dir::new();
    let log = refused_lines(&dir, "for = a\nif-exists = /\nx = 1\nendif =\nendfor =\n");
    if subject() == Subject::Ours {
        assert!(log.contains("bad.ini:3: if-exists") && log.contains("nested"), "{log}");
    }
}

#[test]
fn else_is_no_word_of_this_language() {
    let dir = Dir::new();
    let shown = lines(&dir, "if-env = NO_SUCH\na = 1\nelse =\nb = 1\nendif =\nc = 1\n");
    assert!(shown.all("a").is_empty() && shown.all("b").is_empty(), "{shown:?}");
    assert_eq!(shown.only("c"), "1");
}

#[test]
fn the_item_is_known_only_inside_its_block() {
    let dir = Dir::new();
    let shown = lines(&dir, "for = a\nx = %(_)\nendfor =\ny = %(_)\n");
    assert_eq!((shown.only("x"), shown.only("y")), ("a", "%(_)"));
}

#[test]
fn a_block_that_nobody_ends_is_said() {
    // the original reads on, in silence
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    dir.write("app.ini", "[uwsgi]\nif-env = HOME\nx = 1\n");
    let log = planned(&dir, "app.ini");
    assert!(log.contains("app.ini:") && log.contains("not ended"), "{log}");
}
