//! Rules that are applied to requests and answers.

/// Rules that look at the answer.
mod answers;

use std::net::SocketAddr;

use serde_json::Value;
use tests::http::{self, Client, Place, Response};
use tests::server::SOON;
use tests::{
    Dir, Run, Server, Subject, eventually, fastcgi, free_address, only, scgi, subject, uwsgi,
};

/// An application that answers with the status of the query parameter `status` and tells, as
/// JSON, the texts of its environ.
const TELLS: &str = "import json\nimport time\nimport urllib.parse\n\n\
def application(environ, start_response):\n    \
    query = urllib.parse.parse_qs(environ['QUERY_STRING'])\n    \
    time.sleep(float(query.get('sleep', ['0'])[0]))\n    \
    status = query.get('status', ['200'])[0]\n    \
    start_response(status + ' Told', [('Content-Type', 'application/json'), ('X-App', 'yes')])\n    \
    return [json.dumps({k: v for k, v in environ.items() if isinstance(v, str)}).encode()]\n";

/// A server of that application with these rules, `{}` being the directory.
fn serve(dir: &Dir, rules: &[&str]) -> (Server, SocketAddr) {
    dir.write("tells.py", TELLS);
    let address = free_address();
    let mut text =
        format!("[uwsgi]\nhttp-socket = {address}\nwsgi-file = tells.py\nmaster = true\n");
    for rule in rules {
        text += &rule.replace("{}", &dir.path().display().to_string());
        text += "\n";
    }
    dir.write("site.ini", text);
    let mut run = Run::uwsgi(dir);
    if subject() == Subject::Uwsgi {
        run = run
            .args(["--plugins", "router_redirect,router_rewrite,router_basicauth,router_static"]);
    }
    let server = run.args(["--ini", "site.ini"]).start();
    server.await_tcp(address);
    (server, address)
}

#[track_caller]
fn get(address: SocketAddr, path: &str) -> Response {
    http::get(address, path).expect("the server under test is there")
}

#[track_caller]
fn with(address: SocketAddr, path: &str, lines: &[&str]) -> Response {
    let mut client = Client::connect(address).expect("the server under test is there");
    client.ask("GET", path, lines, b"").expect("it answers")
}

/// What the application was told.
#[track_caller]
fn told(address: SocketAddr, path: &str, lines: &[&str]) -> Value {
    let answer = with(address, path, lines);
    assert_eq!(answer.header("X-App"), Some("yes"), "{path}: {}", answer.text());
    answer.json()
}

#[test]
fn each_kind_of_rule_looks_at_its_variable() {
    let dir = Dir::new();
    let (server, address) = serve(
        &dir,
        &[
            "route = ^/pa+th addvar:BY_PATH=1",
            "route-uri = ^/p%%61th\\?x= addvar:BY_URI=1",
            "route-qs = x=(\\d+) addvar:BY_QUERY=$1",
            "route-host = ^exa(.*)$ addvar:BY_HOST=$1",
            "route-remote-addr = ^127\\. addvar:BY_ADDRESS=1",
            "route-user-agent = (?i)ROBOT addvar:BY_AGENT=1",
            "route-referer = ^https: addvar:BY_REFERER=1",
            "route-run = setuser:joe",
            "route-remote-user = ^joe$ addvar:BY_USER=1",
            "route-if = equal:${HTTP_X_ONE};two addvar:BY_IF=1",
            "route-if-not = empty:${HTTP_X_ONE} addvar:BY_IF_NOT=1",
        ],
    );
    let lines = ["User-Agent: a robot", "Referer: https://there/", "X-One: two"];
    let all = told(address, "/p%61th?x=42", &lines);
    for (name, value) in [
        ("BY_PATH", "1"),
        ("BY_URI", "1"),
        ("BY_QUERY", "42"),
        ("BY_HOST", "mple.test"),
        ("BY_ADDRESS", "1"),
        ("BY_AGENT", "1"),
        ("BY_REFERER", "1"),
        ("REMOTE_USER", "joe"),
        ("BY_USER", "1"),
        ("BY_IF", "1"),
        ("BY_IF_NOT", "1"),
    ] {
        assert_eq!(all[name], value, "{name}");
    }
    let none = told(address, "/other", &["User-Agent: x", "Referer: http://there/"]);
    for name in ["BY_PATH", "BY_URI", "BY_QUERY", "BY_AGENT", "BY_REFERER", "BY_IF", "BY_IF_NOT"] {
        assert_eq!(none[name], Value::Null, "{name}");
    }
    server.stop();
}

