//! Checks that a call reports its writes correctly.

use std::collections::BTreeSet;

use mock_retool::{ADMIN, Organisation};
use retool_lifecycle::domain::{Write, WriteKind};
use retool_lifecycle::error::Error;
use retool_lifecycle::lifecycle::{DeprovisionOutcome, ProvisionOutcome};
use retool_lifecycle::sync::digest;
use retool_lifecycle::sync::report::PersonOutcome;

use super::{Checker, Who};
use crate::change::{
    Change, TWO_FACTOR, address_of_invitation, administered, invitation_id, is_invitation, key,
    metadata_key,
};
use crate::dialects::{dialect_wire, group_id};
use crate::operation::{Done, Operation, tombstones};
use crate::request::{Act, ParsedRequest, Target};

impl Checker {
    /// Checks the result of a call that ended.
    pub fn call_ended(&mut self, result: &Result<Done, Error>) {
        let writes = match result {
            Ok(done) => done.writes(),
            Err(error) => &error.writes,
        };
        let mut found = self.unreported(writes);
        found.extend(writes.iter().filter(|write| write.confirmed && !self.holds(write)).map(
            |write| {
                format!(
                    "{:?} of {} {:?} is reported and did not happen",
                    write.kind, write.subject, write.group
                )
            },
        ));
        found.extend(self.deleted_twice());
        if let (Ok(done), false) = (result, self.is_disturbed()) {
            found.extend(self.wrong_outcome(done));
            found.extend(self.wrongly_renamed(done));
            found.extend(self.dropped_in_silence(done));
            let missed = self.unreached_goal(done);
            found.extend(missed.map(|what| format!("the call reports success, but {what}")));
        }
        for what in found {
            self.violated("truth", what);
        }
        if let (Ok(Done::Synced(report)), Some(overlooked)) = (result, self.overlooked.first())
            && report.complete
        {
            let what = format!("complete, although the listing lacked {overlooked}");
            self.violated("whole listings", what);
        }
        for what in self.unrecorded(tombstones(result)) {
            self.violated("tombstones", what);
        }
        if let Some(plan) = result.as_ref().ok().and_then(Done::plan)
            && !self.is_disturbed()
            && let Some(what) = self.wrongly_planned(plan)
        {
            self.violated("renames", what);
        }
        if let Some(plan) = result.as_ref().ok().and_then(Done::plan)
            && digest::plan(plan) != plan.digest
        {
            self.violated("digest", "the digest of a plan does not match its contents");
        }
        let planned_removals = match result {
            Ok(Done::Planned(plan)) => plan.steps.iter().any(|step| {
                use retool_lifecycle::sync::StepKind::{
                    CancelInvitation, DeleteUser, DisableUser, RemoveMember,
                };
                matches!(step.kind, DisableUser | DeleteUser | RemoveMember | CancelInvitation)
            }),
            _ => false,
        };
        if planned_removals && !self.saw_whole_listings() {
            self.violated("whole listings", "a plan made from a partial listing removes users");
        }
    }

