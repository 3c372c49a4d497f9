//! What a release of retool-lifecycle is made of: the component with metadata, its contract, a bill
//! of materials, checksums, and how it is pushed and precompiled. The same sources give the same
//! bytes, so nothing in it tells a time or a machine.
#![deny(missing_docs)]

mod bill;
mod contract;
mod facts;
mod notes;
mod sums;
mod wasm;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

pub use facts::Facts;

/// The component's name in a release.
pub const COMPONENT: &str = "retool_lifecycle.wasm";

/// The contract's, as a package in the binary format.
pub const CONTRACT: &str = "retool_lifecycle.wit.wasm";

/// The bill of materials', in CycloneDX.
pub const BILL: &str = "retool_lifecycle.cdx.json";

/// The checksums', as `sha256sum --check` reads them.
pub const SUMS: &str = "SHA256SUMS";

/// One file of a release.
#[derive(Clone, Debug)]
pub struct File {
    /// Its path in the folder, with `/` between its parts.
    pub path: String,
    /// What is in it.
    pub bytes: Vec<u8>,
    /// Whether it is to be run.
    pub executable: bool,
}

impl File {
    fn new(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> File {
        File { path: path.into(), bytes: bytes.into(), executable: false }
    }
}

/// Everything, with the checksums last. Fails where the sources do not say what it needs.
pub fn release(facts: &Facts) -> Result<Vec<File>> {
    let licence = fs::read(facts.root.join("LICENSE")).context("LICENSE could not be read")?;
    let mut files = vec![
        File::new(COMPONENT, wasm::with_metadata(component::BYTES, facts)?),
        File::new(BILL, bill::json(facts)?),
        File::new("LICENSE", licence),
        File::new("PRECOMPILE.md", notes::precompile(facts)),
        File { executable: true, ..File::new("push", notes::push(facts)) },
    ];
    files.extend(contract::files(&facts.root.join("wit"))?);
    files.push(File::new(SUMS, sums::of(&files)));
    Ok(files)
}

/// Writes the files. A folder that is there already is replaced if it is an earlier release, and
/// otherwise left as it is, which is an error unless it is empty.
pub fn write(files: &[File], folder: &Path) -> Result<()> {
    if folder.join(SUMS).is_file() {
        fs::remove_dir_all(folder)
            .with_context(|| format!("{} could not be replaced", folder.display()))?;
    } else if let Ok(mut entries) = fs::read_dir(folder) {
        ensure!(
            entries.next().is_none(),
            "{} has other files in it: give another folder",
            folder.display()
        );
    }
    for file in files {
        let path = folder.join(file.path.split('/').collect::<PathBuf>());
        let wrote = || format!("{} could not be written", path.display());
        fs::create_dir_all(path.parent().unwrap_or(folder)).with_context(wrote)?;
        fs::write(&path, &file.bytes).with_context(wrote)?;
        if file.executable {
            allow_running(&path).with_context(wrote)?;
        }
    }
    Ok(())
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
