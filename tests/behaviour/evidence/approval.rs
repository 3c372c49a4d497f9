//! A plan is applied as it was approved, or not at all: in the organisation that it was made for, in
//! slices, and again after it was cut off.

use std::collections::BTreeSet;
use std::future::Future;

use host_test::json;
use host_test::retool::synchronization::{
    AbsentPolicy, ApplyPlanRequest, EmailSpan, MembershipPolicy, PersonOutcome, PersonRefusal,
    Plan, RosterEntry, SeatChange, Step, StepKind, StepOutcome, SyncReport, SyncRequest,
};
use host_test::retool::types::{Connection, Dialect, GroupId, UserId, UserType};
use mock_retool::Hook;
use tokio::sync::oneshot;

use crate::support::acme::{ADA, GRACE, JOAN, KEN, NEW, written};
use crate::support::dialects::{ALL, tenant_at};
use crate::support::{World, by_email, done, entry, failed, limit, memberships, named, roster};

/// A person who is absent.
const EVE: &str = "eve@acme.example";

/// A roster that takes steps of every kind but enabling and deleting.
fn busy() -> SyncRequest {
    let of = |email: &str, groups: &[&str]| RosterEntry {
        groups: memberships(groups.iter().map(|name| named(name))),
        ..entry(email)
    };
    let nina = RosterEntry {
        first_name: Some("Nina".into()),
        last_name: Some("Newman".into()),
        ..of(NEW, &["Engineering", "Legal"])
    };
    let joan = RosterEntry { last_name: Some("Smith".into()), ..of(JOAN, &["Finance"]) };
    let ada = of(ADA, &["Engineering", "Support"]);
    let mut request = roster(vec![nina, joan, ada, of(GRACE, &["Engineering"])]);
    request.policy.memberships = MembershipPolicy::Exact;
    request.policy.absent = AbsentPolicy::Disable;
    request
}

async fn world(dialect: Dialect) -> World {
    let world = World::acme_over(dialect).await;
    world.add(EVE, &["Support"]);
    world
}

async fn planned(world: &World, request: &SyncRequest) -> Plan {
    let plan = done(world.tenant.plan_sync(request).await);
    world.mock.clear_requests();
    plan
}

/// Returns the request for a part of a plan, under the plan's own digest.
fn part(plan: &Plan, first: u32, count: Option<u32>) -> ApplyPlanRequest {
    ApplyPlanRequest { plan: plan.clone(), approved_digest: plan.digest.clone(), first, count }
}

async fn applied(world: &World, plan: &Plan, first: u32, count: Option<u32>) -> SyncReport {
    done(world.tenant.apply_plan(&part(plan, first, count)).await)
}

/// Checks that a call is refused with this code, and that nothing was sent.
async fn refused(world: &World, request: &ApplyPlanRequest, code: &str, what: &str) {
    let before = world.mock.state();
    world.mock.clear_requests();
    let (case, detail) = failed(world.tenant.apply_plan(request).await);
    assert_eq!((case, &*detail.code), ("permanent refused", code), "{what}: {}", detail.message);
    assert!(detail.message.contains("Nothing was written"), "{}", detail.message);
    assert!(detail.writes.is_empty() && detail.tombstones.is_empty());
    assert_eq!((detail.attempts, detail.http_status), (0, None));
    assert_eq!(world.requests(), Vec::<String>::new(), "{what}");
    assert_eq!(world.mock.state(), before);
}

/// Returns what a plan is about: each user's fields and groups, and the groups.
fn end(world: &World) -> BTreeSet<String> {
    let state = world.mock.state();
    let users = state.users.iter().map(|user| {
        let groups = world.groups_of(&user.email);
        let (first, last) = (&user.first_name, &user.last_name);
        format!("{} {first:?} {last:?} {} {groups:?}", user.email, user.is_disabled)
    });
    users.chain(state.groups.iter().map(|group| group.name.clone())).collect()
}

