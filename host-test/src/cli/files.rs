//! Files that are written whole or not at all.

use std::io::{self, Write};
use std::path::Path;

use tempfile::NamedTempFile;

/// Whether a file could be made there. Nothing is left of the attempt.
pub(crate) fn probe(path: &Path) -> io::Result<()> {
    beside(path)?.close()
}

/// Makes the file; fails if it is there already.
pub(crate) fn create(path: &Path, text: &str) -> io::Result<()> {
    written(path, text)?.persist_noclobber(path)?;
    Ok(())
}

/// Replaces the file, or makes it: whoever reads it sees the whole old or the whole new one.
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

/// A new file in the same folder, because renaming works within a file system only.
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
    fn a_file_is_made_once_and_replaced_at_will_and_nothing_is_left_beside_it() {
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
    fn a_folder_that_is_not_there_is_found_out() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(probe(&folder.path().join("no-such-folder").join("file")).is_err());
    }
}
