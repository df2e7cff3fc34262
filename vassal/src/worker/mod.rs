//! A worker: accepts connections, reads requests, calls the application, sends answers.
//!
//! The application runs on the thread that read the request: no hop, no queue. All threads of a
//! worker share one epoll set and take *turns* in front of it: whoever has the turn waits for
//! one event, reads and parses, takes the interpreter's lock, and only then gives the turn
//! away. Connections stay registered, edge-triggered, so that a request costs one read and one
//! write.

/// `cpu-affinity`.
mod affinity;
/// Calling the application and sending its answer.
mod answer;
/// Connections and their table.
pub mod connection;
/// What the server does before (or instead of) the application.
mod content;
/// The messages between a worker and its master.
pub mod control;
/// Connections whose time has come.
mod deadline;
/// How a worker lets go of its connections.
mod drain;
/// The loop.
pub mod engine;
/// Files that are sent without asking the application.
mod files;
/// Chunks and records.
mod framing;
/// Requests that take too long.
mod harakiri;
/// Rules for the heads of answers.
mod head;
/// Bodies that come while the application runs.
mod inflow;
/// How long a worker lives.
mod lifespan;
/// Which listeners a worker listens to.
mod listen;
/// Request lines.
mod log;
/// What the configuration says of every answer.
pub mod manner;
/// What became of a request.
pub mod outcome;
/// What a worker starts with.
mod outfit;
/// What waits to be sent.
pub mod output;
/// Connections that a proxy announces.
mod proxied;
/// Reading from clients.
mod receive;
/// Requests that belong on HTTPS.
mod redirect;
/// Framing of answers.
pub mod reply;
/// Rules that are applied to requests and answers.
mod route;
/// One connection's way through its phases.
mod serve;
/// Phrases of status codes.
mod status;
/// Bodies that the application reads from the connection.
pub mod stream;
/// Bodies on their way.
pub mod upload;
/// A request as rules see it.
mod view;
/// Who answers a request that takes too long.
pub mod vigil;
/// Deadlines.
pub mod wheel;

use std::sync::MutexGuard;

pub(crate) use drain::passport;

use shared::settings::Wire;

use crate::request::Request;
use crate::tls::client::Client;
use connection::Peer;
use reply::Reply;
use upload::Body;

/// One request, complete, for the application.
#[derive(Debug)]
pub struct Call<'a> {
    /// The parsed head.
    pub request: &'a Request,
    /// The bytes that the request's spans point into.
    pub head: &'a [u8],
    /// The whole body.
    pub body: Body<'a>,
    /// The body's size, the transfer coding taken off.
    pub size: u64,
    /// Who sent it.
    pub peer: &'a Peer,
    /// What was spoken.
    pub wire: Wire,
    /// Whether it was spoken over TLS.
    pub secure: bool,
    /// The certificate that the client showed.
    pub client: Option<&'a Client>,
    /// `SERVER_PORT` of the listener; empty on a UNIX socket.
    pub port: &'a str,
    /// The core (thread) that serves it, from 0.
    pub core: u32,
}

/// The turn in front of the epoll set; `None` where there is one thread.
pub type Turn<'a> = Option<MutexGuard<'a, engine::Waiting>>;

/// The wall between the server and a language: what is asked of an application.
pub trait App: Sync {
    /// What a thread keeps between requests.
    type Core;

    /// Called once on each thread before its first request.
    fn enter(&self, core: u32) -> Self::Core;

    /// Serves one request. The turn is dropped as soon as the interpreter's lock is held (or
    /// at once where there is none), so that another thread can wait for events.
    fn handle(&self, core: &mut Self::Core, call: Call<'_>, reply: &mut Reply<'_>, turn: Turn<'_>);

    /// Writes to the log what each thread does. Called by a thread that is none of the cores,
    /// whatever locks they hold.
    fn explain(&self);

    /// Called on each thread after its last request.
    fn leave(&self, core: Self::Core);
}
