//! Builds the component, so that the library can embed it: `cargo run` and `cargo test` need
//! nothing but the toolchain that `rust-toolchain.toml` names.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, anyhow, bail, ensure};

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

/// What the library is made of.
struct Built {
    /// The file.
    component: PathBuf,
    /// `namespace:name@version` of the contract.
    contract: String,
    /// What compiled it, with its version.
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
        // Settings of the guest's build, if there are any.
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

    // A copy of its own, because other builds of this workspace share the target folder.
    let built = target_dir.join(TARGET).join(PROFILE).join("retool_lifecycle.wasm");
    let component = out_dir.join("retool_lifecycle.wasm");
    fs::copy(&built, &component)
        .with_context(|| format!("{} could not be copied", built.display()))?;
    Ok(Built { component, contract: contract(root)?, compiler: asked_of_rustc(&["--version"])? })
}

/// What the world says of its package: `package namespace:name@version;`.
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

/// A folder beside the profiles' own: the one of the build that runs this script is locked.
/// `OUT_DIR` is `<target>/<profile>/build/<package>/out`.
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
    for name in foreign_variables() {
        cargo.env_remove(name);
    }
    cargo.env("CARGO_ENCODED_RUSTFLAGS", remapped(root));
    let output = cargo.output().context("cargo could not be started for the component")?;
    if output.status.success() {
        return Ok(());
    }
    eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    bail!("the component did not build for {TARGET}; the compiler's messages are below")
}

/// Flags that keep the folders of this machine and the names of its registries out of the
/// component, where panics say which file they came from: the same sources give the same bytes
/// wherever they lie.
fn remapped(root: &Path) -> String {
    let cargo_home = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| {
        let home = env::home_dir()?;
        Some(home.join(".cargo"))
    });
    let mut folders = vec![(root.to_owned(), "/retool-lifecycle")];
    if let Some(cargo_home) = cargo_home {
        // One for each registry that crates come from, named after it. Of several flags that
        // fit, the last one counts.
        let mut registries = subfolders(&cargo_home.join("registry").join("src"));
        registries.sort();
        folders.push((cargo_home, "/cargo"));
        folders.extend(registries.into_iter().map(|registry| (registry, "/crates")));
    }
    let flags = folders
        .into_iter()
        .map(|(folder, name)| format!("--remap-path-prefix={}={name}", folder.display()));
    // Cargo takes them apart at this character, so that folders may have spaces.
    flags.collect::<Vec<_>>().join("\u{1f}")
}

/// What lies in a folder; nothing where there is none.
fn subfolders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
}

/// What cargo (and clippy) set for the build that runs this script, and what would make the
/// component differ from one build of the host to the next.
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

/// Where the compiler that cargo uses keeps its targets.
fn sysroot() -> Result<PathBuf> {
    asked_of_rustc(&["--print", "sysroot"]).map(PathBuf::from)
}

/// What the compiler that cargo uses says of itself.
fn asked_of_rustc(question: &[&str]) -> Result<String> {
    let output = Command::new(variable("RUSTC")?)
        .args(question)
        .output()
        .context("rustc could not be started")?;
    let question = question.join(" ");
    ensure!(
        output.status.success(),
        "rustc did not answer {question}: {}",
        last_line(&output.stderr)
    );
    let answer = String::from_utf8(output.stdout)
        .with_context(|| format!("what rustc answers to {question} is not UTF-8"))?;
    Ok(answer.trim().to_owned())
}

/// The last thing that a program said, which is why it ended.
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
    // rustup's toolchains lie in a folder of that name; any other is not its to change.
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
