use std::collections::HashSet;
use std::time::Duration;

use proptest::prelude::*;
use trunkline_observability::trace::{SpanId, TraceId};

use super::*;
use crate::backend::health::HealthPolicy;

/// What becomes of a leg.
#[derive(Debug, Clone, Copy)]
enum Fate {
    /// Nobody has answered the question.
    Unanswered,
    Refused,
    /// After a wait, or at once; ended, or cut off.
    Tried {
        queued: bool,
        ended: bool,
    },
    /// A second backend, which had no lease, was slower, has failed, or was faster.
    Hedged(Option<Hedged>),
}

#[derive(Debug, Clone, Copy)]
enum Hedged {
    Slower,
    Failed,
    Faster,
}

fn backend() -> Arc<Backend> {
    let policy =
        HealthPolicy { fall: 1, probe_fall: 1, rise: 1, retry_after: Duration::from_secs(1) };
    Arc::new(Backend::new(([127, 0, 0, 1], 1).into(), None, policy))
}

fn leg(fate: Fate, at: impl Fn(u64) -> Instant) -> Leg {
    let mut leg = Leg::ask(at(0));
    match fate {
        Fate::Unanswered => {}
        Fate::Refused => leg.refused("all_tried", at(2)),
        Fate::Tried { queued, ended } => {
            if queued {
                leg.queued(at(1));
            }
            leg.granted(&backend(), new_span(), at(2));
            if let Some(attempt) = leg.attempt().filter(|_| ended) {
                attempt.ended("backend_reset", false, 0, at(4));
            }
        }
        Fate::Hedged(hedged) => {
            let (mut second, hedge) = Leg::hedge(at(0));
            match hedged {
                None => hedge.refused("none_free", at(1)),
                Some(hedged) => {
                    hedge.granted(&backend(), at(1));
                    if matches!(hedged, Hedged::Failed) {
                        hedge.ended("refused", 0, at(2));
                    }
                }
            }
            hedge.over(at(3));
            if matches!(hedged, Some(Hedged::Faster)) {
                second.wins();
            }
            return second;
        }
    }
    leg
}

fn built(fates: &[Fate]) -> (TraceContext, usize, Vec<SpanData>) {
    let clocks = Clocks::now();
    let begun = Instant::now();
    let (at, after) = (|micros| begun + Duration::from_micros(micros), fates.len() as u64 * 10);
    let mut legs = Legs::new();
    for (number, fate) in (0..).zip(fates) {
        legs.push(leg(*fate, |micros| at(number * 10 + micros)));
    }
    let legs = Travelled::all(&mut legs, &Directory::default());
    let root = TraceContext {
        trace: TraceId::from_bytes([1; 16]),
        span: SpanId::from_bytes([2; 8]),
        sampled: true,
    };
    let way = Way {
        root,
        clocks: &clocks,
        ended: at(after),
        pool: Some(&"web".into()),
        router: &Place::router(0, 1),
        worker: 0,
        attempt: "try",
    };
    let mut spans = Vec::new();
    way.build(&legs, &mut spans);
    (root, legs.iter().map(Travelled::spans).sum(), spans)
}

fn tries(spans: &[SpanData]) -> Vec<&SpanData> {
    spans.iter().filter(|span| span.name == "try").collect()
}

fn text(span: &SpanData, key: &str) -> Option<String> {
    let found = span.attributes.iter().find(|attribute| attribute.key.as_str() == key);
    found.map(|attribute| attribute.value.to_string())
}

fn is_error(span: &SpanData) -> bool {
    format!("{:?}", span.status).starts_with("Error")
}

fn took(span: &SpanData) -> Duration {
    span.end_time.duration_since(span.start_time).unwrap()
}

const FAILED: Fate = Fate::Tried { queued: false, ended: true };
const CUT_OFF: Fate = Fate::Tried { queued: false, ended: false };

#[test]
fn a_try_that_is_cut_off_beside_a_second_one_lasts_to_the_end() {
    let (.., spans) = built(&[CUT_OFF, Fate::Hedged(Some(Hedged::Slower))]);
    let tries = tries(&spans);
    assert_eq!(took(tries[0]), Duration::from_micros(18));
    assert_eq!(took(tries[1]), Duration::from_micros(2), "it ends when nobody asks it any more");
}

#[test]
fn a_question_without_a_lease_is_no_try() {
    let (.., spans) = built(&[FAILED, Fate::Refused, FAILED]);
    let count = |span| text(span, "http.request.resend_count");
    assert_eq!(tries(&spans).into_iter().map(count).collect::<Vec<_>>(), [None, Some("1".into())]);
}

#[test]
fn a_second_backend_that_cannot_be_had_is_no_error_and_takes_no_time() {
    let (.., spans) = built(&[CUT_OFF, Fate::Hedged(None)]);
    let lease = spans.last().unwrap();
    assert_eq!(text(lease, "trunkline.outcome").as_deref(), Some("none_free"));
    assert!(!is_error(lease), "{lease:?}");
    assert_eq!(took(lease), Duration::from_micros(1));
}

#[test]
fn one_that_was_faster_and_is_cut_off_then_has_not_ended_well() {
    let (.., spans) = built(&[FAILED, Fate::Hedged(Some(Hedged::Faster))]);
    let second = tries(&spans)[1];
    assert_eq!(text(second, "trunkline.outcome").as_deref(), Some("cut_off"));
    assert!(is_error(second), "{second:?}");
}

fn fates() -> impl Strategy<Value = Vec<Fate>> {
    let fate = prop_oneof![
        Just(Fate::Unanswered),
        Just(Fate::Refused),
        any::<(bool, bool)>().prop_map(|(queued, ended)| Fate::Tried { queued, ended }),
        Just(Fate::Hedged(None)),
        Just(Fate::Hedged(Some(Hedged::Slower))),
        Just(Fate::Hedged(Some(Hedged::Failed))),
        Just(Fate::Hedged(Some(Hedged::Faster))),
    ];
    prop::collection::vec(fate, 0..6)
}

proptest! {
    #[test]
    fn as_many_spans_are_made_as_were_counted_each_once_and_below_another(fates in fates()) {
        let (root, counted, spans) = built(&fates);
        prop_assert_eq!(spans.len(), counted);
        let mut above = HashSet::from([root.span]);
        for span in &spans {
            prop_assert_eq!(span.span_context.trace_id(), root.trace);
            prop_assert!(above.contains(&span.parent_span_id), "{:?}", span);
            prop_assert!(above.insert(span.span_context.span_id()), "twice: {:?}", span);
            prop_assert!(span.start_time <= span.end_time);
        }
    }
}
