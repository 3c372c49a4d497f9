//! Enough administrators are left, by whatever road their rights would be taken.

use host_test::retool::lifecycle::DeprovisionMode;
use host_test::retool::synchronization::{
    AbsentPolicy, Guard, MembershipPolicy, RosterEntry, StepOutcome, SyncRequest,
};
use host_test::retool::types::Dialect;
use mock_retool::Options;

use crate::support::acme::{ADA, GRACE, JOAN, KEN, NEW, link};
use crate::support::dialects::ALL;
use crate::support::{
    World, allow_growth, by_email, changing, departure, done, entry, failed, limit, memberships,
    named, removing, restored, restoring, roster,
};

/// A server on which the members of the group `admin` can be written, and are the administrators.
async fn world(dialect: Dialect) -> World {
    let options = Options { admin_group_writable: true, ..Options::default() };
    let world = World::acme_over_with(dialect, options).await;
    world.shape(KEN, |ken| ken.is_disabled = false);
    world
}

fn administrators(world: &World) -> usize {
    let users = world.mock.state().users;
    users.iter().filter(|user| user.is_admin && !user.is_disabled).count()
}

/// The roster names the group `admin` for one person. Everyone else would leave it.
fn one_administrator() -> SyncRequest {
    let in_admin = RosterEntry { groups: memberships([named("admin")]), ..entry(ADA) };
    let mut request = roster(vec![in_admin, entry(GRACE), entry(JOAN), entry(KEN)]);
    request.policy.memberships = MembershipPolicy::Exact;
    request
}

#[tokio::test]
async fn a_roster_that_takes_people_out_of_the_administrators_group_is_refused() {
    for dialect in ALL {
        let world = world(dialect).await;
        let before = world.mock.state();
        let mut request = one_administrator();
        request.policy.guards.required_admins = vec![by_email(GRACE)];
        let plan = done(world.tenant.plan_sync(&request).await);
        assert!(plan.steps.is_empty(), "{dialect:?}");
        for guard in [Guard::MinimumAdmins, Guard::RequiredAdmins] {
            let report = plan.guards.iter().find(|report| report.guard == guard);
            assert!(report.is_some_and(|report| report.tripped), "{dialect:?}: {report:?}");
        }
        let (case, detail) = failed(world.tenant.sync(&request).await);
        assert_eq!((case, detail.code.as_str()), ("permanent refused", "guard-tripped"));
        assert_eq!(world.mock.state(), before, "{dialect:?}");
    }
}

#[tokio::test]
async fn the_administrators_group_keeps_enough_members() {
    for dialect in ALL {
        let world = world(dialect).await;
        let before = world.mock.state();
        let mut leaving = changing(named("admin"));
        leaving.remove_members = vec![by_email(GRACE)];
        leaving.minimum_admins = Some(2);
        let mut renamed = changing(named("admin"));
        renamed.new_name = Some("former admins".into());
        renamed.minimum_admins = Some(2);
        let mut removal = removing(named("admin"), true);
        removal.minimum_admins = Some(2);
        for (case, detail) in [
            failed(world.tenant.change_group(&leaving).await),
            failed(world.tenant.change_group(&renamed).await),
            failed(world.tenant.remove_group(&removal).await),
        ] {
            assert_eq!((case, detail.code.as_str()), ("permanent refused", "last-admin"));
            assert!(detail.message.contains("administrator"), "{}", detail.message);
        }
        assert_eq!(world.mock.state(), before, "{dialect:?}");

        // One may go if one is enough.
        leaving.minimum_admins = Some(1);
        done(world.tenant.change_group(&leaving).await);
        assert_eq!(administrators(&world), 1, "{dialect:?}");
    }
}

/// Joan and Ken become administrators instead of Ada and Grace.
fn handover() -> SyncRequest {
    let admin = |email, admin| RosterEntry { admin: Some(admin), ..entry(email) };
    let mut request =
        roster(vec![admin(JOAN, true), admin(KEN, true), admin(ADA, false), admin(GRACE, false)]);
    allow_growth(&mut request);
    request
}

