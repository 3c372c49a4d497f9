//! The records in requests and responses.

use serde::Serialize;
use serde_json::{Map, Value};

use super::Refusal;
use super::payload::Fields;
use crate::faults::Quirks;
use crate::state::{Group, Member, Membership, Organisation, User};

/// The user types that a request may set.
const USER_TYPES: [&str; 2] = ["default", "endUser"];

/// A listing of users.
#[derive(Serialize)]
pub(super) struct UserList<'a> {
    /// One page.
    pub(super) users: Vec<UserRecord<'a>>,
    /// The number of users on all pages.
    pub(super) total: usize,
}

/// The listing of groups.
#[derive(Serialize)]
pub(super) struct GroupList<'a> {
    /// All groups.
    pub(super) groups: Vec<GroupRecord<'a>>,
}

/// A listing of a group's members.
#[derive(Serialize)]
pub(super) struct MemberList<'a> {
    /// One page, or all members.
    pub(super) members: Vec<MemberRecord<'a>>,
    /// The number of all members.
    pub(super) total: usize,
}

/// A user in a response.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum UserRecord<'a> {
    /// With all fields.
    Whole(Box<WholeUser<'a>>),
    /// Without the fields that a fault omits.
    Partial(Map<String, Value>),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WholeUser<'a> {
    id: &'a str,
    /// Null for a user without an address.
    email: Option<&'a str>,
    first_name: Option<&'a str>,
    last_name: Option<&'a str>,
    profile_photo_url: Option<&'a str>,
    is_admin: bool,
    is_disabled: bool,
    user_type: &'a str,
    groups: Vec<GroupLink<'a>>,
    created_at: &'a str,
    updated_at: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_active: Option<&'a str>,
    #[serde(flatten)]
    extra: &'a Map<String, Value>,
}

#[derive(Serialize)]
struct GroupLink<'a> {
    id: u32,
    name: &'a str,
}

/// Builds the record of a user.
pub(super) fn user_record<'a>(
    organisation: &'a Organisation,
    user: &'a User,
    quirks: &Quirks,
) -> UserRecord<'a> {
    let whole = WholeUser {
        id: &user.id,
        email: Some(user.email.as_str()).filter(|email| !email.is_empty()),
        first_name: user.first_name.as_deref(),
        last_name: user.last_name.as_deref(),
        profile_photo_url: user.profile_photo_url.as_deref(),
        is_admin: user.is_admin,
        is_disabled: user.is_disabled,
        user_type: &user.user_type,
        groups: organisation
            .groups_of(user)
            .map(|Group { id, name, .. }| GroupLink { id: *id, name })
            .collect(),
        created_at: &user.created_at,
        updated_at: &user.updated_at,
        last_active: user.last_active.as_deref().filter(|_| quirks.listing.v1_activity),
        extra: &user.extra,
    };
    let is_odd = quirks.listing.is_odd(&user.email);
    if quirks.omit.is_empty() && !is_odd {
        return UserRecord::Whole(Box::new(whole));
    }
    let mut fields = match serde_json::to_value(&whole) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    fields.retain(|name, _| !quirks.omit.contains(name));
    if is_odd {
        fields.insert("firstName".to_owned(), Value::Array(Vec::new()));
    }
    UserRecord::Partial(fields)
}

/// Reads a user from the body of a POST, or of a PUT over `current`. Missing fields get their
/// default, except the address in a PUT, which stays. Read-only fields are ignored.
pub(super) fn user_draft(mut body: Fields, current: Option<&User>) -> Result<User, Refusal> {
    let email = match (body.text("email")?, current) {
        (Some(email), _) => email,
        (None, Some(user)) => user.email.clone(),
        (None, None) => return Err(Refusal::bad_request("email is required")),
    };
    if !email.contains('@') {
        return Err(Refusal::bad_request("email must be an email address"));
    }
    let mut draft = User {
        first_name: body.text("firstName")?,
        last_name: body.text("lastName")?,
        profile_photo_url: body.text("profilePhotoUrl")?,
        is_admin: body.flag("isAdmin")?,
        is_disabled: body.flag("isDisabled")?,
        ..User::new(email)
    };
    if let Some(user_type) = body.text("userType")? {
        // A careful PUT sends back the type that the server returned, so the current type is
        // accepted too.
        let kept = current.is_some_and(|user| user.user_type == user_type);
        if !kept && !USER_TYPES.contains(&user_type.as_str()) {
            return Err(Refusal::bad_request("userType must be default or endUser"));
        }
        draft.user_type = user_type;
    }
    let groups = body.value("groups");
    if current.is_none() {
        draft.memberships = memberships(groups)?;
    }
    for read_only in ["id", "createdAt", "updatedAt", "lastActive"] {
        body.value(read_only);
    }
    draft.extra = body.rest();
    Ok(draft)
}

/// Reads the `groups` of a new user: an array of `{"id": 4}` or of ids.
fn memberships(groups: Option<Value>) -> Result<Vec<Membership>, Refusal> {
    let groups = match groups {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(groups)) => groups,
        Some(_) => return Err(Refusal::bad_request("groups must be an array")),
    };
    groups
        .iter()
        .map(|group| {
            group
                .get("id")
                .unwrap_or(group)
                .as_u64()
                .and_then(|id| u32::try_from(id).ok())
                .map(|group| Membership { group, is_group_admin: false })
                .ok_or_else(|| Refusal::bad_request("groups must have integer ids"))
        })
        .collect()
}

/// A group in a response.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GroupRecord<'a> {
    id: u32,
    name: &'a str,
    universal_app_access: &'a str,
    created_at: &'a str,
    updated_at: &'a str,
    #[serde(flatten)]
    extra: &'a Map<String, Value>,
}

impl<'a> From<&'a Group> for GroupRecord<'a> {
    fn from(group: &'a Group) -> Self {
        GroupRecord {
            id: group.id,
            name: &group.name,
            universal_app_access: &group.universal_app_access,
            created_at: &group.created_at,
            updated_at: &group.updated_at,
            extra: &group.extra,
        }
    }
}

/// Reads a group from a body. Missing fields get their default.
pub(super) fn group_draft(mut body: Fields) -> Result<Group, Refusal> {
    let name = body
        .text("name")?
        .filter(|name| !name.trim().is_empty())
        .ok_or_else(|| Refusal::bad_request("name is required"))?;
    let mut draft = Group::new(name);
    if let Some(access) = body.text("universalAppAccess")? {
        draft.universal_app_access = access;
    }
    for read_only in ["id", "createdAt", "updatedAt"] {
        body.value(read_only);
    }
    draft.extra = body.rest();
    Ok(draft)
}

/// A member in the listing of a group's members.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MemberRecord<'a> {
    id: &'a str,
    email: &'a str,
    is_group_admin: bool,
}

impl<'a> From<Member<'a>> for MemberRecord<'a> {
    fn from(member: Member<'a>) -> Self {
        MemberRecord {
            id: &member.user.id,
            email: &member.user.email,
            is_group_admin: member.is_group_admin,
        }
    }
}
