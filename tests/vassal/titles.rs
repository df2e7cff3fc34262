//! What process lists and the output show when an option asks for it.

use tests::process::Process;
use tests::server::SOON;
use tests::{Dir, HITME, Run, Server, Subject, eventually, free_address, http, only};

/// A server of two workers.
fn start(dir: &Dir, more: &[&str]) -> Server {
    dir.write("hitme.py", HITME);
    let address = free_address();
    let server = Run::uwsgi(dir)
        .args(["--http-socket", &address.to_string(), "--wsgi-file", "hitme.py", "--master"])
        .args(["--processes", "2"])
        .args(more)
        .start();
    server.await_tcp(address);
    let answer = http::get(address, "/").expect("the server under test is there");
    assert_eq!(answer.text(), "Hello World");
    server
}

/// The command lines of the server's processes, sorted.
fn commands(server: &Server) -> Vec<String> {
    let below = server.process().descendants();
    let mut list: Vec<String> =
        below.into_iter().chain([server.process()]).map(Process::command).collect();
    list.sort();
    list
}

#[test]
fn processes_say_what_they_are() {
    let dir = Dir::new();
    let server = start(&dir, &["--procname-prefix-spaced", "[shop]", "--procname-append", " (1)"]);
    eventually("master and workers have titles", SOON, || {
        let seen = commands(&server);
        let wanted = ["uWSGI master", "uWSGI worker 1", "uWSGI worker 2"]
            .map(|title| format!("[shop] {title} (1)"));
        if wanted.iter().all(|title| seen.contains(title)) { Ok(()) } else { Err(seen.join(", ")) }
    });
    server.stop();
}

#[test]
fn auto_procname_alone_gives_titles() {
    let dir = Dir::new();
    let server = start(&dir, &["--auto-procname"]);
    eventually("master and workers have titles", SOON, || {
        let seen = commands(&server);
        let wanted = ["uWSGI master", "uWSGI worker 1", "uWSGI worker 2"];
        if wanted.iter().all(|one| seen.iter().any(|title| title == one)) {
            Ok(())
        } else {
            Err(seen.join(", "))
        }
    });
    server.stop();
}

#[test]
fn a_prefix_is_put_before_titles_as_it_is() {
    let dir = Dir::new();
    let server = start(&dir, &["--procname-prefix", "shop:"]);
    eventually("the worker has a title", SOON, || {
        let seen = commands(&server);
        if seen.contains(&"shop:uWSGI worker 1".to_owned()) { Ok(()) } else { Err(seen.join(", ")) }
    });
    server.stop();
}

#[test]
fn a_name_of_the_masters_own_is_shown() {
    let dir = Dir::new();
    let server = start(&dir, &["--procname", "shop", "--procname-master", "shop boss"]);
    eventually("every title is the one that was given", SOON, || {
        let seen = commands(&server);
        let ours = seen.iter().filter(|title| *title == "shop").count();
        if seen.contains(&"shop boss".to_owned()) && ours >= 2 {
            Ok(())
        } else {
            Err(seen.join(", "))
        }
    });
    server.stop();
}

#[test]
fn titles_are_left_alone_where_nobody_asks() {
    let dir = Dir::new();
    let server = start(&dir, &[]);
    let seen = commands(&server);
    assert!(seen.iter().all(|command| !command.contains("uWSGI worker")), "{seen:?}");
    assert!(server.process().command().contains("--http-socket"), "{seen:?}");
    server.stop();
}

#[test]
fn the_configuration_is_shown_as_it_was_understood() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let ini = dir.write("more.ini", "[uwsgi]\nsize = 3\nthreads = %(size)\nshow-config = true\n");
    let server = start(&dir, &["--ini", &ini.display().to_string()]);
    server.expect_log("\nthreads = 3\n");
    server.stop();
}
