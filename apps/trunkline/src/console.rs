//! What is said to whoever started the program, beside the log.

use std::io::Write as _;

/// Says something to whoever started the program. A closed standard output is no reason to fail.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Says why the program does not do what it was asked.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", text.trim_end());
}
