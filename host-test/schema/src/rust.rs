//! Names of the contract in the Rust that `wit-bindgen` and `wasmtime` generate, for build scripts.

use anyhow::{Context, Result, bail};
use heck::ToUpperCamelCase;
use wit_parser::{Type, TypeDefKind, TypeId, TypeOwner};

use crate::{Contract, Function, key};

/// A parameter, in Rust.
#[derive(Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name, which is also its key in JSON.
    pub name: String,
    /// The type that owns a value, e.g. `retool::types::UserRef` where `retool` is the module of the
    /// package.
    pub owned: String,
    /// What an expression of the owned type needs before and after it, to be passed to the
    /// function: `("&", "")`, or `("", ".as_deref()")`.
    pub lent: (&'static str, &'static str),
}

impl Function<'_> {
    /// Returns the module of its interface, e.g. `lifecycle`.
    pub fn rust_module(self) -> String {
        key(self.interface())
    }

    /// Returns its name in Rust, e.g. `plan_sync`.
    pub fn rust_name(self) -> String {
        key(self.name())
    }

    /// Returns its parameters, without `connection`. `package` is the module of the package.
    pub fn parameters(self, package: &str) -> Result<Vec<Parameter>> {
        let contract = self.contract;
        let each = self.place.parameters.iter().map(|parameter| {
            Ok(Parameter {
                name: key(&parameter.name),
                owned: contract.rust_type(package, parameter.ty)?,
                lent: contract.lent(parameter.ty),
            })
        });
        each.collect()
    }
}

impl Contract {
    fn rust_type(&self, package: &str, ty: Type) -> Result<String> {
        Ok(match (ty, self.kind(ty)) {
            (Type::Bool, _) => "bool".to_owned(),
            (Type::U8, _) => "u8".to_owned(),
            (Type::U16, _) => "u16".to_owned(),
            (Type::U32, _) => "u32".to_owned(),
            (Type::String, _) => "String".to_owned(),
            (_, Some(TypeDefKind::Option(some))) => {
                format!("Option<{}>", self.rust_type(package, *some)?)
            }
            (_, Some(TypeDefKind::List(item))) => {
                format!("Vec<{}>", self.rust_type(package, *item)?)
            }
            (Type::Id(id), _) => self.rust_path(package, self.resolved(id))?,
            (other, _) => bail!("{other:?} has no form in JSON"),
        })
    }

    fn rust_path(&self, package: &str, id: TypeId) -> Result<String> {
        let definition = &self.resolve.types[id];
        let name = definition.name.as_deref().context("a type has no name")?;
        let TypeOwner::Interface(interface) = definition.owner else {
            bail!("{name} is in no interface");
        };
        let interface = self.resolve.interfaces[interface].name.as_deref();
        let module = key(interface.context("an interface has no name")?);
        Ok(format!("{package}::{module}::{}", name.to_upper_camel_case()))
    }

    fn lent(&self, ty: Type) -> (&'static str, &'static str) {
        match (ty, self.kind(ty)) {
            (Type::String, _) => ("&", ""),
            (_, Some(TypeDefKind::Option(some))) => match (*some, self.kind(*some)) {
                (Type::String, _) | (_, Some(TypeDefKind::List(_))) => ("", ".as_deref()"),
                (_, None | Some(TypeDefKind::Enum(_))) => ("", ""),
                _ => ("", ".as_ref()"),
            },
            (_, None | Some(TypeDefKind::Enum(_))) => ("", ""),
            _ => ("&", ""),
        }
    }
}
