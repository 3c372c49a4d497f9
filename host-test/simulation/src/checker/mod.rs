//! The watch: it sees everything that goes over the wire and every change of the organisation,
//! and judges both against what the call was asked to do.
//!
//! It knows the request, the wire and the truth, and none of the component's own logic.

mod effects;
mod goal;
mod report;
mod shown;
mod tombstones;
mod writes;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use mock_retool::{ADMIN, Dialect, Organisation};
use retool_lifecycle::retool::Capabilities;

use crate::change::{Change, address_of_invitation, changes, key, takes_admin};
use crate::dialects::capabilities;
use crate::operation::Operation;
use crate::wire::{Act, Fields, Wire};

/// Who made a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The component.
    Component,
    /// The other administrator.
    Rival,
}

/// A change, and the organisation after it.
pub struct Moment {
    /// Who made it.
    pub who: Who,
    /// What is different.
    pub changes: Vec<Change>,
    /// The organisation since.
    pub after: Rc<Organisation>,
}

/// What of a listing was read, page by page.
#[derive(Default)]
struct Cover {
    /// The ids that the component was shown.
    shown: BTreeSet<String>,
    /// Those that were there whenever a page was served.
    there: Option<BTreeSet<String>>,
}

impl Cover {
    fn page(&mut self, shown: impl Iterator<Item = String>, there: BTreeSet<String>) {
        self.shown.extend(shown);
        self.there = Some(match self.there.take() {
            Some(before) => &before & &there,
            None => there,
        });
    }

    fn is_complete(&self) -> bool {
        self.there.as_ref().is_some_and(|there| there.is_subset(&self.shown))
    }
}

/// One reading of the listing of everybody.
#[derive(Default)]
struct Reading {
    cover: Cover,
    /// Enabled people in the request's span: the most at any page.
    enabled: usize,
    /// Members by group: the most at any page.
    members: BTreeMap<u32, usize>,
}

/// What is known about the call that runs, and what was wrong so far.
pub struct Watch {
    dialect: Dialect,
    can: Capabilities,
    operation: Rc<Operation>,
    /// The server's time, in RFC 3339.
    time: String,
    /// The organisation when the call began.
    start: Rc<Organisation>,
    /// Every change since.
    moments: Vec<Moment>,
    /// Every write that arrived.
    writes: Vec<Wire>,
    /// The record of a person that the component was shown last, by id.
    shown: BTreeMap<String, Fields>,
    /// Those whose record was read on its own, and the version that it told last.
    read: BTreeMap<String, Option<String>>,
    /// Every address that the component was shown for an id.
    addresses: BTreeMap<String, BTreeSet<String>>,
    /// The record of a group that the component was shown last.
    groups_shown: BTreeMap<u32, Fields>,
    groups_read: BTreeSet<u32>,
    readings: Vec<Reading>,
    /// Addresses that were looked for, and whether somebody was found.
    looks: BTreeMap<String, bool>,
    listed: bool,
    /// Readings of the listings of groups and of invitations.
    group_readings: Vec<Cover>,
    invitation_readings: Vec<Cover>,
    /// Group names that were looked for and not found.
    groups_missed: BTreeSet<String>,
    /// Addresses and group names that were posted, and not looked for since.
    posted: BTreeSet<String>,
    groups_posted: BTreeSet<String>,
    /// Edits of the other administrator that a PUT undid; kept over all calls.
    overwritten: u64,
    /// How often an address became free, or was taken by the other administrator between a
    /// look and a creation, over all calls.
    vacated: BTreeMap<String, usize>,
    /// How many accounts an address ever had.
    accounts: BTreeMap<String, usize>,
    violations: Vec<String>,
}

impl Watch {
    /// Before the first call, to a server that can do this.
    pub fn new(
        dialect: Dialect,
        can: Capabilities,
        operation: Rc<Operation>,
        now: Rc<Organisation>,
    ) -> Self {
        let addresses = now.users.iter().map(|user| key(&user.email));
        Watch {
            dialect,
            can,
            accounts: addresses.map(|address| (address, 1)).collect(),
            operation,
            time: now.now(),
            start: now,
            moments: Vec::new(),
            writes: Vec::new(),
            shown: BTreeMap::new(),
            read: BTreeMap::new(),
            addresses: BTreeMap::new(),
            groups_shown: BTreeMap::new(),
            groups_read: BTreeSet::new(),
            readings: Vec::new(),
            looks: BTreeMap::new(),
            listed: false,
            group_readings: Vec::new(),
            invitation_readings: Vec::new(),
            groups_missed: BTreeSet::new(),
            posted: BTreeSet::new(),
            groups_posted: BTreeSet::new(),
            overwritten: 0,
            vacated: BTreeMap::new(),
            violations: Vec::new(),
        }
    }

    /// A call begins. What was wrong so far stays.
    pub fn begin(&mut self, operation: Rc<Operation>, now: Rc<Organisation>) {
        let violations = std::mem::take(&mut self.violations);
        let vacated = std::mem::take(&mut self.vacated);
        let accounts = std::mem::take(&mut self.accounts);
        let overwritten = self.overwritten;
        *self = Watch {
            violations,
            vacated,
            accounts,
            overwritten,
            ..Watch::new(self.dialect, self.can, operation, now)
        };
    }

