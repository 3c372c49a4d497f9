//! Planted defects. Each does what a component with a bug would do. A defect is planted between the
//! component and the server or its caller, so the component itself contains none of it.

mod evidence;
mod names;
mod planted;

use std::rc::Rc;

use mock_retool::Dialect;
use retool_lifecycle::domain::{Tombstone, Write, WriteKind};
use retool_lifecycle::error::{Code, Error, Result};
use retool_lifecycle::http::Transport;
use retool_lifecycle::lifecycle::ProvisionOutcome;
use retool_lifecycle::sync::absence::AbsenceScope;
use retool_lifecycle::sync::report::PersonOutcome;
use retool_lifecycle::sync::{AbsentPolicy, GuardLimits, Limit, Span, digest};

use crate::operation::{Done, Operation};

const NO_LIMIT: Limit = Limit::new(100, u32::MAX);

/// Declares the defects, with their names and the behaviour of a component that has them.
macro_rules! defects {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal,)*) => {
        /// A defect that can be planted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Defect { $($(#[doc = $doc])* $name,)* }

        impl Defect {
            /// Every defect.
            pub const ALL: &'static [Defect] = &[$(Defect::$name,)*];

            /// Returns its name on the command line and in the documents.
            pub fn name(self) -> &'static str {
                match self { $(Defect::$name => $text,)* }
            }
        }
    };
}

