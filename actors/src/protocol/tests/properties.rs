//! Whatever comes in whatever order: each message is answered once, in order, and those that crash
//! the handler by the error.

mod answering;

use std::future::poll_fn;
use std::task::{Poll, ready};
use std::time::Duration;

use answering::{Answering, Manner, Note, letter};
use proptest::prelude::*;

use crate::protocol::Closed;
use crate::protocol::testing::{TestConnection, TestPeer};

#[derive(Debug, Clone, Copy)]
enum Act {
    /// The peer sends a message.
    Send(Manner),
    /// Another actor does.
    Note(Manner),
    /// Time passes, in milliseconds.
    Pass(u64),
    /// The handler panics over the nth message from here.
    CrashOn(u32),
    /// The peer reads so many bytes.
    Read(usize),
}

fn manner() -> impl Strategy<Value = Manner> {
    prop_oneof![
        6 => Just(Manner::Answer),
        2 => Just(Manner::AnswerLate),
        1 => Just(Manner::ReadOn),
        1 => Just(Manner::Panic),
        1 => Just(Manner::Fail),
        1 => Just(Manner::PanicLate),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => manner().prop_map(Act::Send),
        2 => manner().prop_map(Act::Note),
        2 => (0..500u64).prop_map(Act::Pass),
        1 => (1..6u32).prop_map(Act::CrashOn),
        2 => (1..40usize).prop_map(Act::Read),
    ]
}

/// What the peer is answered.
fn model(sent: &[Manner]) -> Vec<String> {
    let mut answers = Vec::new();
    let mut read_on = false;
    for (number, manner) in sent.iter().enumerate() {
        let crashes = matches!(manner, Manner::Panic | Manner::Fail | Manner::PanicLate);
        if crashes && !read_on {
            answers.push("error".to_owned());
        } else {
            answers.push(format!("m{number}"));
        }
        read_on = matches!(manner, Manner::ReadOn) && !read_on;
    }
    answers
}

/// Sends `bytes`, and reads meanwhile what there is: both windows may be full.
async fn converse(peer: &mut TestPeer<Answering>, mut bytes: &[u8], received: &mut Vec<u8>) {
    let mut buffer = [0; 64];
    poll_fn(|task| {
        loop {
            if bytes.is_empty() {
                return Poll::Ready(());
            }
            let written = peer.stream.poll_write(task, bytes);
            if let Poll::Ready(written) = written {
                bytes = &bytes[written.expect("the connection is there")..];
                continue;
            }
            let read = ready!(peer.stream.poll_read(task, &mut buffer)).expect("it is there");
            received.extend(&buffer[..read]);
        }
    })
    .await;
}

/// Reads what there is, up to so many bytes.
async fn take(peer: &mut TestPeer<Answering>, count: usize, received: &mut Vec<u8>) {
    let mut buffer = vec![0; count];
    let read = poll_fn(|task| Poll::Ready(peer.stream.poll_read(task, &mut buffer))).await;
    if let Poll::Ready(read) = read {
        received.extend(&buffer[..read.expect("the connection is there")]);
    }
}

