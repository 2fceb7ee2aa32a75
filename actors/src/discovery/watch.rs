//! When a file is worth reading.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What tells one version of a file from another without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    modified: (i64, i64),
    size: u64,
    /// Of the file that the path leads to: one that was renamed into its place is another.
    inode: (u64, u64),
}

impl Stamp {
    /// Looks at the file.
    ///
    /// # Errors
    /// It is not there, or cannot be looked at.
    pub fn of(path: &Path) -> io::Result<Self> {
        std::fs::metadata(path).map(Self::from)
    }
}

impl From<Metadata> for Stamp {
    fn from(file: Metadata) -> Self {
        Self {
            modified: (file.mtime(), file.mtime_nsec()),
            size: file.size(),
            inode: (file.dev(), file.ino()),
        }
    }
}

/// What follows a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// It is as it was read, or is being written just now.
    Nothing,
    /// It has changed and lies still: read it.
    Read,
    /// It was there at the last look, and is no more.
    Gone,
}

/// Watches one file by looking at it now and then.
#[derive(Debug, Default)]
pub struct Watch {
    seen: Option<Stamp>,
    read: Option<Stamp>,
}

impl Watch {
    /// Takes a look: the file's stamp, or none where there is no file. Two looks in a row must
    /// agree before it is read, as somebody may be in the middle of writing it.
    pub fn look(&mut self, stamp: Option<Stamp>) -> Look {
        let before = std::mem::replace(&mut self.seen, stamp);
        match stamp {
            None if before.is_some() => Look::Gone,
            Some(_) if before == stamp && self.read != stamp => {
                self.read = stamp;
                Look::Read
            }
            None | Some(_) => Look::Nothing,
        }
    }

    /// The file was read as it is now without being asked about, as at the start.
    pub fn was_read(&mut self, stamp: Option<Stamp>) {
        self.seen = stamp;
        self.read = stamp;
    }
}
