//! Composes components as a WAC file says, as `wac compose` does. The libraries of `wac` alone build
//! in a fraction of the time of its command.

use std::env;
use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow};
use indexmap::IndexMap;
use wac_graph::types::Package;
use wac_graph::{CompositionGraph, EncodeOptions};
use wac_parser::Document;
use wac_types::BorrowedPackageKey;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["imports", component] => imports(component),
        [wac, output, packages @ ..] if !packages.is_empty() => compose(wac, output, packages),
        _ => {
            eprintln!(
                "usage: compose WAC OUTPUT NAME=COMPONENT…\n       compose imports COMPONENT"
            );
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Writes the composition of a WAC file to `output`. Each package that the file names is given as
/// `NAME=COMPONENT`.
fn compose(wac: &str, output: &str, packages: &[&str]) -> Result<()> {
    let mut components = IndexMap::new();
    for package in packages {
        let (name, file) = package.split_once('=').context("give NAME=COMPONENT")?;
        let bytes = fs::read(file).with_context(|| format!("reading {file}"))?;
        components.insert(BorrowedPackageKey::from_name_and_version(name, None), bytes);
    }
    let source = fs::read_to_string(wac).with_context(|| format!("reading {wac}"))?;
    let document = Document::parse(&source).map_err(|error| anyhow!("{wac}: {error}"))?;
    let resolution = document.resolve(components).map_err(|error| anyhow!("{wac}: {error}"))?;
    let composed = resolution
        .encode(EncodeOptions::default())
        .map_err(|error| anyhow!("encoding the composition: {error}"))?;
    fs::write(output, composed).with_context(|| format!("writing {output}"))
}

/// Prints the name of every import of a component.
fn imports(component: &str) -> Result<()> {
    let mut graph = CompositionGraph::new();
    let package = Package::from_file("example:component", None, component, graph.types_mut())
        .with_context(|| format!("reading {component}"))?;
    for name in graph.types()[package.ty()].imports.keys() {
        println!("{name}");
    }
    Ok(())
}
