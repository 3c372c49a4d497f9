//! What must be so after a call that says that all is done, where nobody else wrote.

use mock_retool::{Organisation, User};
use retool_lifecycle::domain::{GroupRef, UserPatch};
use retool_lifecycle::lifecycle::Mode;
use retool_lifecycle::sync::{AbsentPolicy, MembershipPolicy, SyncRequest};

use super::Watch;
use crate::change::{key, user_fields};
use crate::mandate::{desired, is_absent, value};
use crate::operation::{Done, Operation};

const FIELDS: [&str; 6] =
    ["firstName", "lastName", "profilePhotoUrl", "isAdmin", "isDisabled", "userType"];

impl Watch {
    /// The first thing that is not as it was asked for.
    pub(super) fn missed(&self, done: &Done) -> Option<String> {
        let now = &**self.now();
        match (&*self.operation, done) {
            (Operation::Provision(arrival), _) => {
                let person = arrival.email.key();
                let Some(user) = find(now, person) else {
                    return Some(format!("{person} is not there"));
                };
                let fields = UserPatch { disabled: Some(false), ..arrival.fields.clone() };
                let fields = if arrival.update_existing || find(&self.start, person).is_none() {
                    fields
                } else {
                    UserPatch { disabled: Some(false), ..UserPatch::default() }
                };
                differs(user, &fields).or_else(|| outside(now, user, &arrival.groups))
            }
            (Operation::Deprovision(departure), _) => {
                let user = find(now, departure.email.key())?;
                if departure.mode == Mode::Delete {
                    return Some(format!("{} is still there", departure.email.key()));
                }
                if departure.mode == Mode::DisableAndStripGroups && !user.memberships.is_empty() {
                    return Some(format!("{} is still in groups", departure.email.key()));
                }
                (!user.is_disabled).then(|| format!("{} is enabled", departure.email.key()))
            }
            (Operation::Restore(restoration), _) => {
                let was = &restoration.tombstone.user;
                let Some(user) = find(now, was.email.key()) else {
                    return Some(format!("{} is not there", was.email.key()));
                };
                let fields = UserPatch {
                    first_name: was.first_name.clone(),
                    last_name: was.last_name.clone(),
                    user_type: was.user_type,
                    admin: Some(was.admin),
                    disabled: Some(false),
                    profile_photo_url: was.profile_photo_url.clone(),
                };
                let groups: Vec<GroupRef> = was
                    .groups
                    .iter()
                    .flatten()
                    .filter(|link| now.groups.iter().any(|one| one.id.to_string() == link.id.value))
                    .map(|link| GroupRef::Id(link.id.clone()))
                    .collect();
                differs(user, &fields).or_else(|| outside(now, user, &groups))
            }
            (Operation::Sync(request), Done::Synced(report)) if report.complete => {
                self.missed_by_roster(request, now)
            }
            (Operation::EnsureGroup(name), _) => {
                let named = now.groups.iter().filter(|group| group.name.trim() == name.trim());
                (named.count() != 1).then(|| format!("there is not one group {name:?}"))
            }
            (Operation::ChangeGroup(reshaping), Done::Reshaped(told)) => {
                let Some(group) =
                    now.groups.iter().find(|one| one.id.to_string() == told.group.id.value)
                else {
                    return Some("the group is gone".into());
                };
                if reshaping.patch.name.as_ref().is_some_and(|name| group.name != *name) {
                    return Some("the group has another name".into());
                }
                let is_in = |person: &str| {
                    now.members(group.id).any(|member| key(&member.user.email) == person)
                };
                let missing = reshaping.add.iter().find(|one| !is_in(one.key()));
                let left = reshaping.remove.iter().find(|one| is_in(one.key()));
                missing.or(left).map(|one| format!("{} is not as asked", one.key()))
            }
            (Operation::RemoveGroup(reference, _), _) => now
                .groups
                .iter()
                .any(|group| is(group, reference))
                .then(|| "the group is there".into()),
            _ => None,
        }
    }

    fn missed_by_roster(&self, request: &SyncRequest, now: &Organisation) -> Option<String> {
        let policy = &request.policy;
        for wanted in &request.roster {
            let person = wanted.email.key();
            let Some(user) = find(now, person) else {
                return Some(format!("{person} is not there"));
            };
            let is_new = find(&self.start, person).is_none();
            let mut fields = if policy.update_existing || is_new {
                wanted.fields.clone()
            } else {
                UserPatch::default()
            };
            fields.disabled = Some(false);
            if let Some(what) = differs(user, &fields) {
                return Some(what);
            }
            if policy.memberships != MembershipPolicy::Leave
                && let Some(what) = outside(now, user, &wanted.groups)
            {
                return Some(what);
            }
            if policy.memberships == MembershipPolicy::Exact {
                let named = |group: &mock_retool::Group| {
                    let of_roster = request.roster.iter().flat_map(|one| &one.groups);
                    of_roster.chain(&policy.managed_groups).any(|reference| is(group, reference))
                };
                let too_many = now.groups_of(user).find(|group| {
                    named(group) && !wanted.groups.iter().any(|reference| is(group, reference))
                });
                if let Some(group) = too_many {
                    return Some(format!("{person} is still in {:?}", group.name));
                }
            }
        }
        let stays = now.users.iter().find(|user| {
            let person = key(&user.email);
            desired(request, &person).is_none()
                && is_absent(request, &person)
                && match policy.absent {
                    AbsentPolicy::Keep => false,
                    AbsentPolicy::Disable => !user.is_disabled,
                    AbsentPolicy::Delete => true,
                }
        });
        stays.map(|user| format!("{} stays as they were", user.email))
    }
}

fn find<'a>(state: &'a Organisation, person: &str) -> Option<&'a User> {
    state.users.iter().find(|user| key(&user.email) == person)
}

fn is(group: &mock_retool::Group, reference: &GroupRef) -> bool {
    match reference {
        GroupRef::Id(id) => id.value == group.id.to_string(),
        GroupRef::Name(name) => name.trim() == group.name.trim(),
    }
}

fn differs(user: &User, asked: &UserPatch) -> Option<String> {
    let has = user_fields(user);
    let wrong =
        |field: &str| value(asked, field).is_some_and(|asked| has.get(field) != Some(&asked));
    FIELDS
        .into_iter()
        .find(|field| wrong(field))
        .map(|field| format!("{field} of {} is not as asked", user.email))
}

fn outside(state: &Organisation, user: &User, groups: &[GroupRef]) -> Option<String> {
    let missing =
        groups.iter().find(|reference| !state.groups_of(user).any(|group| is(group, reference)));
    missing.map(|reference| format!("{} is not in {reference:?}", user.email))
}
