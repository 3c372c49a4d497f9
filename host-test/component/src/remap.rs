//! Flags that keep the machine's folders out of what is compiled. The build script uses this too.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// Returns flags for `CARGO_ENCODED_RUSTFLAGS` that keep the folders of this machine and the names of
/// its registries out of what is compiled from the workspace in `root`. Panic messages contain the
/// paths of source files. With these flags, the same sources give the same bytes in any folder.
pub fn remapped(root: &Path) -> String {
    let cargo_home = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| {
        let home = env::home_dir()?;
        Some(home.join(".cargo"))
    });
    let mut folders = vec![(root.to_owned(), "/retool-lifecycle")];
    if let Some(cargo_home) = cargo_home {
        // There is one folder per registry, named after it. If several flags match a path, the
        // last one is used.
        let mut registries = subfolders(&cargo_home.join("registry").join("src"));
        registries.sort();
        folders.push((cargo_home, "/cargo"));
        folders.extend(registries.into_iter().map(|registry| (registry, "/crates")));
    }
    let flags = folders
        .into_iter()
        .map(|(folder, name)| format!("--remap-path-prefix={}={name}", folder.display()));
    // Cargo splits the flags at this character, so that folders may have spaces.
    flags.collect::<Vec<_>>().join("\u{1f}")
}

/// Lists the entries of a folder; returns none if the folder does not exist.
fn subfolders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
}
