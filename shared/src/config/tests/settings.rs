//! From files to settings.

use crate::option::{self, Kind, Tier};

use super::*;

#[test]
fn the_sample_of_a_django_site() {
    let text = "project = sample\nbase = /home/django\n\nchdir = %(base)/%(project)\n\
        home = %(base)/Env/%(project)\nmodule = %(project).wsgi:application\n\nmaster = true\n\
        processes = 2\n\nsocket = %(base)/%(project)/%(project).sock\nchmod-socket = 664\n\
        vacuum = true\n";
    for (headed, expected) in [("[uwsgi]\n", 0), ("", 1)] {
        let place = Place::new(&[("sample.ini", &format!("{headed}{text}"))]);
        let mut reading = place.vassal("sample.ini");
        let settings = settle(&mut reading, "sample.ini");
        assert_eq!(reading.findings.len(), expected, "{:?}", reading.findings);
        assert!(!reading.refused());
        let (launch, serve) = (settings.launch, settings.serve);
        assert_eq!(launch.chdir, Some("/home/django/sample".into()));
        assert_eq!(launch.chmod_socket, Some(0o664));
        assert!(launch.vacuum && serve.master && serve.need_app);
        let socket = Address::Unix("/home/django/sample/sample.sock".into());
        assert_eq!(launch.sockets, [Listen::new(socket, Wire::Uwsgi)]);
        assert_eq!(launch.backlog, 1024);
        assert_eq!(serve.home, Some("/home/django/Env/sample".into()));
        assert_eq!(serve.target, Some(Target::Module("sample.wsgi".into())));
        assert_eq!(serve.callable.as_deref(), Some("application"));
        assert_eq!((serve.processes, serve.threads), (2, 1));
        assert_eq!(serve.name, "sample.ini");
    }
}

#[test]
fn values_that_real_files_get_wrong() {
    let (settings, reading) = settled(
        "processes = 4 ; four\nharakiri = 5s\nmaster = false ; x\ndisable-logging = false\n\
         chdir = /srv # x\npost-buffering = true\nsocket = 127.0.0.1:8000 # x\n",
    );
    let serve = &settings.serve;
    assert_eq!(serve.processes, 4);
    assert_eq!(serve.harakiri, Some(Duration::from_secs(5)));
    assert!(serve.master && !serve.disable_logging);
    assert_eq!(serve.post_buffering, 0);
    assert_eq!(settings.launch.chdir, Some("/srv # x".into()));
    assert_eq!(settings.launch.sockets.len(), 1);
    assert_eq!(errors(&reading), [""; 0]);
    assert!(warnings(&reading).len() >= 6, "{:?}", warnings(&reading));
}

#[test]
fn bad_values_are_errors_with_file_and_line_and_all_are_shown() {
    let (_, reading) = settled(
        "processes = -1\nchmod-socket = 0660\nharakiri = soon\nsocket = :none\nuid = a b\n\
         umask = 9\nprotocol = raw\nchroot = jail\nlisten = 99999999999\n\n[emperor]\ncheck = up\n",
    );
    let errors = errors(&reading);
    for (line, option, expected) in [
        (2, "processes", "found \"-1\""),
        (3, "chmod-socket", "three octal digits"),
        (4, "harakiri", "expected seconds, found \"soon\""),
        (5, "socket", "port"),
        (6, "uid", "a name or a number"),
        (7, "umask", "octal"),
        (8, "protocol", "uwsgi, http, fastcgi or scgi"),
        (9, "chroot", "absolute"),
        (10, "listen", "at most"),
        (13, "check", "GET /path 200"),
    ] {
        let start = format!("a.ini:{line}: ");
        let found = errors.iter().any(|error| {
            error.contains(&start) && error.contains(option) && error.contains(expected)
        });
        assert!(found, "{option} is not in {errors:#?}");
    }
    assert_eq!(errors.len(), 10, "{errors:#?}");
}

