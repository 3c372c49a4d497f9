//! One call of the component, and its result.

use retool_lifecycle::admins::AdminGuard;
use retool_lifecycle::domain::{AccessSetting, Tombstone, User, Write};
use retool_lifecycle::error::{Error, Result};
use retool_lifecycle::groups::{self, Ensured, Removal, Removed, Reshaped, Reshaping};
use retool_lifecycle::lifecycle::{
    self, Arrival, Departure, DeparturePlan, Deprovisioned, Provisioned, Restoration, Restored,
    TwoFactorDone, TwoFactorReset,
};
use retool_lifecycle::session::Session;
use retool_lifecycle::sync::report::{PersonOutcome, SyncReport};
use retool_lifecycle::sync::step::{self, StepResult};
use retool_lifecycle::sync::{DesiredUser, Details, Plan, Step, SyncRequest, apply};

use crate::change::key;
use crate::slices::PlanSlice;

/// One call of the component. The inputs have passed the component's own validation.
#[derive(Clone, Debug)]
pub enum Operation {
    /// `provision`.
    Provision(Arrival),
    /// `deprovision`.
    Deprovision(Departure),
    /// `plan-deprovision`.
    PlanDeprovision(Departure),
    /// `restore`.
    Restore(Restoration),
    /// `sync`.
    Sync(SyncRequest),
    /// `plan-sync`.
    Plan(SyncRequest),
    /// `apply-step`, of a plan made for this request.
    Step(Box<Step>, SyncRequest),
    /// `apply-plan`, for a slice of a plan.
    Slice(Box<PlanSlice>),
    /// `ensure-group`.
    EnsureGroup(String, Vec<AccessSetting>),
    /// `change-group`.
    ChangeGroup(Reshaping),
    /// `remove-group`.
    RemoveGroup(Removal),
    /// `reset-two-factor`.
    ResetTwoFactor(TwoFactorReset),
}

/// The result of a call that succeeded.
#[derive(Debug)]
pub enum Done {
    /// `provision`.
    Provisioned(Provisioned),
    /// `deprovision`.
    Deprovisioned(Deprovisioned),
    /// `plan-deprovision`.
    DeprovisionPlanned(DeparturePlan),
    /// `restore`.
    Restored(Restored),
    /// `sync` and `apply-plan`.
    Synced(Box<SyncReport>),
    /// `plan-sync`.
    Planned(Plan),
    /// `apply-step`.
    Stepped(StepResult),
    /// `ensure-group`.
    Ensured(Ensured),
    /// `change-group`.
    Reshaped(Reshaped),
    /// `remove-group`.
    Removed(Removed),
    /// `reset-two-factor`.
    FactorReset(TwoFactorDone),
}

impl Done {
    /// Returns the writes that the result contains.
    pub fn writes(&self) -> &[Write] {
        match self {
            Done::Provisioned(done) => &done.writes,
            Done::Deprovisioned(done) => &done.writes,
            Done::Restored(done) => &done.writes,
            Done::Synced(done) => &done.writes,
            Done::DeprovisionPlanned(_) | Done::Planned(_) => &[],
            Done::Stepped(done) => &done.writes,
            Done::Ensured(done) => &done.writes,
            Done::Reshaped(done) => &done.writes,
            Done::Removed(done) => &done.writes,
            Done::FactorReset(done) => &done.writes,
        }
    }

    /// Returns the writes of a result that can disable a user, to change them.
    pub fn writes_mut(&mut self) -> Option<&mut Vec<Write>> {
        match self {
            Done::Deprovisioned(done) => Some(&mut done.writes),
            Done::Synced(done) => Some(&mut done.writes),
            Done::Stepped(done) => Some(&mut done.writes),
            _ => None,
        }
    }

    /// Returns the accounts that the call disabled, deleted or stripped, as they were before.
    pub fn tombstones(&self) -> &[Tombstone] {
        match self {
            Done::Deprovisioned(done) => done.tombstone.as_slice(),
            Done::Synced(done) => &done.tombstones,
            Done::Stepped(done) => done.tombstone.as_slice(),
            _ => &[],
        }
    }

