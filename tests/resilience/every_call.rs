//! Every function that writes, with everything that can go wrong, at each of its requests in
//! turn: whatever took effect is told, and a repetition ends as if nothing had gone wrong.

use std::sync::Arc;
use std::time::Duration;

use host_test::Answer;
use host_test::retool::groups::{ChangeGroupRequest, EnsureGroupRequest};
use host_test::retool::lifecycle::{DeprovisionMode, Tombstone};
use host_test::retool::synchronization::{AbsentPolicy, MembershipPolicy, Step, SyncRequest};
use host_test::retool::types::Write;
use mock_retool::{Fault, FaultKind, LoggedRequest};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::fault::{answer, status, status_after};
use super::scene::EndState;
use crate::support::acme::{ADA, GRACE, JOAN, KEN, NEW};
use crate::support::{
    World, app_access, arrival, by_email, case_and_detail, changing, departure, done, email_of,
    ensuring, entry, memberships, named, new_member, removing, restoring, roster_of,
};

/// How many of these calls run at a time; each has a server of its own.
const AT_A_TIME: usize = 24;

/// Calls of no more requests than this meet every kind of trouble at each of them.
const WHOLE: usize = 6;

/// Listings of more than one page, and an answer that is too large soon.
const SETTINGS: &[(&str, &str)] = &[("RETOOL_PAGE_SIZE", "2"), ("RETOOL_MAX_BODY_BYTES", "65536")];

/// What is asked for.
#[derive(Clone, Copy, Debug)]
enum Call {
    /// Somebody new, in a group that is there and one that is not.
    Arrival,
    /// Somebody who was disabled, under another name and in another group.
    Return,
    /// Somebody disabled and taken out of every group.
    Departure,
    /// Somebody deleted.
    Deletion,
    /// Somebody who was disabled and taken out of every group, put back.
    Restoration,
    /// Somebody who was deleted, made anew.
    Recreation,
    /// A group made.
    NewGroup,
    /// A group renamed, one added, one removed.
    ChangedGroup,
    /// A group removed.
    RemovedGroup,
    /// All of that for several people.
    Sync,
    /// The same, step by step.
    Steps,
}

/// An organisation, and what the call starts from.
struct Stage {
    world: World,
    tombstone: Option<Tombstone>,
    steps: Vec<Step>,
}

impl Stage {
    async fn set(call: Call) -> Stage {
        let mut world = World::acme().await;
        world.tenant = world.tenant_with(SETTINGS);
        let tombstone = match call {
            Call::Restoration => leave(&world, DeprovisionMode::DisableAndStripGroups).await,
            Call::Recreation => leave(&world, DeprovisionMode::Delete).await,
            _ => None,
        };
        let steps = match call {
            Call::Steps => done(world.tenant.plan_sync(&new_roster(&world)).await).steps,
            _ => Vec::new(),
        };
        world.mock.clear_requests();
        let stage = Stage { world, tombstone, steps };
        stage.good_day();
        stage
    }

    /// Nothing goes wrong any more. The server takes a second account of one address, so that a
    /// creation too many can be seen.
    fn good_day(&self) {
        self.world.mock.clear_faults();
        self.world.mock.inject(Fault::new(FaultKind::SecondAccount));
    }

    fn end_state(&self) -> EndState {
        EndState::of(&self.world.mock.state())
    }