#[test]
fn settings_of_the_launch() {
    let place = Place::new(&[(
        "a.ini",
        "[uwsgi]\nuid = www-data\ngid = 33\nchown-socket = a:b\nlogto = log/%n.log\npidfile = p\n\
         env = A=1\nenv = B\nunenv = C\nsocket = a.sock\nhttp-socket = @x\nprotocol = http\n\
         umask = 027\n[emperor]\ncheck = GET /up 204\n",
    )]);
    let mut reading = place.vassal("a.ini");
    let settings = settle(&mut reading, "a.ini");
    assert_eq!(reading.findings, []);
    let launch = settings.launch;
    assert_eq!(launch.uid, Some(Principal::Name("www-data".into())));
    assert_eq!(launch.gid, Some(Principal::Id(33)));
    assert_eq!(launch.umask, Some(0o027));
    assert_eq!(launch.logto, Some(place.path("log/a.log")));
    assert_eq!(launch.pidfile, Some(place.path("p")));
    assert_eq!(
        launch.env,
        [("A".into(), Some("1".into())), ("B".into(), None), ("C".into(), None)]
    );
    assert_eq!(
        launch.sockets,
        [
            Listen::new(Address::Unix("a.sock".into()), Wire::Http),
            Listen::new(Address::Abstract("x".into()), Wire::Http),
        ]
    );
    let check = settings.serve.check.unwrap();
    assert_eq!((check.path.as_str(), check.status), ("/up", Some(204)));
    assert!(settings.serve.options.iter().all(|(name, _)| !name.contains("check")));
}

#[test]
fn a_user_without_a_group_is_said() {
    let (_, reading) = settled("uid = nobody\n");
    assert!(warnings(&reading)[0].contains("primary group"));
}

#[test]
fn keepalive_by_number_and_by_word() {
    for (text, seconds) in [("1", 60), ("0", 0), ("5", 5), ("true", 60), ("off", 0), ("", 60)] {
        let (settings, reading) = settled(&format!("http-keepalive = {text}\n"));
        assert_eq!(settings.serve.keepalive, Duration::from_secs(seconds), "{text}");
        assert_eq!(reading.findings, [], "{text}");
    }
}

#[test]
fn the_callable_follows_the_colon() {
    for (text, callable) in [
        ("module = a.b:c", Some("c")),
        ("module = a.b:f()", Some("f()")),
        ("module = a.b:\ncallable = d", Some("d")),
        ("wsgi = a.b\ncallable = d", Some("d")),
        ("module = a.b", None),
    ] {
        let (settings, _) = settled(text);
        assert_eq!(settings.serve.target, Some(Target::Module("a.b".into())), "{text}");
        assert_eq!(settings.serve.callable.as_deref(), callable, "{text}");
    }
}

#[test]
fn python_paths_are_expanded_where_the_application_is() {
    let place = Place::new(&[("a.ini", "[uwsgi]\nchdir = app\npp = lib*\npp = none*\npp = x\n")]);
    for name in ["app/lib1", "app/lib2"] {
        fs::create_dir_all(place.path(name)).unwrap();
    }
    let mut reading = place.vassal("a.ini");
    let settings = settle(&mut reading, "a.ini");
    let expected: [PathBuf; 4] = ["lib1".into(), "lib2".into(), "none*".into(), "x".into()];
    assert_eq!(settings.serve.pythonpath, expected);
}

#[test]
fn every_protocol_has_an_option_and_a_name() {
    let plain = |name: &str| {
        let (settings, reading) = settled(&format!("socket = a.sock\nprotocol = {name}\n"));
        assert!(!reading.refused(), "{name}");
        settings.launch.sockets[0].wire
    };
    for (option, wire) in [
        ("http-socket", Wire::Http),
        ("uwsgi-socket", Wire::Uwsgi),
        ("fastcgi-socket", Wire::Fastcgi),
        ("fastcgi-nph-socket", Wire::FastcgiNph),
        ("scgi-socket", Wire::Scgi),
        ("scgi-nph-socket", Wire::ScgiNph),
    ] {
        let (settings, _) = settled(&format!("{option} = a.sock\n"));
        assert_eq!(settings.launch.sockets[0].wire, wire, "{option}");
        assert_eq!(plain(wire.name()), wire);
    }
}

#[test]
fn clients_of_the_router_have_its_patience() {
    let of = |text: &str, wire| {
        let (settings, _) = settled(text);
        (settings.serve.patience(wire).as_secs(), settings.serve.head_limit(wire).as_secs())
    };
    assert_eq!(of("http-socket = :80\n", Wire::Http), (4, 60));
    assert_eq!(of("http = :80\nsocket-timeout = 9\n", Wire::Http), (60, 60));
    assert_eq!(of("http = :80\nsocket-timeout = 9\n", Wire::Uwsgi), (9, 60));
    assert_eq!(of("http = :80\nhttp-timeout = 600\n", Wire::Http), (600, 600));
    assert_eq!(of("http = :80\nhttp-headers-timeout = 5\n", Wire::Http), (60, 5));
    assert_eq!(of("http = :80\nhttp-headers-timeout = 5\n", Wire::Scgi), (4, 60));
    assert_eq!(
        of("http = :80\nhttp-timeout = 0\nhttp-headers-timeout = 0\n", Wire::Http),
        (60, 60)
    );
}

