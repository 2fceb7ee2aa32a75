//! Spans: those of a running program, as its collector gets them; and on their way to a collector that
//! is there, slow, silent, broken or gone.
//!
//! | File | What it shows |
//! |---|---|
//! | `requests` | requests that one backend answers, or nobody has to |
//! | `retries` | requests for which more than one backend is asked, or none is free |
//! | `hedges` | requests for which a second backend is asked while the first takes its time |
//! | `connections` | connections that are forwarded |
//! | `crashes` | work that a panic has ended, and what came back after it |
//! | `context` | what clients say of their traces, and what is sampled |
//! | `crowd` | ten thousand requests of which many fail, and every span of theirs |
//! | `protocols` | protocols of an author's, and actors that they ask |
//! | `file` | the file of traces |
//! | `logs` | the lines of the log, which name traces |
//! | `hostile` | requests that would like to say more than they may |
//! | `arriving` | what a collector gets while all is well, and at the end |
//! | `failing` | what becomes of spans while it is not: a bound, counts, and the way back |
//! | `edge`, `told` | a running program, and what the collector was told of it |
//! | `origin` | a backend that answers by a rule |
//! | `rig` | an exporter with a collector of the test's own |

#![expect(clippy::unwrap_used, reason = "a test without what it stands on is to fail")]

mod arriving;
mod connections;
mod context;
mod crashes;
mod crowd;
mod edge;
mod failing;
mod file;
mod hedges;
mod hostile;
mod logs;
mod origin;
mod protocols;
mod requests;
mod retries;
mod rig;
mod told;
