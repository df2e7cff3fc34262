//! What is imported beside the application, how the interpreter is started, and which exceptions
//! replace a worker.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::server::{End, SOON};
use tests::{Dir, Run, Server, Subject, eventually, free_address, http, only};

const MODULE: [&str; 2] = ["--module", "loading"];

fn started(run: Run, words: &[&[&str]]) -> (Server, SocketAddr) {
    let address = free_address();
    let run = run.args(["--http-socket", &address.to_string(), "--master"]);
    let server = run.args(words.concat()).start();
    server.await_tcp(address);
    (server, address)
}

/// A directory with the application in it.
fn place() -> Dir {
    let dir = Dir::new();
    dir.app("loading.py");
    dir
}

fn seen(address: SocketAddr) -> Value {
    let answer = http::get(address, "/").expect("the server under test is there");
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// What a server with these words sees.
fn looked(words: &[&[&str]]) -> Value {
    let dir = place();
    let (server, address) = started(Run::uwsgi(&dir), words);
    let found = seen(address);
    server.stop();
    found
}

#[test]
fn import_and_shared_import_come_before_the_application() {
    for lazy in [&[][..], &["--lazy-apps"]] {
        let dir = place();
        for name in ["one", "two"] {
            let source = format!(
                "import os, sys\nsys.order = getattr(sys, 'order', []) + ['{name}']\nsys.{name} = os.getpid()\nprint('{name} in', os.getpid())\n"
            );
            dir.write(format!("{name}.py"), source);
        }
        let words = ["--import", "two", "--shared-import", "one"];
        let (server, address) = started(Run::uwsgi(&dir), &[&MODULE, &words, lazy]);
        let found = seen(address);
        assert_eq!(found["order"], json!(["one", "two", "application"]), "{lazy:?}");
        let pid = found["pid"].as_i64().unwrap();
        assert!(!server.log().contains(&format!("one in {pid}\n")), "before the fork");
        assert_eq!(server.log().contains(&format!("two in {pid}\n")), !lazy.is_empty());
        server.stop();
    }
}

#[test]
fn eval_is_the_source_of_an_application() {
    let found = looked(&[&["--eval", "from loading import application"]]);
    assert_eq!(found["order"], json!(["application"]));
}

#[test]
fn aliases_are_other_names_of_modules() {
    if !only(Subject::Ours) {
        return;
    }
    let early = ["--pymodule-alias", "early=loading.py"];
    let late = ["--post-pymodule-alias", "late=loading"];
    assert_eq!(looked(&[&["--module", "early"], &early, &late])["names"], json!(["early", "late"]));
    assert_eq!(looked(&[&MODULE, &early])["names"], json!(["early"]));
}

#[test]
fn the_interpreter_is_told_what_optimize_and_no_site_say() {
    let plain = looked(&[&MODULE]);
    assert_eq!((&plain["optimize"], &plain["asserts"]), (&json!(0), &json!(true)));
    let found = looked(&[&MODULE, &["--optimize", "2"]]);
    assert_eq!((&found["optimize"], &found["asserts"]), (&json!(2), &json!(false)));
    if only(Subject::Ours) {
        assert_eq!(plain["site"], true);
        assert_eq!(looked(&[&MODULE, &["--no-site"]])["site"], false);
    }
}

#[test]
fn py_sys_executable_is_what_the_application_sees() {
    let found = looked(&[&MODULE, &["--py-sys-executable", "/usr/bin/other"]]);
    assert_eq!(found["executable"], "/usr/bin/other");
}

#[test]
fn chdir2_is_the_directory_once_the_application_is_loaded() {
    let dir = place();
    let inner = dir.mkdir("inner");
    let (server, address) = started(Run::uwsgi(&dir), &[&MODULE, &["--chdir2", "inner"]]);
    assert_eq!(seen(address)["directory"], inner.display().to_string());
    server.stop();
}

#[test]
fn wsgi_disable_file_wrapper_takes_it_away() {
    assert_eq!(looked(&[&MODULE])["wrapper"], true);
    assert_eq!(looked(&[&MODULE, &["--wsgi-disable-file-wrapper"]])["wrapper"], false);
}

#[test]
fn a_paste_configuration_names_the_application() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = place();
    // what the package paste.deploy does for one application, without the package
    dir.mkdir("paste");
    dir.write("paste/__init__.py", "");
    dir.write(
        "paste/deploy.py",
        "import configparser\n\
         def loadapp(uri):\n\
         \x20   kind, path = uri.split(':', 1)\n\
         \x20   parser = configparser.RawConfigParser()\n\
         \x20   parser.read(path)\n\
         \x20   module, name = parser['app:main']['use'].split(':')\n\
         \x20   return getattr(__import__(module), name)\n",
    );
    let path = dir.write(
        "site.ini",
        "[app:main]\nuse = loading:application\n[loggers]\nkeys = root\n[handlers]\nkeys = out\n\
         [formatters]\nkeys = plain\n[logger_root]\nlevel = INFO\nhandlers = out\n[handler_out]\n\
         class = StreamHandler\nargs = (sys.stderr,)\nformatter = plain\n[formatter_plain]\n\
         format = logged by paste: %(message)s\n",
    );
    dir.write("say.py", "import logging\nlogging.getLogger().info('hello')\n");
    let config = path.display().to_string();
    let words = ["--paste", &config, "--paste-logger"];
    let (server, address) =
        started(Run::uwsgi(&dir), &[&words, &["--post-pymodule-alias", "said=say"]]);
    assert_eq!(seen(address)["order"], json!(["application"]));
    server.expect_log("logged by paste: hello");
    server.stop();
}

