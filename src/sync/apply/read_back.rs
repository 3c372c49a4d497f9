//! Reads the changed groups back, once all steps are applied.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::run::Run;
use crate::domain::{Email, GroupLink, Member, UserId};
use crate::error::{Error, Result, ends_the_run};
use crate::retool::membership;
use crate::retool::read_back::{ReadBack, read_back};
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

impl Run<'_> {
    /// Reads back every group whose members were changed, once if all members are as wanted.
    pub(super) async fn read_back(&mut self) -> Result<()> {
        for touched in self.touched.values() {
            let id = &touched.group.id;
            let read = read_back(self.directory, async || {
                let members = membership::members(self.directory, id).await?.unwrap_or_default();
                let wrong = touched.wrong(&members);
                Ok(if wrong.is_empty() { ReadBack::Holds(()) } else { ReadBack::NotYet(wrong) })
            });
            let failures: Vec<(&Email, Error)> = match read.await {
                Ok(Ok(())) => continue,
                Ok(Err(wrong)) => {
                    let mut failures = Vec::new();
                    for (user, member) in wrong {
                        // A member may be missing from this view, and be in the group.
                        let is_in = membership::is_in_own_record(self.directory, user, id);
                        if !(member.wanted && is_in.await.is_ok_and(|is_in| is_in)) {
                            let email = &member.email;
                            failures
                                .push((email, step::membership_not_held(email, &touched.group)));
                        }
                    }
                    failures
                }
                Err(error) if ends_the_run(&error) => return Err(error),
                Err(error) => {
                    let members = touched.members.values();
                    members.map(|member| (&member.email, error.clone())).collect()
                }
            };
            for (email, error) in failures {
                if let Some(person) = self.people.get_mut(email)
                    && person.outcome != PersonOutcome::Deleted
                {
                    person.outcome = PersonOutcome::Failed(error);
                }
            }
        }
        Ok(())
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
