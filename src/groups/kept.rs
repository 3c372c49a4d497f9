//! Keeps the members of a group whose fields are changed. A server that replaces whole records may
//! drop the members with the fields that a PUT leaves out.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::domain::{Group, Member, WriteKind};
use crate::error::{Code, Error, Result};
use crate::retool::read_back::{ReadBack, read_back};
use crate::retool::{Directory, membership};
use crate::sort;
use crate::write_log::WriteLog;

/// The most members that a message names.
const MOST_NAMED: usize = 20;

/// Reads the members that a change of the group could lose: none in a dialect that changes field by
/// field.
pub(super) async fn members_at_risk(
    directory: &dyn Directory,
    group: &Group,
) -> Result<Vec<Member>> {
    if !directory.capabilities().replaces_records {
        return Ok(Vec::new());
    }
    Ok(membership::members(directory, &group.id).await?.unwrap_or_default())
}

/// Compares the members after a change with those before it, and adds those again that are not in
/// the group. Fails with `not-verified` if one of them can't be added, or does not administer the
/// group any more.
pub(super) async fn keep(
    directory: &dyn Directory,
    group: &Group,
    before: &[Member],
    write_log: &mut WriteLog,
) -> Result<()> {
    if before.is_empty() {
        return Ok(());
    }
    let read = members(directory, group).await;
    let now = read.map_err(|error| not_read(before, error.code))?;
    let lost = missing(before, &now);
    let mut refusal = None;
    for member in &lost {
        let address = label(member);
        write_log.confirmed(WriteKind::MemberRemoved, address, Some(&group.name));
        let added = directory.add_member(&group.id, &member.id).await;
        if let Err(error) = write_log.member(WriteKind::MemberAdded, address, &group.name, added) {
            refusal.get_or_insert(error);
        }
    }
    let now =
        if lost.is_empty() { now } else { put_back(directory, group, &lost, &refusal).await? };
    let administers = |member: &&Member| {
        member.group_admin == Some(true)
            && now.iter().any(|other| other.id == member.id && other.group_admin == Some(false))
    };
    let demoted: Vec<&Member> = before.iter().filter(administers).collect();
    if demoted.is_empty() {
        return Ok(());
    }
    Err(Error::new(
        Code::NotVerified,
        format!(
            "The server changed the group, and with that these people no longer administer it: {}. Make them its \
             administrators again in Retool.",
            labels(&demoted)
        ),
    ))
}

/// Returns the error for members who can't be read back. A repetition finds the group as it should
/// be and does not compare them any more, so they are named.
fn not_read(before: &[Member], code: Code) -> Error {
    let members: Vec<&Member> = before.iter().collect();
    Error::new(
        Code::NotVerified,
        format!(
            "The group was changed, and its members could not be read back ({}), so it is not known whether the server \
             kept them. Compare the group in Retool with its members before: {}.",
            code.as_str(),
            labels(&members)
        ),
    )
}

/// Reads the group until these members are in it again. Returns all members.
async fn put_back(
    directory: &dyn Directory,
    group: &Group,
    lost: &[&Member],
    refusal: &Option<Error>,
) -> Result<Vec<Member>> {
    let read = read_back(directory, async || {
        let now = members(directory, group).await?;
        let is_out = |member: &&&Member| now.iter().all(|other| other.id != member.id);
        let still: Vec<&Member> = lost.iter().filter(is_out).copied().collect();
        Ok(match (still.is_empty(), refusal) {
            (true, _) => ReadBack::Holds(Ok(now)),
            // What was refused does not appear by waiting.
            (false, Some(_)) => ReadBack::Holds(Err(still)),
            (false, None) => ReadBack::NotYet(still),
        })
    });
    let still = match read.await {
        Ok(Ok(Ok(now))) => return Ok(now),
        Ok(Ok(Err(still)) | Err(still)) => still,
        Err(_) => lost.to_vec(),
    };
    let why = refusal.as_ref().map(|error| format!(" ({})", error.code.as_str()));
    Err(Error::new(
        Code::NotVerified,
        format!(
            "The server changed the group and removed {} members with that, because it replaces whole records. Not \
             all of them could be put back{}. Add these people to the group in Retool: {}.",
            lost.len(),
            why.unwrap_or_default(),
            labels(&still)
        ),
    ))
}

async fn members(directory: &dyn Directory, group: &Group) -> Result<Vec<Member>> {
    Ok(membership::members(directory, &group.id).await?.unwrap_or_default())
}

/// Returns the members of a list who are not in another.
fn missing<'a>(before: &'a [Member], now: &[Member]) -> Vec<&'a Member> {
    let there = sort::set(now.iter().map(|member| &member.id));
    before.iter().filter(|member| !there.contains(&member.id)).collect()
}

/// Returns a member's address, or the id where only that is known.
fn label(member: &Member) -> &str {
    member.email.as_ref().map_or(member.id.value.as_str(), |email| email.as_str())
}

fn labels(members: &[&Member]) -> String {
    let mut text = String::new();
    for (at, member) in members.iter().take(MOST_NAMED).enumerate() {
        text.push_str(if at == 0 { "" } else { ", " });
        text.push_str(label(member));
    }
    match members.len().saturating_sub(MOST_NAMED) {
        0 => {}
        more => text.push_str(&format!(" and {more} more")),
    }
    text
}
