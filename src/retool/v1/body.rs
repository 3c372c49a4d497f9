//! What `/api/v1` is sent.

use alloc::vec::Vec;

use super::wire::user_type_text;
use crate::domain::NewUser;
use crate::json::Object;

/// What creates a user; the user type must be one that `/api/v1` has.
pub fn create_user(user: &NewUser) -> Vec<u8> {
    let fields = &user.fields;
    Object::default()
        .text("email", user.email.as_str())
        .text_if("firstName", fields.first_name.as_deref())
        .text_if("lastName", fields.last_name.as_deref())
        .text_if("profilePhotoUrl", fields.profile_photo_url.as_deref())
        .flag_if("isAdmin", fields.admin)
        .text_if("userType", fields.user_type.and_then(user_type_text))
        .into_body()
}

/// What creates a group, and sets what its members may do in every app.
pub fn create_group(name: &str, universal_app_access: Option<&str>) -> Vec<u8> {
    Object::default()
        .text("name", name)
        .text_if("universalAppAccess", universal_app_access)
        .into_body()
}

/// What adds a member, by the user's id.
pub fn add_member(user_id: &str) -> Vec<u8> {
    Object::default().text("userId", user_id).into_body()
}
