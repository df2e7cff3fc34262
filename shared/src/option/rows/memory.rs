//! Memory shared between workers: caches, queues, locks.

use crate::option::{Kind, Row, row};

/// The rows of this subject.
pub(super) const ROWS: &[Row] = &[
    row("locks", Kind::Integer)
        .default("0")
        .works("Number of locks that the application may use besides the first."),
    row("lock-engine", Kind::Text).accepted("Locks are the kernel's; a dead worker holds none."),
    row("persistent-ipcsem", Kind::Flag).planned("Leave System V semaphores behind at the end."),
    row("cache-no-expire", Kind::Flag).planned("Nothing in the cache gets old."),
    row("cache-report-freed-items", Kind::Flag)
        .planned("Log what is removed from caches because it is old."),
    row("cache-use-last-modified", Kind::Flag)
        .planned("Keep the time of the last change of what is in the cache."),
    row("cache-store-sync", Kind::Integer)
        .planned("Seconds between writes of the cache to its file."),
    row("cache-expire-freq", Kind::Integer)
        .default("3")
        .planned("Seconds between looks for old items in caches."),
    row("queue", Kind::Integer).planned("Number of places in the queue that workers share."),
    row("queue-blocksize", Kind::Integer)
        .default("8192")
        .planned("Size of a place in the queue, in bytes."),
    row("queue-store-sync", Kind::Integer)
        .planned("Seconds between writes of the queue to its file."),
    row("cache", Kind::Long).planned("Number of items in a cache without a name."),
    row("cache-blocksize", Kind::Long)
        .default("65536")
        .planned("Size of a block of the cache, in bytes."),
    row("rpc-max", Kind::Long)
        .default("64")
        .planned("How many functions may be offered to remote callers."),
    row("ftok", Kind::Text).planned("File from which the key of System V semaphores is made."),
    row("cache-store", Kind::Text).planned("File that keeps the cache."),
    row("cache-sync", Kind::Text)
        .planned("Address of a server from which the cache is copied at the start."),
    row("queue-store", Kind::Text).planned("File that keeps the queue."),
    row("check-cache", Kind::Text)
        .optional()
        .planned("Answer requests whose path is in this cache."),
    row("sharedarea", Kind::List)
        .short('A')
        .planned("Memory that workers share, in pages or as `file=...,size=...`."),
    row("cache-udp-server", Kind::List).planned("Address on which changes of caches are received."),
    row("cache-udp-node", Kind::List).planned("Address to which changes of caches are sent."),
    row("add-cache-item", Kind::List)
        .planned("Put an item into a cache at the start, `cache key=value`."),
    row("load-file-in-cache", Kind::List).planned("Put a file into a cache at the start."),
    row("load-file-in-cache-gzip", Kind::List)
        .planned("Put a file into a cache at the start, compressed."),
    row("cache2", Kind::List).planned("A cache, `name=...,items=...` and more."),
];
