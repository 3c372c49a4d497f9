//! How a request names people: checks it against the dialect, and finds who is named by login.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;

use super::SyncRequest;
use crate::domain::{Dialect, Email, User, UserRef};
use crate::error::{Code, Error, Result};
use crate::lifecycle::{check_ref, check_refs};

/// Refuses ids of another API, and logins where there are none, before anything is read.
pub fn check(request: &SyncRequest, dialect: Dialect) -> Result<()> {
    for (index, desired) in request.roster.iter().enumerate() {
        if let Some(who) = &desired.details.by {
            let field = || format!("request.roster[{index}].user.{}", who.what());
            check_ref(dialect, who, field)?;
        }
        if desired.details.login.is_some() && dialect != Dialect::Scim {
            let message = format!(
                "{} has no logins, so nothing was written. Leave the login out, or use SCIM.",
                dialect.as_str()
            );
            return Err(Error::new(Code::OperationUnsupported, message)
                .in_field(format!("request.roster[{index}].login"))
                .about(desired.label()));
        }
    }
    for (at, record) in request.disabled_since.iter().enumerate() {
        let field = || format!("request.disabled-since[{at}].user");
        check_ref(dialect, &UserRef::Id(record.user.clone()), field)?;
    }
    let guards = &request.policy.guards;
    let lists = [
        ("required-admins", &guards.required_admins),
        ("protected-people", &guards.protected_people),
    ];
    for (list, refs) in lists {
        check_refs(dialect, refs, |at| format!("request.policy.guards.{list}[{at}]"))?;
    }
    Ok(())
}

/// Returns the logins of the users that the roster names by them, by the address under which the
/// plan reports the user.
pub fn logins(request: &SyncRequest, users: &[User]) -> BTreeMap<Email, String> {
    let mut logins = BTreeMap::new();
    // By login, and by an address that may be a login.
    let (mut by_login, mut by_email) = (BTreeMap::new(), BTreeMap::new());
    for desired in &request.roster {
        match &desired.details.by {
            Some(UserRef::Login(login)) => {
                by_login.insert(login, ());
                logins.insert(desired.email.clone(), String::from(login.as_str()));
            }
            Some(_) => {}
            None => {
                by_email.insert(&desired.email, ());
            }
        }
    }
    for user in users {
        let Some(login) = user.login() else { continue };
        let key = match &user.names {
            Some(names) => names.login.as_ref(),
            None => Some(&user.email),
        };
        let is_named = key.is_some_and(|key| {
            by_login.contains_key(key) || user.email != *key && by_email.contains_key(key)
        });
        if is_named {
            logins.insert(user.email.clone(), login.into());
        }
    }
    logins
}
