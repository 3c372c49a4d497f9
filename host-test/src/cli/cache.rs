//! The folder where the command caches the component's machine code, so that later runs start fast.

use std::fs;
use std::path::{Path, PathBuf};

/// Returns a folder of this user in the system's cache folder; `None` if there is none. The files
/// there are run as machine code, so no other user may be able to write to it.
pub(crate) fn folder() -> Option<PathBuf> {
    let folder = dirs::cache_dir()?.join("retool-lifecycle");
    fs::create_dir_all(&folder).ok()?;
    is_own(&folder).then_some(folder)
}

#[cfg(unix)]
fn is_own(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    // The user of this process is the owner of a file that it creates.
    let user = tempfile::tempfile().and_then(|file| file.metadata()).map(|made| made.uid());
    match (fs::metadata(folder), user) {
        (Ok(folder), Ok(user)) => folder.uid() == user && folder.mode() & 0o022 == 0,
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_own(_: &Path) -> bool {
    true
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_folder_that_other_users_may_write_to_is_not_used() {
        let folder = tempfile::tempdir().expect("a folder");
        for (mode, own) in [(0o700, true), (0o755, true), (0o775, false), (0o707, false)] {
            let permissions = fs::Permissions::from_mode(mode);
            fs::set_permissions(folder.path(), permissions).expect("its permissions");
            assert_eq!(is_own(folder.path()), own, "{mode:o}");
        }
        assert!(!is_own(&folder.path().join("nothing")));
    }
}
