//! The statistics socket: uWSGI's document, and the tool from PyPI that everybody reads it with.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tests::http::{self, Client};
use tests::programs::system;
use tests::server::SOON;
use tests::{Dir, Run, Server, Subject, eventually, free_address, only, python};

/// The keys of the document, in the order in which uWSGI writes them.
const TOP: [&str; 12] = [
    "version",
    "listen_queue",
    "listen_queue_errors",
    "signal_queue",
    "load",
    "pid",
    "uid",
    "gid",
    "cwd",
    "locks",
    "sockets",
    "workers",
];
const LOCKS: [&str; 8] = ["user 0", "signal", "filemon", "timer", "rbtimer", "cron", "rpc", "snmp"];
const SOCKET: [&str; 6] = ["name", "proto", "queue", "max_queue", "shared", "can_offload"];
const WORKER: [&str; 19] = [
    "id",
    "pid",
    "accepting",
    "requests",
    "delta_requests",
    "exceptions",
    "harakiri_count",
    "signals",
    "signal_queue",
    "status",
    "rss",
    "vsz",
    "running_time",
    "last_spawn",
    "respawn_count",
    "tx",
    "avg_rt",
    "apps",
    "cores",
];
const APP: [&str; 7] =
    ["id", "modifier1", "mountpoint", "startup_time", "requests", "exceptions", "chdir"];
const CORE: [&str; 10] = [
    "id",
    "requests",
    "static_requests",
    "routed_requests",
    "offloaded_requests",
    "write_errors",
    "read_errors",
    "in_request",
    "vars",
    "req_info",
];

/// A server with statistics.
fn start(dir: &Dir, more: &[&str]) -> (Server, std::net::SocketAddr, std::net::SocketAddr) {
    dir.app("battery.py");
    let (address, stats) = (free_address(), free_address());
    let server = Run::uwsgi(dir)
        .args(["--http-socket", &address.to_string(), "--wsgi-file", "battery.py", "--master"])
        .args(["--stats", &stats.to_string()])
        .args(more)
        .start();
    server.await_tcp(address);
    server.await_tcp(stats);
    (server, address, stats)
}

/// The document as text: connect, read to the end.
fn read(stats: std::net::SocketAddr) -> String {
    String::from_utf8(Client::connect(stats).expect("the server under test is there").rest())
        .expect("the server under test is there")
}

