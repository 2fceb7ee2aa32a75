//! Every input of the corpora through its oracle.

use std::fs;
use std::path::Path;

#[cfg(test)]
fn replay(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let mut inputs: Vec<_> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    inputs.sort();
    assert!(inputs.len() >= 10, "{} is no corpus", folder.display());
    for input in inputs {
        let bytes = fs::read(&input).unwrap();
        if std::panic::catch_unwind(|| check(&bytes)).is_err() {
            panic!("{} fails: see above", input.display());
        }
    }
}

#[test]
fn no_head_of_a_request_in_the_corpus_is_read_wrong() {
    replay("request_head", trunkline_http_tests::request_head::check);
}

#[test]
fn no_head_of_an_answer_in_the_corpus_is_read_wrong() {
    replay("response_head", trunkline_http_tests::response_head::check);
}

#[test]
fn no_chunked_body_in_the_corpus_is_read_wrong() {
    replay("chunked_body", trunkline_http_tests::chunked_body::check);
}

#[test]
fn no_connection_in_the_corpus_mixes_anything_up() {
    replay("connection", trunkline_http_tests::connection::check);
}
