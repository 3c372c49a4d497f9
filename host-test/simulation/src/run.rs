//! Makes one run: draws it, executes its jobs and collects the violations.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use mock_retool::{ADMIN, Dialect};
use retool_lifecycle::domain::Tombstone;
use retool_lifecycle::error::{Code, Error};
use retool_lifecycle::lifecycle::Restoration;
use retool_lifecycle::sync::report::PersonOutcome;
use retool_lifecycle::sync::step::StepOutcome;
use retool_lifecycle::sync::{AbsentPolicy, Plan, SyncRequest};
use retool_lifecycle::time::parse_iso;

use crate::change::{enabled_admins, key};
use crate::clock::VirtualClock;
use crate::defect::Defect;
use crate::dialects::capabilities;
use crate::figures::Figures;
use crate::operation::{Done, Operation, first_of_each};
use crate::scenario::Job;
use crate::trace::Trace;
use crate::world::World;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// The result of a run.
#[derive(Debug)]
pub struct Run {
    /// The seed of the run.
    pub seed: u64,
    /// The dialect of the run.
    pub dialect: Dialect,
    /// Counts of what was simulated.
    pub figures: Figures,
    /// Every violation: the invariant, and how it was violated.
    pub violations: Vec<String>,
    /// What happened, line by line. Empty unless tracing was requested.
    pub trace: Vec<String>,
}

/// Returns the dialect of a seed's run if the caller gives none.
pub fn dialect_of(seed: u64) -> Dialect {
    Dialect::ALL[(seed % Dialect::ALL.len() as u64) as usize]
}

/// Makes one run, over the seed's own dialect if none is given. The same arguments give the same
/// run. With `traced` the result has a line for every event. A `defect` is planted between the
/// component and the server.
pub fn run(seed: u64, dialect: Option<Dialect>, traced: bool, defect: Option<Defect>) -> Run {
    let dialect = dialect.unwrap_or_else(|| dialect_of(seed));
    let clock = Rc::new(VirtualClock::default());
    let trace = Rc::new(Trace::new(Rc::clone(&clock), traced));
    let made = catch_unwind(AssertUnwindSafe(|| {
        let mut world = World::new(seed, dialect, defect, clock, Rc::clone(&trace));
        world.execute();
        let state = world.server.state();
        (state.figures, state.checker.violations().to_vec(), state.checker.overwritten())
    }));
    let (mut figures, violations, overwritten) = made.unwrap_or_else(|panic| {
        (Figures::default(), vec![format!("no panic: {}", message(&*panic))], 0)
    });
    figures.seeds = 1;
    figures.overwritten = overwritten;
    Run { seed, dialect, figures, violations, trace: trace.take() }
}

/// Whether a restoration may fail with this code without faults: the tombstone lacks a value that
/// a creation needs, another user has the address or the account too, or the user is the last
/// administrator now and was none before.
fn may_fail_to_restore(error: &Error, edited: bool, vanishes: bool) -> bool {
    match error.code {
        // The address of a hidden account is taken.
        Code::ServerRefused => vanishes && error.http_status == Some(409),
        Code::AmbiguousUser | Code::LastAdmin | Code::NameRequired | Code::UserTypeRequired => true,
        Code::WrongPerson => edited,
        // The server may lack the route that changes the groups of an open invitation.
        Code::OperationUnsupported => true,
        _ => false,
    }
}

/// Returns the failure of a repetition where the call before succeeded.
fn new_failure<'r>(first: &Done, second: &'r Result<Done, Error>) -> Option<&'r Error> {
    match (first, second) {
        (_, Err(error)) => Some(error),
        (Done::Restored(first), Ok(Done::Restored(second))) => {
            let pairs = first.people.iter().zip(&second.people);
            let mut later = pairs.filter(|(first, _)| first.outcome.is_ok());
            later.find_map(|(_, second)| second.outcome.as_ref().err())
        }
        _ => None,
    }
}