    /// What time it is by the server's clock.
    pub fn clock(&mut self, time: String) {
        self.time = time;
    }

    /// What was wrong.
    pub fn violations(&self) -> &[String] {
        &self.violations
    }

    /// Edits of the other administrator that were undone.
    pub fn overwritten(&self) -> u64 {
        self.overwritten
    }

    /// All calls are over: nobody got more accounts than their address was free.
    pub fn finish(&mut self) {
        for (person, accounts) in std::mem::take(&mut self.accounts) {
            let free = 1 + self.vacated.get(&person).copied().unwrap_or(0);
            if accounts > free {
                self.violated("one invitation", format!("{person} got {accounts} of {free}"));
            }
        }
    }

    /// How many writes arrived in this call. With `effective` only those that the server did
    /// not refuse as a whole.
    pub fn writes(&self, effective: bool) -> usize {
        // To the groups that the server manages it is the same whether it refuses or ignores.
        let refused = |wire: &&Wire| {
            wire.answered.is_some_and(|status| (400..500).contains(&status))
                || matches!(wire.act, Some(Act::Leave { group: ADMIN, .. }))
                || self.deletes_in_vain() && matches!(wire.act, Some(Act::Delete { .. }))
        };
        self.writes.iter().filter(|wire| !effective || !refused(wire)).count()
    }

    /// Whether the server accepts deletions that the dialect has, and only disables. That shows
    /// of somebody who was enabled; of anybody else nothing tells it from a deletion that does
    /// not show yet, so that it is asked for again each time.
    pub fn deletes_in_vain(&self) -> bool {
        capabilities(self.dialect).deletes_people && !self.can.deletes_people
    }

    /// Whether the other administrator changed anything in this call.
    pub fn is_disturbed(&self) -> bool {
        self.moments.iter().any(|moment| moment.who == Who::Rival)
    }

    /// Something is wrong.
    pub fn violated(&mut self, invariant: &str, what: impl std::fmt::Display) {
        self.violations.push(format!("{invariant}: {what}"));
    }

    /// Whether everybody was seen: in one reading of each listing that was read.
    fn saw_everybody(&self) -> bool {
        let one =
            |readings: &[Cover]| readings.is_empty() || readings.iter().any(Cover::is_complete);
        self.readings.iter().any(|reading| reading.cover.is_complete())
            && one(&self.group_readings)
            && one(&self.invitation_readings)
            && (!self.can.tells_invitations || !self.invitation_readings.is_empty())
    }

    /// The organisation as it is.
    fn now(&self) -> &Rc<Organisation> {
        self.moments.last().map_or(&self.start, |moment| &moment.after)
    }

    /// The organisation may have changed.
    pub fn changed(&mut self, who: Who, wire: Option<&Wire>, after: &Organisation) {
        let before = Rc::clone(self.now());
        let changes = changes(&before, after);
        if changes.is_empty() {
            return;
        }
        if who == Who::Component {
            self.judge_changes(&before, after, &changes, wire);
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
        self.moments.push(Moment { who, changes, after: Rc::new(after.clone()) });
        if who == Who::Component {
            self.judge_guards();
        }
    }

    /// A write is over, as far as the component can see.
    pub fn wrote(&mut self, wire: &Wire) {
        // 429 says for sure that nothing was done; then it may simply be posted again.
        if wire.answered != Some(429) {
            match &wire.act {
                Some(Act::Create { email, .. }) => {
                    self.posted.insert(key(email));
                }
                Some(Act::CreateGroup { name }) => {
                    self.groups_posted.insert(name.trim().to_owned());
                }
                _ => {}
            }
        }
        self.writes.push(wire.clone());
    }

    /// The states of this call, the first included.
    fn states(&self) -> impl DoubleEndedIterator<Item = &Organisation> {
        std::iter::once(&*self.start).chain(self.moments.iter().map(|moment| &*moment.after))
    }

    /// Every name that a group had in this call, trimmed.
    fn group_names(&self, id: u32) -> BTreeSet<String> {
        let mut names: BTreeSet<String> = self
            .states()
            .filter_map(|state| state.group(id))
            .map(|group| group.name.trim().to_owned())
            .collect();
        let shown = self.groups_shown.get(&id).and_then(|record| record.get("name"));
        if let Some(name) = shown.and_then(|name| name.as_str()) {
            names.insert(name.trim().to_owned());
        }
        names
    }

    /// Every address that an id had in this call, or that was shown for it.
    fn addresses_of(&self, id: &str) -> BTreeSet<String> {
        let mut addresses = self.addresses.get(id).cloned().unwrap_or_default();
        addresses
            .extend(self.states().filter_map(|state| state.user(id)).map(|user| key(&user.email)));
        addresses.extend(self.states().filter_map(|state| address_of_invitation(state, id)));
        addresses
    }

    /// How many enabled administrators the other one took in this call.
    fn admins_taken_by_rival(&self) -> u32 {
        let mut before = &self.start;
        let mut taken = 0;
        for moment in &self.moments {
            if moment.who == Who::Rival {
                let takes = moment.changes.iter().any(|change| takes_admin(change, before));
                taken += u32::from(takes);
            }
            before = &moment.after;
        }
        taken
    }
}
