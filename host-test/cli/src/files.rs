//! Files: reading with a limit, and writing so that no reader sees half of one.

use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

/// The largest file with a single record, cursor or list of certificates, in bytes.
pub(crate) const MOST_BYTES: usize = 32 << 20;

/// How many symbolic links are followed; as many as Linux follows.
const MOST_LINKS: usize = 40;

/// Reads a file of at most this many bytes. Reads no more than that, because a pipe and some
/// devices have no end.
pub(crate) fn read(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    read_from(File::open(path)?, most)
}

/// Reads at most this many bytes, as of a file.
pub(crate) fn read_from(input: impl Read, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(most as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > most {
        let message = format!("it has more than {most} bytes, the most that such a file may have");
        return Err(io::Error::new(ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

/// What a user gives for a file that is read once.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Input<'a> {
    File(&'a Path),
    /// `-`.
    Stdin,
}

impl<'a> Input<'a> {
    pub(crate) fn of(path: &'a Path) -> Input<'a> {
        if path == Path::new("-") { Input::Stdin } else { Input::File(path) }
    }

    /// Returns the name for messages.
    pub(crate) fn name(self) -> &'a Path {
        match self {
            Input::File(path) => path,
            Input::Stdin => Path::new("standard input"),
        }
    }

    /// Reads at most this many bytes, as [`read`] does. An error names the input.
    pub(crate) fn read(self, most: usize) -> anyhow::Result<Vec<u8>> {
        let bytes = match self {
            Input::File(path) => read(path, most),
            Input::Stdin => read_from(io::stdin().lock(), most),
        };
        bytes.with_context(|| format!("{} could not be read", self.name().display()))
    }
}

/// Creates the folder and missing folders around it, so that only this user can open them, whatever
/// the umask is. A folder that is there keeps its permissions.
pub(crate) fn create_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(path)
}

/// Checks whether a file can be created at this path. Leaves no file behind.
pub(crate) fn probe(path: &Path) -> io::Result<()> {
    NamedTempFile::new_in(folder(path))?.close()
}

/// Checks that a new file can be written to this path. `what` is what the file would hold, and
/// `instead` says what to do if there is a file.
pub(crate) fn check_free(path: &Path, what: &str, instead: &str) -> anyhow::Result<()> {
    if path.symlink_metadata().is_ok() {
        bail!("{} is there already, and {what} is never overwritten: {instead}", path.display());
    }
    probe(path).with_context(|| format!("{} could not be written", path.display()))
}

/// The longest name of a file that is made of a text, in bytes; file systems take 255.
const MAX_FILE_NAME: usize = 200;

/// Returns a name for a file about this text, e.g. an address. Every other text has another name.
/// It has only letters, digits and `@+-_.`, and other bytes as `%2F`.
pub(crate) fn file_name_of(text: &str, extension: &str) -> String {
    let mut name = String::new();
    for byte in text.to_lowercase().bytes() {
        let is_plain = byte.is_ascii_alphanumeric() || b"@+-_.".contains(&byte);
        // A name that begins with a dot is hidden, or a folder.
        if is_plain && !(byte == b'.' && name.is_empty()) {
            name.push(char::from(byte));
        } else {
            name += &format!("%{byte:02X}");
        }
    }
    if name.len() > MAX_FILE_NAME {
        let digest = hex::encode(&Sha256::digest(&name)[..8]);
        name.truncate(MAX_FILE_NAME - digest.len() - 1);
        name += &format!("-{digest}");
    }
    format!("{name}.{extension}")
}

/// Creates the file; fails if it exists.
pub(crate) fn create(path: &Path, text: &str) -> io::Result<()> {
    written(path, text)?.persist_noclobber(path)?;
    sync_folder(path)
}

/// Replaces or creates the file: a reader sees either the whole old or the whole new content. The
/// file keeps its permissions. If the path is a symbolic link, its target is replaced. Fails for
/// anything but a file, e.g. a device.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = &target(path)?;
    let file = written(path, text)?;
    match fs::symlink_metadata(path) {
        Ok(old) if old.is_file() => file.as_file().set_permissions(old.permissions())?,
        Ok(_) => return Err(io::Error::new(ErrorKind::InvalidInput, "it is not a file")),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    file.persist(path)?;
    sync_folder(path)
}

/// Follows symbolic links, also to a file that does not exist yet.
pub(crate) fn target(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&path) {
            Ok(link) => path = folder(&path).join(link),
            // It is no link, or there is nothing.
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("it is behind too many symbolic links"))
}

/// Returns the folder that the file is in.
fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Writes a temporary file in the same folder, because renaming works only within a file system.
fn written(path: &Path, text: &str) -> io::Result<NamedTempFile> {
    let mut file = NamedTempFile::new_in(folder(path))?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Writes the folder's entries to the disk. Without this, a new file may be gone after a power
/// failure. The file is there already, so it is no failure that a folder can't be synced at all.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    match File::open(folder(path)).and_then(|folder| folder.sync_all()) {
        Err(error) if no_sync(error.kind()) => Ok(()),
        synced => synced,
    }
}

/// Returns whether this error only says that this user or the file system syncs no folders.
#[cfg(unix)]
fn no_sync(error: ErrorKind) -> bool {
    matches!(
        error,
        // A folder may be written to and not opened, with the mode 0300.
        ErrorKind::PermissionDenied
            // What some file systems say that have nothing to do for a folder.
            | ErrorKind::InvalidInput
            | ErrorKind::Unsupported
    )
}

/// Only Unix can open a folder.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(path: &Path) -> String {
        fs::read_to_string(path).expect("a file")
    }

    #[test]
    fn create_does_not_overwrite_replace_does_and_no_temporary_file_is_left() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        probe(&path).expect("a folder to write to");
        assert!(!path.exists());
        create(&path, "one").expect("a new file");
        let error = create(&path, "two").expect_err("it is there");
        assert_eq!((error.kind(), &*text(&path)), (ErrorKind::AlreadyExists, "one"));
        replace(&path, "three").expect("a new text");
        assert_eq!(text(&path), "three");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn every_text_has_a_file_name_of_its_own_inside_the_folder() {
        let name = |text: &str| file_name_of(text, "json");
        assert_eq!(name("Ada.B+x@example.com"), "ada.b+x@example.com.json");
        assert_eq!(name("../a/b@x"), "%2E.%2Fa%2Fb@x.json");
        assert_eq!(name("jürgen@x"), "j%C3%BCrgen@x.json");
        let long = |end: &str| name(&format!("{}{end}", "ü".repeat(200)));
        assert!(long("a").len() < 255);
        assert_ne!(long("a"), long("b"));
    }

    #[test]
    fn probe_fails_for_a_missing_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(probe(&folder.path().join("no-such-folder").join("file")).is_err());
    }

    #[test]
    fn a_file_that_is_too_large_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        fs::write(&path, "12345").expect("a file");
        assert_eq!(read(&path, 5).expect("a text"), b"12345");
        let error = read(&path, 4).expect_err("a refusal");
        assert_eq!(error.kind(), ErrorKind::FileTooLarge);
        assert!(error.to_string().contains("more than 4 bytes"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_can_not_be_synced_is_no_failure_unless_its_disk_fails() {
        let refused = [libc::EACCES, libc::EPERM, libc::EINVAL, libc::ENOTSUP];
        for (codes, no) in [(&refused[..], true), (&[libc::EIO, libc::ENOSPC], false)] {
            for code in codes {
                let error = io::Error::from_raw_os_error(*code);
                assert_eq!(no_sync(error.kind()), no, "{error}");
            }
        }
    }

    /// The administrator may open every folder. For other users this tests the mode.
    #[cfg(unix)]
    #[test]
    fn a_file_is_written_into_a_folder_that_can_not_be_listed() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        let allow = |mode| fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode));
        allow(0o300).expect("its mode");
        let written = [create(&path, "one"), replace(&path, "two")];
        allow(0o700).expect("its mode");
        assert!(written.iter().all(Result::is_ok), "{written:?}");
        assert_eq!(text(&path), "two");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_device_without_an_end_is_not_read_to_its_end() {
        let error = read(Path::new("/dev/zero"), 1000).expect_err("a refusal");
        assert_eq!(error.kind(), ErrorKind::FileTooLarge);
    }

    #[cfg(unix)]
    #[test]
    fn replace_writes_to_the_target_of_a_link_and_keeps_the_permissions() {
        use std::os::unix::fs::{PermissionsExt, symlink};

        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("elsewhere")).expect("a folder");
        symlink("elsewhere/file", at("second")).expect("a link");
        symlink(at("second"), at("first")).expect("a link");
        // The target does not exist yet.
        replace(&at("first"), "one").expect("a new file");
        let mode = fs::Permissions::from_mode(0o644);
        fs::set_permissions(at("elsewhere/file"), mode).expect("its permissions");
        replace(&at("first"), "two").expect("a new text");
        assert_eq!(text(&at("elsewhere/file")), "two");
        let mode = fs::metadata(at("elsewhere/file")).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o644);
        for link in ["first", "second"] {
            assert!(at(link).is_symlink(), "{link}");
        }
        symlink(at("loop"), at("loop")).expect("a link");
        assert!(replace(&at("loop"), "three").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn replace_refuses_what_is_not_a_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
        assert!(replace(&socket, "text").is_err());
        assert!(!socket.is_file());
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }
}