/// Whether a call left something to the next one, and said so: a sync that used up its limit on
/// removals, or would take the last administrator's rights, or a call that stopped at a write that
/// did not hold.
fn is_incomplete(done: Option<&Result<Done, Error>>) -> bool {
    let report = match done {
        Some(Ok(Done::Synced(report))) => report,
        Some(Err(error)) => return error.code == Code::NotVerified,
        _ => return false,
    };
    report.people.iter().any(|person| match &person.outcome {
        PersonOutcome::Refused(why) => why.contains("Sync again"),
        PersonOutcome::Failed(error) => matches!(error.code, Code::LastAdmin | Code::NotVerified),
        _ => false,
    })
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without a message")
}

impl World {
    fn execute(&mut self) {
        for _ in 0..self.chance.between(1, 4) {
            let job = {
                let state = self.server.state();
                self.scenario.next(&state.organisation)
            };
            match job {
                Job::One(operation) => self.do_one(&Rc::new(operation)),
                Job::KeptPlan(request) => self.do_kept_plan(&request),
                Job::SlicedPlan(request) => self.do_sliced_plan(&Rc::new(request)),
            }
            if !self.server.state().checker.violations().is_empty() {
                return;
            }
            let pause =
                if self.chance.percent(30) { DAY_MS * self.chance.between(0, 45) } else { 0 };
            self.clock.advance(pause);
            let mut state = self.server.state();
            if state.concurrent_editor.is_active() && self.chance.percent(30) {
                state.edit(&self.trace);
            }
        }
        self.plan_a_departure();
        self.reset_a_factor();
        self.invite_unseen();
        self.server.state().checker.finish();
    }

    /// Plans a deprovision without faults, and makes it. The plan must write nothing, and fail as
    /// the call does.
    fn plan_a_departure(&mut self) {
        let departure = {
            let state = self.server.state();
            self.scenario.departure(&state.organisation)
        };
        let planning = Rc::new(Operation::PlanDeprovision(departure.clone()));
        let plan = self.attempt_without_faults(&planning);
        self.check_no_writes(&planning);
        let done = self.attempt_without_faults(&Rc::new(Operation::Deprovision(departure)));
        let state = &mut *self.server.state();
        if state.concurrent_editor.is_active() {
            return;
        }
        if let (Some(Err(planned)), Some(done)) = (plan, done)
            && done.as_ref().err().is_none_or(|error| error.code != planned.code)
        {
            let what =
                format!("the plan of a deprovision fails with {planned:?}, and it: {done:?}");
            state.checker.violated("truth", what);
        }
    }

    /// Resets a second factor.
    fn reset_a_factor(&mut self) {
        if !self.is_sound() || !self.scenario.unseen.percent(40) {
            return;
        }
        let reset = {
            let state = self.server.state();
            self.scenario.two_factor_reset(&state.organisation)
        };
        let operation = Rc::new(Operation::ResetTwoFactor(reset));
        self.attempt(&operation, true);
        let done = self.attempt_without_faults(&operation);
        self.check_result_without_faults(&operation, done.as_ref());
    }

    /// Invites a person with a token that may only invite, and then with one that may read. Sometimes
    /// the first is repeated, which may invite twice.
    fn invite_unseen(&mut self) {
        let chosen = self.scenario.unseen.percent(60);
        if !self.is_sound() || !chosen || self.dialect != Dialect::V2 || self.finds_dialect() {
            return;
        }
        let (unseen, seen) = {
            let state = self.server.state();
            self.scenario.unseen_arrival(&state.organisation)
        };
        let unseen = Rc::new(Operation::Provision(unseen));
        self.attempt(&unseen, true);
        if self.scenario.unseen.percent(20) {
            self.attempt(&unseen, true);
        }
        let seen = Rc::new(Operation::Provision(seen));
        self.attempt(&seen, true);
        if self.is_sound() {
            self.conclude(&seen);
        }
    }

    /// Whether nothing was violated so far.
    fn is_sound(&self) -> bool {
        self.server.state().checker.violations().is_empty()
    }

