//! Contracts that can't be described.

use wit_parser::Resolve;

use crate::{Contract, openapi};

/// Reads a contract with these interfaces, all of which its world exports, beside what every
/// contract has.
fn contract(interfaces: &str) -> anyhow::Result<Contract> {
    let names = interfaces.split("interface ").skip(1).filter_map(|text| text.split(' ').next());
    let exports: String = names.map(|name| format!("export {name};\n")).collect();
    let mut resolve = Resolve::default();
    let package = resolve.push_str(
        "contract.wit",
        &format!(
            "package test:contract@0.1.0;
            interface types {{
                record connection {{ base-url: string }}
                enum error-kind {{ invalid-input, denied, not-found, conflict, refused, unsupported,
                    rate-limited, unavailable }}
                record error-detail {{ kind: error-kind, message: string }}
                variant error {{ permanent(error-detail), transient(error-detail) }}
            }}
            {}
            world plugin {{ export types; {exports} }}",
            interfaces.replace("USE", "use types.{connection, error};")
        ),
    )?;
    Contract::of(resolve, package)
}

/// Returns why there is no OpenAPI document of a contract with these interfaces.
fn refused(interfaces: &str) -> String {
    let described = contract(interfaces).and_then(|contract| openapi(&contract));
    described.expect_err(interfaces).to_string()
}

const CALL: &str = "func(connection: connection) -> result<_, error>;";

#[test]
fn two_interfaces_can_not_have_a_function_or_a_type_of_one_name() {
    let one = format!("interface one {{ USE find: {CALL} }}");
    let two = format!("interface two {{ USE find: {CALL} }}");
    assert!(contract(&one).and_then(|contract| openapi(&contract)).is_ok());
    assert_eq!(refused(&(one + &two)), "two interfaces have a function find");
    let types = "interface one { record found { name: string } }
        interface two { record found { id: string } }";
    assert_eq!(refused(types), "two interfaces have a type found");
}

#[test]
fn a_type_can_not_have_the_name_of_a_call_or_of_the_problem() {
    for name in ["find-call", "problem"] {
        let interface = format!(
            "interface one {{ USE record {name} {{ name: string }}
            find: func(connection: connection, given: {name}) -> result<_, error>; }}"
        );
        assert_eq!(refused(&interface), format!("a type has the name {name}"));
    }
}

#[test]
fn titles_that_generators_make_one_name_of_are_refused() {
    let interface = "interface one { USE
        variant user { id(string) }
        record user-id { value: string }
        find: func(connection: connection, user: user, id: user-id) -> result<_, error>; }";
    let message = refused(interface);
    assert!(message.starts_with("two schemas have the title user"), "{message}");
    let contract = contract(interface).expect("a contract");
    assert!(contract.function("find").expect("a function").request().is_err());
}

#[test]
fn the_kinds_of_the_table_are_those_of_the_contract() {
    let interface = format!("interface one {{ USE find: {CALL} }}");
    let mut contract = contract(&interface).expect("a contract");
    let id = contract.types["error-kind"];
    let wit_parser::TypeDefKind::Enum(kinds) = &mut contract.resolve.types[id].kind else {
        panic!("an enumeration")
    };
    kinds.cases.pop();
    let message = openapi(&contract).expect_err("another kind").to_string();
    assert!(message.starts_with("the kinds of src/problems.rs"), "{message}");
}
