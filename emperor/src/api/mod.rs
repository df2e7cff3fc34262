//! The management API: HTTP on a UNIX socket.
//!
//! It reads the board and sends petitions; it has no other way to the court, so a slow or
//! silent client delays nobody. Who may speak is decided before a byte is parsed.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener as StdListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use tokio::net::UnixListener;
use tokio::sync::{mpsc, oneshot};

use crate::board::Board;
use crate::court::Notice;
use crate::reign::{ReignError, make_parent};
use crate::settings::Settings;

mod app;
mod gate;
mod logs;
mod metrics;
pub(crate) mod problem;

/// What the handlers share.
#[derive(Clone, Debug)]
struct Api {
    board: Board,
    court: mpsc::Sender<Notice>,
}

/// The bound socket.
#[derive(Debug)]
pub struct Door {
    path: PathBuf,
    listener: StdListener,
    identity: (u64, u64),
}

/// Binds the socket. Where none was asked for and the usual place cannot be used, there is no
/// API, which is said.
pub fn open(settings: &Settings) -> Result<Option<Door>, ReignError> {
    let Some(path) = &settings.api_socket else { return Ok(None) };
    match bind(path) {
        Ok(door) => Ok(Some(door)),
        Err(source) if settings.api_given => {
            Err(ReignError::Open { option: "api-socket", what: path.display().to_string(), source })
        }
        Err(error) => {
            tracing::warn!("[emperor] api-socket {}: {error}", path.display());
            Ok(None)
        }
    }
}

fn bind(path: &Path) -> io::Result<Door> {
    make_parent(path)?;
    let listener = crate::stats::bind(path)?.into_std()?;
    // everybody may connect; each connection is decided by the kernel's word on who it is
    fs::set_permissions(path, fs::Permissions::from_mode(0o666))?;
    let bound = fs::symlink_metadata(path)?;
    Ok(Door { path: path.to_owned(), listener, identity: (bound.dev(), bound.ino()) })
}

impl Door {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The listener, for the server.
    pub fn listener(&self) -> io::Result<UnixListener> {
        UnixListener::from_std(self.listener.try_clone()?)
    }

    /// Removes the socket, if it is still ours.
    pub fn close(self) {
        let ours = fs::symlink_metadata(&self.path)
            .is_ok_and(|there| (there.dev(), there.ino()) == self.identity);
        if ours {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Serves for ever.
pub async fn serve(listener: UnixListener, board: Board, court: mpsc::Sender<Notice>) {
    let gate = gate::Gate::new(listener, nix::unistd::geteuid().as_raw());
    let served = axum::serve(gate, router(Api { board, court })).await;
    if let Err(error) = served {
        tracing::error!("[emperor] the API ended: {error}");
    }
}

/// How long masters may take to tell their numbers.
const CENSUS: Duration = Duration::from_millis(100);

impl Api {
    /// Has the masters asked for their numbers, so that what is read next is of now.
    async fn fresh(&self) {
        let (reader, told) = oneshot::channel();
        if self.court.send(Notice::Census(reader)).await.is_ok() {
            // a master that does not answer in time is shown as it was
            let _ = tokio::time::timeout(CENSUS, told).await;
        }
    }
}

fn router(api: Api) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/metrics", get(metrics::show))
        .route("/v1/apps", get(app::list))
        .route("/v1/apps/{app}", get(app::one))
        .route("/v1/apps/{app}/reload", post(app::reload))
        .route("/v1/apps/{app}/stop", post(app::stop))
        .route("/v1/apps/{app}/start", post(app::start))
        .route("/v1/apps/{app}/logs", get(logs::show))
        .fallback(problem::no_such_path)
        .method_not_allowed_fallback(problem::wrong_method)
        .with_state(api)
}
