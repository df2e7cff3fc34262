//! Who may speak to the API: root and the Emperor's own user. Everybody else is told so in one
//! fixed answer, without any of their bytes being parsed.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener;
use shared::sys::credentials;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::SocketAddr;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// Strangers that are answered at once; more of them are hung up on.
const STRANGERS_MAX: usize = 32;
/// How long a stranger may take to read his answer.
const PATIENCE: Duration = Duration::from_secs(1);

const BODY: &str = r#"{"type":"about:blank","title":"Forbidden","status":403,"detail":"only root and the emperor's own user may use this socket"}"#;

/// The listener behind which only friends are.
#[derive(Debug)]
pub(super) struct Gate {
    listener: UnixListener,
    me: u32,
    strangers: Arc<Semaphore>,
}

impl Gate {
    pub(super) fn new(listener: UnixListener, me: u32) -> Self {
        Self { listener, me, strangers: Arc::new(Semaphore::new(STRANGERS_MAX)) }
    }

    fn knows(&self, stream: &UnixStream) -> bool {
        credentials::peer(stream).is_ok_and(|peer| peer.uid == 0 || peer.uid == self.me)
    }
}

impl Listener for Gate {
    type Io = UnixStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (UnixStream, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok((stream, address)) if self.knows(&stream) => return (stream, address),
                Ok((stream, _)) => {
                    if let Ok(permit) = Arc::clone(&self.strangers).try_acquire_owned() {
                        tokio::spawn(refuse(stream, permit));
                    }
                }
                // out of descriptors: trying again at once would only burn time
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

async fn refuse(mut stream: UnixStream, permit: OwnedSemaphorePermit) {
    let answer = format!(
        "HTTP/1.1 403 Forbidden\r\nContent-Type: application/problem+json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{BODY}",
        BODY.len()
    );
    let _ = timeout(PATIENCE, async {
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await?;
        // what he sends has to be taken, else the kernel throws his answer away
        let mut ignored = [0; 1024];
        for _ in 0..64 {
            if stream.read(&mut ignored).await? == 0 {
                break;
            }
        }
        io::Result::Ok(())
    })
    .await;
    drop(permit);
}
