//! Writes what the door knows of the contract, from its WIT: the bindings, the list of functions for
//! the macro in `src/functions.rs`, the OpenAPI document, and the table of statuses and errors.
//! Nothing is listed by hand.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use contract_schema::{
    BuildScript, Contract, DOOR_ERRORS, Function, KINDS, STATUSES, openapi, variable,
};
use heck::{ToShoutySnakeCase, ToUpperCamelCase};
use wit_bindgen_core::wit_parser::{Resolve, TypeDefKind};
use wit_bindgen_core::{Files, WorldGenerator};
use wit_bindgen_rust::Opts;

/// The version of WASI that the plugin imports.
const WASI: &str = "0.2.4";

/// The crate with that version's WIT.
const WASI_CRATE: &str = "wasip2";

fn main() -> Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=Cargo.lock");
    let script = BuildScript::start("../../../wit")?;
    script.write("functions.rs", functions(&script.contract)?)?;
    script.write("errors.rs", errors()?)?;
    script.write("openapi.json", serde_json::to_string(&openapi(&script.contract)?)?)?;
    script.write("bindings.rs", bindings(&script.wit, &script.contract)?)
}

fn functions(contract: &Contract) -> Result<String> {
    let functions = contract.rust_functions("retool")?;
    let (name, version) = contract.package().split_once('@').context("a version")?;
    Ok(format!("{functions}pub(crate) const CONTRACT: (&str, &str) = ({name:?}, {version:?});\n"))
}

/// Returns the errors of the door itself as constants, and functions for the statuses of the
/// component's errors and for titles.
fn errors() -> Result<String> {
    let mut text = String::new();
    for error in DOOR_ERRORS {
        let (name, kind) = (error.code.to_shouty_snake_case(), error.kind.to_upper_camel_case());
        writeln!(
            text,
            "pub(crate) const {name}: Own = Own {{ code: {:?}, status: {}, kind: ErrorKind::{kind}, \
             permanent: {}, field: {:?}, message: {:?} }};",
            error.code, error.status, error.permanent, error.field, error.message
        )?;
    }
    writeln!(text, "fn status(permanent: bool, kind: ErrorKind) -> u16 {{ match kind {{")?;
    for kind in KINDS {
        let name = kind.name.to_upper_camel_case();
        let (permanent, transient) = (kind.permanent, kind.transient);
        writeln!(
            text,
            "ErrorKind::{name} => if permanent {{ {permanent} }} else {{ {transient} }},"
        )?;
    }
    writeln!(text, "}} }}\nfn title(status: u16) -> &'static str {{ match status {{")?;
    for status in STATUSES {
        writeln!(text, "{} => {:?},", status.number, status.title)?;
    }
    writeln!(text, "_ => \"\", }} }}")?;
    Ok(text)
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