    fn do_one(&mut self, operation: &Rc<Operation>) {
        let recorded_before = self.scenario.tombstones.len();
        for _ in 0..self.chance.between(1, 4) {
            match self.attempt(operation, true) {
                Some(Ok(done)) if done.failures().all(|error| error.is_permanent()) => break,
                Some(Err(error)) if error.is_permanent() => break,
                Some(_) | None => {}
            }
        }
        // In the other 15 percent the next job starts from an unfinished state.
        if self.chance.percent(85) {
            self.conclude(operation);
        }
        if let Operation::Sync(request) = &**operation
            && let AbsentPolicy::DisableThenDelete(days) = request.policy.absent
        {
            self.sync_later(request, days);
        }
        if let Operation::Sync(_) = **operation
            && self.chance.percent(50)
            && self.server.state().checker.violations().is_empty()
        {
            let recorded = first_of_each(&self.scenario.tombstones[recorded_before..]);
            self.restore_all(recorded);
        }
    }

    /// Syncs the same roster again, before or after the days of grace are over, with the dates that
    /// earlier calls reported.
    fn sync_later(&mut self, request: &SyncRequest, days: u32) {
        if !self.server.state().checker.violations().is_empty() {
            return;
        }
        let days = self.scenario.days_later(days);
        self.clock.advance(DAY_MS * days);
        let disabled_since = self.scenario.disabled_records(100);
        let request = SyncRequest { disabled_since, ..request.clone() };
        let operation = Rc::new(Operation::Sync(request));
        let done = self.attempt_without_faults(&operation);
        self.check_result_without_faults(&operation, done.as_ref());
    }

    /// Restores every user of a sync's tombstones, without faults. All of them must be restored.
    fn restore_all(&mut self, tombstones: Vec<Tombstone>) {
        if tombstones.is_empty() {
            return;
        }
        let operation =
            Operation::Restore(Restoration { tombstones, re_create: true, way_in: None });
        let operation = Rc::new(operation);
        let done = self.attempt_without_faults(&operation);
        self.check_result_without_faults(&operation, done.as_ref());
        let state = &mut *self.server.state();
        let edited = state.concurrent_editor.is_active();
        let failure = match &done {
            Some(Ok(done)) => {
                let vanishes = state.checker.disabled_users_vanish();
                done.failures().find(|error| !may_fail_to_restore(error, edited, vanishes))
            }
            Some(Err(error)) => Some(error),
            None => None,
        };
        if let Some(error) = failure {
            state.checker.violated("restoration", format!("a user was not restored: {error:?}"));
        }
        let Some(Ok(Done::Restored(done))) = &done else { return };
        let restored = done.people.iter().filter_map(|person| person.outcome.as_ref().ok());
        let mut left = restored.flat_map(|person| &person.not_restored);
        let open = state.organisation.groups.iter().filter(|group| group.id != ADMIN);
        let open: Vec<String> = open
            .map(|group| format!("The group {} accepts no new members.", group.name.trim()))
            .collect();
        if let Some(what) = left.find(|what| open.contains(what)) {
            state.checker.violated("restoration", what);
        }
    }

    fn do_kept_plan(&mut self, request: &SyncRequest) {
        let before = enabled_admins(&self.server.state().organisation);
        let planning = Rc::new(Operation::Plan(request.clone()));
        let mut kept: Option<Plan> = None;
        for _ in 0..3 {
            if let Some(Ok(Done::Planned(plan))) = self.attempt(&planning, true) {
                kept = Some(plan);
                break;
            }
        }
        let Some(plan) = kept else { return };
        let steps: Vec<Rc<Operation>> = plan
            .steps
            .into_iter()
            .map(|step| Rc::new(Operation::Step(Box::new(step), request.clone())))
            .collect();
        for step in &steps {
            for _ in 0..3 {
                if let Some(Ok(_)) = self.attempt(step, true) {
                    break;
                }
            }
        }
        let mut all_done = true;
        for step in &steps {
            let done = self.attempt_without_faults(step);
            all_done &= matches!(&done, Some(Ok(Done::Stepped(done))) if !matches!(done.outcome, StepOutcome::Stale(_)));
            self.check_result_without_faults(step, done.as_ref());
        }
        for step in &steps {
            self.attempt_without_faults(step);
            self.check_no_writes(step);
        }
        let state = &mut *self.server.state();
        let left = enabled_admins(&state.organisation);
        let minimum = request.policy.guards.minimum_admins;
        if all_done && !state.concurrent_editor.is_active() && left < before && left < minimum {
            state.checker.violated("guards", format!("the plan leaves {left} of {minimum} admins"));
        }
    }

