//! Tests a release that the program has written.

mod packages;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::LazyLock;

use cyclonedx_bom::models::bom::Bom;
use cyclonedx_bom::models::component::Component;
use cyclonedx_bom::validation::Validate;
use package::{BILL, COMPONENT, CONTRACT, GUARDED, OPENAPI, SCHEMAS, SERVED, SUMS};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use wasm_metadata::Payload;
use wasmparser::{Validator, WasmFeatures};
use wit_component::{DecodedWasm, decode};

const SOURCE: &str = "https://example.com/retool-lifecycle";

/// The text of the executable that is given as the command.
const COMMAND: &str = "#!/bin/sh\necho the command\n";

fn run(out: &Path) -> Output {
    let given = tempfile::tempdir().expect("a folder");
    let command = given.path().join("command");
    fs::write(&command, COMMAND).expect("a file");
    Command::new(env!("CARGO_BIN_EXE_package"))
        .args(["--source", SOURCE, "--out"])
        .arg(out)
        .arg("--command")
        .arg(command)
        .output()
        .expect("the program")
}

/// Writes a release to a temporary folder.
fn new_release() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let output = run(folder.path());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    folder
}

/// Returns a copy of one release, in a temporary folder.
fn released() -> TempDir {
    static FILES: LazyLock<BTreeMap<String, (Vec<u8>, fs::Permissions)>> = LazyLock::new(|| {
        let folder = new_release();
        let file = |path: String| {
            let file = folder.path().join(&path);
            let permissions = fs::metadata(&file).expect("a file").permissions();
            (path, (fs::read(file).expect("a file"), permissions))
        };
        paths(folder.path(), "").into_iter().map(file).collect()
    });
    let folder = tempfile::tempdir().expect("a folder");
    for (path, (bytes, permissions)) in FILES.iter() {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, bytes).expect("a file");
        fs::set_permissions(&path, permissions.clone()).expect("the permissions");
    }
    folder
}

fn bytes(folder: &TempDir, path: &str) -> Vec<u8> {
    fs::read(folder.path().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn text(folder: &TempDir, path: &str) -> String {
    String::from_utf8(bytes(folder, path)).expect("UTF-8")
}

/// Lists the paths below a folder, with `/` between their parts.
fn paths(folder: &Path, prefix: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            found.extend(paths(&entry.path(), &format!("{path}/")));
        } else {
            found.insert(path);
        }
    }
    found
}

#[test]
fn the_component_has_metadata_and_is_otherwise_unchanged() {
    let folder = released();
    let released = bytes(&folder, COMPONENT);
    Validator::new_with_features(WasmFeatures::all()).validate_all(&released).expect("valid");

    let Payload::Component { metadata, .. } = Payload::from_binary(&released).expect("metadata")
    else {
        panic!("not a component")
    };
    assert_eq!(metadata.name.as_deref(), Some("retool-lifecycle"));
    let field = |text: Option<String>| text.expect("a field");
    assert_eq!(field(metadata.version.map(|text| text.to_string())), env!("CARGO_PKG_VERSION"));
    assert_eq!(field(metadata.licenses.map(|text| text.to_string())), "Apache-2.0");
    assert_eq!(field(metadata.source.map(|text| text.to_string())), SOURCE);
    assert!(field(metadata.description.map(|text| text.to_string())).contains("Retool"));
    let producers = metadata.producers.expect("producers");
    let compiler = producers.get("processed-by").and_then(|by| by.get("rustc").cloned());
    assert!(component::COMPILER.ends_with(&compiler.expect("the compiler")));
    assert!(producers.get("language").is_some_and(|language| language.get("Rust").is_some()));

    // The metadata changes neither imports nor exports.
    let world = |bytes: &[u8]| {
        let decoded = decode(bytes).expect("a component");
        let mut printer = wit_component::WitPrinter::default();
        printer.print(decoded.resolve(), decoded.package(), &[]).expect("WIT");
        printer.output.to_string()
    };
    assert_eq!(world(&released), world(component::BYTES));
}

