//! One tenant's server, started by a command line as users type it.

/// Mistakes of users, and the one line that names them.
mod bad_input;
/// One build of the extension on every Python found.
mod interpreters;
/// Users, groups, capabilities and jails.
mod launcher;
/// Load generators without an error.
mod load;
/// The two command lines of the README and their signals.
mod serve;
/// The statistics document and the tools that read it.
mod stats;
/// What applications and clients do to a server.
mod survives;
/// Process titles, and the configuration in the output.
mod titles;
/// Respawn, recycling, deadlines.
mod workers;
