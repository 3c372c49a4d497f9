//! Checksums.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::File;

/// Returns one line per file, in the format of `sha256sum --check`.
pub(crate) fn of(files: &[File]) -> String {
    let mut files: Vec<&File> = files.iter().collect();
    files.sort_by(|one, other| one.path.cmp(&other.path));
    let mut lines = String::new();
    for file in files {
        for byte in Sha256::digest(&file.bytes) {
            // Writing to a string can't fail.
            let _ = write!(lines, "{byte:02x}");
        }
        let _ = writeln!(lines, "  {}", file.path);
    }
    lines
}
