//! A peer that dies again and again, and handlers that crash: each request ends once, and every
//! answer is that of its request.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::timeout;
use trunkline_runtime::Backoff;

use super::harness::{Far, LONG, Lines, World, run, settle};
use crate::client::{ClientSettings, RequestError};

/// Plays a peer that echoes, until its time has come.
async fn play(mut peer: Far, random: &mut fastrand::Rng) {
    let mut lives = random.u32(0..20);
    // What it has read and not answered dies with it.
    let mut held = Vec::new();
    while let Ok(Some(line)) = timeout(Duration::from_secs(1), peer.line()).await {
        // That it goes on after a crash is no request.
        if line != "recovered" {
            held.push(line);
        }
        if random.bool() {
            for line in held.drain(..) {
                peer.say([&*format!("={line}")]).await;
            }
        }
        lives = lives.saturating_sub(1);
        if lives == 0 {
            match random.u32(0..4) {
                0 => peer.reset(),
                1 => peer.say(["@999999 to nobody"]).await,
                2 => peer.say(["panic in sort"]).await,
                _ => {}
            }
            return;
        }
    }
    for line in held.drain(..) {
        peer.say([&*format!("={line}")]).await;
    }
}

async fn storm(mut world: World, seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let asked = (0..300).map(|number| {
        let request = match random.u32(0..10) {
            0 => "panic before".to_owned(),
            1 => "panic after".to_owned(),
            2..6 => format!("{number}"),
            _ => format!("{number} again"),
        };
        let within = if random.u32(0..10) == 0 { Duration::from_millis(300) } else { LONG };
        let answer = world.client.request(request.clone(), within);
        async move { (request, answer.await) }
    });
    let asked: Vec<_> = asked.collect();
    let client = world.client.clone();
    let mut playing = Box::pin(async move {
        loop {
            let peer = world.accept().await;
            play(peer, &mut random).await;
        }
    });
    let ended = tokio::select! {
        ended = timeout(LONG / 2, join_all(asked)) => ended.expect("all end"),
        () = &mut playing => unreachable!("it plays on"),
    };
    for (request, outcome) in ended {
        match outcome {
            Ok(answer) => assert_eq!(answer, request, "seed {seed}: somebody else's answer"),
            Err(RequestError::Broken) => assert!(!request.contains("again"), "seed {seed}"),
            Err(RequestError::Stopped | RequestError::Full) => panic!("seed {seed}: {outcome:?}"),
            Err(RequestError::Crashed | RequestError::Deadline | RequestError::Unanswered) => {}
        }
    }
    settle().await;
    drop(client);
}

#[test]
fn every_request_ends_with_its_own_answer_or_an_honest_error() {
    for seed in 0..40 {
        let settings = ClientSettings {
            backoff: Backoff::new(
                Duration::from_millis(10),
                Duration::from_millis(100),
                Duration::from_secs(1),
            ),
            ..Default::default()
        };
        let protocol = Lines { goes_on: seed % 2 == 0, ..Default::default() };
        run(protocol, settings, async move |world| storm(world, seed).await);
    }
}
