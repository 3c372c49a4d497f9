//! The bodies of requests to `/api/v1`.

use alloc::vec::Vec;

use serde::Serialize;

use super::wire::user_type_text;
use crate::domain::{AccessField, AccessSetting, NewUser};
use crate::ser::to_body;

/// Returns the body that creates a user. The user type must be one that `/api/v1` has.
pub fn create_user(user: &NewUser) -> Vec<u8> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct CreateUser<'a> {
        email: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        first_name: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        last_name: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        profile_photo_url: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        is_admin: Option<bool>,
        #[serde(skip_serializing_if = "Option::is_none")]
        user_type: Option<&'a str>,
    }
    let fields = &user.fields;
    to_body(&CreateUser {
        email: user.email.as_str(),
        first_name: fields.first_name.as_deref(),
        last_name: fields.last_name.as_deref(),
        profile_photo_url: fields.profile_photo_url.as_deref(),
        is_admin: fields.admin,
        user_type: fields.user_type.and_then(user_type_text),
    })
}

/// Returns the body that creates a group and sets what its members may do in every app, the one
/// setting that `/api/v1` has.
pub fn create_group(name: &str, access: &[AccessSetting]) -> Vec<u8> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct CreateGroup<'a> {
        name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        universal_app_access: Option<&'a str>,
    }
    to_body(&CreateGroup { name, universal_app_access: AccessField::UniversalApp.of(access) })
}

/// Returns the body that adds a member, by the user's id.
pub fn add_member(user_id: &str) -> Vec<u8> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct AddMember<'a> {
        user_id: &'a str,
    }
    to_body(&AddMember { user_id })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Email, UserPatch, UserType};

    #[test]
    fn a_field_without_a_value_is_left_out() {
        let mut user =
            NewUser { email: Email::new("a@b.c"), login: None, fields: UserPatch::default() };
        assert_eq!(create_user(&user), br#"{"email":"a@b.c"}"#);
        user.fields.first_name = Some("A\"\u{1}".into());
        user.fields.admin = Some(false);
        user.fields.user_type = Some(UserType::EndUser);
        let body =
            br#"{"email":"a@b.c","firstName":"A\"\u0001","isAdmin":false,"userType":"endUser"}"#;
        assert_eq!(create_user(&user), body);
        assert_eq!(create_group("G", &[]), br#"{"name":"G"}"#);
        let own = AccessSetting { field: AccessField::UniversalApp, value: "own".into() };
        assert_eq!(create_group("G", &[own]), br#"{"name":"G","universalAppAccess":"own"}"#);
        assert_eq!(add_member("u"), br#"{"userId":"u"}"#);
    }
}
