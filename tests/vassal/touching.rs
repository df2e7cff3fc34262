//! Files whose change asks for something.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, SystemTime};

use tests::http::{self, Client};
use tests::process::Process;
use tests::server::SOON;
use tests::wait::always;
use tests::{Dir, Run, Server, Subject, eventually, free_address, only, until};

/// A server of the battery; `--lazy-apps`, so that replaced workers have other code.
fn start(dir: &Dir, words: &[&str]) -> (Server, SocketAddr) {
    dir.app("battery.py");
    let address = free_address();
    let server = Run::uwsgi(dir)
        .args(["--http-socket", &address.to_string(), "--wsgi-file", "battery.py", "--master"])
        .args(words)
        .start();
    server.await_tcp(address);
    server.expect_log("spawned uWSGI worker 1 ");
    (server, address)
}

fn pid(address: SocketAddr) -> String {
    eventually("a worker answers", SOON, || http::get(address, "/pid")).text()
}

/// Waits until another worker answers.
#[track_caller]
fn replaced(server: &Server, address: SocketAddr, first: &str, what: &str) -> String {
    eventually(&format!("another worker after {what}"), SOON, || match pid(address) {
        now if now == first => Err(server.log()),
        now => Ok(now),
    })
}

/// Waits for the end of a worker that was relieved: until then it may answer once more.
#[track_caller]
fn gone(server: &Server, pid: &str) {
    let process = Process(pid.parse().expect("the application answers its pid"));
    assert!(until(SOON, || !process.alive()), "{pid} is still there:\n{}", server.log());
}

/// Sets a file's time of change to another second, as `touch` some time later does: in one step,
/// also where the file is new.
fn touch(path: &Path, seconds: u64) {
    let there = path.exists();
    let name = if there { path.to_owned() } else { path.with_extension("new") };
    let file = File::options().create(true).append(true).open(&name);
    let file = file.expect("a file of the test can be made");
    file.set_modified(SystemTime::now() + Duration::from_secs(seconds))
        .expect("its time can be set");
    if !there {
        fs::rename(name, path).expect("it gets its name");
    }
}

#[test]
fn touch_reload_starts_a_generation_whenever_the_file_changes() {
    let dir = Dir::new();
    let file = dir.join("restart");
    let (server, address) = start(&dir, &["--touch-reload", "restart"]);
    let mut last = pid(address);
    touch(&file, 0);
    last = replaced(&server, address, &last, "it appeared");
    touch(&file, 5);
    last = replaced(&server, address, &last, "it was touched");
    fs::remove_file(&file).unwrap();
    let before = last;
    last = replaced(&server, address, &before, "it disappeared");
    gone(&server, &before);
    dir.write("elsewhere", "");
    always("nothing else counts", Duration::from_millis(1500), || pid(address) == last);
    server.stop();
}

#[test]
fn two_touches_at_a_time_are_one_reload() {
    let dir = Dir::new();
    let file = dir.write("restart", "");
    let (server, address) = start(&dir, &["--touch-reload", "restart"]);
    let first = pid(address);
    touch(&file, 5);
    touch(&file, 5);
    let second = replaced(&server, address, &first, "it was touched");
    gone(&server, &first);
    always("one reload", Duration::from_millis(1500), || pid(address) == second);
    server.stop();
}

#[test]
fn touched_files_replace_workers() {
    let dir = Dir::new();
    for option in ["touch-workers-reload", "touch-chain-reload"] {
        let words = [&format!("--{option}"), "restart", "--lazy-apps", "--processes=2"];
        let (server, address) = start(&dir, &words);
        eventually("both have loaded", SOON, || {
            let log = server.log();
            let all = log.contains("generation 1 serves") || log.matches("WSGI app 0").count() > 1;
            if all { Ok(()) } else { Err(log) }
        });
        let app = fs::read_to_string(dir.join("battery.py")).unwrap();
        dir.write("battery.py", app.replace("Hello World", "Hello Again"));
        assert_eq!(http::get(address, "/hello").unwrap().text(), "Hello World");
        touch(&dir.join("restart"), 5);
        server.expect_log("Respawned uWSGI worker 1 ");
        server.expect_log("Respawned uWSGI worker 2 ");
        eventually("the new code", SOON, || match http::get(address, "/hello") {
            Ok(answer) if answer.text() == "Hello Again" => Ok(()),
            other => Err(format!("{other:?}")),
        });
        server.stop();
    }
}

#[test]
fn a_chain_of_workers_that_cannot_load_the_code_stops_at_the_first() {
    // the original has one worker less for each link of the chain
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let words = ["--touch-chain-reload", "restart", "--lazy-apps", "--processes=2"];
    let (server, address) = start(&dir, &words);
    server.expect_log("generation 1 serves");
    dir.write("battery.py", "raise ImportError('not this time')\n");
    touch(&dir.join("restart"), 5);
    server.expect_log("no more workers are replaced, the others serve on");
    server.expect_log("not this time");
    assert_eq!(http::get(address, "/hello").unwrap().text(), "Hello World");
    server.stop();
}

#[test]
fn touch_exec_runs_a_command() {
    let dir = Dir::new();
    let (server, _) = start(&dir, &["--touch-exec", "ring echo rung >> rung; echo said"]);
    touch(&dir.join("ring"), 5);
    eventually("the command ran", SOON, || fs::read_to_string(dir.join("rung")));
    server.expect_log("said");
    server.stop();
}

