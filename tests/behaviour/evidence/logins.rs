//! Who is meant: by id, by login, and by each address of an account. Accounts without an address.

use host_test::requests;
use host_test::retool::groups::NewMember;
use host_test::retool::lifecycle::{
    DeprovisionMode, DeprovisionOutcome, DeprovisionRequest, ProvisionOutcome, ProvisionRequest,
};
use host_test::retool::synchronization::{
    AbsenceScope, AbsentPolicy, PersonOutcome, RosterEntry, StepOutcome, SyncRequest,
};
use host_test::retool::types::{Dialect, UserId, UserRef};
use mock_retool::{Options, ScimQuirks, User};
use serde_json::json;

use crate::support::acme::{ADA, GRACE, JOAN, KEN, NEW};
use crate::support::dialects::ALL;
use crate::support::{
    World, by_email, changing, departure, done, entry, failed, limit, named, removing, restored,
    restoring, roster,
};

const MAIL: &str = "john.doe@acme.example";
const LOGIN: &str = "jdoe@contoso.onmicrosoft.com";
const SECOND: &str = "jd@acme.example";
const SERVICE: &str = "svc-deploy";

/// Acme over SCIM, with John: his login is another address than his mail, and he has a second one.
async fn with_john() -> World {
    let world = World::acme_over(Dialect::Scim).await;
    world.add(MAIL, &["Support"]);
    world.shape(MAIL, |john| {
        john.scim.insert("userName".into(), json!(LOGIN));
        let emails = json!([
            {"value": SECOND, "type": "home", "primary": false},
            {"value": MAIL, "type": "work", "primary": true},
        ]);
        john.scim.insert("emails".into(), emails);
    });
    world
}

/// Acme over SCIM, with an account that has a login and no address. Returns its id too.
async fn with_service() -> (World, UserId) {
    let world = World::acme_over(Dialect::Scim).await;
    world.add("svc@acme.example", &["Support"]);
    let id = world.user_id("svc@acme.example");
    world.shape("svc@acme.example", |service| {
        service.email.clear();
        service.scim.insert("userName".into(), json!(SERVICE));
    });
    (world, id)
}

fn service(world: &World) -> User {
    let state = world.mock.state();
    let own = |user: &&User| user.scim.get("userName").is_some_and(|login| login == SERVICE);
    state.users.iter().find(own).expect("the service's account").clone()
}

fn login(text: &str) -> UserRef {
    UserRef::Login(text.into())
}

fn is_named(user: UserRef) -> RosterEntry {
    RosterEntry { user, ..entry("") }
}

/// Acme's own people, without whom they would be absent.
fn acme() -> Vec<RosterEntry> {
    [ADA, GRACE, JOAN].map(entry).to_vec()
}

/// A roster whose absent people are disabled.
fn disabling(people: Vec<RosterEntry>) -> SyncRequest {
    let mut request = roster(people);
    request.policy.absent = AbsentPolicy::Disable;
    request.policy.default_user_type = None;
    limit(&mut request.policy.guards.user_removals).floor = Some(10);
    request
}

fn covering_accounts_without_address(mut request: SyncRequest) -> SyncRequest {
    request.policy.absence_scope = Some(AbsenceScope {
        domains: Vec::new(),
        members_of: Vec::new(),
        spare_created_within_days: None,
        without_address: Some(true),
    });
    request
}

#[tokio::test]
async fn each_name_of_an_account_finds_it() {
    let world = with_john().await;
    let id = world.user_id(MAIL);
    let by_id = UserRef::Id(id.clone());
    for who in [by_email(MAIL), by_email(LOGIN), by_email(SECOND), login(LOGIN), by_id] {
        let found = done(world.tenant.find_user(&who).await).expect("John");
        assert_eq!(found.id, id, "{who:?}");
        assert_eq!((found.email.as_deref(), found.login.as_deref()), (Some(MAIL), Some(LOGIN)));
    }
    assert!(done(world.tenant.find_user(&login("jdoe")).await).is_none());
    assert!(done(world.tenant.find_user(&login(MAIL)).await).is_none(), "it is no login");
}

