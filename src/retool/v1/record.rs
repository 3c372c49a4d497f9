//! Whole records for the full PUT of `/api/v1`. The record from GET is sent back byte for byte,
//! and only the requested fields differ.

use super::wire::user_type_text;
use crate::domain::{AccessField, Email, Field, GroupPatch, UserPatch};
use crate::retool::raw_record::RawRecord;

/// The fields of a user that the server sets itself and does not accept.
const SERVER_MANAGED: [&str; 5] = ["id", "createdAt", "updatedAt", "lastActive", "groups"];
/// The fields of a group that the server sets itself and does not accept.
const SERVER_MANAGED_GROUP: [&str; 4] = ["id", "createdAt", "updatedAt", "members"];

/// Returns the record to PUT for a user.
pub fn with_user_patch<'a>(mut record: RawRecord<'a>, patch: &UserPatch) -> RawRecord<'a> {
    let UserPatch {
        email,
        first_name,
        last_name,
        user_type,
        admin,
        disabled,
        profile_photo_url,
        clear: _,
        metadata: _,
    } = patch;
    for field in SERVER_MANAGED {
        record.remove(field);
    }
    record.set_text("email", email.as_ref().map(Email::as_str));
    record.set_text("firstName", first_name.as_deref());
    record.set_text("lastName", last_name.as_deref());
    record.set_text("userType", user_type.and_then(user_type_text));
    record.set_flag("isAdmin", *admin);
    record.set_flag("isDisabled", *disabled);
    record.set_text("profilePhotoUrl", profile_photo_url.as_deref());
    record.set_null("firstName", patch.clears(Field::FirstName));
    record.set_null("lastName", patch.clears(Field::LastName));
    record.set_null("profilePhotoUrl", patch.clears(Field::ProfilePhotoUrl));
    record
}

/// Returns the record to PUT for a group.
pub fn with_group_patch<'a>(mut record: RawRecord<'a>, patch: &GroupPatch) -> RawRecord<'a> {
    let GroupPatch { name, access } = patch;
    for field in SERVER_MANAGED_GROUP {
        record.remove(field);
    }
    record.set_text("name", name.as_deref());
    record.set_text("universalAppAccess", AccessField::UniversalApp.of(access));
    record
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;

    const GOT: &str = r#"{"id":"u","email":"a@b.c","firstName":"Ada","isDisabled":false,
        "legacyId":16777217,"ratio":1.10,"big":123456789012345678901234567890,
        "preferences":{"z":[1, 2],"a":null},"groups":[{"id":1}],"createdAt":"x","updatedAt":"y","lastActive":"z"}"#;

    fn put(patch: &UserPatch) -> String {
        let record = RawRecord::parse(GOT).expect("an object");
        with_user_patch(record, patch).to_json()
    }

    #[test]
    fn unchanged_fields_are_sent_back_byte_for_byte() {
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
    fn a_cleared_field_is_sent_as_null() {
        let sent = put(&UserPatch { clear: [Field::FirstName].into(), ..UserPatch::default() });
        assert!(sent.contains(r#""firstName":null"#), "{sent}");
        assert!(!sent.contains("lastName") && !sent.contains("profilePhotoUrl"), "{sent}");
    }

    #[test]
    fn server_managed_fields_are_not_sent() {
        let sent = put(&UserPatch::default());
        for managed in ["\"id\"", "createdAt", "updatedAt", "lastActive", "groups"] {
            assert!(!sent.contains(managed), "{managed} is in {sent}");
        }
    }
}
