//! The report of several calls that apply the parts of one plan.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use host_test::retool::synchronization::{PersonOutcome, PersonReport, Plan, SyncReport};
use host_test::retool::types::{ErrorDetail, Tombstone, Write, WriteKind};

use super::ids::user_id_of;

/// The reports so far.
#[derive(Default)]
pub(super) struct Joined {
    report: Option<SyncReport>,
    /// What calls wrote that ended without a report.
    cut: Vec<Write>,
    /// All writes, in order.
    writes: Vec<Write>,
    tombstones: Vec<Tombstone>,
    /// Where the tombstone of an account is, by its id.
    places: HashMap<String, usize>,
}

impl Joined {
    /// Adds the report of the next call.
    pub(super) fn add(&mut self, mut report: SyncReport) {
        self.writes.append(&mut report.writes);
        for tombstone in std::mem::take(&mut report.tombstones) {
            self.keep(tombstone);
        }
        self.report = Some(match self.report.take() {
            Some(earlier) => joined(earlier, report),
            None => report,
        });
    }

    /// Adds what a call wrote that ended without a report.
    pub(super) fn add_cut(&mut self, writes: &[Write], tombstones: &[Tombstone]) {
        self.writes.extend_from_slice(writes);
        self.cut.extend_from_slice(writes);
        for tombstone in tombstones {
            self.keep(tombstone.clone());
        }
    }

    /// Keeps the first record of each person, which has the state before all writes, with what
    /// later ones add.
    fn keep(&mut self, tombstone: Tombstone) {
        let place = self.tombstones.len();
        match self.places.entry(user_id_of(&tombstone.user.id).to_owned()) {
            Entry::Occupied(kept) => {
                let kept = &mut self.tombstones[*kept.get()];
                kept.raw = kept.raw.take().or(tombstone.raw);
                kept.disabled_since = tombstone.disabled_since.or(kept.disabled_since.take());
            }
            Entry::Vacant(new) => {
                new.insert(place);
                self.tombstones.push(tombstone);
            }
        }
    }

    /// Returns what was written and whose records there are.
    pub(super) fn written(self) -> (Vec<Write>, Vec<Tombstone>) {
        (self.writes, self.tombstones)
    }

    /// Returns the report of a part of the plan.
    pub(super) fn part(self, plan: &Plan) -> SyncReport {
        let Joined { report, cut, writes, tombstones, places: _ } = self;
        let mut report = report.unwrap_or_else(|| empty(plan));
        let mut of_cut: HashMap<&str, Vec<&Write>> = HashMap::new();
        for write in &cut {
            of_cut.entry(&write.subject).or_default().push(write);
        }
        for person in &mut report.people {
            let writes = person.email.as_deref().and_then(|email| of_cut.get(email));
            let before = writes.map_or(PersonOutcome::Unchanged, |writes| outcome(writes));
            if !is_left(person.outcome) && rank(before) > rank(person.outcome) {
                person.outcome = before;
            }
        }
        SyncReport { writes, tombstones, ..report }
    }

    /// Returns the report of the whole plan, with the people that the plan leaves alone.
    pub(super) fn whole(self, plan: &Plan) -> SyncReport {
        let mut report = self.part(plan);
        let mut ids: HashSet<String> = HashSet::new();
        // Whether one of the people with this address and login has no id.
        let mut names: HashMap<(Option<String>, Option<String>), bool> = HashMap::new();
        for PersonReport { email, login, user, .. } in &report.people {
            ids.extend(user.as_ref().map(|id| user_id_of(id).to_owned()));
            *names.entry((email.clone(), login.clone())).or_default() |= user.is_none();
        }
        for refusal in &plan.refusals {
            let named = names.get(&(refusal.email.clone(), refusal.login.clone()));
            let is_there = match &refusal.user {
                Some(id) => ids.contains(user_id_of(id)) || named == Some(&true),
                None => named.is_some(),
            };
            if is_there {
                continue;
            }
            report.people.push(PersonReport {
                email: refusal.email.clone(),
                login: refusal.login.clone(),
                user: refusal.user.clone(),
                outcome: PersonOutcome::Refused,
                changes: Vec::new(),
                groups_added: Vec::new(),
                groups_changed: Vec::new(),
                groups_removed: Vec::new(),
                disabled_since: None,
                refusal: Some(refusal.message.clone()),
                failure: None,
            });
        }
        report.complete &= plan.refusals.is_empty();
        report.people.sort_by(|one, other| one.email.cmp(&other.email));
        report
    }
}

