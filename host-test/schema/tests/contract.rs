//! The schemas of the contract in `wit/`.

use std::collections::BTreeMap;

use boon::{Compiler, SchemaIndex, Schemas};
use contract_schema::{Contract, Parameter, openapi};
use serde_json::{Value, json};

fn contract() -> Contract {
    Contract::read("../../wit".as_ref()).expect("the contract")
}

/// A schema that values can be checked against.
struct Checked {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Checked {
    fn of(schema: Value) -> Checked {
        let mut compiler = Compiler::new();
        compiler.add_resource("schema.json", schema).expect("a resource");
        let mut schemas = Schemas::new();
        let index = compiler.compile("schema.json", &mut schemas).expect("a schema");
        Checked { schemas, index }
    }

    fn takes(&self, value: &Value) -> bool {
        self.schemas.validate(value, self.index).is_ok()
    }
}

#[test]
fn every_function_has_valid_schemas_and_a_description() {
    let contract = contract();
    assert_eq!(contract.package(), "user-lifecycle:retool@0.2.0");
    let mut functions = 0;
    for function in contract.functions() {
        for schema in [function.request(), function.result(), function.error()] {
            Checked::of(schema.expect("a schema"));
        }
        assert!(!function.docs().is_empty(), "{}", function.path());
        functions += 1;
    }
    let written = std::fs::read_dir("../../wit")
        .expect("a folder")
        .filter_map(|file| std::fs::read_to_string(file.expect("a file").path()).ok());
    let written: usize = written.map(|wit| wit.matches(": func(").count()).sum();
    assert_eq!(functions, written);
}

#[test]
fn a_function_is_found_by_its_name_and_by_its_path() {
    let contract = contract();
    for name in ["provision", "lifecycle/provision"] {
        assert_eq!(contract.function(name).expect(name).path(), "lifecycle/provision");
    }
    for name in ["", "lifecycle", "directory/provision", "provision_user"] {
        assert!(contract.function(name).is_none(), "{name}");
    }
}

#[test]
fn a_schema_takes_the_one_form_of_json_alone() {
    let contract = contract();
    let deprovision = contract.function("deprovision").expect("a function");
    let schema = Checked::of(deprovision.request().expect("a schema"));
    let with = |part: &str, other: Value| {
        let mut request = json!({ "request": {
            "user": { "email": "ada@example.com" },
            "mode": { "delete-once-disabled": 30 },
            "protected_people": [],
        }});
        request["request"][part] = other;
        request
    };
    for (part, other) in [
        ("mode", json!("disable")),
        ("mode", json!({ "delete-once-disabled": 4294967295u32 })),
        ("minimum_admins", json!(null)),
        ("minimum_admins", json!(0)),
        ("user", json!({ "id": { "scim": "x" } })),
        ("protected_people", json!([{ "login": "boss" }])),
    ] {
        let request = with(part, other);
        assert!(schema.takes(&request), "{request}");
    }
    for (part, other) in [
        ("mode", json!("delete-once-disabled")),
        ("mode", json!({ "disable": null })),
        ("mode", json!({ "delete-once-disabled": 30, "delete": null })),
        ("mode", json!({ "delete-once-disabled": 4294967296u64 })),
        ("mode", json!("Disable")),
        ("mode", json!(null)),
        ("minimum_admins", json!(-1)),
        ("minimum-admins", json!(1)),
        ("user", json!(["ada@example.com"])),
        ("protected_people", json!(null)),
        ("other", json!(1)),
    ] {
        let request = with(part, other);
        assert!(!schema.takes(&request), "{request}");
    }
    assert!(!schema.takes(&json!({})));
    assert!(!schema.takes(&json!({ "request": ["ada@example.com", "disable"] })));
}

/// Generators of code make names of titles, and drop one of two that are the same.
#[test]
fn titles_are_unique_in_the_openapi_document() {
    fn collect(value: &Value, titles: &mut BTreeMap<String, usize>) {
        if let Some(title) = value.get("title").and_then(Value::as_str) {
            let name: String = title.chars().filter(char::is_ascii_alphanumeric).collect();
            *titles.entry(name.to_lowercase()).or_default() += 1;
        }
        match value {
            Value::Object(members) => members.values().for_each(|value| collect(value, titles)),
            Value::Array(items) => items.iter().for_each(|value| collect(value, titles)),
            _ => {}
        }
    }
    let document = openapi(&contract()).expect("a document");
    let mut titles = BTreeMap::new();
    collect(&document["components"], &mut titles);
    assert!(titles.contains_key("useridscim") && titles.contains_key("groupidscim"), "{titles:?}");
    titles.retain(|_, times| *times > 1);
    assert!(titles.is_empty(), "{titles:?}");
}

#[test]
fn the_openapi_document_has_every_function_and_the_members_of_a_problem() {
    let contract = contract();
    let document = openapi(&contract).expect("a document");
    for function in contract.functions() {
        let operation = &document["paths"][format!("/v1/{}", function.path())]["post"];
        assert_eq!(operation["operationId"], function.rust_name());
    }
    let call = &document["components"]["schemas"]["provision-call"];
    assert_eq!(call["required"], json!(["connection", "request"]));
    let problem = &document["components"]["schemas"]["problem"]["properties"];
    for member in ["type", "title", "status", "detail", "kind", "code", "permanent", "writes"] {
        assert!(problem[member].is_object(), "{member}");
    }
    assert!(problem["message"].is_null(), "`detail` is the message");
}

#[test]
fn parameters_have_the_types_and_the_borrows_of_the_bindings() {
    let contract = contract();
    let of = |name: &str| {
        contract.function(name).expect("a function").parameters("retool").expect("parameters")
    };
    let parameter = |name: &str, owned: &str, lent| Parameter {
        name: name.to_owned(),
        owned: owned.to_owned(),
        lent,
    };
    assert_eq!(
        of("provision"),
        [parameter("request", "retool::lifecycle::ProvisionRequest", ("&", ""))]
    );
    // It is used in `directory`, and is a type of `types`.
    assert_eq!(of("find-user"), [parameter("user", "retool::types::UserRef", ("&", ""))]);
    assert_eq!(of("changes-since"), [parameter("cursor", "Option<String>", ("", ".as_deref()"))]);
    assert_eq!(of("check-connection"), []);
}

#[test]
fn fields_with_another_spelling_in_json_are_no_cases_with_a_payload() {
    let contract = contract();
    let fields = contract.respelled_fields().expect("fields");
    assert!(fields.contains("former-emails") && fields.contains("page-size"));
    assert!(!fields.contains("delete-once-disabled") && !fields.contains("email"));
}
