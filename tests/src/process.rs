//! A child program: its lines, its signals, its end.

use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use rustix::time::Timespec;

use crate::procfs::{self, ListeningSocket};

mod captured;

pub use captured::{Captured, Missing};

/// How long a killed process may take to go. Longer means that the kernel holds it.
const DEATH: Duration = Duration::from_secs(5);
/// How long the last lines of a process that has ended may take to arrive.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// How often a condition that has no event of its own is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// A running child program. When dropped, also by a panic, it is killed and reaped; its last lines
/// are shown if the test is failing.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    id: Pid,
    // Becomes readable when the process has ended: a wait with a deadline that does not poll.
    end: OwnedFd,
    stdin: Option<ChildStdin>,
    stdout: Captured,
    stderr: Captured,
    ended: Option<ExitStatus>,
}

impl Process {
    /// Starts `command`, captures the lines of its stdout and stderr, and holds its stdin open.
    ///
    /// # Errors
    /// When the program cannot be started; the error names it.
    pub fn spawn(command: Command) -> Result<Self> {
        let (mut process, stdout) = Self::spawn_with_stdout(command)?;
        process.stdout = Captured::read("stdout", stdout)?;
        Ok(process)
    }

    /// Like [`Process::spawn`], but hands out stdout to be read by somebody else.
    ///
    /// # Errors
    /// When the program cannot be started; the error names it.
    pub fn spawn_with_stdout(mut command: Command) -> Result<(Self, ChildStdout)> {
        command.stderr(Stdio::piped());
        Self::start(command)
    }

    fn start(mut command: Command) -> Result<(Self, ChildStdout)> {
        let name = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        let id = Pid::from_child(&child);
        let stdout = child.stdout.take().context("stdout was piped")?;
        let stderr = match child.stderr.take() {
            Some(stderr) => Captured::read("stderr", stderr)?,
            None => Captured::closed(),
        };
        let process = Self {
            end: pidfd_open(id, PidfdFlags::empty()).context("this kernel has no pidfd_open")?,
            name,
            id,
            stdin: child.stdin.take(),
            stdout: Captured::closed(),
            stderr,
            child,
            ended: None,
        };
        Ok((process, stdout))
    }

    /// Like [`Process::spawn`], with stderr in a file, for a program that writes more than this one
    /// could read beside it.
    ///
    /// # Errors
    /// When the program cannot be started; the error names it.
    pub fn spawn_with_stderr(mut command: Command, stderr: File) -> Result<Self> {
        command.stderr(stderr);
        let (mut process, stdout) = Self::start(command)?;
        process.stdout = Captured::read("stdout", stdout)?;
        Ok(process)
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.id.as_raw_nonzero().get().unsigned_abs()
    }

    /// What it wrote to stdout. Empty and closed after [`Process::spawn_with_stdout`].
    pub fn stdout(&self) -> &Captured {
        &self.stdout
    }

    /// What it wrote to stderr. Empty and closed after [`Process::spawn_with_stderr`].
    pub fn stderr(&self) -> &Captured {
        &self.stderr
    }

