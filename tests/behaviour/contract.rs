//! What the component asks of a host and offers it, to the letter: every host has to link the
//! first, and every caller depends on the second.

use host_test::Host;
use wit_component::DecodedWasm;
use wit_parser::{Resolve, WorldId, WorldItem, WorldKey};

fn decoded() -> (Resolve, WorldId) {
    match wit_component::decode(Host::embedded_component()).expect("a component") {
        DecodedWasm::Component(resolve, world) => (resolve, world),
        DecodedWasm::WitPackage(..) => panic!("a WIT package is not a component"),
    }
}

/// Interfaces without their versions, which hosts match leniently, and their functions.
fn interfaces<'a>(
    resolve: &Resolve,
    items: impl Iterator<Item = (&'a WorldKey, &'a WorldItem)>,
) -> Vec<String> {
    let mut lines = Vec::new();
    for (key, item) in items {
        let WorldItem::Interface { id, .. } = item else {
            panic!("{} is not an interface", resolve.name_world_key(key))
        };
        let name = resolve.name_world_key(key);
        lines.push(name.split('@').next().unwrap_or(&name).to_owned());
        if name.starts_with("user-lifecycle:") {
            lines.extend(
                resolve.interfaces[*id].functions.keys().map(|function| format!("  {function}")),
            );
        }
    }
    lines
}

#[test]
fn it_imports_wasi_io_http_clocks_random_environment_and_stderr_alone() {
    let (resolve, world) = decoded();
    let mut imports = interfaces(&resolve, resolve.worlds[world].imports.iter());
    imports.sort();
    assert_eq!(
        imports,
        [
            "wasi:cli/environment",
            "wasi:cli/stderr",
            "wasi:clocks/monotonic-clock",
            "wasi:clocks/wall-clock",
            "wasi:http/outgoing-handler",
            "wasi:http/types",
            "wasi:io/error",
            "wasi:io/poll",
            "wasi:io/streams",
            "wasi:random/random",
        ]
    );
}

#[test]
fn it_needs_nothing_newer_than_wasi_0_2() {
    let (resolve, world) = decoded();
    for key in resolve.worlds[world].imports.keys() {
        let name = resolve.name_world_key(key);
        assert!(name.contains("@0.2."), "{name}");
    }
}

#[test]
fn it_exports_the_contract_and_nothing_else() {
    let (resolve, world) = decoded();
    assert_eq!(
        interfaces(&resolve, resolve.worlds[world].exports.iter()),
        [
            "user-lifecycle:retool/types",
            "user-lifecycle:retool/lifecycle",
            "  provision",
            "  deprovision",
            "  plan-deprovision",
            "  restore",
            "  reset-two-factor",
            "user-lifecycle:retool/synchronization",
            "  plan-sync",
            "  apply-step",
            "  sync",
            "  apply-plan",
            "user-lifecycle:retool/directory",
            "  find-user",
            "  page-users",
            "  page-groups",
            "  changes-since",
            "user-lifecycle:retool/groups",
            "  ensure-group",
            "  change-group",
            "  remove-group",
            "user-lifecycle:retool/diagnostics",
            "  check-connection",
        ]
    );
}

/// The published world, to which the component's own imports are added: they are said in words
/// there, and to the letter above.
fn published(more: &str) -> (Resolve, WorldId) {
    let mut resolve = Resolve::default();
    resolve.push_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/wit")).expect("the contract");
    let package = resolve.push_str("asked.wit", more).expect("a world");
    let world = resolve.select_world(&[package], None).expect("one world");
    let (decoded, own) = decoded();
    let imports = decoded.worlds[own].imports.clone();
    let merged = resolve.merge(decoded).expect("the component has the published types");
    for (key, mut item) in imports {
        let WorldKey::Interface(interface) = key else { panic!("only interfaces are imported") };
        let interface = merged.map_interface(interface, Default::default()).expect("it is there");
        let WorldItem::Interface { id, .. } = &mut item else { panic!("it is an interface") };
        *id = interface;
        resolve.worlds[world].imports.insert(WorldKey::Interface(interface), item);
    }
    (resolve, world)
}

#[test]
fn it_is_valid_and_targets_the_published_world() {
    let (resolve, world) = published(
        "package test:asked; world asked { include user-lifecycle:retool/plugin@0.2.0; }",
    );
    wit_component::targets(&resolve, world, Host::embedded_component()).expect("it fits");

    let (resolve, world) = published(
        "package test:asked; world asked { include user-lifecycle:retool/plugin@0.2.0;
         export more: interface { one-more: func(); } }",
    );
    let missing = wit_component::targets(&resolve, world, Host::embedded_component());
    assert!(missing.is_err(), "a world with more exports is not this component's");
}

/// Engines that load components by their WIT drop, without a word, what breaks their rules.
#[test]
fn every_function_keeps_the_rules_of_the_engines() {
    let (resolve, world) = decoded();
    let mut names = std::collections::BTreeSet::new();
    for item in resolve.worlds[world].exports.values() {
        let WorldItem::Interface { id, .. } = item else { panic!("only interfaces are exported") };
        for (name, function) in &resolve.interfaces[*id].functions {
            assert!(names.insert(name.clone()), "{name} is the name of two functions");
            assert_eq!(
                function.params.first().map(|param| param.name.as_str()),
                Some("connection"),
                "{name}"
            );
            let result = function.result.as_ref().unwrap_or_else(|| panic!("{name} has no result"));
            assert!(is_result_with_error(&resolve, result), "{name}");
        }
    }
}

fn is_result_with_error(resolve: &Resolve, of: &wit_parser::Type) -> bool {
    let wit_parser::Type::Id(id) = of else {
        return false;
    };
    let wit_parser::TypeDefKind::Result(result) = &resolve.types[*id].kind else {
        return false;
    };
    let Some(wit_parser::Type::Id(error)) = result.err else {
        return false;
    };
    // Each interface `use`s the error: follow the alias to the variant.
    let mut error = error;
    while let wit_parser::TypeDefKind::Type(wit_parser::Type::Id(next)) = resolve.types[error].kind
    {
        error = next;
    }
    let wit_parser::TypeDefKind::Variant(variant) = &resolve.types[error].kind else {
        return false;
    };
    result.ok.is_some()
        && variant.cases[0].name == "execution-failed"
        && variant.cases[0].ty.is_none()
        && variant.cases[1..].iter().all(|case| case.ty == variant.cases[1].ty && case.ty.is_some())
}
