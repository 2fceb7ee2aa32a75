//! Heads of requests.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| trunkline_http_tests::request_head::check(input));
