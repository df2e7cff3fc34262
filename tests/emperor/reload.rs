//! A new version proves itself before the old one goes: counts, order, and nothing lost.

use std::net::SocketAddr;
use std::time::Duration;

use tests::emperor::Emperor;
use tests::http::{self, Place};
use tests::load::{self, Patient, Verdict};
use tests::nginx::Nginx;
use tests::server::SOON;
use tests::{Subject, eventually, free_address, note, only, write_file};

/// A running vassal with two workers, and where it answers.
fn start() -> (Emperor, SocketAddr) {
    let emperor = Emperor::start();
    let address = emperor.hello("a.ini", "processes = 2\nthreads = 2");
    emperor.await_answer(address);
    emperor.api.await_state("a.ini", "running");
    (emperor, address)
}

/// Touches and waits until the API shows one generation more, that often.
#[track_caller]
fn touch_times(emperor: &Emperor, times: u64) {
    let first = emperor.api.generation("a.ini");
    for done in 1..=times {
        emperor.touch("a.ini");
        eventually("one generation more", SOON, || {
            let app = emperor.api.app("a.ini");
            if app["generation"] == first + done { Ok(()) } else { Err(app) }
        });
    }
    assert_eq!(emperor.api.generation("a.ini"), first + times);
}

/// Nothing was lost.
#[track_caller]
fn nothing_lost(verdict: &Verdict) {
    assert!(verdict.requests > 20, "{}", verdict.said);
    assert_eq!(verdict.lost, 0, "{} of {}\n{}", verdict.lost, verdict.requests, verdict.said);
}

#[test]
fn a_hundred_touches_are_exactly_a_hundred_generations() {
    if !only(Subject::Ours) {
        return;
    }
    let (emperor, address) = start();
    touch_times(&emperor, 100);
    assert_eq!(emperor.await_answer(address), "Hello World");
    // what the old generations were is gone: master, nursery, two workers
    eventually("only one generation is left", SOON, || {
        let app = emperor.api.app("a.ini");
        let master = tests::process::Process(app["pid"].as_i64().unwrap_or(0) as i32);
        let left = master.descendants();
        if left.len() <= 3 { Ok(()) } else { Err(format!("{left:?}")) }
    });
    emperor.stop();
}

#[test]
fn every_worker_is_new_when_the_api_answers_200() {
    if !only(Subject::Ours) {
        return;
    }
    let (emperor, address) = start();
    let before = emperor.api.workers("a.ini");
    assert_eq!(before.len(), 2);
    let answer = emperor.api.post("/v1/apps/a/reload?wait=10s");
    assert_eq!(answer.status, 200, "{}", answer.text());
    let after = emperor.api.workers("a.ini");
    assert_eq!(after.len(), 2, "{}", emperor.api.app("a.ini"));
    assert!(after.iter().all(|pid| !before.contains(pid)), "{before:?} {after:?}");
    assert_eq!(emperor.await_answer(address), "Hello World");
    emperor.stop();
}

#[test]
fn the_new_code_is_served_after_a_reload() {
    if !only(Subject::Ours) {
        return;
    }
    let (emperor, address) = start();
    let new = tests::HITME.replace("Hello World", "Hello again");
    write_file(&emperor.dir().join("a.py"), new);
    assert_eq!(emperor.ctl(&["reload", "a"]).code, 0);
    // an old worker that is just being told may take one more connection, but soon none does
    eventually("the new code answers", SOON, || {
        let text = http::get(address, "/").unwrap().text();
        if text == "Hello again" { Ok(()) } else { Err(text) }
    });
    for _ in 0..50 {
        assert_eq!(http::get(address, "/").unwrap().text(), "Hello again");
    }
    emperor.stop();
}

