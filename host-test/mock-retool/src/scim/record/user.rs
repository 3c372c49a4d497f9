//! Users.
//!
//! Attributes that the other dialects have too are stored in the fields of [`User`]: the e-mail
//! address is the mail and the `userName`, the names are those in `name`, and `is_disabled` is the opposite of
//! `active`. The rest is stored in [`User::scim`]. Attributes that can be derived are not stored,
//! so that they follow a name that is changed through another dialect.

use serde_json::{Value, json};

use super::{Base, resource};
use crate::scim::attr::Fields;
use crate::scim::error::{Kind, ScimError};
use crate::scim::schema::{GROUP, USER};
use crate::state::{Organisation, User};

/// Returns the login: the address, unless a client wrote another `userName`.
pub(in crate::scim) fn user_name(user: &User) -> &str {
    user.scim.get("userName").and_then(Value::as_str).unwrap_or(&user.email)
}

/// Builds the resource of a user.
pub(in crate::scim) fn user_record(
    organisation: &Organisation,
    user: &User,
    base: &Base,
) -> Fields {
    let mut attributes = user_attributes(user);
    let groups: Vec<Value> = organisation
        .groups_of(user)
        .map(|group| {
            let id = group.scim_id();
            json!({
                "value": id,
                "$ref": base.of(GROUP.endpoint, &id),
                "display": group.name,
                "type": "direct",
            })
        })
        .collect();
    attributes.insert("groups".to_owned(), Value::Array(groups));
    let times = (user.created_at.as_str(), user.updated_at.as_str());
    resource(attributes, &USER, &user.scim_id(), times, base)
}

/// Returns the attributes of a user that a client may set.
pub(in crate::scim) fn user_attributes(user: &User) -> Fields {
    let mut attributes = user.scim.clone();
    // A user without an address has no login either, unless a client wrote one.
    if !user_name(user).is_empty() {
        attributes.insert("userName".to_owned(), json!(user_name(user)));
    }
    attributes.insert("active".to_owned(), json!(!user.is_disabled));

    let mut name = match attributes.remove("name") {
        Some(Value::Object(parts)) => parts,
        _ => Fields::new(),
    };
    for (part, value) in [("givenName", &user.first_name), ("familyName", &user.last_name)] {
        if let Some(value) = value {
            name.insert(part.to_owned(), json!(value));
        }
    }
    let whole = whole_name(user);
    if let Some(whole) = &whole {
        name.entry("formatted").or_insert_with(|| json!(whole));
        attributes.entry("displayName").or_insert_with(|| json!(whole));
    }
    if !name.is_empty() {
        attributes.insert("name".to_owned(), Value::Object(name));
    }
    if is_address(&user.email) {
        attributes.entry("emails").or_insert_with(|| only_email(&user.email));
    }
    attributes
}

/// Reads a user from normalised attributes. `current` is the user that is changed: fields that SCIM
/// does not have stay. `before` are the attributes at the start of a PATCH: an attribute that was
/// derived then, and that the PATCH did not change, is derived again.
pub(in crate::scim) fn user_draft(
    mut attributes: Fields,
    current: Option<&User>,
    before: Option<&Fields>,
    mail_is_address: bool,
) -> Result<User, ScimError> {
    let user_name = match attributes.remove("userName") {
        Some(Value::String(name)) if !name.trim().is_empty() => name,
        _ => return Err(ScimError::bad(Kind::InvalidValue, "userName is required")),
    };
    let emails = attributes.remove("emails");
    let email = match current {
        Some(user) => changed_address(user, &user_name, emails.as_ref()),
        None if is_address(&user_name) && !mail_is_address => user_name.clone(),
        // RFC 7643 allows any text as `userName`. Without an e-mail address, the login is used as
        // the address.
        None => chosen_address(emails.as_ref()).unwrap_or_else(|| user_name.clone()),
    };
    let is_active = attributes.remove("active").is_none_or(|active| active == true);
    let mut name = match attributes.remove("name") {
        Some(Value::Object(parts)) => parts,
        _ => Fields::new(),
    };
    let mut text = |part| match name.remove(part) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    let mut draft = User {
        first_name: text("givenName"),
        last_name: text("familyName"),
        is_disabled: !is_active,
        scim: Fields::new(),
        ..current.cloned().unwrap_or_else(|| User::new(email.as_str()))
    };
    draft.email = email;

    let whole = whole_name(&draft).map(Value::String);
    let derived_before = current.and_then(whole_name).map(Value::String);
    let is_derived = |now: &Value, before: Option<&Value>| {
        Some(now) == whole.as_ref() || (before == Some(now) && derived_before.as_ref() == Some(now))
    };
    let before_of = |name: &str| before.and_then(|before| before.get(name));
    let formatted_before = before_of("name").and_then(|name| name.get("formatted"));
    if name.get("formatted").is_some_and(|now| is_derived(now, formatted_before)) {
        name.remove("formatted");
    }
    if attributes.get("displayName").is_some_and(|now| is_derived(now, before_of("displayName"))) {
        attributes.remove("displayName");
    }
    if !name.is_empty() {
        attributes.insert("name".to_owned(), Value::Object(name));
    }
    if let Some(emails) = emails
        && !is_only_email(&emails, &draft.email)
    {
        attributes.insert("emails".to_owned(), emails);
    }
    if user_name != draft.email {
        attributes.insert("userName".to_owned(), Value::String(user_name));
    }
    draft.scim = attributes;
    Ok(draft)
}

/// Returns the address of a user after a change: that of the mail, or the login if there is no mail.
fn changed_address(user: &User, login: &str, emails: Option<&Value>) -> String {
    let is_kept = login == user_name(user) && emails == user_attributes(user).get("emails");
    match chosen_address(emails) {
        _ if is_kept => user.email.clone(),
        Some(mail) => mail,
        // An account with a login and without an address.
        None if user.email.is_empty() => String::new(),
        None => login.to_owned(),
    }
}

/// Joins the given and family names that exist.
fn whole_name(user: &User) -> Option<String> {
    let parts: Vec<&str> = [&user.first_name, &user.last_name]
        .into_iter()
        .flatten()
        .map(|part| part.trim())
        .filter(|part| !part.is_empty())
        .collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

fn is_address(text: &str) -> bool {
    text.contains('@')
}

/// Returns the `emails` of a user who has only the address of the other dialects.
fn only_email(email: &str) -> Value {
    json!([{ "value": email, "type": "work", "primary": true }])
}

fn is_only_email(emails: &Value, email: &str) -> bool {
    *emails == only_email(email)
}

/// Chooses the address of a user: the primary one, else the one for work, else the first.
fn chosen_address(emails: Option<&Value>) -> Option<String> {
    let emails = emails?.as_array()?;
    let addresses =
        || emails.iter().filter(|entry| entry["value"].as_str().is_some_and(is_address));
    let is_for_work = |entry: &&Value| {
        entry["type"].as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("work"))
    };
    let chosen = addresses()
        .find(|entry| entry["primary"] == true)
        .or_else(|| addresses().find(is_for_work))
        .or_else(|| addresses().next())?;
    chosen["value"].as_str().map(str::to_owned)
}
