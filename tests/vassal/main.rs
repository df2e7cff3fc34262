//! One tenant's server, started by a command line as users type it.

/// What an application is made of.
mod application;
/// Mistakes of users, and the one line that names them.
mod bad_input;
/// The number of workers follows the load.
mod cheaper;
/// A clock that jumps.
mod clock;
/// What an operator asks of a running server.
mod commands;
/// `uwsgidecorators`, ours and the original's.
mod decorators;
/// Applications at their worst.
mod faults;
/// Files that the server sends by itself.
mod files;
/// What scripts and monitoring know of such a server.
mod habits;
/// Requests that take too long.
mod harakiri;
/// What the configuration says of every answer.
mod heads;
/// What is done at the phases of a start, of a worker's life and of the end.
mod hooks;
/// One build of the extension on every Python found.
mod interpreters;
/// What is kept of root, what is not shared with the machine, what is locked.
mod isolation;
/// Users, groups, capabilities and jails.
mod launcher;
/// Lives and deaths of workers, by the options that decide them.
mod limits;
/// Request lines.
mod lines;
/// Addresses and the patience with clients.
mod listening;
/// Load generators without an error.
mod load;
/// What is imported beside the application, and how the interpreter is started.
mod loading;
/// Loggers, log files and their rotation.
mod loggers;
/// The module `uwsgi`.
mod module;
/// Several applications in one vassal.
mod mounts;
/// Logs, pid files, statistics, and what only prints.
mod output;
/// Workers that have done their part.
mod recycling;
/// What root does before it is somebody else.
mod rights;
/// Rules that are applied to requests and answers.
mod routes;
/// The two command lines of the README and their signals.
mod serve;
/// A machine that lacks memory, processes, descriptors.
mod shortages;
/// Where sockets come from, what they are told, who serves them.
mod sockets;
/// The statistics document and the tools that read it.
mod stats;
/// Files of somebody else's, started by root.
mod strangers;
/// Attached daemons and limits.
mod surroundings;
/// What applications and clients do to a server.
mod survives;
/// Process titles, and the configuration in the output.
mod titles;
/// Sockets that speak TLS.
mod tls;
/// Files whose change asks for something.
mod touching;
/// Respawn, recycling, deadlines.
mod workers;
/// Listening sockets that one server gives to another.
mod zerg;
