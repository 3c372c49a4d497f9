//! Reads the contract from its WIT, and describes the JSON of its functions: as JSON Schema
//! ([`Function::request`], [`Function::result`]), as an OpenAPI document ([`openapi`]), and as
//! Rust for build scripts ([`BuildScript`]).
//!
//! The JSON has one form everywhere: keys of records in snake_case; cases by their WIT names; a case
//! with a payload is an object of one key; `none` is `null` or absent. A whole number may have a
//! fraction of zero (`30.0`), as in JSON Schema. A request is an object of the function's parameters,
//! by name, without `connection`.
//!
//! ```
//! use contract_schema::Contract;
//!
//! # fn main() -> anyhow::Result<()> {
//! let contract = Contract::read("../../wit".as_ref())?;
//! let find_user = contract.function("directory/find-user").expect("a function");
//! assert_eq!(find_user.request()?["required"], serde_json::json!(["user"]));
//! # Ok(())
//! # }
//! ```
#![deny(missing_docs)]

mod build;
mod fields;
mod openapi;
mod problems;
mod rust;
mod schema;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use wit_parser::{Docs, PackageId, Resolve, Type, TypeDefKind, TypeId, WorldItem};

pub use build::{BuildScript, variable};
pub use openapi::openapi;
pub use problems::{DOOR_ERRORS, DoorError, Example, KINDS, Kind, STATUSES, Status};
pub use rust::Parameter;
pub use schema::DIALECT;

/// The parameter that every function has, and no request.
pub const CONNECTION: &str = "connection";

/// The functions of the contract, and their types.
pub struct Contract {
    resolve: Resolve,
    /// `namespace:name@version`.
    package: String,
    functions: Vec<Place>,
    /// The types by name. Names are unique in the whole contract.
    types: BTreeMap<String, TypeId>,
}

/// Where a function is.
struct Place {
    interface: String,
    function: wit_parser::Function,
    parameters: Vec<wit_parser::Param>,
    /// The type of the result, without the error.
    result: Option<Type>,
}

impl Contract {
    /// Reads the WIT package in a folder, which has one world.
    ///
    /// Fails if the WIT is wrong, if two interfaces have a type or a function of one name, or if a
    /// function does not take a `connection` first or does not return `result<_, error>`.
    pub fn read(wit: &Path) -> Result<Contract> {
        let mut resolve = Resolve::default();
        let (package, _) =
            resolve.push_path(wit).with_context(|| format!("the WIT in {}", wit.display()))?;
        Contract::of(resolve, package)
    }

    fn of(resolve: Resolve, package: PackageId) -> Result<Contract> {
        let world = resolve.select_world(&[package], None)?;
        let mut contract = Contract {
            package: resolve.packages[package].name.to_string(),
            functions: Vec::new(),
            types: BTreeMap::new(),
            resolve,
        };
        let exports: Vec<_> = contract.resolve.worlds[world].exports.values().cloned().collect();
        for export in exports {
            let WorldItem::Interface { id, .. } = export else {
                bail!("the world exports something that is in no interface");
            };
            let interface = contract.resolve.interfaces[id].clone();
            let name = interface.name.context("an interface has no name")?;
            for (type_name, id) in interface.types {
                let used =
                    matches!(contract.resolve.types[id].kind, TypeDefKind::Type(Type::Id(_)));
                if !used && contract.types.insert(type_name.clone(), id).is_some() {
                    bail!("two interfaces have a type {type_name}");
                }
            }
            for function in interface.functions.into_values() {
                let place = contract
                    .place(&name, function)
                    .with_context(|| format!("a function of {name}"))?;
                // The name alone finds a function, and is its operation's id in OpenAPI.
                ensure!(
                    contract.function(&place.function.name).is_none(),
                    "two interfaces have a function {}",
                    place.function.name
                );
                contract.functions.push(place);
            }
        }
        Ok(contract)
    }

