//! Whether a call told the truth about what it wrote.

use std::collections::BTreeSet;

use mock_retool::Organisation;
use retool_lifecycle::domain::{Write, WriteKind};
use retool_lifecycle::error::Error;
use retool_lifecycle::lifecycle::{DeprovisionOutcome, ProvisionOutcome};
use retool_lifecycle::sync::digest;
use retool_lifecycle::sync::report::PersonOutcome;

use super::{Watch, Who};
use crate::change::{Change, address_of_invitation, administered, invitation, is_invitation, key};
use crate::dialects::group_id;
use crate::operation::{Done, tombstones};
use crate::wire::{Act, Wire};

impl Watch {
    /// A call is over, and this is what it says.
    pub fn told(&mut self, result: &Result<Done, Error>) {
        let writes = match result {
            Ok(done) => done.writes(),
            Err(error) => &error.writes,
        };
        let mut found = self.untold(writes);
        found.extend(writes.iter().filter(|write| write.confirmed && !self.holds(write)).map(
            |write| {
                format!(
                    "{:?} of {} {:?} is told and did not happen",
                    write.kind, write.subject, write.group
                )
            },
        ));
        if let (Ok(done), false) = (result, self.is_disturbed()) {
            found.extend(self.untrue_outcome(done));
            found.extend(self.missed(done).map(|what| format!("done is told, but {what}")));
        }
        for what in found {
            self.violated("truth", what);
        }
        for what in self.unrecorded(tombstones(result)) {
            self.violated("tombstones", what);
        }
        if let Some(plan) = result.as_ref().ok().and_then(Done::plan)
            && digest::plan(plan) != plan.digest
        {
            self.violated("digest", "the digest of a plan is not that of its parts");
        }
        let planned_removals = match result {
            Ok(Done::Planned(plan)) => plan.steps.iter().any(|step| {
                use retool_lifecycle::sync::StepKind::{DeleteUser, DisableUser, RemoveMember};
                matches!(step.kind, DisableUser | DeleteUser | RemoveMember)
            }),
            _ => false,
        };
        if planned_removals && !self.saw_everybody() {
            self.violated("whole listings", "a plan removes people out of a part of one");
        }
    }

    /// Changes of the component that it does not tell of.
    fn untold(&self, writes: &[Write]) -> Vec<String> {
        let changes = self
            .moments
            .iter()
            .filter(|moment| moment.who == Who::Component)
            .flat_map(|moment| &moment.changes);
        let mut untold = Vec::new();
        for change in changes {
            use WriteKind::*;
            let is_told = |kinds: &[WriteKind], subjects: &BTreeSet<String>, group: Option<u32>| {
                writes.iter().any(|write| {
                    kinds.contains(&write.kind)
                        && subjects.contains(&key(&write.subject))
                        && group.is_none_or(|group| self.is_called(group, write.group.as_deref()))
                })
            };
            let told = match change {
                Change::UserCreated { email, .. } => {
                    is_told(&[UserCreated], &BTreeSet::from([key(email)]), None)
                }
                Change::UserDeleted { id, .. } => {
                    is_told(&[UserDeleted], &self.addresses_of(id), None)
                }
                // A deletion may have disabled, and its answer may not have come.
                Change::UserField { id, field, .. } if field == "isDisabled" => is_told(
                    &[UserUpdated, UserDisabled, UserEnabled, UserDeleted],
                    &self.addresses_of(id),
                    None,
                ),
                Change::UserField { id, field, .. } if administered(field).is_some() => {
                    is_told(&[MemberAdded], &self.addresses_of(id), administered(field))
                }
                Change::UserField { id, .. } => {
                    is_told(&[UserUpdated, UserDisabled, UserEnabled], &self.addresses_of(id), None)
                }
                // It was judged when it was made.
                Change::Invited { .. } => true,
                Change::Uninvited { id, .. } => {
                    is_told(&[InvitationCancelled], &self.addresses_of(id), None)
                }
                Change::SessionsEnded { id, .. } => {
                    is_told(&[SessionsEnded], &self.addresses_of(id), None)
                }
                // Back in, which the error says in words.
                Change::Joined { id, group, .. } if self.was_taken_out(id, *group) => true,
                Change::Joined { id, group, .. } => {
                    is_told(&[MemberAdded], &self.addresses_of(id), Some(*group))
                }
                Change::Left { id, group, .. } => {
                    is_told(&[MemberRemoved], &self.addresses_of(id), Some(*group))
                }
                Change::GroupCreated { id, .. } => {
                    is_told(&[GroupCreated], &self.group_keys(*id), Some(*id))
                }
                Change::GroupDeleted { id, .. } => {
                    is_told(&[GroupDeleted], &self.group_keys(*id), Some(*id))
                }
                Change::GroupField { id, .. } => {
                    is_told(&[GroupUpdated], &self.group_keys(*id), Some(*id))
                }
            };
            if !told {
                untold.push(format!("{change:?} is not told"));
            }
        }
        untold
    }

    fn group_keys(&self, id: u32) -> BTreeSet<String> {
        self.group_names(id).iter().map(|name| key(name)).collect()
    }