/// The document.
fn document(stats: std::net::SocketAddr) -> Value {
    let text = read(stats);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// These keys are there and no others, and (in the text) in this order.
fn has_in_order(object: &Value, text: &str, keys: &[&str]) {
    let mut from = 0;
    let mut found: Vec<_> = object.as_object().expect("an object").keys().collect();
    let mut wanted: Vec<_> = keys.to_vec();
    found.sort();
    wanted.sort_unstable();
    assert_eq!(found, wanted);
    for key in keys {
        assert!(object.get(key).is_some(), "no {key} in {object}");
        let wanted = format!("\"{key}\":");
        let at = text[from..].find(&wanted);
        from += at.unwrap_or_else(|| panic!("{key} is out of order in {text}"));
    }
}

#[test]
fn the_document_has_the_keys_that_tools_read_in_order() {
    let dir = Dir::new();
    let (server, address, stats) = start(&dir, &["--processes", "2", "--threads", "2"]);
    for _ in 0..10 {
        assert_eq!(http::get(address, "/hello").unwrap().status, 200);
    }
    let text = read(stats);
    let all = document(stats);
    has_in_order(&all, &text, &TOP);
    let locks = all["locks"].as_array().unwrap().iter().zip(LOCKS);
    for (lock, name) in locks.clone() {
        assert_eq!(lock, &serde_json::json!({ name: 0 }));
    }
    assert_eq!(locks.len(), LOCKS.len());
    has_in_order(&all["sockets"][0], &text[text.find("\"sockets\"").unwrap()..], &SOCKET);
    let workers = all["workers"].as_array().unwrap();
    assert_eq!(workers.len(), 2);
    let from = &text[text.find("\"workers\"").unwrap()..];
    for worker in workers {
        has_in_order(worker, from, &WORKER);
        has_in_order(&worker["apps"][0], &from[from.find("\"apps\"").unwrap()..], &APP);
        assert_eq!(worker["cores"].as_array().unwrap().len(), 2);
        has_in_order(&worker["cores"][0], &from[from.find("\"cores\"").unwrap()..], &CORE);
    }
    assert_eq!(all["pid"].as_i64(), Some(i64::from(server.process().0)));
    assert_eq!(all["sockets"][0]["name"], address.to_string());
    assert_eq!(all["sockets"][0]["proto"], "http");
    server.stop();
}

#[test]
fn requests_are_counted_and_exceptions_too() {
    let dir = Dir::new();
    let (server, address, stats) = start(&dir, &[]);
    for _ in 0..7 {
        http::get(address, "/hello").unwrap();
    }
    http::get(address, "/boom").ok();
    eventually("eight requests and one exception", SOON, || {
        let worker = document(stats)["workers"][0].clone();
        let seen = (worker["requests"].as_u64(), worker["exceptions"].as_u64());
        if seen == (Some(8), Some(1)) { Ok(()) } else { Err(worker.to_string()) }
    });
    server.stop();
}

#[test]
fn a_running_request_is_shown_with_its_variables() {
    let dir = Dir::new();
    let (server, address, stats) = start(&dir, &[]);
    let mut client = Client::connect(address).unwrap();
    client.send("GET /slow?2 HTTP/1.1\r\nHost: shown.test\r\n\r\n").unwrap();
    eventually("the core is in its request", SOON, || {
        let worker = document(stats)["workers"][0].clone();
        let core = &worker["cores"][0];
        let vars = core["vars"].as_array().cloned().unwrap_or_default();
        let shown = vars.iter().any(|var| var == "HTTP_HOST=shown.test");
        let closed = vars.last().is_some_and(|var| var == "");
        let busy = worker["status"] == "busy" && core["in_request"] == 1;
        if shown && closed && busy { Ok(()) } else { Err(worker.to_string()) }
    });
    assert_eq!(client.response(true).unwrap().status, 200);
    server.stop();
}

#[test]
fn a_request_is_answered_over_http_without_being_announced() {
    // the original leaves the request unread, and its answer is lost with it
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let (server, _, stats) = start(&dir, &[]);
    let answer = http::get(stats, "/").unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert!(answer.json()["workers"].is_array());
    assert!(read(stats).starts_with('{'), "who sends nothing gets no head");
    server.stop();
}

#[test]
fn stats_http_answers_a_request() {
    let dir = Dir::new();
    let (server, _, stats) = start(&dir, &["--stats-http"]);
    let answer = http::get(stats, "/").unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert!(answer.json()["workers"].is_array());
    server.stop();
}

#[test]
fn a_silent_reader_of_the_statistics_blocks_nobody() {
    let dir = Dir::new();
    let (server, address, stats) = start(&dir, &[]);
    let _silent: Vec<Client> = (0..8).map(|_| Client::connect(stats).unwrap()).collect();
    assert_eq!(http::get(address, "/hello").unwrap().status, 200);
    assert!(document(stats)["workers"].is_array());
    server.stop();
}

#[test]
fn uwsgitop_shows_every_worker_with_requests() {
    let Some(venv) = python::prepared() else { return };
    let (Some(_), Some(script)) = (tests::programs::find("wrk"), system("script")) else { return };
    let dir = Dir::new();
    let (server, address, stats) = start(&dir, &["--processes", "2", "--disable-logging"]);
    // kept connections pin a worker each: many of them reach every worker
    tests::load::wrk(&tests::load::url(address, "/hello"), 32, 1);
    eventually("every worker has served", SOON, || {
        let workers = document(stats)["workers"].as_array().cloned().unwrap();
        let idle = workers.iter().any(|worker| worker["requests"] == 0);
        if !idle {
            return Ok(());
        }
        http::get(address, "/hello").ok();
        Err(format!("{workers:?}"))
    });
    let workers = document(stats)["workers"].clone();
    // a curses program: it gets a terminal from script(1), and `q` ends it
    let top = format!("{} {stats} --frequency 1", venv.join("bin/uwsgitop").display());
    let mut child = Command::new(script)
        .args(["-qfc", &format!("stty rows 40 cols 160; {top}"), "/dev/null"])
        .env("TERM", "linux")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut screen = child.stdout.take().unwrap();
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut room = [0; 4096];
        while let Ok(read) = screen.read(&mut room) {
            if read == 0 || send.send(String::from_utf8_lossy(&room[..read]).into_owned()).is_err()
            {
                break;
            }
        }
    });
    let mut seen = String::new();
    eventually("uwsgitop shows the workers", SOON, || {
        seen.extend(receive.try_iter());
        let all = workers.as_array().unwrap().iter().all(|worker| {
            seen.contains(&worker["pid"].to_string())
                && seen.contains(&worker["requests"].to_string())
        });
        if all && seen.contains("req: ") { Ok(()) } else { Err(format!("{seen:?}")) }
    });
    child.stdin.take().unwrap().write_all(b"q").ok();
    assert!(tests::until(Duration::from_secs(5), || child
        .try_wait()
        .is_ok_and(|end| end.is_some())));
    server.stop();
}

