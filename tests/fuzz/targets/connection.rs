//! Whole connections, with what both sides say.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| trunkline_http_tests::connection::check(input));
