//! The files of a release of retool-lifecycle: the component with metadata, alone and composed with
//! the egress guard or with the door over HTTP; its contract; the packages for Python and npm; the
//! command for this platform; a bill of materials, checksums, and how it is pushed and precompiled.
//! The same sources give the same bytes, so the files contain no time and nothing about the machine.
#![deny(missing_docs)]

mod archive;
mod bill;
mod command;
mod contract;
mod facts;
mod folder;
mod notes;
mod npm;
mod parts;
mod python;
mod schemas;
mod sums;
mod wasm;
mod wit;

use std::fs;

use anyhow::{Context, Result};

pub use command::{Command, PLATFORM};
pub use facts::Facts;
pub use folder::{check, write};

/// The file name of the component.
pub const COMPONENT: &str = "retool_lifecycle.wasm";

/// The file name of the component composed with the egress guard (`examples/composition`).
pub const GUARDED: &str = "retool_lifecycle.guarded.wasm";

/// The file name of the component composed with the door, which serves it over HTTP
/// (`examples/http`).
pub const SERVED: &str = "retool_lifecycle.http.wasm";

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

/// Creates all files of the release; the checksums are last. Fails if the sources lack metadata, or
/// if something could not be built.
pub fn release(facts: &Facts, command: &Command) -> Result<Vec<File>> {
    let licence = fs::read(facts.root.join("LICENSE")).context("LICENSE could not be read")?;
    let component = wasm::with_metadata(component::BYTES, facts)?;
    let contract = contract::files(&facts.root.join("wit"))?;
    let binary = contract.iter().find(|file| file.path == CONTRACT);
    let binary = binary.context("the contract has no binary")?;
    let parts = parts::Parts::build(facts, &component, &binary.bytes)?;
    let wheel = python::wheel(facts, &parts.guarded, &licence)?;
    let tarball = npm::tarball(facts, &parts.modules, &licence)?;
    let mut files = vec![
        File::new(COMPONENT, component),
        File::new(GUARDED, parts.guarded),
        File::new(SERVED, parts.served),
        File::new(BILL, bill::json(facts)?),
        File::new("LICENSE", licence.clone()),
        File::new("PRECOMPILE.md", notes::precompile(facts)),
        File { executable: true, ..File::new("push", notes::push(facts)) },
    ];
    files.extend(contract);
    files.extend(schemas::files(&facts.root.join("wit"))?);
    files.extend([wheel, tarball]);
    files.extend(command::archive(facts, command, &licence)?);
    files.push(File::new("README.md", notes::contents(facts, &files)?));
    files.push(File::new(SUMS, sums::of(&files)));
    Ok(files)
}
