//! Chunked bodies.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| vassal::protocol::fuzzing::chunked(bytes));
