//! The packages of a release: the command, the wheel and the npm package.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use flate2::read::{DeflateDecoder, GzDecoder};
use package::{GUARDED, PLATFORM, SCHEMAS};
use rawzip::ZipArchive;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{COMMAND, bytes, paths, released};

/// The version of the component and of every package.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The files of an archive by their paths.
type Files = BTreeMap<String, Vec<u8>>;

/// Reads a `.tar.gz`. Returns the paths of what may be executed too.
fn untarred(archive: &[u8]) -> (Files, BTreeSet<String>) {
    let (mut files, mut executable) = (Files::new(), BTreeSet::new());
    let mut archive = tar::Archive::new(GzDecoder::new(archive));
    for entry in archive.entries().expect("an archive") {
        let mut entry = entry.expect("an entry");
        let path = entry.path().expect("a path").to_string_lossy().into_owned();
        let header = entry.header();
        assert_eq!(header.mtime().expect("a time"), 0, "{path}");
        if header.mode().expect("a mode") == 0o755 {
            executable.insert(path.clone());
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("its content");
        files.insert(path, bytes);
    }
    (files, executable)
}

fn unzipped(archive: &[u8]) -> Files {
    let archive = ZipArchive::from_slice(archive).expect("an archive");
    let mut files = Files::new();
    let mut entries = archive.entries();
    while let Some(entry) = entries.next_entry().expect("an entry") {
        let path = entry.file_path().try_normalize().expect("a path").as_ref().to_owned();
        let entry = archive.get_entry(entry.wayfinder()).expect("an entry");
        let mut bytes = Vec::new();
        // It checks the size and the checksum.
        let mut reader = entry.verifying_reader(DeflateDecoder::new(entry.data()));
        reader.read_to_end(&mut bytes).expect("its content");
        files.insert(path, bytes);
    }
    files
}

fn text<'a>(files: &'a Files, path: &str) -> &'a str {
    let bytes = files.get(path).unwrap_or_else(|| panic!("no {path} in {:?}", files.keys()));
    std::str::from_utf8(bytes).expect("UTF-8")
}

/// Fails if a file contains something about this machine.
fn says_nothing_about_the_machine(files: &Files) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the workspace");
    let home = std::env::home_dir().expect("a home folder");
    for (path, bytes) in files {
        let text = String::from_utf8_lossy(bytes);
        for place in [root, &home] {
            let place = place.to_str().expect("UTF-8");
            assert!(!text.contains(place), "{place} in {path}");
        }
    }
}

/// Returns the path of every function, e.g. `directory/find-user`.
fn functions(release: &Path) -> BTreeSet<String> {
    let schemas = paths(&release.join(SCHEMAS), "");
    schemas.iter().filter_map(|path| Some(path.strip_suffix(".json")?.to_owned())).collect()
}

#[test]
fn the_command_is_in_an_archive_for_its_platform() {
    let folder = released();
    let name = format!("retool-lifecycle-{VERSION}-{PLATFORM}");
    let (files, executable) = untarred(&bytes(&folder, &format!("{name}.tar.gz")));
    let command = format!("{name}/retool-lifecycle{}", std::env::consts::EXE_SUFFIX);
    assert_eq!(text(&files, &command), COMMAND);
    assert_eq!(executable, BTreeSet::from([command.clone()]));
    let others: Vec<&String> = files.keys().filter(|path| **path != command).collect();
    assert_eq!(others, [&format!("{name}/LICENSE"), &format!("{name}/command.md")]);
}

#[test]
fn the_wheel_has_every_type_and_function_and_the_guarded_component() {
    let folder = released();
    let files = unzipped(&bytes(&folder, &format!("retool_lifecycle-{VERSION}-py3-none-any.whl")));
    says_nothing_about_the_machine(&files);
    let guarded = files.get(&format!("retool_lifecycle/{GUARDED}"));
    assert_eq!(guarded, Some(&bytes(&folder, GUARDED)));

    let module = text(&files, "retool_lifecycle/functions.py");
    for function in functions(folder.path()) {
        let (_, name) = function.split_once('/').expect("an interface and a name");
        assert!(module.contains(&format!("\"{name}\": \"{function}\",")), "{function}");
        assert!(module.contains(&format!("    def {}(self", name.replace('-', "_"))), "{function}");
    }
    let types = text(&files, "retool_lifecycle/types.py");
    for (path, wit) in files_below(&folder.path().join("wit")) {
        for line in wit.lines().map(str::trim) {
            let Some(name) = line.strip_prefix("record ").and_then(|rest| rest.strip_suffix(" {"))
            else {
                continue;
            };
            let class: String = name.split('-').map(capitalized).collect();
            let dataclass = format!("@dataclass(kw_only=True)\nclass {class}:\n");
            assert!(types.contains(&dataclass), "{class} of {path}");
        }
    }
    // An option may be left out, and nothing else.
    assert!(types.contains("\n    email: str | None = None\n"));
    assert!(types.contains("\n    former_emails: list[str]\n"));
}

