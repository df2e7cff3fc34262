//! Real applications of real frameworks, behind the real web server, laid out as tutorials say.

/// All sites behind a chain of middlewares.
mod chain;
/// Django behind nginx over a UNIX socket.
mod django;
/// The same site of each framework.
mod frameworks;
/// The sites behind web servers.
mod fronts;
/// A site through each protocol.
mod wires;