#[test]
fn rules_jump_to_labels_and_end() {
    let dir = Dir::new();
    let (server, address) = serve(
        &dir,
        &[
            "route = ^/jump goto:there",
            "route = ^/last last:",
            "route = ^/continue continue:",
            "route-run = addvar:PASSED=1",
            "route-label = there",
            "route-run = addvar:THERE=1",
        ],
    );
    for (path, passed, there) in [
        ("/", true, true),
        ("/jump", false, true),
        ("/last", false, false),
        ("/continue", false, false),
    ] {
        let told = told(address, path, &[]);
        assert_eq!((told["PASSED"] == "1", told["THERE"] == "1"), (passed, there), "{path}");
    }
    server.stop();
}

#[test]
fn redirects_and_statuses_are_answers() {
    let dir = Dir::new();
    let (server, address) = serve(
        &dir,
        &[
            "route = ^/old/(.*) redirect:http://there/$1?${QUERY_STRING}",
            "route = ^/gone/ redirect-permanent:/new${PATH_INFO}",
            "route-if = equal:${HTTP_X_FORWARDED_PROTO};http redirect-permanent:https://${HTTP_HOST}${REQUEST_URI}",
            "route = ^/secret break:403 Forbidden",
            "route = ^/teapot return:404",
            "route = ^/nothing break:",
        ],
    );
    let nothing = http::get(address, "/nothing");
    assert!(nothing.is_err(), "the connection is closed without an answer: {nothing:?}");
    let found = get(address, "/old/a/b?c=d");
    assert_eq!((found.status, found.header("Location")), (302, Some("http://there/a/b?c=d")));
    assert_eq!(found.text(), "Moved");
    let gone = get(address, "/gone/x");
    assert_eq!((gone.status, gone.header("Location")), (301, Some("/new/gone/x")));
    assert_eq!(gone.text(), "Moved Permanently");
    let secure = with(address, "/a%20b?c=1", &["X-Forwarded-Proto: http"]);
    assert_eq!(
        (secure.status, secure.header("Location")),
        (301, Some("https://example.test/a%20b?c=1"))
    );
    let secret = get(address, "/secret");
    assert_eq!((secret.status, secret.reason.as_str(), secret.body.len()), (403, "Forbidden", 0));
    let missing = get(address, "/teapot");
    assert_eq!((missing.status, missing.text().as_str()), (404, "Not Found"));
    assert_eq!(told(address, "/", &["X-Forwarded-Proto: https"])["PATH_INFO"], "/");
    server.stop();
}

#[test]
fn the_application_sees_what_rules_made_of_the_request() {
    let dir = Dir::new();
    let (server, address) = serve(
        &dir,
        &[
            "route = ^/re/(.*)$ rewrite:/new/$1%%20x?a=b",
            "route = ^/new/end rewrite-last:/end",
            "route-run = addvar:NAME=${REQUEST_METHOD}-${cookie[c]}-${qs[q]}-${base64[REQUEST_METHOD]}",
            "route-uri = ^/script setscriptname:/mounted",
            "route-uri = ^/script setpathinfo:/inner",
            "route-uri = ^/script setmethod:PUT",
            "route-uri = ^/script setscheme:https",
            "route-uri = ^/script setremoteaddr:10.0.0.1",
            "route-uri = ^/script seturi:/other",
        ],
    );
    let told_of = told(address, "/re/x?q=1", &["Cookie: b=2; c=3"]);
    assert_eq!(told_of["PATH_INFO"], "/new/x x");
    assert_eq!(told_of["QUERY_STRING"], "a=b&q=1");
    assert_eq!(told_of["REQUEST_URI"], "/re/x?q=1");
    assert_eq!(told_of["NAME"], "GET-3-1-R0VU");
    let last = told(address, "/new/end", &[]);
    assert_eq!((&last["PATH_INFO"], &last["NAME"]), (&"/end".into(), &Value::Null));
    let script = told(address, "/script", &[]);
    for (name, value) in [
        ("SCRIPT_NAME", "/mounted"),
        ("REQUEST_METHOD", "PUT"),
        ("PATH_INFO", "/inner"),
        ("wsgi.url_scheme", "https"),
        ("REMOTE_ADDR", "10.0.0.1"),
        ("REQUEST_URI", "/other"),
    ] {
        assert_eq!(script[name], value, "{name}");
    }
    server.stop();
}

