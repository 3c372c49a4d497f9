//! The checker sees every request and response and every change of the organisation. It checks both
//! against the call's inputs.
//!
//! It knows the inputs, the traffic and the true state, and uses none of the component's own logic.

mod absence;
mod effects;
mod goal;
mod kept;
mod renames;
mod report;
mod slices;
mod tombstones;
mod visible;
mod writes;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use mock_retool::{
    ADMIN, Deviations, Dialect, DisabledUsers, IfMatchRule, ListingOptions, Organisation,
};
use retool_lifecycle::retool::Capabilities;

use crate::change::{
    Change, address_of_invitation, changes, is_invitation, key, login_address, removes_admin,
};
use crate::dialects::{capabilities, dialect_wire};
use crate::operation::Operation;
use crate::request::{Act, Fields, ParsedRequest};

/// Who made a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The component.
    Component,
    /// The other administrator.
    ConcurrentEditor,
}

/// One write or edit that changed the organisation.
pub struct Event {
    /// Who made it.
    pub who: Who,
    /// Its changes.
    pub changes: Vec<Change>,
    /// The organisation after it.
    pub after: Rc<Organisation>,
}

/// The items of one listing that the component has read so far.
#[derive(Default)]
struct Coverage {
    /// The ids on the pages.
    visible: BTreeSet<String>,
    /// The ids that existed at each page.
    present: Option<BTreeSet<String>>,
}

impl Coverage {
    fn add_page(&mut self, visible: impl Iterator<Item = String>, present: BTreeSet<String>) {
        self.visible.extend(visible);
        self.present = Some(match self.present.take() {
            Some(before) => &before & &present,
            None => present,
        });
    }

    fn is_complete(&self) -> bool {
        self.present.as_ref().is_some_and(|present| present.is_subset(&self.visible))
    }
}

/// One read of the listing of users.
#[derive(Default)]
struct UserListing {
    coverage: Coverage,
    /// Enabled users in the request's span: the largest number while the pages were read.
    enabled: usize,
    /// Enabled administrators: the largest number while the pages were read.
    admins: u32,
    /// Members of each group: the largest number while the pages were read.
    members: BTreeMap<u32, usize>,
}

/// How the server contradicts what is commonly believed.
#[derive(Clone, Debug)]
pub struct Beliefs {
    /// How its listings deviate.
    pub listing: ListingOptions,
    /// How it compares versions.
    pub if_match: IfMatchRule,
    /// Whether its records of users lack groups, which the records of groups show.
    pub short_users: bool,
    /// Whether it refuses to remove a name, over `/api/v2`.
    pub keeps_names: bool,
    /// Whether it keeps the address or the login of a user who should get another one.
    pub keeps_addresses: bool,
}

/// Collects what is known about the running call, and the violations of the run.
pub struct Checker {
    dialect: Dialect,
    can: Capabilities,
    beliefs: Beliefs,
    deviations: Deviations,
    operation: Rc<Operation>,
    /// The server's time, in RFC 3339.
    time: String,
    /// The organisation when the call began.
    start: Rc<Organisation>,
    /// Every change since the call began.
    events: Vec<Event>,
    /// Whether the other administrator made an edit, even one that changed no field.
    is_touched: bool,
    /// The states after writes of the component that changed no field. They move dates.
    repeated: Vec<Rc<Organisation>>,
    /// Every write that arrived.
    writes: Vec<ParsedRequest>,
    /// The record of each user that a response contained last, by id.
    visible: BTreeMap<String, Fields>,
    /// Every record of each user that a response contained, by id.
    seen_as: BTreeMap<String, Vec<Fields>>,
    /// The users whose record was read on its own, with the version in the last response.
    read: BTreeMap<String, Option<String>>,
    /// The last record of each user that was read by id, or listed as an invitation. A listing for
    /// somebody else may show less of it meanwhile.
    read_as: BTreeMap<String, Fields>,
    /// Every address that a response contained for an id.
    addresses: BTreeMap<String, BTreeSet<String>>,
    /// The record of each group that a response contained last, by id.
    visible_groups: BTreeMap<u32, Fields>,
    groups_read: BTreeSet<u32>,
    user_listings: Vec<UserListing>,
    /// Addresses that were searched for, and whether a user was found.
    lookups: BTreeMap<String, bool>,
    listed: bool,
    /// Reads of the listings of groups and of invitations.
    group_listings: Vec<Coverage>,
    invitation_listings: Vec<Coverage>,
    /// How many readings of the list of invitations in a row were answered with no JSON.
    invitation_pages: u32,
    /// Group names that were searched for and not found.
    groups_missed: BTreeSet<String>,
    /// Addresses and group names that were posted, and not searched for since.
    posted: BTreeSet<String>,
    groups_posted: BTreeSet<String>,
    /// Addresses that were invited, and not looked for in the list of invitations since.
    invited: BTreeSet<String>,
    /// Whether the last listing of users contained a record that can't be used.
    unusable: bool,
    /// Addresses whose creation was refused because they are taken.
    conflicts: BTreeSet<String>,
    /// Those of them that a look-up found afterwards, although the listing lacked them.
    overlooked: BTreeSet<String>,
    /// Number of edits of the other administrator that a PUT undid, over all calls.
    overwritten: u64,
    /// How often an address became free, or the other administrator used it between a look-up and
    /// a creation, over all calls.
    vacated: BTreeMap<String, usize>,
    /// Number of accounts that an address had, over all calls.
    accounts: BTreeMap<String, usize>,
    violations: Vec<String>,
}

