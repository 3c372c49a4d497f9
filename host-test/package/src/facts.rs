//! What cargo knows of the sources.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_lock::Lockfile;
use cargo_metadata::{Metadata, MetadataCommand, Package};

/// What the component is built for.
const TARGET: &str = "wasm32-wasip2";

/// The package that the component is.
const NAME: &str = "retool-lifecycle";

/// What the sources say of themselves.
#[derive(Debug)]
pub struct Facts {
    /// The workspace.
    pub(crate) root: PathBuf,
    /// The component's own package.
    pub(crate) package: Package,
    /// Where the sources are published; `None` where nothing says so.
    pub source: Option<String>,
    /// The packages of the workspace and what they depend on, for the component's target.
    pub(crate) metadata: Metadata,
    /// The exact versions, with their checksums.
    pub(crate) lock: Lockfile,
}

impl Facts {
    /// Asks cargo about the workspace in this folder. Where the sources are published is what
    /// `source` says, or else the field `repository` of the component's manifest.
    pub fn of(root: &Path, source: Option<String>) -> Result<Facts> {
        let metadata = MetadataCommand::new()
            .manifest_path(root.join("Cargo.toml"))
            .other_options(["--locked", "--filter-platform", TARGET].map(str::to_owned))
            .exec()
            .context("cargo did not say what the component depends on")?;
        let package = metadata
            .packages
            .iter()
            .find(|package| package.name == NAME && package.source.is_none())
            .context("the component is not in this workspace")?
            .clone();
        let lock = Lockfile::load(root.join("Cargo.lock")).context("Cargo.lock is not readable")?;
        let source = source.or_else(|| package.repository.clone());
        Ok(Facts { root: root.to_owned(), package, source, metadata, lock })
    }

    pub(crate) fn version(&self) -> String {
        self.package.version.to_string()
    }

    pub(crate) fn description(&self) -> &str {
        self.package.description.as_deref().unwrap_or_default()
    }

    /// An SPDX expression.
    pub(crate) fn licence(&self) -> Result<&str> {
        self.package.license.as_deref().context("the component's manifest names no licence")
    }

    /// The version of the wasmtime that this workspace runs the component with.
    pub(crate) fn wasmtime(&self) -> Option<String> {
        let mut packages = self.lock.packages.iter();
        let wasmtime = packages.find(|package| package.name.as_str() == "wasmtime")?;
        Some(wasmtime.version.to_string())
    }
}