#[test]
fn rules_and_files_are_the_same_behind_a_web_server() {
    type Ask = fn(Place, &str, &str, &[u8]) -> std::io::Result<Response>;
    let dir = Dir::new();
    dir.write("a.txt", "file");
    dir.write("large.txt", "x".repeat(200_000));
    let (server, _) = serve(
        &dir,
        &[
            "socket = {}/uwsgi.sock",
            "fastcgi-socket = {}/fastcgi.sock",
            "scgi-socket = {}/scgi.sock",
            "static-map = /a.txt={}/a.txt",
            "static-map = /large.txt={}/large.txt",
            "route = ^/x/(.*)$ rewrite:/y/$1?b=2",
            "route-run = addvar:NAME=${REQUEST_METHOD} ${HTTP_HOST} ${qs[b]}",
            "route = ^/y addheader:X-Path: ${PATH_INFO}",
            "route = ^/z redirect:/there",
        ],
    );
    let asks: [(&str, Ask); 3] =
        [("uwsgi", uwsgi::ask), ("fastcgi", fastcgi::ask), ("scgi", scgi::ask)];
    for (name, ask) in asks {
        let socket = dir.join(format!("{name}.sock"));
        server.await_unix(&socket);
        let get = |path| ask(Place::from(&*socket), "GET", path, b"").unwrap();
        let answer = get("/x/z?a=1");
        assert_eq!(answer.header("X-Path"), Some("/y/z"), "{name}: {}", answer.text());
        let told = answer.json();
        for (key, value) in [
            ("PATH_INFO", "/y/z"),
            ("QUERY_STRING", "b=2&a=1"),
            ("NAME", "GET example.test 2"),
            ("REQUEST_URI", "/x/z?a=1"),
        ] {
            assert_eq!(told[key], value, "{name} {key}");
        }
        assert_eq!(get("/a.txt").text(), "file", "{name}");
        assert_eq!(get("/large.txt").body.len(), 200_000, "{name}");
        let found = get("/z");
        assert_eq!((found.status, found.header("Location")), (302, Some("/there")), "{name}");
    }
    server.stop();
}

#[test]
fn heads_and_lines_of_the_log_are_changed() {
    let dir = Dir::new();
    let (server, address) = serve(
        &dir,
        &[
            "route = ^/head addheader:X-Path: at ${PATH_INFO}",
            "route = ^/head remheader:X-App",
            "route = ^/quiet donotlog:",
            "route = ^/log log:seen ${PATH_INFO} of ${REMOTE_ADDR}",
            "route = ^/log logvar:mark=marked",
            "log-format = line %(uri) %(mark) %(user)",
            "route-run = setuser:ann",
        ],
    );
    let head = get(address, "/head");
    assert_eq!(head.header("X-Path"), Some("at /head"));
    assert_eq!(head.header("X-App"), None);
    for path in ["/quiet", "/log", "/end"] {
        assert_eq!(get(address, path).status, 200, "{path}");
    }
    server.expect_log("seen /log of 127.0.0.1");
    server.expect_log("line /log marked ann");
    server.expect_log("line /end - ann");
    assert!(!server.log().contains("line /quiet"), "{}", server.log());
    server.stop();
}

