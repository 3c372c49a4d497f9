//! The files with the records of people.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use host_test::retool::types::Tombstone;

use crate::failure::Failure;
use crate::record;

/// The most records of one command; as many as the component takes.
const MOST: usize = 10_000;

/// The most bytes that the records have together.
const MOST_BYTES: u64 = 512 << 20;

/// The most mistakes that an error names.
const MOST_MISTAKES: usize = 50;

/// Reads the records of these files, and of all files in these folders that end in `.json`. All
/// mistakes are reported at once.
pub(super) fn read(paths: &[PathBuf]) -> Result<Vec<(PathBuf, Tombstone)>, Failure> {
    let (mut found, mut mistakes) = (Vec::new(), Vec::new());
    for path in paths {
        match files(path) {
            Ok(files) => found.extend(files),
            Err(error) => mistakes.push(format!("{error:#}")),
        }
    }
    let bytes = found.iter().filter_map(|file| fs::metadata(file).ok()).map(|file| file.len());
    if found.len() > MOST || bytes.sum::<u64>() > MOST_BYTES {
        return Err(Failure::Usage(anyhow!(
            "there are {} records; one command takes {MOST} at most, with {MOST_BYTES} bytes \
             together",
            found.len()
        )));
    }
    let mut records = Vec::new();
    for file in found {
        match record::read(&file) {
            Ok(record) => records.push((file, record)),
            Err(error) => mistakes.push(format!("{error:#}")),
        }
    }
    if mistakes.is_empty() {
        return Ok(records);
    }
    let more = mistakes.len().saturating_sub(MOST_MISTAKES);
    mistakes.truncate(MOST_MISTAKES);
    let more = if more == 0 { String::new() } else { format!("; and {more} more") };
    Err(Failure::Usage(anyhow!("{}{more}", mistakes.join("; "))))
}

/// Returns the file, or the files in the folder by name.
fn files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let unreadable = || format!("the folder {} could not be read", path.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(path).with_context(unreadable)? {
        let file = entry.with_context(unreadable)?.path();
        if file.extension() == Some(OsStr::new("json")) && file.is_file() {
            files.push(file);
        }
    }
    if files.is_empty() {
        return Err(anyhow!("the folder {} has no file that ends in .json", path.display()));
    }
    files.sort();
    Ok(files)
}