    /// Whether a plan is refused for accounts that an earlier deletion left disabled. Only over SCIM
    /// are such deletions counted when they are made.
    fn counts_again(&self, error: &Error) -> bool {
        let keeps = self.server.state().checker.deletion_only_disables();
        error.code == Code::GuardTripped && keeps && self.dialect == Dialect::V1
    }

    /// Repeats a call twice without faults. The first must succeed or return an error that states a
    /// reason. The second must write nothing.
    fn conclude(&mut self, operation: &Rc<Operation>) {
        let first = self.attempt_without_faults(operation);
        self.check_result_without_faults(operation, first.as_ref());
        if !self.server.state().checker.violations().is_empty() {
            return;
        }
        let second = self.attempt_without_faults(operation);
        if self.is_deletion_due(first.as_ref()) || is_incomplete(first.as_ref()) {
            return;
        }
        self.check_no_writes(operation);
        if let (Some(Ok(first)), Some(second)) = (&first, &second)
            && let Some(error) = new_failure(first, second)
            && !self.counts_again(error)
        {
            // The scenario renames groups by id only, so every call can be repeated.
            let what = format!("it succeeded, and then failed: {error:?}");
            self.server.state().checker.violated("convergence", what);
        }
    }

    /// Whether a call deferred a deletion that is due now.
    fn is_deletion_due(&self, done: Option<&Result<Done, Error>>) -> bool {
        let Some(Ok(Done::Deprovisioned(done))) = done else { return false };
        let due = done.deletion_due.as_deref().and_then(parse_iso);
        due.is_some_and(|due| due <= self.server.state().now_ms())
    }

    pub(crate) fn attempt_without_faults(
        &mut self,
        operation: &Rc<Operation>,
    ) -> Option<Result<Done, Error>> {
        {
            let mut state = self.server.state();
            state.faults_off = true;
            state.clear_stale();
        }
        let done = self.attempt(operation, false);
        self.server.state().faults_off = false;
        done
    }

    pub(crate) fn check_result_without_faults(
        &mut self,
        operation: &Operation,
        done: Option<&Result<Done, Error>>,
    ) {
        let vanishes = self.server.state().checker.disabled_users_vanish();
        let what = match done {
            None => return,
            Some(Err(error)) if self.is_stated_reason(operation, error) => return,
            Some(Err(error)) => format!("an error that states no reason: {error:?}"),
            Some(Ok(done @ Done::Restored(_))) => {
                match done.failures().find(|error| !self.is_stated_reason(operation, error)) {
                    Some(error) => format!("an error that states no reason: {error:?}"),
                    None => return,
                }
            }
            Some(Ok(Done::Synced(report))) if matches!(operation, Operation::Slice(_)) => {
                match self.odd_in_slice(operation, report) {
                    Some(odd) => odd,
                    None => return,
                }
            }
            Some(Ok(Done::Synced(report))) => {
                let hidden = self.server.state().checker.hidden();
                let known = |email: &str| operation.known_as(&key(email));
                let odd = report.people.iter().find(|person| match &person.outcome {
                    // A record that can't be used can't be checked either.
                    PersonOutcome::Failed(error) if error.code == Code::AnswerUnusable => {
                        let known = known(person.email.as_str());
                        let checker = &self.server.state().checker;
                        !known.iter().any(|email| checker.has_odd_record(email))
                    }
                    // The server keeps the address of a user who should get another one.
                    PersonOutcome::Failed(error) if self.is_kept_address(error) => false,
                    // A name was to be cleared.
                    PersonOutcome::Failed(error)
                        if error.code == Code::ServerRefused && error.http_status == Some(400) =>
                    {
                        !self.server.state().checker.keeps_names()
                    }
                    // The address of a hidden account is taken.
                    PersonOutcome::Failed(error) if error.http_status == Some(409) => {
                        !vanishes && !hidden.contains(person.email.key())
                    }
                    // A disabled administrator was enabled, and counts until they leave the group.
                    PersonOutcome::Failed(error) if error.code == Code::LastAdmin => false,
                    // The server lacks a route of invitations.
                    PersonOutcome::Failed(error) if error.code == Code::OperationUnsupported => {
                        self.dialect != Dialect::V2
                    }
                    PersonOutcome::Failed(_) => true,
                    // The listing never shows this user, so the plan creates them.
                    PersonOutcome::Stale(_) => {
                        !known(person.email.as_str()).iter().any(|email| hidden.contains(email))
                    }
                    _ => false,
                });
                match odd {
                    Some(person) => format!("{} is {:?}", person.email.as_str(), person.outcome),
                    None => return,
                }
            }
            Some(Ok(_)) => return,
        };
        let what = format!("without faults, {} ends with {what}", operation.describe());
        self.server.state().checker.violated("convergence", what);
    }

