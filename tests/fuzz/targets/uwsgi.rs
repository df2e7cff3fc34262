//! Packets of the uwsgi protocol.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| vassal::protocol::fuzzing::uwsgi(bytes));
