//! A terminal of any size, with a program that writes to it.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use rustix::time::Timespec;

use crate::SOON;

/// Where a drawing begins.
const HOME: &str = "\x1b[H";

/// The terminal, in the hands of the test. The program is killed with it.
pub(super) struct Pty {
    master: File,
    child: Child,
    written: Vec<u8>,
}

impl Pty {
    /// Starts a program whose standard output is a terminal of this size.
    pub(super) fn start(mut command: Command, columns: u16, rows: u16) -> Result<Self> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(flags).context("a terminal")?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let slave = open(ptsname(&master, Vec::new())?, flags, Mode::empty())?;
        tcsetwinsize(&master, size(columns, rows))?;
        command.stdin(Stdio::null()).stdout(slave).stderr(Stdio::null());
        let child = command.spawn()?;
        // It holds the other end, which would else never be closed.
        drop(command);
        Ok(Self { master: master.into(), child, written: Vec::new() })
    }

    /// Gives the terminal another size, as its user does.
    pub(super) fn resize(&self, columns: u16, rows: u16) -> Result<()> {
        tcsetwinsize(&self.master, size(columns, rows))?;
        // It is not the terminal that controls the program, so the kernel does not tell.
        self.signal(Signal::WINCH)
    }

    pub(super) fn signal(&self, signal: Signal) -> Result<()> {
        Ok(kill_process(Pid::from_child(&self.child), signal)?)
    }

    /// Waits for a whole drawing that `matches`, of all that were made since [`Self::forget`].
    pub(super) fn drawing(&mut self, matches: impl Fn(&str) -> bool) -> Result<String> {
        let deadline = Instant::now() + SOON;
        loop {
            let written = String::from_utf8_lossy(&self.written).into_owned();
            let mut drawings = written.split(HOME).skip(1).peekable();
            // The last may go on.
            while let (Some(drawing), Some(_)) = (drawings.next(), drawings.peek()) {
                if matches(drawing) {
                    return Ok(drawing.to_owned());
                }
            }
            if Instant::now() >= deadline || !self.read(deadline)? {
                bail!("no such drawing: {}", written.rsplit(HOME).take(2).collect::<String>());
            }
        }
    }

    /// Forgets what was written so far.
    pub(super) fn forget(&mut self) {
        self.written.clear();
    }

    /// Waits until the program has ended: how, and all that it wrote.
    pub(super) fn end(mut self) -> Result<(ExitStatus, String)> {
        let deadline = Instant::now() + SOON;
        while self.read(deadline)? {
            if Instant::now() >= deadline {
                bail!("it does not end");
            }
        }
        let written = String::from_utf8_lossy(&self.written).into_owned();
        Ok((self.child.wait()?, written))
    }

    /// Reads what there is, or waits for more; false once the program has closed its end.
    fn read(&mut self, deadline: Instant) -> Result<bool> {
        let left = Timespec::try_from(deadline.saturating_duration_since(Instant::now()))?;
        match poll(&mut [PollFd::new(&self.master, PollFlags::IN)], Some(&left)) {
            Err(Errno::INTR) | Ok(0) => return Ok(true),
            other => other?,
        };
        let mut piece = [0; 4096];
        match self.master.read(&mut piece) {
            Ok(0) => Ok(false),
            Ok(read) => {
                self.written.extend_from_slice(&piece[..read]);
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(true),
            // Nobody has the other end open any more.
            Err(error) if error.raw_os_error() == Some(Errno::IO.raw_os_error()) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn size(columns: u16, rows: u16) -> Winsize {
    Winsize { ws_col: columns, ws_row: rows, ws_xpixel: 0, ws_ypixel: 0 }
}

/// The lines of what was written, without what is no text.
pub(super) fn lines(written: &str) -> Vec<String> {
    let mut text = String::new();
    let mut characters = written.chars();
    while let Some(character) = characters.next() {
        if character == '\x1b' {
            // A control sequence: from `[` to a letter.
            let _ = characters.by_ref().find(char::is_ascii_alphabetic);
        } else {
            text.push(character);
        }
    }
    text.lines().map(|line| line.trim_end().to_owned()).collect()
}
