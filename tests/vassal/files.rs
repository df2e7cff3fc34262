//! Files that the server sends by itself: what is sent, with which head, and what never is.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use shared::sys::calendar;
use tests::http::{self, Client, Response};
use tests::process::Process;
use tests::{Dir, HITME, Run, Server, Subject, free_address, only, uwsgi};

/// What the application says when it is asked.
const APPLICATION: &str = "Hello World";
/// A moment whose text is the RFC's example: Sun, 06 Nov 1994 08:49:37 GMT.
const OLD: u64 = 784_111_777;

/// A directory of files beside the application, and a neighbour whose name starts alike.
fn place() -> Dir {
    let dir = Dir::new();
    dir.write("hitme.py", HITME);
    dir.mkdir("static");
    dir.mkdir("static/sub");
    dir.mkdir("static-private");
    dir.write("static/a.css", "body{}");
    dir.write("static/sub/index.html", "index");
    dir.write("static-private/secret.txt", "secret");
    dir
}

/// A server of the application with these options, `{}` being the directory.
fn serve(dir: &Dir, lines: &[&str]) -> (Server, SocketAddr) {
    let address = free_address();
    let mut text =
        format!("[uwsgi]\nhttp-socket = {address}\nwsgi-file = hitme.py\nmaster = true\n");
    for line in lines {
        text += &line.replace("{}", &dir.path().display().to_string());
        text += "\n";
    }
    dir.write("site.ini", text);
    let server = Run::uwsgi(dir).args(["--ini", "site.ini"]).start();
    server.await_tcp(address);
    (server, address)
}

#[track_caller]
fn get(address: SocketAddr, path: &str) -> Response {
    http::get(address, path).expect("the server under test is there")
}

#[track_caller]
fn ask(address: SocketAddr, method: &str, path: &str, lines: &[&str]) -> Response {
    let mut client = Client::connect(address).expect("the server under test is there");
    client.ask(method, path, lines, b"").expect("it answers")
}

