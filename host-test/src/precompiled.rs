//! A cache of machine code that processes share.
//!
//! A file begins with a checksum of what follows, which is checked before the code is loaded:
//! damaged machine code would crash the process, and leave its memory with the tokens in a core
//! file. It is a CRC, which finds damage in a tenth of the time of SHA-256. No checksum without a
//! key would protect against an attacker. The folder must do that, and the owner and the mode of the
//! file: another user may have put one there while the folder allowed it.

use std::fs::{self, File, Metadata};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Write};
use std::path::Path;

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use wasmtime::Engine;
use wasmtime::component::Component;

/// The length of the checksum.
const SUM: usize = 4;

/// The largest file that is read. The component's code has a few MiB.
const MOST_BYTES: u64 = 256 << 20;

/// Loads a component's machine code for this engine from a folder. The file name is a hash of the
/// component. If the file is missing, damaged, of another version or of another user, compiles the component and
/// writes the file. If that fails, also returns why.
///
/// # Safety
/// The files in the folder are run as machine code. Only trusted users may write there.
pub(crate) unsafe fn load(
    engine: &Engine,
    component: &[u8],
    folder: &Path,
) -> wasmtime::Result<(Component, Option<io::Error>)> {
    let name = name(engine, component);
    let file = folder.join(&name);
    if let Some(code) = read(&file, &name) {
        // SAFETY: the caller upholds it, and the code is as it was written. wasmtime refuses code
        // of another version.
        if let Ok(component) = unsafe { Component::deserialize(engine, &code[SUM..]) } {
            return Ok((component, None));
        }
    }
    let code = engine.precompile_component(component)?;
    let problem = write(&code, &name, &file, folder).err();
    // SAFETY: this engine has just produced the code.
    let component = unsafe { Component::deserialize(engine, &code) }?;
    Ok((component, problem))
}

fn name(engine: &Engine, component: &[u8]) -> String {
    let mut settings = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut settings);
    let content = hex::encode(Sha256::digest(component));
    format!("{content}-{:016x}.code", settings.finish())
}

/// Returns the checksum of code in a file of this name. It covers the name and the length, so that a
/// file that was renamed or lost its end is not used.
fn sum(name: &str, code: &[u8]) -> [u8; SUM] {
    let mut sum = crc32fast::Hasher::new();
    sum.update(name.as_bytes());
    sum.update(&code.len().to_le_bytes());
    sum.update(code);
    sum.finalize().to_le_bytes()
}

/// Reads a whole file, checksum included; `None` if there is none, if another user may have written
/// it, or if its checksum does not fit.
fn read(file: &Path, name: &str) -> Option<Vec<u8>> {
    let file = File::open(file).ok()?;
    let metadata = file.metadata().ok()?;
    // This is of the open file: nobody can put another one in its place any more.
    if !metadata.is_file() || metadata.len() > MOST_BYTES || !is_own(&metadata) {
        return None;
    }
    let mut bytes = Vec::with_capacity(metadata.len() as usize);
    file.take(MOST_BYTES).read_to_end(&mut bytes).ok()?;
    let (stored, code) = bytes.split_at_checked(SUM)?;
    (stored == sum(name, code)).then_some(bytes)
}

/// Returns whether only this user and root can have written the file.
#[cfg(unix)]
fn is_own(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;

    // SAFETY: it has no conditions.
    let user = unsafe { libc::geteuid() };
    is_of(user, metadata.uid(), metadata.mode())
}

/// On other systems only the folder protects.
#[cfg(not(unix))]
fn is_own(_: &Metadata) -> bool {
    true
}

#[cfg(unix)]
fn is_of(user: u32, owner: u32, mode: u32) -> bool {
    (owner == user || owner == 0) && mode & 0o022 == 0
}

/// Writes the file so that another process, and the next one after a power failure, sees either no
/// file or the whole one. The folder is not synced: no file only means to compile once more.
fn write(code: &[u8], name: &str, file: &Path, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut temporary = NamedTempFile::new_in(folder)?;
    temporary.write_all(&sum(name, code))?;
    temporary.write_all(code)?;
    temporary.as_file().sync_all()?;
    temporary.persist(file)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::path::PathBuf;

    use super::*;

    const NAME: &str = "component.code";

    fn written() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join(NAME);
        write(b"some machine code", NAME, &file, folder.path()).expect("a file");
        (folder, file)
    }

    #[test]
    fn a_written_file_is_read_back_and_leaves_no_temporary_file() {
        let (folder, file) = written();
        assert_eq!(read(&file, NAME).expect("code")[SUM..], *b"some machine code");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn a_damaged_file_is_not_used() {
        let (_folder, file) = written();
        let whole = fs::read(&file).expect("a file");
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            fs::write(&file, &damaged).expect("a file");
            assert_eq!(read(&file, NAME), None, "byte {at}");
            fs::write(&file, &whole[..at]).expect("a file");
            assert_eq!(read(&file, NAME), None, "cut after {at}");
        }
        fs::write(&file, [&whole[..], b"more"].concat()).expect("a file");
        assert_eq!(read(&file, NAME), None);
        fs::write(&file, &whole).expect("a file");
        assert!(read(&file, NAME).is_some());
    }

    #[test]
    fn a_file_of_another_component_and_a_huge_file_are_not_used() {
        let (_folder, file) = written();
        assert_eq!(read(&file, "other.code"), None);
        let huge = OpenOptions::new().write(true).open(&file).expect("a file");
        huge.set_len(MOST_BYTES + 1).expect("a sparse file");
        assert_eq!(read(&file, NAME), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_another_user_may_have_written_is_not_used_and_is_replaced() {
        use std::os::unix::fs::PermissionsExt;

        let (folder, file) = written();
        for (mode, used) in
            [(0o600, true), (0o644, true), (0o620, false), (0o602, false), (0o666, false)]
        {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("its mode");
            assert_eq!(read(&file, NAME).is_some(), used, "{mode:o}");
        }
        write(b"own code", NAME, &file, folder.path()).expect("a file");
        assert_eq!(read(&file, NAME).expect("code")[SUM..], *b"own code");

        for (user, owner, used) in
            [(1000, 1000, true), (1000, 0, true), (1000, 1001, false), (0, 1000, false)]
        {
            assert_eq!(is_of(user, owner, 0o600), used, "{owner} for {user}");
        }
    }

    #[test]
    fn a_file_that_can_not_be_written_is_a_problem_and_no_panic() {
        let (folder, file) = written();
        let no_folder = file.join("below a file");
        assert!(write(b"code", NAME, &no_folder.join(NAME), &no_folder).is_err());
        drop(folder);
    }
}
