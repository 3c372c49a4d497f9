//! The record of a person before a deprovision, which `restore` needs, and the file with it.

use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, anyhow};

use super::args::ConnectionArgs;
use super::connection::{limits, tenant};
use super::failure::Failure;
use super::files;
use crate::error::HostError;
use crate::json;
use crate::requests;
use crate::retool::directory::PageRequest;
use crate::retool::types::{Group, GroupLink, Tombstone, User, UserId};
use crate::tenant::{Answer, Tenant};
use crate::text::printable_json;

/// Reads a record from its file.
pub(crate) fn read(path: &Path) -> Result<Tombstone, Failure> {
    let read = || {
        let text =
            fs::read(path).with_context(|| format!("{} could not be read", path.display()))?;
        serde_json::from_slice(&text)
            .and_then(json::from_value)
            .with_context(|| format!("{} is not the record of a deprovision", path.display()))
    };
    read().map_err(Failure::Usage)
}

/// The file with the record of a deprovision. It is written before the deprovision starts.
pub(crate) struct RecordFile<'a> {
    path: &'a Path,
    /// Whether this run has created it. An older file is never overwritten, because the record of
    /// a repeated call has less in it.
    made: bool,
}

impl<'a> RecordFile<'a> {
    /// Checks that the file can be created, so that an error is found before a person is removed.
    /// Does not create it yet.
    pub(crate) fn at(path: &'a Path) -> Result<Self, Failure> {
        if path.symlink_metadata().is_ok() {
            return Err(Failure::Usage(anyhow!(
                "{} is there already, and a record is never overwritten: give another file, or \
                 leave --tombstone out if that is the record of this deprovision",
                path.display()
            )));
        }
        files::probe(path)
            .with_context(|| format!("{} could not be written", path.display()))
            .map_err(Failure::Usage)?;
        Ok(RecordFile { path, made: false })
    }

    /// Returns the path, if this run has created the file.
    pub(crate) fn path(&self) -> Option<&'a Path> {
        self.made.then_some(self.path)
    }

    /// Writes this record. Replaces an earlier record of this run.
    pub(crate) fn keep(&mut self, tombstone: &Tombstone) -> anyhow::Result<()> {
        let write = if self.made { files::replace } else { files::create };
        json::value(tombstone)
            .map_err(io::Error::other)
            .and_then(|record| write(self.path, &printable_json(&format!("{record:#}\n"))))
            .with_context(|| {
                format!("the record could not be written to {}", self.path.display())
            })?;
        self.made = true;
        Ok(())
    }

    /// Handles a failed deprovision. If something may have been written, the file stays and the
    /// failure names it. Otherwise there is nothing to restore, and the file is removed, because
    /// it would only block the next try.
    pub(crate) fn after(self, failure: Failure) -> Failure {
        let removed = || fs::remove_file(self.path).is_ok();
        if !self.made || (!failure.may_have_written() && removed()) {
            return failure;
        }
        Failure::Recorded { failure: Box::new(failure), path: self.path.to_owned() }
    }
}

/// Reads the current state of the person as a record; returns `None` if there is no such person.
/// It lacks the fields that the server has beyond the contract, which the component's own record
/// has.
///
/// The component returns its own record only with its result, so it is lost if the call is stopped
/// halfway.
pub(crate) async fn take(
    connection: &ConnectionArgs,
    email: &str,
) -> Result<Option<Tombstone>, Failure> {
    let (tenant, progress) = tenant(connection, "looking the person up")?;
    let limit = limits().wall_clock;
    let found = tokio::time::timeout(limit, found(&tenant, email));
    let found =
        async { found.await.unwrap_or(Err(HostError::WallClock { function: "find-user", limit })) };
    Ok(progress.reading(found).await?.map(|user| Tombstone {
        base_url: connection.base_url.clone(),
        user,
        raw: None,
        disabled_since: None,
        recorded_at: humantime::format_rfc3339_millis(SystemTime::now()).to_string(),
    }))
}

/// Finds the person with their memberships, even if the server does not return these with a user.
async fn found(tenant: &Tenant, email: &str) -> Answer<Option<User>> {
    let mut user = match tenant.find_user(&requests::by_email(email)).await? {
        Ok(Some(user)) => user,
        other => return Ok(other),
    };
    if user.groups.is_none() {
        user.groups = match memberships(tenant, &user.id).await? {
            Ok(links) => Some(links),
            Err(error) => return Ok(Err(error)),
        };
    }
    Ok(Ok(Some(user)))
}

async fn memberships(tenant: &Tenant, user: &UserId) -> Answer<Vec<GroupLink>> {
    let mut links = Vec::new();
    let mut cursor = None;
    loop {
        let request =
            PageRequest { cursor, page_size: None, with_members: true, with_other_ids: false };
        let page = match tenant.page_groups(&request).await? {
            Ok(page) => page,
            Err(error) => return Ok(Err(error)),
        };
        for link in page.groups.into_iter().filter_map(|group| link(group, user)) {
            // Pages shift if a group is created meanwhile, and a server may repeat a group.
            if links.iter().all(|known: &GroupLink| known.id != link.id) {
                links.push(link);
            }
        }
        match page.next {
            None => return Ok(Ok(links)),
            next => cursor = next,
        }
    }
}

/// Returns the link from the user to the group, if the user is a member.
fn link(group: Group, user: &UserId) -> Option<GroupLink> {
    let member = group.members?.into_iter().find(|member| member.id == *user)?;
    Some(GroupLink { id: group.id, name: Some(group.name), group_admin: member.group_admin })
}
