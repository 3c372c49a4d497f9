//! Runs the targets with the inputs in `corpora`, which are written by hand or found by the fuzzer.
//! An input named `taken-…` must be read without an error, one named `refused-…` must not.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use fuzz_targets::TARGETS;

/// Maximum size of an input in bytes.
const MAX_BYTES: usize = 2048;

fn corpora() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpora")
}

/// Returns the names in a folder.
fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let name = |entry: fs::DirEntry| entry.file_name().into_string().expect("a plain name");
    entries.map(|entry| name(entry.expect("an entry"))).collect()
}

#[test]
fn every_input_is_accepted_or_refused_as_its_name_says() {
    for (target, read) in TARGETS {
        let folder = corpora().join(target);
        let mut seen = BTreeSet::new();
        for name in names(&folder) {
            // The test prints this only if it fails.
            println!("{target}/{name}");
            let bytes = fs::read(folder.join(&name)).expect("a case");
            assert!(bytes.len() <= MAX_BYTES, "{target}/{name} has {} bytes", bytes.len());
            let result = if read(&bytes) { "taken" } else { "refused" };
            let expected = name.split_once('-').map(|(expected, _)| expected);
            assert_eq!(expected, Some(result), "{target}/{name}");
            seen.insert(result);
        }
        assert_eq!(seen.len(), 2, "{target} needs inputs of both kinds");
    }
}

#[test]
fn every_target_has_inputs_and_a_fuzzer() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|(target, _)| (*target).into()).collect();
    assert_eq!(names(&corpora()), targets);
    let fuzzers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/fuzz_targets");
    let fuzzers: BTreeSet<String> = names(&fuzzers)
        .iter()
        .filter_map(|name| name.strip_suffix(".rs").map(Into::into))
        .collect();
    assert_eq!(fuzzers, targets);
}