    /// Returns the component's changes that it does not report.
    fn unreported(&self, writes: &[Write]) -> Vec<String> {
        let changes = self
            .events
            .iter()
            .filter(|event| event.who == Who::Component)
            .flat_map(|event| &event.changes);
        let mut unreported = Vec::new();
        for change in changes {
            use WriteKind::*;
            let is_reported = |kinds: &[WriteKind],
                               subjects: &BTreeSet<String>,
                               group: Option<u32>| {
                writes.iter().any(|write| {
                    kinds.contains(&write.kind)
                        && subjects.contains(&key(&write.subject))
                        && group.is_none_or(|group| self.is_called(group, write.group.as_deref()))
                })
            };
            let reported = match change {
                Change::UserCreated { email, .. } => {
                    is_reported(&[UserCreated], &BTreeSet::from([key(email)]), None)
                }
                // Some servers show no disabled users, or delete them.
                Change::UserDeleted { id, .. } if self.disabled_users_vanish() => {
                    let kinds = [UserDeleted, UserDisabled, UserUpdated];
                    is_reported(&kinds, &self.addresses_of(id), None)
                }
                Change::UserDeleted { id, .. } => {
                    is_reported(&[UserDeleted], &self.addresses_of(id), None)
                }
                // A deletion may have only disabled the user, and its response may be lost.
                Change::UserField { id, field, .. } if field == "isDisabled" => is_reported(
                    &[UserUpdated, UserRenamed, UserDisabled, UserEnabled, UserDeleted],
                    &self.addresses_of(id),
                    None,
                ),
                Change::UserField { id, field, .. } if administered(field).is_some() => {
                    let kinds = [MemberAdded, MemberChanged];
                    is_reported(&kinds, &self.addresses_of(id), administered(field))
                }
                // As for a membership below.
                Change::UserField { id, field, .. }
                    if field == "isAdmin" && self.was_removed_concurrently(id, ADMIN) =>
                {
                    true
                }
                // The right may follow from the group of administrators.
                Change::UserField { id, field, .. }
                    if field == "isAdmin"
                        && (is_reported(
                            &[MemberAdded, MemberRemoved],
                            &self.addresses_of(id),
                            Some(ADMIN),
                        ) || is_reported(
                            &[GroupDeleted],
                            &self.group_keys(ADMIN),
                            Some(ADMIN),
                        )) =>
                {
                    true
                }
                Change::UserField { id, field, .. } if metadata_key(field).is_some() => {
                    let kinds = [UserUpdated, UserRenamed, UserEnabled, AttributeChanged];
                    is_reported(&kinds, &self.addresses_of(id), None)
                }
                Change::UserField { id, field, .. } if field == TWO_FACTOR => {
                    is_reported(&[WriteKind::TwoFactorReset], &self.addresses_of(id), None)
                }
                // A PUT that undoes an edit of the address is no renaming.
                Change::UserField { id, field, .. }
                    if field == "email" && !self.undoes_an_edit(id, field) =>
                {
                    is_reported(&[UserRenamed], &self.addresses_of(id), None)
                }
                Change::UserField { id, .. } => is_reported(
                    &[UserUpdated, UserRenamed, UserDisabled, UserEnabled],
                    &self.addresses_of(id),
                    None,
                ),
                Change::Invited { email, .. } => {
                    is_reported(&[UserInvited], &BTreeSet::from([key(email)]), None)
                }
                Change::Uninvited { id, .. } => {
                    is_reported(&[InvitationCancelled], &self.addresses_of(id), None)
                }
                Change::TwoFactorReset { id, .. } => {
                    is_reported(&[WriteKind::TwoFactorReset], &self.addresses_of(id), None)
                }
                Change::SessionsEnded { id, .. } => {
                    is_reported(&[SessionsEnded], &self.addresses_of(id), None)
                }
                // The component added the user again. The message of the error says so.
                Change::Joined { id, group, .. } if self.was_removed_concurrently(id, *group) => {
                    true
                }
                Change::Joined { id, group, .. } => {
                    is_reported(&[MemberAdded], &self.addresses_of(id), Some(*group))
                }
                Change::Left { id, group, .. } => {
                    is_reported(&[MemberRemoved], &self.addresses_of(id), Some(*group))
                        || self.dropped_by_an_unconfirmed_put(writes, id, *group)
                        // The component read the account before the user joined.
                        || self.was_dropped(id, *group) && self.joined_concurrently(id, *group)
                        // The account is gone before it could be read back.
                        || self.was_dropped(id, *group)
                            && self.concurrent_changes().any(|change| {
                                matches!(change, Change::UserDeleted { id: gone, .. } if gone.as_str() == id.as_str())
                            })
                }
                Change::GroupCreated { id, .. } => {
                    is_reported(&[GroupCreated], &self.group_keys(*id), Some(*id))
                }
                Change::GroupDeleted { id, .. } => {
                    is_reported(&[GroupDeleted], &self.group_keys(*id), Some(*id))
                }
                Change::GroupField { id, .. } => {
                    is_reported(&[GroupUpdated], &self.group_keys(*id), Some(*id))
                }
            };
            if !reported {
                unreported.push(format!("{change:?} is not reported"));
            }
        }
        unreported
    }

