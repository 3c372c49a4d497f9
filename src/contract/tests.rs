//! The shapes declared here are those of `wit/`: names, order, types, sizes.

use alloc::collections::BTreeMap;
use alloc::string::String;
use std::path::Path;

use wit_parser::{Function, Resolve, SizeAlign, Type, TypeDefKind};

use super::directory::{KnownPage, PageRequest};
use super::groups::{ChangeGroupRequest, EnsureGroupRequest, RemoveGroupRequest};
use super::lifecycle::{DepartureDone, DeprovisionRequest, ProvisionRequest, RestoreRequest};
use super::synchronization::{StepGiven, SyncRequestGiven};
use crate::abi::{Layout, Shape};
use crate::domain::{Group, GroupId, User, UserId};
use crate::error::Error;
use crate::groups::{Ensured, Removed, Reshaped};
use crate::lifecycle::{Provisioned, Restored};
use crate::session::Connection;
use crate::sync::Plan;
use crate::sync::report::SyncReport;
use crate::sync::step::StepResult;
use crate::{diagnostics, feed};

/// A function as it is declared here.
struct Declared {
    parameters: String,
    layout: Layout,
    result: String,
    result_layout: Layout,
}

fn declared<Request: Shape, Answer: Shape>() -> Declared {
    Declared {
        parameters: told::<(Connection, Request)>(),
        layout: <(Connection, Request)>::LAYOUT,
        result: format!("result<{}, {}>", told::<Answer>(), told::<Error>()),
        result_layout: Layout::variant(&[Answer::LAYOUT, Error::LAYOUT]),
    }
}

/// Every function of the contract, by name; no two have one name.
fn declarations() -> BTreeMap<&'static str, Declared> {
    BTreeMap::from([
        ("provision", declared::<ProvisionRequest, Provisioned>()),
        ("deprovision", declared::<DeprovisionRequest, DepartureDone>()),
        ("restore", declared::<RestoreRequest, Restored>()),
        ("plan-sync", declared::<SyncRequestGiven, Plan>()),
        ("apply-step", declared::<StepGiven, StepResult>()),
        ("sync", declared::<SyncRequestGiven, SyncReport>()),
        ("find-user", declared::<String, Option<User>>()),
        ("page-users", declared::<PageRequest, KnownPage<User, UserId>>()),
        ("page-groups", declared::<PageRequest, KnownPage<Group, GroupId>>()),
        ("changes-since", declared::<Option<String>, feed::ChangeSet>()),
        ("ensure-group", declared::<EnsureGroupRequest, Ensured>()),
        ("change-group", declared::<ChangeGroupRequest, Reshaped>()),
        ("remove-group", declared::<RemoveGroupRequest, Removed>()),
        ("check-connection", declared::<(), diagnostics::Report>()),
    ])
}

/// A type in WIT's words: `first_name` and `FirstName` are `first-name`.
fn told<T: Shape>() -> String {
    let mut rust = String::new();
    T::describe(&mut rust);
    let mut told = String::new();
    for letter in rust.chars() {
        if letter.is_ascii_uppercase() && told.ends_with(|last: char| last.is_alphanumeric()) {
            told.push('-');
        }
        told.push(if letter == '_' { '-' } else { letter.to_ascii_lowercase() });
    }
    told
}

/// A type of `wit/` in the same words.
fn written(resolve: &Resolve, of: &Type) -> String {
    let Type::Id(id) = of else {
        return match of {
            Type::Bool => "bool",
            Type::U16 => "u16",
            Type::U32 => "u32",
            Type::String => "string",
            other => panic!("{other:?} is not in the contract's rules"),
        }
        .into();
    };
    let written = |of: &Type| written(resolve, of);
    let payload = |of: &Option<Type>| of.as_ref().map_or(String::new(), &written);
    match &resolve.types[*id].kind {
        TypeDefKind::Record(record) => {
            let field =
                |field: &wit_parser::Field| format!("{}: {}, ", field.name, written(&field.ty));
            format!("record{{{}}}", record.fields.iter().map(field).collect::<String>())
        }
        TypeDefKind::Enum(cases) => {
            let case = |case: &wit_parser::EnumCase| format!("{}, ", case.name);
            format!("enum{{{}}}", cases.cases.iter().map(case).collect::<String>())
        }
        TypeDefKind::Variant(variant) => {
            let case = |case: &wit_parser::Case| match &case.ty {
                Some(of) => format!("{}({}), ", case.name, written(of)),
                None => format!("{}, ", case.name),
            };
            format!("variant{{{}}}", variant.cases.iter().map(case).collect::<String>())
        }
        TypeDefKind::Option(of) => format!("option<{}>", written(of)),
        TypeDefKind::List(of) => format!("list<{}>", written(of)),
        TypeDefKind::Result(result) => {
            format!("result<{}, {}>", payload(&result.ok), payload(&result.err))
        }
        TypeDefKind::Type(of) => written(of),
        other => panic!("{} is not in the contract's rules", other.as_str()),
    }
}

fn check(resolve: &Resolve, sizes: &SizeAlign, function: &Function, declared: &Declared) {
    let name = &function.name;
    let mut parameters: Vec<String> =
        function.params.iter().map(|parameter| written(resolve, &parameter.ty)).collect();
    // A function without a request has nothing in its place.
    parameters.resize(2, String::new());
    assert_eq!(declared.parameters, parameters.join(", "), "{name}");
    let types = function.params.iter().map(|parameter| &parameter.ty);
    let record = sizes.record(types);
    assert_eq!(declared.layout.size, record.size.size_wasm32(), "{name}");
    assert_eq!(declared.layout.align, record.align.align_wasm32(), "{name}");
    let result = function.result.as_ref().expect("every function has a result");
    assert_eq!(declared.result, written(resolve, result), "{name}");
    assert_eq!(declared.result_layout.size, sizes.size(result).size_wasm32(), "{name}");
    assert_eq!(declared.result_layout.align, sizes.align(result).align_wasm32(), "{name}");
}

#[test]
fn every_function_has_the_shape_that_the_contract_says() {
    let mut resolve = Resolve::default();
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("wit");
    let (package, _) = resolve.push_dir(wit).expect("the contract");
    let mut sizes = SizeAlign::default();
    sizes.fill(&resolve);
    let mut declarations = declarations();
    for interface in resolve.packages[package].interfaces.values() {
        for function in resolve.interfaces[*interface].functions.values() {
            let declared = declarations.remove(function.name.as_str());
            let declared = declared.unwrap_or_else(|| panic!("{} is missing", function.name));
            check(&resolve, &sizes, function, &declared);
        }
    }
    assert!(declarations.is_empty(), "{:?} are not in the contract", declarations.keys());
}

#[test]
fn flat_values_are_counted_as_the_abi_does() {
    use crate::abi::MOST_FLAT;
    let fits = |declared: &Declared| declared.layout.flat <= MOST_FLAT;
    let mut in_memory = declarations();
    in_memory.retain(|_, declared| !fits(declared));
    assert_eq!(
        in_memory.keys().copied().collect::<Vec<_>>(),
        ["apply-step", "change-group", "deprovision", "plan-sync", "provision", "restore", "sync"]
    );
}
