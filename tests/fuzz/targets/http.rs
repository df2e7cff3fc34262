//! HTTP heads, with chunked bodies behind them.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| vassal::protocol::fuzzing::http(bytes));
