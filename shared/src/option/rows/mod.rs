//! The rows of the option table, split by subject.
//!
//! The order inside a file is: what works, what is accepted, what is known
//! only, what is refused. Only what is true of this product says *works*.

use super::Row;

mod configuration;
mod development;
mod emperor;
mod engine;
mod fleet;
mod hook;
mod http;
mod language;
mod log;
mod memory;
mod observe;
mod privilege;
mod process;
mod python;
mod response;
mod router;
mod routing;
mod socket;

// why something is refused, where several subjects have the same reason
const FOREIGN: &str = "foreign code is not loaded into the server";
const LEGION: &str = "no lord is elected here: run the job from a tool that knows the cluster";
const TERMINAL: &str = "connect to the machine with ssh";

/// Every subject with its rows, in the order of the documentation.
pub(super) const SUBJECTS: &[(&str, &[Row])] = &[
    ("Application", python::ROWS),
    ("Processes", process::ROWS),
    ("Sockets", socket::ROWS),
    ("HTTP", http::ROWS),
    ("Privileges and limits", privilege::ROWS),
    ("Logs", log::ROWS),
    ("Statistics", observe::ROWS),
    ("Emperor", emperor::ROWS),
    ("Configuration", configuration::ROWS),
    ("Environment, hooks, watching", hook::ROWS),
    ("Files and headers", response::ROWS),
    ("Request rules", routing::ROWS),
    ("Event loops", engine::ROWS),
    ("Spoolers, mules, timers, daemons, subscriptions", fleet::ROWS),
    ("Shared memory", memory::ROWS),
    ("Routers", router::ROWS),
    ("Other languages", language::ROWS),
    ("Development line", development::ROWS),
];