    /// Makes the call; if it must be made again, says what it told that it wrote.
    async fn make(&self, call: Call) -> Result<(), Vec<Write>> {
        let tenant = &self.world.tenant;
        match call {
            Call::Arrival => {
                let mut request = arrival(NEW);
                request.first_name = Some("Nina".into());
                request.groups = memberships([named("Support"), named("Brand new")]);
                request.create_missing_groups = true;
                again(tenant.provision(&request).await)
            }
            Call::Return => {
                let mut request = arrival(KEN);
                request.last_name = Some("Thompson".into());
                request.groups = memberships([named("Engineering")]);
                again(tenant.provision(&request).await)
            }
            Call::Departure => {
                let mode = DeprovisionMode::DisableAndStripGroups;
                match tenant.deprovision(&departure(JOAN, mode)).await {
                    // Somebody has to see to it that the server lets the person go.
                    Ok(Ok(result)) if !result.remaining.is_empty() => Err(result.writes),
                    other => again(other),
                }
            }
            Call::Deletion => {
                again(tenant.deprovision(&departure(JOAN, DeprovisionMode::Delete)).await)
            }
            Call::Restoration | Call::Recreation => {
                let tombstone = self.tombstone.clone().expect("a tombstone");
                let is_group = |lost: &String| lost.starts_with("The group ");
                match tenant.restore(&restoring([tombstone], true)).await {
                    // The server refused to take the person into a group, and it says so.
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
            Call::NewGroup => {
                let request = EnsureGroupRequest { access: app_access("use"), ..ensuring("Legal") };
                again(tenant.ensure_group(&request).await)
            }
            Call::ChangedGroup => {
                let group = match self.world.mock.state().group_named("Support") {
                    Some(_) => named("Support"),
                    // Renamed by the first try, which asked by name.
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
            Call::RemovedGroup => {
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
            Call::Steps => {
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

/// What a call came to that succeeded, or is to be made again.
fn again<T>(answer: Answer<T>) -> Result<(), Vec<Write>> {
    match answer.expect("an answer of the component") {
        Ok(_) => Ok(()),
        Err(error) => Err(case_and_detail(error).1.writes),
    }
}

async fn leave(world: &World, mode: DeprovisionMode) -> Option<Tombstone> {
    done(world.tenant.deprovision(&departure(JOAN, mode)).await).tombstone
}

/// Somebody new in a new group, somebody renamed, somebody back, somebody out of a group, and
/// somebody gone.
fn new_roster(world: &World) -> SyncRequest {
    let mut request = roster_of(&world.mock);
    request.roster.retain(|person| ![GRACE, JOAN, NEW].contains(&email_of(person)));
    let ada = request.roster.iter_mut().find(|person| email_of(person) == ADA).expect("Ada");
    ada.last_name = Some("King".into());
    ada.groups = memberships([named("Engineering")]);
    let mut grace = entry(GRACE);
    grace.admin = Some(true);
    grace.groups = memberships([named("Engineering"), named("Support")]);
    let mut ken = entry(KEN);
    ken.groups = memberships([named("Finance")]);
    let mut new = entry(NEW);
    new.groups = memberships([named("Brand new")]);
    request.roster.retain(|person| email_of(person) != KEN);
    request.roster.extend([grace, ken, new]);
    request.policy.absent = AbsentPolicy::Delete;
    request.policy.memberships = MembershipPolicy::Exact;
    request
}

/// Everything that can go wrong with one request.
fn kinds() -> Vec<FaultKind> {
    let statuses = [401, 408, 500].map(status);
    let after = [200, 204, 408, 503, 504].map(FaultKind::StatusAfter);
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
        FaultKind::OmitInLists("isDisabled".into()),
        FaultKind::StaleReads { requests: 1 },
    ];
    statuses.into_iter().chain(after).chain(answers).chain(others).collect()
}

/// Whether the fault is about the request, and so counts it.
fn concerns(kind: &FaultKind, request: &LoggedRequest) -> bool {
    match kind {
        FaultKind::StaleReads { .. } => request.is_write(),
        FaultKind::RepeatPage
        | FaultKind::EndlessPages
        | FaultKind::IgnoreFilter
        | FaultKind::OmitInLists(_) => !request.is_write(),
        _ => true,
    }
}

async fn disturbed(call: Call, kind: FaultKind, number: u32, end: Arc<EndState>) {
    let what = format!("{call:?} with {kind:?} after {number} requests");
    let stage = Stage::set(call).await;
    let before = stage.end_state();
    stage.world.mock.inject(Fault { skip: number, times: Some(1), ..Fault::new(kind) });
    if let Err(writes) = stage.make(call).await {
        let nothing = stage.end_state() == before;
        assert!(nothing || !writes.is_empty(), "{what}: something was written and not told");
        stage.good_day();
        let second = stage.make(call).await;
        assert!(second.is_ok(), "{what}: again, {second:?}");
    }
    let state = stage.world.mock.state();
    let now = EndState::of(&state);
    now.assert_nothing_is_double(&state, &what);
    assert_eq!(now, *end, "{what}");
}

async fn a_repetition_ends_the_same(call: Call) {
    let stage = Stage::set(call).await;
    let before = stage.end_state();
    assert_eq!(stage.make(call).await.ok(), Some(()), "{call:?}");
    let requests = stage.world.mock.requests();
    let end = Arc::new(stage.end_state());
    assert_ne!(*end, before, "{call:?}");

    // Calls of many requests take a part of all pairs: each request has its share of the kinds,
    // and each kind its share of the requests.
    let stride = requests.len().div_ceil(WHOLE).max(1);
    let places = Arc::new(Semaphore::new(AT_A_TIME));
    let mut runs = JoinSet::new();
    for (row, kind) in kinds().into_iter().enumerate() {
        let concerned = requests.iter().filter(|request| concerns(&kind, request)).count();
        for number in (row % stride..concerned).step_by(stride) {
            let (places, kind, end) = (Arc::clone(&places), kind.clone(), Arc::clone(&end));
            runs.spawn(async move {
                let _place = places.acquire().await.expect("a place");
                disturbed(call, kind, number as u32, end).await;
            });
        }
    }
    assert!(runs.len() >= 50, "{call:?}: {} runs", runs.len());
    runs.join_all().await;
}

#[tokio::test]
async fn an_arrival() {
    a_repetition_ends_the_same(Call::Arrival).await;
}

#[tokio::test]
async fn a_return() {
    a_repetition_ends_the_same(Call::Return).await;
}

#[tokio::test]
async fn a_departure() {
    a_repetition_ends_the_same(Call::Departure).await;
}

#[tokio::test]
async fn a_deletion() {
    a_repetition_ends_the_same(Call::Deletion).await;
}

#[tokio::test]
async fn a_restoration() {
    a_repetition_ends_the_same(Call::Restoration).await;
}

#[tokio::test]
async fn a_restoration_of_somebody_deleted() {
    a_repetition_ends_the_same(Call::Recreation).await;
}

#[tokio::test]
async fn a_new_group() {
    a_repetition_ends_the_same(Call::NewGroup).await;
}

#[tokio::test]
async fn a_changed_group() {
    a_repetition_ends_the_same(Call::ChangedGroup).await;
}

#[tokio::test]
async fn a_removed_group() {
    a_repetition_ends_the_same(Call::RemovedGroup).await;
}

#[tokio::test]
async fn a_sync() {
    a_repetition_ends_the_same(Call::Sync).await;
}

#[tokio::test]
async fn a_plan_step_by_step() {
    a_repetition_ends_the_same(Call::Steps).await;
}