    pub(crate) fn check_no_writes(&mut self, operation: &Operation) {
        let state = &mut *self.server.state();
        let writes = state.checker.writes(true);
        if writes > 0 {
            let what = format!("{writes} writes by a repetition of {}", operation.describe());
            state.checker.violated("convergence", what);
        }
    }
}

impl World {
    /// Whether the server keeps addresses, and an error says that a change was refused or did not
    /// hold.
    fn is_kept_address(&self, error: &Error) -> bool {
        let is_said = match error.code {
            Code::NotVerified => true,
            Code::ServerRefused => matches!(error.http_status, Some(400 | 422)),
            _ => false,
        };
        is_said && self.server.state().checker.keeps_addresses()
    }

    /// Whether a call may fail with this code without faults. Each of these codes states what the
    /// caller must do.
    pub(crate) fn is_stated_reason(&self, operation: &Operation, error: &Error) -> bool {
        let can = capabilities(self.dialect);
        // What a listing is refused for concerns its pages, which the caller can't change.
        let is_read = error.request.as_deref().is_some_and(|request| request.starts_with("GET"));
        match error.code {
            Code::ServerRefused if is_read => false,
            // The record of this person is odd, also that of a new account.
            Code::AnswerUnusable => error.subject.as_deref().is_some_and(|subject| {
                let checker = &self.server.state().checker;
                let known = operation.known_as(&key(subject));
                known.iter().any(|email| checker.has_odd_record(email))
            }),
            Code::NotVerified if self.is_kept_address(error) => true,
            // Two entries name one account, or the account is outside the roster's span.
            Code::DuplicatePerson | Code::OutsideSpan => !operation.namings().is_empty(),
            Code::RecordUnreadable => self.server.state().checker.has_unusable_records(),
            Code::NameRequired => can.names_required,
            // A dialect that has all three capabilities supports every request.
            Code::OperationUnsupported => {
                let is_extra = matches!(
                    error.field.as_deref(),
                    Some("request.metadata" | "request.clear" | "request.attributes")
                );
                // A server may lack the request.
                let is_reset = matches!(operation, Operation::ResetTwoFactor(_));
                is_extra
                    || is_reset
                    || !(can.sets_admins && can.sets_photos && !can.access_settings.is_empty())
            }
            Code::WrongPerson => match operation {
                // The account to restore is deleted, and another user has its address.
                Operation::Restore(_) => true,
                Operation::Deprovision(departure) => departure.expected_id.is_some(),
                Operation::ResetTwoFactor(reset) => reset.expected_id.is_some(),
                _ => false,
            },
            Code::NotVerified => {
                // One form of the change did nothing, and the server refuses the change in another.
                let is_refused =
                    self.dialect == Dialect::Scim && error.message.contains("was refused (");
                // A PUT of the group took the rights of its administrators, which can't be put back.
                let resets = self.server.state().checker.put_resets_memberships();
                is_refused || resets && matches!(operation, Operation::ChangeGroup(_))
            }
            Code::AttributeNotFound
            | Code::AmbiguousGroup
            | Code::AmbiguousUser
            | Code::DuplicateGroup
            | Code::GroupHasMembers
            | Code::GroupNotFound
            | Code::GuardTripped
            | Code::LastAdmin
            | Code::NameTaken
            | Code::ProtectedPerson
            | Code::ServerRefused
            | Code::SimilarGroup
            | Code::UserDisabled
            | Code::UserNotFound
            | Code::UserTypeRequired => true,
            _ => false,
        }
    }
}
