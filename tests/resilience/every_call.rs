//! Every function that writes, with every kind of fault, at each of its requests in turn. Every
//! write that took effect is reported, and a repetition ends as without faults.

use std::sync::Arc;
use std::time::Duration;

use host_test::Answer;
use host_test::retool::groups::{ChangeGroupRequest, EnsureGroupRequest};
use host_test::retool::lifecycle::{DeprovisionMode, Tombstone};
use host_test::retool::synchronization::{AbsentPolicy, MembershipPolicy, Step, SyncRequest};
use host_test::retool::types::{Dialect, Write};
use mock_retool::{Fault, FaultKind, LoggedRequest};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::dialect::{current_roster, new_entry, new_user};
use super::fault::{answer, status, status_after};
use super::scenario::EndState;
use crate::support::acme::{ADA, GRACE, JOAN, KEN, NEW};
use crate::support::{
    World, app_access, arrival, by_email, case_and_detail, changing, departure, done, email_of,
    ensuring, entry, memberships, named, new_member, removing, restoring,
};

over_v2_and_v1!(
    provision_of_a_new_user,
    provision_of_a_disabled_user,
    deprovision_by_disabling,
    deprovision_by_deleting,
    restore_of_a_disabled_user,
    restore_of_a_deleted_user,
    ensure_group,
    change_group,
    remove_group,
    sync,
    apply_step,
);

/// How many of these calls run at a time. Each has its own server.
const AT_A_TIME: usize = 24;

/// Calls with at most this many requests get every kind of fault at each request. Over `/api/v1`
/// it is half of that, to save time.
const WHOLE: usize = 6;

/// Settings for listings of more than one page (over `/api/v1`), and a low limit for responses.
const SETTINGS: &[(&str, &str)] = &[("RETOOL_PAGE_SIZE", "2"), ("RETOOL_MAX_BODY_BYTES", "65536")];

/// A call that writes.
#[derive(Clone, Copy, Debug)]
enum Call {
    /// Provision a new user, in an existing group and a new one.
    ProvisionNew,
    /// Provision a disabled user, with another name and in another group.
    ProvisionDisabled,
    /// Disable a user and remove them from every group.
    Disable,
    /// Delete a user.
    Delete,
    /// Restore a user who was disabled and removed from every group.
    RestoreDisabled,
    /// Restore a user who was deleted.
    RestoreDeleted,
    /// Create a group.
    EnsureGroup,
    /// Rename a group, add a member, and remove one.
    ChangeGroup,
    /// Remove a group.
    RemoveGroup,
    /// Do all of that for several people.
    Sync,
    /// Do the same step by step.
    ApplySteps,
}

/// An organisation, and the input of the call.
struct Setup {
    world: World,
    tombstone: Option<Tombstone>,
    steps: Vec<Step>,
}

impl Setup {
    async fn new(dialect: Dialect, call: Call) -> Setup {
        let mut world = World::acme_over(dialect).await;
        world.tenant = world.over_with_env(dialect, SETTINGS);
        let tombstone = match call {
            Call::RestoreDisabled => leave(&world, DeprovisionMode::DisableAndStripGroups).await,
            Call::RestoreDeleted => leave(&world, DeprovisionMode::Delete).await,
            _ => None,
        };
        let steps = match call {
            Call::ApplySteps => done(world.tenant.plan_sync(&new_roster(&world)).await).steps,
            _ => Vec::new(),
        };
        world.mock.clear_requests();
        let setup = Setup { world, tombstone, steps };
        setup.clear_faults();
        setup
    }

    /// Removes all faults. The server accepts a second account with the same address, so that a
    /// duplicate creation is visible.
    fn clear_faults(&self) {
        self.world.mock.clear_faults();
        self.world.mock.inject(Fault::new(FaultKind::SecondAccount));
    }

    fn end_state(&self) -> EndState {
        EndState::of(&self.world.mock.state())
    }

