//! uWSGI's statistics of an Emperor: one JSON document a connection (`emperor-stats`).
//!
//! Keys and their order are uWSGI's; unlike there, texts are escaped and a slow reader delays
//! nobody but himself.

use std::fmt::Write;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use shared::statistics;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::board::{Board, Published};
use crate::settings::{Settings, Source, StatsAddress};
use crate::time::unix;
use crate::vassal::name::VassalName;

/// Where statistics are served.
#[derive(Debug)]
pub enum Listener {
    /// Anybody who can connect reads them.
    Tcp(TcpListener),
    /// As the socket's mode says.
    Unix(UnixListener),
}

/// How long a reader may take.
const PATIENCE: Duration = Duration::from_secs(4);
/// Readers at once.
const READERS_MAX: usize = 64;

/// Opens the socket. An address in use is an error.
pub fn open(settings: &Settings) -> io::Result<Option<Listener>> {
    Ok(match &settings.stats {
        None => None,
        Some(StatsAddress::Tcp(address)) => {
            let address = if address.starts_with(':') {
                format!("0.0.0.0{address}")
            } else {
                address.clone()
            };
            let listener = std::net::TcpListener::bind(address)?;
            listener.set_nonblocking(true)?;
            Some(Listener::Tcp(TcpListener::from_std(listener)?))
        }
        Some(StatsAddress::Unix(path)) => Some(Listener::Unix(bind(path)?)),
    })
}

/// Binds a path. A socket on which nobody listens any more is replaced; one that is alive, or
/// anything else, is not touched.
pub fn bind(path: &Path) -> io::Result<UnixListener> {
    match std::fs::symlink_metadata(path) {
        Ok(there) if there.file_type().is_socket() => {
            if std::os::unix::net::UnixStream::connect(path).is_ok() {
                return Err(io::ErrorKind::AddrInUse.into());
            }
            let again = std::fs::symlink_metadata(path)?;
            if (again.dev(), again.ino()) == (there.dev(), there.ino()) {
                std::fs::remove_file(path)?;
            }
        }
        Ok(_) => return Err(io::ErrorKind::AlreadyExists.into()),
        Err(_) => {}
    }
    UnixListener::bind(path)
}

/// Serves for ever.
pub async fn serve(listener: Listener, board: Board, settings: Arc<Settings>) {
    let readers = Arc::new(Semaphore::new(READERS_MAX));
    loop {
        let Ok(permit) = Arc::clone(&readers).acquire_owned().await else { return };
        let text = || document(&board, &settings);
        let always = settings.stats_http;
        let accepted = match &listener {
            Listener::Tcp(listener) => listener.accept().await.map(|(stream, _)| {
                tokio::spawn(write(stream, text(), always, permit));
            }),
            Listener::Unix(listener) => listener.accept().await.map(|(stream, _)| {
                tokio::spawn(write(stream, text(), always, permit));
            }),
        };
        if accepted.is_err() {
            // out of descriptors: trying again at once would only burn time
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

async fn write(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    text: String,
    always: bool,
    permit: tokio::sync::OwnedSemaphorePermit,
) {
    let _ = timeout(PATIENCE, statistics::send(&mut stream, &text, always)).await;
    drop(permit);
}

/// The document.
fn document(board: &Board, settings: &Settings) -> String {
    let vassals = board.all();
    let mut out = String::new();
    let (uid, gid) = (nix::unistd::geteuid(), nix::unistd::getegid());
    let sources: Vec<String> = settings.sources.iter().map(|one| quoted(&label(one))).collect();
    let _ = write!(
        out,
        "{{\n\t\"version\":{},\n\t\"pid\":{},\n\t\"uid\":{uid},\n\t\"gid\":{gid},\n\t\"cwd\":{},\n\
         \t\"emperor\":[\n{}\n\t],\n\t\"emperor_tyrant\":{},\n\t\"throttle_level\":0,\n\
         \t\"vassals\":[",
        quoted(env!("CARGO_PKG_VERSION")),
        std::process::id(),
        quoted(&settings.directory.to_string_lossy()),
        sources.join(",\n"),
        u8::from(settings.policy.tyrant),
    );
    let blocks: Vec<String> = vassals.iter().map(|(name, one)| block(&vassal(name, one))).collect();
    out.push_str(&blocks.join(","));
    out.push_str("\n\t],\n\t\"blacklist\":[");
    let blocks: Vec<String> =
        vassals.iter().filter_map(|(name, one)| Some(block(&blacklisted(name, one)?))).collect();
    out.push_str(&blocks.join(","));
    out.push_str("\n\t]\n}\n");
    out
}

fn label(source: &Source) -> String {
    match source {
        Source::Directory(path) => path.to_string_lossy().into_owned(),
        Source::Glob(pattern) => pattern.clone(),
    }
}

type Fields = Vec<(&'static str, String)>;

fn vassal(name: &VassalName, one: &Published) -> Fields {
    let times = &one.moments;
    let flag = |yes: bool| u8::from(yes).to_string();
    vec![
        ("id", quoted(name.as_str())),
        ("pid", one.app.pid.unwrap_or(-1).to_string()),
        ("born", unix(times.born).to_string()),
        ("last_mod", unix(times.last_mod).to_string()),
        ("last_heartbeat", unix(times.last_heartbeat).to_string()),
        ("loyal", flag(one.app.loyal)),
        ("ready", flag(one.ready)),
        ("accepting", flag(one.accepting)),
        ("last_loyal", unix(times.last_loyal).to_string()),
        ("last_ready", unix(times.last_ready).to_string()),
        ("last_accepting", unix(times.last_accepting).to_string()),
        ("first_run", unix(times.first_run).to_string()),
        ("last_run", unix(times.last_run).to_string()),
        ("cursed", unix(times.cursed).to_string()),
        ("zerg", "0".into()),
        ("on_demand", quoted("")),
        ("uid", one.owner.0.to_string()),
        ("gid", one.owner.1.to_string()),
        ("monitor", quoted(&one.monitor)),
        ("respawns", (one.app.reloads.served + one.app.reloads.rejected).to_string()),
    ]
}

fn blacklisted(name: &VassalName, one: &Published) -> Option<Fields> {
    let entry = one.blacklisted?;
    Some(vec![
        ("id", quoted(name.as_str())),
        ("throttle_level", entry.level.to_string()),
        ("attempt", entry.attempt.to_string()),
        ("first_attempt", unix(Some(entry.first)).to_string()),
        ("last_attempt", unix(Some(entry.last)).to_string()),
    ])
}

fn block(fields: &Fields) -> String {
    let lines: Vec<String> =
        fields.iter().map(|(key, value)| format!("\t\t\t\"{key}\":{value}")).collect();
    format!("\n\t\t{{\n{}\n\t\t}}", lines.join(",\n"))
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