#[test]
fn the_wheel_records_its_files_as_installers_check_them() {
    let folder = released();
    let files = unzipped(&bytes(&folder, &format!("retool_lifecycle-{VERSION}-py3-none-any.whl")));
    let info = format!("retool_lifecycle-{VERSION}.dist-info");
    let mut recorded = BTreeSet::new();
    for line in text(&files, &format!("{info}/RECORD")).lines() {
        let fields: Vec<&str> = line.split(',').collect();
        let [path, sum, size] = fields[..] else { panic!("{line}") };
        if path != format!("{info}/RECORD") {
            let bytes = &files[path];
            let digest = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(bytes));
            assert_eq!(sum, format!("sha256={digest}"), "{path}");
            assert_eq!(size, bytes.len().to_string(), "{path}");
        }
        recorded.insert(path.to_owned());
    }
    assert_eq!(recorded, files.keys().cloned().collect());
    let metadata = text(&files, &format!("{info}/METADATA"));
    for line in [
        "Name: retool-lifecycle",
        &format!("Version: {VERSION}"),
        "License-Expression: Apache-2.0",
        "Requires-Dist: wasmtime>=46",
        "Project-URL: Source, https://example.com/retool-lifecycle",
    ] {
        assert!(metadata.lines().any(|found| found == line), "{line} in {metadata}");
    }
}

fn files_below(folder: &Path) -> Vec<(String, String)> {
    let read = |path: String| {
        let text = std::fs::read_to_string(folder.join(&path)).expect("a file");
        (path, text)
    };
    paths(folder, "").into_iter().map(read).collect()
}

fn capitalized(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_ascii_uppercase() + rest
}

#[test]
fn the_npm_package_has_the_component_its_types_and_every_function() {
    let folder = released();
    let (files, executable) = untarred(&bytes(&folder, &format!("retool-lifecycle-{VERSION}.tgz")));
    says_nothing_about_the_machine(&files);
    assert_eq!(executable, BTreeSet::new());
    let json = |path: &str| -> Value { serde_json::from_str(text(&files, path)).expect("JSON") };

    let manifest = json("package/package.json");
    assert_eq!(manifest["name"], "retool-lifecycle");
    assert_eq!(manifest["version"], VERSION);
    assert_eq!(manifest["license"], "Apache-2.0");
    assert_eq!(manifest["repository"], crate::SOURCE);
    for place in manifest["exports"]["."].as_object().expect("exports").values() {
        let path = place.as_str().and_then(|path| path.strip_prefix("./")).expect("a path");
        assert!(files.contains_key(&format!("package/{path}")), "{path}");
    }

    let contract = json("package/plugin/contract.json");
    let described: BTreeSet<String> =
        contract["functions"].as_object().expect("functions").keys().cloned().collect();
    assert_eq!(described, functions(folder.path()));
    let modules: BTreeSet<String> = contract["modules"]
        .as_array()
        .expect("modules")
        .iter()
        .map(|name| format!("package/plugin/{}", name.as_str().expect("a name")))
        .collect();
    let wasm: BTreeSet<String> =
        files.keys().filter(|path| path.ends_with(".wasm")).cloned().collect();
    assert_eq!(modules, wasm);
    assert!(text(&files, "package/plugin/component.js").contains("export function instantiate("));
    let types = text(&files, "package/plugin/interfaces/user-lifecycle-retool-lifecycle.d.ts");
    assert!(types.contains("export function provision(connection: Connection"));
    assert!(types.contains("Creates or updates one person"));
}