fn outcome(report: &SyncReport, email: &str) -> Option<PersonOutcome> {
    let person = report.people.iter().find(|person| person.email.as_deref() == Some(email));
    person.map(|person| person.outcome)
}

type Alteration = (&'static str, fn(&mut Plan));

/// Alterations of everything that is approved.
const ALTERATIONS: &[Alteration] = &[
    ("digest", |p| p.digest = "0".repeat(64)),
    ("inputs digest", |p| p.inputs_digest = "0".repeat(64)),
    ("organisation", |p| p.organisation = "https://other.example".into()),
    ("dialect", |p| p.dialect = if p.dialect == Dialect::V1 { Dialect::V2 } else { Dialect::V1 }),
    ("no dialect", |p| p.dialect = Dialect::Auto),
    ("span", |p| p.span = Some(EmailSpan { start: Some("a".into()), before: None })),
    ("policy", |p| p.policy.create_missing_groups ^= true),
    ("absent", |p| p.policy.absent = AbsentPolicy::Delete),
    ("memberships", |p| p.policy.memberships = MembershipPolicy::Add),
    ("managed groups", |p| p.policy.managed_groups = vec![named("admin")]),
    ("user type", |p| p.policy.default_user_type = Some(UserType::EndUser)),
    ("limit", |p| limit(&mut p.policy.guards.user_removals).floor = Some(1_000)),
    ("minimum", |p| p.policy.guards.minimum_admins = Some(0)),
    ("required", |p| p.policy.guards.required_admins = vec![by_email(JOAN)]),
    ("protected", |p| p.policy.guards.protected_people = vec![by_email(JOAN)]),
    ("empty roster", |p| p.policy.guards.allow_empty_roster = true),
    ("a step less", |p| drop(p.steps.pop())),
    ("a step twice", |p| p.steps.push(p.steps[0].clone())),
    ("order", |p| p.steps.reverse()),
    ("withheld", |p| p.withheld.push(p.steps[0].clone())),
    ("kind", |p| of(p, StepKind::DisableUser).kind = StepKind::DeleteUser),
    ("step's organisation", |p| p.steps[0].organisation = "https://other.example".into()),
    ("step's dialect", |p| p.steps[0].dialect = Dialect::Auto),
    ("step's minimum", |p| p.steps[0].minimum_admins = 0),
    ("step's administrators", |p| p.steps[0].required_admins = vec![by_email(JOAN)]),
    ("email", |p| of(p, StepKind::DisableUser).email = Some(ADA.into())),
    ("user", |p| of(p, StepKind::DisableUser).user = Some(UserId::V1("another".into()))),
    ("group's name", |p| of(p, StepKind::CreateGroup).group_name = Some("Lawyers".into())),
    ("group", |p| of(p, StepKind::RemoveMember).group = Some(GroupId::Rest("1".into()))),
    ("changed value", |p| of(p, StepKind::UpdateUser).changes[0].after = Some("Jones".into())),
    ("changed field", |p| of(p, StepKind::UpdateUser).changes[0].field = "first-name".into()),
    ("unknown field", |p| of(p, StepKind::UpdateUser).changes[0].field = "salary".into()),
    ("value before", |p| of(p, StepKind::UpdateUser).changes[0].before = None),
    ("precondition", |p| of(p, StepKind::UpdateUser).precondition = "0".repeat(64)),
    ("a record less", |p| drop(p.tombstones.pop())),
    ("record's user", |p| p.tombstones[0].user.last_name = None),
    ("record's groups", |p| p.tombstones[0].user.groups = None),
    ("record's login", |p| p.tombstones[0].user.login = Some("eve".into())),
    ("record's other ids", |p| p.tombstones[0].user.other_ids = vec![UserId::Scim("1".into())]),
    ("record's date", |p| p.tombstones[0].user.created_at = Some("2026-01-01T00:00:00Z".into())),
    ("record's raw text", |p| p.tombstones[0].raw = Some("{}".into())),
    ("record's organisation", |p| p.tombstones[0].base_url = "https://other.example".into()),
    ("record's disabling", |p| p.tombstones[0].disabled_since = Some("2026-01-01".into())),
    ("unchanged", |p| p.unchanged = u32::MAX),
    ("a refusal more", |p| p.refusals.push(refusal("protected-person"))),
    ("an unknown refusal", |p| p.refusals.push(refusal("out-of-office"))),
    ("a refused login", |p| {
        let login = Some("eve".into());
        p.refusals.push(PersonRefusal { login, ..refusal("protected-person") });
    }),
    ("seats", |p| p.seats.push(seats(1, 1, 0, 2))),
    ("seats that do not add up", |p| p.seats.push(seats(u32::MAX, 1, 0, 7))),
    ("a guard less", |p| drop(p.guards.pop())),
    ("a guard's number", |p| p.guards[0].actual += 1),
    ("a guard's limit", |p| p.guards[0].limit += 1),
    ("a tripped guard", |p| p.guards[0].tripped = true),
    ("a guard's subject", |p| p.guards[0].subject = Some("Eve".into())),
];

fn of(plan: &mut Plan, kind: StepKind) -> &mut Step {
    plan.steps.iter_mut().find(|step| step.kind == kind).expect("a step")
}

fn refusal(code: &str) -> PersonRefusal {
    let (code, message) = (code.to_owned(), "No.".to_owned());
    PersonRefusal { email: Some(EVE.into()), login: None, user: None, code, message }
}

fn seats(before: u32, added: u32, removed: u32, after: u32) -> SeatChange {
    SeatChange { user_type: UserType::Embed, before, added, removed, after }
}

#[tokio::test]
async fn an_altered_plan_is_refused_under_the_approved_digest() {
    for dialect in ALL {
        let world = world(dialect).await;
        let plan = planned(&world, &busy()).await;
        for (what, alter) in ALTERATIONS {
            let mut request = part(&plan, 0, None);
            alter(&mut request.plan);
            assert_ne!(request.plan, plan, "{what}");
            refused(&world, &request, "plan-changed", what).await;
        }
        for digest in ["", "0", &"0".repeat(64), &plan.digest.to_uppercase()] {
            let request =
                ApplyPlanRequest { approved_digest: digest.into(), ..part(&plan, 0, None) };
            refused(&world, &request, "plan-changed", "another digest").await;
        }
        // It is applied after all that, so the refusals were about the alterations.
        assert!(applied(&world, &plan, 0, None).await.complete, "{dialect:?}");
    }
}

/// What the digest leaves out, and the way through a file.
#[tokio::test]
async fn dates_and_texts_may_differ_and_a_plan_may_be_kept_as_json() {
    for dialect in ALL {
        let world = world(dialect).await;
        let mut request = busy();
        // A person who is left alone, and texts that are not ASCII.
        request.roster.push(entry(KEN));
        request.policy.re_enable_disabled = false;
        request.roster[1].last_name = Some("Šmíd-\u{1f600} \"quoted\"".into());
        limit(&mut request.policy.guards.creations).floor = Some(7);
        request.policy.guards.protected_people = vec![by_email("Nobody@acme.example")];
        request.span = Some(EmailSpan { start: Some("A".into()), before: Some("z".into()) });
        let mut plan = planned(&world, &request).await;
        assert_eq!(plan.refusals.len(), 1);
        plan.made_at = "2031-01-01T00:00:00Z".into();
        plan.limitations = vec!["reworded".into()];
        plan.guards.iter_mut().for_each(|guard| guard.message.push('!'));
        plan.refusals.iter_mut().for_each(|refusal| refusal.message.push('!'));
        plan.tombstones.iter_mut().for_each(|one| one.recorded_at = "2031-01-01".into());
        let text = json::value(&plan).expect("JSON").to_string();
        let kept: Plan =
            json::from_value(serde_json::from_str(&text).expect("JSON")).expect("a plan");
        assert_eq!(kept, plan);
        let report = applied(&world, &kept, 0, None).await;
        assert_eq!(report.digest, plan.digest);
        // Ken is still left alone, and the rest is done.
        assert_eq!(outcome(&report, KEN), Some(PersonOutcome::Refused));
        assert!(!report.complete && !report.writes.is_empty());
        assert_eq!(world.person(JOAN).last_name.as_deref(), Some("Šmíd-\u{1f600} \"quoted\""));
    }
}

#[tokio::test]
async fn a_plan_and_its_steps_are_refused_in_another_organisation() {
    for dialect in ALL {
        let (own, other) = (world(dialect).await, world(dialect).await);
        let plan = planned(&own, &busy()).await;
        refused(&other, &part(&plan, 0, None), "wrong-organisation", "another organisation").await;
        for step in &plan.steps {
            let before = other.mock.state();
            let (case, detail) = failed(other.tenant.apply_step(step).await);
            assert_eq!((case, &*detail.code), ("permanent invalid-input", "step-invalid"));
            assert_eq!(detail.field.as_deref(), Some("step.organisation"));
            assert!(other.requests().is_empty() && other.mock.state() == before);
        }
        // Another spelling of the base URL is the same organisation.
        let url = own.mock.base_url().replace("http", "HTTP") + "/";
        let mut respelled = part(&plan, 0, None);
        respelled.plan.tombstones.iter_mut().for_each(|one| one.base_url.clone_from(&url));
        let tenant = tenant_at(url, dialect, &own);
        assert!(done(tenant.apply_plan(&respelled).await).complete);
    }
}

#[tokio::test]
async fn a_plan_is_refused_over_another_dialect() {
    let mut world = world(Dialect::V1).await;
    let plan = planned(&world, &busy()).await;
    let v1 = world.tenant.clone();
    world.tenant = world.over(Dialect::V2);
    refused(&world, &part(&plan, 0, None), "wrong-dialect", "another dialect").await;
    // `auto` finds v2, and that takes a request.
    let auto = Connection { dialect: Dialect::Auto, ..v1.connection().clone() };
    let (case, detail) = failed(v1.with_connection(auto).apply_plan(&part(&plan, 0, None)).await);
    assert_eq!((case, &*detail.code), ("permanent refused", "wrong-dialect"));
    assert!(world.writes().is_empty());
    world.tenant = v1;
    assert!(applied(&world, &plan, 0, None).await.complete);
}

#[tokio::test]
async fn withheld_steps_are_never_applied() {
    let world = world(Dialect::V2).await;
    let mut request = busy();
    let removals = limit(&mut request.policy.guards.user_removals);
    (removals.percent, removals.floor) = (Some(0), Some(0));
    let plan = planned(&world, &request).await;
    assert!(plan.steps.is_empty() && !plan.withheld.is_empty());
    refused(&world, &part(&plan, 0, None), "guard-tripped", "withheld steps").await;
    let mut moved = part(&plan, 0, None);
    moved.plan.steps = std::mem::take(&mut moved.plan.withheld);
    refused(&world, &moved, "plan-changed", "moved steps").await;
}

#[tokio::test]
async fn a_part_that_the_plan_lacks_is_refused() {
    let world = world(Dialect::V2).await;
    let plan = planned(&world, &busy()).await;
    let all = plan.steps.len() as u32;
    for (first, count, field) in [
        (all + 1, None, "request.first"),
        (u32::MAX, Some(1), "request.first"),
        (0, Some(0), "request.count"),
    ] {
        let (case, detail) = failed(world.tenant.apply_plan(&part(&plan, first, count)).await);
        assert_eq!((case, detail.field.as_deref()), ("permanent invalid-input", Some(field)));
        assert!(world.requests().is_empty());
    }
    let report = applied(&world, &plan, all, None).await;
    assert!(report.complete && report.people.is_empty() && report.next.is_none());
}

#[tokio::test]
async fn slices_of_any_size_end_as_a_sync_does() {
    for dialect in ALL {
        let synced = world(dialect).await;
        let whole = done(synced.tenant.sync(&busy()).await);
        assert!(whole.complete);
        for size in [1, 2, 3, 5, 100] {
            let world = world(dialect).await;
            let plan = planned(&world, &busy()).await;
            assert_eq!(plan.steps.len(), 8, "{:?}", plan.steps);
            let (mut first, mut writes) = (Some(0), Vec::new());
            while let Some(start) = first {
                let report = applied(&world, &plan, start, Some(size)).await;
                assert!(report.complete, "{dialect:?} {size} {:?}", report.people);
                assert_eq!((&report.digest, report.dialect), (&plan.digest, dialect));
                let end = (start + size).min(8);
                assert_eq!(report.next, (end < 8).then_some(end));
                // The people of the slice, and no others.
                let steps = &plan.steps[start as usize..end as usize];
                let people: BTreeSet<_> =
                    steps.iter().filter_map(|step| step.email.clone()).collect();
                let reported: BTreeSet<_> =
                    report.people.iter().filter_map(|person| person.email.clone()).collect();
                assert_eq!(reported, people);
                writes.extend(written(&report.writes));
                first = report.next;

                // The same slice again writes nothing.
                let before = world.mock.state().users.len();
                world.mock.clear_requests();
                let again = applied(&world, &plan, start, Some(size)).await;
                assert!(again.complete, "{:?}", again.people);
                let sessions = |line: &String| line.starts_with("sessions-ended");
                assert!(written(&again.writes).iter().all(sessions), "{:?}", again.writes);
                assert_eq!(world.mock.state().users.len(), before);
            }
            assert_eq!(end(&world), end(&synced), "{dialect:?}, slices of {size}");
            let mut expected = written(&whole.writes);
            writes.sort();
            expected.sort();
            assert_eq!(writes, expected);
        }
    }
}

/// The account and the group that a membership needs are created in an earlier slice.
#[tokio::test]
async fn a_slice_without_the_one_before_it_is_not_begun() {
    for dialect in ALL {
        let world = world(dialect).await;
        let plan = planned(&world, &busy()).await;
        let first = plan.steps.iter().position(|step| step.kind == StepKind::AddMember);
        let first = first.expect("an addition") as u32;
        let report = applied(&world, &plan, first, None).await;
        assert_eq!(outcome(&report, NEW), Some(PersonOutcome::NotBegun));
        let nina = report.people.iter().find(|one| one.email.as_deref() == Some(NEW));
        let why = nina.and_then(|nina| nina.refusal.clone()).expect("a reason");
        assert!(why.contains("before this slice"), "{why}");
        assert!(!report.complete && !world.has(NEW));
        // The others are done.
        assert_eq!(world.groups_of(JOAN), ["Finance", "viewer"]);
        assert!(world.person(EVE).is_disabled);
        // The whole plan then does the rest.
        let report = applied(&world, &plan, 0, None).await;
        assert!(report.complete, "{dialect:?} {:?}", report.people);
        assert_eq!(world.groups_of(NEW), ["Engineering", "Legal"]);
    }
}

#[tokio::test]
async fn a_stale_step_is_reported_and_the_rest_goes_on() {
    for dialect in ALL {
        let world = world(dialect).await;
        let plan = planned(&world, &busy()).await;
        world.shape(JOAN, |joan| joan.first_name = Some("Joanna".into()));
        world.shape(EVE, |eve| eve.last_name = Some("Edited".into()));
        let report = applied(&world, &plan, 0, None).await;
        for email in [JOAN, EVE] {
            assert_eq!(outcome(&report, email), Some(PersonOutcome::Stale), "{dialect:?}");
        }
        assert!(!report.complete);
        assert_eq!(outcome(&report, NEW), Some(PersonOutcome::Created));
        assert_eq!(world.groups_of(NEW), ["Engineering", "Legal"]);
        // Nothing was written for them, not even the memberships.
        assert_eq!(world.person(JOAN).last_name.as_deref(), Some("Doe"));
        assert_eq!(world.groups_of(JOAN), ["Support", "viewer"]);
        assert!(!world.person(EVE).is_disabled);
    }
}

/// A person who has another address now is another one, also where the group is new.
#[tokio::test]
async fn a_renamed_person_is_not_touched() {
    for dialect in ALL {
        let world = world(dialect).await;
        let mut request = busy();
        request.roster[1].groups = memberships([named("Legal")]);
        request.policy.absent = AbsentPolicy::Keep;
        let plan = planned(&world, &request).await;
        world.shape(JOAN, |joan| joan.email = "jo@acme.example".into());
        let report = applied(&world, &plan, 0, None).await;
        assert_eq!(outcome(&report, JOAN), Some(PersonOutcome::Stale), "{dialect:?}");
        assert_eq!(world.groups_of("jo@acme.example"), ["Support", "viewer"]);
        let slice = plan.steps.iter().position(|step| step.kind == StepKind::AddMember);
        let report = applied(&world, &plan, slice.expect("a step") as u32, None).await;
        assert_eq!(outcome(&report, JOAN), Some(PersonOutcome::Stale), "{dialect:?}");
        assert_eq!(world.groups_of("jo@acme.example"), ["Support", "viewer"]);
    }
}

/// Every step is compared before the first is written: what a stale step shows is known in time.
#[tokio::test]
async fn memberships_that_another_administrator_changed_are_seen() {
    for dialect in ALL {
        let world = world(dialect).await;
        let plan = planned(&world, &busy()).await;
        world.mock.edit(|acme| {
            acme.groups.iter_mut().find(|group| group.name == "Finance").expect("a group").name =
                "Accounting".into();
        });
        world.mock.clear_requests();
        let report = applied(&world, &plan, 0, None).await;
        assert_eq!(outcome(&report, JOAN), Some(PersonOutcome::Stale), "{dialect:?}");
        assert_eq!(world.groups_of(JOAN), ["Support", "viewer"]);
        assert_eq!(world.person(JOAN).last_name.as_deref(), Some("Doe"), "{dialect:?}");
        assert_eq!(outcome(&report, EVE), Some(PersonOutcome::Disabled));
    }
}

/// What a slice takes away is recorded as it was before the slice.
#[tokio::test]
async fn each_slice_records_the_accounts_that_it_disabled_or_stripped() {
    let world = world(Dialect::V2).await;
    let plan = planned(&world, &busy()).await;
    let recorded: Vec<_> = plan.tombstones.iter().map(|one| one.user.email.clone()).collect();
    assert_eq!(recorded, [Some(EVE.into()), Some(JOAN.into())]);
    for (index, step) in plan.steps.iter().enumerate() {
        let report = applied(&world, &plan, index as u32, Some(1)).await;
        let takes = matches!(step.kind, StepKind::RemoveMember | StepKind::DisableUser);
        assert_eq!(report.tombstones.len(), usize::from(takes), "{step:?}");
        if let [tombstone] = &report.tombstones[..] {
            assert_eq!(tombstone.user.email, step.email);
            assert!(!tombstone.user.disabled);
            let groups = tombstone.user.groups.as_ref().expect("groups");
            assert!(groups.iter().any(|group| group.name.as_deref() == Some("Support")));
        }
    }
}

fn on_one_thread<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}

