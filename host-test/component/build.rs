//! Builds the component, so that the library can embed it. `cargo run` and `cargo test` need only
//! the toolchain that `rust-toolchain.toml` names.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, anyhow, bail, ensure};

#[path = "src/remap.rs"]
mod remap;

const TARGET: &str = "wasm32-wasip2";

/// The profile of the workspace that builds for size.
const PROFILE: &str = "component";

fn main() -> ExitCode {
    match build() {
        Ok(Built { component, contract, compiler }) => {
            println!("cargo::rustc-env=RETOOL_LIFECYCLE_COMPONENT={}", component.display());
            println!("cargo::rustc-env=RETOOL_LIFECYCLE_CONTRACT={contract}");
            println!("cargo::rustc-env=RETOOL_LIFECYCLE_COMPILER={compiler}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("cargo::error={error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The outputs of the build.
struct Built {
    /// The component's file.
    component: PathBuf,
    /// The contract as `namespace:name@version`.
    contract: String,
    /// The compiler and its version.
    compiler: String,
}

fn build() -> Result<Built> {
    let manifest_dir = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let root = manifest_dir.ancestors().nth(2).context("this is not inside the workspace")?;
    for input in [
        "src",
        "wit",
        "Cargo.toml",
        "Cargo.lock",
        "rust-toolchain.toml",
        // Settings for the build of the component, if there are any.
        ".cargo",
        "build.rs",
    ] {
        let path = root.join(input);
        if path.exists() {
            println!("cargo::rerun-if-changed={}", path.display());
        }
    }

    let sysroot = sysroot()?;
    if !has_target(&sysroot) {
        add_target(&sysroot, root)?;
    }

    let out_dir = PathBuf::from(variable("OUT_DIR")?);
    let target_dir = component_target_dir(&out_dir);
    compile(root, &target_dir)?;

    // Copy the file, because other builds of this workspace share the target folder.
    let built = target_dir.join(TARGET).join(PROFILE).join("retool_lifecycle.wasm");
    let component = out_dir.join("retool_lifecycle.wasm");
    fs::copy(&built, &component)
        .with_context(|| format!("{} could not be copied", built.display()))?;
    Ok(Built { component, contract: contract(root)?, compiler: asked_of_rustc(&["--version"])? })
}

/// Reads the package of the world, e.g. `package namespace:name@version;`.
fn contract(root: &Path) -> Result<String> {
    let path = root.join("wit").join("world.wit");
    let wit = fs::read_to_string(&path)
        .with_context(|| format!("{} could not be read", path.display()))?;
    wit.lines()
        .find_map(|line| line.strip_prefix("package ")?.trim_end().strip_suffix(';'))
        .map(str::to_owned)
        .with_context(|| format!("{} names no package", path.display()))
}

fn variable(name: &str) -> Result<String> {
    env::var(name).with_context(|| format!("{name} is not set; run this through cargo"))
}

/// Returns a folder next to those of the profiles, because the build that runs this script has
/// locked its own. `OUT_DIR` is `<target>/<profile>/build/<package>/out`.
fn component_target_dir(out_dir: &Path) -> PathBuf {
    let beside = out_dir.ancestors().nth(4).unwrap_or(out_dir);
    beside.join("component")
}

fn compile(root: &Path, target_dir: &Path) -> Result<()> {
    let mut cargo = Command::new(variable("CARGO")?);
    cargo
        .current_dir(root)
        .args(["build", "--lib", "--package", "retool-lifecycle"])
        .args(["--profile", PROFILE, "--target", TARGET, "--target-dir"])
        .arg(target_dir)
        .stdin(Stdio::null());
    if cfg!(feature = "names") {
        cargo.args(["--config", "profile.component.strip=false"]);
    }
    for name in foreign_variables() {
        cargo.env_remove(name);
    }
    cargo.env("CARGO_ENCODED_RUSTFLAGS", remap::remapped(root));
    let output = cargo.output().context("cargo could not be started for the component")?;
    if output.status.success() {
        return Ok(());
    }
    eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    bail!("the component did not build for {TARGET}; the compiler's messages are below")
}

/// Lists the variables that cargo and clippy set for the build that runs this script, and those
/// that would make the component differ between builds of the host.
fn foreign_variables() -> impl Iterator<Item = String> {
    const NAMES: [&str; 18] = [
        "CARGO_BUILD_RUSTFLAGS",
        "CARGO_BUILD_TARGET",
        "CARGO_BUILD_TARGET_DIR",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_MANIFEST_DIR",
        "CARGO_MANIFEST_PATH",
        "CARGO_PRIMARY_PACKAGE",
        "CARGO_TARGET_DIR",
        "CLIPPY_ARGS",
        "CLIPPY_CONF_DIR",
        "DEBUG",
        "HOST",
        "OPT_LEVEL",
        "OUT_DIR",
        "PROFILE",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTFLAGS",
        "TARGET",
    ];
    const PREFIXES: [&str; 5] =
        ["CARGO_CFG_", "CARGO_FEATURE_", "CARGO_PKG_", "CARGO_PROFILE_", "DEP_"];
    env::vars_os().filter_map(|(name, _)| name.into_string().ok()).filter(|name| {
        NAMES.contains(&name.as_str()) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
    })
}

/// Returns the sysroot of the compiler that cargo uses. Its targets are there.
fn sysroot() -> Result<PathBuf> {
    asked_of_rustc(&["--print", "sysroot"]).map(PathBuf::from)
}

/// Runs the compiler that cargo uses with these arguments, and returns its output.
fn asked_of_rustc(question: &[&str]) -> Result<String> {
    let output = Command::new(variable("RUSTC")?)
        .args(question)
        .output()
        .context("rustc could not be started")?;
    let question = question.join(" ");
    ensure!(output.status.success(), "rustc {question} failed: {}", last_line(&output.stderr));
    let answer = String::from_utf8(output.stdout)
        .with_context(|| format!("the output of rustc {question} is not UTF-8"))?;
    Ok(answer.trim().to_owned())
}

/// Returns the last line that a program printed, which usually is the reason why it failed.
fn last_line(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let line = text.lines().rev().map(str::trim).find(|line| !line.is_empty());
    line.unwrap_or("it gave no reason").to_owned()
}

fn has_target(sysroot: &Path) -> bool {
    let lib = sysroot.join("lib/rustlib").join(TARGET).join("lib");
    fs::read_dir(lib).is_ok_and(|mut entries| entries.next().is_some())
}

/// Adds the target with rustup, to the toolchain in use.
fn add_target(sysroot: &Path, root: &Path) -> Result<()> {
    let missing = |why: &str| {
        anyhow!(
            "the target {TARGET} is missing and could not be added ({why}): install it with \
             `rustup target add {TARGET}`, or with your system's package for Rust's {TARGET}"
        )
    };
    // rustup's toolchains are in a folder of this name. rustup can't change any other toolchain.
    let toolchain = sysroot
        .parent()
        .filter(|parent| parent.ends_with("toolchains"))
        .and(sysroot.file_name())
        .ok_or_else(|| missing("this toolchain is not one of rustup's"))?;
    let added = Command::new("rustup")
        .current_dir(root)
        .args(["target", "add", TARGET, "--toolchain"])
        .arg(toolchain)
        .stdin(Stdio::null())
        .output();
    match added {
        Ok(output) if output.status.success() && has_target(sysroot) => {
            println!(
                "cargo::warning=the target {TARGET} was missing; added it with \
                 `rustup target add {TARGET}`"
            );
            Ok(())
        }
        Ok(output) => {
            eprintln!("{}", String::from_utf8_lossy(&output.stderr));
            Err(missing(&format!("rustup: {}", last_line(&output.stderr))))
        }
        Err(error) => Err(missing(&format!("rustup could not be started: {error}"))),
    }
}