#[test]
fn nothing_is_lost_under_wrk() {
    if !only(Subject::Ours) {
        return;
    }
    let (emperor, address) = start();
    let load = std::thread::spawn(move || load::wrk(&load::url(address, "/"), 32, 12));
    touch_times(&emperor, 10);
    if let Some(verdict) = load.join().unwrap() {
        nothing_lost(&verdict);
        note(&format!("longest request under wrk and 10 reloads: {:?}", verdict.longest));
    }
    emperor.stop();
}

#[test]
fn nothing_is_lost_on_new_connections() {
    if !only(Subject::Ours) {
        return;
    }
    let (emperor, address) = start();
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let stop = std::sync::Arc::clone(&stop);
            std::thread::spawn(move || {
                let mut served = 0_u32;
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    assert_eq!(http::get(address, "/").expect("an answer").status, 200);
                    served += 1;
                }
                served
            })
        })
        .collect();
    touch_times(&emperor, 20);
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    for client in clients {
        assert!(client.join().expect("no request was lost") > 20);
    }
    emperor.stop();
}

#[test]
fn nothing_is_lost_on_kept_connections_that_idle() {
    if !only(Subject::Ours) {
        return;
    }
    let (emperor, address) = start();
    let clients = Patient::start(&Place::Tcp(address), "/", 16, Duration::from_millis(50));
    touch_times(&emperor, 20);
    nothing_lost(&clients.finish());
    emperor.stop();
}

#[test]
fn nothing_is_lost_through_nginx_with_kept_upstream_connections() {
    if !only(Subject::Ours) {
        return;
    }
    let (emperor, address) = start();
    let upstream = format!("upstream app {{ server {address} max_fails=0; keepalive 16; }}");
    let inside = "location / { proxy_pass http://app; proxy_http_version 1.1; \
                  proxy_set_header Connection ''; proxy_next_upstream off; }";
    let Some(nginx) = Nginx::start(emperor.dir(), &upstream, inside) else { return };
    let front = nginx.address;
    let load = std::thread::spawn(move || load::wrk(&load::url(front, "/"), 32, 12));
    let clients = Patient::start(&Place::Tcp(front), "/", 8, Duration::from_millis(50));
    touch_times(&emperor, 10);
    if let Some(verdict) = load.join().unwrap() {
        nothing_lost(&verdict);
    }
    nothing_lost(&clients.finish());
    nginx.server.kill();
    emperor.stop();
}

#[test]
fn nothing_is_lost_through_nginx_over_a_uwsgi_socket() {
    if !only(Subject::Ours) {
        return;
    }
    let emperor = Emperor::start();
    emperor.dir().write("a.py", tests::HITME);
    let socket = emperor.dir().join("a.sock");
    let text =
        emperor.ini("a.py", free_address(), "processes = 2\nvacuum = true\nchmod-socket = 666");
    emperor.drop_file("a.ini", &format!("{text}socket = {}\n", socket.display()));
    emperor.api.await_state("a.ini", "running");
    let inside = format!(
        "location / {{ include /etc/nginx/uwsgi_params; uwsgi_pass unix:{}; uwsgi_next_upstream off; }}",
        socket.display()
    );
    let Some(nginx) = Nginx::start(emperor.dir(), "", &inside) else { return };
    let front = nginx.address;
    let load = std::thread::spawn(move || load::wrk(&load::url(front, "/"), 16, 8));
    touch_times(&emperor, 10);
    if let Some(verdict) = load.join().unwrap() {
        nothing_lost(&verdict);
    }
    nginx.server.kill();
    emperor.stop();
}

/// Waits for `degraded` with a reason that contains a text.
#[track_caller]
fn degraded(emperor: &Emperor, reason: &str) {
    eventually(&format!("degraded because of {reason:?}"), SOON, || {
        let app = emperor.api.app("a.ini");
        let told = app["reason"].to_string().contains(reason);
        if app["state"] == "degraded" && told { Ok(()) } else { Err(app) }
    });
    let status = emperor.ctl(&["status", "a"]);
    assert!(status.out.contains(reason), "{status:?}");
    assert!(emperor.api.get("/v1/apps/a/logs").text().contains(reason));
}

