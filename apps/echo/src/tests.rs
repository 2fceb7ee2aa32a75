use trunkline::Closed;
use trunkline::testing::TestConnection;

use super::Echo;

#[test]
fn every_line_comes_back_in_order() {
    TestConnection::new(Echo).run(async |peer| {
        peer.send("one\ntwo\nthr").await;
        peer.expect("one\ntwo\n").await;
        peer.expect_nothing().await;
        peer.send("ee\n").await;
        peer.expect("three\n").await;
        peer.end().await;
        assert_eq!(peer.expect_end().await, Closed::PeerDone);
    });
}

#[test]
fn a_line_without_an_end_is_bounded() {
    TestConnection::new(Echo).run(async |peer| {
        peer.send("x".repeat(64 * 1024)).await;
        assert_eq!(peer.expect_end().await, Closed::TooLarge);
    });
}

#[test]
fn the_server_is_18_lines_long() {
    let lines = include_str!("main.rs").lines().map(str::trim);
    let counted = lines.filter(|line| !line.is_empty() && !line.starts_with("//")).count();
    assert!(counted <= 18, "{counted} lines");
}
