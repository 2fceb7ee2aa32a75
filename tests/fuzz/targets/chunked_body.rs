//! Bodies in chunks.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| trunkline_http_tests::chunked_body::check(input));
