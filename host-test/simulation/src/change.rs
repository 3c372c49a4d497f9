//! The differences between two states of an organisation.

use std::collections::BTreeMap;

use mock_retool::{Group, Invite, Organisation, User};
use serde_json::{Value, json};

/// The field that says whether a user has a second factor.
pub const TWO_FACTOR: &str = "twoFactorAuthEnabled";

/// One difference. Addresses and names are those before the change, or the new ones of new users
/// and groups. An invitation has changes of its memberships, and no changes of fields.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A new user.
    UserCreated { id: String, email: String },
    /// A deleted user.
    UserDeleted { id: String, email: String, was_enabled_admin: bool },
    /// A changed field of a user.
    UserField { id: String, email: String, field: String, before: Value, after: Value },
    /// A new invitation.
    Invited { id: String, email: String },
    /// A withdrawn invitation. An accepted invitation is a new user instead.
    Uninvited { id: String, email: String },
    /// The second factor of a user was reset.
    TwoFactorReset { id: String, email: String },
    /// The sessions of a user were ended.
    SessionsEnded { id: String, email: String },
    /// A new group.
    GroupCreated { id: u32, name: String },
    /// A deleted group.
    GroupDeleted { id: u32, name: String },
    /// A changed field of a group.
    GroupField { id: u32, name: String, field: String, before: Value, after: Value },
    /// A user was added to a group.
    Joined { id: String, email: String, group: u32 },
    /// A user was removed from a group. Both still exist.
    Left { id: String, email: String, group: u32 },
}

/// Returns the form of an address that is compared. A login that is another address
/// ([`login_of`](crate::names::login_of)) has that of the mail.
pub fn key(address: &str) -> String {
    let key = plain_key(address);
    crate::names::mail_of(&key).unwrap_or(key)
}

/// Returns the login of a user, if it is an address.
pub fn login_address(user: &User) -> Option<String> {
    user.scim.get("userName").and_then(address_in)
}

/// Returns a login that is an address, in the form that is compared.
pub fn address_in(login: &Value) -> Option<String> {
    login.as_str().filter(|login| login.contains('@')).map(key)
}

/// Returns the form of an address or a login that is compared, also of a login that is another
/// address.
pub fn plain_key(address: &str) -> String {
    let mut key = address.trim().to_lowercase();
    for (letter, two) in crate::names::LETTERS {
        key = key.replace(two, letter);
    }
    key
}

/// Returns the id of an invitation, in place of a user's id.
pub fn invitation_id(number: impl std::fmt::Display) -> String {
    format!("invite-{number}")
}

/// Whether an id is an invitation's.
pub fn is_invitation(id: &str) -> bool {
    id.starts_with("invite-")
}

/// Returns the address of the invitation with this id.
pub fn address_of_invitation(organisation: &Organisation, id: &str) -> Option<String> {
    let number = id.strip_prefix("invite-")?.parse().ok()?;
    organisation.invited(number).map(|invite| key(&invite.email))
}

/// Returns the open invitation of an address. `None` if the address has an account.
pub fn open_invitation<'a>(organisation: &'a Organisation, person: &str) -> Option<&'a Invite> {
    let is_theirs = |invite: &&Invite| key(&invite.email) == person;
    let invite =
        organisation.invites.iter().filter(|one| organisation.is_pending(one)).find(is_theirs);
    invite.filter(|_| !organisation.users.iter().any(|user| key(&user.email) == person))
}

/// Returns a user's fields under their `/api/v1` names, without those that only the server sets.
pub fn user_fields(user: &User) -> BTreeMap<String, Value> {
    let mut fields: BTreeMap<String, Value> =
        user.extra.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    fields.insert("email".into(), json!(user.email));
    // Over SCIM an empty name is none.
    let filled = |name: &Option<String>| json!(name.as_ref().filter(|name| !name.is_empty()));
    fields.insert("firstName".into(), filled(&user.first_name));
    fields.insert("lastName".into(), filled(&user.last_name));
    fields.insert("profilePhotoUrl".into(), json!(user.profile_photo_url));
    fields.insert("isAdmin".into(), json!(user.is_admin));
    fields.insert("isDisabled".into(), json!(user.is_disabled));
    fields.insert("userType".into(), json!(user.user_type));
    fields.insert("seatType".into(), json!(user.seat_type));
    fields.insert(TWO_FACTOR.into(), json!(user.two_factor_auth_enabled));
    for (key, value) in &user.metadata {
        fields.insert(metadata_field(key), value.clone());
    }
    fields.insert("SCIM-only fields".into(), json!(user.scim));
    fields
}

fn group_fields(group: &Group) -> BTreeMap<String, Value> {
    let mut fields: BTreeMap<String, Value> =
        group.extra.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    fields.insert("name".into(), json!(group.name));
    fields.insert("universalAppAccess".into(), json!(group.universal_app_access));
    if let Value::Object(access) = json!(group.access) {
        fields.extend(access);
    }
    fields.insert("SCIM-only fields".into(), json!(group.scim));
    fields
}

