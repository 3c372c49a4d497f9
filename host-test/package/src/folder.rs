//! Writes a release to a folder, and replaces an earlier one there. Nothing else is ever removed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::{COMPONENT, File, SUMS, sums};

/// Writes the files. If the folder has an earlier release, exactly its files are replaced: those in
/// its checksums, with the content that these say. Fails if the folder has anything else, and then
/// changes nothing.
pub fn write(files: &[File], folder: &Path) -> Result<()> {
    let earlier = earlier(folder)?;
    // The checksums go last: if this ends halfway, they still say what is left of the release.
    let (sums, others): (Vec<_>, Vec<_>) = earlier.iter().partition(|path| *path == SUMS);
    for path in others.into_iter().chain(sums) {
        let path = at(folder, path);
        fs::remove_file(&path)
            .with_context(|| format!("{} could not be replaced", path.display()))?;
    }
    for path in &earlier {
        let folders = Path::new(path).ancestors().skip(1).filter(|path| *path != Path::new(""));
        for inner in folders {
            // It fails if the folder is not empty yet.
            let _ = fs::remove_dir(folder.join(inner));
        }
    }
    for file in files {
        let path = at(folder, &file.path);
        let wrote = || format!("{} could not be written", path.display());
        fs::create_dir_all(path.parent().unwrap_or(folder)).with_context(wrote)?;
        fs::write(&path, &file.bytes).with_context(wrote)?;
        if file.executable {
            allow_running(&path).with_context(wrote)?;
        }
    }
    Ok(())
}

/// Fails if a release can't be written to the folder, as [`write()`] does.
pub fn check(folder: &Path) -> Result<()> {
    earlier(folder).map(|_| ())
}

/// Lists the files of the earlier release in the folder, checksums included; none if the folder is
/// empty or missing.
fn earlier(folder: &Path) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    if folder.try_exists().with_context(|| folder.display().to_string())? {
        list(folder, "", &mut found)?;
    }
    if found.is_empty() {
        return Ok(found);
    }
    let listed = match found.contains(SUMS) {
        true => sums::listed(
            &fs::read_to_string(folder.join(SUMS))
                .with_context(|| format!("{} could not be read", folder.join(SUMS).display()))?,
        ),
        false => BTreeMap::new(),
    };
    let is_release = listed.contains_key(COMPONENT);
    for path in found.iter().filter(|path| *path != SUMS || !is_release) {
        let file = at(folder, path);
        let listed = listed.get(path).filter(|_| is_release);
        let sum = listed.with_context(|| {
            format!(
                "{} is not a file of an earlier release, so nothing was changed: give another \
                 folder, or move the file away",
                file.display()
            )
        })?;
        let bytes =
            fs::read(&file).with_context(|| format!("{} could not be read", file.display()))?;
        ensure!(
            sums::sum(&bytes) == *sum,
            "{} was changed since the earlier release was written, so nothing was changed: give \
             another folder, or move the file away",
            file.display()
        );
    }
    Ok(found)
}

/// Adds the paths of everything in a folder but folders. A symbolic link counts as a file, and is
/// not followed.
fn list(folder: &Path, before: &str, found: &mut BTreeSet<String>) -> Result<()> {
    let read = || format!("{} could not be read", folder.display());
    for entry in fs::read_dir(folder).with_context(read)? {
        let entry = entry.with_context(read)?;
        let path = format!("{before}{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type().with_context(read)?;
        if kind.is_dir() {
            list(&entry.path(), &format!("{path}/"), found)?;
            continue;
        }
        ensure!(
            kind.is_file(),
            "{} is not a file of an earlier release, so nothing was changed: give another folder, \
             or move it away",
            entry.path().display()
        );
        found.insert(path);
    }
    Ok(())
}

/// Returns the place of a release's path, which has `/` between its parts.
fn at(folder: &Path, path: &str) -> PathBuf {
    folder.join(path.split('/').collect::<PathBuf>())
}

#[cfg(unix)]
fn allow_running(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn allow_running(_: &Path) -> std::io::Result<()> {
    Ok(())
}
