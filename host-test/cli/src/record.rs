//! The record of a person before a deprovision, which `restore` needs, and the file with it.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, anyhow};

use super::args::ConnectionArgs;
use super::connection::{deadline, tenant};
use super::failure::Failure;
use super::files;
use host_test::Tenant;
use host_test::json;
use host_test::requests;
use host_test::retool::directory::PageRequest;
use host_test::retool::types::{Group, GroupId, GroupLink, Tombstone, User, UserId};
use host_test::text::printable_json;

/// Reads a record from its file.
pub(crate) fn read(path: &Path) -> anyhow::Result<Tombstone> {
    let text = files::read(path, files::MOST_BYTES)
        .with_context(|| format!("{} could not be read", path.display()))?;
    json::from_slice(&text)
        .with_context(|| format!("{} is not the record of a deprovision", path.display()))
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
        Failure::Recorded {
            failure: Box::new(failure),
            path: self.path.to_owned(),
            is_folder: false,
        }
    }
}

/// Reads the current state of the person as a record; returns `None` if there is no such person.
/// It lacks the fields that the server has beyond the contract, which the component's own record
/// has.
///
/// The component returns its own record only with its result, so it is lost if the call is stopped
/// halfway.
///
/// It may take several calls, which together have the time of one, and a record has a largest size.
pub(crate) async fn take(
    connection: &ConnectionArgs,
    email: &str,
) -> Result<Option<Tombstone>, Failure> {
    let (tenant, progress) = tenant(connection, "looking the person up")?;
    progress.ended(take_with(&tenant, connection, email).await)
}

/// Does the same with a tenant that is there already.
pub(crate) async fn take_with(
    tenant: &Tenant,
    connection: &ConnectionArgs,
    email: &str,
) -> Result<Option<Tombstone>, Failure> {
    let limit = deadline();
    let found = tokio::time::timeout(limit, found(tenant, email)).await.unwrap_or_else(|_| {
        Err(Failure::Other(anyhow!(
            "the record of {email} could not be read within {} ms; nothing was written; call again, \
             or allow more (RETOOL_DEADLINE_MS)",
            limit.as_millis()
        )))
    });
    Ok(found?.map(|user| Tombstone {
        base_url: connection.base_url.clone(),
        user,
        raw: None,
        disabled_since: None,
        recorded_at: humantime::format_rfc3339_millis(SystemTime::now()).to_string(),
    }))
}

/// The most pages of groups that are read for a record; as many as the component reads of a listing.
const MOST_PAGES: usize = 25_000;

/// The most bytes that the memberships in a record may have.
const MOST_OF_MEMBERSHIPS: usize = 8 << 20;

/// Finds the person with their memberships, even if the server does not return these with a user.
async fn found(tenant: &Tenant, email: &str) -> Result<Option<User>, Failure> {
    let Some(mut user) = tenant.find_user(&requests::by_email(email)).await?? else {
        return Ok(None);
    };
    if user.groups.is_none() {
        user.groups = Some(memberships(tenant, &user.id).await?);
    }
    Ok(Some(user))
}

async fn memberships(tenant: &Tenant, user: &UserId) -> Result<Vec<GroupLink>, Failure> {
    let mut memberships = Memberships::default();
    let mut cursor = None;
    for _ in 0..MOST_PAGES {
        let request =
            PageRequest { cursor, page_size: None, with_members: true, with_other_ids: false };
        let page = tenant.page_groups(&request).await??;
        for link in page.groups.into_iter().filter_map(|group| link(group, user)) {
            memberships.add(link)?;
        }
        if page.next.is_none() {
            return Ok(memberships.links);
        }
        if page.next == request.cursor {
            return Err(endless());
        }
        cursor = page.next;
    }
    Err(endless())
}

fn endless() -> Failure {
    Failure::Other(anyhow!(
        "the server's listing of groups has no end, so there is no record of the person; nothing \
         was written"
    ))
}

/// The memberships found so far, each once: pages shift if a group is created meanwhile, and a
/// server may repeat a group.
#[derive(Default)]
struct Memberships {
    links: Vec<GroupLink>,
    known: HashSet<String>,
    bytes: usize,
}

impl Memberships {
    fn add(&mut self, link: GroupLink) -> Result<(), Failure> {
        let (GroupId::Rest(id) | GroupId::Scim(id)) = &link.id;
        if !self.known.insert(id.clone()) {
            return Ok(());
        }
        // The id is kept twice.
        self.bytes += 2 * id.len() + link.name.as_ref().map_or(0, String::len) + size_of_val(&link);
        if self.bytes > MOST_OF_MEMBERSHIPS {
            return Err(Failure::Other(anyhow!(
                "the server lists more memberships of the person than a record can hold \
                 ({MOST_OF_MEMBERSHIPS} bytes); nothing was written"
            )));
        }
        self.links.push(link);
        Ok(())
    }
}

/// Returns the link from the user to the group, if the user is a member.
fn link(group: Group, user: &UserId) -> Option<GroupLink> {
    let member = group.members?.into_iter().find(|member| member.id == *user)?;
    Some(GroupLink { id: group.id, name: Some(group.name), group_admin: member.group_admin })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn membership(id: String, name: &str) -> GroupLink {
        GroupLink { id: GroupId::Rest(id), name: Some(name.to_owned()), group_admin: None }
    }

    #[test]
    fn memberships_are_kept_once_and_up_to_a_size() {
        let mut memberships = Memberships::default();
        for _ in 0..2 {
            memberships.add(membership("1".to_owned(), "A")).expect("room");
        }
        assert_eq!(memberships.links.len(), 1);
        let name = "x".repeat(1000);
        let added = (2..).map(|id| memberships.add(membership(id.to_string(), &name)));
        let refused = added.take(MOST_OF_MEMBERSHIPS / 1000).find_map(Result::err);
        let refused = refused.expect("a refusal").text();
        assert!(refused.contains("nothing was written"), "{refused}");
    }
}
