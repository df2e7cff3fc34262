//! Load generators, and their verdicts as numbers: `wrk`, `ab`, `siege`, and a client of our own
//! that idles between the requests of kept connections.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::http::{Client, Place, Response};
use crate::programs::{Subject, subject, system};
use crate::wait::idle;

/// What a load generator saw.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict {
    /// Answers.
    pub requests: u64,
    /// Requests without a good answer, of any kind.
    pub lost: u64,
    /// The longest request.
    pub longest: Duration,
    /// What the program printed, for messages.
    pub said: String,
}

impl Verdict {
    /// Adds a line to what was said.
    fn says(&mut self, line: &str) {
        self.said.push_str(line);
        self.said.push('\n');
    }
}

/// Runs a program; `None` records that it is not installed.
fn run(name: &str, words: &[&str]) -> Option<String> {
    let path = system(name)?;
    let output = Command::new(path).args(words).output().expect("an installed program runs");
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text += &String::from_utf8_lossy(&output.stderr);
    Some(text)
}

/// The first number after a label.
fn number(text: &str, label: &str) -> Option<f64> {
    let rest = &text[text.find(label)? + label.len()..];
    let word: String = rest
        .chars()
        .skip_while(|c| !c.is_ascii_digit())
        .take_while(|c| c.is_ascii_digit() || *c == '.')
        .collect();
    word.parse().ok()
}

/// `wrk -t2 -c CONNECTIONS -d SECONDS`.
pub fn wrk(url: &str, connections: u32, seconds: u32) -> Option<Verdict> {
    let connections = format!("-c{connections}");
    let seconds = format!("-d{seconds}s");
    let said = run("wrk", &["-t2", &connections, &seconds, "--latency", url])?;
    let errors: f64 = ["connect ", "read ", "write ", "timeout "]
        .iter()
        .filter_map(|kind| number(said.split("Socket errors:").nth(1)?, kind))
        .sum();
    let refused = number(&said, "Non-2xx or 3xx responses:").unwrap_or(0.0);
    let requests = said
        .lines()
        .find(|line| line.contains(" requests in "))
        .and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or(0);
    let longest = said
        .lines()
        .find(|line| line.trim_start().starts_with("Latency  "))
        .and_then(|line| span(line.split_whitespace().nth(3)?))
        .unwrap_or_default();
    Some(Verdict { requests, lost: (errors + refused) as u64, longest, said })
}

/// A time as wrk prints it: `1.25ms`, `310.00us`, `1.03s`.
fn span(word: &str) -> Option<Duration> {
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let scale = match &word[digits.len()..] {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        _ => return None,
    };
    Some(Duration::from_secs_f64(digits.parse::<f64>().ok()? * scale))
}

/// `ab -k -n REQUESTS -c CONNECTIONS`.
pub fn ab(url: &str, connections: u32, requests: u32) -> Option<Verdict> {
    let said =
        run("ab", &["-k", "-q", "-n", &requests.to_string(), "-c", &connections.to_string(), url])?;
    let count = |label| number(&said, label).unwrap_or(0.0) as u64;
    let lost = count("Failed requests:")
        + if said.contains("Write errors:") { count("Write errors:") } else { 0 }
        + if said.contains("Non-2xx responses:") { count("Non-2xx responses:") } else { 0 };
    let requests = count("Complete requests:");
    Some(Verdict { requests, lost, longest: Duration::ZERO, said })
}

/// `siege -b -c CONNECTIONS -r ROUNDS`.
pub fn siege(url: &str, connections: u32, rounds: u32) -> Option<Verdict> {
    let said = run(
        "siege",
        &["-b", "-q", "-j", "-c", &connections.to_string(), "-r", &rounds.to_string(), url],
    )?;
    let count = |label| number(&said, label).unwrap_or(0.0) as u64;
    let requests = count("\"successful_transactions\":");
    let lost = count("\"failed_transactions\":");
    Some(Verdict { requests, lost, longest: Duration::ZERO, said })
}

/// Clients that keep their connections and pause between two requests; each reconnects only when
/// the server announced the end of the connection in an answer. Anything else is a lost request.
pub struct Patient {
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Verdict>>,
}

impl Patient {
    /// Starts `count` clients.
    pub fn start(place: &Place, path: &str, count: usize, pause: Duration) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let clients = (0..count)
            .map(|_| {
                let (place, path, stop) = (place.clone(), path.to_owned(), Arc::clone(&stop));
                thread::spawn(move || patient(&place, &path, pause, &stop))
            })
            .collect();
        Self { stop, clients }
    }

    /// Ends them and adds up what they saw.
    ///
    /// # Panics
    /// If a client's thread did.
    pub fn finish(self) -> Verdict {
        self.stop.store(true, Ordering::Relaxed);
        let mut sum = Verdict::default();
        for client in self.clients {
            let one = client.join().expect("a client does not panic");
            sum.requests += one.requests;
            sum.lost += one.lost;
            sum.longest = sum.longest.max(one.longest);
            sum.said += &one.said;
        }
        sum
    }
}

/// One such client.
fn patient(place: &Place, path: &str, pause: Duration, stop: &AtomicBool) -> Verdict {
    let mut seen = Verdict::default();
    let mut kept: Option<Client> = None;
    while !stop.load(Ordering::Relaxed) {
        let start = Instant::now();
        let answer = kept
            .take()
            .map_or_else(|| Client::connect(place.clone()), Ok)
            .and_then(|mut client| client.get(path).map(|response| (client, response)));
        seen.longest = seen.longest.max(start.elapsed());
        match answer {
            Ok((client, response)) if response.status == 200 => {
                seen.requests += 1;
                kept = (!announces_end(&response)).then_some(client);
            }
            Ok((_, response)) => {
                seen.lost += 1;
                seen.says(&format!("status {}: {}", response.status, response.text()));
            }
            Err(error) => {
                seen.lost += 1;
                seen.says(&error.to_string());
            }
        }
        if !pause.is_zero() {
            idle(pause);
        }
    }
    seen
}

/// Whether the server said that it will close after this answer.
fn announces_end(response: &Response) -> bool {
    response.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
        || response.version == "HTTP/1.0"
        // the original closes after each answer on these sockets and does not say so
        || subject() == Subject::Uwsgi
}

/// The URL of a place.
pub fn url(address: SocketAddr, path: &str) -> String {
    format!("http://{address}{path}")
}