#[test]
fn skip_atexit_ends_a_worker_without_its_last_words() {
    for (words, said) in [(&[][..], true), (&["--skip-atexit"], false)] {
        let dir = place();
        let run = Run::uwsgi(&dir).env("LAST_WORDS", "1");
        let (mut server, address) = started(run, &[&MODULE, words, &["--lazy-apps"]]);
        seen(address);
        server.signal(nix::sys::signal::Signal::SIGTERM);
        assert_eq!(server.wait(SOON), End::Code(0));
        assert_eq!(server.log().contains("the last words"), said, "{words:?}: {}", server.log());
        server.finish();
    }
}

#[test]
fn exceptions_replace_the_worker_where_the_file_says_so() {
    if !only(Subject::Ours) {
        return;
    }
    for (words, path, other) in [
        (&["--reload-on-exception"][..], "/odd", None),
        (&["--reload-on-exception-type", "ValueError"], "/value", Some("/odd")),
        (&["--reload-on-exception-type", "loading.Odd"], "/odd", Some("/value")),
        (&["--reload-on-exception-value", "some text"], "/value", Some("/odd")),
        (&["--reload-on-exception-repr", "Odd:odd text"], "/odd", Some("/value")),
    ] {
        let dir = place();
        let (server, address) = started(Run::uwsgi(&dir), &[&MODULE, words]);
        server.expect_log("generation 1 serves");
        let old = seen(address)["pid"].clone();
        if let Some(other) = other {
            assert_eq!(http::get(address, other).unwrap().status, 500);
            assert_eq!(seen(address)["pid"], old, "{words:?} {other}");
        }
        assert_eq!(http::get(address, path).unwrap().status, 500);
        eventually("a new worker answers", SOON, || {
            let pid = seen(address)["pid"].clone();
            if pid == old { Err(format!("{words:?}: still {old}")) } else { Ok(()) }
        });
        server.stop();
    }
}

#[test]
fn no_threads_wait_ends_a_worker_in_spite_of_its_threads() {
    if !only(Subject::Ours) {
        return;
    }
    for (words, waits) in [(&["--no-threads-wait"][..], false), (&[], true)] {
        let dir = place();
        let run = Run::uwsgi(&dir).env("THREAD", "start");
        let mercy = ["--worker-reload-mercy", "2", "--lazy-apps"];
        let (mut server, address) = started(run, &[&MODULE, &mercy, words]);
        seen(address);
        let begun = Instant::now();
        server.signal(nix::sys::signal::Signal::SIGTERM);
        server.wait(SOON);
        assert_eq!(begun.elapsed() > Duration::from_secs(2), waits, "{words:?}");
        server.finish();
    }
}

#[test]
fn thread_stacksize_limits_how_deep_a_request_goes() {
    if !only(Subject::Ours) {
        return;
    }
    let words = ["--threads", "2", "--processes", "1", "--disable-logging"];
    for (stack, deep_enough) in [("131072", true), ("128", false)] {
        let dir = place();
        let size = ["--thread-stacksize", stack];
        let (server, address) = started(Run::uwsgi(&dir), &[&MODULE, &words, &size]);
        server.expect_log("generation 1 serves");
        // enough requests that the second thread, whose stack it is, serves one too
        let fine = (0..20)
            .all(|_| http::get(address, "/deep?900").is_ok_and(|answer| answer.status == 200));
        assert_eq!(fine, deep_enough, "{stack} KiB: {}", server.log());
        server.kill();
    }
}