/// Lets the acts happen; the peer's lines, and those about messages of other actors.
fn happen(acts: Vec<Act>, cuts: Vec<usize>, window: usize) -> (Vec<String>, Vec<String>) {
    let (lines, out) = std::sync::mpsc::channel();
    TestConnection::new(Answering).window(window).run(async move |peer| {
        let mut input = Vec::new();
        let mut received = Vec::new();
        let (mut messages, mut notes, mut cut) = (0, 0, cuts.iter().cycle());
        for act in acts {
            match act {
                Act::Send(manner) => {
                    input.extend(format!("{messages} {}\n", letter(manner)).bytes());
                    messages += 1;
                    let length = cut.next().map_or(input.len(), |cut| (*cut).min(input.len()));
                    let piece: Vec<u8> = input.drain(..length).collect();
                    converse(peer, &piece, &mut received).await;
                }
                Act::Note(manner) => {
                    peer.connection().send(Note(notes, manner)).unwrap();
                    notes += 1;
                }
                Act::Pass(millis) => peer.advance(Duration::from_millis(millis)).await,
                Act::CrashOn(nth) => peer.crash_on(nth),
                Act::Read(count) => take(peer, count, &mut received).await,
            }
        }
        converse(peer, &input, &mut received).await;
        // Until nothing more comes: then no hook is at work but one that reads.
        let mut before = usize::MAX;
        while std::mem::replace(&mut before, received.len()) != received.len() {
            for _ in 0..10 {
                peer.advance(Duration::from_millis(100)).await;
                take(peer, 1000, &mut received).await;
            }
        }
        peer.end().await;
        loop {
            let more = peer.receive(1000).await;
            received.extend(&more);
            if more.len() < 1000 {
                break;
            }
        }
        assert_eq!(peer.closed().await, Closed::PeerDone);
        let text = String::from_utf8(received).expect("answers are text");
        for line in text.lines() {
            lines.send(line.to_owned()).expect("the test listens");
        }
    });
    out.into_iter().partition(|line| !line.starts_with('n'))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn every_message_is_answered_once_and_in_order(
        acts in prop::collection::vec(act(), 0..40),
        cuts in prop::collection::vec(1usize..12, 1..8),
        window in prop_oneof![Just(3usize), Just(17), Just(4096)],
    ) {
        let acts: Vec<_> =
            acts.into_iter().filter(|act| !matches!(act, Act::CrashOn(_))).collect();
        let sent: Vec<_> = acts
            .iter()
            .filter_map(|act| if let Act::Send(manner) = act { Some(*manner) } else { None })
            .collect();
        let (answers, _) = happen(acts, cuts, window);
        prop_assert_eq!(answers, model(&sent));
    }

    #[test]
    fn a_crash_on_command_costs_one_answer_in_its_place(
        acts in prop::collection::vec(act(), 0..40),
        cuts in prop::collection::vec(1usize..12, 1..8),
        window in prop_oneof![Just(3usize), Just(17), Just(4096)],
    ) {
        // No nested reads: whether a message is read within another depends on the crashes.
        let acts: Vec<_> = acts
            .into_iter()
            .filter(|act| !matches!(act, Act::Send(Manner::ReadOn)))
            .collect();
        let sent: Vec<_> = acts
            .iter()
            .filter_map(|act| if let Act::Send(manner) = act { Some(*manner) } else { None })
            .collect();
        let commands = acts.iter().filter(|act| matches!(act, Act::CrashOn(_))).count();
        let (answers, _) = happen(acts, cuts, window);
        let expected = model(&sent);
        prop_assert_eq!(answers.len(), expected.len());
        let mut crashed = 0;
        for (answer, expected) in answers.iter().zip(&expected) {
            if answer != expected {
                prop_assert_eq!(answer, "error");
                crashed += 1;
            }
        }
        prop_assert!(crashed <= commands, "{} of {}", crashed, commands);
    }

    #[test]
    fn messages_of_other_actors_are_received_once_and_in_order(
        acts in prop::collection::vec(act(), 0..40),
        window in prop_oneof![Just(3usize), Just(4096)],
    ) {
        let acts: Vec<_> =
            acts.into_iter().filter(|act| !matches!(act, Act::CrashOn(_))).collect();
        let notes: Vec<_> = acts
            .iter()
            .filter_map(|act| if let Act::Note(manner) = act { Some(*manner) } else { None })
            .collect();
        let read_on = acts.iter().any(|act| matches!(act, Act::Send(Manner::ReadOn)));
        let (_, noted) = happen(acts, vec![64], window);
        let expected = notes.iter().enumerate().map(|(number, manner)| match manner {
            Manner::Panic | Manner::PanicLate | Manner::Fail => "noted error".to_owned(),
            Manner::Answer | Manner::AnswerLate | Manner::ReadOn => format!("n{number}"),
        });
        // Behind a hook that reads on until the end some wait, and are refused then.
        let all = if read_on { noted.len() } else { notes.len() };
        let expected: Vec<_> = expected.take(all).collect();
        prop_assert_eq!(noted, expected);
    }
}
