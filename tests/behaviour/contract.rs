//! The exact imports and exports of the component. Every host must link the imports, and every
//! caller depends on the exports.

use host_test::Host;
use wit_component::DecodedWasm;
use wit_parser::{Resolve, WorldId, WorldItem, WorldKey};

fn decoded() -> (Resolve, WorldId) {
    match wit_component::decode(Host::embedded_component()).expect("a component") {
        DecodedWasm::Component(resolve, world) => (resolve, world),
        DecodedWasm::WitPackage(..) => panic!("a WIT package is not a component"),
    }
}

/// Returns the interfaces, each followed by its functions. Versions are left out, because hosts
/// match them leniently.
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
fn it_imports_only_wasi_io_http_clocks_random_environment_and_stderr() {
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

/// Returns the published world with the component's own imports added. The world describes them
/// only in a comment; a test above checks them exactly.
fn published(more: &str) -> (Resolve, WorldId) {
    let mut resolve = Resolve::default();
    resolve.push_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/wit")).expect("the contract");
    let package = resolve.push_str("test.wit", more).expect("a world");
    let world = resolve.select_world(&[package], None).expect("one world");
    let (decoded, own) = decoded();
    let imports = decoded.worlds[own].imports.clone();
    let merged = resolve.merge(decoded).expect("the component has the published types");
    for (key, mut item) in imports {
        let WorldKey::Interface(interface) = key else { panic!("an import that is no interface") };
        let interface =
            merged.map_interface(interface, Default::default()).expect("the merged interface");
        let WorldItem::Interface { id, .. } = &mut item else {
            panic!("an import that is no interface")
        };
        *id = interface;
        resolve.worlds[world].imports.insert(WorldKey::Interface(interface), item);
    }
    (resolve, world)
}

#[test]
fn it_targets_the_published_world() {
    let (resolve, world) = published(
        "package test:published; world test { include user-lifecycle:retool/plugin@0.2.0; }",
    );
    wit_component::targets(&resolve, world, Host::embedded_component())
        .expect("a component of the published world");

    let (resolve, world) = published(
        "package test:published; world test { include user-lifecycle:retool/plugin@0.2.0;
         export more: interface { one-more: func(); } }",
    );
    let missing = wit_component::targets(&resolve, world, Host::embedded_component());
    assert!(missing.is_err(), "the component lacks an export of this world");
}

/// Engines that load components by their WIT silently drop functions that break their rules.
#[test]
fn every_function_follows_the_rules_of_the_engines() {
    let (resolve, world) = decoded();
    let mut names = std::collections::BTreeSet::new();
    for item in resolve.worlds[world].exports.values() {
        let WorldItem::Interface { id, .. } = item else {
            panic!("an export that is no interface")
        };
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
    // Each interface imports the error with `use`. Follow the alias to the variant.
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
