//! The Python wheel: the sources in `host-test/package/python`, the records and functions of the
//! contract, and the component composed with the egress guard.

mod contract;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::facts::Facts;
use crate::wit::Wit;
use crate::{File, GUARDED, archive};

/// The name of the package for imports, and in the name of the wheel.
const MODULE: &str = "retool_lifecycle";

/// The name of the package in registries.
const NAME: &str = "retool-lifecycle";

/// The wasmtime that the package needs: the first version with `add_wasi_http`.
const WASMTIME: &str = "wasmtime>=46";

/// Returns the wheel.
pub(crate) fn wheel(facts: &Facts, guarded: &[u8], licence: &[u8]) -> Result<File> {
    let sources = facts.root.join("host-test/package/python");
    let mut files = sources_of(&sources.join(MODULE))?;
    let generated = contract::generated(&Wit::read(&facts.root.join("wit"))?)?;
    files.push(File::new(format!("{MODULE}/types.py"), generated.types));
    files.push(File::new(format!("{MODULE}/functions.py"), generated.functions));
    files.push(File::new(format!("{MODULE}/{GUARDED}"), guarded));

    let info = format!("{MODULE}-{}.dist-info", facts.version());
    let readme = read(&sources.join("README.md"))?;
    files.push(File::new(format!("{info}/licenses/LICENSE"), licence));
    files.push(File::new(format!("{info}/METADATA"), metadata(facts, &readme)?));
    let wheel = "Wheel-Version: 1.0\nGenerator: retool-lifecycle package\nRoot-Is-Purelib: true\n\
                 Tag: py3-none-any\n";
    files.push(File::new(format!("{info}/WHEEL"), wheel));
    let record = format!("{info}/RECORD");
    files.push(File::new(record.clone(), recorded(&files, &record)));

    let name = format!("{MODULE}-{}-py3-none-any.whl", facts.version());
    Ok(File::new(name, archive::zip(&files)?))
}

/// Returns the files of the package that are not generated.
fn sources_of(folder: &Path) -> Result<Vec<File>> {
    let unreadable = || format!("{} could not be read", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        // Other files are not sources, e.g. `__pycache__`.
        let source =
            path.extension().is_some_and(|extension| extension == "py" || extension == "typed");
        if source {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            files.push(File::new(format!("{MODULE}/{name}"), read(&path)?));
        }
    }
    // The order of folder entries is not defined.
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("{} could not be read", path.display()))
}

fn metadata(facts: &Facts, readme: &str) -> Result<String> {
    let mut metadata = format!(
        "Metadata-Version: 2.4\nName: {NAME}\nVersion: {}\nSummary: {}\nLicense-Expression: {}\n\
         License-File: LICENSE\nRequires-Python: >=3.10\nRequires-Dist: {WASMTIME}\n",
        facts.version(),
        facts.description(),
        facts.licence()?,
    );
    if let Some(source) = &facts.source {
        metadata += &format!("Project-URL: Source, {source}\n");
    }
    metadata += "Description-Content-Type: text/markdown\n\n";
    metadata += readme;
    Ok(metadata)
}

/// Returns the list of the files with their checksums, which has a line for itself too.
fn recorded(files: &[File], record: &str) -> String {
    let mut lines = String::new();
    for File { path, bytes, .. } in files {
        let sum = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(bytes));
        lines += &format!("{path},sha256={sum},{}\n", bytes.len());
    }
    lines + record + ",,\n"
}
