//! Files that are written atomically.

use std::io::{self, Write};
use std::path::Path;

use tempfile::NamedTempFile;

/// Checks whether a file can be created at this path. Leaves no file behind.
pub(crate) fn probe(path: &Path) -> io::Result<()> {
    beside(path)?.close()
}

/// Creates the file; fails if it exists.
pub(crate) fn create(path: &Path, text: &str) -> io::Result<()> {
    written(path, text)?.persist_noclobber(path)?;
    Ok(())
}

/// Replaces or creates the file: a reader sees either the whole old or the whole new content.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    written(path, text)?.persist(path)?;
    Ok(())
}

fn written(path: &Path, text: &str) -> io::Result<NamedTempFile> {
    let mut file = beside(path)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Creates a temporary file in the same folder, because renaming works only within a file system.
fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    NamedTempFile::new_in(folder)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn create_does_not_overwrite_replace_does_and_no_temporary_file_is_left() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        let text = || fs::read_to_string(&path).expect("a file");
        probe(&path).expect("a folder to write to");
        assert!(!path.exists());
        create(&path, "one").expect("a new file");
        let error = create(&path, "two").expect_err("it is there");
        assert_eq!((error.kind(), text().as_str()), (io::ErrorKind::AlreadyExists, "one"));
        replace(&path, "three").expect("a new text");
        assert_eq!(text(), "three");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn probe_fails_for_a_missing_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(probe(&folder.path().join("no-such-folder").join("file")).is_err());
    }
}
