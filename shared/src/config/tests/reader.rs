//! What comes of files.

use super::*;

#[test]
fn what_an_emperor_says_comes_around_the_vassals_file() {
    let place = Place::new(&[
        ("before.ini", "[uwsgi]\nthreads = 2\nharakiri = 2\nlisten = 2\nname = %N\n"),
        ("app.ini", "[uwsgi]\nthreads = 3\nharakiri = 3\nprocesses = 3\n"),
        ("after.ini", "[uwsgi]\nharakiri = 4\nprocname = %n-%N\n"),
    ]);
    let reading = read_vassal(
        &VassalSource {
            sets: &["threads=1".into(), "buffer-size=9".into(), "site=a".into()],
            before: &[Template::Include(place.path("before.ini"))],
            after: &[Template::Include(place.path("after.ini"))],
            options: &[("processes".into(), "9".into()), ("max-requests".into(), "8".into())],
            ..source(&place.path("app.ini"))
        },
        &place.world,
    );
    assert_eq!(errors(&reading), [""; 0]);
    for (name, expected) in [
        ("threads", "3"),
        ("harakiri", "4"),
        ("listen", "2"),
        ("processes", "3"),
        ("max-requests", "8"),
        ("buffer-size", "9"),
        ("name", "app"),
        ("procname", "after-app"),
    ] {
        assert_eq!(value(&reading, name), expected, "{name}");
    }
    assert_eq!(reading.directives.last("buffer-size").unwrap().origin, Origin::VassalSet);
}

#[test]
fn placeholders_take_the_first_and_options_the_last() {
    let (settings, reading) = settled(
        "foo = 1\nfoo = 2\nprocname = %(foo)-%(processes)-%(later)-%(none)-%(workers)-%(%(foo))-%(x\n\
         processes = 2\nprocesses = 3\nlater = %(foo)x\na = 8\nb = 2\n\
         procname-append = %(a + b) %(a / 3) %(a b) %(b - a) %(a b + 2) 100%%\n",
    );
    assert_eq!(reading.findings, []);
    assert_eq!(settings.serve.processes, 3);
    let procname = settings.serve.procname.unwrap();
    assert_eq!(procname.whole.as_deref(), Some("1-2-1x-%(none)-%(workers)-%(1)-%(x"));
    assert_eq!(procname.append, "10 2 82 -6 84 100%");
}

#[test]
fn the_environment_and_files_in_values() {
    let place = Place::new(&[
        ("a.ini", "[uwsgi]\nenv = A=1\nprocname = $(HOME)/$(A)/@(b.txt)/${HOME}\n"),
        ("b.txt", "line %(c)\n"),
    ]);
    let reading = place.vassal("a.ini");
    assert_eq!(value(&reading, "procname"), "/home/alice/$(A)/line %(c)/${HOME}");
    let (_, reading) = settled("logto = @(exec://date)\nprocname = @(/dev/zero)\nhome = @(none)\n");
    assert!(warnings(&reading).join("").contains("a.ini:2: logto: not run by a check"));
    let errors = errors(&reading);
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(errors[0].contains("not a regular file"));
}

#[test]
fn inherited_files_are_read_last_and_not_expanded() {
    let place = Place::new(&[
        ("a.ini", "[uwsgi]\ninherit = f\nprocesses = 1\ninclude = g\n"),
        ("f", "[uwsgi]\nprocname = $(HOME)\nprocesses = 5\nprocname-master = %n\n"),
        ("g", "[uwsgi]\nprocname-append = $(HOME)\n"),
    ]);
    let reading = place.vassal("a.ini");
    assert_eq!(value(&reading, "procname"), "$(HOME)");
    assert_eq!(value(&reading, "procname-append"), "/home/alice");
    assert_eq!(value(&reading, "procname-master"), "f");
    assert_eq!(value(&reading, "processes"), "5");
}

#[test]
fn sections_are_chosen_by_name() {
    let place = Place::new(&[(
        "a.ini",
        "lost = 1\n[other]\nthreads = 9\n[uwsgi]\nini = :base\nprocesses = 2\n\
         [base]\nthreads = 4\n[uwsgi]\nharakiri = 5\n",
    )]);
    let reading = place.vassal("a.ini");
    assert_eq!(value(&reading, "threads"), "4");
    assert_eq!(value(&reading, "harakiri"), "5");
    assert_eq!(value(&reading, "lost"), "<none>");
    assert!(warnings(&reading)[0].contains("a.ini:1: lines before the first section"));
    let reading = place.line(&["--ini", "a.ini:other"]);
    assert_eq!(value(&reading, "threads"), "9");
    assert_eq!(value(&reading, "processes"), "<none>");
    let missing = warnings(&place.line(&["--ini", "a.ini:prod"])).join("");
    assert!(missing.contains("[prod] is missing: found other, uwsgi, base"), "{missing}");
    let place = Place::new(&[("a.ini", "[other]\nthreads = 9\n")]);
    assert!(errors(&place.vassal("a.ini")).join("").contains("[uwsgi] is missing: found other"));
}