/// Returns the names of a component's imports and exports.
fn names(component: &[u8]) -> (BTreeSet<String>, BTreeSet<String>) {
    Validator::new_with_features(WasmFeatures::all()).validate_all(component).expect("valid");
    let DecodedWasm::Component(resolve, world) = decode(component).expect("a component") else {
        panic!("not a component")
    };
    let world = &resolve.worlds[world];
    let names = |keys: Vec<&wit_parser::WorldKey>| {
        keys.into_iter().map(|key| resolve.name_world_key(key)).collect()
    };
    (names(world.imports.keys().collect()), names(world.exports.keys().collect()))
}

#[test]
fn the_compositions_import_nothing_more_and_export_the_functions() {
    let folder = released();
    let (imports, exports) = names(&bytes(&folder, COMPONENT));
    assert!(exports.iter().any(|name| name.starts_with("user-lifecycle:retool/lifecycle@")));
    assert_eq!(names(&bytes(&folder, GUARDED)), (imports.clone(), exports.clone()));
    let (served_imports, mut served_exports) = names(&bytes(&folder, SERVED));
    assert_eq!(served_imports, imports);
    let handlers: Vec<String> = served_exports
        .extract_if(.., |name| name.starts_with("wasi:http/incoming-handler@"))
        .collect();
    assert_eq!(handlers.len(), 1, "{handlers:?}");
    assert_eq!(served_exports, exports);
}

#[test]
fn the_release_says_what_each_file_is_for() {
    let folder = released();
    let contents = text(&folder, "README.md");
    for path in paths(folder.path(), "") {
        let name = path.find('/').map_or(path.as_str(), |end| &path[..=end]);
        let listed = contents.contains(&format!("| `{name}` | "));
        assert!(listed || ["README.md", SUMS].contains(&name), "{name} in {contents}");
    }
}

#[test]
fn the_contract_is_a_package_of_the_same_version_with_its_comments() {
    let folder = released();
    let DecodedWasm::WitPackage(resolve, package) =
        decode(&bytes(&folder, CONTRACT)).expect("a package")
    else {
        panic!("not a package")
    };
    assert_eq!(resolve.packages[package].name.to_string(), component::CONTRACT);
    let world = resolve.packages[package].worlds["plugin"];
    let docs = resolve.worlds[world].docs.contents.as_deref();
    assert!(docs.is_some_and(|docs| docs.contains("no files and no sockets")), "{docs:?}");

    let mut written = wit_parser::Resolve::default();
    let (written_package, _) = written.push_dir(folder.path().join("wit")).expect("WIT");
    assert_eq!(written.packages[written_package].name, resolve.packages[package].name);
    assert_eq!(
        written.packages[written_package].interfaces.keys().collect::<BTreeSet<_>>(),
        resolve.packages[package].interfaces.keys().collect::<BTreeSet<_>>()
    );
}

#[test]
fn the_release_describes_the_json_of_every_function() {
    let folder = released();
    let document: serde_json::Value =
        serde_json::from_str(&text(&folder, OPENAPI)).expect("an OpenAPI document");
    let paths = document["paths"].as_object().expect("paths");
    let functions = paths.keys().filter_map(|path| path.strip_prefix("/v1/"));
    let mut described = 0;
    for function in functions {
        let schema = text(&folder, &format!("{SCHEMAS}/{function}.json"));
        let schema: serde_json::Value = serde_json::from_str(&schema).expect("schemas");
        assert_eq!(schema["function"], function);
        assert!(schema["request"]["type"] == "object" && schema["result"].is_object());
        described += 1;
    }
    assert!(described >= 17, "{described}");
}

