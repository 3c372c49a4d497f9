//! Conversion of the contract's types to JSON and back. Enumerations and variants have their WIT
//! names (`re-enabled`, `end-user`), records have snake_case keys.
//!
//! The derived implementations use Rust's names (`ReEnabled`), which readers of the WIT don't know.

mod stream;
mod write;

use contract_json::Keys;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use contract_json::Refusal;
pub use stream::{named, named_with};
pub use write::value;

/// Reads a value of the contract, e.g. a stored plan or tombstone, from the JSON that [`value`]
/// writes. Unknown keys are ignored, and optional keys may be missing. A record is an object, never
/// an array.
///
/// ```
/// use host_test::{json, retool::lifecycle::ProvisionOutcome};
///
/// let outcome: ProvisionOutcome = json::from_value("re-enabled".into()).unwrap();
/// assert_eq!(outcome, ProvisionOutcome::ReEnabled);
/// ```
pub fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, Refusal> {
    contract_json::from_deserializer(value, Keys::Any)
}

/// Reads a value of the contract from the text of its JSON, as [`from_value`] does.
///
/// ```
/// use host_test::{json, retool::types::UserRef};
///
/// let user: UserRef = json::from_slice(br#"{"email": "ada@example.com"}"#).unwrap();
/// assert_eq!(user, UserRef::Email("ada@example.com".to_owned()));
/// ```
pub fn from_slice<T: DeserializeOwned>(text: &[u8]) -> Result<T, Refusal> {
    contract_json::from_slice(text, Keys::Any)
}

#[cfg(test)]
mod tests {
    use serde::Serialize;
    use serde_json::json;

    use super::*;
    use crate::requests;
    use crate::retool::lifecycle::{DeprovisionMode, DeprovisionRequest, ProvisionOutcome};
    use crate::retool::synchronization::{
        AbsentPolicy, Guard, GuardLimit, Guards, Plan, SeatChange, Step, StepKind, SyncPolicy,
    };
    use crate::retool::types::{Dialect, Error, GroupId, Tombstone, User, UserId, UserType};
    use crate::testing::{self, change, detail, group, guard, step, user};

    #[test]
    fn wit_names_are_used_at_any_depth() {
        let request = DeprovisionRequest {
            expected_id: Some(UserId::Scim("Ab".to_owned())),
            protected_people: vec![requests::by_email("ReEnabled")],
            ..requests::deprovision("Ada@Example.com", DeprovisionMode::DeleteOnceDisabled(30))
        };
        assert_eq!(
            value(&request).expect("JSON"),
            json!({
                "user": {"email": "Ada@Example.com"},
                "expected_id": {"scim": "Ab"},
                "mode": {"delete-once-disabled": 30},
                "disabled_since": null,
                // A string value is not renamed, even if it looks like a variant.
                "protected_people": [{"email": "ReEnabled"}],
                "minimum_admins": null,
            })
        );
        assert_eq!(value(&ProvisionOutcome::ReEnabled).expect("JSON"), json!("re-enabled"));
    }

    #[test]
    fn an_error_is_an_object_of_its_case() {
        let error = value(&Error::Permanent(detail("name-taken", "It is taken."))).expect("JSON");
        assert_eq!(error["permanent"]["kind"], "conflict");
        assert_eq!(error["permanent"]["code"], "name-taken");
        assert_eq!(value(&Error::ExecutionFailed).expect("JSON"), json!("execution-failed"));
    }

    #[test]
    fn maps_keep_their_keys() {
        let map = std::collections::BTreeMap::from([(1, Some("One")), (2, None)]);
        assert_eq!(value(&map).expect("JSON"), json!({"1": "One", "2": null}));
    }

    #[test]
    fn a_plan_survives_a_round_trip_through_json() {
        let plan = Plan {
            dialect: Dialect::Scim,
            policy: SyncPolicy {
                absent: AbsentPolicy::DisableThenDelete(30),
                guards: Guards {
                    user_removals: Some(GuardLimit { percent: Some(5), floor: None }),
                    required_admins: vec![requests::by_email("boss@x.com")],
                    ..requests::default_guards()
                },
                ..requests::sync_policy()
            },
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
            refusals: vec![testing::refusal("eve@x.com")],
            seats: vec![SeatChange {
                user_type: UserType::EndUser,
                before: 2,
                added: 1,
                removed: u32::MAX,
                after: 0,
            }],
            guards: vec![guard(Guard::IncompleteSnapshot, None, 0, 1, true)],
            limitations: vec!["\u{202e}".to_owned()],
            ..testing::plan()
        };
        let text = value(&plan).expect("JSON").to_string();
        let read: Plan = from_slice(text.as_bytes()).expect("a plan");
        assert_eq!(read, plan);
    }

