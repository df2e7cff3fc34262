//! How a statistics document is sent: raw, or behind an HTTP head.
//!
//! uWSGI's tools of the terminal read the document at once and send nothing; exporters ask for
//! it over HTTP. Both are served on one socket: a client that has not spoken after a moment
//! gets the document as it is. What a client sends is taken off the socket before it is closed,
//! because the kernel would else throw the answer away with it.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// How long a client may think before it is taken for one that only reads.
const MOMENT: Duration = Duration::from_millis(50);
/// How long the rest of a request head may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// The longest request head.
const HEAD_MAX: usize = 8 * 1024;
/// How long the client's end is waited for behind the answer.
const LINGER: Duration = Duration::from_millis(500);
/// What is taken off the socket meanwhile, at most.
const REST_MAX: usize = 64 * 1024;

/// What the client said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// Nothing, or nothing that is HTTP.
    Silence,
    /// An HTTP request.
    Http,
    /// An HTTP request for the head alone.
    HeadOnly,
}

/// Sends the document and closes. `always` (`stats-http`) puts the head before it even where
/// nobody asked over HTTP. The caller limits the time.
pub async fn send<S>(stream: &mut S, document: &str, always: bool) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let asked = listen(stream).await?;
    if always || asked != Asked::Silence {
        let head = format!(
            "HTTP/1.0 200 OK\r\nConnection: close\r\nAccess-Control-Allow-Origin: *\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            document.len()
        );
        stream.write_all(head.as_bytes()).await?;
    }
    if asked != Asked::HeadOnly {
        stream.write_all(document.as_bytes()).await?;
    }
    stream.shutdown().await?;
    let rest = async {
        let mut taken = 0;
        let mut room = [0; 1024];
        while taken < REST_MAX {
            match stream.read(&mut room).await? {
                0 => break,
                read => taken += read,
            }
        }
        io::Result::Ok(())
    };
    timeout(LINGER, rest).await.unwrap_or(Ok(()))
}

/// Waits a moment for a request, and for its end when it is one.
async fn listen(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Asked> {
    let mut head = Vec::new();
    let Ok(first) = timeout(MOMENT, stream.read_buf(&mut head)).await else {
        return Ok(Asked::Silence);
    };
    first?;
    let whole = async {
        while looks_like_http(&head) && !is_whole(&head) && head.len() < HEAD_MAX {
            if stream.read_buf(&mut head).await? == 0 {
                break;
            }
        }
        io::Result::Ok(())
    };
    // half a request is answered as well as none
    if let Ok(ended) = timeout(PATIENCE, whole).await {
        ended?;
    }
    Ok(match head.as_slice() {
        [b'H', b'E', b'A', b'D', b' ', ..] => Asked::HeadOnly,
        bytes if bytes.contains(&b' ') && looks_like_http(bytes) => Asked::Http,
        _ => Asked::Silence,
    })
}

/// A method and a blank, or what may still become that.
fn looks_like_http(bytes: &[u8]) -> bool {
    let method = bytes.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    (1..=16).contains(&method) && bytes.get(method).is_none_or(|byte| *byte == b' ')
}

fn is_whole(bytes: &[u8]) -> bool {
    bytes.windows(4).any(|four| four == b"\r\n\r\n") || bytes.windows(2).any(|two| two == b"\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a client sees that sends these pieces, waiting for nothing in between.
    fn seen(pieces: &[&str], always: bool) -> String {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            // a pipe this narrow tears the pieces apart
            let (mut server, client) = tokio::io::duplex(16);
            let answer = tokio::spawn(async move { send(&mut server, "{}\n", always).await });
            let (mut from, mut to) = tokio::io::split(client);
            let text = tokio::spawn(async move {
                let mut text = String::new();
                from.read_to_string(&mut text).await.map(|_| text)
            });
            for piece in pieces {
                to.write_all(piece.as_bytes()).await.unwrap();
                tokio::task::yield_now().await;
            }
            let text = text.await.unwrap().unwrap();
            to.shutdown().await.unwrap();
            answer.await.unwrap().unwrap();
            text
        })
    }

    #[test]
    fn a_silent_client_gets_the_document_and_nothing_else() {
        assert_eq!(seen(&[], false), "{}\n");
    }

    #[test]
    fn a_request_gets_a_head_however_it_is_cut() {
        for pieces in [
            &["GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"][..],
            &["GE", "T /metrics HTTP/1.0\r\n", "\r\n"],
            &["POST / HTTP/1.0\n\n"],
        ] {
            let text = seen(pieces, false);
            assert!(text.starts_with("HTTP/1.0 200 OK\r\n"), "{pieces:?}: {text}");
            assert!(text.contains("\r\nContent-Length: 3\r\n"), "{text}");
            assert!(text.ends_with("\r\n\r\n{}\n"), "{text}");
        }
        let text = seen(&["HEAD / HTTP/1.0\r\n\r\n"], false);
        assert!(text.starts_with("HTTP/1.0 200 OK\r\n") && text.ends_with("\r\n\r\n"), "{text}");
    }

    #[test]
    fn what_is_not_http_gets_the_document() {
        for pieces in [&["hello\n"][..], &["\0\0\0\0"], &["GETTING\n"]] {
            assert_eq!(seen(pieces, false), "{}\n", "{pieces:?}");
        }
    }

    #[test]
    fn stats_http_puts_the_head_before_every_document() {
        let text = seen(&[], true);
        assert!(text.starts_with("HTTP/1.0 200 OK\r\n") && text.ends_with("{}\n"), "{text}");
    }
}
