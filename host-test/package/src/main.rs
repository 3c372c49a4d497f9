//! `cargo run -p package`: writes a release to `dist/`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Parser;
use package::{Command, Facts, File, check, release, write};

/// Writes a release: the component with metadata, alone and composed with the egress guard or the
/// door over HTTP; its contract; the packages for Python and npm; the command for this platform; a
/// bill of materials, checksums, and the script that pushes it.
///
/// It builds what it needs with cargo. The command is built with optimisation, which takes many
/// minutes the first time; see --command and --without-command.
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
    /// An executable of the command `retool-lifecycle` for this platform, which is put into the
    /// archive as it is. It is built if not given.
    #[arg(long, value_name = "FILE", conflicts_with = "without_command")]
    command: Option<PathBuf>,
    /// Leave the command out.
    #[arg(long)]
    without_command: bool,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    // This program works only in the workspace in which it was built.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).context("a workspace")?;
    let facts = Facts::of(root, arguments.source)?;
    let command = match arguments.command {
        Some(file) => Command::Given(file),
        None if arguments.without_command => Command::Without,
        None => Command::Build,
    };
    // What follows takes long, so this comes before it.
    check(&arguments.out)?;
    let files = release(&facts, &command)?;
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