defects! {
    /// A PUT contains only the address, the flags and the user type, which resets all other fields.
    DropTheMerge = "drop-the-merge",
    /// A PUT is built from the first read of the record in the call, not the last.
    MergeAnOldRecord = "merge-an-old-record",
    /// After a lost response a creation is posted again without a look-up.
    SkipTheLookUp = "skip-the-look-up",
    /// After a lost response an invitation is sent again without a look-up.
    InviteWithoutLooking = "invite-without-looking",
    /// Every request is sent again at once when the connection breaks, also creations.
    RepeatCreationsBlindly = "repeat-creations-blindly",
    /// The first user of a filtered listing is used without comparing the address.
    TrustTheFilter = "trust-the-filter",
    /// The first page is used as the whole listing.
    IgnoreTheOtherPages = "ignore-the-other-pages",
    /// Addresses are compared case-sensitively.
    CompareWithCase = "compare-with-case",
    /// A lost response to a write counts as a refusal.
    TakeLostForRefused = "take-lost-for-refused",
    /// A server error counts as success of a removal.
    TakeFailureForDone = "take-failure-for-done",
    /// The limits of the guards are ignored.
    IgnoreTheLimits = "ignore-the-limits",
    /// The group of administrators counts as a group like others.
    IgnoreTheAdminGroup = "ignore-the-admin-group",
    /// The list of protected users is ignored.
    IgnoreTheProtected = "ignore-the-protected",
    /// The roster applies to every user. Its span is ignored.
    IgnoreTheSpan = "ignore-the-span",
    /// Everyone in the span who is not on the roster is absent, whatever the scope is.
    IgnoreTheScope = "ignore-the-scope",
    /// A disabled account is deleted before its days of grace are over.
    IgnoreTheGrace = "ignore-the-grace",
    /// An account is deleted although it is not known since when it is disabled.
    DeleteWithoutADate = "delete-without-a-date",
    /// A person who was active lately counts as inactive.
    IgnoreTheLastLogin = "ignore-the-last-login",
    /// A person without a date of the last activity counts as inactive.
    InventALastLogin = "invent-a-last-login",
    /// A restored person does not get back the names, the photo and the metadata.
    RestoreNoValues = "restore-no-values",
    /// A person who loses rights or values, and no access, has no tombstone.
    RecordOnlyRemovals = "record-only-removals",
    /// A restored person is not added to the groups again.
    RestoreNoMemberships = "restore-no-memberships",
    /// The time of a request is not limited.
    WaitForEver = "wait-for-ever",
    /// Last names are read as missing, so they are set again each time.
    ForgetLastNames = "forget-last-names",
    /// Groups are read as empty, so every user who should be in the group is added again, as one
    /// who does not administer it.
    ForgetTheMembers = "forget-the-members",
    /// A deletion that only disables counts as a deletion.
    TakeDisabledForDeleted = "take-disabled-for-deleted",
    /// The invitations are ignored, so an invited user gets an account too.
    ForgetTheInvitations = "forget-the-invitations",
    /// A change of a user also sends empty metadata.
    EmptyTheMetadata = "empty-the-metadata",
    /// A change of one key of the metadata replaces all of it.
    ReplaceTheMetadata = "replace-the-metadata",
    /// A user attribute is reported as set and not sent.
    ForgetTheAttributes = "forget-the-attributes",
    /// A change is sent without the version of the record.
    DropTheVersion = "drop-the-version",
    /// The sessions of a disabled user are not ended.
    ForgetTheSessions = "forget-the-sessions",
    /// The removal of a member does not name the member.
    EmptyTheGroup = "empty-the-group",
    /// A new member of a group replaces the existing members.
    ReplaceTheMembers = "replace-the-members",
    /// The tombstone contains the account as it is after it was disabled.
    RecordTooLate = "record-too-late",
    /// A call that fails returns no tombstones.
    ForgetTheTombstones = "forget-the-tombstones",
    /// A plan loses its last step after its digest was computed.
    LeaveAStepOut = "leave-a-step-out",
    /// A call ends with its first throttled request, however much time it has.
    GiveUpWhenThrottled = "give-up-when-throttled",
    /// The headers that say how long to wait are not read.
    IgnoreTheWait = "ignore-the-wait",
    /// A write with a final status is sent again, as after a failure of the server.
    RepeatFinalStatuses = "repeat-final-statuses",
    /// A request without a response may take as long as the call.
    WaitOnOneRequest = "wait-on-one-request",
    /// A change that the server refuses for its version is sent again without a version.
    IgnoreTheConflict = "ignore-the-conflict",
    /// A PUT of a whole resource contains only the login and whether the user is active.
    PutOnlyTheChange = "put-only-the-change",
    /// A first page whose total is its own length is taken for the whole listing.
    TrustThePageTotal = "trust-the-page-total",
    /// Records without an address, or with a field of another type, are ignored.
    OverlookUnusableRecords = "overlook-unusable-records",
    /// A sync that met a person that the listing lacked is complete.
    ForgetTheConflict = "forget-the-conflict",
    /// A page size that the server refuses ends the call.
    GiveUpAtARefusedPage = "give-up-at-a-refused-page",
    /// The memberships after a PUT are taken for those before it.
    TakeMembershipsForKept = "take-memberships-for-kept",
    /// The sessions of a user who was disabled before are not ended again.
    EndSessionsOnce = "end-sessions-once",
    /// A user that the look-up by address does not find is not looked up by id.
    TrustTheAddress = "trust-the-address",
    /// Every member of a group counts as one who does not administer it.
    ForgetTheGroupAdmins = "forget-the-group-admins",
    /// A change of a group also resets what its members may do in every resource.
    ResetTheAccess = "reset-the-access",
    /// People who join a group administer it.
    JoinAsAdmins = "join-as-admins",
    /// A disabled account is deleted by the date of its last change.
    DeleteByTheLastChange = "delete-by-the-last-change",
    /// Memberships are read from groups alone, and not from the records of users.
    TrustOneView = "trust-one-view",
    /// Memberships are read from the records of users alone, and not from those of groups.
    TrustTheUsersRecord = "trust-the-users-record",
    /// A disabled user who is shown no longer counts as a lost reply.
    TakeGoneForLost = "take-gone-for-lost",
    /// A deletion that leaves the user is asked for again.
    DeleteAgain = "delete-again",
    /// A plan that was altered is applied under the approved digest.
    ApplyAnAlteredPlan = "apply-an-altered-plan",
    /// The steps of a slice are not compared with the state that they were planned on.
    SkipThePreconditionInASlice = "skip-the-precondition-in-a-slice",
    /// An account is known by its login alone.
    KnowOneName = "know-one-name",
    /// A login that is no address counts as one.
    TakeLoginsForAddresses = "take-logins-for-addresses",
    /// A letter that is written as two characters is not the letter that is written as one.
    CompareTheCharacters = "compare-the-characters",
    /// The former addresses of a request are ignored, so a person with another address is created.
    ForgetTheFormerAddresses = "forget-the-former-addresses",
    /// Another address is sent without the rest of the record, or without the other mails.
    SendTheAddressAlone = "send-the-address-alone",
    /// A person who was renamed is reported as updated.
    CallARenameAnUpdate = "call-a-rename-an-update",
    /// People leave groups before they join others.
    RemoveBeforeAdding = "remove-before-adding",
    /// Each change of a user is sent twice at the same time.
    WriteTwiceAtOnce = "write-twice-at-once",
    /// Every other administrator is read as an ordinary person, so two of them lose their rights at
    /// the same time.
    OverlookAdministrators = "overlook-administrators",
    /// A group whose name has a character that can't be seen is another group.
    OverlookLookAlikes = "overlook-look-alikes",
}