#[test]
fn static_map_sends_files_and_lets_everything_else_through() {
    let dir = place();
    dir.mkdir("elsewhere");
    symlink(dir.write("elsewhere/secret.txt", "secret"), dir.join("static/out")).unwrap();
    symlink("a.css", dir.join("static/near.css")).unwrap();
    let file = File::options().write(true).open(dir.join("static/a.css")).unwrap();
    file.set_modified(UNIX_EPOCH + Duration::from_secs(OLD)).unwrap();
    let single = "static-map = /robots.txt={}/static-private/secret.txt";
    let (server, address) = serve(&dir, &["static-map = /static={}/static", single]);
    for path in ["/static/a.css", "/static/near.css"] {
        let file = get(address, path);
        assert_eq!((file.status, file.text().as_str()), (200, "body{}"), "{path}");
        assert_eq!(file.header("Content-Type"), Some("text/css"));
        assert_eq!(file.header("Content-Length"), Some("6"));
        assert_eq!(file.header("Last-Modified"), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
    }
    assert_eq!(get(address, "/robots.txt").text(), "secret");
    for (since, status) in
        [("Sun, 06 Nov 1994 08:49:37 GMT", 304), ("Sun, 06 Nov 1994 08:49:36 GMT", 200)]
    {
        let line = format!("If-Modified-Since: {since}");
        assert_eq!(ask(address, "GET", "/static/a.css", &[&line]).status, status, "{since}");
    }
    let head = ask(address, "HEAD", "/static/a.css", &[]);
    assert_eq!((head.status, head.header("Content-Length")), (200, Some("6")));
    assert!(head.body.is_empty());
    assert_eq!(http::ask(address, "POST", "/static/a.css", &[], b"x").unwrap().text(), APPLICATION);
    for other in ["/static/none.css", "/static/out", "/static/sub", "/static", "/"] {
        assert_eq!(get(address, other).text(), APPLICATION, "{other}");
    }
    server.stop();
}

#[test]
fn nothing_beside_the_directory_is_reached() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = place();
    symlink("../static-private", dir.join("static/dir")).unwrap();
    nix::unistd::mkfifo(&dir.join("static/pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let (server, address) = serve(&dir, &["static-map = /static={}/static"]);
    let mut client = Client::connect(address).unwrap();
    for path in [
        "/static/%2e%2e/static-private/secret.txt",
        "/static/../static-private/secret.txt",
        "/static/sub/../../static-private/secret.txt",
        "/static/..%2fstatic-private%2fsecret.txt",
        "/static-private/secret.txt",
        "/static/dir/secret.txt",
        "/static/pipe",
        "/static/a.css/",
        "/static//../hitme.py",
        "/static/%5c..%5chitme.py",
    ] {
        assert_eq!(client.get(path).unwrap().text(), APPLICATION, "{path}");
    }
    assert_eq!(client.get("/static/%00").unwrap().status, 400);
    server.stop();
}

#[test]
fn static_map2_keeps_the_prefix_and_check_static_looks_for_every_path() {
    let dir = place();
    for line in ["static-map2 = /static={}", "check-static = {}"] {
        let (server, address) = serve(&dir, &[line]);
        assert_eq!(get(address, "/static/a.css").text(), "body{}", "{line}");
        assert_eq!(get(address, "/a.css").text(), APPLICATION, "{line}");
        server.stop();
    }
}

#[test]
fn check_static_docroot_looks_where_the_web_server_says() {
    let dir = place();
    let socket = dir.join("app.sock");
    let lines = ["check-static-docroot = true", "socket = {}/app.sock"];
    let (server, _) = serve(&dir, &lines);
    server.await_unix(&socket);
    let root = dir.join("static").display().to_string();
    let mut variables = uwsgi::variables("GET", "/a.css", "");
    for variable in &mut variables {
        if variable.0 == "DOCUMENT_ROOT" {
            variable.1 = &root;
        }
    }
    variables.push(("SCRIPT_NAME", ""));
    let answer = uwsgi::raw(&*socket, &uwsgi::packet((0, 0), &variables)).unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.ends_with("\r\n\r\nbody{}"), "{answer}");
    server.stop();
}

#[test]
fn static_index_is_what_a_directory_sends() {
    let dir = place();
    let lines =
        ["static-map = /static={}/static", "static-index = none", "static-index = index.html"];
    let (server, address) = serve(&dir, &lines);
    assert_eq!(get(address, "/static/sub/").text(), "index");
    assert_eq!(get(address, "/static/").text(), APPLICATION);
    server.stop();
}

#[test]
fn static_safe_is_where_links_may_lead() {
    let dir = place();
    symlink(dir.join("static-private/secret.txt"), dir.join("static/out")).unwrap();
    let lines = ["static-map = /static={}/static", "static-safe = {}/static-private"];
    let (server, address) = serve(&dir, &lines);
    assert_eq!(get(address, "/static/out").text(), "secret");
    server.stop();
}

#[test]
fn static_skip_ext_leaves_files_to_the_application() {
    let dir = place();
    let lines = ["static-map = /static={}/static", "static-skip-ext = .html"];
    let (server, address) = serve(&dir, &lines);
    assert_eq!(get(address, "/static/sub/index.html").text(), APPLICATION);
    assert_eq!(get(address, "/static/a.css").text(), "body{}");
    server.stop();
}

#[test]
fn static_expires_says_how_long_files_stay_fresh() {
    let dir = place();
    let rules = [
        ("a.css", "static-expires = a\\.css$ 110", false),
        ("b.css", "static-expires-mtime = b\\.css$ 120", true),
        ("c.css", "static-expires-path-info = ^/static/c\\.css$ 130", false),
        ("d.css", "static-expires-path-info-mtime = ^/static/d 140", true),
        ("e.css", "static-expires-uri = ^/static/%%65\\.css\\?x 150", false),
        ("f.css", "static-expires-uri-mtime = ^/static/f\\.css\\?x 160", true),
        ("g.txt", "static-expires-type = text/plain=170", false),
        ("h.json", "static-expires-type-mtime = application/json=180", true),
    ];
    for (name, _, _) in rules {
        let file = File::create(dir.join("static").join(name)).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(OLD)).unwrap();
    }
    dir.write("static/never.css", "");
    let mut lines = vec!["static-map = /static={}/static"];
    lines.extend(rules.iter().map(|rule| rule.1));
    let (server, address) = serve(&dir, &lines);
    for ((name, _, from_change), seconds) in rules.iter().zip((110_i64..).step_by(10)) {
        let path = match *name {
            "e.css" => "/static/%65.css?x".to_owned(),
            name => format!("/static/{name}?x"),
        };
        let clock = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
        let before = clock();
        let answer = get(address, &path);
        let after = clock();
        let found = answer.header("Expires");
        let range = if *from_change { OLD as i64..=OLD as i64 } else { before..=after };
        let fits = range
            .clone()
            .any(|from| Some(calendar::universal(from + seconds).http_date().as_str()) == found);
        assert!(fits, "{name}: {found:?}, not {seconds} s from {range:?} on");
    }
    assert_eq!(get(address, "/static/never.css").header("Expires"), None);
    server.stop();
}

