//! The files of a release of retool-lifecycle: the component with metadata, its contract, a bill of
//! materials, checksums, and how it is pushed and precompiled. The same sources give the same
//! bytes, so the files contain no time and nothing about the machine.
#![deny(missing_docs)]

mod bill;
mod contract;
mod facts;
mod folder;
mod notes;
mod schemas;
mod sums;
mod wasm;

use std::fs;

use anyhow::{Context, Result};

pub use facts::Facts;
pub use folder::write;

/// The file name of the component.
pub const COMPONENT: &str = "retool_lifecycle.wasm";

/// The file name of the contract, a package in the binary format.
pub const CONTRACT: &str = "retool_lifecycle.wit.wasm";

/// The file name of the OpenAPI document of the contract over HTTP (`examples/http`).
pub const OPENAPI: &str = "openapi.json";

/// The folder of the JSON Schemas: one file for each function, with its request, result and error.
pub const SCHEMAS: &str = "schema";

/// The file name of the bill of materials, in CycloneDX.
pub const BILL: &str = "retool_lifecycle.cdx.json";

/// The file name of the checksums, which `sha256sum --check` can read.
pub const SUMS: &str = "SHA256SUMS";

/// One file of a release.
#[derive(Clone, Debug)]
pub struct File {
    /// The path in the folder, with `/` between its parts.
    pub path: String,
    /// The content.
    pub bytes: Vec<u8>,
    /// Whether the file must be executable.
    pub executable: bool,
}

impl File {
    fn new(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> File {
        File { path: path.into(), bytes: bytes.into(), executable: false }
    }
}

/// Creates all files of the release; the checksums are last. Fails if the sources lack metadata.
pub fn release(facts: &Facts) -> Result<Vec<File>> {
    let licence = fs::read(facts.root.join("LICENSE")).context("LICENSE could not be read")?;
    let mut files = vec![
        File::new(COMPONENT, wasm::with_metadata(component::BYTES, facts)?),
        File::new(BILL, bill::json(facts)?),
        File::new("LICENSE", licence),
        File::new("PRECOMPILE.md", notes::precompile(facts)),
        File { executable: true, ..File::new("push", notes::push(facts)) },
    ];
    files.extend(contract::files(&facts.root.join("wit"))?);
    files.extend(schemas::files(&facts.root.join("wit"))?);
    files.push(File::new(SUMS, sums::of(&files)));
    Ok(files)
}