impl Checker {
    /// Creates the checker before the first call. `can` is what the server supports, and
    /// `deviations` what it does against the documentation.
    pub fn new(
        dialect: Dialect,
        can: Capabilities,
        beliefs: Beliefs,
        deviations: Deviations,
        operation: Rc<Operation>,
        now: Rc<Organisation>,
    ) -> Self {
        let addresses = now.users.iter().map(|user| key(&user.email));
        Checker {
            dialect,
            can,
            beliefs,
            unusable: false,
            conflicts: BTreeSet::new(),
            overlooked: BTreeSet::new(),
            deviations,
            accounts: addresses.map(|address| (address, 1)).collect(),
            operation,
            time: now.now(),
            start: now,
            events: Vec::new(),
            is_touched: false,
            repeated: Vec::new(),
            writes: Vec::new(),
            visible: BTreeMap::new(),
            seen_as: BTreeMap::new(),
            read: BTreeMap::new(),
            read_as: BTreeMap::new(),
            addresses: BTreeMap::new(),
            visible_groups: BTreeMap::new(),
            groups_read: BTreeSet::new(),
            user_listings: Vec::new(),
            lookups: BTreeMap::new(),
            listed: false,
            group_listings: Vec::new(),
            invitation_listings: Vec::new(),
            invitation_pages: 0,
            groups_missed: BTreeSet::new(),
            posted: BTreeSet::new(),
            groups_posted: BTreeSet::new(),
            invited: BTreeSet::new(),
            overwritten: 0,
            vacated: BTreeMap::new(),
            violations: Vec::new(),
        }
    }

    /// Begins a call. Keeps the violations so far.
    pub fn begin(&mut self, operation: Rc<Operation>, now: Rc<Organisation>) {
        let violations = std::mem::take(&mut self.violations);
        let vacated = std::mem::take(&mut self.vacated);
        let accounts = std::mem::take(&mut self.accounts);
        let overwritten = self.overwritten;
        *self = Checker {
            violations,
            vacated,
            accounts,
            overwritten,
            ..Checker::new(
                self.dialect,
                self.can,
                self.beliefs.clone(),
                self.deviations,
                operation,
                now,
            )
        };
    }

    /// Sets the server's time.
    pub fn set_time(&mut self, time: String) {
        self.time = time;
    }

    /// Returns the violations so far.
    pub fn violations(&self) -> &[String] {
        &self.violations
    }

    /// Returns the number of edits of the other administrator that were undone.
    pub fn overwritten(&self) -> u64 {
        self.overwritten
    }

    /// Ends the run. Checks that no address got more accounts than it was free for.
    pub fn finish(&mut self) {
        for (person, accounts) in std::mem::take(&mut self.accounts) {
            let free = 1 + self.vacated.get(&person).copied().unwrap_or(0);
            if accounts > free {
                self.violated(
                    "one invitation",
                    format!("{person} got {accounts} accounts, allowed are {free}"),
                );
            }
        }
    }

