//! Whole files of the format xml.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| emperor_fuzz::file("a.xml", bytes));