#[test]
fn blocks() {
    let place = Place::new(&[(
        "a.ini",
        "[uwsgi]\nx = 5\nfor = a b\nenv = 1%(_)\nenv = 2%(_)\nendfor\n\
         if-env = HOME\nenv = home %(_)\nendif\nif-not-env = HOME\nenv = no\nend-if\n\
         if-opt = x=5\nenv = five\nend\nif-opt = x=6\nenv = six\nendif\n\
         if-file = a.ini\nenv = file\nendif\nif-dir = a.ini\nenv = dir\nendif\n\
         if-exists = none\nif-env = HOME\nenv = nested\nendif\nenv = after\n\
         for-times = 2\nenv = n%(_)\nend-for\nfor-glob = *.ini\nenv = g%(_)\nend\n\
         if-reload = 1\nenv = reload\nendif\nfor-readline = a.ini\n",
    )]);
    let reading = place.vassal("a.ini");
    let got: Vec<_> = reading.directives.all("env").map(|one| one.value.as_str()).collect();
    let expected =
        ["1a", "1b", "2a", "2b", "home /home/alice", "five", "file", "after", "n1", "n2", "ga.ini"];
    assert_eq!(got, expected);
    let (_, reading) = settled("if-env = HOME\nif-file = /etc/passwd\nenv = A=1\nendif\nendif\n");
    assert!(errors(&reading)[0].contains("blocks cannot be nested"));
    let (_, reading) = settled("if-env = HOME\nenv = A=1\n");
    assert!(warnings(&reading).join("").contains("not ended"));
}

#[test]
fn unknown_options_are_reported_with_what_was_probably_meant() {
    let (_, reading) = settled("vaccum = true\nused = 1\nprocname = %(used)\nchmod_socket = 664\n");
    let got = warnings(&reading);
    assert_eq!(got.len(), 2, "{got:?}");
    assert!(got[0].contains("a.ini:2: vaccum: unknown option") && got[0].contains("\"vacuum\"?"));
    assert!(got[1].contains("a.ini:5") && got[1].contains("\"chmod-socket\"?"));
    let (_, reading) = settled("typo = 1\nset-placeholder = fine=1\nstrict = true\n");
    assert_eq!(errors(&reading).len(), 1);
    assert!(errors(&reading)[0].contains("a.ini:2: typo: unknown option, and strict is set"));
    let (_, reading) = settled("mule = 1\nmule = 2\nthunder-lock = true\n");
    assert_eq!(warnings(&reading).len(), 1);
    assert!(warnings(&reading)[0].contains("mule: known, not supported yet: ignored"));
}

#[test]
fn plugins_of_other_languages_are_named() {
    let (_, reading) = settled("plugins = python3,http,logfile\n");
    assert_eq!(reading.findings, []);
    let (_, reading) = settled("plugins = php\n");
    assert!(warnings(&reading)[0].contains("not provided by this server: php"));
    let (_, reading) = settled("need-plugin = php\n");
    assert!(errors(&reading)[0].contains("not provided by this server: php"));
}

#[test]
fn a_blacklist_and_a_whitelist_fence_what_is_between() {
    let (_, reading) =
        settled("blacklist = uid workers\nprocesses = 1\nchdir = /\nend-blacklist =\nuid = 1\n");
    assert_eq!(errors(&reading).len(), 1);
    assert!(errors(&reading)[0].contains("a.ini:3: processes: forbidden here"));
    let (_, reading) = settled(
        "whitelist = set processes\nworkers = 1\nset = uid=0\nx = 1\nend-whitelist\nchdir = /\n",
    );
    let got = errors(&reading);
    assert_eq!(got.len(), 2, "{got:?}");
    assert!(got[0].contains("a.ini:4: uid") && got[1].contains("a.ini:5: x"));
}

#[test]
fn what_protected_under_uwsgi_is_not_dropped_in_silence() {
    let (_, reading) =
        settled("route = ^/x donotlog:\nroute = ^/admin ldapauth:x,y\nsetns = /run/a\n");
    assert!(errors(&reading)[0].contains("a.ini:3: route") && errors(&reading).len() == 1);
    assert!(warnings(&reading).iter().any(|w| w.contains("without this isolation")));
}