#[test]
fn static_gzip_sends_the_compressed_twin() {
    let dir = place();
    for name in ["one.css", "two.xyz", "three.abc", "d1/four.css", "d2/five.css", "none.js"] {
        let path = format!("static/{name}");
        dir.mkdir(std::path::Path::new(&path).parent().unwrap());
        dir.write(&path, "plain");
        dir.write(format!("{path}.gz"), "compressed");
    }
    dir.write("static/one.css.br", "smaller");
    let base = "static-map = /static={}/static";
    let some = [
        base,
        "static-gzip = one\\.css$",
        "static-gzip-dir = {}/static/d1",
        "static-gzip-prefix = {}/static/d2",
        "static-gzip-ext = .xyz",
        "static-gzip-suffix = .abc",
    ];
    for (lines, all) in [(&some[..], false), (&[base, "static-gzip-all = true"], true)] {
        let (server, address) = serve(&dir, lines);
        let asked = |name: &str, coding: &str| {
            let line = format!("Accept-Encoding: {coding}");
            ask(address, "GET", &format!("/static/{name}"), &[&line])
        };
        for name in ["one.css", "two.xyz", "three.abc", "d1/four.css", "d2/five.css"] {
            let twin = asked(name, "deflate, gzip");
            assert_eq!(twin.text(), "compressed", "{name}");
            assert_eq!(twin.header("Content-Encoding"), Some("gzip"));
            assert_eq!(twin.header("Content-Length"), Some("10"));
            assert_eq!(asked(name, "identity").text(), "plain", "{name}");
        }
        assert_eq!(asked("none.js", "gzip").text() == "compressed", all);
        assert_eq!(asked("one.css", "gzip, br").text(), "smaller");
        if tests::subject() == Subject::Ours {
            for coding in ["gzip", "identity"] {
                let answer = asked("one.css", coding);
                assert_eq!(answer.header("Vary"), Some("Accept-Encoding"), "{coding}");
                assert_eq!(answer.header("Content-Type"), Some("text/css"), "{coding}");
            }
            assert_eq!(asked("one.css", "gzip;q=0").text(), "plain");
            assert_ne!(
                asked("one.css", "gzip").header("ETag"),
                asked("one.css", "").header("ETag")
            );
        }
        server.stop();
    }
}

#[test]
fn mime_file_names_types() {
    let dir = place();
    dir.write("static/x.strange", "");
    dir.write("types", "# mine\napplication/x-strange strange\n");
    let lines = ["static-map = /static={}/static", "mime-file = {}/types"];
    let (server, address) = serve(&dir, &lines);
    let kind = get(address, "/static/x.strange").header("Content-Type").map(str::to_owned);
    assert_eq!(kind.as_deref(), Some("application/x-strange"));
    server.stop();
}

