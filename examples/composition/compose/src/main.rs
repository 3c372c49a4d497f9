//! Plugs the exports of one component into the imports of another, as `wac plug` does. The library
//! of `wac` alone builds in a fraction of the time of its command.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use wac_graph::types::Package;
use wac_graph::{CompositionGraph, EncodeOptions, PackageId};

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [plug, socket, output] = arguments.as_slice() else {
        eprintln!("usage: compose PLUG SOCKET OUTPUT");
        return ExitCode::from(2);
    };
    match compose(plug, socket, output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Writes a component to `output` that has the exports of `socket`. It takes those imports of
/// `socket` from `plug` that `plug` exports, and fails if there are none.
fn compose(plug: &Path, socket: &Path, output: &Path) -> Result<()> {
    let mut graph = CompositionGraph::new();
    let plug = register(&mut graph, "example:plug", plug)?;
    let socket = register(&mut graph, "example:socket", socket)?;
    wac_graph::plug(&mut graph, vec![plug], socket)?;
    let component = graph.encode(EncodeOptions::default()).context("encoding the composition")?;
    fs::write(output, component).with_context(|| format!("writing {}", output.display()))
}

fn register(graph: &mut CompositionGraph, name: &str, file: &Path) -> Result<PackageId> {
    let package = Package::from_file(name, None, file, graph.types_mut())
        .with_context(|| format!("reading {}", file.display()))?;
    graph.register_package(package).with_context(|| format!("registering {}", file.display()))
}