#[tokio::test]
async fn a_roster_that_names_any_address_means_the_one_account() {
    let people = [
        entry(MAIL),
        entry(LOGIN),
        entry(SECOND),
        is_named(login(LOGIN)),
        RosterEntry { email: Some(MAIL.into()), ..is_named(login(LOGIN)) },
    ];
    for john in people {
        let world = with_john().await;
        let before = world.mock.state();
        let request = disabling([acme(), vec![john.clone()]].concat());
        let report = done(world.tenant.sync(&request).await);
        assert_eq!(report.writes, [], "{john:?}");
        assert!(report.complete, "{:?}", report.people);
        let own = report.people.iter().find(|one| one.email.as_deref() == Some(MAIL));
        let own = own.expect("John");
        assert_eq!(own.outcome, PersonOutcome::Unchanged);
        assert_eq!(own.user, Some(world.user_id(MAIL)));
        let by_login = john.user != by_email(MAIL) && john.user != by_email(SECOND);
        assert_eq!(own.login.as_deref(), by_login.then_some(LOGIN), "{john:?}");
        assert!(world.writes().is_empty());
        assert_eq!(world.mock.state(), before);
    }
    // Without him, he is absent.
    let world = with_john().await;
    let report = done(world.tenant.sync(&disabling(acme())).await);
    assert!(world.person(MAIL).is_disabled);
    assert_eq!(report.tombstones[0].user.login.as_deref(), Some(LOGIN));
}

#[tokio::test]
async fn a_provision_of_either_address_makes_no_second_account() {
    for address in [MAIL, LOGIN, SECOND] {
        let world = with_john().await;
        let people = world.mock.state().users.len();
        let request = ProvisionRequest {
            first_name: Some("Johnny".into()),
            update_existing: true,
            create_missing: true,
            ..requests::provision(address)
        };
        let result = done(world.tenant.provision(&request).await);
        assert_eq!(result.outcome, ProvisionOutcome::Updated, "{address}");
        assert_eq!(world.mock.state().users.len(), people);
        assert_eq!(world.person(MAIL).first_name.as_deref(), Some("Johnny"));
    }
}

#[tokio::test]
async fn each_name_deprovisions_the_one_account() {
    let world = with_john().await;
    let id = UserRef::Id(world.user_id(MAIL));
    for user in [by_email(MAIL), by_email(LOGIN), by_email(SECOND), login(LOGIN), id] {
        for mode in [
            DeprovisionMode::Disable,
            DeprovisionMode::DisableAndStripGroups,
            DeprovisionMode::Delete,
        ] {
            let world = with_john().await;
            let user = match &user {
                UserRef::Id(_) => UserRef::Id(world.user_id(MAIL)),
                other => other.clone(),
            };
            let request = DeprovisionRequest { user: user.clone(), ..departure(MAIL, mode) };
            let result = done(world.tenant.deprovision(&request).await);
            let expected = match mode {
                DeprovisionMode::Delete => DeprovisionOutcome::Deleted,
                _ => DeprovisionOutcome::Deactivated,
            };
            assert_eq!(result.outcome, expected, "{user:?} {mode:?}");
            let tombstone = result.tombstone.expect("a tombstone");
            assert_eq!(tombstone.user.email.as_deref(), Some(MAIL));
            assert_eq!(tombstone.user.login.as_deref(), Some(LOGIN));
            let state = world.mock.state();
            assert!(state.user_by_email(MAIL).is_none_or(|john| john.is_disabled));
            assert!([ADA, GRACE, JOAN].iter().all(|other| !world.person(other).is_disabled));
        }
    }
}

#[tokio::test]
async fn two_accounts_that_match_are_ambiguous() {
    let world = with_john().await;
    // Joan's login is John's mail.
    world.shape(JOAN, |joan| drop(joan.scim.insert("userName".into(), json!(MAIL))));
    let before = world.mock.state();
    let request = departure(MAIL, DeprovisionMode::Delete);
    let (case, detail) = failed(world.tenant.deprovision(&request).await);
    assert_eq!((case, detail.code.as_str()), ("permanent conflict", "ambiguous-user"));
    let people = vec![entry(ADA), entry(GRACE), entry(MAIL)];
    let plan = done(world.tenant.plan_sync(&disabling(people)).await);
    assert_eq!(plan.steps, [], "neither is absent");
    assert_eq!(plan.refusals[0].code, "ambiguous-user");
    // An id says which one is meant.
    let request = DeprovisionRequest {
        user: UserRef::Id(world.user_id(JOAN)),
        ..departure(MAIL, DeprovisionMode::Disable)
    };
    assert_eq!(world.mock.state(), before);
    done(world.tenant.deprovision(&request).await);
    assert!(world.person(JOAN).is_disabled && !world.person(MAIL).is_disabled);
}

