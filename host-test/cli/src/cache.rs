//! The folder where the command caches the component's machine code, so that later runs start fast.

use std::path::{Path, PathBuf};

use crate::files;

/// Returns a folder of this user in the system's cache folder, which is created if there is none;
/// an error says why it can't be used. The files there are run as machine code, so no other user
/// may be able to write to them, or to put another folder in its place.
pub(crate) fn folder() -> Result<PathBuf, String> {
    let Some(folder) = dirs::cache_dir() else {
        return Err("this user has no cache folder (set XDG_CACHE_HOME)".to_owned());
    };
    prepared(&folder.join("retool-lifecycle"))
}

/// Creates the folder if necessary, and checks it. Returns its path without symbolic links, because
/// these are not looked at again.
fn prepared(folder: &Path) -> Result<PathBuf, String> {
    let usable = files::create_folder(folder).and_then(|()| folder.canonicalize());
    let folder = usable.map_err(|error| format!("{}: {error}", folder.display()))?;
    check(&folder)?;
    Ok(folder)
}

#[cfg(unix)]
fn check(folder: &Path) -> Result<(), String> {
    use std::os::unix::fs::MetadataExt;

    // SAFETY: it has no conditions.
    let user = unsafe { libc::geteuid() };
    for (level, part) in folder.ancestors().enumerate() {
        let metadata =
            part.symlink_metadata().map_err(|error| format!("{}: {error}", part.display()))?;
        trusted(metadata.uid(), metadata.mode(), user, level == 0)
            .map_err(|why| format!("{} {why}", part.display()))?;
    }
    Ok(())
}

/// Fails if another user than this one and root owns a folder, or may write to it. In a folder with
/// the sticky bit, for example /tmp, other users may create entries, but not replace those of this
/// user. That is enough for the folders around the cache.
#[cfg(unix)]
fn trusted(owner: u32, mode: u32, user: u32, is_cache: bool) -> Result<(), String> {
    const STICKY: u32 = 0o1000;
    if owner != user && owner != 0 {
        return Err(format!("belongs to another user (number {owner})"));
    }
    if mode & 0o022 != 0 && (is_cache || mode & STICKY == 0) {
        return Err("may be written to by other users (chmod go-w)".to_owned());
    }
    Ok(())
}

#[cfg(not(unix))]
fn check(_: &Path) -> Result<(), String> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn set(folder: &Path, mode: u32) {
        fs::set_permissions(folder, fs::Permissions::from_mode(mode)).expect("its permissions");
    }

    fn mode(folder: &Path) -> u32 {
        fs::metadata(folder).expect("a folder").permissions().mode() & 0o7777
    }

    #[test]
    fn new_folders_are_for_this_user_alone() {
        let parent = tempfile::tempdir().expect("a folder");
        let folder = parent.path().join("cache").join("retool-lifecycle");
        prepared(&folder).expect("a usable folder");
        assert_eq!([mode(&folder), mode(&parent.path().join("cache"))], [0o700, 0o700]);
    }

    #[test]
    fn a_folder_that_other_users_may_write_to_is_not_used() {
        let folder = tempfile::tempdir().expect("a folder");
        for (mode, own) in
            [(0o700, true), (0o755, true), (0o775, false), (0o707, false), (0o1777, false)]
        {
            set(folder.path(), mode);
            let prepared = prepared(folder.path());
            assert_eq!(prepared.is_ok(), own, "{mode:o}: {prepared:?}");
            if let Err(why) = prepared {
                assert!(why.contains("chmod go-w"), "{why}");
            }
        }
    }

    #[test]
    fn a_folder_below_one_that_other_users_may_write_to_is_not_used() {
        let parent = tempfile::tempdir().expect("a folder");
        let middle = parent.path().join("shared");
        let folder = middle.join("home").join("retool-lifecycle");
        prepared(&folder).expect("a usable folder");
        for (mode, own) in [(0o755, true), (0o777, false), (0o770, false), (0o1777, true)] {
            set(&middle, mode);
            let prepared = prepared(&folder);
            assert_eq!(prepared.is_ok(), own, "{mode:o}: {prepared:?}");
            if let Err(why) = prepared {
                assert!(why.contains("shared may be written to"), "{why}");
            }
        }
        // A link from a safe place leads there.
        set(&middle, 0o777);
        let link = parent.path().join("link");
        symlink(middle.join("home"), &link).expect("a link");
        assert!(prepared(&link.join("retool-lifecycle")).is_err());
    }

    #[test]
    fn folders_of_this_user_and_of_root_are_trusted() {
        assert_eq!(trusted(1000, 0o700, 1000, true), Ok(()));
        assert_eq!(trusted(0, 0o755, 1000, false), Ok(()));
        assert_eq!(trusted(0, 0o1777, 1000, false), Ok(()));
        for (owner, user) in [(1001, 1000), (1000, 0)] {
            let why = trusted(owner, 0o700, user, false).expect_err("another user's");
            assert!(why.contains("another user"), "{why}");
        }
    }

    #[test]
    fn a_file_in_place_of_the_folder_is_no_panic() {
        let parent = tempfile::tempdir().expect("a folder");
        let file = parent.path().join("file");
        fs::write(&file, "").expect("a file");
        assert!(prepared(&file.join("retool-lifecycle")).is_err());
    }
}