#[test]
fn stats_no_cores_leaves_the_cores_out() {
    let dir = Dir::new();
    let (server, _, stats) = start(&dir, &["--stats-no-cores"]);
    let worker = document(stats)["workers"][0].clone();
    assert!(worker["apps"].is_array() && worker.get("cores").is_none(), "{worker}");
    server.stop();
}

/// Names of metrics that both have, in their order.
const METRICS: [&str; 22] = [
    "core.routed_signals",
    "core.busy_workers",
    "core.idle_workers",
    "worker.1.requests",
    "worker.1.delta_requests",
    "worker.1.failed_requests",
    "worker.1.respawns",
    "worker.1.avg_response_time",
    "worker.1.total_tx",
    "worker.1.rss_size",
    "worker.1.vsz_size",
    "worker.1.running_time",
    "worker.1.core.0.requests",
    "worker.1.core.0.exceptions",
    "worker.2.requests",
    "worker.2.core.0.read_errors",
    "core.total_tx",
    "core.avg_response_time",
    "core.total_running_time",
    "socket.0.listen_queue",
    "rss_size",
    "vsz_size",
];

#[test]
fn enable_metrics_shows_the_table_of_metrics() {
    let dir = Dir::new();
    let words = ["--enable-metrics", "--processes", "2"];
    let (server, address, stats) = start(&dir, &words);
    for _ in 0..5 {
        http::get(address, "/hello").unwrap();
    }
    eventually("five requests in the metrics", SOON, || {
        let all = document(stats)["metrics"].clone();
        let value = |name: &str| all[name]["value"].as_u64().unwrap_or(0);
        let sum = value("worker.1.requests") + value("worker.2.requests");
        if sum == 5 && value("core.total_tx") > 100 { Ok(()) } else { Err(all.to_string()) }
    });
    let text = read(stats);
    let all = document(stats)["metrics"].clone();
    let mut from = 0;
    for name in METRICS {
        let one = &all[name];
        assert!(one["type"].is_u64() && one["oid"].is_string() && one["value"].is_u64(), "{name}");
        let at = text[from..].find(&format!("\"{name}\":"));
        from += at.unwrap_or_else(|| panic!("{name} is out of order in {text}"));
    }
    assert_eq!(all["core.total_rss"]["oid"], "5.101");
    assert_eq!(all["worker.2.core.0.read_errors"]["oid"], "3.2.2.0.8");
    server.stop();
}

