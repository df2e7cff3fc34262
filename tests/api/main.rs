//! The management API and `emperorctl`, over a real socket.

use std::time::Duration;

use tests::emperor::Emperor;
use tests::http::Client;
use tests::{HITME, Subject, free_address, only, root};

/// An Emperor with one app that runs.
fn start() -> Emperor {
    let emperor = Emperor::start();
    let address = emperor.hello("shop.ini", "processes = 2");
    emperor.await_answer(address);
    emperor.api.await_state("shop.ini", "running");
    emperor
}

#[test]
fn the_list_and_one_app_are_json() {
    if !only(Subject::Ours) {
        return;
    }
    let emperor = start();
    let list = emperor.api.get("/v1/apps");
    assert_eq!(list.status, 200);
    assert!(list.header("content-type").is_some_and(|kind| kind.starts_with("application/json")));
    assert!(list.text().contains("shop.ini"), "{}", list.text());
    for name in ["shop.ini", "shop"] {
        let app = emperor.api.app(name);
        assert_eq!((&app["state"], &app["generation"]), (&"running".into(), &1.into()), "{app}");
        for key in ["id", "since", "pid", "workers", "uid", "gid", "restarts", "file"] {
            assert!(app.get(key).is_some(), "no {key} in {app}");
        }
    }
    assert_eq!(emperor.api.workers("shop").len(), 2);
    emperor.stop();
}

#[test]
fn requests_are_counted_up_to_the_moment_of_reading() {
    if !only(Subject::Ours) {
        return;
    }
    let emperor = Emperor::start();
    let address = emperor.hello("shop.ini", "processes = 2");
    emperor.await_answer(address);
    let count = || emperor.api.app("shop")["requests"].as_u64().expect("a number");
    // an answer is on its way before it is counted
    tests::eventually("the first request", Duration::from_secs(5), || match count() {
        0 => Err("none"),
        _ => Ok(()),
    });
    let before = count();
    for _ in 0..7 {
        assert_eq!(tests::http::get(address, "/").expect("an answer").status, 200);
    }
    tests::eventually("seven more requests", Duration::from_secs(5), || {
        let seen = count() - before;
        if seen == 7 { Ok(()) } else { Err(seen.to_string()) }
    });
    let metrics = emperor.api.get("/metrics").text();
    let line = format!("emperor_app_requests_total{{app=\"shop.ini\"}} {}", before + 7);
    assert!(metrics.contains(&line), "{metrics}");
    emperor.stop();
}

#[test]
fn an_unknown_app_is_404_with_the_near_miss() {
    if !only(Subject::Ours) {
        return;
    }
    let emperor = start();
    let answer = emperor.api.get("/v1/apps/shpo");
    assert_eq!(answer.status, 404);
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert!(answer.text().contains("shop"), "{}", answer.text());
    assert_eq!(emperor.api.get("/v1/nothing").status, 404);
    emperor.stop();
}

#[test]
fn stop_start_and_reload_answer_when_it_is_done() {
    if !only(Subject::Ours) {
        return;
    }
    let emperor = start();
    assert_eq!(emperor.api.post("/v1/apps/shop/reload").status, 202);
    let before = emperor.api.app("shop");
    let answer = emperor.api.post("/v1/apps/shop/reload?wait=10s");
    assert_eq!(answer.status, 200);
    let after = answer.json();
    let new = after["workers"].as_array().unwrap();
    let old = before["workers"].as_array().unwrap();
    assert!(!new.is_empty() && new.iter().all(|pid| !old.contains(pid)), "{before} {after}");
    assert_ne!(before["nursery"], after["nursery"]);
    assert_eq!(emperor.api.post("/v1/apps/shop/stop?wait=10s").status, 200);
    assert_eq!(emperor.api.app("shop")["state"], "stopped");
    assert_eq!(emperor.api.post("/v1/apps/shop/start?wait=10s").status, 200);
    assert_eq!(emperor.api.app("shop")["state"], "running");
    emperor.stop();
}

