//! How long a check takes and how much memory: ten times what it should be, because the build of
//! a test may be a debug one. Counted is the processor's time, which a busy machine does not
//! lengthen: whoever takes more is killed. `tests/bench` prints the real figures.

use std::fmt::Write;
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};
use tests::programs::system;
use tests::{Dir, Subject, note, only};

use super::{Said, run_program};

/// A check that may use the processor for so many seconds.
fn check(dir: &Dir, seconds: u32, words: &[&str]) -> Said {
    let vassal = tests::programs::ours("vassal").display().to_string();
    let limit = format!("--cpu={seconds}");
    let words: Vec<&str> =
        [limit.as_str(), &vassal, "--check"].iter().chain(words).copied().collect();
    run_program(dir, "prlimit".as_ref(), &words, "")
}

/// A file as people write them.
const USUAL: &str = "[uwsgi]\nproject = shop\nbase = /srv/%(project)\nchdir = %(base)/app\n\
    home = %(base)/venv\nmodule = %(project).wsgi:application\nmaster = true\nprocesses = 4\n\
    threads = 2\nuid = www-data\ngid = www-data\nsocket = /run/uwsgi/%n.sock\nchmod-socket = 660\n\
    vacuum = true\nharakiri = 60\nlogto = /var/log/uwsgi/%n.log\nmax-requests = 5000\n";

#[test]
fn a_thousand_files_take_less_than_two_seconds_of_a_processor() {
    if !only(Subject::Ours) || system("prlimit").is_none() {
        return;
    }
    let dir = Dir::new();
    for number in 0..1000 {
        dir.write(format!("sites/{number}.ini"), format!("{USUAL}site_{number} = {number}\n"));
    }
    let start = Instant::now();
    let said = check(&dir, 2, &["--format", "json", "sites"]);
    let taken = start.elapsed();
    assert_eq!(said.out.matches("\"refused\":").count(), 1001, "every file and the sum");
    note(&format!("1,000 files checked in {taken:?}"));
}

#[test]
fn no_file_of_a_mebibyte_costs_a_second_or_much_memory() {
    if !only(Subject::Ours) || system("prlimit").is_none() {
        return;
    }
    let dir = Dir::new();
    let size = 1024 * 1024 - 10;
    let lines = |line: &dyn Fn(usize) -> String| {
        let mut text = String::from("[uwsgi]\n");
        for number in 0.. {
            let line = line(number);
            if text.len() + line.len() > size {
                return text;
            }
            text.push_str(&line);
        }
        text
    };
    let mut list = String::new();
    for (name, text) in [
        ("brackets", "[".repeat(size)),
        ("typos", lines(&|number| format!("proces{number} = 2\n"))),
        ("long-names", lines(&|number| format!("{}{number} = 2\n", "harakir-verbos".repeat(4)))),
        ("flags", lines(&|number| format!("master = false ; {number}\n"))),
        ("numbers", lines(&|number| format!("harakiri = {number}s\n"))),
        ("sockets", lines(&|number| format!("socket = :{}\n", 1 + number % 60_000))),
        ("given", lines(&|number| format!("processes = {}\n", 1 + number % 4000))),
        ("unset", lines(&|number| format!("v{number} = $(N{number}) %(n{number})\n"))),
        ("placeholders", format!("[uwsgi]\na = {}\n", "%(a".repeat(size / 3 - 10))),
        ("one-line", format!("[uwsgi]\na = {}", "x".repeat(size - 20))),
        ("bytes", String::from_utf8_lossy(&vec![0xff; size / 3]).into_owned()),
        ("newlines", "\n".repeat(size)),
    ] {
        let file = dir.write(format!("{name}.ini"), text);
        let start = Instant::now();
        let said = check(&dir, 1, &[file.to_str().unwrap()]);
        let taken = start.elapsed();
        // 1: the reader was killed
        assert!(matches!(said.code, Some(0 | 5)), "{name}: {:?} {}", said.code, said.out);
        write!(list, " {name} {} ms,", taken.as_millis()).unwrap();
    }
    // of every process that this one has waited for
    let memory = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap().max_rss() / 1024;
    note(&format!("files of 1 MiB:{list} at most {memory} MiB of memory"));
    assert!(memory < 128, "{memory} MiB");
}
