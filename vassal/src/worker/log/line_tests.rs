use std::time::Duration;

use shared::settings::{Form, Logs, Serve};

use super::super::tests::answer;
use super::*;
use crate::protocol::{Parsed, http, uwsgi};

/// The line of a request on a listener, in the form of the settings.
fn line(head: &[u8], logs: Logs, more: impl FnOnce(&mut Entry<'_>, &mut Serve)) -> String {
    let mut request = Request::default();
    let wire = if head[0] == 0 { Wire::Uwsgi } else { Wire::Http };
    let parsed = match wire {
        Wire::Uwsgi => match uwsgi::parse(head, &mut request) {
            uwsgi::Packet::Request(parsed) => parsed,
            uwsgi::Packet::Ping(_) => panic!("a ping"),
        },
        _ => http::parse(head, &mut request),
    };
    assert!(matches!(parsed, Parsed::Complete(_)), "{parsed:?}");
    let peer = Peer { address: "127.0.0.1".into(), port: "4".into() };
    let notes = Notes { values: vec![("mine".into(), b"a\"b".to_vec())], ..Notes::default() };
    let mut entry = Entry {
        request: &request,
        head,
        wire,
        secure: false,
        peer: &peer,
        port: "7801",
        size: 3,
        end: answer(),
        notes: &notes,
        micros: 1_002_003,
        began: 784_111_777,
        worker: 2,
        worker_requests: 7,
        all_requests: 9,
        core: 1,
    };
    let mut serve = Serve { logs, keepalive: Duration::ZERO, ..Serve::default() };
    more(&mut entry, &mut serve);
    let mut journal = Journal::new(&serve, None);
    journal.name_size = 2;
    let mut scratch = Scratch::default();
    journal.write(&entry, &mut scratch, 100);
    String::from_utf8(scratch.line).unwrap()
}

fn form(text: &str) -> Logs {
    Logs { format: Some(Form::parse(text).unwrap()), ..Logs::default() }
}

const FIRST: &[u8] = b"GET /first HTTP/1.1\r\nHost: 127.0.0.1:7801\r\nUser-Agent: curl/7.88.1\r\n\
    Accept: */*\r\n\r\n";

#[test]
fn the_usual_line_has_uwsgis_form_and_counts_the_variables_as_it_does() {
    let wanted = format!(
        "[pid: {}|app: 0|req: 7/9] 127.0.0.1 () {{24 vars in 254 bytes}} [{}] GET /first => \
         generated 5 bytes in 1002 msecs (HTTP/1.1 200) 1 headers in 45 bytes (1 switches on \
         core 1)\n",
        std::process::id(),
        calendar::local(784_111_777).ctime()
    );
    assert_eq!(line(FIRST, Logs::default(), |_, _| {}), wanted);
    let logs = Logs { micros: true, ..Logs::default() };
    let text = line(FIRST, logs, |entry, _| entry.end.file = true);
    assert!(text.contains(" in 1002003 micros via sendfile() (HTTP/1.1 200) "), "{text}");
    let text = line(FIRST, Logs::default(), |_, serve| serve.memory_report = true);
    assert!(text.starts_with("{address space usage: ") && text.contains("MB} [pid: "), "{text}");
}

#[test]
fn every_value_is_the_requests() {
    let text = line(
        FIRST,
        form(
            "%(uri) %(method) %(user) %(addr) %(host) %(proto) %(uagent) %(referer) %(status) \
             %(size) %(rsize) %(hsize) %(headers) %(cl) %(pktsize) %(vars) %(msecs) %(micros) \
             %(secs) %(time) %(wid) %(core) %(switches) %(werr) %(rerr) %(ioerr) \
             %(var.HTTP_ACCEPT) %(var.HTTP_NO) %(var.SERVER_PORT) %(no) %(mine) %(modifier1)",
        ),
        |entry, _| entry.end.lost = true,
    );
    assert_eq!(
        text,
        "/first GET - 127.0.0.1 127.0.0.1:7801 HTTP/1.1 curl/7.88.1 - 200 50 5 45 1 3 254 24 \
         1002 1002003 1.002003 784111777 2 1 1 1 0 1 */* - 7801 - a\\x22b 0\n"
    );
    let text = line(FIRST, form("%(ltime)|%(ctime)|%(pid)"), |_, _| {});
    let local = calendar::local(784_111_777);
    assert_eq!(text, format!("{}|{}|{}\n", local.common(), local.ctime(), std::process::id()));
    let text = line(FIRST, form("%(rss) %(vszM) %(tmsecs) %(epoch)"), |_, _| {});
    let figures: Vec<u64> = text.split_whitespace().map(|word| word.parse().unwrap()).collect();
    assert!(figures.iter().all(|figure| *figure > 0), "{text}");
}

#[test]
fn the_formatted_time_is_that_of_log_date() {
    let logs = Logs { date: Some("<%Y>".into()), formatted_time: true, ..form("%(ftime)") };
    assert_eq!(line(FIRST, logs, |_, _| {}), "<1994>\n");
    let text = line(FIRST, form("%(ftime)"), |_, _| {});
    assert!(text.contains("/Nov/1994:"), "{text}");
}

#[test]
fn what_comes_from_outside_cannot_forge_a_line() {
    let head = b"GET / HTTP/1.1\r\nHost: h\r\nReferer: a\"b\\c\xc3\xa9\xff\tz\r\n\r\n";
    let text = line(head, form("\"%(referer)\""), |_, _| {});
    assert_eq!(text, "\"a\\x22b\\x5cc\\xc3\\xa9\\xff\\x09z\"\n");
    let text = line(head, form("{\"r\":\"%(referer)\",\"s\":%(status)}"), |_, _| {});
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["r"], "a\"b\\c\u{e9}\u{fffd}\tz");
    assert_eq!(value["s"], 200);
    let long = format!("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", "x".repeat(300));
    let text = line(long.as_bytes(), form("%(uri)"), |_, _| {});
    assert_eq!(text, format!("/{}...\n", "x".repeat(99)));
}