#[test]
fn a_broken_deploy_under_load_loses_nothing_and_is_explained() {
    if !only(Subject::Ours) {
        return;
    }
    let (emperor, address) = start();
    let good_file = std::fs::read_to_string(emperor.file("a.ini")).unwrap();
    let clients = Patient::start(&Place::Tcp(address), "/", 8, Duration::ZERO);
    let generation = emperor.api.generation("a.ini");
    let workers = emperor.api.workers("a.ini");

    // an application that does not import
    write_file(&emperor.dir().join("a.py"), "import a_module_that_nobody_wrote\n");
    emperor.touch("a.ini");
    degraded(&emperor, "a_module_that_nobody_wrote");
    let refused = emperor.api.post("/v1/apps/a/reload?wait=10s");
    assert_eq!(refused.status, 409, "{}", refused.text());
    assert!(refused.text().contains("a_module_that_nobody_wrote"), "{}", refused.text());

    // a file with a mistake, named by file and line
    emperor.drop_file("a.ini", &good_file.replace("processes = 2", "processes = -2"));
    degraded(&emperor, "a.ini:");

    // the old version never stopped
    assert_eq!(emperor.api.generation("a.ini"), generation);
    assert_eq!(emperor.api.workers("a.ini"), workers);

    // and the next good one is taken at once
    write_file(&emperor.dir().join("a.py"), tests::HITME.replace("World", "again"));
    emperor.drop_file("a.ini", &good_file);
    let app = emperor.api.await_state("a.ini", "running");
    assert_eq!(app["generation"], generation + 1, "{app}");
    nothing_lost(&clients.finish());
    assert_eq!(http::get(address, "/").unwrap().text(), "Hello again");
    emperor.stop();
}

#[test]
fn a_change_of_the_launch_plan_is_a_succession_that_loses_nothing() {
    if !only(Subject::Ours) || !tests::root() {
        return;
    }
    let (emperor, address) = start();
    let old = std::fs::read_to_string(emperor.file("a.ini")).unwrap();
    let clients = Patient::start(&Place::Tcp(address), "/", 8, Duration::from_millis(5));
    let generation = emperor.api.generation("a.ini");
    for (n, uid) in [4101_u64, 4102, 4103].into_iter().enumerate() {
        emperor.drop_file("a.ini", &format!("{old}uid = {uid}\ngid = {uid}\n"));
        eventually("the successor serves", SOON, || {
            let app = emperor.api.app("a.ini");
            let there = app["generation"] == generation + n as u64 + 1 && app["uid"] == uid;
            if there { Ok(()) } else { Err(app) }
        });
        let pid = emperor.api.app("a.ini")["pid"].as_i64().unwrap() as i32;
        let status = tests::process::Process(pid).status().unwrap();
        assert_eq!(status.uids, [uid as u32; 4]);
    }
    nothing_lost(&clients.finish());
    emperor.stop();
}

#[test]
fn clients_that_have_just_begun_lose_nothing_by_a_succession() {
    if !only(Subject::Ours) {
        return;
    }
    let (emperor, address) = start();
    let old = std::fs::read_to_string(emperor.file("a.ini")).unwrap();
    let generation = emperor.api.generation("a.ini");
    let master = tests::process::Process(emperor.api.app("a.ini")["pid"].as_i64().unwrap() as i32);
    let connect = || http::Client::connect(address).unwrap();
    let (mut silent, mut half, mut kept) = (connect(), connect(), connect());
    half.send("GET / HTTP/1.1\r\nHo").unwrap();
    assert_eq!(kept.get("/").unwrap().status, 200);
    emperor.drop_file("a.ini", &format!("{old}env = A=B\n"));
    eventually("the successor serves", SOON, || {
        let app = emperor.api.app("a.ini");
        if app["generation"] == generation + 1 { Ok(()) } else { Err(app) }
    });
    // the old workers have been told: these have to be their clients still
    assert!(!silent.closed_within(Duration::from_millis(1500)), "closed before it could ask");
    half.send("st: example.test\r\n\r\n").unwrap();
    for answer in [half.response(true), silent.get("/"), kept.get("/")] {
        let answer = answer.unwrap();
        assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    }
    eventually("the old master ends", SOON, || if master.alive() { Err("alive") } else { Ok(()) });
    emperor.stop();
}

