//! The ways of messages between mailboxes that the test empties.

use tokio::time::Instant;

use super::*;

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn counts(dispatch: &Dispatch<Job>) -> [u64; 3] {
    let detail = dispatch.detail();
    ["delivered", "failed", "cancelled"].map(|name| detail[name].as_u64().unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_full_member_hands_the_question_to_the_next() {
    let dispatch = Dispatch::new("workers", RoundRobin::default());
    let all = [Slots::new("full", 0), Slots::new("full too", 0), Slots::new("free", 1)];
    let _members = all.each_ref().map(|slots| dispatch.join(slots.recipient()));
    let asked = dispatch.ask(Job(7), millis(100));
    let (job, reply) = all[2].take().pop().expect("asked at once, not when it is polled");
    reply.send(job.0 + 1);
    assert_eq!(asked.await.unwrap(), 8);
    assert_eq!(counts(&dispatch), [1, 0, 0]);
    let detail = dispatch.detail();
    assert_eq!(detail["of"][0]["failed_over"], 1);
    assert_eq!(detail["of"][2]["asked"], 1);
}

#[tokio::test(start_paused = true)]
async fn an_error_says_what_was_tried() {
    let dispatch = Dispatch::new("workers\n", RoundRobin::default());
    let ask = || dispatch.ask(Job(1), millis(100));
    let error = ask().await.unwrap_err();
    let wanted = "group \"workers\\n\": it has no members; something has to join first";
    assert_eq!((error.why, error.to_string().as_str()), (Why::Empty, wanted));

    let all: Vec<_> = (0..10).map(|id| Slots::new(&format!("w{id}"), 0)).collect();
    let _members: Vec<_> = all.iter().map(|slots| dispatch.join(slots.recipient())).collect();
    let error = ask().await.unwrap_err();
    assert_eq!((error.why, error.tried.len(), error.more), (Why::Refused, 8, 2));
    let text = error.to_string();
    assert!(text.contains("(\"w0\": the actor's mailbox is full; \"w1\": the"), "{text}");
    assert!(text.ends_with("; and 2 more)"), "{text}");

    all.iter().for_each(|slots| slots.park(true));
    assert_eq!(ask().await.unwrap_err().why, Why::Closed);
    assert_eq!(counts(&dispatch), [0, 3, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_member_that_ends_with_the_question_fails_it_or_passes_it_on() {
    for (on_crash, lost) in [
        (OnCrash::Fail, AskError::Crashed),
        (OnCrash::Retry, AskError::Crashed),
        (OnCrash::Fail, AskError::Stopped),
        (OnCrash::Retry, AskError::Stopped),
    ] {
        let dispatch = Dispatch::new("workers", RoundRobin::default()).on_crash(on_crash);
        let all = [Slots::new("first", 1), Slots::new("second", 1)];
        let _members = all.each_ref().map(|slots| dispatch.join(slots.recipient()));
        let asked = dispatch.ask(Job(1), millis(100));
        let script = async {
            all[0].take().pop().unwrap().1.fail(lost);
            tokio::time::sleep(millis(1)).await;
            all[1].take().pop().map(|(job, reply)| reply.send(job.0))
        };
        let (answer, retried) = tokio::join!(asked, script);
        assert_eq!(retried.is_some(), on_crash == OnCrash::Retry);
        match answer {
            Ok(answer) => assert_eq!((on_crash, answer), (OnCrash::Retry, 1)),
            Err(error) => {
                let why = if lost == AskError::Crashed { Why::Crashed } else { Why::Stopped };
                assert_eq!((on_crash, error.why), (OnCrash::Fail, why));
                assert!(error.may_have_acted);
            }
        }
        let crashed = dispatch.detail()["of"][0]["crashed"].as_u64();
        assert_eq!(crashed, Some(u64::from(lost == AskError::Crashed)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_crashes_one_after_the_other_is_given_up() {
    let dispatch = Dispatch::new("workers", RoundRobin::default()).on_crash(OnCrash::Retry);
    let all: Vec<_> = (0..9).map(|id| Slots::new(&format!("w{id}"), 1)).collect();
    let _members: Vec<_> = all.iter().map(|slots| dispatch.join(slots.recipient())).collect();
    let mut asked = Box::pin(dispatch.ask(Job(1), millis(100)));
    let mut crashes = 0;
    let error = loop {
        for (_, reply) in all.iter().flat_map(|slots| slots.take()) {
            reply.fail(AskError::Crashed);
            crashes += 1;
        }
        if let Some(answer) = futures_util::FutureExt::now_or_never(&mut asked) {
            break answer.unwrap_err();
        }
    };
    assert_eq!((error.why, error.tried.len(), crashes), (Why::Crashed, 3, CRASHES));
}

#[tokio::test(start_paused = true)]
async fn a_crash_with_nobody_else_to_ask_is_what_the_asker_learns() {
    let dispatch = Dispatch::new("workers", RoundRobin::default()).on_crash(OnCrash::Retry);
    let all = [Slots::new("first", 1), Slots::new("full", 0)];
    let _members = all.each_ref().map(|slots| dispatch.join(slots.recipient()));
    let asked = dispatch.ask(Job(1), millis(100));
    all[0].take().pop().unwrap().1.fail(AskError::Crashed);
    let error = asked.await.unwrap_err();
    assert_eq!((error.why, error.tried.len()), (Why::Crashed, 2));
}

#[tokio::test(start_paused = true)]
async fn the_next_member_gets_what_is_left_of_the_time() {
    let dispatch = Dispatch::new("workers", RoundRobin::default()).on_crash(OnCrash::Retry);
    let all = [Slots::new("first", 1), Slots::new("second", 1), Slots::new("third", 1)];
    let _members = all.each_ref().map(|slots| dispatch.join(slots.recipient()));
    let before = Instant::now();
    let asked = dispatch.ask(Job(1), millis(500));
    let script = async {
        for slots in &all[..2] {
            tokio::time::sleep(millis(200)).await;
            slots.take().pop().unwrap().1.fail(AskError::Crashed);
        }
    };
    let (answer, ()) = tokio::join!(asked, script);
    let error = answer.unwrap_err();
    assert_eq!((error.why, error.tried.len()), (Why::Deadline, 3));
    assert!((millis(500)..=millis(510)).contains(&before.elapsed()), "{:?}", before.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_question_that_is_given_up_is_counted() {
    let dispatch = Dispatch::new("workers", RoundRobin::default());
    let slots = Slots::new("one", 2);
    let _member = dispatch.join(slots.recipient());
    drop(dispatch.ask(Job(1), millis(500)));
    assert!(tokio::time::timeout(millis(50), dispatch.ask(Job(2), millis(500))).await.is_err());
    assert_eq!(counts(&dispatch), [0, 0, 2]);
    assert_eq!(slots.messages(), [Job(1), Job(2)]);
}

/// Chooses the first whatever happens.
struct Stubborn;

impl Choose<Job> for Stubborn {
    fn name(&self) -> &'static str {
        "stubborn"
    }

    fn choose(&self, job: &Job, _: &Candidates<'_, Job>) -> Option<usize> {
        Some(job.0 as usize)
    }
}

#[test]
fn an_algorithm_that_chooses_whom_it_may_not_ends_the_tour_and_no_more() {
    let dispatch = Dispatch::new("workers", Stubborn);
    let slots = Slots::new("full", 0);
    let _member = dispatch.join(slots.recipient());
    assert_eq!(dispatch.send(Job(0)).unwrap_err().error.tried.len(), 1);
    assert_eq!(dispatch.send(Job(5)).unwrap_err().error.why, Why::Closed);
}