/// A uwsgi packet of these variables.
fn packet(variables: &[(&str, &str)]) -> Vec<u8> {
    let mut body = Vec::new();
    for text in variables.iter().flat_map(|(name, value)| [name, value]) {
        body.extend_from_slice(&(text.len() as u16).to_le_bytes());
        body.extend_from_slice(text.as_bytes());
    }
    let mut packet = vec![0];
    packet.extend_from_slice(&(body.len() as u16).to_le_bytes());
    packet.push(0);
    packet.extend_from_slice(&body);
    packet
}

#[test]
fn a_web_server_in_front_says_who_asks() {
    let variables = [
        ("REQUEST_METHOD", "GET"),
        ("REQUEST_URI", "/u"),
        ("PATH_INFO", "/u"),
        ("SERVER_PROTOCOL", "HTTP/1.1"),
        ("REMOTE_ADDR", "192.0.2.7"),
        ("REMOTE_USER", "joe"),
    ];
    let text = line(&packet(&variables), Logs::default(), |_, _| {});
    assert!(text.contains("] 192.0.2.7 (joe) {12 vars in 122 bytes} ["), "{text}");
}

#[test]
fn only_a_near_peer_may_name_whom_it_asks_for() {
    let head = b"GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 192.0.2.9\r\n\r\n";
    for (address, shown) in [
        ("127.0.0.1", "192.0.2.9"),
        ("10.1.2.3", "192.0.2.9"),
        ("::1", "192.0.2.9"),
        ("", "192.0.2.9"),
        ("198.51.100.1", "198.51.100.1"),
        ("2001:db8::1", "2001:db8::1"),
    ] {
        let logs = Logs { forwarded_for: true, ..form("%(addr)") };
        let peer = Peer { address: address.into(), port: String::new() };
        let text = asked_by(head, logs, &peer);
        assert_eq!(text, format!("{shown}\n"), "{address}");
    }
    let peer = Peer { address: "127.0.0.1".into(), port: String::new() };
    assert_eq!(asked_by(head, form("%(addr)"), &peer), "127.0.0.1\n");
}

fn asked_by(head: &[u8], logs: Logs, peer: &Peer) -> String {
    let mut request = Request::default();
    assert!(matches!(http::parse(head, &mut request), Parsed::Complete(_)));
    let notes = Notes::default();
    let entry = Entry {
        request: &request,
        head,
        wire: Wire::Http,
        secure: false,
        peer,
        port: "",
        size: 0,
        end: answer(),
        notes: &notes,
        micros: 0,
        began: 0,
        worker: 1,
        worker_requests: 1,
        all_requests: 1,
        core: 0,
    };
    let mut scratch = Scratch::default();
    Journal::new(&Serve { logs, ..Serve::default() }, None).write(&entry, &mut scratch, 100);
    String::from_utf8(scratch.line).unwrap()
}