#[test]
fn more_idle_connections_than_the_kernel_passes_at_once_are_all_passed_on() {
    if !only(Subject::Ours) {
        return;
    }
    let emperor = Emperor::start();
    let more = "processes = 1\nlisten = 1024";
    let address = emperor.hello("a.ini", more);
    emperor.await_answer(address);
    let mut clients: Vec<_> = (0..800).map(|_| http::Client::connect(address).unwrap()).collect();
    for client in &mut clients {
        assert_eq!(client.get("/").unwrap().status, 200);
    }
    touch_times(&emperor, 1);
    eventually("the old worker is gone", SOON, || {
        let app = emperor.api.app("a.ini");
        if app["draining"].as_array().is_some_and(Vec::is_empty) { Ok(()) } else { Err(app) }
    });
    let asks = |client: &mut http::Client| client.get("/").map(|answer| answer.status);
    let lost = clients.iter_mut().map(asks).filter(|one| !matches!(one, Ok(200))).count();
    assert_eq!(lost, 0, "of {}", clients.len());
    emperor.stop();
}

#[test]
fn a_slow_request_of_the_old_generation_is_finished() {
    if !only(Subject::Ours) {
        return;
    }
    let emperor = Emperor::start();
    emperor.dir().app("battery.py");
    let address = free_address();
    emperor.drop_file("a.ini", &emperor.ini("battery.py", address, "processes = 2"));
    emperor.await_answer(address);
    let mut client = http::Client::connect(address).unwrap();
    client.send("GET /slow?3 HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    assert_eq!(http::get(address, "/hello").unwrap().status, 200);
    touch_times(&emperor, 1);
    let answer = client.response(true).unwrap();
    assert_eq!((answer.status, answer.text().as_str()), (200, "slow"));
    emperor.stop();
}

#[test]
fn two_changes_in_a_row_end_with_the_newest() {
    if !only(Subject::Ours) {
        return;
    }
    let (emperor, address) = start();
    for n in 0..5 {
        write_file(&emperor.dir().join("a.py"), tests::HITME.replace("World", &format!("{n}")));
        emperor.touch("a.ini");
    }
    eventually("the newest is served", SOON, || match http::get(address, "/") {
        Ok(answer) if answer.text() == "Hello 4" => Ok(()),
        Ok(answer) => Err(answer.text()),
        Err(error) => Err(error.to_string()),
    });
    emperor.stop();
}

#[test]
fn a_file_that_watches_itself_is_reloaded_once_for_a_change() {
    if !only(Subject::Ours) {
        return;
    }
    let emperor = Emperor::start();
    let address = emperor.hello("a.ini", "processes = 2\ntouch-reload = %p\nidle = 1");
    emperor.await_answer(address);
    emperor.api.await_state("a.ini", "running");
    touch_times(&emperor, 10);
    assert_eq!(emperor.api.app("a.ini")["state"], "running");
    assert_eq!(emperor.await_answer(address), "Hello World");
    // whose workers rest runs, too
    eventually("no worker", SOON, || match emperor.api.workers("a.ini") {
        list if list.is_empty() => Ok(()),
        list => Err(format!("{list:?}")),
    });
    assert_eq!(emperor.api.app("a.ini")["state"], "running");
    touch_times(&emperor, 1);
    assert_eq!(emperor.await_answer(address), "Hello World");
    emperor.stop();
}
