//! The record of a person before a deprovision, which `restore` needs, and the file with it.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, anyhow};

use super::address;
use super::args::ConnectionArgs;
use super::connection::{deadline, tenant};
use super::directory::listing;
use super::escaped::file_text;
use super::failure::{Failure, Kept};
use super::files;
use super::grace::is_same;
use host_test::Tenant;
use host_test::json;
use host_test::requests;
use host_test::retool::types::{GroupLink, Tombstone, User};

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
    kept: Kept,
    state: State,
}

/// What is in the file. An older record is never overwritten, because the record of a repeated call
/// has less in it.
enum State {
    /// There is no file.
    Free,
    /// This run has created it.
    Made,
    /// An earlier run has written this record of the person.
    Older(Box<Tombstone>),
}

/// Why the state before a deprovision is not in its file.
#[derive(Debug)]
pub(crate) enum Unkept {
    /// The file could not be written.
    NotWritten(anyhow::Error),
    /// There is an older record that lacks something of this state.
    OtherRecord(anyhow::Error),
}

impl<'a> RecordFile<'a> {
    /// Checks that the file can be created, so that an error is found before a person is removed.
    /// Does not create it yet.
    pub(crate) fn at(path: &'a Path) -> Result<Self, Failure> {
        let instead = "give another file, or leave --tombstone out if that is the record of this \
                       deprovision";
        files::check_free(path, "a record", instead).map_err(Failure::Usage)?;
        Ok(RecordFile { path, kept: Kept::File, state: State::Free })
    }

    /// The same for a file in the folder of `--tombstones`. It may have the record of an earlier run
    /// about this person, as that run may have ended before it was done.
    pub(crate) fn in_folder(
        path: &'a Path,
        email: &str,
        connection: &ConnectionArgs,
    ) -> Result<Self, Failure> {
        let kept = Kept::FileInFolder;
        if path.symlink_metadata().is_ok()
            && let Ok(older) = read(path)
            && is_of(&older, email, &connection.base_url)
        {
            return Ok(RecordFile { path, kept, state: State::Older(Box::new(older)) });
        }
        let instead = "it is not that of this person here, so give another folder for --tombstones";
        files::check_free(path, "a record", instead).map_err(Failure::Usage)?;
        Ok(RecordFile { path, kept, state: State::Free })
    }

    /// Returns the path, if the file has the record.
    pub(crate) fn path(&self) -> Option<&'a Path> {
        (!matches!(self.state, State::Free)).then_some(self.path)
    }

    /// Writes the state before a deprovision, which has not begun. An older record stays if it has
    /// all of this state, and else it is an error.
    pub(crate) fn begin(&mut self, before: &Tombstone) -> Result<(), Unkept> {
        match &self.state {
            State::Older(older) if !covers(&older.user, &before.user) => {
                Err(Unkept::OtherRecord(anyhow!(
                    "{} has an earlier record, and the account has changed since; a record is never \
                     overwritten: give another folder for --tombstones; nothing was written for \
                     this person",
                    self.path.display()
                )))
            }
            _ => self.keep(before).map_err(Unkept::NotWritten),
        }
    }

    /// Writes this record. Replaces an earlier record of this run, and no older one.
    pub(crate) fn keep(&mut self, tombstone: &Tombstone) -> anyhow::Result<()> {
        let write = match self.state {
            State::Free => files::create,
            State::Made => files::replace,
            State::Older(_) => return Ok(()),
        };
        text_of(tombstone).and_then(|text| write(self.path, &text)).with_context(|| {
            format!("the record could not be written to {}", self.path.display())
        })?;
        self.state = State::Made;
        Ok(())
    }

    /// Handles a failed deprovision. If something may have been written, the file stays and the
    /// failure names it. Otherwise there is nothing to restore, and the file is removed, because
    /// it would only block the next try.
    pub(crate) fn after(self, failure: Failure) -> Failure {
        let removed = || matches!(self.state, State::Made) && fs::remove_file(self.path).is_ok();
        let is_needed = match self.state {
            State::Free => false,
            State::Made => failure.may_have_written() || !removed(),
            State::Older(_) => failure.may_have_written(),
        };
        if !is_needed {
            return failure;
        }
        let (path, kept) = (self.path.to_owned(), self.kept);
        Failure::Recorded { failure: Box::new(failure), path, kept }
    }
}

