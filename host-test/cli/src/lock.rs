//! A lock that one process holds for a file.
//!
//! The file itself can't be locked, because it is replaced each time it is written. So the lock is
//! on a file beside it, which is removed in the end.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// The lock. It is released when it is dropped, and when the process ends in any way.
#[derive(Debug)]
pub(crate) struct Lock {
    path: PathBuf,
    /// Closing the file releases the lock.
    _file: File,
}

impl Lock {
    /// Takes the lock for this file. `None` if another process has it.
    pub(crate) fn take(of: &Path) -> io::Result<Option<Lock>> {
        let mut name = OsString::from(".");
        name.push(of.file_name().ok_or(io::ErrorKind::InvalidInput)?);
        name.push(".lock");
        let path = of.with_file_name(name);
        loop {
            let file = open(&path)?;
            match file.try_lock() {
                Ok(()) if is_at(&file, &path) => return Ok(Some(Lock { path, _file: file })),
                // The last holder has removed this file after it was opened here.
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A file that is left behind does no harm: nothing locks it.
        let _ = fs::remove_file(&self.path);
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;

        // Another user's link must not lead to a new file somewhere else.
        options.mode(0o600).custom_flags(libc::O_NOFOLLOW);
    }
    options.open(path)
}

/// Returns whether the path still leads to this file, so that every other process locks it too.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(file), Ok(found)) => (file.dev(), file.ino()) == (found.dev(), found.ino()),
        _ => false,
    }
}

/// Only Unix removes a file that is open.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_held_once_and_leaves_no_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("cursor");
        let lock = Lock::take(&path).expect("a lock file").expect("the lock");
        assert!(Lock::take(&path).expect("a lock file").is_none());
        assert!(Lock::take(&folder.path().join("other")).expect("a lock file").is_some());
        drop(lock);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
        assert!(Lock::take(&path).expect("a lock file").is_some());
    }

    #[test]
    fn the_lock_file_of_a_killed_process_does_not_block() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join(".cursor.lock"), "").expect("a file");
        let path = folder.path().join("cursor");
        assert!(Lock::take(&path).expect("a lock file").is_some());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_place_of_the_lock_file_is_not_followed() {
        let folder = tempfile::tempdir().expect("a folder");
        let victim = folder.path().join("victim");
        std::os::unix::fs::symlink(&victim, folder.path().join(".cursor.lock")).expect("a link");
        assert!(Lock::take(&folder.path().join("cursor")).is_err());
        assert!(!victim.exists());
    }
}