#[test]
fn a_tenant_cannot_end_what_the_emperor_opened() {
    let place = Place::new(&[
        ("before.ini", "[uwsgi]\nblacklist = uid\n"),
        ("a.ini", "[uwsgi]\nend-blacklist =\nini = b.ini\nuid = 0\n"),
        ("b.ini", "[uwsgi]\nwhitelist = uid\nend-blacklist\nend-blacklist\nuid = 0\n"),
        ("after.ini", "[uwsgi]\nend-blacklist =\nuid = 5\n"),
    ]);
    let template = |name| [Template::Include(place.path(name))];
    let (before, after) = (template("before.ini"), template("after.ini"));
    let file = place.path("a.ini");
    let reading = read_vassal(
        &VassalSource { before: &before, after: &after, ..source(&file) },
        &place.world,
    );
    assert_eq!(value(&reading, "uid"), "5");
    assert_eq!(reading.directives.all("uid").count(), 1);
    assert_eq!(errors(&reading).len(), 4, "{:?}", errors(&reading));
}

#[test]
fn what_an_emperor_sets_for_its_vassals_means_each_vassal() {
    let place = Place::new(&[
        (
            "emperor.ini",
            "[uwsgi]\nbase = /srv\nvassal-set = logto=%(base)/%n-%N-%k.log\n\
             vassal-set = procname=100%% %%n %(mine)\nvassal-set = threads=3\n",
        ),
        ("app.ini", "[uwsgi]\nmine = own\n"),
    ]);
    let emperor = place.line(&["--ini", "emperor.ini", "--vassal-set", "env=A=%d"]);
    // it is listed as uWSGI lists it: with the Emperor's own name
    let listed = super::show::show(&emperor, super::show::Form::Ini);
    assert!(listed.contains("\nvassal-set = logto=/srv/emperor-emperor-2.log\n"), "{listed}");
    let sets = emperor.directives.vassal_sets();
    assert_eq!(sets.len(), 4);
    let app = place.path("app.ini");
    let vassal = read_vassal(&VassalSource { sets: &sets, ..source(&app) }, &place.world);
    assert_eq!(errors(&vassal), [""; 0]);
    assert_eq!(value(&vassal, "logto"), "/srv/app-emperor-2.log");
    assert_eq!(value(&vassal, "procname"), "100% %n own");
    assert_eq!(value(&vassal, "threads"), "3");
    // a command line has no magic variables
    assert_eq!(value(&vassal, "env"), "A=%d");
}

#[test]
fn files_in_other_languages_say_the_same() {
    let place = Place::new(&[
        ("a.yaml", "uwsgi:\n  processes: 2\n  env:\n    - A=%n\n    - B=1\n  master: true\n"),
        (
            "a.json",
            "{\"uwsgi\": {\"processes\": 2, \"env\": [\"A=%n\", \"B=1\"], \"master\": true}}",
        ),
        ("a.xml", "<uwsgi><processes>2</processes><env>A=%n</env><env>B=1</env><master/></uwsgi>"),
        ("b.ini", "[uwsgi]\ninclude = a.yaml\n"),
        ("bad.yml", "uwsgi:\n  processes: 2\n  env: [A=1\n"),
        ("latin.json", "{\"uwsgi\": {}}"),
    ]);
    for name in ["a.yaml", "a.json", "a.xml", "b.ini"] {
        let reading = place.vassal(name);
        assert_eq!(errors(&reading), [""; 0], "{name}");
        assert_eq!(value(&reading, "processes"), "2", "{name}");
        let env: Vec<_> = reading.directives.all("env").map(|one| one.value.as_str()).collect();
        assert_eq!(env, ["A=a", "B=1"], "{name}");
        assert_eq!(reading.directives.flag("master"), Some(true), "{name}");
    }
    let line = place.vassal("a.yaml").directives.last("env").unwrap().origin.to_string();
    assert!(line.ends_with("a.yaml:5"), "{line}");
    let bad = errors(&place.vassal("bad.yml")).join("");
    assert!(bad.contains("bad.yml:"), "{bad}");
    std::fs::write(place.path("latin.json"), b"{\"uwsgi\":\n {\"a\": \"\xff\"}}").unwrap();
    let latin = errors(&place.vassal("latin.json")).join("");
    assert!(latin.contains("latin.json:2: this line is not valid UTF-8"), "{latin}");
}

#[test]
fn a_refused_configuration_gives_way_to_its_fallback() {
    let place = Place::new(&[
        ("a.ini", "[uwsgi]\nfallback-config = b.ini\nstrict = true\ntypo = 1\n"),
        ("b.ini", "[uwsgi]\nprocesses = 4\nname = %N\n"),
    ]);
    let first = place.vassal("a.ini");
    assert!(first.refused());
    let app = place.path("a.ini");
    let second = read_fallback(&source(&app), "b.ini", &first, &place.world);
    assert!(!second.refused(), "{second:?}");
    assert_eq!(value(&second, "processes"), "4");
    assert!(warnings(&second).join("").contains("typo: unknown option, and strict is set"));
}
