//! A small organisation, and a server that returns it.

use retool_lifecycle::http::Request;

use crate::world::{Reply, json};

/// The ids of its users, in order. The last is not a UUID, so cursors can't pack it.
pub const USER_IDS: [&str; 4] = [
    "00112233-4455-6677-8899-aabbccddeeff",
    "11111111-1111-1111-1111-111111111111",
    "99999999-0000-0000-0000-000000000000",
    "user_4",
];

/// The records of these users.
const RECORDS: [&str; 4] = [
    r#"{"id":"00112233-4455-6677-8899-aabbccddeeff","email":"ada@example.com","firstName":"Ada","lastName":"Lovelace","isAdmin":true,"isDisabled":false,"userType":"default","profilePhotoUrl":"https://retool.example/1.png","groups":[{"id":1,"name":"admin"},{"id":12,"name":"Night Shift"}]}"#,
    r#"{"id":"11111111-1111-1111-1111-111111111111","email":"bob@example.com","firstName":"Bob","isAdmin":false,"isDisabled":true,"userType":"endUser","groups":[]}"#,
    r#"{"id":"99999999-0000-0000-0000-000000000000","email":"eve@example.com","isAdmin":false,"isDisabled":false,"userType":"default","groups":[{"id":2},{"id":12}]}"#,
    r#"{"id":"user_4","email":"kim@example.com","lastName":"Kim","isAdmin":false,"isDisabled":false,"userType":"mobile","groups":[{"id":2,"name":"editor"}]}"#,
];

const GROUPS: &str = r#"{"groups":[{"id":1,"name":"admin"},{"id":2,"name":"editor"},{"id":12,"name":"Night Shift"}],"total":3}"#;

/// Answers a request about the organisation.
pub fn serve(request: &Request) -> Reply {
    let path = request.path_and_query.split('?').next().unwrap_or_default();
    if path == "/api/v1/groups" {
        return json(200, GROUPS);
    }
    if path == "/api/v1/users" {
        return json(
            200,
            format!(r#"{{"users":[{}],"total":{}}}"#, RECORDS.join(","), USER_IDS.len()),
        );
    }
    let person = path.strip_prefix("/api/v1/users/");
    match USER_IDS.iter().position(|id| person == Some(id)) {
        Some(at) => json(200, RECORDS[at]),
        None => json(404, r#"{"message":"not found"}"#),
    }
}
