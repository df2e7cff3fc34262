//! Where the log goes, which lines of it, and what is done to them; files and their rotation.

use std::fs;
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use nix::sys::signal::Signal;
use serde_json::Value;
use tests::http;
use tests::server::SOON;
use tests::{Dir, Run, Server, Subject, eventually, free_address, only, root, subject};

/// An application that prints a line of its own for each request.
const APP: &str = "
import sys
def application(env, start):
    print('printed', env['PATH_INFO'], env['QUERY_STRING'], file=sys.stderr, flush=True)
    start('200 OK', [('Content-Type', 'text/plain')])
    return [b'hello']
";

/// A server of that application with these lines in its file.
fn start(dir: &Dir, lines: &str) -> (Server, SocketAddr) {
    dir.write("app.py", APP);
    // parts of Debian's package
    let plugins = match subject() {
        Subject::Ours => "",
        Subject::Uwsgi => "plugins = logfile,rsyslog,logsocket,syslog",
    };
    let text = format!("[uwsgi]\n{plugins}\nwsgi-file = app.py\nmaster = true\n{lines}\n");
    dir.write("app.ini", text);
    let address = free_address();
    let server =
        Run::uwsgi(dir).args(["--ini", "app.ini", "--http-socket", &address.to_string()]).start();
    server.await_tcp(address);
    (server, address)
}

fn get(address: SocketAddr, target: &str) {
    let answer = http::get(address, target).expect("the server under test answers");
    assert_eq!(answer.status, 200);
}

fn text(path: impl AsRef<Path>) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}

/// Waits until a file contains a text.
#[track_caller]
fn has(path: &Path, wanted: &str) {
    eventually(&format!("{wanted:?} in {}", path.display()), SOON, || {
        let found = text(path);
        if found.contains(wanted) { Ok(()) } else { Err(found) }
    });
}

#[test]
fn log_date_and_log_prefix_stand_before_messages_of_the_server() {
    let dir = Dir::new();
    for option in ["log-date = at%%Y", "log-prefix = at%%Y"] {
        let (server, address) = start(&dir, option);
        get(address, "/x");
        server.expect_log(" - spawned uWSGI worker 1 (pid: ");
        server.expect_log("GET /x => ");
        let log = server.log();
        let date = |line: &str| {
            let year = line.strip_prefix("at").and_then(|rest| rest.get(..4));
            year.is_some_and(|year| year.parse::<u32>().is_ok())
        };
        assert!(log.lines().any(|line| line.contains("spawned") && date(line)), "{log}");
        // request lines and the application's own have no date
        let bare = |line: &&str| line.contains("GET /x") || line.contains("printed /x");
        let plain: Vec<&str> = log.lines().filter(bare).collect();
        assert!(plain.len() == 2 && !plain.iter().any(|line| date(line)), "{log}");
        server.stop();
    }
    let (server, _) = start(&dir, "log-date = true");
    server.expect_log(" - spawned uWSGI worker 1");
    let log = server.log();
    let line = log.lines().find(|line| line.contains(" - spawned")).unwrap();
    assert_eq!(line.split(" - ").next().unwrap().split_whitespace().count(), 5, "{line}");
    server.stop();
}

#[test]
fn logger_and_req_logger_part_output_and_request_lines() {
    let dir = Dir::new();
    let (server, address) = start(&dir, "logger = file:app.log\nreq-logger = file:req.log");
    get(address, "/one");
    has(&dir.join("app.log"), "printed /one");
    has(&dir.join("req.log"), "GET /one => ");
    has(&dir.join("app.log"), "spawned uWSGI worker 1");
    assert!(!text(dir.join("app.log")).contains("GET /one"));
    assert!(!text(dir.join("req.log")).contains("printed"));
    assert!(!server.log().contains("/one"), "{}", server.log());
    server.stop();
}

