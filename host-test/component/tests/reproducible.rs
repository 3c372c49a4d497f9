//! The same sources give the same bytes wherever they lie, and the bytes tell of no machine.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is no source: what builds, releases, examples and version control leave in folders.
const LEFT_OUT: [&str; 5] = ["target", "dist", ".git", "node_modules", ".venv"];

fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    root.expect("the workspace").to_owned()
}

fn cargo_home() -> PathBuf {
    let home = || env::home_dir().expect("a home folder").join(".cargo");
    env::var_os("CARGO_HOME").map_or_else(home, PathBuf::from)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if LEFT_OUT.iter().any(|name| entry.file_name() == *name) {
            continue;
        } else if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// A folder of cargo's own with another name, and the crates and settings of the real one in it.
#[cfg(unix)]
fn another_cargo_home(at: &Path) -> io::Result<()> {
    fs::create_dir_all(at)?;
    for entry in fs::read_dir(cargo_home())? {
        let entry = entry?;
        std::os::unix::fs::symlink(entry.path(), at.join(entry.file_name()))?;
    }
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_build_of_the_same_sources_elsewhere_gives_the_same_bytes() {
    let elsewhere = tempfile::tempdir().expect("a folder");
    // A space and a longer name: neither may move anything.
    let sources = elsewhere.path().join("a clone of another name");
    copy(&root(), &sources).expect("the sources");
    let cargo_home = elsewhere.path().join("cargo");
    another_cargo_home(&cargo_home).expect("a cargo home");

    let mut cargo = Command::new(env!("CARGO"));
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        // What this test's own cargo, or whoever runs it, tells of other folders and flags.
        if name.starts_with("CARGO") || name.ends_with("FLAGS") {
            cargo.env_remove(&*name);
        }
    }
    let built = cargo
        .args(["build", "--offline", "--package", "component"])
        .current_dir(&sources)
        .env("CARGO_HOME", &cargo_home)
        .output()
        .expect("cargo");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));

    let file = "target/component/wasm32-wasip2/component/retool_lifecycle.wasm";
    let bytes = fs::read(sources.join(file)).expect("the component");
    assert!(bytes == component::BYTES, "{} and {} bytes", bytes.len(), component::BYTES.len());
}

#[test]
fn no_folder_and_no_registry_of_this_machine_is_in_the_component() {
    let text = String::from_utf8_lossy(component::BYTES);
    // Panics do say where they come from, so there is something to be found.
    assert!(text.contains("src/"));
    let home = env::home_dir().expect("a home folder");
    for folder in [root(), cargo_home(), home] {
        let folder = folder.to_str().expect("UTF-8");
        assert!(!text.contains(folder), "{folder} is in the component");
    }
    for word in ["registry", ".cargo", "\\Users\\"] {
        assert!(!text.contains(word), "{word} is in the component");
    }
}

#[test]
fn the_contract_is_named_with_its_version() {
    let (name, version) = component::CONTRACT.split_once('@').expect("a version");
    assert_eq!(name, "user-lifecycle:retool");
    let world = include_str!("../../../wit/world.wit");
    assert!(world.starts_with(&format!("package {name}@{version};")));
}
