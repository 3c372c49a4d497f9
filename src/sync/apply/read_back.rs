//! Reads the changed groups back, once all steps are applied.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::run::Run;
use crate::domain::{Email, GroupLink, Member, UserId};
use crate::error::{Error, Result, ends_the_run};
use crate::http::{Local, run_in};
use crate::retool::read_back::{ReadBack, read_back};
use crate::retool::{Directory, membership};
use crate::sort;
use crate::sync::report::PersonOutcome;
use crate::sync::step;

/// A group whose members were changed.
pub(super) struct Touched {
    pub(super) group: GroupLink,
    pub(super) members: BTreeMap<UserId, Membership>,
}

/// Whether a user should be in a group.
pub(super) struct Membership {
    pub(super) email: Email,
    pub(super) wanted: bool,
}

/// The people whose memberships are not as wanted, or the error that ends the run.
type NotHeld = Result<Vec<(Email, Error)>>;

impl Run<'_> {
    /// Reads back every group whose members were changed, once if all members are as wanted.
    pub(super) async fn read_back(&mut self) -> Result<()> {
        let directory = self.directory;
        let touched: Vec<&Touched> = self.touched.values().collect();
        let start = |at: usize| -> Local<'_, Result<NotHeld>> {
            let touched = touched[at];
            Box::pin(async move { Ok(not_held(directory, touched).await) })
        };
        for failures in run_in(directory.window_of_records(), touched.len(), start).await? {
            for (email, error) in failures? {
                if let Some(person) = self.people.get_mut(&email)
                    && person.outcome != PersonOutcome::Deleted
                {
                    person.outcome = PersonOutcome::Failed(error);
                }
            }
        }
        Ok(())
    }
}

/// Reads a group back until its members are as wanted. Returns the people whose memberships are
/// not, or can't be read. Fails only if the run must end.
async fn not_held(directory: &dyn Directory, touched: &Touched) -> NotHeld {
    let id = &touched.group.id;
    let read = read_back(directory, async || {
        let members = membership::members(directory, id).await?.unwrap_or_default();
        let wrong = touched.wrong(&members);
        Ok(if wrong.is_empty() { ReadBack::Holds(()) } else { ReadBack::NotYet(wrong) })
    });
    match read.await {
        Ok(Ok(())) => Ok(Vec::new()),
        Ok(Err(wrong)) => {
            let mut failures = Vec::new();
            for (user, member) in wrong {
                // A member may be missing from this view, and be in the group.
                let is_in = membership::is_in_own_record(directory, user, id);
                if !(member.wanted && is_in.await.is_ok_and(|is_in| is_in)) {
                    let error = step::membership_not_held(&member.email, &touched.group);
                    failures.push((member.email.clone(), error));
                }
            }
            Ok(failures)
        }
        Err(error) if ends_the_run(&error) => Err(error),
        Err(error) => {
            let members = touched.members.values();
            Ok(members.map(|member| (member.email.clone(), error.clone())).collect())
        }
    }
}

impl Touched {
    /// Returns the users whose membership is not as wanted.
    fn wrong<'a>(&'a self, members: &[Member]) -> Vec<(&'a UserId, &'a Membership)> {
        let present = sort::set(members.iter().map(|member| &member.id));
        let wrong =
            self.members.iter().filter(|(id, member)| present.contains(id) != member.wanted);
        wrong.collect()
    }
}