#[tokio::test]
async fn protection_holds_under_each_name() {
    let world = with_john().await;
    let names = || [by_email(MAIL), by_email(LOGIN), by_email(SECOND), login(LOGIN)].into_iter();
    let id = UserRef::Id(world.user_id(MAIL));
    let before = world.mock.state();
    for protected in names().chain([id.clone()]) {
        for user in names().chain([id.clone()]) {
            let request = DeprovisionRequest {
                user,
                protected_people: vec![protected.clone()],
                ..departure(MAIL, DeprovisionMode::Delete)
            };
            let (case, detail) = failed(world.tenant.deprovision(&request).await);
            assert_eq!((case, detail.code.as_str()), ("permanent refused", "protected-person"));
        }
        let mut request = disabling(acme());
        request.policy.guards.protected_people = vec![protected.clone()];
        let plan = done(world.tenant.plan_sync(&request).await);
        assert_eq!((plan.steps.len(), plan.refusals.len()), (0, 1), "{protected:?}");
        // The members of a group are accounts too.
        let mut change = changing(named("Support"));
        change.remove_members = vec![by_email(SECOND)];
        change.protected_people = vec![protected.clone()];
        let (_, detail) = failed(world.tenant.change_group(&change).await);
        assert_eq!(detail.code, "protected-person", "{protected:?}");
        let mut removal = removing(named("Support"), true);
        removal.protected_people = vec![protected.clone()];
        let (_, detail) = failed(world.tenant.remove_group(&removal).await);
        assert_eq!(detail.code, "protected-person", "{protected:?}");
    }
    assert_eq!(world.mock.state(), before);
    assert!(world.writes().is_empty());
}

#[tokio::test]
async fn an_account_without_an_address_is_absent_only_if_the_policy_says_so() {
    for absent in [AbsentPolicy::Disable, AbsentPolicy::Delete] {
        let (world, id) = with_service().await;
        let mut request = disabling(acme());
        request.policy.absent = absent;
        let report = done(world.tenant.sync(&request).await);
        assert!(!service(&world).is_disabled);
        assert!(report.people.iter().all(|person| person.email.is_some()));

        let mut covering = covering_accounts_without_address(request.clone());
        let kept = [vec![is_named(login(SERVICE))], vec![is_named(UserRef::Id(id.clone()))]];
        for service_on_roster in kept {
            covering.roster = [acme(), service_on_roster].concat();
            let plan = done(world.tenant.plan_sync(&covering).await);
            assert!(plan.steps.iter().all(|step| step.user != Some(id.clone())));
        }
        covering.roster = acme();
        for protected in [login("SVC-Deploy"), UserRef::Id(id.clone())] {
            covering.policy.guards.protected_people = vec![protected];
            let plan = done(world.tenant.plan_sync(&covering).await);
            let refusal = &plan.refusals[0];
            assert_eq!(refusal.code, "protected-person");
            assert_eq!((&refusal.email, &refusal.user), (&None, &Some(id.clone())));
            assert!(refusal.message.contains(SERVICE), "{}", refusal.message);
        }
        covering.policy.guards.protected_people.clear();
        let report = done(world.tenant.sync(&covering).await);
        let own = report.people.iter().find(|one| one.user == Some(id.clone())).expect("it");
        assert_eq!(own.email, None);
        let tombstone = &report.tombstones.iter().find(|one| one.user.id == id).expect("it").user;
        assert_eq!((&tombstone.email, tombstone.login.as_deref()), (&None, Some(SERVICE)));
        match absent {
            AbsentPolicy::Disable => {
                assert_eq!(own.outcome, PersonOutcome::Disabled);
                assert!(service(&world).is_disabled);
                let tombstone = report.tombstones.into_iter().find(|one| one.user.id == id);
                restored(world.tenant.restore(&restoring(tombstone, false)).await);
                assert!(!service(&world).is_disabled);
            }
            _ => assert_eq!(own.outcome, PersonOutcome::Deleted),
        }
    }
}

