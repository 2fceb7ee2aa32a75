//! Heads of answers.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| trunkline_http_tests::response_head::check(input));
