//! The same sources give the same bytes in any folder, and the bytes contain nothing about the
//! machine.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Folders without sources: they come from builds, releases, examples and version control.
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

/// Creates a cargo home with another name that has the crates and settings of the real one.
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
    // The name has a space and another length. Neither may change the bytes.
    let sources = elsewhere.path().join("a clone of another name");
    copy(&root(), &sources).expect("the sources");
    let cargo_home = elsewhere.path().join("cargo");
    another_cargo_home(&cargo_home).expect("a cargo home");

    let mut cargo = Command::new(env!("CARGO"));
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        // Remove other folders and flags that come from the cargo of this test or from the user.
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
    // Panic messages contain paths, so the component does contain some.
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
fn the_contract_has_the_name_and_version_of_the_wit() {
    let (name, version) = component::CONTRACT.split_once('@').expect("a version");
    assert_eq!(name, "user-lifecycle:retool");
    let world = include_str!("../../../wit/world.wit");
    assert!(world.starts_with(&format!("package {name}@{version};")));
}