    fn group_keys(&self, id: u32) -> BTreeSet<String> {
        self.group_names(id).iter().map(|name| key(name)).collect()
    }

    fn is_called(&self, group: u32, label: Option<&str>) -> bool {
        let id = group_id(self.dialect, group).value;
        label.is_some_and(|label| label == id || self.group_names(group).contains(label.trim()))
    }

    /// Whether a write that is reported as confirmed was sent, and was visible at some time in the
    /// call.
    fn holds(&self, write: &Write) -> bool {
        let subject = key(&write.subject);
        let accounts = self.states().flat_map(|state| &state.users).map(|user| user.id.clone());
        let invites = self.states().flat_map(|state| &state.invites);
        let ids: BTreeSet<String> = accounts
            .chain(invites.map(|invite| invitation_id(invite.id)))
            .filter(|id| self.addresses_of(id).contains(&subject))
            .collect();
        let groups: BTreeSet<u32> = self
            .states()
            .flat_map(|state| &state.groups)
            .filter(|group| self.is_called(group.id, write.group.as_deref()))
            .map(|group| group.id)
            .collect();
        let sent = |is: &dyn Fn(&Act) -> bool| {
            self.writes.iter().filter_map(|parsed| parsed.act.as_ref()).any(is)
        };
        let shows = |is: &dyn Fn(&Organisation) -> bool| self.states().any(is);
        let is_member = |state: &Organisation, group: u32, id: &str| {
            state.members(group).any(|member| member.user.id == id)
                || state.invites_to(group).any(|invite| invitation_id(invite.id) == id)
        };
        let is_someone =
            |state: &Organisation| state.users.iter().any(|user| key(&user.email) == subject);
        let updates = |act: &Act| matches!(act, Act::Update { id, .. } if ids.contains(id));
        let deletes = |act: &Act| matches!(act, Act::Delete { id } if ids.contains(id));
        let any = |state: &Organisation, is: &dyn Fn(&mock_retool::User) -> bool| {
            state.users.iter().any(|user| ids.contains(&user.id) && is(user))
        };
        match write.kind {
            WriteKind::UserCreated => {
                sent(&|act| matches!(act, Act::Create { .. })) && shows(&is_someone)
            }
            WriteKind::UserInvited => {
                let is_invited = |state: &Organisation| {
                    state.invites.iter().any(|invite| key(&invite.email) == subject)
                };
                sent(&|act| matches!(act, Act::Invite { .. })) && shows(&is_invited)
            }
            WriteKind::UserRenamed => {
                let has_it = |user: &mock_retool::User| key(&user.email) == subject;
                sent(&updates) && shows(&|state| any(state, &has_it))
            }
            WriteKind::UserUpdated => {
                // If the request was lost, the other administrator may have set the same value.
                let served = |parsed: &ParsedRequest| {
                    parsed.served && parsed.act.as_ref().is_some_and(updates)
                };
                self.writes.iter().any(served) || self.is_disturbed()
            }
            WriteKind::AttributeChanged => {
                let served = |parsed: &ParsedRequest| {
                    parsed.served
                        && matches!(parsed.target, Target::Attributes(_))
                        && parsed.act.as_ref().is_some_and(updates)
                };
                self.writes.iter().any(served) || self.is_disturbed()
            }
            WriteKind::UserDisabled => {
                let gone = |state: &Organisation| ids.iter().any(|id| state.user(id).is_none());
                // Another administrator may delete a user right after a change that the server
                // accepted and did not make. That looks the same as a server that hides the user.
                let is_deletion = |change: &Change| matches!(change, Change::UserDeleted { id, .. } if ids.contains(id));
                let deleted = self
                    .events
                    .iter()
                    .filter(|event| event.who == Who::ConcurrentEditor)
                    .any(|event| event.changes.iter().any(is_deletion));
                let vanishes = (self.disabled_users_vanish() || deleted) && shows(&gone);
                sent(&|act| updates(act) || deletes(act))
                    && (vanishes || shows(&|state| any(state, &|user| user.is_disabled)))
            }
            WriteKind::UserEnabled => {
                sent(&updates) && shows(&|state| any(state, &|user| !user.is_disabled))
            }
            WriteKind::UserDeleted => {
                let gone = |state: &Organisation| {
                    ids.iter().any(|id| !is_invitation(id) && state.user(id).is_none())
                };
                sent(&deletes) && shows(&gone)
            }
            WriteKind::InvitationCancelled => {
                let gone = |state: &Organisation| {
                    ids.iter()
                        .any(|id| is_invitation(id) && address_of_invitation(state, id).is_none())
                };
                sent(&deletes) && shows(&gone)
            }
            WriteKind::SessionsEnded => {
                let ended =
                    |state: &Organisation| state.ended_sessions.iter().any(|id| ids.contains(id));
                sent(&|act| matches!(act, Act::EndSessions { id } if ids.contains(id)))
                    && shows(&ended)
            }
            WriteKind::TwoFactorReset => {
                let is_reset = |state: &Organisation| {
                    state.two_factor_resets.iter().any(|id| ids.contains(id))
                };
                sent(&|act| matches!(act, Act::ResetTwoFactor { id } if ids.contains(id)))
                    && shows(&is_reset)
            }
            WriteKind::MemberAdded => sent(&|act| {
                let Act::Join { group, users } = act else { return false };
                let holds =
                    |id: &String| ids.contains(id) && shows(&|state| is_member(state, *group, id));
                groups.contains(group) && users.iter().any(holds)
            }),
            WriteKind::MemberChanged => sent(&|act| {
                let Act::Join { group, users } = act else { return false };
                let holds =
                    |id: &String| ids.contains(id) && shows(&|state| is_member(state, *group, id));
                groups.contains(group) && users.iter().any(holds)
            }),
            // A PUT dropped the membership, or another administrator removed it in that instant.
            WriteKind::MemberRemoved
                if sent(&|act| {
                    matches!(act, Act::Update { whole: true, .. })
                        || matches!(act, Act::UpdateGroup { whole: true, .. })
                }) =>
            {
                let is_out =
                    |group: u32| ids.iter().any(|id| shows(&|state| !is_member(state, group, id)));
                groups.iter().any(|group| is_out(*group))
            }
            WriteKind::MemberRemoved => sent(&|act| {
                let Act::Leave { group, id } = act else { return false };
                groups.contains(group)
                    && ids.contains(id)
                    && shows(&|state| !is_member(state, *group, id))
            }),
            WriteKind::GroupCreated => {
                sent(&|act| matches!(act, Act::CreateGroup { .. })) && !groups.is_empty()
            }
            WriteKind::GroupUpdated => {
                sent(&|act| matches!(act, Act::UpdateGroup { id, .. } if groups.contains(id)))
            }
            WriteKind::GroupDeleted => {
                let gone =
                    |state: &Organisation| groups.iter().any(|id| state.group(*id).is_none());
                sent(&|act| matches!(act, Act::DeleteGroup { id } if groups.contains(id)))
                    && shows(&gone)
            }
        }
    }

