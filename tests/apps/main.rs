//! Real applications of real frameworks, behind the real web server, laid out as tutorials say.

/// Django behind nginx over a UNIX socket.
mod django;
/// A site through each protocol.
mod wires;
