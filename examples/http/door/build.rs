//! Writes what the door knows of the contract, from its WIT: the bindings, the list of functions for
//! the macro in `src/functions.rs`, and the OpenAPI document. Nothing is listed by hand.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, bail, ensure};
use contract_schema::{Contract, Function, openapi};
use wit_bindgen_core::wit_parser::{Resolve, TypeDefKind};
use wit_bindgen_core::{Files, WorldGenerator};
use wit_bindgen_rust::Opts;

/// The version of WASI that the plugin imports.
const WASI: &str = "0.2.4";

/// The crate with that version's WIT.
const WASI_CRATE: &str = "wasip2";

fn main() -> Result<()> {
    let wit = PathBuf::from(variable("CARGO_MANIFEST_DIR")?).join("../../../wit");
    println!("cargo::rerun-if-changed={}", wit.display());
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=Cargo.lock");
    let out = PathBuf::from(variable("OUT_DIR")?);
    let contract = Contract::read(&wit)?;
    fs::write(out.join("functions.rs"), functions(&contract)?)?;
    fs::write(out.join("openapi.json"), serde_json::to_string(&openapi(&contract)?)?)?;
    fs::write(out.join("bindings.rs"), bindings(&wit, &contract)?)?;
    Ok(())
}

/// Returns the list of functions, and the fields that paths spell with `_`.
fn functions(contract: &Contract) -> Result<String> {
    let mut functions = String::from("functions! {\n");
    for function in contract.functions() {
        functions += &entry(function)?;
    }
    functions += "}\n";
    let respelled: Vec<&str> = contract.respelled_fields()?.into_iter().collect();
    write!(functions, "pub(crate) const RESPELLED: &[&str] = &{respelled:?};")?;
    let (name, version) = contract.package().split_once('@').context("a version")?;
    write!(functions, "pub(crate) const CONTRACT: (&str, &str) = ({name:?}, {version:?});")?;
    Ok(functions)
}

fn entry(function: Function<'_>) -> Result<String> {
    let mut fields = String::new();
    let mut passed = String::new();
    for parameter in function.parameters("retool")? {
        let (name, (before, after)) = (&parameter.name, parameter.lent);
        write!(fields, "{name}: {}, ", parameter.owned)?;
        write!(passed, "{before}given.{name}{after}, ")?;
    }
    let (path, module, name) = (function.path(), function.rust_module(), function.rust_name());
    Ok(format!("    {path:?} {module} {name} given {{ {fields} }} ({passed});\n"))
}

/// Returns the bindings. The contract's types have serde's derived implementations.
fn bindings(wit: &Path, contract: &Contract) -> Result<String> {
    let mut resolve = Resolve::default();
    resolve.push_path(wasi()?).context("the WIT of WASI")?;
    let (retool, _) = resolve.push_path(wit)?;
    let mut attributes = Vec::new();
    for (interface, id) in &resolve.packages[retool].interfaces {
        for (name, ty) in &resolve.interfaces[*id].types {
            let selector = resolve.id_of(*id).context("an interface has no id")? + "/" + name;
            let mut add = |text: &str| attributes.push((selector.clone(), text.to_owned()));
            match resolve.types[*ty].kind {
                TypeDefKind::Record(_) => add(DERIVED),
                TypeDefKind::Variant(_) | TypeDefKind::Enum(_) => {
                    add(DERIVED);
                    add("#[serde(rename_all = \"kebab-case\")]");
                }
                TypeDefKind::Type(_) => {}
                ref other => bail!("{name} of {interface} is a {}", other.as_str()),
            }
        }
    }
    let package = resolve.push_str("door.wit", &world(contract))?;
    let world = resolve.select_world(&[package], None)?;
    let options = Opts {
        std_feature: true,
        generate_all: true,
        pub_export_macro: true,
        additional_type_attributes: attributes,
        ..Opts::default()
    };
    let mut files = Files::default();
    options.build().generate(&mut resolve, world, &mut files)?;
    let mut files = files.iter();
    let (Some((_, bindings)), None) = (files.next(), files.next()) else {
        bail!("the bindings are not one file");
    };
    Ok(String::from_utf8(bindings.to_vec())?)
}

const DERIVED: &str = "#[derive(serde::Serialize, serde::Deserialize)]";

/// Returns the door's world: it imports every interface of the contract that has functions.
fn world(contract: &Contract) -> String {
    let (package, version) = contract.package().split_once('@').unwrap_or_default();
    let interfaces: BTreeSet<&str> = contract.functions().map(Function::interface).collect();
    let imports: String = interfaces
        .iter()
        .map(|interface| format!("    import {package}/{interface}@{version};\n"))
        .collect();
    format!(
        "package user-lifecycle:door;\n\nworld door {{\n{imports}    import wasi:cli/environment@{WASI};\n    \
         import wasi:cli/stderr@{WASI};\n    export wasi:http/incoming-handler@{WASI};\n}}\n"
    )
}

/// Returns the folder with the WIT of WASI, in the crate's sources.
fn wasi() -> Result<PathBuf> {
    let output = Command::new(variable("CARGO")?)
        .current_dir(variable("CARGO_MANIFEST_DIR")?)
        .args(["metadata", "--format-version", "1", "--locked"])
        .output()
        .context("cargo could not be started")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let manifest = packages
        .filter(|package| package["name"] == WASI_CRATE)
        .find_map(|package| package["manifest_path"].as_str())
        .with_context(|| format!("no package {WASI_CRATE} in Cargo.lock"))?;
    let folder = Path::new(manifest).parent().context("a folder")?;
    Ok(folder.join("wit"))
}

fn variable(name: &str) -> Result<String> {
    env::var(name).with_context(|| format!("{name} is not set; run this through cargo"))
}