    /// Returns the failures of single users in a restoration.
    pub fn failures(&self) -> impl Iterator<Item = &Error> {
        let people = match self {
            Done::Restored(done) => done.people.as_slice(),
            _ => &[],
        };
        people.iter().filter_map(|person| person.outcome.as_ref().err())
    }

    /// Returns the plan of a sync.
    pub fn plan(&self) -> Option<&Plan> {
        match self {
            Done::Planned(plan) => Some(plan),
            Done::Synced(report) => Some(&report.plan),
            _ => None,
        }
    }

    /// Returns the outcome in a few words.
    pub fn outcome(&self) -> String {
        match self {
            Done::Provisioned(done) => format!("{:?}", done.outcome),
            Done::Deprovisioned(done) => format!("{:?}", done.outcome),
            Done::DeprovisionPlanned(plan) => format!("would be {:?}", plan.outcome),
            Done::Restored(done) => {
                let people: Vec<String> = done
                    .people
                    .iter()
                    .map(|person| match &person.outcome {
                        Ok(done) => format!("{}: {:?}", person.email.as_str(), done.outcome),
                        Err(error) => format!("{}: {error:?}", person.email.as_str()),
                    })
                    .collect();
                people.join("; ")
            }
            Done::Synced(done) if done.complete => "complete".into(),
            Done::Synced(done) => {
                let left = done.people.iter().filter(|person| {
                    use PersonOutcome::{Failed, NotBegun, Refused, Stale};
                    matches!(person.outcome, Failed(_) | Refused(_) | Stale(_) | NotBegun(_))
                });
                let left: Vec<String> = left
                    .map(|person| format!("{}: {:?}", person.email.as_str(), person.outcome))
                    .collect();
                format!("incomplete: {}", left.join("; "))
            }
            Done::Planned(plan) => {
                let tripped = plan.tripped().count();
                format!("{} steps, {tripped} guards tripped", plan.steps.len())
            }
            Done::Stepped(done) => format!("{:?}", done.outcome),
            Done::Ensured(done) => format!("created: {}", done.created),
            Done::Reshaped(_) => "changed".into(),
            Done::Removed(done) => format!("removed: {}", done.removed.is_some()),
            Done::FactorReset(done) => {
                format!("second factor of {} reset", done.user.email.as_str())
            }
        }
    }
}

impl Operation {
    /// Makes the call.
    pub async fn perform(&self, mut session: Session) -> Result<Done, Error> {
        session.find_dialect().await?;
        let directory = &*session.directory;
        let occasion = session.occasion();
        Ok(match self {
            Operation::Provision(arrival) => {
                Done::Provisioned(lifecycle::provision(directory, arrival).await?)
            }
            Operation::Deprovision(departure) => Done::Deprovisioned(
                lifecycle::deprovision(directory, departure, session.now).await?,
            ),
            Operation::PlanDeprovision(departure) => Done::DeprovisionPlanned(
                lifecycle::plan_deprovision(session.reader(), departure, session.now).await?,
            ),
            Operation::Restore(restoration) => {
                Done::Restored(lifecycle::restore(directory, restoration).await?)
            }
            Operation::Sync(request) => Done::Synced(Box::new(
                apply::sync(directory, request, None, &occasion, &*session.log).await?,
            )),
            Operation::Plan(request) => {
                Done::Planned(apply::plan_sync(session.reader(), request, None, &occasion).await?)
            }
            Operation::Step(step, request) => {
                let guards = &request.policy.guards;
                let guard = AdminGuard {
                    minimum: guards.minimum_admins,
                    required: guards.required_admins.clone(),
                    ..AdminGuard::default()
                };
                Done::Stepped(step::apply(directory, step, &guard, session.now).await?)
            }
            Operation::Slice(slice) => Done::Synced(Box::new(slice.apply(&session).await?)),
            Operation::EnsureGroup(name, access) => {
                Done::Ensured(groups::ensure(directory, name, access).await?)
            }
            Operation::ChangeGroup(reshaping) => {
                Done::Reshaped(groups::change(directory, reshaping).await?)
            }
            Operation::RemoveGroup(removal) => {
                Done::Removed(groups::remove(directory, removal).await?)
            }
            Operation::ResetTwoFactor(reset) => {
                Done::FactorReset(lifecycle::reset_two_factor(directory, reset).await?)
            }
        })
    }

