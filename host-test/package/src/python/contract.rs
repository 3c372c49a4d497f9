//! The contract in Python: its types, and a method for each function.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail, ensure};
use contract_schema::CONNECTION;
use wit_parser::{Docs, Enum, Function, Record, Type, TypeDefKind, Variant};

use crate::wit::{Wit, pascal, snake};

/// The generated modules.
pub(super) struct Generated {
    /// The types: enums and variants as unions, records as dataclasses.
    pub(super) types: String,
    /// A class with a method for each function.
    pub(super) functions: String,
}

const TYPES: &str = "\"\"\"The types of the contract. Generated from its WIT.\"\"\"

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, TypedDict, Union
";

const FUNCTIONS: &str = "\"\"\"The functions of the contract. Generated from its WIT.\"\"\"

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .types import *  # noqa: F403
";

/// Words that can't be names in Python.
const RESERVED: [&str; 37] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
    "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import",
    "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "self", "try",
    "while", "with", "yield", "call",
];

/// Returns the modules for the contract.
pub(super) fn generated(wit: &Wit) -> Result<Generated> {
    let mut python = Python { wit, names: BTreeSet::new() };
    Ok(Generated { types: python.types()?, functions: python.functions()? })
}

struct Python<'a> {
    wit: &'a Wit,
    /// The names of all types, which must differ.
    names: BTreeSet<String>,
}

impl Python<'_> {
    fn types(&mut self) -> Result<String> {
        // Python evaluates a union when it reads it, so what it is made of comes before it.
        let (mut enums, mut variants, mut records) = (String::new(), String::new(), String::new());
        let wit = self.wit;
        for (name, id) in wit.types() {
            let definition = wit.definition(id);
            let docs = &definition.docs;
            match &definition.kind {
                TypeDefKind::Enum(cases) => enums += &self.of_enum(name, cases, docs)?,
                TypeDefKind::Variant(cases) => variants += &self.of_variant(name, cases, docs)?,
                TypeDefKind::Record(record) => records += &self.of_record(name, record, docs)?,
                other => bail!("{name} is a {}, and has no form in Python", other.as_str()),
            }
        }
        let mut all = String::from("\n__all__ = [\n");
        for name in &self.names {
            all += &format!("    \"{name}\",\n");
        }
        Ok(format!("{TYPES}{all}]\n{enums}{variants}{records}"))
    }

    fn of_enum(&mut self, name: &str, cases: &Enum, docs: &Docs) -> Result<String> {
        let listed = cases.cases.iter().map(|case| (case.name.as_str(), &case.docs));
        let docs = docstring(0, &with_cases(docs, listed));
        let names: Vec<&str> = cases.cases.iter().map(|case| case.name.as_str()).collect();
        Ok(format!("\n{}: TypeAlias = {}\n{docs}", self.named(pascal(name))?, literal(&names)))
    }

    fn of_variant(&mut self, name: &str, variant: &Variant, docs: &Docs) -> Result<String> {
        let listed = variant.cases.iter().map(|case| (case.name.as_str(), &case.docs));
        let docs = docstring(0, &with_cases(docs, listed));
        let bare: Vec<&str> = variant
            .cases
            .iter()
            .filter_map(|case| case.ty.is_none().then_some(case.name.as_str()))
            .collect();
        let mut members = Vec::new();
        if !bare.is_empty() {
            members.push(literal(&bare));
        }
        let mut written = String::from("\n");
        for case in &variant.cases {
            let Some(payload) = case.ty else { continue };
            let class = self.named(pascal(name) + &pascal(&case.name))?;
            written += &format!(
                "{class} = TypedDict(\"{class}\", {{\"{}\": \"{}\"}})\n",
                case.name,
                self.ty(payload)?
            );
            members.push(class);
        }
        let alias = self.named(pascal(name))?;
        Ok(written + &format!("{alias}: TypeAlias = Union[{}]\n{docs}", members.join(", ")))
    }

    fn of_record(&mut self, name: &str, record: &Record, docs: &Docs) -> Result<String> {
        let class = self.named(pascal(name))?;
        let mut written = format!("\n\n@dataclass(kw_only=True)\nclass {class}:\n");
        written += &docstring(4, text(docs));
        for field in &record.fields {
            let ty = self.ty(field.ty)?;
            let default = if self.wit.is_option(field.ty) { " = None" } else { "" };
            written += &format!("\n    {}: {ty}{default}\n", usable(&field.name)?);
            written += &docstring(4, text(&field.docs));
        }
        Ok(written)
    }

    fn functions(&self) -> Result<String> {
        let (mut paths, mut methods) = (String::new(), String::new());
        for (interface_name, interface) in self.wit.interfaces() {
            for function in interface.functions.values() {
                let path = format!("{interface_name}/{}", function.name);
                paths += &format!("    \"{}\": \"{path}\",\n", function.name);
                methods += &self.method(&path, function)?;
            }
        }
        Ok(format!(
            "{FUNCTIONS}\nCONTRACT = \"{}\"\n\nPATHS = {{\n{paths}}}\n{}\n\nclass Functions:\n{}\n    \
             def _call(self, function: str, arguments: Mapping[str, Any], result: Any) -> Any:\n        \
             raise NotImplementedError\n{methods}",
            self.wit.package,
            docstring(0, "The path of each function by its name."),
            docstring(4, "A method for each function of the contract."),
        ))
    }

    fn method(&self, path: &str, function: &Function) -> Result<String> {
        let result = self.wit.result(function)?;
        let result = result.map_or(Ok("None".to_owned()), |ty| self.ty(ty))?;
        let (mut parameters, mut given) = (String::new(), Vec::new());
        for parameter in function.params.iter().filter(|param| param.name != CONNECTION) {
            let name = usable(&parameter.name)?;
            let default = if self.wit.is_option(parameter.ty) { " = None" } else { "" };
            parameters += &format!(", {name}: {}{default}", self.ty(parameter.ty)?);
            given.push(format!("\"{name}\": {name}"));
        }
        let method = usable(&function.name)?;
        let (docs, given) = (docstring(8, text(&function.docs)), given.join(", "));
        Ok(format!(
            "\n    def {method}(self{parameters}) -> {result}:\n{docs}        \
             result: {result} = self._call(\"{path}\", {{{given}}}, {result})\n        \
             return result\n"
        ))
    }

    /// Returns a type in an annotation.
    fn ty(&self, ty: Type) -> Result<String> {
        Ok(match (ty, self.wit.kind(ty)) {
            (Type::Bool, _) => "bool".to_owned(),
            (Type::String, _) => "str".to_owned(),
            (Type::U8 | Type::U16 | Type::U32, _) => "int".to_owned(),
            (_, Some(TypeDefKind::Option(some))) => format!("{} | None", self.ty(*some)?),
            (_, Some(TypeDefKind::List(item))) => format!("list[{}]", self.ty(*item)?),
            (Type::Id(_), _) => pascal(self.wit.name(ty).context("a type has no name")?),
            (other, _) => bail!("{other:?} has no form in Python"),
        })
    }

    /// Takes a name for a type.
    fn named(&mut self, name: String) -> Result<String> {
        ensure!(self.names.insert(name.clone()), "two types would be {name} in Python");
        Ok(name)
    }
}

