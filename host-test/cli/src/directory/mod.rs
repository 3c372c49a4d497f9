//! `users`, `user`, `groups` and `group`: they show what is in Retool.

pub(crate) mod cells;
mod filter;
pub(crate) mod listing;

use std::collections::HashSet;

use anyhow::anyhow;
use host_test::retool::types::{Error, ErrorDetail, ErrorKind, Group, User};
use host_test::{Tenant, requests};
use jiff::Timestamp;
use serde::Serialize;

use crate::args::{GroupArgs, GroupsArgs, OneGroup, UserArgs, UsersArgs};
use crate::connection::tenant;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::group_changes;
use crate::ids::group_id_of;
use crate::output::{Output, print_painted};
use crate::render;
use crate::signals::in_order;
use filter::Filter;

pub(crate) async fn users(arguments: UsersArgs, output: &Output) -> Result<Exit, Failure> {
    let UsersArgs { connection, filter, csv } = arguments;
    check_form(csv, output)?;
    let filter = Filter::new(&filter, Timestamp::now());
    let (tenant, progress) = tenant(&connection, "listing people")?;
    let read = async {
        let users = people(&tenant).await?;
        filter.check(&users)?;
        check_groups(&tenant, &filter, &users).await?;
        let all = users.len();
        let shown: Vec<User> = users.into_iter().filter(|user| filter.shows(user)).collect();
        Ok((shown, all))
    };
    let (mut shown, all) = progress.ended(read.await)?;
    shown.sort_by_cached_key(|user| user.email.as_deref().unwrap_or_default().to_lowercase());
    if csv {
        print_painted(&cells::csv(&render::USER_COLUMNS, &render::user_cells(&shown))?)?;
        return Ok(Exit::Done);
    }
    output.result(&Users { users: &shown }, |_| render::users(&shown, all))?;
    Ok(Exit::Done)
}

/// The document of `users --json`.
#[derive(Serialize)]
struct Users<'a> {
    users: &'a [User],
}

/// The document of `groups --json`.
#[derive(Serialize)]
struct Groups<'a> {
    groups: &'a [Group],
}

/// Checks that one form of output is asked for.
fn check_form(csv: bool, output: &Output) -> Result<(), Failure> {
    if csv && output.is_json() {
        return Err(Failure::Usage(anyhow!("give --json or --csv, not both")));
    }
    Ok(())
}

/// Reads all people with the names of their groups.
async fn people(tenant: &Tenant) -> Result<Vec<User>, Failure> {
    let mut users = listing::users(tenant).await?;
    add_groups(tenant, &mut users).await?;
    Ok(users)
}

/// Reads the groups if people's own records lack memberships, or the names of the groups.
async fn add_groups(tenant: &Tenant, users: &mut [User]) -> Result<(), Failure> {
    let lacks = users.iter().any(|user| user.groups.is_none());
    let mut links = users.iter().flat_map(|user| user.groups.iter().flatten());
    if !lacks && links.all(|link| link.name.is_some()) {
        return Ok(());
    }
    let groups = listing::groups(tenant, lacks).await?;
    if lacks {
        listing::join(users, &groups)?;
    }
    listing::name(users, &groups)?;
    Ok(())
}

/// Checks that the groups of the filter exist. Otherwise a typing error would look like a group
/// without members. The groups are read only if one of the filter's has no member.
async fn check_groups(tenant: &Tenant, filter: &Filter, users: &[User]) -> Result<(), Failure> {
    let links = users.iter().flat_map(|user| user.groups.iter().flatten());
    let joined: HashSet<&str> = links.filter_map(|link| link.name.as_deref()).collect();
    if filter.unknown_groups(joined).is_empty() {
        return Ok(());
    }
    let groups = listing::groups(tenant, false).await?;
    match filter.unknown_groups(groups.iter().map(|group| &*group.name)).first() {
        Some(unknown) => Err(no_group(unknown, &groups)),
        None => Ok(()),
    }
}

pub(crate) async fn user(arguments: UserArgs, output: &Output) -> Result<Exit, Failure> {
    let UserArgs { connection, email } = arguments;
    let (tenant, progress) = tenant(&connection, "looking the person up")?;
    let read = async {
        let found = tenant.find_user(&requests::by_email(&email)).await??;
        let mut found = found.map(|user| [user]).ok_or_else(|| no_person(&email))?;
        add_groups(&tenant, &mut found).await?;
        let [user] = found;
        Ok(user)
    };
    let user = progress.ended(read.await)?;
    output.result(&user, render::user)?;
    Ok(Exit::Done)
}