#[tokio::test]
async fn an_account_without_an_address_is_deprovisioned_and_changed_by_id_or_login() {
    for by_login in [true, false] {
        let (world, id) = with_service().await;
        let who = || if by_login { login(SERVICE) } else { UserRef::Id(id.clone()) };
        let change = RosterEntry { first_name: Some("Deploy".into()), ..is_named(who()) };
        let report = done(world.tenant.sync(&roster(vec![change])).await);
        let [person] = &report.people[..] else { panic!("{:?}", report.people) };
        assert_eq!((&person.email, &person.user), (&None, &Some(id.clone())));
        assert_eq!(person.outcome, PersonOutcome::Updated);
        assert_eq!(person.login.as_deref(), by_login.then_some(SERVICE));
        assert_eq!(service(&world).first_name.as_deref(), Some("Deploy"));

        let mut leaving = changing(named("Support"));
        leaving.remove_members = vec![who()];
        done(world.tenant.change_group(&leaving).await);
        assert!(service(&world).memberships.is_empty());
        let mut joining = changing(named("Engineering"));
        joining.add_members = vec![NewMember { user: who(), group_admin: None }];
        done(world.tenant.change_group(&joining).await);
        assert_eq!(service(&world).memberships.len(), 1);

        let request = DeprovisionRequest { user: who(), ..departure("", DeprovisionMode::Disable) };
        let result = done(world.tenant.deprovision(&request).await);
        assert_eq!(result.outcome, DeprovisionOutcome::Deactivated);
        assert!(service(&world).is_disabled);
        let again = done(world.tenant.deprovision(&request).await);
        assert_eq!(again.outcome, DeprovisionOutcome::AlreadyDeactivated);
        let tombstone = result.tombstone.expect("a tombstone");
        assert_eq!(
            (&tombstone.user.email, tombstone.user.login.as_deref()),
            (&None, Some(SERVICE))
        );
        restored(world.tenant.restore(&restoring([tombstone], false)).await);
        assert!(!service(&world).is_disabled);
    }
}

#[tokio::test]
async fn each_step_about_an_account_without_an_address_can_be_applied_alone() {
    let (world, id) = with_service().await;
    let plan_of = covering_accounts_without_address(disabling(acme()));
    let plan = done(world.tenant.plan_sync(&plan_of).await);
    let step = plan.steps.iter().find(|step| step.user == Some(id.clone())).expect("a step");
    assert_eq!(step.email, None);
    let result = done(world.tenant.apply_step(step).await);
    assert_eq!(result.outcome, StepOutcome::Applied);
    assert_eq!(result.tombstone.expect("a tombstone").user.login.as_deref(), Some(SERVICE));
    assert!(service(&world).is_disabled);
    // An account that has an address by now is another one than was planned about.
    let (world, id) = with_service().await;
    let plan = done(world.tenant.plan_sync(&plan_of).await);
    world.mock.edit(|acme| {
        let is_it = |user: &&mut User| user.scim.contains_key("userName");
        acme.users.iter_mut().find(is_it).expect("it").email = NEW.into();
    });
    let step = plan.steps.iter().find(|step| step.user == Some(id.clone())).expect("a step");
    assert_eq!(done(world.tenant.apply_step(step).await).outcome, StepOutcome::Stale);
    assert!(!world.person(NEW).is_disabled);
}