impl Defect {
    /// Returns the defect with this name.
    pub fn named(name: &str) -> Option<Defect> {
        Defect::ALL.iter().copied().find(|defect| defect.name() == name)
    }

    /// Returns the dialects in which the defect is possible.
    pub fn dialects(self) -> &'static [Dialect] {
        use Dialect::{Scim, V1, V2};
        match self {
            // Only `/api/v1` replaces the whole record by a PUT.
            Defect::DropTheMerge | Defect::MergeAnOldRecord | Defect::TakeMembershipsForKept => {
                &[V1]
            }
            // SCIM has no other sign of administrators, and the guards fail closed without it.
            Defect::IgnoreTheAdminGroup | Defect::OverlookAdministrators => &[V1, V2],
            // Only `/api/v2` has these data.
            Defect::ForgetTheMembers
            | Defect::ForgetTheInvitations
            | Defect::InviteWithoutLooking
            | Defect::ForgetTheSessions
            | Defect::EndSessionsOnce
            | Defect::ForgetTheGroupAdmins
            | Defect::ResetTheAccess
            | Defect::JoinAsAdmins
            | Defect::EmptyTheMetadata
            | Defect::ReplaceTheMetadata
            | Defect::ForgetTheAttributes => &[V2],
            Defect::DropTheVersion
            | Defect::EmptyTheGroup
            | Defect::ReplaceTheMembers
            | Defect::IgnoreTheConflict
            | Defect::PutOnlyTheChange
            | Defect::TrustOneView
            | Defect::TrustTheUsersRecord
            // Over the others the answer mostly contains the record.
            | Defect::TakeGoneForLost
            // Only SCIM has logins.
            | Defect::KnowOneName
            | Defect::TakeLoginsForAddresses => &[Scim],
            // Only their listings have totals and a page size.
            Defect::TrustThePageTotal | Defect::GiveUpAtARefusedPage => &[V1, Scim],
            // `/api/v2` has no time of the last change, and its deletions never delete.
            Defect::DeleteByTheLastChange | Defect::DeleteAgain => &[V1, Scim],
            Defect::IgnoreTheGrace | Defect::DeleteWithoutADate => &[V1, Scim],
            // SCIM does not say when people were last active.
            Defect::InventALastLogin => &[V1, V2],
            // Not every server of `/api/v1` says it, so the runs that could show it are too few.
            Defect::IgnoreTheLastLogin => &[V2],
            // `/api/v2` renames nobody.
            Defect::SendTheAddressAlone | Defect::CallARenameAnUpdate => &[V1, Scim],
            // Over the other dialects the component reads after a removal, whatever the response.
            Defect::TakeFailureForDone => &[V1],
            _ => &Dialect::ALL,
        }
    }

    /// Changes the inputs of a call to those that a component with the defect would use.
    pub fn change_inputs(self, operation: &Operation) -> Operation {
        let mut operation = operation.clone();
        if let Operation::Deprovision(departure) = &mut operation
            && self == Defect::IgnoreTheProtected
        {
            departure.protected_people.clear();
        }
        if let Operation::Deprovision(departure) = &mut operation
            && self == Defect::DeleteByTheLastChange
        {
            departure.disabled_since = Some(departure.disabled_since.unwrap_or(0));
        }
        if let Operation::Restore(restoration) = &mut operation
            && self == Defect::RestoreNoMemberships
        {
            for tombstone in &mut restoration.tombstones {
                tombstone.user.groups = tombstone.user.groups.as_ref().map(|_| Vec::new());
            }
        }
        if let Operation::Restore(restoration) = &mut operation
            && self == Defect::RestoreNoValues
        {
            for tombstone in &mut restoration.tombstones {
                let user = &mut tombstone.user;
                (user.first_name, user.last_name, user.profile_photo_url) = (None, None, None);
                (user.metadata, user.attributes) = (None, None);
            }
        }
        if self == Defect::ForgetTheFormerAddresses {
            match &mut operation {
                Operation::Provision(arrival) => arrival.former_emails.clear(),
                Operation::Sync(request) | Operation::Plan(request) => {
                    request.roster.iter_mut().for_each(|entry| entry.details.former_emails.clear());
                }
                _ => {}
            }
        }
        if let Operation::Slice(slice) = &mut operation {
            match self {
                Defect::ApplyAnAlteredPlan => {
                    let mut plan = (*slice.given).clone();
                    plan.digest = digest::plan(&plan);
                    slice.digest.clone_from(&plan.digest);
                    slice.given = Rc::new(plan);
                }
                Defect::SkipThePreconditionInASlice => slice.is_blind = true,
                Defect::RemoveBeforeAdding => slice.remove_first(),
                _ => {}
            }
        }
        if let Operation::Sync(request) | Operation::Plan(request) = &mut operation {
            let policy = &mut request.policy;
            match (self, policy.absent) {
                (Defect::IgnoreTheGrace, AbsentPolicy::DisableThenDelete(_)) => {
                    policy.absent = AbsentPolicy::DisableThenDelete(0);
                }
                (Defect::DeleteWithoutADate, AbsentPolicy::DisableThenDelete(_)) => {
                    policy.absent = AbsentPolicy::Delete;
                }
                (Defect::IgnoreTheLastLogin, _) => {
                    policy.inactive_for_days = policy.inactive_for_days.map(|_| 0);
                }
                _ => {}
            }
            let guards = &mut policy.guards;
            match self {
                Defect::IgnoreTheLimits => {
                    *guards = GuardLimits {
                        user_removals: NO_LIMIT,
                        member_removals: NO_LIMIT,
                        membership_removals: NO_LIMIT,
                        creations: NO_LIMIT,
                        promotions: NO_LIMIT,
                        re_enablements: NO_LIMIT,
                        updates: NO_LIMIT,
                        member_additions: NO_LIMIT,
                        minimum_admins: 0,
                        ..guards.clone()
                    };
                }
                Defect::IgnoreTheProtected => guards.protected_people.clear(),
                Defect::IgnoreTheSpan => request.span = Span::default(),
                Defect::IgnoreTheScope => request.policy.absence = AbsenceScope::default(),
                _ => {}
            }
        }
        operation
    }

    /// Changes a result to what a component with the defect would report.
    pub fn change_result(self, result: &mut Result<Done, Error>) {
        match (self, result) {
            (Defect::RecordTooLate, result) => {
                for tombstone in tombstones(result) {
                    tombstone.user.disabled = true;
                }
            }
            (Defect::ForgetTheTombstones, Err(error)) => error.tombstones.clear(),
            (Defect::RecordOnlyRemovals, Ok(Done::Synced(report))) => {
                let writes = &report.writes;
                report.tombstones.retain(|tombstone| is_removed(tombstone, writes));
            }
            (Defect::RecordOnlyRemovals, Ok(Done::Stepped(done))) => {
                let writes = &done.writes;
                done.tombstone.take_if(|tombstone| !is_removed(tombstone, writes));
            }
            (Defect::ForgetTheSessions | Defect::EndSessionsOnce, Ok(done)) => {
                if let Some(writes) = done.writes_mut() {
                    writes.retain(|write| write.kind != WriteKind::SessionsEnded);
                }
            }
            (Defect::TakeGoneForLost, result) => {
                let is_gone = |what: &String| what.contains("hides or deletes");
                if let Ok(Done::Deprovisioned(done)) = &result
                    && done.remaining.iter().any(is_gone)
                {
                    let writes = done.writes.clone();
                    let error = Error::new(Code::NotVerified, "The reply was lost.").after(writes);
                    let tombstones = done.tombstone.clone().into_iter().collect();
                    *result = Err(error.with_tombstones(tombstones));
                }
            }
            (Defect::LeaveAStepOut, Ok(Done::Planned(plan))) => {
                plan.steps.pop();
            }
            (Defect::LeaveAStepOut, Ok(Done::Synced(report))) => {
                report.plan.steps.pop();
            }
            (Defect::CallARenameAnUpdate, Ok(Done::Provisioned(done)))
                if done.outcome == ProvisionOutcome::Renamed =>
            {
                done.outcome = ProvisionOutcome::Updated;
            }
            (Defect::CallARenameAnUpdate, Ok(Done::Synced(report))) => {
                for person in &mut report.people {
                    if matches!(person.outcome, PersonOutcome::Renamed) {
                        person.outcome = PersonOutcome::Updated;
                    }
                }
            }
            (Defect::ForgetTheConflict, Ok(Done::Synced(report))) => {
                evidence::call_complete(report);
            }
            _ => {}
        }
    }

    /// Wraps a connection to a server of this dialect in one with this defect.
    pub fn wrap(self, dialect: Dialect, inner: Rc<dyn Transport>) -> Rc<dyn Transport> {
        match self {
            Defect::IgnoreTheConflict
            | Defect::PutOnlyTheChange
            | Defect::TrustThePageTotal
            | Defect::OverlookUnusableRecords
            | Defect::GiveUpAtARefusedPage => evidence::wrap(dialect, self, inner),
            Defect::KnowOneName
            | Defect::TakeLoginsForAddresses
            | Defect::CompareTheCharacters
            | Defect::OverlookLookAlikes => names::wrap(dialect, self, inner),
            _ => planted::wrap(dialect, self, inner),
        }
    }
}

/// Whether a write disables or deletes the person of a tombstone, or removes them from a group.
fn is_removed(tombstone: &Tombstone, writes: &[Write]) -> bool {
    use WriteKind::{InvitationCancelled, MemberRemoved, UserDeleted, UserDisabled};
    let names = [tombstone.user.email.as_str(), &tombstone.user.id.value];
    writes.iter().any(|write| {
        matches!(write.kind, InvitationCancelled | MemberRemoved | UserDeleted | UserDisabled)
            && names.contains(&write.subject.as_str())
    })
}

/// Returns the tombstones of a call, whether it succeeded or failed.
fn tombstones(result: &mut Result<Done, Error>) -> &mut [Tombstone] {
    match result {
        Ok(Done::Deprovisioned(done)) => done.tombstone.as_mut_slice(),
        Ok(Done::Synced(report)) => &mut report.tombstones,
        Ok(Done::Stepped(done)) => done.tombstone.as_mut_slice(),
        Ok(_) => &mut [],
        Err(error) => &mut error.tombstones,
    }
}
