//! Event loops and green threads.

use crate::option::{Kind, Row, row};

const PARALLEL: &str = "use threads or processes";

/// The rows of this subject.
pub(super) const ROWS: &[Row] = &[
    row("asyncio", Kind::Special)
        .planned("Serve this many requests at a time in each worker on the event loop of asyncio."),
    row("gevent", Kind::Special)
        .planned("Serve this many requests at a time in each worker as greenlets of gevent."),
    row("gevent-monkey-patch", Kind::Flag)
        .planned("Let gevent replace blocking modules of Python after the application was loaded."),
    row("gevent-early-monkey-patch", Kind::Flag)
        .planned("Let gevent replace blocking modules of Python before the application is loaded."),
    row("gevent-wait-for-hub", Kind::Flag)
        .planned("End a worker only when the hub of gevent is done."),
    row("coroae", Kind::Special)
        .refused(PARALLEL, "Serve requests as coroutines of Perl.")
        .harmless(),
    row("fiber", Kind::Flag).refused(PARALLEL, "Serve requests as fibers of Ruby.").harmless(),
    row("greenlet", Kind::Flag)
        .refused(PARALLEL, "Switch between requests with the greenlet module.")
        .harmless(),
    row("rbthreads", Kind::Flag)
        .aliases(&["rb-threads", "rbthread", "rb-thread"])
        .refused(PARALLEL, "Serve requests in threads of Ruby.")
        .harmless(),
    row("stackless", Kind::Flag)
        .refused(PARALLEL, "Switch between requests with Stackless Python.")
        .harmless(),
    row("tornado", Kind::Special)
        .refused(PARALLEL, "Serve requests on the event loop of Tornado.")
        .harmless(),
    row("ugreen", Kind::Flag)
        .refused(PARALLEL, "Switch between requests with stacks of the server's own.")
        .harmless(),
    row("ugreen-stacksize", Kind::Integer)
        .refused(PARALLEL, "Size of each stack of `ugreen`, in pages.")
        .harmless(),
];
