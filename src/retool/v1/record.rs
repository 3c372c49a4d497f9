//! Whole records for the full PUT of `/api/v1`: what came with GET goes back as it was, to the
//! byte, with only the asked-for fields different.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Deserializer};
use serde_json::value::{RawValue, to_raw_value};

use super::wire::user_type_text;
use crate::domain::{GroupPatch, UserPatch};

/// What the server sets itself and does not take back.
const SERVER_MANAGED: [&str; 4] = ["id", "createdAt", "updatedAt", "groups"];
/// The same of a group.
const SERVER_MANAGED_GROUP: [&str; 4] = ["id", "createdAt", "updatedAt", "members"];

/// A record with its values unread.
#[derive(Clone)]
pub struct Record(BTreeMap<String, Box<RawValue>>);

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        BTreeMap::deserialize(deserializer).map(Record)
    }
}

impl Record {
    /// Reads a record; `None` if it is not a JSON object.
    pub fn parse(json: &str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }

    /// What to PUT for a user.
    pub fn with_user_patch(mut self, patch: &UserPatch) -> Self {
        let UserPatch { first_name, last_name, user_type, admin, disabled, profile_photo_url } =
            patch;
        self.without(&SERVER_MANAGED);
        self.set_text("firstName", first_name.as_deref());
        self.set_text("lastName", last_name.as_deref());
        self.set_text("userType", user_type.and_then(user_type_text));
        self.set_flag("isAdmin", *admin);
        self.set_flag("isDisabled", *disabled);
        self.set_text("profilePhotoUrl", profile_photo_url.as_deref());
        self
    }

    /// What to PUT for a group.
    pub fn with_group_patch(mut self, patch: &GroupPatch) -> Self {
        let GroupPatch { name, universal_app_access } = patch;
        self.without(&SERVER_MANAGED_GROUP);
        self.set_text("name", name.as_deref());
        self.set_text("universalAppAccess", universal_app_access.as_deref());
        self
    }

    fn without(&mut self, fields: &[&str]) {
        for field in fields {
            self.0.remove(*field);
        }
    }

    fn set_text(&mut self, field: &str, value: Option<&str>) {
        if let Some(Ok(raw)) = value.map(to_raw_value) {
            self.0.insert(field.to_owned(), raw);
        }
    }

    fn set_flag(&mut self, field: &str, value: Option<bool>) {
        if let Some(Ok(raw)) = value.map(|value| to_raw_value(&value)) {
            self.0.insert(field.to_owned(), raw);
        }
    }

    /// As JSON.
    pub fn to_json(&self) -> Vec<u8> {
        // Text keys and values that were JSON before: this can't fail.
        serde_json::to_vec(&self.0).unwrap_or_default()
    }

    /// The first field that `self` has a value for and `after` has none: lost by a write.
    pub fn first_lost<'a>(&'a self, after: &Record) -> Option<&'a str> {
        let is_null = |raw: &RawValue| raw.get() == "null";
        self.0
            .iter()
            .filter(|(_, raw)| !is_null(raw))
            .find(|(field, _)| after.0.get(*field).is_none_or(|raw| is_null(raw)))
            .map(|(field, _)| field.as_str())
    }

    /// Whether every field of `self` is there too, with whatever value.
    pub fn is_covered_by(&self, other: &Record) -> bool {
        self.0.keys().all(|field| other.0.contains_key(field))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    const GOT: &str = r#"{"id":"u","email":"a@b.c","firstName":"Ada","isDisabled":false,
        "legacyId":16777217,"ratio":1.10,"big":123456789012345678901234567890,
        "preferences":{"z":[1, 2],"a":null},"groups":[{"id":1}],"createdAt":"x","updatedAt":"y"}"#;

    fn put(patch: &UserPatch) -> String {
        let record = Record::parse(GOT).expect("an object").with_user_patch(patch);
        String::from_utf8(record.to_json()).expect("UTF-8")
    }

    #[test]
    fn what_was_not_asked_for_goes_back_to_the_byte() {
        let sent = put(&UserPatch { disabled: Some(true), ..UserPatch::default() });
        for kept in [
            r#""email":"a@b.c""#,
            r#""firstName":"Ada""#,
            r#""legacyId":16777217"#,
            r#""ratio":1.10"#,
            r#""big":123456789012345678901234567890"#,
            r#""preferences":{"z":[1, 2],"a":null}"#,
        ] {
            assert!(sent.contains(kept), "{kept} is missing in {sent}");
        }
        assert!(sent.contains(r#""isDisabled":true"#));
    }

    #[test]
    fn what_the_server_manages_is_not_sent() {
        let sent = put(&UserPatch::default());
        for managed in ["\"id\"", "createdAt", "updatedAt", "groups"] {
            assert!(!sent.contains(managed), "{managed} is in {sent}");
        }
    }

    #[test]
    fn a_lost_field_is_named() {
        let before = Record::parse(r#"{"a":1,"b":null,"c":"x"}"#).expect("an object");
        let lost = |after: &str| {
            before.first_lost(&Record::parse(after).expect("an object")).map(ToString::to_string)
        };
        assert_eq!(lost(r#"{"a":2,"c":"x"}"#), None);
        assert_eq!(lost(r#"{"a":1,"c":null}"#).as_deref(), Some("c"));
        assert_eq!(lost(r#"{"c":"x"}"#).as_deref(), Some("a"));
    }
}
