//! Rules that look at the answer: `error-route`, `response-route`, `final-route`.

use super::*;

/// The rules of a family that looks at answers: `{F}` is the family, `{A}` adds a header field
/// and `{V}` is behind its value.
fn family(name: &str, act: impl Fn(&str) -> String) -> Vec<String> {
    let rule = |kind: &str, test: &str, mark: &str| {
        let dash = if kind.is_empty() { "" } else { "-" };
        format!("{name}{dash}{kind} = {test}{}", act(mark))
    };
    vec![
        rule("", "^/pa+th ", "path"),
        rule("uri", "^/p%%61th\\?x= ", "uri"),
        rule("qs", "x=\\d+ ", "qs"),
        rule("host", "^example ", "host"),
        rule("remote-addr", "^127\\. ", "address"),
        rule("user-agent", "robot ", "agent"),
        rule("referer", "^https: ", "referer"),
        rule("remote-user", "^joe$ ", "user"),
        rule("status", "404 ", "status"),
        rule("if", "equal:${HTTP_X_ONE};two ", "if"),
        rule("if-not", "empty:${HTTP_X_ONE} ", "if-not"),
        format!("{name}-run = goto:there"),
        rule("run", "", "passed"),
        format!("{name}-label = there"),
        rule("run", "", "run"),
    ]
}

/// What a family's rules say where all of them act.
const MARKS: [&str; 12] = [
    "path", "uri", "qs", "host", "address", "agent", "referer", "user", "status", "if", "if-not",
    "run",
];

/// A request for which every rule of a family acts.
fn ask_for_all(address: SocketAddr) -> Response {
    let lines = ["User-Agent: a robot", "Referer: https://there/", "X-One: two"];
    with(address, "/p%61th?x=42&status=404", &lines)
}

#[test]
fn error_and_response_rules_look_at_the_answer_before_it_is_sent() {
    for name in ["error-route", "response-route"] {
        let dir = Dir::new();
        let mut rules = family(name, |mark| format!("addheader:X-By-{mark}: ${{uwsgi[status]}}"));
        rules.push("route-run = setuser:joe".into());
        rules.push(format!("{name} = ^/strip remheader:X-App"));
        rules.push(format!("{name}-qs = replace redirect:http://there/"));
        let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
        let (server, address) = serve(&dir, &rules);
        let all = ask_for_all(address);
        assert_eq!(all.status, 404);
        for mark in MARKS {
            assert_eq!(all.header(&format!("X-By-{mark}")), Some("404"), "{name} {mark}");
        }
        assert_eq!(all.header("X-By-passed"), None, "{name}");
        let other = get(address, "/strip");
        if subject() == Subject::Ours {
            // the original runs both tables for every answer, and takes no field out here
            let errors = name == "error-route";
            assert_eq!(other.header("X-By-run"), if errors { None } else { Some("200") });
            assert_eq!(other.header("X-App").is_some(), errors, "{name}");
            assert_eq!(get(address, "/strip?status=500").header("X-App"), None, "{name}");
        }
        let replaced = get(address, "/?status=404&replace");
        assert_eq!((replaced.status, replaced.text().as_str()), (302, "Moved"), "{name}");
        server.stop();
    }
}

#[test]
fn final_rules_look_back_at_the_answer() {
    let dir = Dir::new();
    let mut rules = family("final-route", |mark| format!("log:by {mark} ${{uwsgi[status]}}."));
    rules.push("route-run = setuser:joe".into());
    rules.push("final-route-status = 200 donotlog:".into());
    let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
    let (server, address) = serve(&dir, &rules);
    assert_eq!(ask_for_all(address).status, 404);
    for mark in MARKS {
        server.expect_log(&format!("by {mark} 404."));
    }
    assert!(!server.log().contains("by passed 404"), "{}", server.log());
    server.forget_log();
    assert_eq!(get(address, "/").status, 200);
    server.expect_log("by run 200.");
    assert!(!server.log().contains("by status 200"), "{}", server.log());
    server.stop();
}

#[test]
fn no_rule_sees_a_request_that_the_server_itself_refuses() {
    let dir = Dir::new();
    let rules = [
        "limit-post = 10",
        "error-route-run = addheader:X-Rule: error",
        "error-route-run = log:a rule ran",
        "response-route-run = log:a rule ran",
    ];
    let (server, address) = serve(&dir, &rules);
    for (bytes, status) in [
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello world", 413),
    ] {
        let mut client = tests::http::Client::connect(address).expect("the server listens");
        client.send(bytes).expect("the server reads");
        if subject() == Subject::Ours {
            let answer = client.response(true).expect("it is answered");
            assert_eq!((answer.status, answer.header("X-Rule")), (status, None), "{bytes:?}");
        } else if status == 413 {
            // without an answer
            assert_eq!(client.rest(), b"");
        }
    }
    if subject() == Subject::Ours {
        assert!(!server.log().contains("a rule ran"), "{}", server.log());
    }
    assert_eq!(get(address, "/?status=404").header("X-Rule"), Some("error"));
    server.stop();
}