/// Returns the report of a plan of which nothing was applied.
fn empty(plan: &Plan) -> SyncReport {
    SyncReport {
        digest: plan.digest.clone(),
        organisation: plan.organisation.clone(),
        dialect: plan.dialect,
        people: Vec::new(),
        groups_created: Vec::new(),
        groups_failed: Vec::new(),
        tombstones: Vec::new(),
        seats: plan.seats.clone(),
        guards: plan.guards.clone(),
        limitations: plan.limitations.clone(),
        next: None,
        complete: true,
        writes: Vec::new(),
    }
}

/// Joins the reports of two parts of one plan.
fn joined(earlier: SyncReport, later: SyncReport) -> SyncReport {
    let mut people = earlier.people;
    // An account without an address has an id.
    let key = |person: &PersonReport| match &person.email {
        Some(email) => Ok(email.clone()),
        None => Err(format!("{:?}", person.user)),
    };
    let mut places: HashMap<_, _> =
        people.iter().enumerate().map(|(at, person)| (key(person), at)).collect();
    for person in later.people {
        let key = key(&person);
        match places.get(&key).copied() {
            Some(at) => add(&mut people[at], person),
            None => {
                places.insert(key, people.len());
                people.push(person);
            }
        }
    }
    let mut limitations = earlier.limitations;
    for limitation in later.limitations {
        if !limitations.contains(&limitation) {
            limitations.push(limitation);
        }
    }
    let mut groups_failed = earlier.groups_failed;
    let is_new =
        |failed: &ErrorDetail| groups_failed.iter().all(|one| one.subject != failed.subject);
    let mut failed_later: Vec<_> = later.groups_failed.into_iter().filter(is_new).collect();
    groups_failed.append(&mut failed_later);
    let mut groups_created = earlier.groups_created;
    groups_created.extend(later.groups_created);
    SyncReport {
        people,
        groups_created,
        groups_failed,
        limitations,
        complete: earlier.complete && later.complete,
        // The rest is the plan's, or of the calls together.
        ..SyncReport {
            people: Vec::new(),
            groups_created: Vec::new(),
            groups_failed: Vec::new(),
            limitations: Vec::new(),
            ..later
        }
    }
}

/// Adds what a later part did for a person. As in one call, the first outcome that says something
/// stays, unless something went wrong later.
fn add(person: &mut PersonReport, mut later: PersonReport) {
    if !is_left(person.outcome)
        && (is_left(later.outcome) || person.outcome == PersonOutcome::Unchanged)
    {
        person.outcome = later.outcome;
    }
    person.login = person.login.take().or(later.login);
    person.user = person.user.take().or(later.user);
    person.changes.append(&mut later.changes);
    person.groups_added.append(&mut later.groups_added);
    person.groups_changed.append(&mut later.groups_changed);
    person.groups_removed.append(&mut later.groups_removed);
    person.disabled_since = later.disabled_since.or(person.disabled_since.take());
    person.refusal = match (person.refusal.take(), later.refusal) {
        (Some(one), Some(other)) if one != other => Some(format!("{one} {other}")),
        (one, other) => one.or(other),
    };
    person.failure = person.failure.take().or(later.failure);
}

/// Returns whether a person is not as the plan says.
pub(crate) fn is_left(outcome: PersonOutcome) -> bool {
    matches!(
        outcome,
        PersonOutcome::Refused
            | PersonOutcome::Stale
            | PersonOutcome::Failed
            | PersonOutcome::NotBegun
    )
}

/// Orders outcomes: of several for one person, the report has the highest.
fn rank(outcome: PersonOutcome) -> u8 {
    match outcome {
        PersonOutcome::Unchanged => 0,
        PersonOutcome::Updated => 1,
        PersonOutcome::Disabled => 2,
        PersonOutcome::Deleted | PersonOutcome::ReEnabled => 3,
        PersonOutcome::Renamed => 4,
        PersonOutcome::Created | PersonOutcome::Invited => 5,
        PersonOutcome::Refused
        | PersonOutcome::Stale
        | PersonOutcome::Failed
        | PersonOutcome::NotBegun => 6,
    }
}

