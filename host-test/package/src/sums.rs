//! Checksums.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::File;

/// Returns the checksum of a file's content.
pub(crate) fn sum(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Returns one line per file, in the format of `sha256sum --check`.
pub(crate) fn of(files: &[File]) -> String {
    let mut files: Vec<&File> = files.iter().collect();
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files.iter().map(|file| format!("{}  {}\n", sum(&file.bytes), file.path)).collect()
}

/// Reads such lines: the checksum of each path. Leaves out what it can't read.
pub(crate) fn listed(sums: &str) -> BTreeMap<String, String> {
    let lines = sums.lines().filter_map(|line| line.split_once("  "));
    lines.map(|(sum, path)| (path.to_owned(), sum.to_owned())).collect()
}
