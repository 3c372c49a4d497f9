//! Groups and members that can't be used.

use alloc::format;
use alloc::string::String;

use super::*;
use crate::testing::platform::{FakePlatform, Reply};

use super::listing_server::directory_on;

/// A server whose listing of groups has these records, in each dialect's envelope.
fn server(dialect: Dialect, records: &str) -> FakePlatform {
    let body = match dialect {
        Dialect::V1 => format!(r#"{{"groups":[{records}]}}"#),
        Dialect::V2 => format!(r#"{{"success":true,"data":[{records}],"has_more":false}}"#),
        Dialect::Scim => format!(r#"{{"Resources":[{records}]}}"#),
    };
    FakePlatform::new(move |_| Reply::json(200, body.clone()))
}

fn listed(dialect: Dialect, records: &str) -> Result<usize> {
    let fake = server(dialect, records);
    let directory = directory_on(dialect, &fake);
    fake.run(directory.list_groups()).map(|groups| groups.len())
}

#[test]
fn a_group_that_can_not_be_used_is_named() {
    let good = r#"{"id":4,"name":"Support","displayName":"Support"}"#;
    let odd = [
        (r#"{"id":5,"name":{},"displayName":{}}"#, "the record 5 has"),
        (r#"{"id":"g6","name":[],"displayName":[]}"#, "the record g6 has"),
        (r#"{"name":"Sales","displayName":"Sales"}"#, "a record without an id has"),
        (r#""text""#, "a record without an id has"),
    ];
    for dialect in Dialect::ALL {
        assert_eq!(listed(dialect, good), Ok(1), "{dialect:?}");
        for (record, named) in odd {
            let error = failed(listed(dialect, &format!("{good},{record}")), dialect);
            assert_eq!(error.code, Code::RecordUnreadable, "{dialect:?}: {record}");
            assert!(error.message.contains(named), "{dialect:?}: {}", error.message);
        }
        // Nothing in it is a record: another server answers.
        let error = failed(listed(dialect, r#""a","b""#), dialect);
        assert_eq!(error.code, Code::AnswerUnusable, "{dialect:?}");
    }
}

#[test]
fn the_group_of_a_member_that_can_not_be_used_is_named() {
    for member in [r#"{"display":"Ada"}"#, r#"{"value":{}}"#, "7"] {
        let group = format!(r#"{{"id":"g4","displayName":"Support","members":[{member}]}}"#);
        let error = failed(listed(Dialect::Scim, &group), Dialect::Scim);
        assert_eq!(error.code, Code::RecordUnreadable, "{member}");
        assert!(error.message.contains("the record g4 has"), "{}", error.message);
    }
}

#[test]
fn a_listed_member_that_can_not_be_used_is_named() {
    let fake = FakePlatform::new(|_| {
        let ada = r#"{"id":"u1","email":"ada@example.com"}"#;
        Reply::json(200, format!(r#"{{"members":[{ada},{{"id":"u2","email":[]}}],"total":2}}"#))
    });
    let directory = directory_on(Dialect::V1, &fake);
    let ids = [group(Dialect::V1)];
    let listed = fake.run(directory.list_members(&ids)).map(|members| members.len());
    let error = failed(listed, Dialect::V1);
    assert_eq!(error.code, Code::RecordUnreadable);
    let named = String::from("the record u2 has");
    assert!(error.message.contains(&named), "{}", error.message);
}
