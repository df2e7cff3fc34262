//! Request lines: their form, and which requests have one.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};

use tests::http::{self, Client};
use tests::server::SOON;
use tests::{Dir, Run, Server, Subject, eventually, free_address, only};

/// An application with a path for each class of answers.
const APP: &str = "
import time
def application(env, start):
    path = env['PATH_INFO']
    status = {'/404': '404 Not Found', '/503': '503 Busy'}.get(path, '200 OK')
    if path == '/file':
        start(status, [('Content-Length', '5')])
        return env['wsgi.file_wrapper'](open('file.txt', 'rb'))
    if path == '/drip':
        def drip():
            for _ in range(10):
                time.sleep(0.05)
                yield b'drop'
        start(status, [('Content-Type', 'text/plain')])
        return drip()
    if path == '/slow':
        time.sleep(0.3)
    body = {'/zero': b'', '/big': b'x' * 2000}.get(path, b'plain')
    start(status, [('Content-Type', 'text/plain')])
    return [body]
";

/// A server of that application with these lines in its file.
fn start(dir: &Dir, lines: &str) -> (Server, SocketAddr) {
    dir.write("app.py", APP);
    dir.write("file.txt", "file\n");
    dir.write("app.ini", format!("[uwsgi]\nwsgi-file = app.py\nmaster = true\n{lines}\n"));
    let address = free_address();
    let server =
        Run::uwsgi(dir).args(["--ini", "app.ini", "--http-socket", &address.to_string()]).start();
    server.await_tcp(address);
    (server, address)
}

/// The answer's status.
fn get(address: SocketAddr, target: &str) -> u16 {
    http::get(address, target).expect("the server under test answers").status
}

#[test]
fn log_format_is_the_form_of_request_lines() {
    let dir = Dir::new();
    let form = "log-format = <%(method) %(uri) %(status) %(rsize) %(cl)|%(host)|%(proto)|%(none)> \
                %(secs) %(var.QUERY_STRING)";
    let (server, address) = start(&dir, form);
    assert_eq!(get(address, "/404?a=b"), 404);
    server.expect_log("<GET /404?a=b 404 5 0|example.test|HTTP/1.1|-> 0.0");
    server.expect_log(" a=b\n");
    server.stop();
}

#[test]
fn a_form_of_json_is_json_whatever_a_client_sends() {
    // the original writes the quotation mark as it came
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let form = "log-format = {\"agent\": \"%(uagent)\", \"status\": %(status)}";
    let (server, address) = start(&dir, form);
    let mut client = Client::connect(address).unwrap();
    client
        .send(
            "GET / HTTP/1.1\r\nHost: h\r\nUser-Agent: a\", \"status\": 1, \"b\": \"\u{e9}\r\n\r\n",
        )
        .unwrap();
    assert_eq!(client.response(true).unwrap().status, 200);
    server.expect_log("\"status\": 200}");
    let log = server.log();
    let line = log.lines().find(|line| line.starts_with("{\"agent\"")).unwrap();
    let value: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(value["status"], 200);
    assert!(
        value["agent"].as_str().unwrap().starts_with("a\", \"status\": 1, \"b\": \""),
        "{line}"
    );
    server.stop();
}

#[test]
fn logformat_strftime_gives_ftime_the_form_of_log_date() {
    let dir = Dir::new();
    let lines = "log-format = [%(ftime)] %(uri)\nlogformat-strftime = true\nlog-date = date%%Y";
    let (server, address) = start(&dir, lines);
    assert_eq!(get(address, "/dated"), 200);
    server.expect_log("] /dated\n");
    let log = server.log();
    let line = log.lines().find(|line| line.ends_with("] /dated")).unwrap();
    let year = line.strip_prefix("[date").and_then(|rest| rest.strip_suffix("] /dated"));
    assert!(year.is_some_and(|year| year.parse::<u32>().is_ok()), "{line}");
    server.stop();
}

#[test]
fn log_micros_shows_microseconds() {
    let dir = Dir::new();
    let (server, address) = start(&dir, "log-micros = true");
    assert_eq!(get(address, "/slow"), 200);
    server.expect_log(" micros (HTTP/1.1 200) ");
    let log = server.log();
    let before = log.split(" micros (").next().unwrap();
    let number = before.rsplit(' ').next().unwrap().parse::<u64>().unwrap();
    assert!(number > 100_000, "{log}");
    server.stop();
}

