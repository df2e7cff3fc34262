//! What the configuration says of every answer's head, and pages of its own.

use std::net::SocketAddr;

use tests::http::{self, Client};
use tests::{Dir, HITME, Run, Server, Subject, free_address, only};

/// An application that sends the header fields that the query string names, or raises.
const ANSWERS: &str = "def application(environ, start_response):\n    \
    query = environ['QUERY_STRING']\n    \
    if query == 'raise':\n        raise ValueError('wanted')\n    \
    size = int(query or 0)\n    \
    fields = [('X-Powered-By', 'python'), ('X-Kept', 'yes'), ('X-Long', 'x' * size)]\n    \
    start_response('200 OK', fields)\n    return [b'answer']\n";

fn serve(dir: &Dir, lines: &str) -> (Server, SocketAddr) {
    dir.write("answers.py", ANSWERS);
    dir.write("hitme.py", HITME);
    let address = free_address();
    let text = format!("[uwsgi]\nhttp-socket = {address}\nwsgi-file = answers.py\nmaster = true\n");
    dir.write("site.ini", text + lines);
    let server = Run::uwsgi(dir).args(["--ini", "site.ini"]).start();
    server.await_tcp(address);
    (server, address)
}

#[test]
fn add_header_adds_a_field_to_every_answer() {
    let dir = Dir::new();
    dir.write("a.txt", "file");
    let lines = format!(
        "add-header = Strict-Transport-Security: max-age=31536000; preload\nadd-header = X-Two: 2\n\
         static-map = /a.txt={}\n",
        dir.join("a.txt").display()
    );
    let (server, address) = serve(&dir, &lines);
    for path in ["/", "/a.txt"] {
        let answer = http::get(address, path).unwrap();
        let found = answer.header("Strict-Transport-Security");
        assert_eq!(found, Some("max-age=31536000; preload"), "{path}");
        assert_eq!(answer.header("X-Two"), Some("2"), "{path}");
    }
    server.stop();
}

#[test]
fn rem_header_takes_a_field_out() {
    let dir = Dir::new();
    let (server, address) = serve(&dir, "rem-header = X-Powered-By\n");
    let answer = http::get(address, "/").unwrap();
    assert_eq!(answer.header("X-Powered-By"), None);
    assert_eq!(answer.header("X-Kept"), Some("yes"));
    server.stop();
}

#[test]
fn response_headers_limit_is_the_largest_head() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    for (lines, fits, too_large) in
        [("", 60_000, 70_000), ("response-headers-limit = 1000\n", 500, 1200)]
    {
        let (server, address) = serve(&dir, lines);
        let mut client = Client::connect(address).unwrap();
        assert_eq!(client.get(&format!("/?{fits}")).unwrap().status, 200);
        assert_eq!(client.get(&format!("/?{too_large}")).unwrap().status, 500);
        server.stop();
    }
}

#[test]
fn error_page_500_is_sent_when_the_application_fails() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let page = dir.write("sorry.html", "<h1>sorry</h1>");
    let (server, address) = serve(&dir, &format!("error-page-500 = {}\n", page.display()));
    let answer = http::get(address, "/?raise").unwrap();
    assert_eq!((answer.status, answer.text().as_str()), (500, "<h1>sorry</h1>"));
    assert_eq!(answer.header("Content-Type"), Some("text/html"));
    std::fs::remove_file(&page).unwrap();
    let answer = http::get(address, "/?raise").unwrap();
    assert_eq!((answer.status, answer.text().as_str()), (500, "Internal Server Error"));
    server.stop();
}
