//! The contract as a package: its WIT files, and the binary format that registries accept.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use wit_parser::Resolve;

use crate::{CONTRACT, File};

/// Returns `wit/*` and the package in the binary format.
pub(crate) fn files(wit: &Path) -> Result<Vec<File>> {
    let unreadable = || format!("{} could not be read", wit.display());
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(wit).with_context(unreadable)?;
    let binary = wit_component::encode(&resolve, package).context("the contract has no binary")?;
    let mut files = vec![File::new(CONTRACT, binary)];
    let mut written = Vec::new();
    for entry in fs::read_dir(wit).with_context(unreadable)? {
        let entry = entry.with_context(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let bytes = fs::read(entry.path()).with_context(unreadable)?;
        written.push(File::new(format!("wit/{name}"), bytes));
    }
    // The order of folder entries is not defined.
    written.sort_by(|one, other| one.path.cmp(&other.path));
    files.append(&mut written);
    Ok(files)
}