#[test]
fn basicauth_asks_for_a_password() {
    let dir = Dir::new();
    // joe has {SHA} and the password "password"
    dir.write("users", "joe:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n");
    let (server, address) = serve(
        &dir,
        &[
            "route = ^/one basicauth:Only me,me:word",
            "route = ^/file basicauth:Users,{}/users",
            "route = ^/both basicauth-next:Users,{}/users",
            "route = ^/both basicauth:Only me,me:word",
        ],
    );
    let ask =
        |path: &str, pair: &str| with(address, path, &[&format!("Authorization: Basic {pair}")]);
    let (joe, me, other) = ("am9lOnBhc3N3b3Jk", "bWU6d29yZA==", "bWU6b3RoZXI=");
    let asked = get(address, "/one");
    assert_eq!(asked.status, 401);
    assert_eq!(asked.header("WWW-Authenticate"), Some("Basic realm=\"Only me\""));
    for (path, pair, status) in [
        ("/one", me, 200),
        ("/one", other, 401),
        ("/one", "!", 401),
        ("/file", joe, 200),
        ("/file", me, 401),
        ("/both", joe, 200),
        ("/both", me, 200),
        ("/both", other, 401),
    ] {
        assert_eq!(ask(path, pair).status, status, "{path} {pair}");
    }
    assert_eq!(ask("/file", joe).json()["REMOTE_USER"], "joe");
    server.stop();
}

#[test]
fn rules_answer_with_files_of_their_own() {
    let dir = Dir::new();
    dir.mkdir("files");
    dir.mkdir("other");
    dir.write("files/a.css", "body{}");
    dir.write("other/secret", "secret");
    dir.write("none.html", "<h1>none</h1>");
    let (server, address) = serve(
        &dir,
        &[
            "route = ^/plain static:{}/files/a.css",
            "route = ^/below/(.*)$ static:{}/files/$1",
            "route = ^/made file:filename={}/files/a.css,status=202 Made,content_type=text/x-made",
            "error-page-404 = {}/none.html",
        ],
    );
    for path in ["/plain", "/below/a.css"] {
        let answer = get(address, path);
        assert_eq!((answer.status, answer.text().as_str()), (200, "body{}"), "{path}");
        if subject() == Subject::Ours {
            // the original has no table of types without a static option
            assert_eq!(answer.header("Content-Type"), Some("text/css"));
        }
    }
    let made = get(address, "/made");
    assert_eq!((made.status, made.reason.as_str(), made.text().as_str()), (202, "Made", "body{}"));
    assert_eq!(made.header("Content-Type"), Some("text/x-made"));
    if subject() == Subject::Ours {
        for path in ["/below/none", "/below/../other/secret", "/below/%2e%2e/other/secret"] {
            let answer = get(address, path);
            assert_eq!((answer.status, answer.text().as_str()), (404, "<h1>none</h1>"), "{path}");
        }
    }
    server.stop();
}

#[test]
fn a_rule_that_guards_a_path_guards_its_files() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    dir.mkdir("files/private");
    dir.write("files/private/x", "secret");
    dir.write("files/a.css", "body{}");
    let (server, address) = serve(
        &dir,
        &[
            "static-map = /s={}/files",
            "static-map = /t/={}/files",
            "route = ^/[strq]/private/ basicauth:Private,me:word",
            "route = ^/r/(.*)$ static:{}/files/$1",
            "route = ^/q(.*)$ static:{}/files/$1",
        ],
    );
    for (start, absent) in [("/s", 200), ("/t", 200), ("/r", 404), ("/q", 404)] {
        assert_eq!(get(address, &format!("{start}/a.css")).text(), "body{}", "{start}");
        assert_eq!(get(address, &format!("{start}/private/x")).status, 401, "{start}");
        for around in ["//private/x", "/./private/x", "/%2fprivate/x", "/%2e/private/x"] {
            let answer = get(address, &format!("{start}{around}"));
            assert_ne!(answer.text(), "secret", "{start}{around}");
            assert_eq!(answer.status, absent, "{start}{around}");
        }
    }
    let answer = get(address, "/s//a.css");
    assert_eq!(answer.json()["PATH_INFO"], "/s//a.css", "the application is asked");
    server.stop();
}