#[test]
fn routes_send_lines_to_the_logger_that_they_name() {
    let dir = Dir::new();
    let lines = "logger = some file:some.log\nlogger = file:rest.log\nlog-route = some /one\n\
                 logger = few file:few.log\nreq-logger = file:more.log\n\
                 log-req-route = few GET /(one|two)\n";
    let (server, address) = start(&dir, lines);
    for target in ["/one", "/two", "/three"] {
        get(address, target);
    }
    has(&dir.join("some.log"), "printed /one");
    has(&dir.join("rest.log"), "printed /three");
    has(&dir.join("few.log"), "GET /two");
    has(&dir.join("more.log"), "GET /three");
    assert!(!text(dir.join("rest.log")).contains("/one"));
    assert!(!text(dir.join("some.log")).contains("/two"));
    assert!(!text(dir.join("few.log")).contains("/three"));
    assert!(!text(dir.join("more.log")).contains("/two"));
    server.stop();
}

#[test]
fn log_drain_drops_lines_and_log_filter_keeps_lines() {
    let dir = Dir::new();
    for (lines, lost) in [("log-drain = GET /o", "GET /one"), ("log-filter = GET", "printed")] {
        let kept = if lost == "printed" { "GET /one" } else { "printed" };
        let (server, address) = start(&dir, lines);
        get(address, "/one");
        get(address, "/one");
        server.expect_log(kept);
        let path = server.log_path();
        server.stop();
        let log = text(path);
        assert!(!log.contains(lost), "{lines}: {log}");
    }
}

#[test]
fn log_encoders_make_each_line_json() {
    let dir = Dir::new();
    let form = "json {\"m\":\"${msg}\",\"t\":${unix}}";
    let lines = format!(
        "logger = file:app.log\nreq-logger = file:req.log\nlog-encoder = {form}\n\
         log-encoder = nl\nlog-req-encoder = {form}\nlog-req-encoder = nl"
    );
    let (server, address) = start(&dir, &lines);
    get(address, "/one?%22");
    has(&dir.join("app.log"), "printed /one");
    has(&dir.join("req.log"), "GET /one?%22");
    server.stop();
    for name in ["app.log", "req.log"] {
        let log = text(dir.join(name));
        let line = log.lines().find(|line| line.contains("/one")).unwrap();
        let value: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{log}"));
        assert!(value["t"].as_u64().is_some_and(|time| time > 1_000_000_000), "{line}");
        assert!(value["m"].as_str().unwrap().contains("/one"), "{line}");
    }
}

/// A socket for datagrams, and the lines that came.
fn receiver() -> (UdpSocket, String) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("the loopback has a free port");
    socket.set_read_timeout(Some(SOON)).expect("a socket has a time limit");
    let place = socket.local_addr().expect("a bound socket has an address").to_string();
    (socket, place)
}

/// Receives until a datagram contains a text.
#[track_caller]
fn receive(socket: &UdpSocket, wanted: &str) -> String {
    let mut room = vec![0; 65536];
    let mut seen = String::new();
    loop {
        let count = socket.recv(&mut room).unwrap_or_else(|error| panic!("{error}: {seen}"));
        let text = String::from_utf8_lossy(&room[..count]).into_owned();
        if text.contains(wanted) {
            return text;
        }
        seen.push_str(&text);
    }
}

#[test]
fn log_socket_sends_each_line_as_a_datagram() {
    let dir = Dir::new();
    for option in ["log-socket = ", "logger = socket:", "logto = "] {
        if option.starts_with("logto") && !only(Subject::Ours) {
            // the original sends these in the pieces in which they were written
            continue;
        }
        let (socket, place) = receiver();
        let (server, address) = start(&dir, &format!("{option}{place}"));
        get(address, "/one");
        assert!(receive(&socket, "GET /one => ").starts_with("[pid: "));
        assert!(!server.log().contains("GET /one"));
        server.stop();
    }
}

