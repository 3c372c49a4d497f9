//! The inputs in `corpora`: written by hand, or found by the fuzzer. A name says what becomes
//! of it: `taken-…` is read without an error, `refused-…` is not.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use fuzz_targets::TARGETS;

/// Above this a case is not small.
const LARGEST: usize = 2048;

fn corpora() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpora")
}

/// The names in a folder.
fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let name = |entry: fs::DirEntry| entry.file_name().into_string().expect("a plain name");
    entries.map(|entry| name(entry.expect("an entry"))).collect()
}

#[test]
fn every_case_is_taken_or_refused_as_its_name_says() {
    for (target, read) in TARGETS {
        let folder = corpora().join(target);
        let mut seen = BTreeSet::new();
        for name in names(&folder) {
            // Shown when something that must hold does not.
            println!("{target}/{name}");
            let bytes = fs::read(folder.join(&name)).expect("a case");
            assert!(bytes.len() <= LARGEST, "{target}/{name} has {} bytes", bytes.len());
            let told = if read(&bytes) { "taken" } else { "refused" };
            assert_eq!(name.split_once('-').map(|(told, _)| told), Some(told), "{target}/{name}");
            seen.insert(told);
        }
        assert_eq!(seen.len(), 2, "{target} lacks cases of one kind");
    }
}

#[test]
fn every_target_has_cases_and_a_fuzzer() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|(target, _)| (*target).into()).collect();
    assert_eq!(names(&corpora()), targets);
    let fuzzers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/fuzz_targets");
    let fuzzers: BTreeSet<String> = names(&fuzzers)
        .iter()
        .filter_map(|name| name.strip_suffix(".rs").map(Into::into))
        .collect();
    assert_eq!(fuzzers, targets);
}