    fn place(&self, interface: &str, function: wit_parser::Function) -> Result<Place> {
        let Some((first, rest)) = function.params.split_first() else {
            bail!("{} takes no connection", function.name);
        };
        ensure!(first.name == CONNECTION, "{} does not take a connection first", function.name);
        let Some(TypeDefKind::Result(result)) = function.result.and_then(|ty| self.kind(ty)) else {
            bail!("{} returns no result", function.name);
        };
        ensure!(
            result.err.is_some_and(|error| self.type_name(error) == Some("error")),
            "{} has no `error`",
            function.name
        );
        Ok(Place {
            interface: interface.to_owned(),
            parameters: rest.to_vec(),
            result: result.ok,
            function,
        })
    }

    /// Returns the package, as `namespace:name@version`.
    pub fn package(&self) -> &str {
        &self.package
    }

    /// Returns every function, in the order of the WIT.
    pub fn functions(&self) -> impl Iterator<Item = Function<'_>> {
        self.functions.iter().map(|place| Function { contract: self, place })
    }

    /// Returns the function of this name: `lifecycle/provision`, or `provision`.
    pub fn function(&self, name: &str) -> Option<Function<'_>> {
        self.functions().find(|function| function.path() == name || function.name() == name)
    }

    /// Returns a type with all uses followed, if it is not a primitive one.
    fn resolved(&self, id: TypeId) -> TypeId {
        let mut id = id;
        while let TypeDefKind::Type(Type::Id(other)) = self.resolve.types[id].kind {
            id = other;
        }
        id
    }

    fn kind(&self, ty: Type) -> Option<&TypeDefKind> {
        match ty {
            Type::Id(id) => Some(&self.resolve.types[self.resolved(id)].kind),
            _ => None,
        }
    }

    /// Returns the name of a type in the WIT, if it has one.
    fn type_name(&self, ty: Type) -> Option<&str> {
        match ty {
            Type::Id(id) => self.resolve.types[self.resolved(id)].name.as_deref(),
            _ => None,
        }
    }

    fn is_option(&self, ty: Type) -> bool {
        matches!(self.kind(ty), Some(TypeDefKind::Option(_)))
    }
}

/// A function of the contract.
#[derive(Clone, Copy)]
pub struct Function<'a> {
    contract: &'a Contract,
    place: &'a Place,
}

impl<'a> Function<'a> {
    /// Returns the name of its interface, e.g. `lifecycle`.
    pub fn interface(self) -> &'a str {
        &self.place.interface
    }

    /// Returns its name, e.g. `provision`.
    pub fn name(self) -> &'a str {
        &self.place.function.name
    }

    /// Returns its interface and its name, e.g. `lifecycle/provision`.
    pub fn path(self) -> String {
        format!("{}/{}", self.interface(), self.name())
    }

    /// Returns its documentation in the WIT.
    pub fn docs(self) -> &'a str {
        text(&self.place.function.docs)
    }

    /// Returns the JSON Schema of its request: an object of its parameters, without `connection`.
    pub fn request(self) -> Result<Value> {
        schema::document(self.contract, |types| types.request(self))
    }

    /// Returns the JSON Schema of its result.
    pub fn result(self) -> Result<Value> {
        schema::document(self.contract, |types| types.result(self))
    }

    /// Returns the JSON Schema of its error.
    pub fn error(self) -> Result<Value> {
        schema::document(self.contract, |types| types.named("error"))
    }

    /// Returns the three schemas in one object, with the path and the documentation.
    pub fn schemas(self) -> Result<Value> {
        Ok(json!({
            "function": self.path(),
            "description": self.docs(),
            "request": self.request()?,
            "result": self.result()?,
            "error": self.error()?,
        }))
    }
}

/// Returns documentation without spaces around it.
fn text(docs: &Docs) -> &str {
    docs.contents.as_deref().unwrap_or_default().trim()
}

/// Returns the key of a record's field or of a parameter in JSON, and its name in Rust.
fn key(name: &str) -> String {
    name.replace('-', "_")
}