#[test]
fn file_serve_mode_leaves_the_sending_to_the_web_server() {
    let dir = place();
    for (mode, field) in [("nginx", "X-Accel-Redirect"), ("x-sendfile", "X-Sendfile")] {
        let mode = format!("file-serve-mode = {mode}");
        let (server, address) = serve(&dir, &["static-map = /static={}/static", &mode]);
        let mut client = Client::connect(address).unwrap();
        // the original announces the file's length and sends nothing
        client.send("HEAD /static/a.css HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let answer = client.response(false).unwrap();
        let path = dir.join("static/a.css").display().to_string();
        assert_eq!(answer.header(field), Some(path.as_str()));
        server.stop();
    }
}

#[test]
fn copies_and_parts_are_answered_as_the_rfc_says() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = place();
    let digits: Vec<u8> = (0..1_000_000_u32).map(|n| b'0' + (n % 10) as u8).collect();
    fs::write(dir.join("static/large.bin"), &digits).unwrap();
    let (server, address) = serve(&dir, &["static-map = /static={}/static"]);
    let mut client = Client::connect(address).unwrap();
    for path in ["/static/large.bin", "/static/a.css"] {
        let whole = client.get(path).unwrap();
        let size = whole.body.len();
        assert_eq!(whole.header("Accept-Ranges"), Some("bytes"));
        let tag = whole.header("ETag").unwrap().to_owned();
        assert!(tag.starts_with('"'), "a strong tag: {tag}");
        let mut ask = |lines: &[&str]| client.ask("GET", path, lines, b"").unwrap();
        let same = ask(&[&format!("If-None-Match: {tag}")]);
        assert_eq!((same.status, same.header("ETag")), (304, Some(tag.as_str())));
        assert_eq!(ask(&["If-None-Match: \"x\""]).status, 200);
        assert_eq!(ask(&["If-Match: \"x\""]).status, 412);
        let part = ask(&["Range: bytes=2-4"]);
        assert_eq!((part.status, &part.body[..]), (206, &whole.body[2..5]));
        let said = format!("bytes 2-4/{size}");
        assert_eq!(part.header("Content-Range"), Some(said.as_str()));
        let end = ask(&["Range: bytes=-3", &format!("If-Range: {tag}")]);
        assert_eq!((end.status, &end.body[..]), (206, &whole.body[size - 3..]));
        let rest = ask(&["Range: bytes=1-"]);
        assert_eq!((rest.status, &rest.body[..]), (206, &whole.body[1..]));
        assert_eq!(ask(&["Range: bytes=1-2", "If-Range: \"x\""]).body.len(), size);
        let beyond = ask(&[&format!("Range: bytes={size}-")]);
        let said = format!("bytes */{size}");
        assert_eq!((beyond.status, beyond.header("Content-Range")), (416, Some(said.as_str())));
        assert_eq!(ask(&["Range: bytes=0-1,3-4"]).body.len(), size, "several: the whole file");
        let head = client.ask("HEAD", path, &["Range: bytes=0-1"], b"").unwrap();
        let length = size.to_string();
        assert_eq!((head.status, head.header("Content-Length")), (200, Some(length.as_str())));
    }
    server.stop();
}

#[test]
fn files_are_requests_like_others() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = place();
    dir.write("static/empty.txt", "");
    let lines = ["static-map = /static={}/static", "threads = 4"];
    let (server, address) = serve(&dir, &lines);
    let mut client = Client::connect(address).unwrap();
    for path in ["/static/a.css", "/static/empty.txt", "/static/none", "/static/a.css"] {
        assert_eq!(client.get(path).unwrap().status, 200, "{path}");
    }
    server.expect_log("|app: -1|");
    server.expect_log("GET /static/a.css => generated 6 bytes in ");
    server.expect_log(" via sendfile() (HTTP/1.1 200)");
    server.expect_log("GET /static/empty.txt => generated 0 bytes");
    server.stop();
}

#[test]
fn disable_sendfile_reads_and_writes() {
    const SIZE: usize = 16 << 20;
    if !only(Subject::Ours) {
        return;
    }
    let dir = place();
    let body: Vec<u8> = (0..SIZE).map(|at| (at / 251) as u8).collect();
    dir.write("static/large", &body);
    let (server, address) =
        serve(&dir, &["static-map = /static={}/static", "disable-sendfile = true"]);
    assert_eq!(get(address, "/static/a.css").text(), "body{}");
    let calls = || {
        let calls = |process: Process| {
            let text = fs::read_to_string(format!("/proc/{}/io", process.0)).unwrap_or_default();
            let line =
                text.lines().find_map(|line| line.strip_prefix("syscr: ").map(str::to_owned));
            line.and_then(|number| number.parse::<usize>().ok()).unwrap_or(0)
        };
        server.process().descendants().into_iter().map(calls).sum::<usize>()
    };
    let before = calls();
    let got = get(address, "/static/large");
    assert!(got.body == body, "{} bytes are not those of the file", got.body.len());
    // no read is larger than 32 KiB, and sendfile takes a hundredth of these calls
    let reads = calls() - before;
    assert!(reads >= SIZE >> 15, "{reads} reads");
    server.stop();
}