/// Returns whether this is a record of the person with this address in this organisation.
fn is_of(record: &Tombstone, email: &str, base_url: &str) -> bool {
    let is_theirs = |of: &String| address::key(of) == address::key(email);
    record.user.email.as_ref().is_some_and(is_theirs) && is_same(&record.base_url, base_url)
}

/// Returns whether restoring `was` gives back all that the account `is` has. That is so after a
/// deprovision of `was` that was finished or not: it takes memberships and rights, and disables.
fn covers(was: &User, is: &User) -> bool {
    let has = |link: &GroupLink| {
        let before = was.groups.iter().flatten().find(|before| before.id == link.id);
        before.is_some_and(|before| {
            link.group_admin != Some(true) || before.group_admin == link.group_admin
        })
    };
    // What is not known of the account is not lost either.
    fn same<T: PartialEq>(was: &Option<T>, is: &Option<T>) -> bool {
        is.is_none() || was == is
    }
    was.id == is.id
        && (was.admin || !is.admin)
        && (!was.disabled || is.disabled)
        && is.groups.iter().flatten().all(has)
        && same(&was.first_name, &is.first_name)
        && same(&was.last_name, &is.last_name)
        && same(&was.user_type, &is.user_type)
        && same(&was.profile_photo_url, &is.profile_photo_url)
        && same(&was.metadata, &is.metadata)
        && same(&was.attributes, &is.attributes)
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

/// Finds the person with their memberships, even if the server does not return these with a user.
async fn found(tenant: &Tenant, email: &str) -> Result<Option<User>, Failure> {
    let Some(mut user) = tenant.find_user(&requests::by_email(email)).await?? else {
        return Ok(None);
    };
    if user.groups.is_none() {
        user.groups = Some(listing::memberships(tenant, &user.id).await?);
    }
    Ok(Some(user))
}

/// Returns a record as the text of its file. Fails if it is so large that it could not be read back.
pub(crate) fn text_of(tombstone: &Tombstone) -> io::Result<String> {
    let text = file_text(tombstone)?;
    match text.len() > files::MOST_BYTES {
        true => Err(ErrorKind::FileTooLarge.into()),
        false => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{group, tombstone, user};
    use host_test::retool::types::UserId;

    #[test]
    fn a_record_covers_the_same_account_and_one_that_has_less() {
        let was = User { groups: Some(vec![group("Sales")]), admin: true, ..user("ada@x.com") };
        let stripped =
            User { disabled: true, admin: false, groups: Some(Vec::new()), ..was.clone() };
        for is in [&was, &stripped, &User { disabled: true, ..was.clone() }] {
            assert!(covers(&was, is), "{is:?}");
        }
        for (was, is) in [
            (&stripped, &was),
            (&stripped, &User { disabled: false, ..stripped.clone() }),
            (&was, &User { id: UserId::V1("other".to_owned()), ..was.clone() }),
            (&was, &User { first_name: Some("Ada".to_owned()), ..was.clone() }),
        ] {
            assert!(!covers(was, is), "{was:?} {is:?}");
        }
        let administers = GroupLink { group_admin: Some(true), ..group("Sales") };
        assert!(!covers(&was, &User { groups: Some(vec![administers]), ..was.clone() }));
    }

    #[test]
    fn a_record_that_could_not_be_read_back_is_not_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ada.json");
        let mut file = RecordFile::at(&path).expect("a free file");
        let raw = Some("x".repeat(files::MOST_BYTES));
        let error = file.keep(&Tombstone { raw, ..tombstone("ada@x.com") }).expect_err("too large");
        assert!(error.to_string().contains("could not be written"), "{error}");
        assert!(file.path().is_none() && !path.exists());
    }

    #[test]
    fn a_record_is_that_of_an_address_in_an_organisation() {
        let record = tombstone("Zoë@x.com");
        let base_url = &*record.base_url;
        assert!(is_of(&record, "ZOE\u{308}@X.com", base_url));
        assert!(!is_of(&record, "zoe@x.com", base_url));
        assert!(!is_of(&record, "zoë@x.com", "https://other.retool.com"));
    }
}
