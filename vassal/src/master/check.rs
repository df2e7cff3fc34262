//! `check = GET /path 200`: one request that a new generation has to answer before it takes
//! over. It is handed to the generation like a connection that a predecessor passes on, so that
//! it reaches these workers and no others.

use std::os::fd::AsFd;
use std::time::Duration;

use shared::settings::{Check, Wire};
use shared::sys::descriptor;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::roster::{Event, Gen};
use super::{Fact, Master};
use crate::handover::Listener;
use crate::protocol::{fastcgi, scgi};
use crate::worker::passport;

/// How long the answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes of the answer that are looked at.
const ANSWER_MAX: usize = 4096;

/// Asks; the answer comes as a fact.
pub(super) fn start(master: &Master, name: Gen) {
    let Some(brood) = master.broods.get(&name) else { return };
    let Some(check) = brood.serve.check.clone() else { return };
    let facts = master.facts.clone();
    let asked = ask(&check, &master.listeners, brood.door());
    tokio::spawn(async move {
        let answer = match asked {
            Ok(socket) => match tokio::time::timeout(PATIENCE, answer(socket, &check)).await {
                Ok(answer) => answer,
                Err(_) => Err(format!("check {}: no answer in 30 seconds", check.path)),
            },
            Err(error) => Err(format!("check {}: {error}", check.path)),
        };
        let _ = facts.send(Fact::Roster(Event::Checked(name, answer))).await;
    });
}

/// Hands a connection with the request's protocol to the generation.
fn ask(
    check: &Check,
    listeners: &[Listener],
    door: std::os::fd::BorrowedFd<'_>,
) -> std::io::Result<(std::os::unix::net::UnixStream, Vec<u8>)> {
    let (number, wire) = listeners
        .iter()
        .enumerate()
        .map(|(number, listener)| (number, listener.listen.wire))
        .next()
        .ok_or_else(|| std::io::Error::other("there is no socket to ask by"))?;
    let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    theirs.set_nonblocking(true)?;
    descriptor::send(door, &passport(number, b""), &[theirs.as_fd()])?;
    Ok((ours, request(check, wire)))
}

/// The request's bytes.
fn request(check: &Check, wire: Wire) -> Vec<u8> {
    let (path, query) = check.path.split_once('?').unwrap_or((&check.path, ""));
    if !wire.has_variables() {
        return format!(
            "{} {} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: emperor-check\r\nConnection: close\r\n\r\n",
            check.method, check.path
        )
        .into_bytes();
    }
    let variables = [
        ("CONTENT_LENGTH", "0"),
        ("SCGI", "1"),
        ("REQUEST_METHOD", check.method.as_str()),
        ("REQUEST_URI", &check.path),
        ("PATH_INFO", path),
        ("QUERY_STRING", query),
        ("SERVER_PROTOCOL", "HTTP/1.1"),
        ("SERVER_NAME", "localhost"),
        ("SERVER_PORT", "80"),
        ("HTTP_HOST", "localhost"),
        ("HTTP_USER_AGENT", "emperor-check"),
        ("REMOTE_ADDR", "127.0.0.1"),
    ];
    match wire {
        Wire::Fastcgi | Wire::FastcgiNph => return fastcgi::question(&variables),
        Wire::Scgi | Wire::ScgiNph => return scgi::question(&variables),
        Wire::Http | Wire::Uwsgi | Wire::Stats | Wire::Zerg | Wire::Pooled => {}
    }
    let mut block = Vec::new();
    for (name, value) in &variables[2..] {
        for text in [name, value] {
            block.extend((text.len() as u16).to_le_bytes());
            block.extend(text.as_bytes());
        }
    }
    let mut packet = vec![0];
    packet.extend((block.len() as u16).to_le_bytes());
    packet.push(0);
    packet.extend(block);
    packet
}

/// Sends the request and judges the answer's status.
async fn answer(
    (socket, request): (std::os::unix::net::UnixStream, Vec<u8>),
    check: &Check,
) -> Result<(), String> {
    let fault = |error: std::io::Error| format!("check {}: {error}", check.path);
    let mut socket = tokio::net::UnixStream::from_std(socket).map_err(fault)?;
    socket.write_all(&request).await.map_err(fault)?;
    let mut bytes = Vec::new();
    socket.take(ANSWER_MAX as u64).read_to_end(&mut bytes).await.map_err(fault)?;
    judge(&bytes, check)
}

/// Whether an answer is what was expected.
fn judge(bytes: &[u8], check: &Check) -> Result<(), String> {
    // FastCGI's first record has a header, which begins with 1
    let bytes = if bytes.first() == Some(&1) { bytes.get(8..).unwrap_or_default() } else { bytes };
    let text = String::from_utf8_lossy(bytes);
    let status = text.split_whitespace().nth(1).and_then(|code| code.parse::<u16>().ok());
    match (status, check.status) {
        (Some(code), Some(wanted)) if code == wanted => Ok(()),
        (Some(code), None) if code < 500 => Ok(()),
        (Some(code), _) => {
            let wanted = check.status.map_or("less than 500".into(), |code| code.to_string());
            Err(format!("check {}: status {code} where {wanted} was expected", check.path))
        }
        (None, _) => Err(format!("check {}: the connection ended without an answer", check.path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_judged_by_their_status() {
        let check = |status| Check { method: "GET".into(), path: "/".into(), status };
        assert!(judge(b"HTTP/1.1 200 OK\r\n", &check(Some(200))).is_ok());
        assert!(judge(b"HTTP/1.1 302 Found\r\n", &check(Some(200))).is_err());
        assert!(judge(b"HTTP/1.1 404 Not Found\r\n", &check(None)).is_ok());
        assert!(judge(b"HTTP/1.1 500 Oops\r\n", &check(None)).is_err());
        assert!(judge(b"Status: 200 OK\r\n", &check(Some(200))).is_ok());
        assert!(judge(b"\x01\x06\0\x01\0\x20\0\0Status: 503 Oops\r\n", &check(None)).is_err());
        assert!(judge(b"", &check(None)).is_err());
    }
}
