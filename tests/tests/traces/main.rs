//! Spans on their way to a collector that is there, slow, silent, broken or gone.
//!
//! | File | What it shows |
//! |---|---|
//! | `arriving` | what a collector gets while all is well, and at the end |
//! | `failing` | what becomes of spans while it is not: a bound, counts, and the way back |
//! | `rig` | an exporter with a collector of the test's own |

mod arriving;
mod failing;
mod rig;
