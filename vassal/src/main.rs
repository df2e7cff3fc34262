//! `vassal`: the launcher, and the drop-in `uwsgi` command line.
#![forbid(unsafe_code)]

fn main() {}
