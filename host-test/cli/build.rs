//! Writes what the commands `call` and `schema` know of the contract, from its WIT: the schemas, and
//! the list of functions for the macro in `src/call.rs`.

use std::fmt::Write;
use std::path::PathBuf;
use std::{env, fs};

use anyhow::{Context, Result};
use contract_schema::{Contract, Function};
use serde_json::Map;

fn main() -> Result<()> {
    let wit = PathBuf::from(variable("CARGO_MANIFEST_DIR")?).join("../../wit");
    println!("cargo::rerun-if-changed={}", wit.display());
    let out = PathBuf::from(variable("OUT_DIR")?);
    let contract = Contract::read(&wit)?;

    let mut schemas = Map::new();
    let mut functions = String::from("functions! {\n");
    for function in contract.functions() {
        schemas.insert(function.path(), function.schemas()?);
        functions += &entry(function)?;
    }
    functions += "}\n";
    let respelled: Vec<&str> = contract.respelled_fields()?.into_iter().collect();
    write!(functions, "const RESPELLED: &[&str] = &{respelled:?};")?;

    fs::write(out.join("schemas.json"), serde_json::to_string(&schemas)?)?;
    fs::write(out.join("functions.rs"), functions)?;
    Ok(())
}

/// Returns a function for the macro: its path, its method, the fields of its request, and how they
/// are passed.
fn entry(function: Function<'_>) -> Result<String> {
    let mut fields = String::new();
    let mut passed = String::new();
    for parameter in function.parameters("retool")? {
        let (name, (before, after)) = (&parameter.name, parameter.lent);
        write!(fields, "{name}: {}, ", parameter.owned)?;
        write!(passed, "{before}given.{name}{after}, ")?;
    }
    let (path, method) = (function.path(), function.rust_name());
    Ok(format!("    {path:?} {method} given {{ {fields} }} ({passed});\n"))
}

fn variable(name: &str) -> Result<String> {
    env::var(name).with_context(|| format!("{name} is not set; run this through cargo"))
}
