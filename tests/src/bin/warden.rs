//! The warden: runs one command and is accountable for every process that comes of it.
//!
//! It is a sub-reaper, so whatever daemonises itself, changes its session or clears its
//! environment still ends below the warden. It prints `pid N`, then `exit N` or `signal N` and
//! `cost KIB MILLISECONDS` (the memory of the largest process so far, the processor's time of all) when
//! the command ends, then `left PID COMMAND` for each process that outlives it by more than the grace,
//! and `end`. End of file on its standard input (the test died, or has seen enough) kills all.

use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::Signal;
use nix::sys::time::TimeValLike;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use tests::process::Process;

/// How long descendants may outlive the command.
const GRACE: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    let Some(program) = words.next() else {
        eprintln!("usage: warden PROGRAM ARGUMENT...");
        return ExitCode::from(2);
    };
    nix::sys::prctl::set_child_subreaper(true).expect("Linux lets a process reap");
    let error = std::io::stderr().as_fd().try_clone_to_owned().expect("standard error is open");
    let name = std::env::var_os("WARDEN_ARGV0").unwrap_or_else(|| program.clone());
    let spawned = Command::new(&program)
        .arg0(name)
        .args(words)
        .env_remove("WARDEN_ARGV0")
        .stdin(Stdio::null())
        .stdout(error)
        .process_group(0)
        .spawn();
    let child = match spawned {
        Ok(child) => child.id() as i32,
        Err(error) => {
            say(&format!("failed {error}"));
            return ExitCode::FAILURE;
        }
    };
    say(&format!("pid {child}"));
    watch(child);
    end_all();
    say("end");
    ExitCode::SUCCESS
}

/// Waits for the command's end or for end of file on standard input.
fn watch(child: i32) {
    let stdin = std::io::stdin();
    loop {
        if reap(child) {
            let start = Instant::now();
            while start.elapsed() < GRACE && !left().is_empty() {
                reap(child);
                std::thread::park_timeout(Duration::from_millis(5));
            }
            for process in left() {
                say(&format!("left {} {}", process.0, process.command()));
            }
            return;
        }
        let mut wanted = [PollFd::new(stdin.as_fd(), PollFlags::POLLIN)];
        if poll(&mut wanted, PollTimeout::from(5_u8)).is_ok_and(|ready| ready > 0) {
            return;
        }
    }
}

/// Reaps all that ended; true when the command was among them, whose end is then told.
fn reap(child: i32) -> bool {
    let mut ended = false;
    loop {
        let (pid, text) = match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, code)) => (pid, format!("exit {code}")),
            Ok(WaitStatus::Signaled(pid, signal, _)) => (pid, format!("signal {}", signal as i32)),
            Ok(WaitStatus::StillAlive) | Err(_) => return ended,
            Ok(_) => continue,
        };
        if pid == Pid::from_raw(child) {
            let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("a process has children");
            let time = [usage.user_time(), usage.system_time()];
            let millis: i64 = time.iter().map(TimeValLike::num_milliseconds).sum();
            say(&format!("cost {} {millis}", usage.max_rss()));
            say(&text);
            ended = true;
        }
    }
}

/// The processes below.
fn left() -> Vec<Process> {
    Process(std::process::id() as i32).descendants().into_iter().collect()
}

/// Kills until nothing is below: stops first, so that nobody forks away.
fn end_all() {
    loop {
        let below = left();
        if below.is_empty() {
            return;
        }
        for process in &below {
            process.signal(Signal::SIGSTOP);
        }
        for process in &below {
            process.signal(Signal::SIGKILL);
        }
        reap(0);
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

/// One line for the test; a test that is gone does not want it.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").ok();
    out.flush().ok();
}
