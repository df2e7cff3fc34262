//! Blocks.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| emperor_fuzz::logic(bytes));