#[test]
fn the_bill_of_materials_lists_exactly_what_is_compiled_in() {
    let folder = released();
    let json = text(&folder, BILL);
    let bom = Bom::parse_from_json_v1_5(json.as_bytes()).expect("a bill of materials");
    let validated = bom.validate();
    assert!(validated.passed(), "{validated:?}");

    let components = bom.components.expect("components").0;
    let names: BTreeSet<&str> = components.iter().map(|component| &*component.name).collect();
    for name in [
        "base64",
        "dlmalloc",
        "percent-encoding",
        "serde",
        "serde_json",
        "sha2",
        "siphasher",
        "uuid",
        "wasi",
    ] {
        assert!(names.contains(name), "{name} in {names:?}");
    }
    for name in ["wasmtime", "axum", "proptest", "retool-lifecycle"] {
        assert!(!names.contains(name), "{name} in {names:?}");
    }
    let purl = |component: &Component| component.purl.as_ref().expect("a purl").to_string();
    for component in &components {
        assert!(purl(component).starts_with(&format!("pkg:cargo/{}@", &*component.name)));
        let hashes = component.hashes.as_ref().expect("a checksum");
        assert_eq!(hashes.0[0].content.0.len(), 64);
        assert!(component.licenses.is_some(), "{}", &*component.name);
    }
    // Each component is a dependency of another one.
    let known: BTreeSet<String> = components.iter().map(purl).collect();
    let dependencies = bom.dependencies.expect("dependencies").0;
    let needed: BTreeSet<String> =
        dependencies.into_iter().flat_map(|dependency| dependency.dependencies).collect();
    assert_eq!(needed, known);
    for word in ["timestamp", "serialNumber"] {
        assert!(!json.contains(word), "{word} differs between runs");
    }
}

#[test]
fn every_file_has_a_checksum_and_contains_nothing_about_the_machine() {
    let folder = released();
    let mut listed = BTreeSet::new();
    for line in text(&folder, SUMS).lines() {
        let (sum, path) = line.split_once("  ").expect("a checksum and a path");
        let digest = hex::encode(Sha256::digest(bytes(&folder, path)));
        assert_eq!(sum, digest, "{path}");
        listed.insert(path.to_owned());
    }
    let mut there = paths(folder.path(), "");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the workspace");
    let home = std::env::home_dir().expect("a home folder");
    for path in &there {
        let bytes = bytes(&folder, path);
        let text = String::from_utf8_lossy(&bytes);
        for place in [root, &home, folder.path()] {
            let place = place.to_str().expect("UTF-8");
            assert!(!text.contains(place), "{place} in {path}");
        }
    }
    there.remove(SUMS);
    assert_eq!(listed, there);
    let licence = fs::read(root.join("LICENSE")).expect("the licence");
    assert_eq!(bytes(&folder, "LICENSE"), licence);
}

#[test]
fn releases_of_the_same_sources_are_equal_and_replace_each_other() {
    let (one, other) = (released(), new_release());
    assert_eq!(text(&one, SUMS), text(&other, SUMS));

    // An earlier version had a file more.
    let stale = "package stale:one;";
    fs::write(one.path().join("wit").join("stale.wit"), stale).expect("a file");
    let sum = hex::encode(Sha256::digest(stale));
    let sums = format!("{}{sum}  wit/stale.wit\n", text(&one, SUMS));
    fs::write(one.path().join(SUMS), sums).expect("a file");
    assert!(run(one.path()).status.success());
    assert_eq!(paths(one.path(), ""), paths(other.path(), ""));
}

#[test]
fn a_folder_with_other_files_is_not_changed() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("thesis.txt"), "years of work").expect("a file");
    let output = run(folder.path());
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("thesis.txt is not a file of an earlier release"), "{stderr}");
    assert_eq!(paths(folder.path(), ""), BTreeSet::from(["thesis.txt".to_owned()]));
}

/// Puts more into a folder with a release, and checks that a second release is refused, changes
/// nothing, and names the file.
fn refused(change: impl FnOnce(&Path), named: &str) {
    let folder = released();
    change(folder.path());
    let before: Vec<_> = paths(folder.path(), "").into_iter().collect();
    let contents = || before.iter().map(|path| fs::read(folder.path().join(path)).ok());
    let kept: Vec<_> = contents().collect();
    let output = run(folder.path());
    assert_eq!(output.status.code(), Some(1), "{named}");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains(named) && stderr.contains("nothing was changed"), "{stderr}");
    assert!(contents().eq(kept), "{named}");
    assert!(paths(folder.path(), "").into_iter().eq(before.iter().cloned()), "{named}");
}