    /// Returns how many writes arrived in this call. With `effective` it counts only those that the
    /// server did not refuse.
    pub fn writes(&self, effective: bool) -> usize {
        // For the group `admin`, which the server manages, an ignored removal counts as a refusal.
        let refused = |parsed: &&ParsedRequest| {
            parsed.answered.is_some_and(|status| (400..500).contains(&status) || status == 501)
                // The server ignores a form that it does not support.
                || self.dialect == Dialect::Scim && !parsed.changed
                || matches!(parsed.act, Some(Act::Leave { group: ADMIN, .. }))
                // No server says whether there are sessions, so a repetition ends them again.
                || matches!(parsed.act, Some(Act::EndSessions { .. }))
                // No record shows that a second factor was reset.
                || matches!(parsed.act, Some(Act::ResetTwoFactor { .. }))
                // A server that keeps addresses is asked again to change one.
                || self.keeps_addresses()
                    && !parsed.changed
                    && matches!(parsed.act, Some(Act::Update { .. }))
                || self.deletion_only_disables() && matches!(parsed.act, Some(Act::Delete { .. }))
                // A server that lacks a route of invitations answers with a page.
                || self.dialect == Dialect::V2 && !parsed.changed && is_about_invitations(parsed)
                // An open invitation beside an account is found once the account is shown no longer.
                || self.disabled_users_vanish()
                    && matches!(&parsed.act, Some(Act::Delete { id }) if is_invitation(id))
        };
        self.writes.iter().filter(|parsed| !effective || !refused(parsed)).count()
    }

    /// Whether the server accepts deletions, but only disables the user. A later call can't know
    /// that, so it requests the deletion of a disabled user again.
    pub fn deletion_only_disables(&self) -> bool {
        capabilities(self.dialect).deletes_people && !self.can.deletes_people
    }

    /// Whether a PUT resets the memberships that it leaves out.
    pub fn put_resets_memberships(&self) -> bool {
        self.deviations.put_resets_memberships
    }

    /// Whether the server does not show disabled users.
    pub fn disabled_users_vanish(&self) -> bool {
        self.deviations.disabled_users != DisabledUsers::Shown
    }

    /// Whether an account is gone on a server that does not show disabled users.
    fn has_vanished(&self, id: &str) -> bool {
        self.disabled_users_vanish() && self.now().user(id).is_none()
    }

    /// Whether the other administrator changed anything in this call.
    pub fn is_disturbed(&self) -> bool {
        self.events.iter().any(|event| event.who == Who::ConcurrentEditor)
    }

    /// Records a violation.
    pub fn violated(&mut self, invariant: &str, what: impl std::fmt::Display) {
        self.violations.push(format!("{invariant}: {what}"));
    }

    /// Whether each listing that was read was read completely at least once.
    fn saw_whole_listings(&self) -> bool {
        let one = |listings: &[Coverage]| {
            listings.is_empty() || listings.iter().any(Coverage::is_complete)
        };
        self.user_listings.iter().any(|listing| listing.coverage.is_complete())
            && one(&self.group_listings)
            && one(&self.invitation_listings)
            && (!self.can.reports_invitations || !self.invitation_listings.is_empty())
    }

    /// Returns the current organisation.
    fn now(&self) -> &Rc<Organisation> {
        self.events.last().map_or(&self.start, |event| &event.after)
    }

    /// Compares the organisation with its last state, and checks the changes. Returns whether there
    /// are any.
    pub fn changed(
        &mut self,
        who: Who,
        parsed: Option<&ParsedRequest>,
        after: &Organisation,
    ) -> bool {
        self.is_touched |= who == Who::ConcurrentEditor;
        let before = Rc::clone(self.now());
        let changes = changes(&before, after);
        if changes.is_empty() {
            if parsed.is_some_and(ParsedRequest::is_write) {
                self.repeated.push(Rc::new(after.clone()));
            }
            return false;
        }
        if who == Who::Component {
            self.check_changes(&before, after, &changes, parsed);
        }
        for change in &changes {
            let left = match change {
                Change::UserCreated { email, .. } => {
                    *self.accounts.entry(key(email)).or_default() += 1;
                    continue;
                }
                Change::UserDeleted { email, .. } => email,
                Change::UserField { email, field, .. } if field == "email" => email,
                _ => continue,
            };
            *self.vacated.entry(key(left)).or_default() += 1;
        }
        self.events.push(Event { who, changes, after: Rc::new(after.clone()) });
        if who == Who::Component {
            self.check_guards();
        }
        true
    }

    /// Whether this person's record has a field of another type than documented.
    pub fn has_odd_record(&self, email: &str) -> bool {
        self.beliefs.listing.odd_records.iter().any(|odd| key(odd) == key(email))
    }

    /// Whether the server refuses to remove a name.
    pub fn keeps_names(&self) -> bool {
        self.beliefs.keeps_names
    }

    /// Whether the server has records that can't be used.
    pub fn has_unusable_records(&self) -> bool {
        !self.beliefs.listing.odd_records.is_empty()
            || self
                .now()
                .users
                .iter()
                .any(|user| user.email.is_empty() && !user.scim.contains_key("userName"))
    }

