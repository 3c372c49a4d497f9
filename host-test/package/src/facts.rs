//! Information about the sources from cargo.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_lock::Lockfile;
use cargo_metadata::{Metadata, MetadataCommand, Package};

/// The target of the component's build.
pub(crate) const TARGET: &str = "wasm32-wasip2";

/// The component's package.
const NAME: &str = "retool-lifecycle";

/// Metadata of the sources.
#[derive(Debug)]
pub struct Facts {
    /// The workspace.
    pub(crate) root: PathBuf,
    /// The component's own package.
    pub(crate) package: Package,
    /// The URL where the sources are published; `None` if it is not known.
    pub source: Option<String>,
    /// The packages of the workspace and what they depend on, for the component's target.
    pub(crate) metadata: Metadata,
    /// The exact versions, with their checksums.
    pub(crate) lock: Lockfile,
}

impl Facts {
    /// Reads the metadata of the workspace in this folder. The published URL is `source`, or else
    /// the field `repository` of the component's manifest.
    pub fn of(root: &Path, source: Option<String>) -> Result<Facts> {
        let metadata = MetadataCommand::new()
            .manifest_path(root.join("Cargo.toml"))
            .other_options(["--locked", "--filter-platform", TARGET].map(str::to_owned))
            .exec()
            .context("cargo could not list the component's dependencies")?;
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

    /// Returns the licence as an SPDX expression.
    pub(crate) fn licence(&self) -> Result<&str> {
        self.package.license.as_deref().context("the component's manifest names no licence")
    }

    /// Returns the version of wasmtime with which this workspace runs the component.
    pub(crate) fn wasmtime(&self) -> Option<String> {
        let mut packages = self.lock.packages.iter();
        let wasmtime = packages.find(|package| package.name.as_str() == "wasmtime")?;
        Some(wasmtime.version.to_string())
    }
}
