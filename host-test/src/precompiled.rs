//! Machine code that is kept from one process to the next.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use wasmtime::Engine;
use wasmtime::component::Component;

/// Loads a component from a folder, where it is compiled for this engine under a name made of
/// its content; compiles it and puts it there if it is not, or can't be used.
///
/// # Safety
/// What lies in the folder is run as machine code: nobody who is not trusted may write there.
pub(crate) unsafe fn load(
    engine: &Engine,
    component: &[u8],
    folder: &Path,
) -> wasmtime::Result<Component> {
    let file = file(engine, component, folder);
    // SAFETY: the caller's. A file of another version is refused by wasmtime.
    if let Ok(component) = unsafe { Component::deserialize_file(engine, &file) } {
        return Ok(component);
    }
    let code = engine.precompile_component(component)?;
    // A folder that can't be written to costs time and nothing else.
    let _ = keep(&code, &file, folder);
    // SAFETY: it was made just now.
    unsafe { Component::deserialize(engine, &code) }
}

fn file(engine: &Engine, component: &[u8], folder: &Path) -> PathBuf {
    let mut settings = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut settings);
    let content = Sha256::digest(component);
    let content: String = content.iter().map(|byte| format!("{byte:02x}")).collect();
    folder.join(format!("{content}-{:016x}.cwasm", settings.finish()))
}

/// Whole or not at all: another process may be reading it.
fn keep(code: &[u8], file: &Path, folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut temporary = NamedTempFile::new_in(folder)?;
    temporary.write_all(code)?;
    temporary.persist(file)?;
    Ok(())
}
