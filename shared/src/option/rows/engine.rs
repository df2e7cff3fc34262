//! Event loops and green threads.

use crate::option::{Kind, Row, row};

/// The rows of this subject.
pub(super) const ROWS: &[Row] = &[
    row("asyncio", Kind::Special),
    row("coroae", Kind::Special),
    row("fiber", Kind::Flag),
    row("gevent", Kind::Special),
    row("gevent-monkey-patch", Kind::Flag),
    row("gevent-early-monkey-patch", Kind::Flag),
    row("gevent-wait-for-hub", Kind::Flag),
    row("greenlet", Kind::Flag),
    row("rbthreads", Kind::Flag).aliases(&["rb-threads", "rbthread", "rb-thread"]),
    row("stackless", Kind::Flag),
    row("tornado", Kind::Special),
    row("ugreen", Kind::Flag),
    row("ugreen-stacksize", Kind::Integer),
];
