//! What is known of a request when its answer is complete: for the connection, the counters and
//! the request's line in the log.

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conclusion {
    /// The status sent.
    pub status: u16,
    /// Whether the connection stays.
    pub keep: bool,
    /// Bytes of the body.
    pub body: u64,
    /// Bytes of the head.
    pub head: usize,
    /// Fields of the head.
    pub fields: usize,
    /// Blocks that the application gave, a whole body counted as one.
    pub blocks: u32,
    /// Whether the body was a file that the server sent by itself.
    pub file: bool,
    /// Whether the client was gone.
    pub lost: bool,
    /// Whether the application failed after the head was sent.
    pub aborted: bool,
    /// Whether nothing but the end of the connection ends the body.
    pub open_ended: bool,
    /// Whether the application failed at all.
    pub failed: bool,
}

/// What is said about a request while it is answered, for its line in the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// Values that `%(NAME)` of `log-format` means (`uwsgi.set_logvar`, the route `logvar`); the
    /// last one of a name counts.
    pub values: Vec<(String, Vec<u8>)>,
    /// Whom the server found to be the user; else `REMOTE_USER` counts.
    pub user: Option<Vec<u8>>,
    /// The number of the application; -1 where none was asked.
    pub app: i32,
    /// No line is written (the route `donotlog`).
    pub quiet: bool,
    /// A line is written although `disable-logging` is set (`uwsgi.log_this_request`).
    pub wanted: bool,
}
