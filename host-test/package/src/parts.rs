//! What is built outside of the workspace: components beside the plugin, and the programs that
//! compose and transpile. Each has its own lock file, as its versions of the same crates differ from
//! those of the workspace. They need crates.io, and no other registry.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, ensure};

use crate::facts::{Facts, TARGET};
use crate::{COMPONENT, CONTRACT, File, GUARDED, SERVED};

/// The components that are composed from the plugin, and its ES modules.
pub(crate) struct Parts {
    /// The plugin with the egress guard of `examples/composition`.
    pub(crate) guarded: Vec<u8>,
    /// The plugin with the door of `examples/http`.
    pub(crate) served: Vec<u8>,
    /// The plugin as an ES module, with its core modules and types.
    pub(crate) modules: Vec<File>,
}

impl Parts {
    /// Builds everything for the plugin, a component with its metadata, and its contract, a package in
    /// the binary format.
    pub(crate) fn build(facts: &Facts, plugin: &[u8], contract: &[u8]) -> Result<Parts> {
        let folder = tempfile::tempdir().context("a temporary folder")?;
        let at = |name: &str| folder.path().join(name);
        let plugin_file = at(COMPONENT);
        fs::write(&plugin_file, plugin).context("the component could not be written")?;

        let guard = component(facts, "examples/composition/guard", "guard", "egress_guard")?;
        let compose = program(facts, "examples/composition/compose", "compose", "compose")?;
        run(Command::new(compose).args([&guard, &plugin_file, &at(GUARDED)]))?;

        let door = component(facts, "examples/http/door", "door", "door")?;
        let compose = program(facts, "examples/http/compose", "compose-wac", "compose")?;
        run(Command::new(compose)
            .arg(facts.root.join("examples/http/both.wac"))
            .arg(at(SERVED))
            .args([given("plugin", &plugin_file), given("door", &door)]))?;

        let contract_file = at(CONTRACT);
        fs::write(&contract_file, contract).context("the contract could not be written")?;
        let transpile = program(facts, "host-test/package/transpile", "transpile", "transpile")?;
        let modules = at("modules");
        run(Command::new(transpile).args([&plugin_file, &contract_file, &modules]))?;

        let read = |name: &str| fs::read(at(name)).with_context(|| format!("{name} was not made"));
        Ok(Parts { guarded: read(GUARDED)?, served: read(SERVED)?, modules: files(&modules, "")? })
    }
}

/// Returns everything in a folder, in the order of the paths.
fn files(folder: &Path, before: &str) -> Result<Vec<File>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).context("the modules were not made")? {
        let path = entry?.path();
        let name = format!("{before}{}", path.file_name().unwrap_or_default().to_string_lossy());
        if path.is_dir() {
            found.extend(files(&path, &format!("{name}/"))?);
        } else {
            found.push(File::new(name, fs::read(&path)?));
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(found)
}

/// Returns an argument of the program that composes as a WAC file says.
fn given(name: &str, component: &Path) -> String {
    format!("user-lifecycle:{name}={}", component.display())
}

/// Builds a component in a folder of its own. Returns its file.
fn component(facts: &Facts, source: &str, target: &str, name: &str) -> Result<PathBuf> {
    let target = target_folder(facts, target);
    let mut cargo = cargo(facts, source, &target);
    cargo.args(["--release", "--target", TARGET]);
    cargo.env("CARGO_ENCODED_RUSTFLAGS", component::remapped(&facts.root));
    run(&mut cargo).with_context(|| format!("{source} could not be built"))?;
    Ok(target.join(TARGET).join("release").join(format!("{name}.wasm")))
}

/// Builds a program of this machine. Returns its file.
fn program(facts: &Facts, source: &str, target: &str, name: &str) -> Result<PathBuf> {
    let target = target_folder(facts, target);
    run(&mut cargo(facts, source, &target))
        .with_context(|| format!("{source} could not be built"))?;
    Ok(target.join("debug").join(format!("{name}{}", env::consts::EXE_SUFFIX)))
}

/// Returns the target folder that the examples' own scripts use for it.
fn target_folder(facts: &Facts, name: &str) -> PathBuf {
    facts.metadata.target_directory.join("examples").join(name).into()
}

fn cargo(facts: &Facts, source: &str, target: &Path) -> Command {
    let mut cargo = Command::new(cargo_program());
    cargo.current_dir(facts.root.join(source)).args(["build", "--quiet", "--locked"]);
    cargo.arg("--target-dir").arg(target);
    cargo
}

/// Returns the cargo that runs this program, if one does.
pub(crate) fn cargo_program() -> impl AsRef<OsStr> {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Runs a program to its end. What it prints to stderr is shown only if it fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("{program} could not be started"))?;
    ensure!(
        output.status.success(),
        "{program} failed:\n{}",
        String::from_utf8_lossy(&output.stderr).trim_end()
    );
    Ok(())
}
