//! Planted defects: what a careless component would do, put between the component and the
//! server or its caller, so that nothing of it is in the component itself.

mod planted;

use std::rc::Rc;

use mock_retool::Dialect;
use retool_lifecycle::domain::Tombstone;
use retool_lifecycle::error::{Error, Result};
use retool_lifecycle::http::Transport;
use retool_lifecycle::sync::{GuardLimits, Span};

use crate::operation::{Done, Operation};

/// Declares the defects with their names and what a component with them would do.
macro_rules! defects {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal,)*) => {
        /// A defect that can be planted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Defect { $($(#[doc = $doc])* $name,)* }

        impl Defect {
            /// All of them.
            pub const ALL: &'static [Defect] = &[$(Defect::$name,)*];

            /// Its name on the command line and in the documents.
            pub fn name(self) -> &'static str {
                match self { $(Defect::$name => $text,)* }
            }
        }
    };
}

defects! {
    /// A PUT carries the address and the flags alone, and so resets the rest.
    DropTheMerge = "drop-the-merge",
    /// A PUT is made of the record as it was first read in the call.
    MergeAnOldRecord = "merge-an-old-record",
    /// After a lost answer to a creation nobody is looked up: it is posted again.
    SkipTheLookUp = "skip-the-look-up",
    /// Every request is sent again at once when the connection breaks, creations too.
    RepeatCreationsBlindly = "repeat-creations-blindly",
    /// Whoever is answered first is taken for the person who was looked for.
    TrustTheFilter = "trust-the-filter",
    /// The first page is taken for the whole listing.
    IgnoreTheOtherPages = "ignore-the-other-pages",
    /// Addresses are compared with regard to case.
    CompareWithCase = "compare-with-case",
    /// A lost answer to a write is taken for a refusal: nothing was done.
    TakeLostForRefused = "take-lost-for-refused",
    /// A failure of the server is taken for success where something is removed.
    TakeFailureForDone = "take-failure-for-done",
    /// The limits of the guards are not looked at.
    IgnoreTheLimits = "ignore-the-limits",
    /// The list of protected people is not looked at.
    IgnoreTheProtected = "ignore-the-protected",
    /// The roster speaks for everybody, whatever its span says.
    IgnoreTheSpan = "ignore-the-span",
    /// Nothing limits how long an answer may take.
    WaitForEver = "wait-for-ever",
    /// Last names are read as if there were none, so that they are always to be set.
    ForgetLastNames = "forget-last-names",
    /// Groups are read as if nobody were in them: who joins is added along with whoever should be
    /// in the group, as somebody who does not administer it.
    ForgetTheMembers = "forget-the-members",
    /// A deletion that only disables is taken for one.
    TakeDisabledForDeleted = "take-disabled-for-deleted",
    /// The invitations are not looked at: who is invited gets an account too.
    ForgetTheInvitations = "forget-the-invitations",
    /// A change of somebody sends their metadata along, as empty.
    EmptyTheMetadata = "empty-the-metadata",
    /// A change is sent without the version that it is made to.
    DropTheVersion = "drop-the-version",
    /// The sessions of whoever is disabled are left as they are.
    ForgetTheSessions = "forget-the-sessions",
    /// A member is removed without saying which one.
    EmptyTheGroup = "empty-the-group",
    /// Who joins a group is put in place of those who are in it.
    ReplaceTheMembers = "replace-the-members",
    /// An account is recorded as it is after it was disabled.
    RecordTooLate = "record-too-late",
    /// A call that fails does not say which accounts it took something from.
    ForgetTheTombstones = "forget-the-tombstones",
    /// A plan loses its last step after its digest was made.
    LeaveAStepOut = "leave-a-step-out",
}

impl Defect {
    /// The defect of this name.
    pub fn named(name: &str) -> Option<Defect> {
        Defect::ALL.iter().copied().find(|defect| defect.name() == name)
    }

    /// The dialects in which it can be made.
    pub fn dialects(self) -> &'static [Dialect] {
        use Dialect::{Scim, V1, V2};
        match self {
            // Only there is a record replaced by what is sent.
            Defect::DropTheMerge | Defect::MergeAnOldRecord => &[V1],
            // Only there does an answer tell it.
            Defect::ForgetTheMembers
            | Defect::ForgetTheInvitations
            | Defect::ForgetTheSessions
            | Defect::EmptyTheMetadata => &[V2],
            Defect::DropTheVersion | Defect::EmptyTheGroup | Defect::ReplaceTheMembers => &[Scim],
            // On /api/v1 a deletion deletes.
            Defect::TakeDisabledForDeleted => &[V2, Scim],
            // Elsewhere what was removed is looked for, whatever the answer was.
            Defect::TakeFailureForDone => &[V1],
            _ => &Dialect::ALL,
        }
    }

    /// What the component would understand of a call.
    pub fn misunderstood(self, operation: &Operation) -> Operation {
        let mut operation = operation.clone();
        if let Operation::Deprovision(departure) = &mut operation
            && self == Defect::IgnoreTheProtected
        {
            departure.protected_people.clear();
        }
        if let Operation::Sync(request) | Operation::Plan(request) = &mut operation {
            let guards = &mut request.policy.guards;
            match self {
                Defect::IgnoreTheLimits => {
                    *guards = GuardLimits {
                        max_user_removal_percent: 100,
                        max_user_removal_floor: u32::MAX,
                        max_member_removal_percent: 100,
                        max_member_removal_floor: u32::MAX,
                        minimum_admins: 0,
                        ..guards.clone()
                    };
                }
                Defect::IgnoreTheProtected => guards.protected_people.clear(),
                Defect::IgnoreTheSpan => request.span = Span::default(),
                _ => {}
            }
        }
        operation
    }

    /// Changes a result to what the component would report.
    pub fn misreport(self, result: &mut Result<Done, Error>) {
        match (self, result) {
            (Defect::RecordTooLate, result) => {
                for tombstone in tombstones(result) {
                    tombstone.user.disabled = true;
                }
            }
            (Defect::ForgetTheTombstones, Err(error)) => error.tombstones.clear(),
            (Defect::LeaveAStepOut, Ok(Done::Planned(plan))) => {
                plan.steps.pop();
            }
            (Defect::LeaveAStepOut, Ok(Done::Synced(report))) => {
                report.plan.steps.pop();
            }
            _ => {}
        }
    }

    /// A way to a server of this dialect with this defect in it.
    pub fn planted(self, dialect: Dialect, inner: Rc<dyn Transport>) -> Rc<dyn Transport> {
        planted::between(dialect, self, inner)
    }
}

/// The tombstones of a call, whether it succeeded or failed.
fn tombstones(result: &mut Result<Done, Error>) -> &mut [Tombstone] {
    match result {
        Ok(Done::Deprovisioned(done)) => done.tombstone.as_mut_slice(),
        Ok(Done::Synced(report)) => &mut report.tombstones,
        Ok(Done::Stepped(done)) => done.tombstone.as_mut_slice(),
        Ok(_) => &mut [],
        Err(error) => &mut error.tombstones,
    }
}