    /// Takes its stdin over; dropping it closes it.
    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.stdin.take()
    }

    /// Writes one line to its stdin.
    ///
    /// # Errors
    /// When stdin was taken or the process no longer reads.
    pub fn send_line(&mut self, line: &str) -> Result<()> {
        let stdin =
            self.stdin.as_mut().with_context(|| format!("{}: stdin was taken", self.name))?;
        let sent = stdin.write_all(format!("{line}\n").as_bytes());
        sent.with_context(|| format!("{}: cannot send {line:?}", self.name))
    }

    /// Waits for a line of stdout or stderr that contains `pattern`, among all lines since the
    /// start.
    ///
    /// # Errors
    /// When `timeout` passes or both streams end without it; the error shows the last lines of
    /// both.
    pub fn wait_for_line(&self, pattern: &str, timeout: Duration) -> Result<String> {
        let deadline = Instant::now() + timeout;
        let mut looked = [(&self.stdout, 0), (&self.stderr, 0)];
        loop {
            // Alternates between the streams, each for a moment: either may bring the line.
            let mut open = false;
            for (stream, from) in &mut looked {
                let so_far = stream.count();
                let moment = (Instant::now() + LOOK).min(deadline);
                match stream.wait_for(*from, moment, |line| line.contains(pattern)) {
                    Ok((_, line)) => return Ok(line),
                    Err(missing) => open |= missing == Missing::TimedOut,
                }
                *from = so_far;
            }
            if !open || Instant::now() >= deadline {
                bail!("{} wrote no line with {pattern:?}{}", self.name, self.last_lines());
            }
        }
    }

    /// Sends `signal`. The id cannot belong to anybody else: a child keeps it until it is reaped,
    /// which only this value does.
    ///
    /// # Errors
    /// When the process has already ended.
    pub fn signal(&mut self, signal: Signal) -> Result<()> {
        if let Some(status) = self.status()? {
            bail!("{} cannot be sent {signal:?}: it ended with {status}", self.name);
        }
        kill_process(self.id, signal).with_context(|| format!("cannot signal {}", self.name))
    }

    /// How it ended, or `None` while it runs.
    ///
    /// # Errors
    /// When the kernel does not know the child.
    pub fn status(&mut self) -> Result<Option<ExitStatus>> {
        if self.ended.is_none() {
            self.ended =
                self.child.try_wait().with_context(|| format!("waiting for {}", self.name))?;
        }
        Ok(self.ended)
    }

    /// Waits for its end, at most `timeout`. [`ExitStatus::code`] is `None` for a process that a
    /// signal ended.
    ///
    /// # Errors
    /// When it still runs then; the error shows its last lines.
    pub fn wait(&mut self, timeout: Duration) -> Result<ExitStatus> {
        self.ends_within(timeout)?;
        let Some(status) = self.status()? else {
            bail!("{} still runs after {timeout:?}{}", self.name, self.last_lines());
        };
        Ok(status)
    }

    /// Kills it (SIGKILL) and reaps it. No error if it had ended before.
    ///
    /// # Errors
    /// When the kernel does not let go of it within five seconds.
    pub fn kill(&mut self) -> Result<ExitStatus> {
        if self.status()?.is_none() {
            self.signal(Signal::KILL)?;
        }
        self.wait(DEATH)
    }

    /// Waits until `condition` holds, for states that have no event to wait for; `what` names it in
    /// the error.
    ///
    /// # Errors
    /// The condition's own; and when the process ends first or `timeout` passes.
    pub fn wait_until(
        &mut self,
        what: &str,
        timeout: Duration,
        mut condition: impl FnMut(u32) -> Result<bool>,
    ) -> Result<()> {
        let deadline = Instant::now() + timeout;
        loop {
            if let Some(status) = self.status()? {
                bail!("{} ended with {status} before {what}{}", self.name, self.last_lines());
            }
            if condition(self.id())? {
                return Ok(());
            }
            if Instant::now() >= deadline {
                bail!("{}: not {what} within {timeout:?}{}", self.name, self.last_lines());
            }
            // Paces the loop, and wakes at once when the process ends.
            self.ends_within(LOOK)?;
        }
    }

    /// Waits until the process itself, and nobody else, listens on `address`.
    ///
    /// # Errors
    /// When another process listens there too, this one ends first, or `timeout` passes.
    pub fn wait_until_listening(&mut self, address: SocketAddr, timeout: Duration) -> Result<()> {
        let name = self.name.clone();
        self.wait_until(&format!("listening on {address}"), timeout, |id| {
            let before = procfs::listening_sockets()?;
            let own = procfs::listening_sockets_of(id)?;
            let after = procfs::listening_sockets()?;
            let here = |socket: &&ListeningSocket| socket.address == address;
            // Seen before and after its own were read, and not among those: not just one that came
            // or went meanwhile.
            let mut lasting = before.iter().filter(here).filter(|socket| after.contains(socket));
            if lasting.any(|socket| !own.contains(socket)) {
                bail!("{address} is held by another process than {name}");
            }
            Ok(own.iter().any(|socket| here(&socket)))
        })
    }

    /// The last lines of both streams, for an error message. Of a process that has ended, all it
    /// said is waited for, a moment at most: its last words are why one asks.
    pub fn last_lines(&self) -> String {
        let ended = self.ends_within(Duration::ZERO).is_ok_and(|ended| ended);
        let patience = if ended { LAST_WORDS } else { Duration::ZERO };
        let deadline = Instant::now() + patience;
        let mut text = String::new();
        for (name, stream) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            stream.wait_for_end(deadline);
            for line in stream.last(20) {
                text.push_str(&format!("\n  {name}| {line}"));
            }
        }
        text
    }

    /// Whether it ends within `timeout`; wakes at once when it does.
    fn ends_within(&self, timeout: Duration) -> Result<bool> {
        let deadline = Instant::now() + timeout;
        loop {
            let left = Timespec::try_from(deadline.saturating_duration_since(Instant::now()))
                .with_context(|| format!("{timeout:?} is no time to wait"))?;
            match poll(&mut [PollFd::new(&self.end, PollFlags::IN)], Some(&left)) {
                Err(Errno::INTR) => {}
                other => return Ok(other.context("cannot poll a pidfd")? > 0),
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{} (process {}):{}", self.name, self.id(), self.last_lines());
        }
        if let Err(error) = self.kill() {
            eprintln!("{} (process {}) could not be killed: {error:#}", self.name, self.id());
        }
    }
}