    /// Returns the addresses of the users that the listing of everyone lacks.
    pub fn hidden(&self) -> BTreeSet<String> {
        self.beliefs.listing.hidden.iter().map(|hidden| key(hidden)).collect()
    }

    /// Whether the listing of everyone lacks the user with this address.
    pub(super) fn is_hidden(&self, person: &str) -> bool {
        self.beliefs.listing.hidden.iter().any(|hidden| key(hidden) == person)
    }

    /// Whether the call applies a plan, and so takes the rights of administrators one by one. It can't
    /// know who got rights from another administrator meanwhile.
    pub fn takes_rights_one_by_one(&self) -> bool {
        let applies = matches!(&*self.operation, Operation::Sync(_) | Operation::Slice(_));
        applies && !self.is_touched
    }

    /// Checks a read that arrives. A call that skips the look-up has a token that may only invite.
    pub fn read_arrives(&mut self, parsed: &ParsedRequest) {
        if self.operation.skips_the_lookup() {
            self.violated("only the request", format!("{} without the right to", parsed.line()));
        }
    }

    /// Returns an id of the component as the organisation spells it.
    fn dialect_id(&self, id: &str) -> String {
        dialect_wire(self.dialect).user_id(id)
    }

    /// Records a write after its response.
    pub fn write_ends(&mut self, parsed: &ParsedRequest) {
        if let (Some(Act::Create { email, .. }), Some(409)) = (&parsed.act, parsed.answered) {
            // After a lost response, the account may be the call's own.
            let is_own = self.writes.iter().any(|write| match &write.act {
                Some(Act::Create { email: earlier, .. }) => key(earlier) == key(email),
                _ => false,
            });
            if !is_own {
                self.conflicts.insert(key(email));
            }
        }
        // 429 guarantees that nothing was done, so a creation may be posted again.
        if parsed.answered != Some(429) {
            match &parsed.act {
                Some(Act::Create { email, .. }) => {
                    self.posted.insert(key(email));
                }
                Some(Act::Invite { email, .. }) => {
                    self.invited.insert(key(email));
                }
                Some(Act::CreateGroup { name }) => {
                    self.groups_posted.insert(name.trim().to_owned());
                }
                _ => {}
            }
        }
        self.writes.push(parsed.clone());
    }

    /// Returns the states of this call, the first included.
    fn states(&self) -> impl DoubleEndedIterator<Item = &Organisation> {
        std::iter::once(&*self.start).chain(self.events.iter().map(|event| &*event.after))
    }

    /// Returns every name that a group had in this call, trimmed.
    fn group_names(&self, id: u32) -> BTreeSet<String> {
        let mut names: BTreeSet<String> = self
            .states()
            .filter_map(|state| state.group(id))
            .map(|group| group.name.trim().to_owned())
            .collect();
        let visible = self.visible_groups.get(&id).and_then(|record| record.get("name"));
        if let Some(name) = visible.and_then(|name| name.as_str()) {
            names.insert(name.trim().to_owned());
        }
        names
    }

    /// Returns every address that an id had in this call, that a response contained for it, or that
    /// the request gives it.
    fn addresses_of(&self, id: &str) -> BTreeSet<String> {
        let mut addresses = self.addresses.get(id).cloned().unwrap_or_default();
        let users = || self.states().filter_map(|state| state.user(id));
        addresses.extend(users().map(|user| key(&user.email)));
        // Where a server keeps a mail, only the login is the new address.
        addresses.extend(users().filter_map(login_address));
        addresses.extend(self.states().filter_map(|state| address_of_invitation(state, id)));
        let given = addresses.iter().filter_map(|person| self.operation.new_address(person));
        let given: Vec<String> = given.chain(self.given_by_id(id)).map(key).collect();
        addresses.extend(given);
        addresses
    }

    /// Returns how many enabled administrators the other administrator removed in this call.
    fn admins_removed_concurrently(&self) -> u32 {
        let mut before = &self.start;
        let mut removed = 0;
        for event in &self.events {
            if event.who == Who::ConcurrentEditor {
                let removes = event.changes.iter().any(|change| removes_admin(change, before));
                removed += u32::from(removes);
            }
            before = &event.after;
        }
        removed
    }
}

/// Whether a write uses one of the routes of invitations.
fn is_about_invitations(parsed: &ParsedRequest) -> bool {
    match &parsed.act {
        Some(Act::Invite { .. }) => true,
        Some(Act::Delete { id } | Act::Leave { id, .. } | Act::Update { id, .. }) => {
            is_invitation(id)
        }
        Some(Act::Join { users, .. }) => users.iter().any(|id| is_invitation(id)),
        _ => false,
    }
}