#[test]
fn rsyslog_packets_have_a_size_and_may_be_split() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let (socket, place) = receiver();
    let long = format!("/one?{}", "x".repeat(600));
    let lines = format!("logger = rsyslog:{place},tenant,local3\nrsyslog-packet-size = 300\n");
    let (server, address) = start(&dir, &lines);
    get(address, &long);
    let text = receive(&socket, "printed /one");
    // local3 is 19, informational is 6
    assert!(text.starts_with("<158>") && text.contains(" tenant["), "{text}");
    assert_eq!(text.len(), 300, "{text}");
    assert!(receive(&socket, "GET /one").contains("]: [pid: "));
    server.stop();
    let (server, address) = start(&dir, &format!("{lines}rsyslog-split-messages = true\n"));
    get(address, &long);
    assert_eq!(receive(&socket, "printed /one").len(), 300);
    let rest = receive(&socket, "]: xxxx");
    assert!(rest.len() <= 300, "{rest}");
    server.stop();
}

/// The socket of the machine's log, ours for a test; it is gone afterwards, however that ends.
struct MachineLog(UnixDatagram);

impl MachineLog {
    const PLACE: &str = "/dev/log";

    /// `None` where somebody listens already. A socket that refuses is a leftover.
    fn take() -> Option<Self> {
        let probe = UnixDatagram::unbound().and_then(|probe| probe.connect(Self::PLACE));
        if probe.is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused) {
            fs::remove_file(Self::PLACE).expect("what no program listens on can be removed");
        }
        UnixDatagram::bind(Self::PLACE).ok().map(Self)
    }
}

impl Drop for MachineLog {
    fn drop(&mut self) {
        fs::remove_file(Self::PLACE).ok();
    }
}

#[test]
fn a_leftover_of_the_machines_log_is_no_obstacle() {
    if !root() {
        return;
    }
    let Some(log) = MachineLog::take() else {
        tests::not_run("this machine has a log of its own");
        return;
    };
    drop(log);
    drop(UnixDatagram::bind(MachineLog::PLACE).unwrap());
    let log = MachineLog::take();
    assert!(log.is_some(), "nobody listens there");
    drop(log);
    assert!(!Path::new(MachineLog::PLACE).exists());
}

#[test]
fn log_syslog_speaks_to_the_machines_log() {
    if !root() {
        return;
    }
    let Some(MachineLog(socket)) = &MachineLog::take() else {
        tests::not_run("this machine has a log of its own");
        return;
    };
    socket.set_read_timeout(Some(SOON)).unwrap();
    let dir = Dir::new();
    let (server, address) = start(&dir, "log-syslog = tenant");
    get(address, "/one");
    let mut room = [0; 4096];
    let text = loop {
        let count = socket.recv(&mut room).expect("a line comes");
        let text = String::from_utf8_lossy(&room[..count]).into_owned();
        if text.contains("GET /one") {
            break text;
        }
    };
    assert!(text.starts_with('<') && text.contains(" tenant"), "{text}");
    server.stop();
}

#[test]
fn log_master_bufsize_is_the_longest_line() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let lines = "logger = file:app.log\nlog-encoder = prefix >\nlog-master-bufsize = 50";
    let (server, address) = start(&dir, lines);
    get(address, &format!("/{}", "x".repeat(200)));
    has(&dir.join("app.log"), "\n>xxxxx");
    let log = text(dir.join("app.log"));
    let mut pieces = log.lines().filter(|line| line.contains("xx"));
    assert!(pieces.all(|line| line.len() <= 51), "{log}");
    server.stop();
}

#[test]
fn logger_list_prints_the_kinds_of_loggers() {
    let dir = Dir::new();
    let (server, _) = start(&dir, "logger-list = true");
    server.expect_log("\nsyslog\n");
    server.expect_log("\nfile\n");
    server.stop();
}

#[test]
fn log_maxsize_rotates_to_log_backupname_or_the_time() {
    let dir = Dir::new();
    let line = "logto = app.log\nlog-maxsize = 3000\n";
    for lines in [format!("{line}log-backupname = old.log"), line.to_owned()] {
        let named = lines.contains("backupname");
        let (server, address) = start(&dir, &lines);
        let is_old = |name: &String| {
            let time = name.strip_prefix("app.log.").map(str::parse::<u64>);
            if named { name == "old.log" } else { matches!(time, Some(Ok(_))) }
        };
        let moved = || {
            let all = fs::read_dir(dir.path()).unwrap().flatten();
            all.map(|one| one.file_name().to_string_lossy().into_owned()).find(is_old)
        };
        eventually("a rotated log", SOON, || {
            get(address, "/one");
            moved().ok_or_else(|| text(dir.join("app.log")))
        });
        get(address, "/last");
        has(&dir.join("app.log"), "GET /last");
        let old = moved().unwrap();
        assert!(text(dir.join(&old)).contains("GET /one"), "{old}");
        if subject() == Subject::Ours {
            assert!(fs::metadata(dir.join(&old)).unwrap().len() <= 3000);
        }
        server.stop();
        fs::remove_file(dir.join(old)).unwrap();
        fs::remove_file(dir.join("app.log")).unwrap();
    }
}