#[test]
fn files_in_a_release_that_are_not_its_own_are_kept() {
    refused(|folder| fs::write(folder.join("notes.txt"), "mine").expect("a file"), "notes.txt");
    refused(
        |folder| {
            fs::create_dir_all(folder.join("wit/mine")).expect("a folder");
            fs::write(folder.join("wit/mine/own.wit"), "mine").expect("a file");
        },
        "own.wit",
    );
    refused(|folder| fs::write(folder.join("push"), "edited").expect("a file"), "push was changed");
}

#[cfg(unix)]
#[test]
fn a_link_in_a_release_is_not_followed() {
    let elsewhere = tempfile::tempdir().expect("a folder");
    fs::write(elsewhere.path().join("own.txt"), "mine").expect("a file");
    let link = |folder: &Path| {
        std::os::unix::fs::symlink(elsewhere.path(), folder.join("linked")).expect("a link");
    };
    refused(link, "linked");
    assert_eq!(fs::read(elsewhere.path().join("own.txt")).expect("a file"), b"mine");
}

#[test]
fn a_folder_with_the_checksums_of_something_else_is_not_changed() {
    let folder = tempfile::tempdir().expect("a folder");
    let sum = hex::encode(Sha256::digest("data"));
    for listed in ["disk.iso", "/etc/passwd", "../disk.iso"] {
        fs::write(folder.path().join("disk.iso"), "data").expect("a file");
        fs::write(folder.path().join(SUMS), format!("{sum}  {listed}\n")).expect("a file");
        let output = run(folder.path());
        assert_eq!(output.status.code(), Some(1), "{listed}");
        assert_eq!(bytes(&folder, "disk.iso"), b"data", "{listed}");
        assert!(folder.path().join(SUMS).exists(), "{listed}");
    }
}

#[cfg(unix)]
#[test]
fn the_script_pushes_the_component_with_every_annotation() {
    use std::os::unix::fs::PermissionsExt;

    let folder = released();
    // A fake wkg that prints each argument on a line.
    let tools = tempfile::tempdir().expect("a folder");
    let wkg = tools.path().join("wkg");
    fs::write(&wkg, "#!/bin/sh\nprintf '%s\\n' \"$@\"\n").expect("a file");
    fs::set_permissions(&wkg, fs::Permissions::from_mode(0o755)).expect("its permissions");
    let path = std::env::var("PATH").expect("a path");
    let output = Command::new(folder.path().join("push"))
        .arg("registry.example/acme/retool-lifecycle")
        .env("PATH", format!("{}:{path}", tools.path().display()))
        .env("REVISION", "0123abc")
        .output()
        .expect("the script");
    assert!(output.status.success(), "{output:?}");
    let arguments = String::from_utf8(output.stdout).expect("UTF-8");
    let arguments: Vec<&str> = arguments.lines().collect();
    let version = env!("CARGO_PKG_VERSION");
    let to = format!("registry.example/acme/retool-lifecycle:{version}");
    assert_eq!(arguments[..4], ["oci", "push", &*to, COMPONENT]);
    let annotations: BTreeSet<&str> = arguments
        .windows(2)
        .filter_map(|two| (two[0] == "--annotation").then_some(two[1]))
        .filter_map(|annotation| annotation.strip_prefix("org.opencontainers.image."))
        .collect();
    for annotation in [
        "title=retool-lifecycle",
        &format!("version={version}"),
        "licenses=Apache-2.0",
        &format!("source={SOURCE}"),
        "revision=0123abc",
    ] {
        assert!(annotations.contains(annotation), "{annotation} in {annotations:?}");
    }
    assert!(annotations.iter().any(|text| text.starts_with("description=The Retool")));

    let without = Command::new(folder.path().join("push")).output().expect("the script");
    assert!(!without.status.success());
}
