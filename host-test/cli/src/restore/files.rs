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

/// The most files of any kind that a folder may have: a listing has no end if another process goes on
/// creating files.
const MOST_ENTRIES: usize = 100_000;

/// The most mistakes that an error names.
const MOST_MISTAKES: usize = 50;

/// Reads the records of these files, and of all files in these folders that end in `.json`. All
/// mistakes are reported at once.
pub(super) fn read(paths: &[PathBuf]) -> Result<Vec<(PathBuf, Tombstone)>, Failure> {
    let (mut found, mut mistakes) = (Vec::new(), Vec::new());
    for path in paths {
        match files(path, MOST_ENTRIES) {
            Ok((files, wrong)) => {
                found.extend(files);
                mistakes.extend(wrong);
            }
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

/// Returns the file, or the files in the folder by name, and what is wrong with others there. A
/// record that is left out would leave its person disabled.
fn files(path: &Path, most: usize) -> anyhow::Result<(Vec<PathBuf>, Vec<String>)> {
    if !path.is_dir() {
        return Ok((vec![path.to_owned()], Vec::new()));
    }
    let unreadable = || format!("the folder {} could not be read", path.display());
    let (mut files, mut wrong) = (Vec::new(), Vec::new());
    for (number, entry) in fs::read_dir(path).with_context(unreadable)?.enumerate() {
        if number == most {
            return Err(anyhow!("the folder {} has more than {most} files", path.display()));
        }
        let file = entry.with_context(unreadable)?.path();
        if file.extension() != Some(OsStr::new("json")) {
            continue;
        }
        match fs::metadata(&file) {
            Ok(metadata) if metadata.is_file() => files.push(file),
            Ok(_) => wrong.push(format!("{} is not a file", file.display())),
            Err(error) => wrong.push(format!("{} could not be read: {error}", file.display())),
        }
    }
    if files.is_empty() && wrong.is_empty() {
        return Err(anyhow!("the folder {} has no file that ends in .json", path.display()));
    }
    files.sort();
    wrong.sort();
    Ok((files, wrong))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_listed_up_to_a_number_of_files() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["a.json", "b.txt"] {
            fs::write(folder.path().join(name), "{}").expect("a file");
        }
        let (found, wrong) = files(folder.path(), 2).expect("two files");
        assert_eq!((found, wrong), (vec![folder.path().join("a.json")], Vec::new()));
        let error = files(folder.path(), 1).expect_err("too many").to_string();
        assert!(error.contains("more than 1 files"), "{error}");
    }
}