#[test]
fn log_reopen_opens_the_log_again_with_a_reload() {
    let dir = Dir::new();
    for (lines, again) in [("log-reopen = true", true), ("", false)] {
        let (server, address) = start(&dir, &format!("logto = app.log\n{lines}"));
        get(address, "/one");
        has(&dir.join("app.log"), "GET /one");
        fs::rename(dir.join("app.log"), dir.join("moved.log")).unwrap();
        server.signal(Signal::SIGHUP);
        let name = if again { "app.log" } else { "moved.log" };
        eventually("a request that is logged after the reload", SOON, || {
            get(address, "/two");
            let log = text(dir.join(name));
            if log.contains("GET /two") && log.contains("gracefully") { Ok(()) } else { Err(log) }
        });
        assert_eq!(dir.join("app.log").exists(), again, "{lines}");
        server.stop();
        fs::remove_file(dir.join("app.log")).ok();
        fs::remove_file(dir.join("moved.log")).ok();
    }
}

#[test]
fn log_truncate_and_logfile_chmod_act_when_the_log_is_opened() {
    let dir = Dir::new();
    for (lines, kept, mode) in [
        ("", true, 0o600),
        ("log-truncate = true", false, 0o600),
        ("logfile-chmod = 604", true, 0o604),
    ] {
        dir.write("app.log", "old line\n");
        fs::set_permissions(dir.join("app.log"), fs::Permissions::from_mode(0o600)).unwrap();
        let (server, address) = start(&dir, &format!("logto = app.log\n{lines}"));
        get(address, "/one");
        has(&dir.join("app.log"), "GET /one");
        assert_eq!(text(dir.join("app.log")).contains("old line"), kept, "{lines}");
        let found = fs::metadata(dir.join("app.log")).unwrap().mode() & 0o777;
        assert_eq!(found, mode, "{lines}");
        server.stop();
    }
}

#[test]
fn logfile_chown_gives_the_log_to_the_vassals_user() {
    if !root() {
        return;
    }
    // a directory that is root's alone: elsewhere the log is the tenant's anyway
    let place = tempfile::Builder::new()
        .prefix("emperor-test-")
        .permissions(fs::Permissions::from_mode(0o755))
        .tempdir_in("/var/lib")
        .expect("root may write there");
    let log = place.path().join("app.log");
    for (lines, owner) in [("", 0), ("logfile-chown = true", 65534)] {
        let dir = Dir::new();
        let lines = format!("logto = {}\nuid = 65534\ngid = 65534\n{lines}", log.display());
        let (server, address) = start(&dir, &lines);
        get(address, "/one");
        has(&log, "GET /one");
        assert_eq!(fs::metadata(&log).unwrap().uid(), owner, "{lines}");
        server.stop();
        fs::remove_file(&log).unwrap();
    }
}

#[test]
fn a_log_that_nobody_reads_or_that_is_full_holds_up_no_client() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    nix::unistd::mkfifo(&dir.join("pipe"), nix::sys::stat::Mode::from_bits_truncate(0o600))
        .unwrap();
    // held open so that it can be opened for writing, and never read
    let reader = fs::File::options().read(true).write(true).open(dir.join("pipe")).unwrap();
    for line in ["logger = file:pipe", "logger = file:/dev/full", "req-logger = file:/dev/full"] {
        let (server, address) = start(&dir, line);
        let long = format!("/{}", "x".repeat(1000));
        for _ in 0..200 {
            get(address, &long);
        }
        server.stop();
    }
    drop(reader);
}
