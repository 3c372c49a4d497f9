//! The contract's types as JSON for people and scripts, and back: enumerations and variants
//! under their names in WIT (`re-enabled`, `end-user`), records with snake_case keys.
//!
//! Deriving gives Rust's names (`ReEnabled`), which nobody who reads the WIT would look for.

mod read;
mod write;

pub use read::from_value;
pub use write::value;

/// `ReEnabled` as `re-enabled`.
fn wit_name(variant: &str) -> String {
    let mut name = String::with_capacity(variant.len() + 2);
    for (at, letter) in variant.char_indices() {
        if letter.is_ascii_uppercase() && at > 0 {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::render::samples::{change, group, guard, step, user};
    use crate::retool::lifecycle::{
        DeprovisionMode, DeprovisionRequest, ProvisionOutcome, Tombstone,
    };
    use crate::retool::synchronization::{Guard, PersonRefusal, Plan, SeatChange, Step, StepKind};
    use crate::retool::types::{Dialect, GroupId, User, UserId, UserType};

    #[test]
    fn names_are_those_of_the_contract_at_any_depth() {
        let request = DeprovisionRequest {
            email: "Ada@Example.com".to_owned(),
            expected_id: Some(UserId::Scim("Ab".to_owned())),
            mode: DeprovisionMode::DeleteOnceDisabled(30),
            protected_people: vec!["ReEnabled".to_owned()],
            minimum_admins: None,
        };
        assert_eq!(
            value(&request).expect("JSON"),
            json!({
                "email": "Ada@Example.com",
                "expected_id": {"scim": "Ab"},
                "mode": {"delete-once-disabled": 30},
                // A text is not a name, even one that looks like it.
                "protected_people": ["ReEnabled"],
                "minimum_admins": null,
            })
        );
        assert_eq!(value(&ProvisionOutcome::ReEnabled).expect("JSON"), json!("re-enabled"));
    }

    #[test]
    fn maps_keep_their_keys() {
        let map = std::collections::BTreeMap::from([(1, Some("One")), (2, None)]);
        assert_eq!(value(&map).expect("JSON"), json!({"1": "One", "2": null}));
    }

    #[test]
    fn a_plan_is_the_same_after_it_was_kept_as_json() {
        let plan = Plan {
            digest: "3f2a".to_owned(),
            dialect: Dialect::Scim,
            steps: vec![
                Step {
                    user: Some(UserId::V2("user_1".to_owned())),
                    changes: vec![change("last-name", Some("AddMember"), "")],
                    ..step(StepKind::EnableUser, "ada@x.com")
                },
                Step {
                    group_name: Some("Sales".to_owned()),
                    group: Some(GroupId::Scim("7".to_owned())),
                    ..step(StepKind::AddMember, "ada@x.com")
                },
            ],
            withheld: vec![step(StepKind::DeleteUser, "bob@x.com")],
            unchanged: 3,
            refusals: vec![PersonRefusal {
                email: "eve@x.com".to_owned(),
                code: "user-disabled".to_owned(),
                message: "The person is disabled.".to_owned(),
            }],
            seats: vec![SeatChange { user_type: UserType::EndUser, added: 1, removed: u32::MAX }],
            guards: vec![guard(Guard::IncompleteSnapshot, None, 0, 1, true)],
            limitations: vec!["\u{202e}".to_owned()],
        };
        let text = value(&plan).expect("JSON").to_string();
        let read: Plan = from_value(serde_json::from_str(&text).expect("JSON")).expect("a plan");
        assert_eq!(read, plan);
    }

    #[test]
    fn a_tombstone_is_the_same_after_it_was_kept_as_json() {
        let tombstone = Tombstone {
            base_url: "https://acme.retool.com".to_owned(),
            user: User {
                other_ids: vec![UserId::V2("user_1".to_owned())],
                user_type: Some(UserType::EndUser),
                groups: Some(vec![group("Sales")]),
                ..user("ada@x.com")
            },
            raw: r#"{"id":16777217}"#.to_owned(),
            recorded_at: "2026-01-02T03:04:05Z".to_owned(),
        };
        let kept = value(&tombstone).expect("JSON");
        assert_eq!(from_value::<Tombstone>(kept).expect("a tombstone"), tombstone);
    }

    #[test]
    fn variants_are_read_under_their_names_in_the_contract_alone() {
        let read = |mode| from_value::<DeprovisionMode>(mode);
        assert_eq!(
            read(json!({"delete-once-disabled": 30})).expect("a mode"),
            DeprovisionMode::DeleteOnceDisabled(30)
        );
        assert_eq!(
            read(json!("disable-and-strip-groups")).expect("a mode"),
            DeprovisionMode::DisableAndStripGroups
        );
        for wrong in [
            json!("DisableAndStripGroups"),
            json!("delete-once-disabled"),
            json!({"delete": 30}),
            json!({"delete-once-disabled": 30, "delete": null}),
            json!({"delete-once-disabled": -1}),
            json!(7),
            json!(null),
        ] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
        let error = read(json!("vanish")).expect_err("no such mode").to_string();
        assert!(
            error.contains("`vanish`") && error.contains("disable-and-strip-groups"),
            "{error}"
        );
    }
}
