//! A vassal for the daemon's own tests: it speaks the summons channel and the link, and does
//! what its file says instead of serving anything. Words of the file, one a line:
//!
//! - `plan=X` something in the launch plan; `refuse=TEXT` the file is refused
//! - `crash` ends at once; `confess=TEXT` tells why first; `slow` never accepts
//! - `reject=TEXT` a new generation is rejected; `ignore-stop` stops only when killed
//! - `babble` writes empty lines without end; `pester` sends reports without end
//! - `daemon` leaves a process behind that hides; `beat` sends one heartbeat
//!
//! What it was asked is appended to `FILE.log`, beside the directory of its file.
#![expect(clippy::unwrap_used, reason = "a test's tool says what went wrong by panicking")]

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::TcpListener;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::thread;

use shared::finding::Finding;
use shared::link::{
    ORDER_GENERATION, ORDER_RELIEVE, ORDER_STATUS, ORDER_STOP, ORDER_STOP_GRACEFULLY,
    REPORT_ACCEPTING, REPORT_HEARTBEAT, REPORT_LOYAL, REPORT_SPAWNED, Report, Status, encode,
};
use shared::plan::Plan;
use shared::settings::{Address, Listen, Settings, Wire};
use shared::summons::{Answer, Mode, PACKET_MAX, Sealed, Summons};
use shared::sys::{descriptor, memory};

/// The words of the file as they are now.
fn words(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_default()
}

fn value(words: &str, key: &str) -> Option<String> {
    words.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=').map(str::to_owned))
}

fn has(words: &str, word: &str) -> bool {
    words.lines().any(|line| line == word)
}

fn log(file: &Path, text: &str) {
    let root = file.parent().unwrap().parent().unwrap();
    let path: PathBuf = root.join(format!("{}.log", file.file_name().unwrap().display()));
    let mut log = OpenOptions::new().append(true).create(true).open(path).unwrap();
    log.write_all(format!("{text}\n").as_bytes()).unwrap();
}

fn main() -> ExitCode {
    let channel = descriptor::inherited(0).unwrap();
    let mut packet = vec![0; PACKET_MAX];
    let (size, mut attached) = descriptor::receive(&channel, &mut packet).unwrap();
    let summons: Summons = serde_json::from_slice(&packet[..size]).unwrap();
    if let Some(group) = &summons.cgroup {
        fs::write(group.join("cgroup.procs"), std::process::id().to_string()).unwrap();
    }
    let words = words(&summons.file);
    let answer = |answer: &Answer, fds: &[&OwnedFd]| {
        let fds: Vec<_> = fds.iter().map(AsFd::as_fd).collect();
        descriptor::send(&channel, &serde_json::to_vec(answer).unwrap(), &fds).unwrap();
    };
    if let Some(text) = value(&words, "refuse") {
        let findings = vec![Finding::error(None, Some("refuse"), text)];
        answer(&Answer::Refused { findings, exit: 1 }, &[]);
        log(&summons.file, "refused");
        return ExitCode::from(1);
    }
    let sealed = Sealed { settings: Settings::default(), generation: summons.generation };
    let settings = memory::seal("settings", &serde_json::to_vec(&sealed).unwrap()).unwrap();
    let plan = Box::new(plan(value(&words, "plan")));
    answer(&Answer::Prepared { plan, findings: Vec::new() }, &[&settings]);
    match summons.mode {
        Mode::Prepare => {
            log(&summons.file, "prepare");
            return ExitCode::SUCCESS;
        }
        Mode::Start => log(&summons.file, &format!("start {}", summons.generation)),
    }
    let link = attached.remove(0);
    let socket = attached.pop().unwrap_or_else(|| TcpListener::bind("127.0.0.1:0").unwrap().into());
    let address = TcpListener::from(socket.try_clone().unwrap()).local_addr().unwrap();
    let listeners = vec![Listen::new(Address::Tcp(address), Wire::Http)];
    answer(&Answer::Bound { listeners }, &[&socket]);
    drop(channel);
    master(&summons, &words, &link)
}

fn plan(part: Option<String>) -> Plan {
    Plan {
        identity: None,
        chroot: None,
        chdir: None,
        umask: None,
        sockets: Vec::new(),
        zerg: shared::settings::Zerg::default(),
        protocol: shared::settings::Wire::Uwsgi,
        isolation: shared::settings::Isolation::default(),
        locks: Vec::new(),
        tuning: shared::settings::Tuning::default(),
        chmod_socket: None,
        chown_socket: None,
        backlog: 1,
        pidfile: None,
        logto: None,
        logfile: shared::settings::Logfile::default(),
        vacuum: false,
        hooks: Vec::new(),
        env: part.map(|part| ("PART".to_owned(), Some(part))).into_iter().collect(),
        limits: shared::settings::Limits::default(),
        build: "fake".to_owned(),
    }
}

fn master(summons: &Summons, start: &str, link: &OwnedFd) -> ExitCode {
    let say = |bytes: &[u8]| drop(descriptor::send(link, bytes, &[]));
    let tell = |report: &Report| say(&encode(report).unwrap());
    let status = |generation| {
        let workers = vec![std::process::id()];
        tell(&Report::Status(Status { generation, workers, ..Status::default() }));
    };
    println!("the fake vassal {} runs", summons.name);
    if let Some(reason) = value(start, "confess") {
        tell(&Report::Failed { reason });
        return ExitCode::from(22);
    }
    if has(start, "crash") {
        return ExitCode::from(3);
    }
    if has(start, "daemon") {
        let file = summons.file.with_extension("pid");
        let text = format!("echo $$ > {} ; exec sleep 1000 <&- >&- 2>&-", file.display());
        Command::new("setsid").args(["-f", "sh", "-c", &text]).status().unwrap();
    }
    say(&[REPORT_SPAWNED]);
    if !has(start, "slow") {
        status(summons.generation);
        say(&[REPORT_ACCEPTING, REPORT_LOYAL]);
    }
    if has(start, "beat") {
        say(&[REPORT_HEARTBEAT]);
    }
    if has(start, "babble") {
        thread::spawn(|| {
            loop {
                let _ = io::stdout().write_all(&vec![b'\n'; 64 * 1024]);
            }
        });
    }
    if has(start, "pester") {
        let link = descriptor::duplicate(link).unwrap();
        thread::spawn(move || {
            loop {
                let _ =
                    descriptor::send(&link, &[REPORT_SPAWNED, REPORT_HEARTBEAT].repeat(500), &[]);
            }
        });
    }
    let mut order = [0];
    let mut serves = summons.generation;
    loop {
        let (size, mut attached) = descriptor::receive(link, &mut order).unwrap_or_default();
        let words = words(&summons.file);
        match order[0] {
            _ if size == 0 => return ExitCode::from(1),
            ORDER_GENERATION => {
                let bytes = memory::unseal(attached.remove(0), 1 << 20).unwrap();
                let Sealed { generation, .. } = serde_json::from_slice(&bytes).unwrap();
                log(&summons.file, &format!("generation {generation}"));
                if let Some(reason) = value(&words, "reject") {
                    tell(&Report::Rejected { generation, reason });
                } else {
                    serves = generation;
                    status(generation);
                    tell(&Report::Served { generation });
                }
            }
            ORDER_STATUS => status(serves),
            ORDER_STOP | ORDER_STOP_GRACEFULLY | ORDER_RELIEVE if !has(start, "ignore-stop") => {
                log(&summons.file, "stop");
                return ExitCode::SUCCESS;
            }
            other => log(&summons.file, &format!("order {other}")),
        }
    }
}