    /// Makes the call. If it must be made again, returns the writes that it reported.
    async fn make(&self, call: Call) -> Result<(), Vec<Write>> {
        let tenant = &self.world.tenant;
        match call {
            Call::ProvisionNew => {
                let mut request = new_user(NEW);
                request.groups = memberships([named("Support"), named("Brand new")]);
                request.create_missing_groups = true;
                again(tenant.provision(&request).await)
            }
            Call::ProvisionDisabled => {
                let mut request = arrival(KEN);
                request.last_name = Some("Thompson".into());
                request.groups = memberships([named("Engineering")]);
                again(tenant.provision(&request).await)
            }
            Call::Disable => {
                let mode = DeprovisionMode::DisableAndStripGroups;
                match tenant.deprovision(&departure(JOAN, mode)).await {
                    // Something is left to do because the server refused it.
                    Ok(Ok(result)) if !result.remaining.is_empty() => Err(result.writes),
                    other => again(other),
                }
            }
            Call::Delete => {
                again(tenant.deprovision(&departure(JOAN, DeprovisionMode::Delete)).await)
            }
            Call::RestoreDisabled | Call::RestoreDeleted => {
                let tombstone = self.tombstone.clone().expect("a tombstone");
                let is_group = |lost: &String| lost.starts_with("The group ");
                match tenant.restore(&restoring([tombstone], true)).await {
                    // The server refused to add the person to a group, and the result says so.
                    Ok(Ok(result))
                        if result
                            .people
                            .iter()
                            .any(|person| person.not_restored.iter().any(is_group)) =>
                    {
                        Err(result.writes)
                    }
                    Ok(Ok(result)) if !result.complete => Err(result.writes),
                    other => again(other),
                }
            }
            Call::EnsureGroup => {
                let request = EnsureGroupRequest { access: app_access("use"), ..ensuring("Legal") };
                again(tenant.ensure_group(&request).await)
            }
            Call::ChangeGroup => {
                let group = match self.world.mock.state().group_named("Support") {
                    Some(_) => named("Support"),
                    // The first try has renamed it.
                    None => named("Helpdesk"),
                };
                let request = ChangeGroupRequest {
                    new_name: Some("Helpdesk".into()),
                    add_members: vec![new_member(GRACE)],
                    remove_members: vec![by_email(KEN)],
                    ..changing(group)
                };
                again(tenant.change_group(&request).await)
            }
            Call::RemoveGroup => {
                let request = removing(named("Support"), true);
                again(tenant.remove_group(&request).await)
            }
            Call::Sync => {
                let report = match tenant.sync(&new_roster(&self.world)).await {
                    Ok(Ok(report)) => report,
                    other => return again(other),
                };
                if report.complete { Ok(()) } else { Err(report.writes) }
            }
            Call::ApplySteps => {
                let mut writes = Vec::new();
                for step in &self.steps {
                    match tenant.apply_step(step).await {
                        Ok(Ok(result)) => writes.extend(result.writes),
                        other => {
                            return again(other).map_err(|more| [writes, more].concat());
                        }
                    }
                }
                Ok(())
            }
        }
    }
}

/// Returns whether a call succeeded. If not, returns the writes that it reported.
fn again<T>(answer: Answer<T>) -> Result<(), Vec<Write>> {
    match answer.expect("an answer of the component") {
        Ok(_) => Ok(()),
        Err(error) => Err(case_and_detail(error).1.writes),
    }
}

async fn leave(world: &World, mode: DeprovisionMode) -> Option<Tombstone> {
    done(world.tenant.deprovision(&departure(JOAN, mode)).await).tombstone
}

/// Returns a roster with a new user in a new group, a renamed user, a user to enable, a user who
/// leaves a group, and without one user.
fn new_roster(world: &World) -> SyncRequest {
    let mut request = current_roster(world);
    request.roster.retain(|person| ![GRACE, JOAN, NEW].contains(&email_of(person)));
    let ada = request.roster.iter_mut().find(|person| email_of(person) == ADA).expect("Ada");
    ada.last_name = Some("King".into());
    ada.groups = memberships([named("Engineering")]);
    let mut grace = entry(GRACE);
    grace.admin = Some(true);
    grace.groups = memberships([named("Engineering"), named("Support")]);
    let mut ken = entry(KEN);
    ken.groups = memberships([named("Finance")]);
    let mut new = new_entry(NEW);
    new.groups = memberships([named("Brand new")]);
    request.roster.retain(|person| email_of(person) != KEN);
    request.roster.extend([grace, ken, new]);
    request.policy.absent = AbsentPolicy::Delete;
    request.policy.memberships = MembershipPolicy::Exact;
    request
}

