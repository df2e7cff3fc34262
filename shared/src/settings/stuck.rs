//! What happens to a worker whose request takes longer than `harakiri`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What happens to a worker whose request takes too long, besides its end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stuck {
    /// `harakiri-verbose`: the log says where in the kernel the worker is.
    pub verbose: bool,
    /// `harakiri-graceful-timeout` and `-signal`: this signal first, the kill so much later.
    pub graceful: Option<Graceful>,
    /// `harakiri-queue-threshold`: while fewer connections wait than this, a request may take
    /// longer; 0: it may not.
    #[serde(default)]
    pub threshold: u32,
    /// `harakiri-no-arh`: what the application does after an answer is no part of the request.
    #[serde(default)]
    pub spares_hooks: bool,
}

/// A signal before the kill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Graceful {
    /// The signal's number.
    pub signal: i32,
    /// How long the worker may take to end by it.
    pub timeout: Duration,
}
