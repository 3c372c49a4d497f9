//! Whole records for the full PUT of `/api/v1`: what came with GET goes back as it was, to the
//! byte, with only the asked-for fields different.

use super::wire::user_type_text;
use crate::domain::{GroupPatch, UserPatch};
use crate::retool::raw_record::RawRecord;

/// What the server sets itself and does not take back.
const SERVER_MANAGED: [&str; 4] = ["id", "createdAt", "updatedAt", "groups"];
/// The same of a group.
const SERVER_MANAGED_GROUP: [&str; 4] = ["id", "createdAt", "updatedAt", "members"];

/// What to PUT for a user.
pub fn with_user_patch<'a>(mut record: RawRecord<'a>, patch: &UserPatch) -> RawRecord<'a> {
    let UserPatch { first_name, last_name, user_type, admin, disabled, profile_photo_url } = patch;
    for field in SERVER_MANAGED {
        record.remove(field);
    }
    record.set_text("firstName", first_name.as_deref());
    record.set_text("lastName", last_name.as_deref());
    record.set_text("userType", user_type.and_then(user_type_text));
    record.set_flag("isAdmin", *admin);
    record.set_flag("isDisabled", *disabled);
    record.set_text("profilePhotoUrl", profile_photo_url.as_deref());
    record
}

/// What to PUT for a group.
pub fn with_group_patch<'a>(mut record: RawRecord<'a>, patch: &GroupPatch) -> RawRecord<'a> {
    let GroupPatch { name, universal_app_access } = patch;
    for field in SERVER_MANAGED_GROUP {
        record.remove(field);
    }
    record.set_text("name", name.as_deref());
    record.set_text("universalAppAccess", universal_app_access.as_deref());
    record
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;

    const GOT: &str = r#"{"id":"u","email":"a@b.c","firstName":"Ada","isDisabled":false,
        "legacyId":16777217,"ratio":1.10,"big":123456789012345678901234567890,
        "preferences":{"z":[1, 2],"a":null},"groups":[{"id":1}],"createdAt":"x","updatedAt":"y"}"#;

    fn put(patch: &UserPatch) -> String {
        let record = RawRecord::parse(GOT).expect("an object");
        with_user_patch(record, patch).to_json()
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
}
