//! Transpiles the component to an ES module, and generates the types of its functions, as jco does.
//! The crate inside jco needs no npm.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use js_component_bindgen::{InstantiationMode, TranspileOpts, generate_types, transpile};
use wit_component::{DecodedWasm, decode};

/// The types of `component.js`. The types of its functions are elsewhere.
const INSTANTIATE: &str = "\
export function instantiate(
  getCoreModule: (name: string) => WebAssembly.Module,
  imports: Record<string, unknown>,
  instantiateCore: (module: WebAssembly.Module, imports: WebAssembly.Imports) => WebAssembly.Instance,
): Record<string, any>;
";

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [component, contract, folder] = arguments.as_slice() else {
        eprintln!("usage: transpile COMPONENT CONTRACT FOLDER");
        return ExitCode::from(2);
    };
    match run(component, contract, folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Writes `component.js` with its core modules, and `retool_lifecycle.d.ts` with what it refers to.
fn run(component: &Path, contract: &Path, folder: &Path) -> Result<()> {
    let read = |file: &Path| fs::read(file).with_context(|| format!("reading {}", file.display()));
    // `instantiate` takes compiled modules, so that a module is compiled once for many instances.
    let options = TranspileOpts {
        name: "component".to_owned(),
        no_typescript: true,
        instantiation_mode: Some(InstantiationMode::Sync),
        no_namespaced_exports: true,
        ..TranspileOpts::default()
    };
    let transpiled = transpile(&read(component)?, options).context("transpiling")?;

    // A component contains no documentation, so the types come from the WIT package.
    let DecodedWasm::WitPackage(resolve, package) = decode(&read(contract)?)? else {
        bail!("{} is not a WIT package", contract.display());
    };
    let world = resolve.select_world(&[package], None)?;
    let options = TranspileOpts { no_namespaced_exports: true, ..TranspileOpts::default() };
    let types = generate_types("retool_lifecycle", resolve, world, options).context("its types")?;

    let instantiate = ("component.d.ts".to_owned(), INSTANTIATE.into());
    for (name, bytes) in transpiled.files.into_iter().chain(types).chain([instantiate]) {
        let file = folder.join(&name);
        fs::create_dir_all(file.parent().unwrap_or(folder))?;
        fs::write(&file, bytes).with_context(|| format!("writing {}", file.display()))?;
    }
    Ok(())
}