#[test]
fn error_page_403_is_sent_where_a_rule_forbids() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    dir.write("no.html", "<h1>no</h1>");
    let rules = ["error-page-403 = {}/no.html", "route = ^/x break:403 Forbidden"];
    let (server, address) = serve(&dir, &rules);
    let answer = get(address, "/x");
    assert_eq!((answer.status, answer.text().as_str()), (403, "<h1>no</h1>"));
    server.stop();
}

#[test]
fn collected_and_pulled_fields_are_variables_of_later_rules() {
    let dir = Dir::new();
    let (server, address) = serve(
        &dir,
        &[
            "collect-header = Content-Type KIND",
            "pull-header = X-App APP",
            "final-route-run = log:kind ${KIND} app ${APP}.",
        ],
    );
    let answer = get(address, "/");
    assert_eq!(answer.header("Content-Type"), Some("application/json"));
    assert_eq!(answer.header("X-App"), None);
    server.expect_log("kind application/json app yes.");
    server.stop();
}

#[test]
fn a_rule_that_cannot_be_carried_out_refuses_the_file() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    dir.write("tells.py", TELLS);
    for (rule, reason) in [
        ("route = ^/(?!x) continue:", "look-around"),
        ("route = ^/x proxyhttp:127.0.0.1:80", "web server in front"),
        ("route-run = goto:nowhere", "nowhere"),
    ] {
        dir.write("site.ini", format!("[uwsgi]\nsocket = a.sock\nwsgi-file = tells.py\n{rule}\n"));
        let run = Run::uwsgi(&dir).args(["--ini", "site.ini"]);
        let (_, log) = run.to_end(SOON);
        assert!(log.contains("site.ini:4") && log.contains(reason), "{rule}: {log}");
    }
}

#[test]
fn the_statistics_count_what_the_application_was_not_asked() {
    let dir = Dir::new();
    dir.write("a.txt", "file");
    let stats = free_address();
    let (server, address) = serve(
        &dir,
        &[
            "route = ^/x break:403 Forbidden",
            "static-map = /a={}/a.txt",
            &format!("stats = {stats}"),
        ],
    );
    for path in ["/x", "/x", "/a", "/"] {
        get(address, path);
    }
    eventually("the requests are counted", SOON, || {
        let text = Client::connect(stats).unwrap().rest();
        let document: Value = serde_json::from_slice(&text).unwrap();
        let core = &document["workers"][0]["cores"][0];
        let counts =
            ["requests", "static_requests", "routed_requests"].map(|key| core[key].as_u64());
        if counts == [Some(4), Some(1), Some(2)] { Ok(()) } else { Err(format!("{counts:?}")) }
    });
    server.stop();
}

#[test]
fn a_rule_limits_how_long_a_request_may_run() {
    let dir = Dir::new();
    let rules = ["route = ^/short harakiri:1", "route = ^/long harakiri:30"];
    for (limit, path, status) in [
        ("", "/short", None),
        ("", "/other", Some(200)),
        ("harakiri = 30", "/short", None),
        ("harakiri = 1", "/long", Some(200)),
        ("harakiri = 1", "/other", None),
    ] {
        if path == "/long" && subject() == Subject::Uwsgi {
            continue; // there the shorter one counts
        }
        let (server, address) = serve(&dir, &[&rules[..], &[limit]].concat());
        // the original closes the connection without an answer
        let answer =
            http::get(address, &format!("{path}?sleep=4")).ok().map(|answer| answer.status);
        assert_eq!(answer.filter(|status| *status != 504), status, "{limit} {path}");
        if status.is_none() {
            assert_eq!(get(address, "/").status, 200, "its worker was replaced");
        }
        server.stop();
    }
}
