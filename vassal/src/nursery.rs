//! The wire between a master and a nursery: JSON packets on a socket pair that the nursery
//! finds as its standard input.
//!
//! A nursery is the tenant's own interpreter with our extension: one thread, the application
//! imported once. It forks workers when it is told to, and supervises nothing.

use std::io;
use std::os::fd::OwnedFd;

use serde::{Deserialize, Serialize};
use shared::settings::{Listen, Serve};
use shared::sys::memory;

/// Master to nursery.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// What to serve. With the packet travel the socket on which connections are handed over,
    /// the scoreboard, the [`Outfit`] in sealed memory (it outgrows a packet), the memory of the
    /// applications' locks, perhaps the pipe of request lines, and the listeners.
    Outfit,
    /// Fork a worker. With the packet travels its end of the control socket.
    Fork {
        /// The worker's number, from 1.
        id: u32,
        /// Its seat on the scoreboard.
        seat: u32,
        /// Nobody had this number in this generation before.
        first: bool,
    },
    /// End.
    Quit,
}

/// The most bytes that an outfit may take.
const OUTFIT_MAX: u64 = 32 << 20;

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

impl Outfit {
    /// The outfit in memory that can be passed on.
    pub fn seal(&self) -> io::Result<OwnedFd> {
        memory::seal("outfit", &serde_json::to_vec(self)?)
    }

    /// Reads what [`Outfit::seal`] made.
    pub fn unseal(memory: OwnedFd) -> io::Result<Self> {
        Ok(serde_json::from_slice(&memory::unseal(memory, OUTFIT_MAX)?)?)
    }
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
        /// The mount points, in the order in which they were loaded; empty is the root.
        points: Vec<String>,
    },
    /// Files that modules were loaded from (`py-autoreload`).
    Modules {
        /// Absolute paths.
        files: Vec<String>,
    },
    /// The application could not be imported.
    NoApp {
        /// The traceback, cut to 16 KiB.
        reason: String,
    },
}