#[test]
fn of_several_statistics_sockets_the_last_one_counts() {
    let (settings, reading) = settled("stats = 127.0.0.1:9191\nsocket = a.sock\nstats = b.sock\n");
    assert!(!reading.refused());
    let sockets: Vec<_> =
        settings.launch.sockets.iter().map(|one| (one.address.to_string(), one.wire)).collect();
    let want = [("a.sock".to_owned(), Wire::Uwsgi), ("b.sock".to_owned(), Wire::Stats)];
    assert_eq!(sockets, want);
}

#[test]
fn a_mercy_of_nothing_is_the_usual_one() {
    let mercy = |line: &str| settled(line).0.serve.surroundings.daemon_mercy;
    assert_eq!(mercy("socket = a.sock\nreload-mercy = 7\n"), Duration::from_secs(7));
    let usual = mercy("socket = a.sock\n");
    for nothing in ["0", "true"] {
        let line = format!("socket = a.sock\nreload-mercy = {nothing}\n");
        assert_eq!(mercy(&line), usual, "{nothing}");
    }
}

#[test]
fn an_option_counts_in_each_of_its_spellings() {
    let crews = |front: &str| {
        let text = format!("{front} = 127.0.0.1:1\nsocket = a.sock\nmap-socket = 0:1\n");
        let (settings, reading) = settled(&text);
        assert_eq!(errors(&reading), [""; 0], "{front}");
        settings.serve.crews
    };
    // the router's socket has no number, whatever it is called
    assert_eq!(crews("http")[0].socket, 1);
    assert_eq!(crews("httprouter"), crews("http"));
    assert_eq!(crews("http-socket")[0].socket, 0);
}

#[test]
fn of_two_prefixes_of_titles_the_later_one_counts() {
    let prefix = |text: &str| settled(text).0.serve.procname.map(|names| names.prefix);
    let (plain, spaced) = ("procname-prefix = a\n", "procname-prefix-spaced = b\n");
    assert_eq!(prefix(&format!("{plain}{spaced}")).as_deref(), Some("b "));
    assert_eq!(prefix(&format!("{spaced}{plain}")).as_deref(), Some("a"));
}

#[test]
fn each_pid_file_is_kept() {
    let (settings, _) =
        settled("pidfile = /x/a\nsafe-pidfile = b\npidfile2 = c\nsafe-pidfile2 = d\n");
    assert_eq!(settings.launch.pidfile, Some("/x/a".into()));
    assert_eq!(settings.serve.supervision.pidfile2, Some("c".into()));
    assert_eq!(settings.serve.supervision.safe_pidfiles, [Path::new("b"), Path::new("d")]);
}

#[test]
fn every_option_of_a_vassal_that_works_reaches_the_settings() {
    // relevant with these only
    let base = "socket = a.sock\nhttp-socket = b.sock\nhttp = c.sock\nenv = GONE=1\nprocesses = 99\ncheaper = 9\n\
                wait-for-fs = /x\nwait-for-socket = /x\nwait-for-interface = x\n";
    let read = |line: &str| {
        let (mut settings, reading) = settled(&format!("{base}{line}"));
        settings.serve.options.clear();
        let findings: Vec<_> = reading.findings.iter().map(ToString::to_string).collect();
        format!("{settings:?} {findings:?}")
    };
    let untouched = read("");
    let elsewhere = ["Emperor", "Configuration"];
    for (subject, rows) in option::subjects() {
        for row in rows.iter().filter(|row| row.tier == Tier::Works) {
            let value = match row.name {
                "need-app" | "die-on-term" | "body-buffering" => "false",
                "protocol" => "http",
                "env" => "NEW=1",
                "unenv" => "GONE",
                "need-plugins" => "no-such-plugin",
                // obeyed by the launcher, the Emperor and the reader, see there
                "show-config" | "fallback-config" | "inject-before" | "inject-after"
                | "connect-and-read" => continue,
                _ => match row.kind {
                    Kind::Flag => "true",
                    Kind::Integer | Kind::Long | Kind::Short | Kind::Megabytes => "77",
                    Kind::Mode => "17",
                    Kind::Text | Kind::List | Kind::Special => "/x",
                },
            };
            if !elsewhere.contains(subject) {
                let line = format!("{} = {value}\n", row.name);
                assert_ne!(read(&line), untouched, "nothing reads {}", row.name);
            }
        }
    }
}