/// Lists the groups, or changes one.
pub(crate) async fn groups(arguments: GroupsArgs, output: &Output) -> Result<Exit, Failure> {
    let GroupsArgs { connection, members, csv, change } = arguments;
    if let Some(change) = change {
        return in_order(group_changes::change(change, output)).await;
    }
    let Some(connection) = connection else {
        return Err(Failure::Usage(anyhow!("give --base-url")));
    };
    check_form(csv, output)?;
    let (tenant, progress) = tenant(&connection, "listing groups")?;
    let mut groups = progress.ended(listing::groups(&tenant, members).await)?;
    groups.sort_by_cached_key(|group| group.name.to_lowercase());
    if csv {
        print_painted(&cells::csv(&render::GROUP_COLUMNS, &render::group_cells(&groups))?)?;
        return Ok(Exit::Done);
    }
    output.result(&Groups { groups: &groups }, |_| render::groups(&groups))?;
    Ok(Exit::Done)
}

pub(crate) async fn group(arguments: GroupArgs, output: &Output) -> Result<Exit, Failure> {
    let GroupArgs { connection, group } = arguments;
    let (tenant, progress) = tenant(&connection, "looking the group up")?;
    let group = progress.ended(one_group(&tenant, &group).await)?;
    output.result(&group, render::group)?;
    Ok(Exit::Done)
}

async fn one_group(tenant: &Tenant, wanted: &OneGroup) -> Result<Group, Failure> {
    let is_wanted = |group: &Group| match (&wanted.name, &wanted.id) {
        (Some(name), _) => group.name.trim() == name.trim(),
        (None, Some(id)) => group_id_of(&group.id) == id,
        // The arguments have one of them.
        (None, None) => false,
    };
    let mut found = listing::groups_where(tenant, is_wanted).await?;
    let label = wanted.label();
    match (found.pop(), found.len()) {
        (Some(group), 0) => Ok(group),
        (Some(last), more) => {
            let ids = found.iter().chain([&last]).map(|group| group_id_of(&group.id));
            let message = format!(
                "There are {} groups of the name \"{label}\". Name one by its id with --id: {}.",
                more + 1,
                ids.collect::<Vec<_>>().join(", ")
            );
            Err(failed(ErrorKind::Conflict, "ambiguous-group", label, message))
        }
        (None, _) if wanted.name.is_some() => {
            Err(no_group(label, &listing::groups(tenant, false).await?))
        }
        (None, _) => Err(no_group(label, &[])),
    }
}

/// How similar a name must be to be suggested, from 0 to 1; as similar as clap's suggestions.
const SIMILAR: f64 = 0.7;

/// Returns the failure for a group that is not there, with the most similar name.
fn no_group(name: &str, groups: &[Group]) -> Failure {
    let wanted = name.trim().to_lowercase();
    let similar = |group: &Group| strsim::jaro(&wanted, &group.name.trim().to_lowercase());
    let best = groups.iter().map(|group| (similar(group), group.name.trim()));
    let best = best.max_by(|(one, _), (other, _)| one.total_cmp(other));
    let instead = match best {
        Some((similarity, best)) if similarity > SIMILAR => format!("Did you mean \"{best}\"?"),
        _ => "Correct the name.".to_owned(),
    };
    let message = format!("There is no group \"{name}\". {instead}");
    failed(ErrorKind::NotFound, "group-not-found", name, message)
}

fn no_person(email: &str) -> Failure {
    let message = format!("No person has the address {email}. Correct it.");
    failed(ErrorKind::NotFound, "user-not-found", email, message)
}

/// Returns a failure in the form of the component's errors, with one of its codes.
pub(crate) fn failed(kind: ErrorKind, code: &str, subject: &str, message: String) -> Failure {
    Failure::from(Error::Permanent(ErrorDetail {
        kind,
        code: code.to_owned(),
        message,
        subject: Some(subject.to_owned()),
        field: None,
        request: None,
        request_id: None,
        http_status: None,
        attempts: 0,
        retry_after_ms: None,
        writes: Vec::new(),
        tombstones: Vec::new(),
    }))
}
