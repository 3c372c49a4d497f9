//! `cargo run -p package`: writes a release to `dist/`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Parser;
use package::{Facts, File, release, write};

/// Writes a release of the component: the component with metadata, its contract, a bill of
/// materials, checksums, and the command that pushes it.
#[derive(Debug, Parser)]
#[command(name = "package", version)]
struct Arguments {
    /// The output folder. An earlier release in it is replaced, if nothing in it was changed or added;
    /// any other folder must be empty.
    #[arg(long, value_name = "FOLDER", default_value = "dist")]
    out: PathBuf,
    /// The URL where the sources are published; the field `repository` of Cargo.toml if not given.
    #[arg(long, value_name = "URL")]
    source: Option<String>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    // This program works only in the workspace in which it was built.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).context("a workspace")?;
    let facts = Facts::of(root, arguments.source)?;
    let files = release(&facts)?;
    write(&files, &arguments.out)?;
    println!("In {}:", arguments.out.display());
    for File { path, bytes, .. } in &files {
        println!("  {:>9}  {path}", bytes.len());
    }
    if facts.source.is_none() {
        println!(
            "The URL of the sources is not known: give --source URL, or set `repository` in \
             Cargo.toml."
        );
    }
    let push = files.iter().find(|file| file.path == "push").context("the script that pushes")?;
    println!("`push` pushes it:\n\n{}", String::from_utf8_lossy(&push.bytes));
    Ok(())
}