    /// Returns an outcome in the result that is wrong. Applies only to calls without edits of the
    /// other administrator.
    fn wrong_outcome(&self, done: &Done) -> Option<String> {
        let now = &**self.now();
        let created = |person: &str| {
            self.component_changes().any(
                |change| matches!(change, Change::UserCreated { email, .. } if key(email) == person),
            )
        };
        let invited = |person: &str| {
            self.component_changes().any(
                |change| matches!(change, Change::Invited { email, .. } if key(email) == person),
            )
        };
        let deleted = |person: &str| {
            self.component_changes().any(|change| match change {
                Change::UserDeleted { id, email, .. } | Change::Uninvited { id, email } => {
                    // Where a server keeps a mail, the login may be what the request names.
                    key(email) == person || self.addresses_of(id).contains(person)
                }
                _ => false,
            })
        };
        let find = |state: &Organisation, person: &str| {
            state.users.iter().find(|user| key(&user.email) == person).cloned()
        };
        // A server that shows no disabled users makes an account vanish.
        let vanished = |person: &str| {
            self.disabled_users_vanish()
                && find(&self.start, person).is_some()
                && find(now, person).is_none()
        };
        match done {
            Done::Provisioned(done) => {
                let person = &*key(done.user.email.as_str());
                let is_new = done.outcome == ProvisionOutcome::Created;
                let invites = created(person) && self.can.create_invites || invited(person);
                let is_invited = done.outcome == ProvisionOutcome::Invited;
                (!self.is_hidden(person)
                    && (is_new != created(person)
                        || is_invited != invited(person)
                        || done.invitation_sent != invites))
                    .then(|| format!("{person} was not {:?}", done.outcome))
            }
            Done::Deprovisioned(done) => {
                let person = crate::allowed_writes::person_of(&self.operation)?;
                let is_so = match done.outcome {
                    DeprovisionOutcome::Deleted => deleted(&person),
                    DeprovisionOutcome::Deactivated if vanished(&person) => true,
                    DeprovisionOutcome::Deactivated | DeprovisionOutcome::AlreadyDeactivated => {
                        find(now, &person).is_some_and(|user| user.is_disabled)
                    }
                    DeprovisionOutcome::AlreadyGone => {
                        // Without its filter, a search lacks the same users as the listing.
                        self.is_hidden(&person)
                            || find(&self.start, &person).is_none()
                                && self.open_invitation(&self.start, &person).is_none()
                                && !self.expected_account_exists(now)
                    }
                };
                (!is_so).then(|| format!("{person} is not {:?}", done.outcome))
            }
            Done::Synced(report) => report.people.iter().find_map(|reported| {
                let person = &*key(reported.email.as_str());
                let is_so = match &reported.outcome {
                    // After a lost response, an account that the listing lacked looks like the
                    // call's own.
                    PersonOutcome::Created => created(person) || self.is_hidden(person),
                    PersonOutcome::Invited => invited(person),
                    PersonOutcome::Deleted => deleted(person),
                    PersonOutcome::Disabled if vanished(person) => true,
                    PersonOutcome::Disabled => {
                        find(now, person).is_some_and(|user| user.is_disabled)
                    }
                    PersonOutcome::ReEnabled => {
                        find(now, person).is_some_and(|user| !user.is_disabled)
                    }
                    PersonOutcome::Unchanged => {
                        let affects = |change: &&Change| {
                            affects(change, person) && self.is_of(change, person)
                        };
                        !self.component_changes().any(|change| affects(&change))
                    }
                    _ => true,
                };
                (!is_so).then(|| format!("{person} is not {:?}", reported.outcome))
            }),
            _ => None,
        }
    }

