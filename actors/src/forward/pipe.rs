//! Bytes from one socket to another through a pipe, which the kernel moves without copying them.

use std::cell::{Cell, RefCell};
use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use rustix::io::retry_on_intr;
use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice};
use tokio::io::Interest;
use tokio::net::TcpStream;

/// What a pipe is to hold, in bytes: 256 pages, each of which takes one fragment of a packet. An
/// unprivileged user is given less where `fs.pipe-user-pages-soft` is used up.
pub(crate) const PIPE_SIZE: usize = 1 << 20;

/// A pipe that holds less is not worth its system calls.
const SMALLEST: usize = 64 * 1024;

/// Pipes of one thread, lent or waiting; each is two descriptors.
pub(crate) const PIPES_PER_THREAD: u32 = 32;

thread_local! {
    static WAITING: RefCell<Vec<Fds>> = const { RefCell::new(Vec::new()) };
    static LENT: Cell<u32> = const { Cell::new(0) };
}

#[derive(Debug)]
struct Fds {
    reader: OwnedFd,
    writer: OwnedFd,
}

/// A pipe on loan from the thread that it belongs to.
///
/// Its drop gives it back to the others of the thread, but only an empty one: what is left in it
/// belongs to a stream that has failed, and is closed with it.
#[derive(Debug)]
pub(crate) struct Pipe {
    /// None only while it is dropped.
    fds: Option<Fds>,
    held: usize,
    _of_this_thread: PhantomData<Rc<()>>,
}

/// Why bytes did not get into a pipe.
#[derive(Debug)]
pub(crate) enum FillError {
    /// The kernel does not splice here: an old one, or a sandbox. Nothing was taken.
    Unable,
    /// The socket failed.
    Socket(io::Error),
}

impl Pipe {
    /// An empty pipe. None when the thread has lent as many as it may, or when there is no
    /// descriptor left for a new one, or too few pages: then bytes are to be copied.
    pub(crate) fn lend() -> Option<Self> {
        if LENT.get() >= PIPES_PER_THREAD {
            return None;
        }
        let waiting = WAITING.with_borrow_mut(Vec::pop);
        let fds = match waiting {
            Some(fds) => fds,
            None => Fds::open()?,
        };
        LENT.set(LENT.get() + 1);
        Some(Self { fds: Some(fds), held: 0, _of_this_thread: PhantomData })
    }

    /// Bytes in it.
    pub(crate) fn held(&self) -> usize {
        self.held
    }

    /// Takes at most `most` bytes from the socket `from` and says how many; 0 is its end. The
    /// pipe has to be empty, so that only the socket can be what there is nothing from.
    ///
    /// # Errors
    /// When the socket fails, or splicing is not to be had.
    pub(crate) fn poll_fill(
        &mut self,
        cx: &mut Context<'_>,
        from: &TcpStream,
        most: usize,
    ) -> Poll<Result<usize, FillError>> {
        debug_assert_eq!(self.held, 0, "a full pipe cannot be told from a socket without bytes");
        let Some(Fds { writer, .. }) = &self.fds else {
            return Poll::Ready(Err(FillError::Unable));
        };
        loop {
            ready!(from.poll_read_ready(cx)).map_err(FillError::Socket)?;
            match from.try_io(Interest::READABLE, || moved(from, writer, most)) {
                Ok(taken) => {
                    self.held = taken;
                    return Poll::Ready(Ok(taken));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(FillError::of(error))),
            }
        }
    }

    /// Gives what it holds to the socket `to` and says how much was taken.
    ///
    /// # Errors
    /// When the socket fails.
    pub(crate) fn poll_drain(
        &mut self,
        cx: &mut Context<'_>,
        to: &TcpStream,
    ) -> Poll<io::Result<usize>> {
        let Some(Fds { reader, .. }) = &self.fds else {
            return Poll::Ready(Ok(0));
        };
        loop {
            ready!(to.poll_write_ready(cx))?;
            match to.try_io(Interest::WRITABLE, || moved(reader, to, self.held)) {
                Ok(taken) => {
                    self.held -= taken;
                    return Poll::Ready(Ok(taken));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        // None where the thread ends: nothing is lent any more then.
        let _ = LENT.try_with(|lent| lent.set(lent.get() - 1));
        if self.held == 0
            && let Some(fds) = self.fds.take()
        {
            let _ = WAITING.try_with(|waiting| waiting.borrow_mut().push(fds));
        }
    }
}

impl Fds {
    fn open() -> Option<Self> {
        // EMFILE and ENFILE: descriptors are used up.
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK).ok()?;
        let size = match fcntl_setpipe_size(&writer, PIPE_SIZE) {
            Ok(size) => size,
            // EPERM: over the user's share, or the machine's largest pipe is smaller.
            Err(_) => rustix::pipe::fcntl_getpipe_size(&writer).ok()?,
        };
        (size >= SMALLEST).then_some(Self { reader, writer })
    }
}

impl FillError {
    fn of(error: io::Error) -> Self {
        use rustix::io::Errno;
        match Errno::from_io_error(&error) {
            Some(Errno::NOSYS | Errno::INVAL | Errno::PERM | Errno::NOMEM) => Self::Unable,
            Some(_) | None => Self::Socket(error),
        }
    }
}

fn moved(from: impl AsFd, to: impl AsFd, most: usize) -> io::Result<usize> {
    let flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
    Ok(retry_on_intr(|| splice(&from, None, &to, None, most, flags))?)
}

#[cfg(test)]
mod tests;
