//! Whole files of the format ini.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| emperor_fuzz::file("a.ini", bytes));
