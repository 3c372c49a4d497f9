//! The archive of the command `retool-lifecycle` for the platform of this build.

use std::env::consts::EXE_SUFFIX;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command as Process;

use anyhow::{Context, Result};

use crate::facts::Facts;
use crate::parts::{cargo_program, run};
use crate::{File, archive};

/// The platform of this build, e.g. `x86_64-unknown-linux-gnu`.
pub const PLATFORM: &str = env!("PLATFORM");

/// The package and the name of the command.
const PACKAGE: &str = "retool-lifecycle-cli";
const NAME: &str = "retool-lifecycle";

/// Where the release's command comes from.
#[derive(Clone, Debug)]
pub enum Command {
    /// It is built, optimised and without symbols. From nothing, that takes many minutes.
    Build,
    /// It is this file.
    Given(PathBuf),
    /// The release has no command.
    Without,
}

/// Returns the archive, if the release has one: a folder with the command, the licence and its
/// documentation.
pub(crate) fn archive(facts: &Facts, command: &Command, licence: &[u8]) -> Result<Option<File>> {
    let program = match command {
        Command::Build => build(facts)?,
        Command::Given(file) => file.clone(),
        Command::Without => return Ok(None),
    };
    let name = format!("{NAME}-{}-{PLATFORM}", facts.version());
    let file = |path: &str, bytes: Vec<u8>| File::new(format!("{name}/{path}"), bytes);
    let files = [
        File { executable: true, ..file(&format!("{NAME}{EXE_SUFFIX}"), read(&program)?) },
        file("LICENSE", licence.to_vec()),
        file("command.md", read(&facts.root.join("docs/command.md"))?),
    ];
    Ok(Some(File::new(format!("{name}.tar.gz"), archive::tar_gz(&files)?)))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("{} could not be read", path.display()))
}

/// Builds the command. Returns its file.
fn build(facts: &Facts) -> Result<PathBuf> {
    let target = facts.metadata.target_directory.join("command");
    let mut cargo = Process::new(cargo_program());
    cargo
        .current_dir(&facts.root)
        .args(["build", "--quiet", "--locked", "--release", "--package", PACKAGE, "--target-dir"])
        .arg(&target)
        .env("CARGO_PROFILE_RELEASE_STRIP", "symbols")
        .env("CARGO_ENCODED_RUSTFLAGS", component::remapped(&facts.root));
    run(&mut cargo).context("the command could not be built")?;
    Ok(target.join("release").join(format!("{NAME}{EXE_SUFFIX}")).into())
}
