//! The commands on stdin, and its end.

use std::io::{self, BufRead};
use std::process;
use std::thread;

use anyhow::{Context, Result};
use tokio::sync::mpsc;

/// Exit code when stdin closed before the work was done.
const ABANDONED: i32 = 3;

/// Reads stdin on a thread of its own and passes its lines on. When stdin closes, the whole program
/// ends: whoever started it is gone, and a helper must not stay behind.
pub(crate) fn read() -> Result<mpsc::Receiver<String>> {
    let (sender, receiver) = mpsc::channel(16);
    let reader = thread::Builder::new().name("stdin".to_owned());
    reader
        .spawn(move || {
            for line in io::stdin().lock().lines().map_while(Result::ok) {
                // A program that takes no commands has dropped the receiver; it still ends with
                // stdin.
                let _unread = sender.blocking_send(line);
            }
            process::exit(ABANDONED);
        })
        .context("cannot start the reader of stdin")?;
    Ok(receiver)
}
