//! Where options come from, and who wins.

use tests::server::SOON;
use tests::shown::{Shown, lines, of, planned, refused, refused_lines, shown};
use tests::{Dir, Run, Subject, only, programs, subject};

/// A directory with a file that says two processes.
fn two() -> Dir {
    let dir = Dir::new();
    dir.write("x.ini", "[uwsgi]\nprocesses = 2\n");
    dir
}

#[test]
fn a_positional_file_comes_after_the_options_and_a_named_one_at_its_place() {
    let dir = two();
    for (args, expected) in [
        (["x.ini", "--processes", "7"].as_slice(), "2"),
        (&["--processes", "7", "x.ini"], "2"),
        (&["--ini", "x.ini", "--processes", "7"], "7"),
        (&["--processes", "7", "--ini", "x.ini"], "2"),
        (&["--ini=x.ini", "-p", "7"], "7"),
    ] {
        assert_eq!(shown(&dir, args).value("processes"), expected, "{args:?}");
    }
}

#[test]
fn options_are_spelled_as_with_getopt() {
    let dir = two();
    for args in [
        ["--processes", "3", "--master", "--listen", "5"].as_slice(),
        &["--processes=3", "--master", "--listen=5"],
        &["-p3", "-M", "-l5"],
        &["-Mp", "3", "-l", "5"],
        &["--processe", "3", "-M", "--listen", "5"],
    ] {
        let shown = shown(&dir, args);
        assert_eq!(shown.value("processes"), "3", "{args:?}");
        assert_eq!(shown.value("listen"), "5", "{args:?}");
        assert_eq!(shown.all("master").len(), 1, "{args:?}: {shown:?}");
    }
}

#[test]
fn unknown_and_ambiguous_options_of_the_command_line_are_refused() {
    let dir = two();
    for (args, named) in [
        (["--no-such-thing"].as_slice(), "no-such-thing"),
        (&["--http-s", ":0"], "http-s"),
        (&["--vassals-in", "x"], "vassals-in"),
        (&["--socket"], "socket"),
    ] {
        let log = refused(&dir, args);
        assert!(log.contains(named), "{args:?}: {log}");
    }
}

#[test]
fn a_positional_word_that_is_no_configuration_is_refused() {
    let dir = two();
    dir.write("app.py", "");
    for word in ["x.ini:prod", "app.py", "app:application", "none.ini", "README"] {
        let log = refused(&dir, &[word]);
        assert!(log.contains(word.split(':').next().unwrap()), "{word}: {log}");
    }
}

#[test]
fn variables_of_the_environment_come_first() {
    let dir = two();
    dir.write("y.ini", "[uwsgi]\nthreads = 1\n");
    let with = |file: &str| -> Shown {
        let run = Run::bare(&dir, subject()).args(["--ini", file]);
        of(&dir, run.env("UWSGI_PROCESSES", "3").env("UWSGI_BUFFER_SIZE", "9000"))
    };
    let shown = with("y.ini");
    assert_eq!(shown.only("processes"), "3");
    assert_eq!(shown.only("buffer-size"), "9000");
    assert_eq!(with("x.ini").value("processes"), "2");
}

#[test]
fn variables_that_belong_to_the_machinery_are_no_options() {
    let dir = two();
    let run = Run::bare(&dir, subject()).args(["--ini", "x.ini"]);
    let run = run
        .env("UWSGI_RELOADS", "1")
        .env("UWSGI_ORIGINAL_PROC_NAME", "x")
        .env("UWSGI_VASSALS_DIR", "/x")
        .env("UWSGI_SOME_THING", "y");
    let shown = of(&dir, run);
    for name in ["reloads", "original-proc-name", "vassals-dir"] {
        assert!(shown.all(name).is_empty(), "{name}: {shown:?}");
    }
    // a name that nobody knows is a variable
    assert_eq!(shown.only("some-thing"), "y");
}

#[test]
fn standard_input_is_a_file() {
    let dir = Dir::new();
    dir.write("in.ini", "[uwsgi]\nprocesses = 4\nx = %(processes)\n");
    let server = match subject() {
        Subject::Ours => programs::ours("vassal"),
        Subject::Uwsgi => programs::original(),
    };
    // the warden has no input to give: a shell redirects
    let script = format!("exec {} --ini - \"$@\" < in.ini", server.display());
    let run = Run::program(&dir, "/bin/sh").args(["-c", &script, "uwsgi"]);
    assert_eq!(of(&dir, run).only("x"), "4");
}

#[test]
fn a_missing_section_is_said() {
    let dir = two();
    // both go on with what there is
    let shown = shown(&dir, &["--ini", "x.ini:prod"]);
    assert!(shown.all("processes").is_empty(), "{shown:?}");
    if subject() == Subject::Ours {
        let log = planned(&dir, "x.ini:prod");
        assert!(log.contains("x.ini: section [prod] is missing"), "{log}");
    }
}

#[test]
fn strict_covers_the_whole_configuration() {
    let dir = Dir::new();
    for text in [
        "strict = true\ntypo = 1\n",
        "typo = 1\nstrict = true\n",
        "typo = 1\nstrict\n",
        // once said it holds
        "strict = true\ntypo = 1\nstrict = false\n",
    ] {
        let log = refused_lines(&dir, text);
        assert!(log.contains("typo"), "{text:?}: {log}");
    }
    dir.write("app.ini", "[uwsgi]\ntypo = 1\n");
    assert!(refused(&dir, &["--ini", "app.ini", "--strict"]).contains("typo"));
    // a variable that says that it is one
    let shown = lines(&dir, "strict = true\nset-placeholder = fine=1\n");
    assert_eq!(shown.only("fine"), "1");
}

#[test]
fn a_fence_refuses_what_is_named_and_a_list_allows_only_that() {
    let dir = Dir::new();
    for (text, named) in [
        ("blacklist = uid chroot\nuid = 0\nend-blacklist =\n", "uid"),
        ("whitelist = processes\nprocesses = 1\nchroot = /\nend-whitelist =\n", "chroot"),
    ] {
        let log = refused_lines(&dir, text);
        assert!(log.contains("orbidden") && log.contains(named), "{text}: {log}");
    }
    let shown = lines(&dir, "blacklist = threads\nprocesses = 2\nend-blacklist =\nthreads = 3\n");
    assert_eq!((shown.only("processes"), shown.only("threads")), ("2", "3"));
}

#[test]
fn the_extension_of_a_file_says_its_format() {
    let dir = Dir::new();
    dir.write("a.yaml", "uwsgi:\n  processes: 5\n  x: '%(processes)'\n");
    dir.write("a.json", "{\"uwsgi\": {\"processes\": 5, \"x\": \"%(processes)\"}}");
    dir.write("a.xml", "<uwsgi><processes>5</processes><x>%(processes)</x></uwsgi>");
    for args in [["--yaml", "a.yaml"], ["--json", "a.json"], ["--xml", "a.xml"]] {
        assert_eq!(shown(&dir, &args).only("x"), "5", "{args:?}");
    }
    for file in ["a.yaml", "a.json", "a.xml"] {
        assert_eq!(shown(&dir, &[file]).only("x"), "5", "{file}");
    }
}

#[test]
fn a_command_line_that_says_show_config_json_tells_where_each_value_is_from() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = two();
    let (_, log) = Run::bare(&dir, Subject::Ours)
        .args(["--ini", "x.ini", "--threads", "3", "--show-config=json"])
        .to_end(SOON);
    assert!(log.contains("x.ini") && log.contains("threads") && log.contains("\"line\""), "{log}");
}