#[tokio::test]
async fn rights_stay_if_the_promotions_became_stale_before_they_were_made() {
    let world = world(Dialect::V1).await;
    let reads = [JOAN, KEN].map(|email| format!("GET {}", world.user_path(email)));
    world.before_one_of(&reads, |acme| {
        for user in acme.users.iter_mut().filter(|user| [JOAN, KEN].contains(&&*user.email)) {
            user.first_name = Some("Changed".into());
        }
    });
    let report = done(world.tenant.sync(&handover()).await);
    assert!(!report.complete);
    assert_eq!(administrators(&world), 2);
    let refused = report.people.iter().filter_map(|person| person.failure.as_ref());
    assert!(refused.clone().count() == 2 && refused.clone().all(|why| why.code == "last-admin"));
}

#[tokio::test]
async fn a_single_step_that_takes_rights_looks_at_who_is_left() {
    let world = world(Dialect::V1).await;
    let plan = done(world.tenant.plan_sync(&handover()).await);
    for email in [JOAN, KEN] {
        world.shape(email, |user| user.first_name = Some("Changed".into()));
    }
    for step in &plan.steps {
        if [Some(JOAN), Some(KEN)].contains(&step.email.as_deref()) {
            let result = done(world.tenant.apply_step(step).await);
            assert_eq!(result.outcome, StepOutcome::Stale);
        } else {
            let (case, detail) = failed(world.tenant.apply_step(step).await);
            assert_eq!((case, detail.code.as_str()), ("permanent refused", "last-admin"));
        }
    }
    assert_eq!(administrators(&world), 2);
    assert!(world.writes().is_empty());
}

#[tokio::test]
async fn an_invited_person_is_no_administrator_yet() {
    let world = world(Dialect::V1).await;
    let mut request = roster(vec![
        RosterEntry { admin: Some(true), ..entry(NEW) },
        RosterEntry { admin: Some(false), ..entry(GRACE) },
    ]);
    allow_growth(&mut request);
    let plan = done(world.tenant.plan_sync(&request).await);
    let guard = plan.guards.iter().find(|report| report.guard == Guard::MinimumAdmins);
    let guard = guard.expect("the guard");
    assert!(guard.tripped && guard.actual == 1, "{guard:?}");
}

/// An invitation is not an account, so it does not make more removals look like few.
#[tokio::test]
async fn open_invitations_do_not_enlarge_the_limit_on_removals() {
    let world = World::with_over(Dialect::V2, Options { users: 12, ..Options::default() }).await;
    world.mock.edit(|acme| acme.users.iter_mut().for_each(|user| user.is_disabled = false));
    let people: Vec<String> =
        world.mock.state().users.iter().map(|user| user.email.clone()).collect();
    for number in 0..100 {
        world.invite(&format!("invited{number}@example.com"), &[]);
    }
    // Four of twelve leave, and everyone who is invited stays.
    let invited = (0..100).map(|number| format!("invited{number}@example.com"));
    let names: Vec<String> = people[..8].iter().cloned().chain(invited).collect();
    let mut request = roster(names.iter().map(|email| entry(email)).collect());
    request.policy.absent = AbsentPolicy::Disable;
    request.policy.guards.minimum_admins = Some(0);
    limit(&mut request.policy.guards.user_removals).percent = Some(25);
    let (_, detail) = failed(world.tenant.sync(&request).await);
    assert_eq!(detail.code, "guard-tripped");
    assert!(detail.message.contains("4 of 12 enabled people"), "{}", detail.message);
    assert!(world.writes().is_empty());
}

/// A tombstone that contradicts itself: no administrator, and a member of the group `admin`.
#[tokio::test]
async fn a_restored_membership_may_make_an_administrator() {
    let world = world(Dialect::V1).await;
    let departure = departure(JOAN, DeprovisionMode::DisableAndStripGroups);
    let mut tombstone = done(world.tenant.deprovision(&departure).await).tombstone.expect("one");
    tombstone.user.groups.get_or_insert_default().push(link(1, "admin"));
    let request = restoring([tombstone], true);
    let result = restored(world.tenant.restore(&request).await);
    assert!(result.not_restored.is_empty(), "{:?}", result.not_restored);
    let joan = world.person(JOAN);
    assert!(joan.is_admin && !joan.is_disabled);
    assert!(restored(world.tenant.restore(&request).await).writes.is_empty());
}
