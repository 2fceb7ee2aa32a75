//! A Unix socket that nobody but its own user can connect to, from its birth.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use super::BindError;

/// Names that are tried for the folder in which the socket is born.
const TRIES: u32 = 16;

/// The socket and its file, which goes when this is dropped.
#[derive(Debug)]
pub(super) struct UnixSocket {
    listener: UnixListener,
    path: PathBuf,
    file: FileId,
}

/// Tells the file that was made from another that has taken its name since.
#[derive(Debug, PartialEq, Eq)]
struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    fn of(path: &Path) -> io::Result<Self> {
        let file = fs::symlink_metadata(path)?;
        Ok(Self { device: file.dev(), inode: file.ino() })
    }
}

impl UnixSocket {
    /// Listens at `path`, in the place of what a dead server has left there.
    ///
    /// # Errors
    /// When a server that lives, or something that is no socket, has that name, or the file cannot
    /// be made.
    pub(super) fn bind(path: &Path) -> Result<Self, BindError> {
        look(path)?;
        Self::born(path).map_err(|error| BindError::Unix { path: path.to_owned(), error })
    }

    /// The socket is made in a folder that only its own user may enter, gets its mode there, and is
    /// then given its name: there is no moment at which others could connect. The mask of modes
    /// would do for that as well, but is one of the whole process.
    fn born(path: &Path) -> io::Result<Self> {
        let cradle = Cradle::beside(path)?;
        let inside = cradle.0.join("s");
        let listener = UnixListener::bind(&inside)?;
        listener.set_nonblocking(true)?;
        fs::set_permissions(&inside, Permissions::from_mode(0o600))?;
        let file = FileId::of(&inside)?;
        fs::rename(&inside, path)?;
        Ok(Self { listener, path: path.to_owned(), file })
    }

    pub(super) fn try_clone(&self) -> io::Result<UnixListener> {
        self.listener.try_clone()
    }
}

impl Drop for UnixSocket {
    fn drop(&mut self) {
        // Not one that a later server has put in its place.
        if FileId::of(&self.path).is_ok_and(|file| file == self.file) {
            // If it cannot be removed, the next server takes it for what it is.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// What has the name now may be replaced: nothing, or the socket of a dead server.
fn look(path: &Path) -> Result<(), BindError> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(BindError::Unix { path: path.to_owned(), error }),
        Ok(file) if !file.file_type().is_socket() => {
            return Err(BindError::Occupied(path.to_owned()));
        }
        Ok(_) => {}
    }
    match UnixStream::connect(path) {
        // Nobody listens.
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        // Somebody may: also where this user must not ask, or the queue is full.
        Ok(_) | Err(_) => Err(BindError::Living(path.to_owned())),
    }
}

/// A folder of mode 0700 for a moment.
struct Cradle(PathBuf);

impl Cradle {
    fn beside(path: &Path) -> io::Result<Self> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
        for number in 0..TRIES {
            // Short: the kernel takes paths of sockets of up to 107 bytes.
            let cradle = folder.join(format!(".{}-{number}", std::process::id()));
            match DirBuilder::new().mode(0o700).create(&cradle) {
                Ok(()) => return Ok(Self(cradle)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }
}

impl Drop for Cradle {
    fn drop(&mut self) {
        // Empty by then; after a failure with what was made in it.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn nobody_else_may_use_the_file_and_it_goes_with_the_server() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin");
        let socket = UnixSocket::bind(&path).unwrap();
        assert_eq!(mode(&path), 0o600);
        UnixStream::connect(&path).unwrap();
        drop(socket);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_a_dead_server_has_left_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin");
        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let _socket = UnixSocket::bind(&path).unwrap();
        assert_eq!(mode(&path), 0o600);
        UnixStream::connect(&path).unwrap();
    }

    #[test]
    fn a_server_that_lives_keeps_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin");
        let _first = UnixSocket::bind(&path).unwrap();
        let refused = UnixSocket::bind(&path).unwrap_err();
        assert!(matches!(refused, BindError::Living(_)), "{refused}");
        UnixStream::connect(&path).unwrap();
    }

    #[test]
    fn what_is_no_socket_is_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin");
        fs::write(&path, "notes").unwrap();
        let refused = UnixSocket::bind(&path).unwrap_err();
        assert!(matches!(refused, BindError::Occupied(_)), "{refused}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "notes");
    }

    #[test]
    fn a_server_leaves_the_file_of_the_one_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin");
        let first = UnixSocket::bind(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let _second = UnixSocket::bind(&path).unwrap();
        drop(first);
        UnixStream::connect(&path).unwrap();
    }
}