#[test]
fn metrics_and_health_are_there() {
    if !only(Subject::Ours) {
        return;
    }
    let emperor = start();
    let text = emperor.api.get("/metrics").text();
    for name in ["emperor_build_info", "emperor_apps{", "emperor_app_up", "emperor_app_generation"]
    {
        assert!(text.contains(name), "no {name} in\n{text}");
    }
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let value = line.rsplit(' ').next().unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }
    assert_eq!(emperor.api.get("/healthz").status, 200);
    emperor.stop();
}

#[test]
fn the_logs_of_an_app_are_text() {
    if !only(Subject::Ours) {
        return;
    }
    let emperor = start();
    emperor.dir().write("loud.py", format!("print('loud and clear', flush=True)\n{HITME}"));
    let address = free_address();
    emperor.drop_file("loud.ini", &emperor.ini("loud.py", address, ""));
    emperor.await_answer(address);
    tests::eventually("the line is in the log", tests::server::SOON, || {
        let answer = emperor.api.get("/v1/apps/loud/logs?lines=50");
        if answer.text().contains("loud and clear") { Ok(()) } else { Err(answer.text()) }
    });
    assert!(!emperor.api.get("/v1/apps/shop/logs").text().contains("loud and clear"));
    assert!(emperor.ctl(&["logs", "loud"]).out.contains("loud and clear"));
    emperor.stop();
}

#[test]
fn only_root_and_the_emperors_own_user_are_served() {
    if !only(Subject::Ours) || !root() {
        return;
    }
    let emperor = start();
    let socket = emperor.api.socket().display().to_string();
    for path in ["/v1/apps", "/v1/apps/shop", "/v1/apps/shop/logs"] {
        let code = format!(
            "import os, socket\nos.setgroups([]); os.setgid(4101); os.setuid(4101)\n\
             s = socket.socket(socket.AF_UNIX); s.connect({socket:?})\n\
             s.sendall(b'GET {path} HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n')\n\
             print(s.recv(100).split()[1].decode())"
        );
        let output = std::process::Command::new("python3").args(["-c", &code]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "403", "{path}: {output:?}");
    }
    emperor.stop();
}

#[test]
fn slow_and_silent_clients_do_not_stop_the_court() {
    if !only(Subject::Ours) {
        return;
    }
    let emperor = start();
    let _silent: Vec<Client> =
        (0..30).map(|_| Client::connect(emperor.api.socket()).unwrap()).collect();
    let mut half: Vec<Client> =
        (0..10).map(|_| Client::connect(emperor.api.socket()).unwrap()).collect();
    for client in &mut half {
        client.send("GET /v1/apps HTTP/1.1\r\nHo").unwrap();
    }
    assert_eq!(emperor.api.get("/healthz").status, 200);
    let address = emperor.hello("second.ini", "");
    emperor.await_answer(address);
    emperor.stop();
}

#[test]
fn emperorctl_speaks_in_tables_json_and_exit_codes() {
    if !only(Subject::Ours) {
        return;
    }
    let emperor = start();
    for words in [&["status"][..], &["list"], &["status", "shop"], &["show", "shop"]] {
        let said = emperor.ctl(words);
        assert_eq!(said.code, 0, "{words:?}: {said:?}");
        assert!(said.out.contains("shop"), "{words:?}: {said:?}");
    }
    let json = emperor.ctl(&["-o", "json", "status", "shop"]);
    let value: serde_json::Value =
        serde_json::from_str(&json.out).unwrap_or_else(|e| panic!("{e}: {json:?}"));
    assert!(value.to_string().contains("running"), "{value}");
    assert_eq!(emperor.ctl(&["reload", "shop"]).code, 0);
    assert_eq!(emperor.api.generation("shop"), 2);
    assert_eq!(emperor.ctl(&["stop", "shop"]).code, 0);
    tests::eventually("it is stopped", Duration::from_secs(10), || {
        let said = emperor.ctl(&["status", "shop"]);
        if said.out.contains("stopped") { Ok(()) } else { Err(format!("{said:?}")) }
    });
    assert_eq!(emperor.ctl(&["start", "shop"]).code, 0);
    assert_eq!(emperor.ctl(&["status", "absent"]).code, 4);
    let typo = emperor.ctl(&["statsu"]);
    assert_eq!(typo.code, 2, "{typo:?}");
    assert!(typo.err.contains("status"), "{typo:?}");
    emperor.stop();
}
