//! Checks what writes must not change besides: memberships that a PUT leaves out, and accounts that a
//! deletion leaves disabled.

use std::collections::BTreeMap;

use super::Checker;
use crate::allowed_writes::KnownGroup;
use crate::change::{Change, key};
use crate::operation::Done;
use crate::request::Act;
use retool_lifecycle::sync::report::PersonOutcome;

impl Checker {
    /// Returns a membership that the server dropped with a PUT and that was not put back, although
    /// the call reports success for the person.
    pub(super) fn dropped_in_silence(&self, done: &Done) -> Option<String> {
        let now = &**self.now();
        self.component_changes().find_map(|change| {
            let Change::Left { id, email, group } = change else { return None };
            let user = now.user(id)?;
            let group_now = now.group(*group)?;
            let is_out = user.memberships.iter().all(|membership| membership.group != *group);
            let person = key(email);
            let is_said = self.operation.known_as(&person).iter().any(|known| failed(done, known));
            let may_leave =
                self.addresses_of(id).iter().any(|person| self.may_leave(person, *group));
            (is_out && !may_leave && !is_said)
                .then(|| format!("{person} is no longer in {:?}, and was to stay", group_now.name))
        })
    }

    /// Whether the call may remove a user from a group.
    pub(super) fn may_leave(&self, person: &str, group: u32) -> bool {
        let names = self.group_names(group);
        names.iter().any(|name| self.operation.may_leave(person, &KnownGroup { id: group, name }))
    }

    /// Returns an account that was disabled before, and whose deletion the server accepted twice.
    pub(super) fn deleted_twice(&self) -> Option<String> {
        let mut accepted: BTreeMap<&str, usize> = BTreeMap::new();
        for parsed in &self.writes {
            if let (Some(Act::Delete { id }), Some(200..=299)) = (&parsed.act, parsed.answered) {
                *accepted.entry(id).or_default() += 1;
            }
        }
        let is_left = |id: &str| self.now().user(id).is_some();
        let twice = accepted.into_iter().find(|(id, count)| *count > 1 && is_left(id));
        twice.map(|(id, _)| {
            format!("the deletion of {:?} was asked for twice", self.addresses_of(id))
        })
    }
}

/// Whether the result says that the call failed for a person.
fn failed(done: &Done, person: &str) -> bool {
    match done {
        Done::Synced(report) => report.people.iter().any(|reported| {
            &*key(reported.email.as_str()) == person
                && matches!(reported.outcome, PersonOutcome::Failed(_))
        }),
        Done::Restored(done) => done
            .people
            .iter()
            .any(|reported| &*key(reported.email.as_str()) == person && reported.outcome.is_err()),
        _ => false,
    }
}