/// The host is killed at each request, before it is served or before its reply, and goes on with
/// the same slice. No one is created twice, and the end is the same.
#[test]
fn a_slice_that_was_killed_goes_on() {
    for dialect in ALL {
        let expected = on_one_thread(async {
            let world = world(dialect).await;
            assert!(done(world.tenant.sync(&busy()).await).complete);
            end(&world)
        });
        for at in 0.. {
            let ended = [Hook::CloseBefore, Hook::ServeThenClose].map(|hook| {
                on_one_thread(async {
                    let world = world(dialect).await;
                    let plan = planned(&world, &busy()).await;
                    let (reached, wait) = oneshot::channel();
                    let reached = std::sync::Mutex::new(Some(reached));
                    let count = std::sync::atomic::AtomicUsize::new(0);
                    let closing = hook;
                    world.mock.on_request(move |_, _| {
                        if count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) != at {
                            return Hook::Serve;
                        }
                        if let Some(reached) = reached.lock().expect("the sender").take() {
                            let _ = reached.send(());
                        }
                        closing
                    });
                    let request = part(&plan, 0, Some(7));
                    let ended = tokio::select! {
                        biased;
                        _ = wait => false,
                        answer = world.tenant.apply_plan(&request) => done(answer).complete,
                    };
                    world.mock.on_request(|_, _| Hook::Serve);
                    let report = applied(&world, &plan, 0, Some(7)).await;
                    assert!(report.complete, "{dialect:?} at {at}: {:?}", report.people);
                    let report = applied(&world, &plan, 7, None).await;
                    assert!(report.complete && report.next.is_none());
                    assert_eq!(end(&world), expected, "{dialect:?}, killed at request {at}");
                    ended
                })
            });
            if ended == [true, true] {
                assert!(at > 10, "{dialect:?}: {at} requests");
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_sync_makes_only_the_plan_that_is_expected() {
    for dialect in ALL {
        let world = world(dialect).await;
        let plan = planned(&world, &busy()).await;
        let expecting = SyncRequest { expected_digest: Some(plan.digest.clone()), ..busy() };
        let mut reversed = expecting.clone();
        reversed.roster.reverse();
        assert_eq!(planned(&world, &reversed).await.digest, plan.digest);

        world.shape(JOAN, |joan| joan.first_name = Some("Joanna".into()));
        let before = world.mock.state();
        world.mock.clear_requests();
        let (case, detail) = failed(world.tenant.sync(&expecting).await);
        assert_eq!((case, &*detail.code), ("permanent refused", "plan-changed"), "{dialect:?}");
        assert_eq!(detail.field.as_deref(), Some("request.expected-digest"));
        assert!(detail.writes.is_empty() && world.writes().is_empty());
        assert_eq!(world.mock.state(), before);
        let (_, detail) = failed(world.tenant.plan_sync(&expecting).await);
        assert_eq!(detail.code, "plan-changed");

        world.shape(JOAN, |joan| joan.first_name = Some("joan".into()));
        let report = done(world.tenant.sync(&expecting).await);
        assert!(report.complete);
        assert_eq!(report.digest, plan.digest);
    }
}

/// One of two administrators is to be disabled, and the other one was disabled since the plan.
#[tokio::test]
async fn a_step_that_takes_rights_looks_at_who_is_left() {
    for dialect in [Dialect::V1, Dialect::V2] {
        for by_step in [true, false] {
            let world = World::acme_over(dialect).await;
            let mut request = roster(vec![entry(GRACE), entry(JOAN)]);
            request.policy.absent = AbsentPolicy::Disable;
            request.policy.guards.minimum_admins = Some(1);
            let plan = planned(&world, &request).await;
            let [step] = &plan.steps[..] else { panic!("{:?}", plan.steps) };
            assert_eq!((step.kind, step.minimum_admins), (StepKind::DisableUser, 1));
            world.shape(GRACE, |grace| grace.is_disabled = true);
            if by_step {
                let (case, detail) = failed(world.tenant.apply_step(step).await);
                assert_eq!((case, &*detail.code), ("permanent refused", "last-admin"));
            } else {
                let report = applied(&world, &plan, 0, None).await;
                assert_eq!(outcome(&report, ADA), Some(PersonOutcome::Failed));
                let failure = report.people[0].failure.as_ref().expect("a failure");
                assert_eq!(failure.code, "last-admin");
                assert!(!report.complete);
            }
            assert!(!world.person(ADA).is_disabled && world.writes().is_empty());

            // A required administrator stays enabled, whoever else there is.
            world.shape(GRACE, |grace| grace.is_disabled = false);
            let required = Step { required_admins: vec![by_email(ADA)], ..step.clone() };
            let (_, detail) = failed(world.tenant.apply_step(&required).await);
            assert_eq!(detail.code, "last-admin");
            let result = done(world.tenant.apply_step(step).await);
            assert_eq!(result.outcome, StepOutcome::Applied);
            assert!(world.person(ADA).is_disabled);
        }
    }
}