    fn is_called(&self, group: u32, label: Option<&str>) -> bool {
        let id = group_id(self.dialect, group).value;
        label.is_some_and(|label| label == id || self.group_names(group).contains(label.trim()))
    }

    /// Whether a write that is told as confirmed was sent, and showed at some time in the call.
    fn holds(&self, write: &Write) -> bool {
        let subject = key(&write.subject);
        let accounts = self.states().flat_map(|state| &state.users).map(|user| user.id.clone());
        let invites = self.states().flat_map(|state| &state.invites);
        let ids: BTreeSet<String> = accounts
            .chain(invites.map(|invite| invitation(invite.id)))
            .filter(|id| self.addresses_of(id).contains(&subject))
            .collect();
        let groups: BTreeSet<u32> = self
            .states()
            .flat_map(|state| &state.groups)
            .filter(|group| self.is_called(group.id, write.group.as_deref()))
            .map(|group| group.id)
            .collect();
        let sent = |is: &dyn Fn(&Act) -> bool| {
            self.writes.iter().filter_map(|wire| wire.act.as_ref()).any(is)
        };
        let shows = |is: &dyn Fn(&Organisation) -> bool| self.states().any(is);
        let is_member = |state: &Organisation, group: u32, id: &str| {
            state.members(group).any(|member| member.user.id == id)
                || state.invites_to(group).any(|invite| invitation(invite.id) == id)
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
            WriteKind::UserUpdated => {
                // Lost before it took effect, it may still be as asked for.
                let served = |wire: &Wire| wire.served && wire.act.as_ref().is_some_and(updates);
                self.writes.iter().any(served) || self.is_disturbed()
            }
            WriteKind::UserDisabled => {
                sent(&|act| updates(act) || deletes(act))
                    && shows(&|state| any(state, &|user| user.is_disabled))
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
            WriteKind::MemberAdded => sent(&|act| {
                let Act::Join { group, people } = act else { return false };
                let holds =
                    |id: &String| ids.contains(id) && shows(&|state| is_member(state, *group, id));
                groups.contains(group) && people.iter().any(holds)
            }),
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

    /// What a result says of a person and is not so, where nobody else wrote.
    fn untrue_outcome(&self, done: &Done) -> Option<String> {
        let now = &**self.now();
        let created = |person: &str| {
            self.component_changes().any(
                |change| matches!(change, Change::UserCreated { email, .. } if key(email) == person),
            )
        };
        let deleted = |person: &str| {
            self.component_changes().any(|change| match change {
                Change::UserDeleted { email, .. } | Change::Uninvited { email, .. } => {
                    key(email) == person
                }
                _ => false,
            })
        };
        let find = |state: &Organisation, person: &str| {
            state.users.iter().find(|user| key(&user.email) == person).cloned()
        };
        match done {
            Done::Provisioned(done) => {
                let person = done.user.email.key();
                let is_new = done.outcome == ProvisionOutcome::Created;
                let invites = created(person) && self.can.create_invites;
                (is_new != created(person) || done.invitation_sent != invites)
                    .then(|| format!("{person} was not {:?}", done.outcome))
            }
            Done::Deprovisioned(done) => {
                let person = crate::mandate::person_of(&self.operation)?;
                let is_so = match done.outcome {
                    DeprovisionOutcome::Deleted => deleted(&person),
                    DeprovisionOutcome::Deactivated | DeprovisionOutcome::AlreadyDeactivated => {
                        find(now, &person).is_some_and(|user| user.is_disabled)
                    }
                    DeprovisionOutcome::AlreadyGone => {
                        find(&self.start, &person).is_none()
                            && self.invited(&self.start, &person).is_none()
                    }
                };
                (!is_so).then(|| format!("{person} is not {:?}", done.outcome))
            }
            Done::Synced(report) => report.people.iter().find_map(|told| {
                let person = told.email.key();
                let is_so = match &told.outcome {
                    PersonOutcome::Created => created(person),
                    PersonOutcome::Deleted => deleted(person),
                    PersonOutcome::Disabled => {
                        find(now, person).is_some_and(|user| user.is_disabled)
                    }
                    PersonOutcome::ReEnabled => {
                        find(now, person).is_some_and(|user| !user.is_disabled)
                    }
                    PersonOutcome::Unchanged => {
                        !self.component_changes().any(|change| concerns(change, person))
                    }
                    _ => true,
                };
                (!is_so).then(|| format!("{person} is not {:?}", told.outcome))
            }),
            _ => None,
        }
    }

    pub(super) fn component_changes(&self) -> impl Iterator<Item = &Change> {
        let own = self.moments.iter().filter(|moment| moment.who == Who::Component);
        own.flat_map(|moment| &moment.changes)
    }
}

fn concerns(change: &Change, person: &str) -> bool {
    match change {
        Change::UserCreated { email, .. }
        | Change::UserDeleted { email, .. }
        | Change::UserField { email, .. }
        | Change::Uninvited { email, .. }
        | Change::Joined { email, .. }
        | Change::Left { email, .. } => key(email) == person,
        _ => false,
    }
}