    /// Whether the call invites a person without looking the person up.
    pub fn skips_the_lookup(&self) -> bool {
        matches!(self, Operation::Provision(arrival) if arrival.skip_lookup)
    }

    /// Returns the request of `sync` or `plan-sync`.
    pub fn sync_request(&self) -> Option<&SyncRequest> {
        match self {
            Operation::Sync(request) | Operation::Plan(request) => Some(request),
            _ => None,
        }
    }

    /// Returns the steps of a plan that the call may apply.
    pub fn steps(&self) -> &[Step] {
        match self {
            Operation::Step(step, _) => std::slice::from_ref(step),
            Operation::Slice(slice) => slice.steps(),
            _ => &[],
        }
    }

    /// Describes the call for the trace.
    pub fn describe(&self) -> String {
        match self {
            Operation::Sync(request) => format!("sync of {}", request_line(request)),
            Operation::Plan(request) => format!("plan of {}", request_line(request)),
            Operation::Step(step, _) => format!(
                "step {} {} {:?} {:?}",
                step.kind.as_str(),
                step.email.as_ref().map_or("", |email| email.as_str()),
                step.group_name,
                step.changes
            ),
            Operation::Slice(slice) => slice.describe(),
            Operation::Provision(arrival) => format!("provision {arrival:?}"),
            Operation::Deprovision(departure) => format!("deprovision {departure:?}"),
            Operation::PlanDeprovision(departure) => format!("plan-deprovision {departure:?}"),
            Operation::Restore(restoration) => format!(
                "restore {:?}, re-create: {}, way in: {:?}",
                users(&restoration.tombstones),
                restoration.re_create,
                restoration.way_in
            ),
            Operation::EnsureGroup(name, access) => format!("ensure group {name:?} {access:?}"),
            Operation::ChangeGroup(reshaping) => format!("change group {reshaping:?}"),
            Operation::RemoveGroup(removal) => format!("remove group {removal:?}"),
            Operation::ResetTwoFactor(reset) => format!("reset two-factor {reset:?}"),
        }
    }
}

/// Returns the tombstones of a call, whether it succeeded or failed.
pub fn tombstones(result: &Result<Done, Error>) -> &[Tombstone] {
    match result {
        Ok(done) => done.tombstones(),
        Err(error) => &error.tombstones,
    }
}

/// Returns the first tombstone of each address.
pub fn first_of_each(tombstones: &[Tombstone]) -> Vec<Tombstone> {
    let mut first: Vec<Tombstone> = Vec::new();
    for tombstone in tombstones {
        if find(&first, &key(tombstone.user.email.as_str())).is_none() {
            first.push(tombstone.clone());
        }
    }
    first
}

/// Returns the account with this address from the tombstones.
pub fn find<'a>(tombstones: &'a [Tombstone], person: &str) -> Option<&'a User> {
    tombstones
        .iter()
        .map(|tombstone| &tombstone.user)
        .find(|user| &*key(user.email.as_str()) == person)
}

fn users(tombstones: &[Tombstone]) -> Vec<&User> {
    tombstones.iter().map(|tombstone| &tombstone.user).collect()
}

fn request_line(request: &SyncRequest) -> String {
    let people: Vec<String> = request
        .roster
        .iter()
        .map(|person| {
            let DesiredUser { email, fields, groups, details } = person;
            let Details { by, former_emails, way_in, .. } = &**details;
            let former: Vec<&str> = former_emails.iter().map(|email| email.as_str()).collect();
            let by = by.as_ref().map(|by| by.as_str());
            format!("{} {by:?} {former:?} {fields:?} {groups:?} {way_in:?}", email.as_str())
        })
        .collect();
    format!(
        "{} people, {:?}, {:?}\n    {}",
        people.len(),
        request.span,
        request.policy,
        people.join("\n    ")
    )
}
