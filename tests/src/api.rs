//! The management API's client, over its UNIX socket.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::http::{self, Response};
use crate::{eventually, server::SOON};

/// An API socket.
#[derive(Clone, Debug)]
pub struct Api {
    socket: PathBuf,
}

impl Api {
    /// The API at a path.
    pub fn at(socket: impl Into<PathBuf>) -> Self {
        Self { socket: socket.into() }
    }

    /// Where it listens.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// One GET.
    #[track_caller]
    pub fn get(&self, path: &str) -> Response {
        self.ask("GET", path)
    }

    /// One POST without a body.
    #[track_caller]
    pub fn post(&self, path: &str) -> Response {
        self.ask("POST", path)
    }

    /// One request.
    #[track_caller]
    fn ask(&self, method: &str, path: &str) -> Response {
        let answer = http::ask(self.socket.as_path(), method, path, &[], b"");
        answer.unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// The status of an app; null while it is not known.
    #[track_caller]
    pub fn app(&self, name: &str) -> Value {
        let answer = self.get(&format!("/v1/apps/{name}"));
        if answer.status == 404 { Value::Null } else { answer.json() }
    }

    /// The generation that serves.
    #[track_caller]
    pub fn generation(&self, name: &str) -> u64 {
        self.app(name)["generation"].as_u64().unwrap_or(0)
    }

    /// The pids of an app's workers, sorted.
    #[track_caller]
    pub fn workers(&self, name: &str) -> Vec<u64> {
        let app = self.app(name);
        let list = app["workers"].as_array().cloned().unwrap_or_default();
        let mut pids: Vec<u64> = list
            .iter()
            .filter_map(|worker| worker.as_u64().or_else(|| worker["pid"].as_u64()))
            .collect();
        pids.sort_unstable();
        pids
    }

    /// Waits until an app is in a state, and returns its status.
    #[track_caller]
    pub fn await_state(&self, name: &str, state: &str) -> Value {
        self.await_state_within(name, state, SOON)
    }

    /// The same with another limit.
    #[track_caller]
    pub fn await_state_within(&self, name: &str, state: &str, limit: Duration) -> Value {
        eventually(&format!("{name} is {state}"), limit, || {
            let app = self.app(name);
            if app["state"] == state { Ok(app) } else { Err(app.to_string()) }
        })
    }
}