#[test]
fn log_x_forwarded_for_shows_whom_a_near_proxy_names() {
    let dir = Dir::new();
    for (lines, shown) in [("log-x-forwarded-for = true", "192.0.2.9"), ("", "127.0.0.1")] {
        let (server, address) = start(&dir, lines);
        assert_eq!(address.ip(), Ipv4Addr::LOCALHOST);
        let mut client = Client::connect(address).unwrap();
        client
            .send("GET /named HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 192.0.2.9\r\n\r\n")
            .unwrap();
        assert_eq!(client.response(true).unwrap().status, 200);
        server.expect_log("GET /named ");
        let log = server.log();
        let line = log.lines().find(|line| line.contains("/named")).unwrap();
        assert!(line.contains(&format!("] {shown} () {{")), "{line}");
        server.stop();
    }
}

/// With `disable-logging` this line keeps the requests of this path, and no plain ones.
fn keeps(line: &str, target: &str) {
    let dir = Dir::new();
    let (server, address) = start(&dir, &format!("disable-logging = true\n{line}"));
    for target in ["/plain?first", target, "/plain?last"] {
        assert!(get(address, target) >= 200);
    }
    server.expect_log(&format!("GET {target} => "));
    // what was written is there when the server has ended
    let path = server.log_path();
    server.stop();
    let log = fs::read_to_string(path).expect("the log of the test is there");
    assert!(!log.contains("/plain"), "{line}: {log}");
}

#[test]
fn log_zero_keeps_empty_answers() {
    keeps("log-zero = true", "/zero");
}

#[test]
fn log_slow_keeps_slow_requests() {
    keeps("log-slow = 200", "/slow");
}

#[test]
fn log_4xx_keeps_mistakes_of_clients() {
    keeps("log-4xx = true", "/404");
}

#[test]
fn log_5xx_keeps_mistakes_of_servers() {
    keeps("log-5xx = true", "/503");
}

#[test]
fn log_big_keeps_big_answers() {
    keeps("log-big = 1000", "/big");
}

#[test]
fn log_sendfile_keeps_files() {
    keeps("log-sendfile = true", "/file");
}

#[test]
fn log_ioerror_keeps_requests_whose_client_was_gone() {
    // the original notices it only where its buffers are small enough
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let (server, address) = start(&dir, "disable-logging = true\nlog-ioerror = true");
    assert_eq!(get(address, "/plain"), 200);
    eventually("a request whose client was gone", SOON, || {
        let mut client = Client::connect(address).unwrap();
        client.send("GET /drip HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
        drop(client);
        let log = server.log();
        if log.contains("GET /drip => ") { Ok(()) } else { Err(log) }
    });
    assert!(!server.log().contains("/plain"));
    server.stop();
}

/// Whether a line is uWSGI's own, with any numbers.
fn is_usual(line: &str) -> bool {
    let form = "[pid: #|app: #|req: #/#] 127.0.0.1 () {# vars in # bytes} [";
    let rest = "] GET /404?x => generated # bytes in # msecs (HTTP/1.1 #) # headers in # bytes \
                (# switches on core #)";
    let mut shown = String::new();
    for letter in line.chars() {
        match letter {
            '0'..='9' if shown.ends_with('#') => {}
            '0'..='9' => shown.push('#'),
            _ => shown.push(letter),
        }
    }
    let form = form.replace("127.0.0.1", "#.#.#.#");
    let rest = rest.replace("/404", "/#").replace("1.1", "#.#");
    let date = shown.strip_prefix(&form).and_then(|end| end.strip_suffix(&rest));
    date.is_some_and(|date| date.ends_with(" #:#:# #") && date.split_whitespace().count() == 5)
}

#[test]
fn the_line_of_a_request_has_one_form_here_and_there() {
    let dir = Dir::new();
    let (server, address) = start(&dir, "");
    assert_eq!(get(address, "/404?x"), 404);
    server.expect_log("GET /404?x => ");
    let log = server.log();
    let line = log.lines().find(|line| line.contains("/404?x")).unwrap();
    assert!(is_usual(line), "{line}");
    assert!(line.contains(" => generated 5 bytes in "), "{line}");
    server.stop();
}
