//! Users in requests and responses.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::super::Refusal;
use super::{GroupLink, check_choice, check_email};
use crate::options::V2Options;
use crate::state::{Group, User};

/// The user types of this dialect. A user with another type, such as an end user of `/api/v1`, has
/// the first type in responses.
const USER_TYPES: [&str; 3] = ["default", "mobile", "embed"];

fn default_type() -> String {
    USER_TYPES[0].to_owned()
}

fn visible_type(user: &User) -> &str {
    let stored = user.user_type.as_str();
    if USER_TYPES.contains(&stored) { stored } else { USER_TYPES[0] }
}

/// A user in a response.
#[derive(Serialize)]
pub(in super::super) struct UserRecord<'a> {
    id: String,
    legacy_id: u64,
    first_name: Option<&'a str>,
    last_name: Option<&'a str>,
    created_at: &'a str,
    last_active: Option<&'a str>,
    /// Null for a user without an address.
    email: Option<&'a str>,
    active: bool,
    metadata: &'a Map<String, Value>,
    is_admin: bool,
    two_factor_auth_enabled: bool,
    user_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    seat_type: Option<Option<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<Vec<GroupLink<'a>>>,
}

impl<'a> UserRecord<'a> {
    /// Builds the record of a user on a server with these features.
    pub(in super::super) fn of(user: &'a User, has: V2Options) -> Self {
        UserRecord {
            id: user.sid(),
            legacy_id: user.legacy_id,
            first_name: user.first_name.as_deref(),
            last_name: user.last_name.as_deref(),
            created_at: &user.created_at,
            last_active: user.last_active.as_deref(),
            email: Some(user.email.as_str()).filter(|email| !email.is_empty()),
            active: !user.is_disabled,
            metadata: &user.metadata,
            is_admin: user.is_admin,
            two_factor_auth_enabled: user.two_factor_auth_enabled,
            user_type: visible_type(user),
            seat_type: has.seat_type.then_some(user.seat_type.as_deref()),
            groups: None,
        }
    }

    /// Adds the groups.
    pub(in super::super) fn with_groups(self, groups: impl Iterator<Item = &'a Group>) -> Self {
        UserRecord { groups: Some(groups.map(GroupLink::from).collect()), ..self }
    }

    /// Removes the fields that a fault omits.
    pub(in super::super) fn without(self, omit: &[String]) -> Partial {
        let mut record = json!(self);
        if let Some(fields) = record.as_object_mut() {
            fields.retain(|name, _| !omit.contains(name));
        }
        Partial(record)
    }
}

/// A user's record without the fields that are omitted.
pub(in super::super) struct Partial(pub(in super::super) Value);

impl Partial {
    /// Replaces the given name by an array, if the record `is_odd`.
    pub(in super::super) fn odd_if(mut self, is_odd: bool) -> Self {
        if is_odd {
            self.0["first_name"] = json!([]);
        }
        self
    }
}

/// The body that creates an account.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct NewUser {
    email: String,
    first_name: String,
    last_name: String,
    #[serde(default = "active")]
    active: bool,
    #[serde(default)]
    metadata: Map<String, Value>,
    #[serde(default = "default_type")]
    user_type: String,
    seat_type: Option<String>,
}

fn active() -> bool {
    true
}

impl NewUser {
    /// Returns the account to create.
    pub(in super::super) fn draft(self, has: V2Options) -> Result<User, Refusal> {
        check_email(&self.email)?;
        check_name("first_name", Some(&self.first_name))?;
        check_name("last_name", Some(&self.last_name))?;
        check_choice("user_type", &self.user_type, &USER_TYPES, None)?;
        if self.seat_type.is_some() && !has.seat_type {
            return Err(Refusal::bad_request("seat_type is not a field of this server"));
        }
        Ok(User {
            first_name: Some(self.first_name),
            last_name: Some(self.last_name),
            is_disabled: !self.active,
            metadata: self.metadata,
            user_type: self.user_type,
            seat_type: self.seat_type,
            ..User::new(self.email)
        })
    }
}

/// The fields of a user that a PATCH can change. It can change neither the address nor `is_admin`.
#[derive(Serialize, Deserialize)]
pub(in super::super) struct UserFields {
    #[serde(default)]
    first_name: Option<String>,
    #[serde(default)]
    last_name: Option<String>,
    active: bool,
    #[serde(default = "default_type")]
    user_type: String,
    #[serde(default)]
    metadata: Map<String, Value>,
    #[serde(default)]
    seat_type: Option<String>,
}

impl UserFields {
    /// Returns the fields of a user on a server with these features.
    pub(in super::super) fn of(user: &User, has: V2Options) -> Map<String, Value> {
        let fields = UserFields {
            first_name: user.first_name.clone(),
            last_name: user.last_name.clone(),
            active: !user.is_disabled,
            user_type: visible_type(user).to_owned(),
            metadata: user.metadata.clone(),
            seat_type: user.seat_type.clone(),
        };
        let mut fields = match json!(fields) {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        if !has.seat_type {
            fields.remove("seat_type");
        }
        fields
    }

    /// Returns the user with these fields.
    pub(in super::super) fn over(self, user: &User, has: V2Options) -> Result<User, Refusal> {
        check_name("first_name", self.first_name.as_deref())?;
        check_name("last_name", self.last_name.as_deref())?;
        check_choice("user_type", &self.user_type, &USER_TYPES, None)?;
        // If a client writes back the visible type, a stored type that this dialect does not know
        // is kept.
        let user_type = if self.user_type == visible_type(user) {
            user.user_type.clone()
        } else {
            self.user_type
        };
        Ok(User {
            first_name: self.first_name,
            last_name: self.last_name,
            is_disabled: !self.active,
            user_type,
            metadata: self.metadata,
            seat_type: if has.seat_type { self.seat_type } else { user.seat_type.clone() },
            ..user.clone()
        })
    }
}

/// Checks that a name is not empty. It may be missing.
fn check_name(field: &str, name: Option<&str>) -> Result<(), Refusal> {
    match name {
        Some("") => Err(Refusal::bad_request(format!("{field} must not be empty"))),
        _ => Ok(()),
    }
}