fn literal(cases: &[&str]) -> String {
    let cases: Vec<String> = cases.iter().map(|case| format!("\"{case}\"")).collect();
    format!("Literal[{}]", cases.join(", "))
}

/// Returns a name of the WIT as that of a field, a parameter or a method.
fn usable(name: &str) -> Result<String> {
    ensure!(!RESERVED.contains(&name), "{name} can't be a name in Python");
    Ok(snake(name))
}

fn text(docs: &Docs) -> &str {
    docs.contents.as_deref().unwrap_or_default().trim()
}

/// Adds the documentation of the cases to that of the type.
fn with_cases<'a>(docs: &Docs, cases: impl Iterator<Item = (&'a str, &'a Docs)>) -> String {
    let mut all = text(docs).to_owned() + "\n";
    for (name, docs) in cases.filter(|(_, docs)| !text(docs).is_empty()) {
        // A line of a list goes on where it is indented.
        all += &format!("\n- `{name}`: {}", text(docs).replace('\n', "\n  "));
    }
    all.trim().to_owned()
}

/// Returns a documentation string with this many spaces before its lines.
fn docstring(indent: usize, text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let indent = " ".repeat(indent);
    let text = text.replace('\\', r"\\").replace("\"\"\"", r#"\"\"\""#);
    let mut lines = Vec::new();
    for line in text.lines() {
        lines.push(if line.is_empty() { String::new() } else { format!("{indent}{line}") });
    }
    let text = lines.join("\n");
    // The end is on a line of its own where it could be taken for a part of the text.
    let end =
        if text.ends_with('"') || lines.len() > 1 { format!("\n{indent}") } else { String::new() };
    format!("{indent}\"\"\"{}{end}\"\"\"\n", text.trim_start())
}
