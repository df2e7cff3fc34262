//! Calculations.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| emperor_fuzz::calculation(text));