#[tokio::test]
async fn ids_work_over_every_dialect_and_logins_only_over_scim() {
    for dialect in ALL {
        let world = World::acme_over(dialect).await;
        let id = || UserRef::Id(world.user_id(JOAN));
        assert_eq!(
            done(world.tenant.find_user(&id()).await).expect("Joan").id,
            world.user_id(JOAN)
        );
        let request = disabling(vec![entry(ADA), entry(GRACE), is_named(id())]);
        let report = done(world.tenant.sync(&request).await);
        assert_eq!(report.writes, [], "{dialect:?}");
        let mut requiring = request.clone();
        requiring.policy.guards.required_admins = vec![UserRef::Id(world.user_id(ADA)), id()];
        let plan = done(world.tenant.plan_sync(&requiring).await);
        let tripped: Vec<_> = plan.guards.iter().filter(|guard| guard.tripped).collect();
        assert_eq!(tripped.len(), 1, "{dialect:?}: Joan administers nothing: {tripped:?}");
        // Protected by id, on no roster.
        let mut protecting = disabling(vec![entry(ADA), entry(GRACE)]);
        protecting.policy.guards.protected_people = vec![id()];
        assert_eq!(done(world.tenant.plan_sync(&protecting).await).steps, [], "{dialect:?}");
        // With another address the account is renamed, where the dialect can.
        let renamed = RosterEntry { email: Some(NEW.into()), ..is_named(id()) };
        let plan = done(world.tenant.plan_sync(&roster(vec![renamed])).await);
        let steps = usize::from(dialect != Dialect::V2);
        assert_eq!((plan.steps.len(), plan.refusals.len()), (steps, 1 - steps), "{dialect:?}");
        assert!(world.writes().is_empty());
        let leaving = DeprovisionRequest { user: id(), ..departure("", DeprovisionMode::Disable) };
        done(world.tenant.deprovision(&leaving).await);
        assert!(world.person(JOAN).is_disabled, "{dialect:?}");

        // An id of another API means nobody.
        world.mock.clear_requests();
        let other = if dialect == Dialect::V1 { Dialect::Scim } else { Dialect::V1 };
        let foreign = UserRef::Id(world.user_id_in(other, KEN));
        let mut refused = vec![(foreign, "invalid-value")];
        if dialect != Dialect::Scim {
            refused.push((login("joan"), "operation-unsupported"));
        }
        for (who, code) in refused {
            let on_roster = roster(vec![is_named(who.clone())]);
            let mut protecting = roster(vec![entry(ADA)]);
            protecting.policy.guards.protected_people = vec![who.clone()];
            let mut member = changing(named("Support"));
            member.remove_members = vec![who.clone()];
            let leaving =
                DeprovisionRequest { user: who.clone(), ..departure("", DeprovisionMode::Disable) };
            let details = [
                failed(world.tenant.find_user(&who).await).1,
                failed(world.tenant.plan_sync(&on_roster).await).1,
                failed(world.tenant.sync(&protecting).await).1,
                failed(world.tenant.deprovision(&leaving).await).1,
                failed(world.tenant.change_group(&member).await).1,
            ];
            for detail in details {
                assert_eq!(detail.code, code, "{dialect:?}: {}", detail.message);
                assert!(detail.field.is_some(), "{}", detail.message);
            }
        }
        assert!(world.writes().is_empty());
    }
}

#[tokio::test]
async fn a_new_person_gets_the_login_that_is_given() {
    let quirks = ScimQuirks { mail_is_address: true, ..ScimQuirks::default() };
    let options = Options { scim_quirks: quirks, ..Options::default() };
    for by_roster in [true, false] {
        let world = World::acme_over_with(Dialect::Scim, options.clone()).await;
        if by_roster {
            let nina = RosterEntry { login: Some("nina@login.example".into()), ..entry(NEW) };
            let mut request = roster(vec![nina]);
            request.policy.default_user_type = None;
            let report = done(world.tenant.sync(&request).await);
            assert!(report.complete, "{:?}", report.people);
            assert_eq!(done(world.tenant.sync(&request).await).writes, []);
        } else {
            let request = ProvisionRequest {
                login: Some("nina@login.example".into()),
                create_missing: true,
                ..requests::provision(NEW)
            };
            done(world.tenant.provision(&request).await);
        }
        let nina = world.person(NEW);
        assert_eq!(nina.scim.get("userName"), Some(&json!("nina@login.example")));
    }
    // A login of somebody else is no reason for a second account.
    let world = with_john().await;
    let taken = RosterEntry { login: Some(LOGIN.into()), ..entry(NEW) };
    let plan = done(world.tenant.plan_sync(&disabling([acme(), vec![taken]].concat())).await);
    assert_eq!((plan.steps.len(), plan.refusals[0].code.as_str()), (0, "wrong-person"));
    let request = ProvisionRequest {
        login: Some(LOGIN.into()),
        create_missing: true,
        ..requests::provision(NEW)
    };
    let (_, detail) = failed(world.tenant.provision(&request).await);
    assert_eq!(detail.code, "wrong-person");
    assert!(world.writes().is_empty());
}
