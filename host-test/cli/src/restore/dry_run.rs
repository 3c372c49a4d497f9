//! Shows what `restore` would do, as far as that can be said without a write.

use std::collections::HashSet;

use anyhow::anyhow;
use host_test::retool::types::{
    ErrorKind, FieldChange, GroupId, GroupLink, Tombstone, User, UserRef, UserType,
};
use host_test::{Tenant, json};
use serde_json::{Value, json};

use crate::address;
use crate::args::ConnectionArgs;
use crate::connection::tenant;
use crate::directory::failed;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::grace::is_same;
use crate::ids::user_id_of;
use crate::output::Output;
use crate::render::{self, WouldRestore};

pub(super) async fn show(
    connection: &ConnectionArgs,
    tombstones: &[Tombstone],
    re_create: bool,
    output: &Output,
) -> Result<Exit, Failure> {
    let foreign = |tombstone: &&Tombstone| !is_same(&tombstone.base_url, &connection.base_url);
    if let Some(tombstone) = tombstones.iter().find(foreign) {
        let name = tombstone.user.email.as_deref().unwrap_or("an account without an address");
        return Err(Failure::Usage(anyhow!("the record of {name} is of another organisation")));
    }
    if let Some(doubled) = doubled(tombstones) {
        return Err(doubled);
    }
    let (tenant, progress) = tenant(connection, "looking at the people")?;
    let mut people = Vec::new();
    for tombstone in tombstones {
        match look(&tenant, tombstone, re_create).await {
            Err(failure) if failure.ends_a_run() => return progress.ended(Err(failure)),
            would => people.push((&tombstone.user, would)),
        }
    }
    let fails = |would: &Result<WouldRestore, Failure>| {
        would.as_ref().map_or(true, |would| would.refused.is_some())
    };
    let complete = !people.iter().any(|(_, would)| fails(would));
    progress.end_several(complete);
    let values = people.iter().map(|(user, would)| value(user, would));
    let values = values.collect::<anyhow::Result<Vec<Value>>>()?;
    let document = json!({ "people": values, "complete": complete });
    output.result(&document, |_| render::would_restore(&people))?;
    Ok(if complete { Exit::Done } else { Exit::Partly })
}

/// Returns the error that `restore` would end with if there are two records of one person.
fn doubled(tombstones: &[Tombstone]) -> Option<Failure> {
    let mut known = HashSet::new();
    let key = |user: &User| match &user.email {
        Some(email) => address::key(email).into_owned(),
        // No address has this character.
        None => format!("\0{}", user_id_of(&user.id)),
    };
    let at = tombstones.iter().position(|tombstone| !known.insert(key(&tombstone.user)))?;
    let user = &tombstones[at].user;
    let name = user.email.as_deref().unwrap_or_else(|| user_id_of(&user.id));
    let message = "There are two tombstones of this person. Give the first one that was recorded.";
    let failure = failed(ErrorKind::InvalidInput, "duplicate-person", name, message.to_owned());
    Some(failure.located(|error| {
        error.field = Some(format!("request.tombstones[{at}]"));
        None
    }))
}

async fn look(
    tenant: &Tenant,
    tombstone: &Tombstone,
    re_create: bool,
) -> Result<WouldRestore, Failure> {
    let user = &tombstone.user;
    if let Some(found) = tenant.find_user(&UserRef::Id(user.id.clone())).await?? {
        return Ok(would(user, Some(&found), re_create));
    }
    let Some(email) = &user.email else { return Ok(would(user, None, re_create)) };
    let other = tenant.find_user(&UserRef::Email(email.clone())).await??;
    Ok(would(user, other.as_ref(), re_create))
}

/// Compares an account as it was with the one that was found by its id, or else by its address.
fn would(was: &User, found: Option<&User>, re_create: bool) -> WouldRestore {
    let refuse = |why: &str| Some(why.to_owned());
    let Some(found) = found else {
        let refused = refuse("the account is gone; --re-create creates it again");
        let refused = refused.filter(|_| !re_create);
        let groups = was.groups.iter().flatten().cloned().collect();
        return WouldRestore { what: "created again", refused, changes: Vec::new(), groups };
    };
    let is_other = found.id != was.id;
    let refused = match (is_other, is_other && was.invited == Some(true)) {
        (_, true) => refuse("an account has the address of the invitation"),
        (true, _) if !re_create => {
            refuse("another account has the address; --re-create restores to that one")
        }
        (false, _) if !is_same_address(was, found) => {
            refuse("the account has another address by now")
        }
        _ => None,
    };
    let mut changes = changes(was, found);
    // A restored account is enabled.
    let what = match (found.disabled, changes.is_empty()) {
        (true, _) => "enabled again",
        (false, false) => "updated",
        (false, true) => "unchanged",
    };
    let key = |link: &GroupLink| match &link.id {
        GroupId::Rest(id) => (true, id.clone()),
        GroupId::Scim(id) => (false, id.clone()),
    };
    let present: HashSet<_> = found.groups.iter().flatten().map(key).collect();
    let is_new = |link: &&GroupLink| !present.contains(&key(link));
    let groups: Vec<_> = was.groups.iter().flatten().filter(is_new).cloned().collect();
    let what = if what == "unchanged" && !groups.is_empty() { "updated" } else { what };
    changes.sort_by(|one, other| one.field.cmp(&other.field));
    WouldRestore { what, refused, changes, groups }
}

/// Returns whether both have the same address, or none.
fn is_same_address(one: &User, other: &User) -> bool {
    let key = |user: &User| user.email.as_deref().map(|email| address::key(email).into_owned());
    key(one) == key(other)
}

fn changes(was: &User, is: &User) -> Vec<FieldChange> {
    let text = |field: &str, before: &Option<String>, after: &Option<String>| {
        let after = after.as_ref().filter(|after| Some(*after) != before.as_ref())?;
        let (field, before) = (field.to_owned(), before.clone());
        Some(FieldChange { field, before, after: Some(after.clone()) })
    };
    let word = |user_type: Option<UserType>| {
        let value = json::value(&user_type?).ok()?;
        value.as_str().map(str::to_owned)
    };
    let admin = |user: &User| Some(user.admin.to_string());
    [
        text("first-name", &is.first_name, &was.first_name),
        text("last-name", &is.last_name, &was.last_name),
        text("profile-photo-url", &is.profile_photo_url, &was.profile_photo_url),
        text("user-type", &word(is.user_type), &word(was.user_type)),
        text("admin", &admin(is), &admin(was)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn value(user: &User, would: &Result<WouldRestore, Failure>) -> anyhow::Result<Value> {
    let mut value = match would {
        Ok(WouldRestore { what, refused, changes, groups }) => json!({
            "would_be": what,
            "refused": refused,
            "changes": json::value(changes)?,
            "groups_to_add": json::value(groups)?,
        }),
        Err(failure) => failure.json(),
    };
    value["email"] = user.email.clone().into();
    value["id"] = json::value(&user.id)?;
    Ok(value)
}
