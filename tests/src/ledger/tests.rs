//! Verdicts on made-up records.

use std::net::Ipv4Addr;

use super::*;

fn failed(token: &str, port: u16, started_nanos: u64, ended_nanos: u64) -> Attempt {
    Attempt {
        token: token.to_owned(),
        local_port: Some(port),
        started_nanos,
        answered_nanos: None,
        ended_nanos,
        fate: Fate::Reset,
        backend: None,
        error: None,
    }
}

fn at(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

fn accepted(at_nanos: u64, port: u16) -> BackendLine {
    BackendLine::Accepted { at_nanos, peer: at(port), local: at(1) }
}

fn token(at_nanos: u64, token: &str) -> BackendLine {
    BackendLine::Token { at_nanos, peer: at(2), token: token.to_owned() }
}

fn excused(attempt: Attempt, lines: Vec<BackendLine>, kills: Vec<u64>) -> bool {
    let verdict = Verdict::of(&[attempt], &[BackendLog { lines, kills }]);
    assert_eq!(verdict.excused.len() + verdict.unexcused.len(), 1);
    verdict.unexcused.is_empty()
}

#[test]
fn a_token_seen_before_the_kill_excuses_a_failure_after_it() {
    assert!(excused(failed("a", 7, 10, 90), vec![token(20, "a")], vec![50]));
}

#[test]
fn a_token_seen_only_after_the_kill_excuses_nothing() {
    assert!(!excused(failed("a", 7, 10, 90), vec![token(60, "a")], vec![50]));
}

#[test]
fn a_failure_older_than_the_kill_is_not_excused() {
    assert!(!excused(failed("a", 7, 10, 40), vec![token(20, "a")], vec![50]));
}

#[test]
fn a_failure_that_no_backend_knows_is_not_excused() {
    assert!(!excused(failed("a", 7, 10, 90), vec![token(20, "b"), accepted(20, 8)], vec![50]));
}

#[test]
fn an_accept_from_the_clients_own_port_excuses() {
    assert!(excused(failed("a", 7, 10, 90), vec![accepted(20, 7)], vec![50]));
}

#[test]
fn an_accept_from_the_same_port_in_another_life_excuses_nothing() {
    assert!(!excused(failed("a", 7, 30, 90), vec![accepted(20, 7)], vec![50]));
}

#[test]
fn the_first_kill_after_the_accept_is_the_one_that_counts() {
    assert!(excused(failed("a", 7, 10, 60), vec![token(20, "a")], vec![90, 50, 15]));
}

#[test]
fn a_backend_that_was_never_killed_excuses_nothing() {
    assert!(!excused(failed("a", 7, 10, 90), vec![token(20, "a")], Vec::new()));
}

#[test]
fn a_token_at_two_backends_is_shown_as_repeated() {
    let log = BackendLog { lines: vec![token(20, "a")], kills: Vec::new() };
    let verdict = Verdict::of(&[], &[log.clone(), log]);
    assert_eq!(verdict.repeated, ["a"]);
}
