//! The wire between a master and a nursery: JSON packets on a socket pair that the nursery
//! finds as its standard input.
//!
//! A nursery is the tenant's own interpreter with our extension: one thread, the application
//! imported once. It forks workers when it is told to, and supervises nothing.

use serde::{Deserialize, Serialize};
use shared::settings::{Listen, Serve};

/// Master to nursery.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// What to serve. With the packet travel the socket on which connections are handed over,
    /// the scoreboard, perhaps the pipe of request lines, and the listeners.
    Outfit(Box<Outfit>),
    /// Fork a worker. With the packet travels its end of the control socket.
    Fork {
        /// The worker's number, from 1.
        id: u32,
        /// Its seat on the scoreboard.
        seat: u32,
    },
    /// End.
    Quit,
}

/// What a nursery and its workers have to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outfit {
    /// The server's settings; `options` travel too.
    pub serve: Serve,
    /// The generation.
    pub generation: u64,
    /// The master, whose children the workers become.
    pub master: i32,
    /// Whether running requests are shown on the scoreboard.
    pub shows: bool,
    /// Whether request lines have a pipe of their own.
    pub lines: bool,
    /// What the listeners are, in the order of their descriptors.
    pub listeners: Vec<Listen>,
}

/// Nursery to master.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum News {
    /// The extension runs.
    Hello {
        /// Its build: another than the master's is refused.
        build: String,
        /// The interpreter's version and executable, one line.
        interpreter: String,
    },
    /// The application was imported.
    Loaded {
        /// How long that took, milliseconds.
        millis: u64,
    },
    /// The application could not be imported.
    NoApp {
        /// The traceback, cut to 16 KiB.
        reason: String,
    },
    /// A worker could not be forked.
    NoFork {
        /// The worker's number.
        id: u32,
        /// The error.
        reason: String,
    },
}
