//! The schemas of the contract in `wit/`.

use std::collections::BTreeSet;
use std::fs;

use boon::{Compiler, SchemaIndex, Schemas};
use contract_schema::{
    Contract, DOOR_ERRORS, DoorError, KINDS, Kind, Parameter, STATUSES, openapi,
};
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
        ("mode", json!({ "delete-once-disabled": 30.0 })),
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
        ("minimum_admins", json!(1.5)),
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

#[test]
fn titles_of_cases_have_the_name_of_their_type() {
    let document = openapi(&contract()).expect("a document");
    for (name, title) in [("user-id", "user-id scim"), ("group-id", "group-id scim")] {
        let cases = document["components"]["schemas"][name]["oneOf"].as_array().expect("cases");
        assert!(cases.iter().any(|case| case["title"] == title), "{cases:?}");
    }
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

/// Returns the codes in the table of docs/errors.md: those of the contract.
fn codes_of_the_contract() -> BTreeSet<String> {
    let page = fs::read_to_string("../../docs/errors.md").expect("the page");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    rows.map(str::to_owned).collect()
}

#[test]
fn every_response_has_valid_examples_of_its_status() {
    let document = openapi(&contract()).expect("a document");
    let mut problem = document["components"]["schemas"]["problem"].clone();
    problem["components"] = document["components"].clone();
    let schema = Checked::of(problem);
    let of_the_contract = codes_of_the_contract();
    let mut codes = BTreeSet::new();
    let operation = &document["paths"]["/v1/lifecycle/provision"]["post"]["responses"];
    for status in STATUSES {
        let name = status.title.to_lowercase().replace(' ', "-");
        let response = &document["components"]["responses"][&name];
        let reference = &operation[status.number.to_string()]["$ref"];
        if status.number == 405 {
            assert!(reference.is_null(), "the path takes the method");
        } else {
            assert_eq!(*reference, format!("#/components/responses/{name}"));
        }
        let again = [429, 503].contains(&status.number);
        assert_eq!(response["headers"]["Retry-After"].is_object(), again, "{name}");
        let examples = &response["content"]["application/problem+json"]["examples"];
        for (code, example) in examples.as_object().expect("examples") {
            let example = &example["value"];
            assert!(schema.takes(example), "{example}");
            assert_eq!(
                (&example["code"], &example["status"]),
                (&json!(code), &json!(status.number))
            );
            assert_eq!(example["permanent"], !again);
            codes.insert(code.clone());
        }
    }
    for error in DOOR_ERRORS {
        assert!(codes.remove(error.code), "{} has no example", error.code);
        assert!(!of_the_contract.contains(error.code), "{} has two meanings", error.code);
    }
    assert_eq!(codes.len(), KINDS.len());
    assert!(codes.is_subset(&of_the_contract), "{codes:?}");
}

/// The table of statuses in the README of the door has every status, code and kind.
#[test]
fn the_readme_of_the_door_lists_every_status_and_code() {
    let listed = |names: Vec<&str>| {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        names.join(", ")
    };
    let mut table = "| status | codes of the door | kinds of the plugin's errors | when |\n\
                     | --- | --- | --- | --- |\n"
        .to_owned();
    for status in STATUSES {
        let codes: Vec<&str> = DOOR_ERRORS
            .iter()
            .filter(|error| error.status == status.number)
            .map(|error: &DoorError| error.code)
            .collect();
        let is_its = |kind: &&Kind| {
            let transient = !kind.example.permanent && kind.transient == status.number;
            kind.permanent == status.number || transient
        };
        let kinds: Vec<&str> = KINDS.iter().filter(is_its).map(|kind| kind.name).collect();
        let (codes, kinds) = (listed(codes), listed(kinds));
        table += &format!("| {} | {codes} | {kinds} | {} |\n", status.number, status.when);
    }
    let page = fs::read_to_string("../../examples/http/README.md").expect("the page");
    assert!(page.contains(&table), "examples/http/README.md must have this table:\n{table}");
}
