//! The npm package: the sources in `host-test/package/npm`, the component as an ES module with its
//! types, and the contract's types for the conversion of JSON.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use contract_schema::CONNECTION;
use serde_json::{Map, Value, json};
use wit_parser::{Type, TypeDefKind, TypeId};

use crate::facts::Facts;
use crate::wit::{Wit, pascal, snake};
use crate::{File, archive};

/// The sources that are not generated.
const SOURCES: [&str; 8] = [
    "README.md",
    "egress.js",
    "environment.js",
    "index.d.ts",
    "index.js",
    "json.js",
    "mask.js",
    "worker.js",
];

/// Returns the package, as `npm pack` would write it. `modules` is what was transpiled.
pub(crate) fn tarball(facts: &Facts, modules: &[File], licence: &[u8]) -> Result<File> {
    let sources = facts.root.join("host-test/package/npm");
    let file = |path: &str, bytes: Vec<u8>| File::new(format!("package/{path}"), bytes);
    let mut files = vec![
        file("package.json", manifest(facts, &read(&sources.join("package.json"))?)?),
        file("LICENSE", licence.to_vec()),
    ];
    for name in SOURCES {
        files.push(file(name, read(&sources.join(name))?));
    }
    let mut core = Vec::new();
    for File { path, bytes, .. } in modules {
        if path.ends_with(".wasm") {
            core.push(path.clone());
        }
        files.push(file(&format!("plugin/{path}"), bytes.clone()));
    }
    let contract = contract(&Wit::read(&facts.root.join("wit"))?, &core)?;
    files.push(file("plugin/contract.json", contract.to_string().into_bytes()));
    let name = format!("{}-{}.tgz", facts.package.name, facts.version());
    Ok(File::new(name, archive::tar_gz(&files)?))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("{} could not be read", path.display()))
}

/// Returns `package.json` with what the component's own package says.
fn manifest(facts: &Facts, written: &[u8]) -> Result<Vec<u8>> {
    let mut manifest: Value = serde_json::from_slice(written).context("package.json")?;
    manifest["version"] = facts.version().into();
    manifest["description"] = facts.description().into();
    manifest["license"] = facts.licence()?.into();
    if let Some(source) = &facts.source {
        manifest["repository"] = source.as_str().into();
    }
    Ok(format!("{manifest:#}\n").into_bytes())
}

/// Returns the types and functions of the contract, in the form that `json.js` reads.
fn contract(wit: &Wit, modules: &[String]) -> Result<Value> {
    let (mut types, mut functions) = (Map::new(), Map::new());
    for (name, id) in wit.types() {
        if let Some(definition) = definition(wit, id)? {
            types.insert(name.to_owned(), definition);
        }
    }
    for (interface_name, interface) in wit.interfaces() {
        for function in interface.functions.values() {
            let parameters = function.params.iter().filter(|param| param.name != CONNECTION);
            let parameters: Vec<Value> = parameters
                .map(|param| Ok(json!([snake(&param.name), of(wit, param.ty)?])))
                .collect::<Result<_>>()?;
            let called = json!({
                "interfaceName": interface_name,
                "functionName": camel(&function.name),
                "parameters": parameters,
                "result": wit.result(function)?.map_or(Ok(Value::Null), |ty| of(wit, ty))?,
            });
            functions.insert(format!("{interface_name}/{}", function.name), called);
        }
    }
    Ok(json!({ "types": types, "functions": functions, "modules": modules }))
}

/// Returns a type that differs between JSON and JavaScript; `None` for another one.
fn definition(wit: &Wit, id: TypeId) -> Result<Option<Value>> {
    let mut members = Map::new();
    Ok(match &wit.definition(id).kind {
        TypeDefKind::Record(record) => {
            for field in &record.fields {
                members.insert(snake(&field.name), of(wit, field.ty)?);
            }
            Some(json!({ "record": members }))
        }
        TypeDefKind::Variant(variant) => {
            for case in &variant.cases {
                let payload = case.ty.map(|ty| of(wit, ty)).transpose()?;
                members.insert(case.name.clone(), payload.into_iter().collect());
            }
            Some(json!({ "variant": members }))
        }
        _ => None,
    })
}

/// Returns a reference to a type; null for one that is the same in JSON and JavaScript.
fn of(wit: &Wit, ty: Type) -> Result<Value> {
    Ok(match wit.kind(ty) {
        Some(TypeDefKind::Option(some)) => json!({ "option": of(wit, *some)? }),
        Some(TypeDefKind::List(item)) => json!({ "list": of(wit, *item)? }),
        Some(TypeDefKind::Record(_) | TypeDefKind::Variant(_)) => {
            wit.name(ty).context("a type has no name")?.into()
        }
        None | Some(TypeDefKind::Enum(_)) => Value::Null,
        Some(other) => bail!("a type is a {}, and has no form in JSON", other.as_str()),
    })
}

/// Returns the name of a function in JavaScript: `find-user` as `findUser`.
fn camel(name: &str) -> String {
    let (first, others) = name.split_once('-').unwrap_or((name, ""));
    first.to_owned() + &pascal(others)
}