/// Returns every kind of fault of one request.
fn kinds(dialect: Dialect) -> Vec<FaultKind> {
    let statuses = [401, 408, 500].map(status);
    let after = [200, 204, 408, 503, 504].map(FaultKind::StatusAfter);
    let disabled = if dialect == Dialect::V1 { "isDisabled" } else { "active" };
    let nested = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let answers = ["null", "{}", r#"{"success":false}"#, &nested].map(answer);
    let others = [
        status_after(429, "0"),
        status_after(429, "999999"),
        FaultKind::LoseReply,
        FaultKind::Reset,
        FaultKind::ResetInBody,
        FaultKind::Truncate,
        FaultKind::Drip { bytes_per_tick: 50, tick: Duration::from_millis(1) },
        FaultKind::ContentType("text/html".into()),
        FaultKind::Html200,
        FaultKind::InvalidJson,
        FaultKind::DeepJson(10_000),
        FaultKind::HugeBody(70_000),
        FaultKind::Redirect("https://elsewhere.example/".into()),
        FaultKind::RepeatPage,
        FaultKind::EndlessPages,
        FaultKind::IgnoreFilter,
        FaultKind::OmitField("groups".into()),
        FaultKind::OmitInLists(disabled.into()),
        FaultKind::StaleReads { requests: 1 },
    ];
    statuses.into_iter().chain(after).chain(answers).chain(others).collect()
}

/// Returns whether the fault can affect the request, and so counts it.
fn can_affect(kind: &FaultKind, request: &LoggedRequest) -> bool {
    match kind {
        FaultKind::StaleReads { .. } => request.is_write(),
        FaultKind::RepeatPage
        | FaultKind::EndlessPages
        | FaultKind::IgnoreFilter
        | FaultKind::OmitInLists(_) => !request.is_write(),
        _ => true,
    }
}

async fn disturbed(dialect: Dialect, call: Call, kind: FaultKind, number: u32, end: Arc<EndState>) {
    let what = format!("{call:?} with {kind:?} after {number} requests");
    let setup = Setup::new(dialect, call).await;
    let before = setup.end_state();
    setup.world.mock.inject(Fault { skip: number, times: Some(1), ..Fault::new(kind) });
    if let Err(writes) = setup.make(call).await {
        let unchanged = setup.end_state() == before;
        assert!(unchanged || !writes.is_empty(), "{what}: a write was not reported");
        setup.clear_faults();
        let second = setup.make(call).await;
        assert!(second.is_ok(), "{what}: again, {second:?}");
    }
    let state = setup.world.mock.state();
    let now = EndState::of(&state);
    now.assert_no_duplicates(&state, &what);
    assert_eq!(now, *end, "{what}");
}

async fn a_repetition_ends_the_same(dialect: Dialect, call: Call) {
    let setup = Setup::new(dialect, call).await;
    let before = setup.end_state();
    assert_eq!(setup.make(call).await.ok(), Some(()), "{call:?}");
    let requests = setup.world.mock.requests();
    let end = Arc::new(setup.end_state());
    assert_ne!(*end, before, "{call:?}");

    // Calls with many requests get a part of all pairs: each request gets a share of the kinds,
    // and each kind a share of the requests.
    let whole = if dialect == Dialect::V1 { WHOLE / 2 } else { WHOLE };
    let stride = requests.len().div_ceil(whole).max(1);
    let places = Arc::new(Semaphore::new(AT_A_TIME));
    let mut runs = JoinSet::new();
    for (row, kind) in kinds(dialect).into_iter().enumerate() {
        let affected = requests.iter().filter(|request| can_affect(&kind, request)).count();
        for number in (row % stride..affected).step_by(stride) {
            let (places, kind, end) = (Arc::clone(&places), kind.clone(), Arc::clone(&end));
            runs.spawn(async move {
                let _place = places.acquire().await.expect("a place");
                disturbed(dialect, call, kind, number as u32, end).await;
            });
        }
    }
    assert!(runs.len() >= 50, "{call:?}: {} runs", runs.len());
    runs.join_all().await;
}

async fn provision_of_a_new_user(dialect: Dialect) {
    a_repetition_ends_the_same(dialect, Call::ProvisionNew).await;
}

async fn provision_of_a_disabled_user(dialect: Dialect) {
    a_repetition_ends_the_same(dialect, Call::ProvisionDisabled).await;
}

async fn deprovision_by_disabling(dialect: Dialect) {
    a_repetition_ends_the_same(dialect, Call::Disable).await;
}

async fn deprovision_by_deleting(dialect: Dialect) {
    a_repetition_ends_the_same(dialect, Call::Delete).await;
}

async fn restore_of_a_disabled_user(dialect: Dialect) {
    a_repetition_ends_the_same(dialect, Call::RestoreDisabled).await;
}

async fn restore_of_a_deleted_user(dialect: Dialect) {
    a_repetition_ends_the_same(dialect, Call::RestoreDeleted).await;
}

async fn ensure_group(dialect: Dialect) {
    a_repetition_ends_the_same(dialect, Call::EnsureGroup).await;
}

async fn change_group(dialect: Dialect) {
    a_repetition_ends_the_same(dialect, Call::ChangeGroup).await;
}

async fn remove_group(dialect: Dialect) {
    a_repetition_ends_the_same(dialect, Call::RemoveGroup).await;
}

async fn sync(dialect: Dialect) {
    a_repetition_ends_the_same(dialect, Call::Sync).await;
}

async fn apply_step(dialect: Dialect) {
    a_repetition_ends_the_same(dialect, Call::ApplySteps).await;
}