#[test]
fn metrics_can_be_left_out_of_the_statistics_or_without_cores() {
    let dir = Dir::new();
    let (server, _, stats) = start(&dir, &["--enable-metrics", "--stats-no-metrics"]);
    assert!(document(stats).get("metrics").is_none());
    server.stop();
    let (server, address, stats) = start(&dir, &["--enable-metrics", "--metrics-no-cores"]);
    http::get(address, "/hello").unwrap();
    // a worker that has not come yet has no cores either
    let all = eventually("a request in the metrics", SOON, || {
        let all = document(stats)["metrics"].clone();
        if all["worker.1.requests"]["value"] == 1 { Ok(all) } else { Err(all.to_string()) }
    });
    assert!(all.get("worker.1.core.0.requests").is_none(), "{all}");
    server.stop();
}

#[test]
fn the_counters_of_a_worker_survive_it() {
    let dir = Dir::new();
    let (server, address, stats) = start(&dir, &[]);
    for _ in 0..3 {
        http::get(address, "/hello").unwrap();
    }
    let first = document(stats)["workers"][0]["pid"].as_i64().unwrap();
    tests::process::Process(first as i32).signal(nix::sys::signal::Signal::SIGKILL);
    eventually("another worker with the old counters", SOON, || {
        http::get(address, "/hello").ok();
        let worker = document(stats)["workers"][0].clone();
        let other = worker["pid"].as_i64().is_some_and(|pid| pid > 0 && pid != first);
        let more = worker["requests"].as_u64() > Some(3);
        let again = worker["respawn_count"] == 2;
        if other && more && again { Ok(()) } else { Err(worker.to_string()) }
    });
    server.stop();
}

#[test]
fn connections_that_wait_on_a_unix_socket_are_counted() {
    // the original shows 0
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    dir.app("battery.py");
    let stats = free_address();
    let server = Run::uwsgi(&dir)
        .args(["--http-socket", "app.sock", "--wsgi-file", "battery.py", "--listen", "50"])
        .args(["--stats", &stats.to_string()])
        .start();
    server.await_unix(&dir.join("app.sock"));
    server.await_tcp(stats);
    let socket = |key: &str| document(stats)["sockets"][0][key].as_u64();
    assert_eq!(socket("max_queue"), Some(50));
    // the socket is there before the worker
    let pid = eventually("the worker accepts", SOON, || {
        let worker = document(stats)["workers"][0].clone();
        let pid = worker["pid"].as_i64().filter(|pid| *pid > 0 && worker["accepting"] == 1);
        pid.ok_or_else(|| worker.to_string())
    });
    let worker = tests::process::Process(pid as i32);
    worker.signal(nix::sys::signal::Signal::SIGSTOP);
    let waiting: Vec<_> = (0..3)
        .map(|_| std::os::unix::net::UnixStream::connect(dir.join("app.sock")).unwrap())
        .collect();
    assert_eq!(socket("queue"), Some(3));
    assert_eq!(document(stats)["listen_queue"], 3);
    worker.signal(nix::sys::signal::Signal::SIGCONT);
    drop(waiting);
    server.stop();
}

#[test]
fn a_paused_worker_and_the_memory_of_limits_are_shown() {
    let dir = Dir::new();
    let (server, address, stats) = start(&dir, &["--reload-on-rss", "4000"]);
    http::get(address, "/hello").unwrap();
    let shown = |what: &str, right: &dyn Fn(&Value) -> bool| {
        eventually(what, SOON, || {
            let worker = document(stats)["workers"][0].clone();
            if right(&worker) { Ok(()) } else { Err(worker.to_string()) }
        });
    };
    shown("the memory", &|worker| worker["rss"].as_u64() > Some(1 << 20));
    server.signal(nix::sys::signal::Signal::SIGTSTP);
    shown("a pause", &|worker| worker["status"] == "pause");
    server.signal(nix::sys::signal::Signal::SIGTSTP);
    shown("its end", &|worker| worker["status"] == "idle");
    server.stop();
}