    #[test]
    fn a_tombstone_survives_a_round_trip_through_json() {
        let tombstone = Tombstone {
            base_url: "https://acme.retool.com".to_owned(),
            user: User {
                other_ids: vec![UserId::V2("user_1".to_owned())],
                user_type: Some(UserType::EndUser),
                groups: Some(vec![group("Sales")]),
                ..user("ada@x.com")
            },
            raw: Some(r#"{"id":16777217}"#.to_owned()),
            disabled_since: None,
            recorded_at: "2026-01-02T03:04:05Z".to_owned(),
        };
        let kept = value(&tombstone).expect("JSON");
        assert_eq!(from_value::<Tombstone>(kept).expect("a tombstone"), tombstone);
    }

    #[test]
    fn variants_are_read_by_their_wit_names_only() {
        let read = |mode: Value| {
            let text = from_slice::<DeprovisionMode>(mode.to_string().as_bytes());
            let value = from_value::<DeprovisionMode>(mode);
            assert_eq!(text.as_ref().ok(), value.as_ref().ok());
            text
        };
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
            json!({}),
            json!(["delete"]),
            json!(7),
            json!(null),
        ] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
        let error = read(json!("vanish")).expect_err("no such mode").to_string();
        assert!(
            error.contains("must be one of") && error.contains("disable-and-strip-groups"),
            "{error}"
        );
    }

    /// Checks that a value is written piece by piece as it is converted.
    fn check_named<T: Serialize + ?Sized>(sample: &T) {
        let converted = value(sample).expect("JSON");
        assert_eq!(serde_json::to_string(&named(sample)).expect("JSON"), converted.to_string());
        let pretty = serde_json::to_string_pretty(&named(sample)).expect("JSON");
        assert_eq!(pretty, format!("{converted:#}"));
    }

    #[test]
    fn what_is_written_piece_by_piece_is_what_is_converted() {
        #[derive(Serialize)]
        enum Kind {
            OnlyName,
            OneValue(Option<UserId>),
            TwoValues(u8, UserType),
            NamedValues { z: UserType, a: Vec<UserType> },
        }
        #[derive(Serialize)]
        struct Tuple(u8, Option<UserType>);
        #[derive(Serialize)]
        struct Unit;
        #[derive(Serialize)]
        struct Everything<'a> {
            z: Vec<Kind>,
            #[serde(skip_serializing_if = "Option::is_none")]
            left_out: Option<u8>,
            numbers: (i64, u64, f64, f32, char),
            not_a_number: f64,
            bytes: &'a [u8],
            empty: [u8; 0],
            none: Option<UserId>,
            some: Option<Option<Tuple>>,
            unit: Unit,
            nothing: (),
            unsorted: std::collections::BTreeMap<i32, UserType>,
            json: Value,
            a_text: &'a str,
        }
        let everything = Everything {
            z: vec![
                Kind::OnlyName,
                Kind::OneValue(None),
                Kind::OneValue(Some(UserId::V1("é\u{202e}\"".to_owned()))),
                Kind::TwoValues(1, UserType::EndUser),
                Kind::NamedValues { z: UserType::EndUser, a: vec![UserType::Mobile] },
            ],
            left_out: None,
            numbers: (i64::MIN, u64::MAX, 0.1, 0.1, 'é'),
            not_a_number: f64::NAN,
            bytes: b"ab",
            empty: [],
            none: None,
            some: Some(Some(Tuple(1, Some(UserType::EndUser)))),
            unit: Unit,
            nothing: (),
            unsorted: [(-1, UserType::Mobile), (9, UserType::EndUser), (10, UserType::Embed)]
                .into(),
            json: json!({"b": [{}, [], null, 1.5], "a": {"EndUser": "EndUser"}}),
            a_text: "\n\u{7f}",
        };
        check_named(&everything);
        check_named(&[everything]);
        check_named(&Error::ExecutionFailed);
        check_named(&Error::Permanent(detail("name-taken", "It is taken.")));
        let user = User { groups: Some(vec![group("Sales")]), ..user("ada@x.com") };
        check_named(&user);
        check_named("a text");
        check_named(&Plan {
            steps: vec![step(StepKind::EnableUser, "ada@x.com")],
            policy: SyncPolicy { absent: AbsentPolicy::Delete, ..requests::sync_policy() },
            refusals: vec![testing::refusal("eve@x.com")],
            ..testing::plan()
        });
    }

    #[test]
    fn a_field_more_is_written_in_its_place() {
        let user = user("ada@x.com");
        for key in ["counts", "a", "zz", "email"] {
            let more = json!({"people": 1});
            let mut converted = value(&user).expect("JSON");
            converted[key] = more.clone();
            let text = serde_json::to_string(&named_with(&user, key, &more)).expect("JSON");
            assert_eq!(text, converted.to_string());
        }
        assert!(serde_json::to_string(&named_with(&[1], "a", &json!(1))).is_err());
    }
}