/// Returns what the writes of calls without a report made of their person.
fn outcome(writes: &[&Write]) -> PersonOutcome {
    let outcome = |write: &&Write| match write.kind {
        WriteKind::UserCreated => Some(PersonOutcome::Created),
        WriteKind::UserInvited => Some(PersonOutcome::Invited),
        WriteKind::UserRenamed => Some(PersonOutcome::Renamed),
        WriteKind::UserEnabled => Some(PersonOutcome::ReEnabled),
        WriteKind::UserDisabled => Some(PersonOutcome::Disabled),
        WriteKind::UserDeleted | WriteKind::InvitationCancelled => Some(PersonOutcome::Deleted),
        WriteKind::UserUpdated
        | WriteKind::AttributeChanged
        | WriteKind::MemberAdded
        | WriteKind::MemberChanged
        | WriteKind::MemberRemoved => Some(PersonOutcome::Updated),
        WriteKind::SessionsEnded
        | WriteKind::TwoFactorReset
        | WriteKind::GroupCreated
        | WriteKind::GroupUpdated
        | WriteKind::GroupDeleted => None,
    };
    let outcomes = writes.iter().filter_map(outcome);
    outcomes.max_by_key(|outcome| rank(*outcome)).unwrap_or(PersonOutcome::Unchanged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, detail, group, refusal, tombstone, written};

    fn about(email: &str, outcome: PersonOutcome) -> PersonReport {
        PersonReport { email: Some(email.to_owned()), ..testing::person(outcome) }
    }

    fn report(people: Vec<PersonReport>) -> SyncReport {
        SyncReport { people, ..empty(&testing::plan()) }
    }

    fn outcomes(report: &SyncReport) -> Vec<(&str, PersonOutcome)> {
        let people = report.people.iter();
        people.map(|person| (person.email.as_deref().unwrap_or_default(), person.outcome)).collect()
    }

    #[test]
    fn a_person_of_two_parts_is_reported_once_with_what_both_did() {
        let mut parts = Joined::default();
        parts.add(report(vec![
            about("ada@x.com", PersonOutcome::Created),
            about("bob@x.com", PersonOutcome::Failed),
            about("cy@x.com", PersonOutcome::Updated),
        ]));
        let joining = PersonReport {
            groups_added: vec![group("Data")],
            ..about("ada@x.com", PersonOutcome::Updated)
        };
        parts.add(SyncReport {
            complete: false,
            writes: vec![written(WriteKind::MemberAdded, "ada@x.com", Some("Data"))],
            ..report(vec![
                joining,
                about("bob@x.com", PersonOutcome::Updated),
                PersonReport {
                    failure: Some(detail("server-error", "It failed.")),
                    ..about("cy@x.com", PersonOutcome::Failed)
                },
            ])
        });
        let plan = Plan { refusals: vec![refusal("aa@x.com")], ..testing::plan() };
        let whole = parts.whole(&plan);
        assert_eq!(
            outcomes(&whole),
            [
                ("aa@x.com", PersonOutcome::Refused),
                ("ada@x.com", PersonOutcome::Created),
                ("bob@x.com", PersonOutcome::Failed),
                ("cy@x.com", PersonOutcome::Failed),
            ]
        );
        assert_eq!(whole.people[1].groups_added, [group("Data")]);
        assert!(whole.people[3].failure.is_some() && !whole.complete);
        assert_eq!(whole.writes.len(), 1);
    }

    #[test]
    fn what_a_call_without_a_report_wrote_is_in_the_report() {
        let mut parts = Joined::default();
        let before = tombstone("ada@x.com");
        parts.add_cut(
            &[written(WriteKind::UserDisabled, "ada@x.com", None)],
            std::slice::from_ref(&before),
        );
        let mut after = before.clone();
        after.user.disabled = true;
        after.disabled_since = Some("2026-01-03T00:00:00Z".to_owned());
        parts.add(SyncReport {
            tombstones: vec![after],
            ..report(vec![
                about("ada@x.com", PersonOutcome::Updated),
                about("bob@x.com", PersonOutcome::Unchanged),
            ])
        });
        let whole = parts.whole(&testing::plan());
        assert_eq!(
            outcomes(&whole),
            [("ada@x.com", PersonOutcome::Disabled), ("bob@x.com", PersonOutcome::Unchanged)]
        );
        assert_eq!((whole.writes.len(), whole.complete), (1, true));
        assert!(!whole.tombstones[0].user.disabled, "the record has the state before");
        assert!(whole.tombstones[0].disabled_since.is_some());
    }

    #[test]
    fn a_plan_without_steps_still_has_the_people_that_it_leaves_alone() {
        let plan = Plan { refusals: vec![refusal("ada@x.com")], ..testing::plan() };
        let whole = Joined::default().whole(&plan);
        assert_eq!(outcomes(&whole), [("ada@x.com", PersonOutcome::Refused)]);
        assert!(!whole.complete);
    }
}
