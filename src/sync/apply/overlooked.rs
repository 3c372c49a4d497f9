//! What a run learns about the listing: people who exist although it lacked them. Then absence from
//! it proves nothing.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::run::Run;
use crate::domain::Email;
use crate::sync::Step;
use crate::sync::report::PersonOutcome;

impl Run<'_> {
    /// Returns whether a step's person exists although the listing lacked them.
    pub(super) fn is_overlooked(&self, step: &Step) -> bool {
        step.email.as_ref().is_some_and(|email| self.overlooked.contains(email))
    }

    /// Withholds a removal by absence if the listing was found to lack people who exist. Creations
    /// come before removals, so that this is known in time.
    pub(super) fn is_withheld(&mut self, step: &Step) -> bool {
        let overlooked = self.overlooked.first();
        let Some(overlooked) = overlooked.filter(|_| step.kind.removes_person()) else {
            return false;
        };
        let reason = format!(
            "Not removed: the listing lacked {}, who exists. So it is not certain who is absent. Sync again.",
            overlooked.as_str()
        );
        if let Some(person) = step.email.as_ref().and_then(|email| self.people.get_mut(email)) {
            person.outcome = PersonOutcome::Refused(reason);
        }
        true
    }
}

/// The most people that a message names.
const NAMED: usize = 5;

/// Returns the sentence about people who exist although the listing lacked them.
pub(super) fn overlooked(people: &[Email]) -> Option<String> {
    let named: Vec<&str> = people.iter().take(NAMED).map(Email::as_str).collect();
    let more = people.len() - named.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!people.is_empty()).then(|| {
        format!(
            "The listing lacked people who exist: {}{more}. So it may lack others too, and absence from it proves \
             nothing: no user was removed after this was found. Sync again; if it happens again, the server's \
             listing is incomplete.",
            named.join(", ")
        )
    })
}

/// Returns the sentence about new people whose types the server does not report.
pub(super) fn unconfirmed_types(people: usize) -> Option<String> {
    (people > 0).then(|| {
        format!(
            "The server does not report what the seats of {people} new people are billed as, so their types are not \
             confirmed. Check them in Retool."
        )
    })
}
