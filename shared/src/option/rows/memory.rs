//! Memory shared between workers: caches, queues, locks.

use crate::option::{Kind, Row, row};

/// The rows of this subject.
pub(super) const ROWS: &[Row] = &[
    row("persistent-ipcsem", Kind::Flag),
    row("cache-no-expire", Kind::Flag),
    row("cache-report-freed-items", Kind::Flag),
    row("cache-use-last-modified", Kind::Flag),
    row("locks", Kind::Integer),
    row("cache-store-sync", Kind::Integer),
    row("cache-expire-freq", Kind::Integer),
    row("queue", Kind::Integer),
    row("queue-blocksize", Kind::Integer),
    row("queue-store-sync", Kind::Integer),
    row("cache", Kind::Long),
    row("cache-blocksize", Kind::Long),
    row("rpc-max", Kind::Long),
    row("lock-engine", Kind::Text),
    row("ftok", Kind::Text),
    row("cache-store", Kind::Text),
    row("cache-sync", Kind::Text),
    row("queue-store", Kind::Text),
    row("check-cache", Kind::Text).optional(),
    row("sharedarea", Kind::List).short('A'),
    row("cache-udp-server", Kind::List),
    row("cache-udp-node", Kind::List),
    row("add-cache-item", Kind::List),
    row("load-file-in-cache", Kind::List),
    row("load-file-in-cache-gzip", Kind::List),
    row("cache2", Kind::List),
];