/// Returns every difference from `before` to `after`.
pub fn changes(before: &Organisation, after: &Organisation) -> Vec<Change> {
    let mut found = Vec::new();
    for group in &before.groups {
        let (id, name) = (group.id, &group.name);
        match after.group(id) {
            None => found.push(Change::GroupDeleted { id, name: name.clone() }),
            Some(now) if now != group => {
                differences(group_fields(group), group_fields(now), |field, before, after| {
                    let name = name.clone();
                    found.push(Change::GroupField { id, name, field, before, after });
                });
            }
            Some(_) => {}
        }
    }
    for group in after.groups.iter().filter(|group| before.group(group.id).is_none()) {
        found.push(Change::GroupCreated { id: group.id, name: group.name.clone() });
    }
    for user in &before.users {
        match after.user(&user.id) {
            None => found.push(Change::UserDeleted {
                id: user.id.clone(),
                email: user.email.clone(),
                was_enabled_admin: user.is_admin && !user.is_disabled,
            }),
            Some(now) if now != user => user_changes(user, now, after, &mut found),
            Some(_) => {}
        }
    }
    for user in after.users.iter().filter(|user| before.user(&user.id).is_none()) {
        let (id, email) = (user.id.clone(), user.email.clone());
        for membership in &user.memberships {
            let (id, email) = (id.clone(), email.clone());
            found.push(Change::Joined { id, email, group: membership.group });
        }
        found.push(Change::UserCreated { id, email });
    }
    invitation_changes(before, after, &mut found);
    let email_of = |id: &String| before.user(id).map(|user| user.email.clone()).unwrap_or_default();
    for id in after.ended_sessions.iter().skip(before.ended_sessions.len()) {
        found.push(Change::SessionsEnded { id: id.clone(), email: email_of(id) });
    }
    for id in after.two_factor_resets.iter().skip(before.two_factor_resets.len()) {
        found.push(Change::TwoFactorReset { id: id.clone(), email: email_of(id) });
    }
    found
}

fn invitation_changes(before: &Organisation, after: &Organisation, found: &mut Vec<Change>) {
    for was in &before.invites {
        let (id, email) = (invitation_id(was.id), was.email.clone());
        let Some(is) = after.invited(was.id) else {
            found.push(Change::Uninvited { id, email });
            continue;
        };
        if is.claimed_at.is_some() {
            continue;
        }
        for group in was.groups.iter().filter(|group| !is.groups.contains(group)) {
            // A deleted group removes the invitations to it.
            if after.group(*group).is_some() {
                found.push(Change::Left { id: id.clone(), email: email.clone(), group: *group });
            }
        }
        for group in is.groups.iter().filter(|group| !was.groups.contains(group)) {
            found.push(Change::Joined { id: id.clone(), email: email.clone(), group: *group });
        }
    }
    for is in after.invites.iter().filter(|is| before.invited(is.id).is_none()) {
        found.push(Change::Invited { id: invitation_id(is.id), email: is.email.clone() });
    }
}

fn user_changes(user: &User, now: &User, after: &Organisation, found: &mut Vec<Change>) {
    let (id, email) = (&user.id, &user.email);
    differences(user_fields(user), user_fields(now), |field, before, after| {
        let (id, email) = (id.clone(), email.clone());
        found.push(Change::UserField { id, email, field, before, after });
    });
    for was in &user.memberships {
        let (id, email) = (id.clone(), email.clone());
        match now.memberships.iter().find(|is| is.group == was.group) {
            // A deleted group removes its memberships.
            None if after.group(was.group).is_none() => {}
            None => found.push(Change::Left { id, email, group: was.group }),
            Some(is) if is.is_group_admin != was.is_group_admin => {
                found.push(Change::UserField {
                    id,
                    email,
                    field: administers(was.group),
                    before: json!(was.is_group_admin),
                    after: json!(is.is_group_admin),
                });
            }
            Some(_) => {}
        }
    }
    for is in &now.memberships {
        if !user.memberships.iter().any(|was| was.group == is.group) {
            if is.is_group_admin {
                found.push(Change::UserField {
                    id: id.clone(),
                    email: email.clone(),
                    field: administers(is.group),
                    before: json!(false),
                    after: json!(true),
                });
            }
            let (id, email) = (id.clone(), email.clone());
            found.push(Change::Joined { id, email, group: is.group });
        }
    }
}

/// Returns the name of the field that stands for a key of the metadata.
pub fn metadata_field(key: &str) -> String {
    format!("{METADATA}{key}")
}

const METADATA: &str = "metadata.";

/// Returns the key of the metadata that a field stands for.
pub fn metadata_key(field: &str) -> Option<&str> {
    field.strip_prefix(METADATA)
}

/// Returns the name of the field that says that a user administers this group.
fn administers(group: u32) -> String {
    format!("{ADMINISTERS}{group}")
}

const ADMINISTERS: &str = "administers group ";

/// Returns the group of a field that says that a user administers it.
pub fn administered(field: &str) -> Option<u32> {
    field.strip_prefix(ADMINISTERS)?.parse().ok()
}

/// Reports each field that differs. A missing field is reported as null.
fn differences(
    mut before: BTreeMap<String, Value>,
    after: BTreeMap<String, Value>,
    mut report: impl FnMut(String, Value, Value),
) {
    for (field, after) in after {
        match before.remove(&field) {
            Some(before) if before == after => {}
            before => report(field, before.unwrap_or_default(), after),
        }
    }
    for (field, before) in before {
        report(field, before, Value::Null);
    }
}

/// Returns the number of enabled administrators.
pub fn enabled_admins(organisation: &Organisation) -> u32 {
    organisation.users.iter().filter(|user| user.is_admin && !user.is_disabled).count() as u32
}

/// Whether a change leaves one enabled administrator fewer. `before` is the state before it.
pub fn removes_admin(change: &Change, before: &Organisation) -> bool {
    match change {
        Change::UserDeleted { was_enabled_admin, .. } => *was_enabled_admin,
        Change::UserField { id, field, after, .. } => {
            let was = before.user(id).is_some_and(|user| user.is_admin && !user.is_disabled);
            was && (field == "isAdmin" && *after == false
                || field == "isDisabled" && *after == true)
        }
        _ => false,
    }
}