#[test]
fn touched_files_rotate_and_reopen_the_log() {
    let dir = Dir::new();
    dir.app("battery.py");
    let address = free_address();
    let server = Run::uwsgi(&dir)
        .args(["--http-socket", &address.to_string(), "--wsgi-file", "battery.py", "--master"])
        .args(["--logto2", "app.log", "--log-master", "--log-backupname", "app.old"])
        .args(["--touch-logrotate", "rotate", "--touch-logreopen", "reopen"])
        .args(["--log-maxsize", "10000000"])
        .start();
    server.await_tcp(address);
    let has = |name: &str, text: &str| {
        let path = dir.join(name);
        eventually(&format!("{text} in {name}"), SOON, || {
            let found = fs::read_to_string(&path).unwrap_or_default();
            if found.contains(text) { Ok(()) } else { Err(found) }
        });
    };
    // the files are watched once the workers are there
    has("app.log", "spawned uWSGI worker 1 ");
    assert_eq!(http::get(address, "/hello?first").unwrap().status, 200);
    has("app.log", "/hello?first");
    touch(&dir.join("rotate"), 5);
    has("app.old", "/hello?first");
    eventually("lines in a new log", SOON, || {
        let status = http::get(address, "/hello?second").map_err(|error| error.to_string())?.status;
        let found = fs::read_to_string(dir.join("app.log")).unwrap_or_default();
        if found.contains("/hello?second") { Ok(()) } else { Err(format!("{status} {found}")) }
    });
    fs::rename(dir.join("app.log"), dir.join("app.away")).unwrap();
    touch(&dir.join("reopen"), 5);
    eventually("lines in the log that was opened again", SOON, || {
        let status = http::get(address, "/hello?third").map_err(|error| error.to_string())?.status;
        let found = fs::read_to_string(dir.join("app.log")).unwrap_or_default();
        if found.contains("/hello?third") { Ok(()) } else { Err(format!("{status} {found}")) }
    });
    server.stop();
}

#[test]
fn fs_reload_watches_a_directory() {
    let dir = Dir::new();
    dir.mkdir("code/deeper");
    let (server, address) = start(&dir, &["--fs-reload", "code"]);
    let first = pid(address);
    dir.write("code/deeper/file", "");
    always("deeper changes do not count", Duration::from_millis(1500), || pid(address) == first);
    dir.write("code/file", "");
    replaced(&server, address, &first, "a file in it changed");
    server.stop();
}

#[test]
fn fs_brutal_reload_leaves_no_time() {
    let dir = Dir::new();
    dir.mkdir("code");
    let (server, address) = start(&dir, &["--fs-brutal-reload", "code", "--threads=2"]);
    let mut client = Client::connect(address).unwrap();
    client.stream.patience(2 * SOON).unwrap();
    client.send("GET /slow?20 HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    // somebody else is answered meanwhile: the slow one is in
    pid(address);
    dir.write("code/file", "");
    assert!(client.response(true).is_err(), "the old worker was waited for");
    assert!(!pid(address).is_empty());
    server.stop();
}

#[test]
fn a_reload_by_a_touched_file_loses_nothing() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let (server, address) = start(&dir, &["--touch-reload", "restart", "--processes=2", "-L"]);
    let file = dir.join("restart");
    for round in 1..=5 {
        touch(&file, round * 5);
        let text = format!("generation {} serves", round + 1);
        eventually(&text, SOON, || {
            assert_eq!(http::get(address, "/hello").unwrap().status, 200);
            if server.log().contains(&text) { Ok(()) } else { Err(server.log()) }
        });
    }
    server.stop();
}

/// Imports `early` at once and `late` in a request, and answers what both say.
const MODULES: &str = "import early

def application(env, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    if env['PATH_INFO'] == '/late':
        import late
        return [late.WHAT.encode()]
    return [early.WHAT.encode()]
";

fn says(address: SocketAddr, path: &str, expected: &str) {
    eventually(&format!("{expected} at {path}"), SOON, || match http::get(address, path) {
        Ok(answer) if answer.text() == expected => Ok(()),
        other => Err(format!("{other:?}")),
    });
}

/// Writes a module and gives it a time of change that is new.
fn module(dir: &Dir, name: &str, what: &str, seconds: u64) {
    let path = dir.write(name, format!("WHAT = {what:?}\n"));
    touch(&path, seconds);
}

/// A server of the application above.
fn of_modules(dir: &Dir, words: &[&str]) -> (Server, SocketAddr) {
    dir.write("app.py", MODULES);
    module(dir, "early.py", "one", 0);
    module(dir, "late.py", "uno", 0);
    let address = free_address();
    let server = Run::uwsgi(dir)
        .args(["--http-socket", &address.to_string(), "--module", "app", "--master"])
        .args(["--enable-threads", "--py-autoreload", "1"])
        .args(words)
        .start();
    server.await_tcp(address);
    (server, address)
}

#[test]
fn py_autoreload_loads_changed_modules() {
    // the original begins to look a second later
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    for words in [&[][..], &["--lazy-apps"]] {
        let (server, address) = of_modules(&dir, words);
        says(address, "/", "one");
        says(address, "/late", "uno");
        module(&dir, "early.py", "two", 5);
        says(address, "/", "two");
        module(&dir, "late.py", "due", 5);
        says(address, "/late", "due");
        dir.write("early.py", "WHAT = \n");
        touch(&dir.join("early.py"), 10);
        server.expect_log("was rejected, the old one serves on");
        says(address, "/", "two");
        module(&dir, "early.py", "three", 15);
        says(address, "/", "three");
        server.stop();
    }
}

#[test]
fn py_auto_reload_ignore_overlooks_modules() {
    let dir = Dir::new();
    let (server, address) = of_modules(&dir, &["--py-auto-reload-ignore", "early"]);
    says(address, "/", "one");
    module(&dir, "early.py", "two", 5);
    let unchanged = || http::get(address, "/").is_ok_and(|answer| answer.text() == "one");
    always("it is ignored", Duration::from_millis(3500), unchanged);
    server.stop();
}
