//! A cache of machine code that processes share.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use wasmtime::Engine;
use wasmtime::component::Component;

/// Loads a component's machine code for this engine from a folder. The file name is a hash of the
/// component. If the file is missing or not usable, compiles the component and writes the file.
///
/// # Safety
/// The files in the folder are run as machine code. Only trusted users may write there.
pub(crate) unsafe fn load(
    engine: &Engine,
    component: &[u8],
    folder: &Path,
) -> wasmtime::Result<Component> {
    let file = file(engine, component, folder);
    // SAFETY: the caller upholds it. wasmtime refuses a file of another version.
    if let Ok(component) = unsafe { Component::deserialize_file(engine, &file) } {
        return Ok(component);
    }
    let code = engine.precompile_component(component)?;
    // If the file can't be written, the next process only has to compile again.
    let _ = keep(&code, &file, folder);
    // SAFETY: this engine has just produced the code.
    unsafe { Component::deserialize(engine, &code) }
}

fn file(engine: &Engine, component: &[u8], folder: &Path) -> PathBuf {
    let mut settings = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut settings);
    let content = Sha256::digest(component);
    let content: String = content.iter().map(|byte| format!("{byte:02x}")).collect();
    folder.join(format!("{content}-{:016x}.cwasm", settings.finish()))
}

/// Writes the file atomically, because another process may be reading it.
fn keep(code: &[u8], file: &Path, folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut temporary = NamedTempFile::new_in(folder)?;
    temporary.write_all(code)?;
    temporary.persist(file)?;
    Ok(())
}
