//! Finds the people of a request about a group.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::vec::Vec;

use crate::domain::{User, UserRef};
use crate::error::{Code, Error, Result};
use crate::http::{Local, run_in};
use crate::lifecycle::{find_listed, find_one};
use crate::retool::Directory;

/// Up to this many people are looked up one by one. For more, everyone is listed once.
const LOOKED_UP: usize = 20;

/// Looks up users. An unknown address is an error if it `must` exist, and is skipped otherwise.
pub(super) async fn people(
    directory: &dyn Directory,
    refs: &[UserRef],
    must: bool,
) -> Result<Vec<User>> {
    let found = match refs.len() > LOOKED_UP {
        true => find_listed(directory, refs).await?,
        false => {
            let look = |at: usize| -> Local<'_, Result<Option<User>>> {
                Box::pin(find_one(directory, &refs[at]))
            };
            run_in(directory.window_of_records(), refs.len(), look).await?
        }
    };
    let mut users = Vec::with_capacity(refs.len());
    for (who, found) in refs.iter().zip(found) {
        match found {
            Some(user) => users.push(user),
            None if must => {
                let message = format!(
                    "No user in Retool has this {}, so nothing was written. Provision the person first.",
                    who.what()
                );
                return Err(Error::new(Code::UserNotFound, message).about(who.as_str()));
            }
            None => {}
        }
    }
    Ok(users)
}

/// Refuses a person who is named twice, under different names.
pub(super) fn check_each_once(joining: &[User], leaving: &[User]) -> Result<()> {
    let mut seen = BTreeSet::new();
    for user in joining.iter().chain(leaving) {
        if !seen.insert(&user.id) {
            return Err(Error::new(
                Code::DuplicatePerson,
                "The person is named twice, under different names. Say once whether they join or leave. Nothing was \
                 written.",
            )
            .about(user.email.as_str()));
        }
    }
    Ok(())
}
