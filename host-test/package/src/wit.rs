//! Walks the contract for what is generated from it.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use wit_parser::{Interface, InterfaceId, Resolve, Type, TypeDefKind, TypeId, WorldItem};

/// The interfaces that the contract's world exports.
pub(crate) struct Wit {
    resolve: Resolve,
    /// The package, as `namespace:name@version`.
    pub(crate) package: String,
    interfaces: Vec<InterfaceId>,
}

impl Wit {
    /// Reads the WIT package in a folder.
    pub(crate) fn read(folder: &Path) -> Result<Wit> {
        let mut resolve = Resolve::default();
        let (package, _) = resolve
            .push_dir(folder)
            .with_context(|| format!("{} could not be read", folder.display()))?;
        let world = resolve.select_world(&[package], None)?;
        let mut interfaces = Vec::new();
        for item in resolve.worlds[world].exports.values() {
            let WorldItem::Interface { id, .. } = item else {
                bail!("the world exports something that is in no interface");
            };
            ensure!(resolve.interfaces[*id].name.is_some(), "an interface has no name");
            interfaces.push(*id);
        }
        let package = resolve.packages[package].name.to_string();
        Ok(Wit { resolve, package, interfaces })
    }

    /// Returns the interfaces with their names, in the order of the WIT.
    pub(crate) fn interfaces(&self) -> impl Iterator<Item = (&str, &Interface)> {
        self.interfaces.iter().map(|id| {
            let interface = &self.resolve.interfaces[*id];
            (interface.name.as_deref().unwrap_or_default(), interface)
        })
    }

    /// Returns every type that the interfaces define, with its name.
    pub(crate) fn types(&self) -> impl Iterator<Item = (&str, TypeId)> {
        let types = self.interfaces().flat_map(|(_, interface)| &interface.types);
        types
            .map(|(name, id)| (name.as_str(), *id))
            .filter(|(_, id)| !matches!(self.resolve.types[*id].kind, TypeDefKind::Type(_)))
    }

    /// Returns the definition of a type.
    pub(crate) fn definition(&self, id: TypeId) -> &wit_parser::TypeDef {
        &self.resolve.types[self.resolved(id)]
    }

    /// Returns what a type is, if it is not a primitive one.
    pub(crate) fn kind(&self, ty: Type) -> Option<&TypeDefKind> {
        match ty {
            Type::Id(id) => Some(&self.definition(id).kind),
            _ => None,
        }
    }

    /// Returns the name of a type in the WIT, if it has one.
    pub(crate) fn name(&self, ty: Type) -> Option<&str> {
        match ty {
            Type::Id(id) => self.definition(id).name.as_deref(),
            _ => None,
        }
    }

    pub(crate) fn is_option(&self, ty: Type) -> bool {
        matches!(self.kind(ty), Some(TypeDefKind::Option(_)))
    }

    /// Returns what a function returns if it succeeds.
    pub(crate) fn result(&self, function: &wit_parser::Function) -> Result<Option<Type>> {
        match function.result.and_then(|ty| self.kind(ty)) {
            Some(TypeDefKind::Result(result)) => Ok(result.ok),
            _ => bail!("{} returns no result", function.name),
        }
    }

    /// Returns a type with all uses followed.
    fn resolved(&self, id: TypeId) -> TypeId {
        let mut id = id;
        while let TypeDefKind::Type(Type::Id(other)) = self.resolve.types[id].kind {
            id = other;
        }
        id
    }
}

/// Returns the key of a field or a parameter in JSON: `user-ref` as `user_ref`.
pub(crate) fn snake(name: &str) -> String {
    name.replace('-', "_")
}

/// Returns the name of a class: `user-ref` as `UserRef`.
pub(crate) fn pascal(name: &str) -> String {
    let words = name.split('-').filter_map(|word| {
        let (first, rest) = word.split_at_checked(1)?;
        Some(first.to_ascii_uppercase() + rest)
    });
    words.collect()
}