    /// Whether the account with the id that a deprovision expects exists.
    fn expected_account_exists(&self, now: &Organisation) -> bool {
        let Operation::Deprovision(departure) = &*self.operation else { return false };
        let expected = departure.expected_id.as_ref();
        let id = expected.map(|id| dialect_wire(self.dialect).user_id(&id.value));
        id.is_some_and(|id| now.user(&id).is_some())
    }

    /// Whether a PUT whose reply was lost took a user out of a group. The component can't know it.
    fn dropped_by_an_unconfirmed_put(&self, writes: &[Write], user: &str, group: u32) -> bool {
        use WriteKind::{GroupUpdated, UserDisabled, UserEnabled, UserRenamed, UserUpdated};
        let (people, groups) = (self.addresses_of(user), self.group_keys(group));
        self.deviations.put_resets_memberships
            && writes.iter().filter(|write| !write.confirmed).any(|write| {
                let subject = key(&write.subject);
                match write.kind {
                    UserUpdated | UserRenamed | UserDisabled | UserEnabled => {
                        people.contains(&subject)
                    }
                    GroupUpdated => groups.contains(&subject),
                    _ => false,
                }
            })
    }

    pub(super) fn component_changes(&self) -> impl Iterator<Item = &Change> {
        let own = self.events.iter().filter(|event| event.who == Who::Component);
        own.flat_map(|event| &event.changes)
    }
}

fn affects(change: &Change, person: &str) -> bool {
    match change {
        Change::UserCreated { email, .. }
        | Change::UserDeleted { email, .. }
        | Change::UserField { email, .. }
        | Change::Uninvited { email, .. }
        | Change::Invited { email, .. }
        | Change::Joined { email, .. }
        | Change::Left { email, .. } => key(email) == person,
        _ => false,
    }
}
