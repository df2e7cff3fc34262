//! Command lines and the order of sources.

use super::*;

#[test]
fn a_command_line_without_any_file() {
    let place = Place::new(&[]);
    let mut reading = place.line(&[
        "--http",
        ":9090",
        "--wsgi-file",
        "hitme.py",
        "--master",
        "--processes",
        "4",
        "--threads",
        "2",
        "--stats",
        "127.0.0.1:9191",
    ]);
    let settings = settle(&mut reading, "uwsgi");
    assert_eq!(reading.findings, []);
    let address = |text: &str| Address::Tcp(text.parse().unwrap());
    assert_eq!(
        settings.launch.sockets,
        [
            Listen::new(address("0.0.0.0:9090"), Wire::Http),
            Listen::new(address("127.0.0.1:9191"), Wire::Stats),
        ]
    );
    assert_eq!(settings.serve.target, Some(Target::File("hitme.py".into())));
    assert_eq!((settings.serve.processes, settings.serve.threads), (4, 2));
}

#[test]
fn options_have_several_spellings_on_the_command_line() {
    let place = Place::new(&[("x.ini", "[uwsgi]\nchdir = /x\n")]);
    for args in [
        ["-Mp4", "x.ini", "--need-app=false"].as_slice(),
        &["-p", "4", "-M", "x.ini", "--need-app=false"],
        &["x.ini", "--master", "--workers=4", "--need-app=false"],
        &["--proce", "4", "-M", "--need-app=false", "--", "x.ini"],
    ] {
        let reading = place.line(args);
        assert_eq!(reading.findings, [], "{args:?}");
        assert_eq!(value(&reading, "processes"), "4", "{args:?}");
        assert_eq!(reading.directives.flag("master"), Some(true), "{args:?}");
        assert_eq!(reading.directives.flag("need-app"), Some(false), "{args:?}");
        assert_eq!(value(&reading, "chdir"), "/x", "{args:?}");
    }
    assert_eq!(value(&place.line(&["-C", "-M"]), "chmod-socket"), "1");
    assert_eq!(value(&place.line(&["-C664"]), "chmod-socket"), "664");
    assert_eq!(value(&place.line(&["--http-keepalive", "-M"]), "http-keepalive"), "1");
}

#[test]
fn mistakes_on_the_command_line_are_errors_that_name_the_way_out() {
    let place = Place::new(&[("a.ini", "[uwsgi]\n")]);
    for (args, expected) in [
        (["–ini", "a.ini"].as_slice(), "write \"--ini\""),
        (&["—master", "a.ini"], "write \"--master\""),
        (&["−M", "a.ini"], "write \"-M\""),
        (&["-–ini=a.ini"], "write \"--ini=a.ini\""),
        (&["--procesess", "4"], "did you mean \"--processes\""),
        (&["--vassals-in", "x"], "is ambiguous"),
        (&["-master"], "write \"--master\""),
        (&["--socket"], "needs a value"),
        (&["a.ini:prod"], "--ini a.ini:prod"),
        (&["app.py"], "--wsgi-file app.py"),
        (&["none.ini"], "none.ini"),
    ] {
        let reading = place.line(args);
        let errors = errors(&reading).join("\n");
        assert!(errors.contains(expected), "{args:?}: {errors:?}");
    }
}

#[test]
fn sources_have_their_order() {
    let mut place = Place::new(&[("x.ini", "[uwsgi]\nprocesses = 2\n"), ("y.ini", "[uwsgi]\n")]);
    assert_eq!(value(&place.line(&["x.ini", "--processes", "7"]), "processes"), "2");
    assert_eq!(value(&place.line(&["--ini", "x.ini", "--processes", "7"]), "processes"), "7");
    place.world.environment.extend([
        ("UWSGI_PROCESSES".into(), "3".into()),
        ("UWSGI_EMPEROR_FD".into(), "5".into()),
        ("UWSGI_VASSAL_THREADS".into(), "9".into()),
    ]);
    let reading = place.line(&["--ini", "y.ini"]);
    assert_eq!(value(&reading, "processes"), "3");
    assert_eq!(reading.directives.iter().count(), 2, "{reading:?}");
    assert_eq!(value(&place.line(&["--ini", "x.ini"]), "processes"), "2");
}

#[test]
fn an_option_without_its_value_is_listed_as_true_and_means_one() {
    let place = Place::new(&[]);
    for args in [&["--http-keepalive", "--master"][..], &["--http-keepalive"]] {
        let reading = place.line(args);
        assert_eq!(value(&reading, "http-keepalive"), "1");
        let listed = super::show::show(&reading, super::show::Form::Ini);
        assert!(listed.contains("\nhttp-keepalive = true\n"), "{listed}");
    }
    let reading = place.line(&["--http-keepalive=5"]);
    assert_eq!(value(&reading, "http-keepalive"), "5");
    assert_eq!(place.line(&["--exit"]).exit, Some(1));
}

#[test]
fn a_file_is_named_by_the_option_of_its_language() {
    for (called, option) in [
        ("a.ini", "--ini"),
        ("a.yml", "--yaml"),
        ("a.js", "--json"),
        ("a.xml", "--xml"),
        ("a.conf", "--ini"),
        ("a", "--ini"),
    ] {
        assert_eq!(naming(Path::new("/x"), Path::new(called)), [option, "/x"]);
    }
}

#[test]
fn the_files_of_a_command_line_are_found_as_they_are_read() {
    let found = |environment: &[(&str, &str)], line: &str| -> Vec<String> {
        let environment: Vec<(OsString, OsString)> =
            environment.iter().map(|(name, value)| (name.into(), value.into())).collect();
        let args: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        let files = files(&environment, &args);
        files.iter().map(|file| file.display().to_string()).collect()
    };
    let line = "--ini a.ini:one --http :80 --yaml=b.conf hitme.py dir/c.json --incl /x/d";
    assert_eq!(found(&[], line), ["a.ini", "b.conf", "/x/d", "dir/c.json"]);
    let none = "--touch-reload=x.ini --touch-reload y.ini --logto z.ini --ini - --ini :one \
                --ini exec://x.ini --config http://h/x.ini a.ini:one";
    assert_eq!(found(&[], none), [""; 0]);
    let variables = [("UWSGI_INI", "e.ini"), ("UWSGI_VASSAL_INI", "n.ini"), ("INI", "n.ini")];
    assert_eq!(found(&variables, "-- --ini f.ini"), ["e.ini", "f.ini"]);
}
