//! The same roster, policy and organisation give the same plan over every dialect. Only what a
//! dialect can't do differs, and the plan reports it as a limitation.

use expect_test::expect;
use host_test::retool::synchronization::{
    AbsentPolicy, MembershipPolicy, Plan, RosterEntry, Step, SyncRequest,
};
use host_test::retool::types::{Dialect, UserType};

use crate::support::acme::{ADA, GRACE, JOAN, KEN, NEW, changed, wit_name};
use crate::support::dialects::ALL;
use crate::support::{
    World, address, allow_growth, by_email, done, entry, limit, membership, memberships, named,
    roster,
};

const LIN: &str = "lin@acme.example";

/// Starts Acme with two more users. All have a user type that every REST API has.
async fn acme(dialect: Dialect) -> World {
    let world = World::acme_over(dialect).await;
    world.shape(KEN, |ken| ken.user_type = "default".into());
    world.add(LIN, &["Support", "Finance"]);
    world.add("Mia@ACME.example", &["editor"]);
    world
}

/// Returns a request whose plan has steps of every kind, except deletions.
fn everything() -> SyncRequest {
    let in_groups = |email: &str, groups: &[&str]| RosterEntry {
        groups: memberships(groups.iter().map(|name| named(name))),
        ..entry(email)
    };
    let mut request = roster(vec![
        RosterEntry {
            admin: Some(true),
            last_name: Some("Lovelace".into()),
            ..in_groups(ADA, &["Legal", "Engineering"])
        },
        RosterEntry { admin: Some(true), ..in_groups(GRACE, &["Engineering"]) },
        RosterEntry { user_type: Some(UserType::Default), ..in_groups(KEN, &["Engineering"]) },
        in_groups("mia@acme.example", &["Support"]),
        RosterEntry {
            first_name: Some("Nina".into()),
            last_name: Some("Newman".into()),
            ..in_groups(NEW, &["Legal", "Engineering"])
        },
        RosterEntry {
            first_name: Some("Zoe".into()),
            last_name: Some("Zane".into()),
            admin: Some(false),
            ..in_groups("zoe@acme.example", &[])
        },
    ]);
    request.policy.memberships = MembershipPolicy::Exact;
    request.policy.managed_groups = vec![named("Finance"), named("Tax")];
    request.policy.absent = AbsentPolicy::Disable;
    request
}

/// Returns a step as a line, without ids and preconditions, and without the user type, which SCIM
/// does not have.
fn line(step: &Step) -> String {
    let mut line = format!("{} {}", wit_name(&step.kind), address(&step.email));
    if let Some(group) = &step.group_name {
        line += &format!(" [{group}]");
    }
    for change in changed(&step.changes) {
        if !change.starts_with("user-type") {
            line += &format!(" {change};");
        }
    }
    line
}

/// Returns the parts of a plan that people read.
fn text(plan: &Plan) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(plan.steps.iter().map(line));
    lines.extend(plan.withheld.iter().map(|step| format!("withheld {}", line(step))));
    lines.push(format!("unchanged: {}", plan.unchanged));
    for refusal in &plan.refusals {
        lines.push(format!(
            "refused: {} {} {}",
            address(&refusal.email),
            refusal.code,
            refusal.message
        ));
    }
    for seat in &plan.seats {
        lines.push(format!("{}: +{} -{}", wit_name(&seat.user_type), seat.added, seat.removed));
    }
    for guard in &plan.guards {
        let tripped = if guard.tripped { "TRIPPED " } else { "" };
        let subject = guard.subject.as_deref().unwrap_or_default();
        lines.push(format!("{tripped}{} {subject}: {}", wit_name(&guard.guard), guard.message));
    }
    lines
}

/// Returns a word of each limitation of a dialect for [`everything`].
fn limitations(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::V1 => &[],
        Dialect::V2 => &["administrator"],
        _ => &["user types", "administrator"],
    }
}

/// Plans over each dialect.
async fn plan_over_each(request: &SyncRequest, prepare: impl Fn(&World)) -> Vec<(Dialect, Plan)> {
    let mut plans = Vec::new();
    for dialect in ALL {
        let world = acme(dialect).await;
        prepare(&world);
        let plan = done(world.tenant.plan_sync(request).await);
        assert_eq!(plan.dialect, dialect);
        assert!(world.writes().is_empty());
        plans.push((dialect, plan));
    }
    plans
}

/// Plans over each dialect, and checks that the plans are the same.
async fn plan_over_all(request: &SyncRequest, prepare: impl Fn(&World)) -> Vec<(Dialect, Plan)> {
    let plans = plan_over_each(request, prepare).await;
    let (_, first) = &plans[0];
    for (dialect, plan) in &plans[1..] {
        assert_eq!(text(plan), text(first), "{dialect:?}");
    }
    plans
}

#[tokio::test]
async fn the_same_request_gives_the_same_plan_over_every_dialect() {
    let plans = plan_over_all(&everything(), |_| {}).await;
    let expected = expect![[r#"
        create-group  [Legal]
        create-group  [Tax]
        create-user new@acme.example first-name: (nothing) -> Nina; last-name: (nothing) -> Newman;
        create-user zoe@acme.example first-name: (nothing) -> Zoe; last-name: (nothing) -> Zane;
        enable-user ken@acme.example disabled: true -> false;
        update-user ada@acme.example last-name: Doe -> Lovelace;
        add-member ada@acme.example [Legal]
        add-member ken@acme.example [Engineering]
        add-member Mia@ACME.example [Support]
        add-member new@acme.example [Engineering]
        add-member new@acme.example [Legal]
        remove-member ada@acme.example [Support]
        remove-member ken@acme.example [Support]
        disable-user joan@acme.example disabled: false -> true;
        disable-user lin@acme.example disabled: false -> true;
        unchanged: 1
        default: +3 -2
        user-removals : 2 of 5 enabled people would be disabled or deleted; the limit is 3.
        member-removals Support: 2 of 4 members of the group "Support" would be removed; the limit is 3.
        membership-removals : 2 of 7 memberships would be removed over all groups; the limit is 10.
        creations : 2 people would be created; 5 are enabled; the limit is 25.
        promotions : 0 people would become administrators; 2 are; the limit is 1.
        re-enablements : 1 disabled people would be enabled; 5 are; the limit is 3.
        updates : The fields of 1 people would change; 5 are enabled; the limit is 25.
        member-additions Engineering: 1 people would be added to the group "Engineering", which has 2 members; the limit is 25.
        member-additions Support: 1 people would be added to the group "Support", which has 4 members; the limit is 25.
        minimum-admins : Enabled administrators left: 2; the minimum is 2.
        empty-roster : People on the roster: 6; the minimum is 1.
        incomplete-snapshot : Removals out of an incomplete listing: 0; the limit is 0."#]];
    for (dialect, plan) in &plans {
        expected.assert_eq(&text(plan).join("\n"));
        let lines = &plan.limitations;
        let expected = limitations(*dialect);
        assert_eq!(lines.len(), expected.len(), "{dialect:?}: {lines:?}");
        for (line, word) in lines.iter().zip(expected) {
            assert!(line.contains(word), "{line}");
        }
        // The user type of a new user is set if the dialect has user types.
        let creation = &plan.steps[2];
        let billed = changed(&creation.changes).iter().any(|line| line.starts_with("user-type"));
        assert_eq!(billed, *dialect != Dialect::Scim);
    }
    // The ids differ between dialects, so each plan has its own digest.
    for pair in plans.windows(2) {
        assert_ne!(pair[0].1.digest, pair[1].1.digest);
    }
}

#[tokio::test]
async fn a_guard_withholds_the_same_steps_over_every_dialect() {
    let mut request = everything();
    limit(&mut request.policy.guards.user_removals).floor = Some(1);
    limit(&mut request.policy.guards.member_removals).floor = Some(0);
    request.policy.guards.required_admins = vec![by_email(JOAN)];
    let plans = plan_over_all(&request, |_| {}).await;
    for (dialect, plan) in plans {
        assert!(plan.steps.is_empty(), "{dialect:?}");
        assert_eq!(plan.withheld.len(), 15, "{dialect:?}");
        let tripped = plan.guards.iter().filter(|guard| guard.tripped).count();
        assert_eq!(tripped, 3, "{dialect:?}");
    }
}

#[tokio::test]
async fn refusals_are_the_same_over_every_dialect() {
    let mut request = everything();
    request.policy.create_missing = false;
    request.policy.re_enable_disabled = false;
    request.policy.guards.protected_people = vec![by_email(ADA), by_email(LIN)];
    let plans = plan_over_all(&request, |world| {
        world.mock.edit(|acme| {
            let second = mock_retool::User {
                id: "11111111-1111-4111-8111-111111111111".into(),
                legacy_id: 99,
                ..acme.user_by_email(GRACE).expect("Grace").clone()
            };
            acme.users.push(second);
        });
    })
    .await;
    for (dialect, plan) in plans {
        let codes: Vec<_> = plan.refusals.iter().map(|refusal| refusal.code.as_str()).collect();
        let expected = [
            "protected-person",
            "ambiguous-user",
            "user-disabled",
            "protected-person",
            "creation-not-allowed",
            "creation-not-allowed",
        ];
        assert_eq!(codes, expected, "{dialect:?}");
    }
}

/// `/api/v2` only disables. The plan reports that as a limitation.
#[tokio::test]
async fn deletions_are_planned_alike_with_a_limitation_on_v2() {
    let mut request = everything();
    request.policy.absent = AbsentPolicy::Delete;
    // The memberships of deleted users count too.
    limit(&mut request.policy.guards.member_removals).floor = Some(4);
    let plans = plan_over_each(&request, |_| {}).await;
    // A deletion over `/api/v2` only disables, so no membership is lost with it.
    let without_memberships = |plan: &Plan| {
        let lines = text(plan).into_iter();
        lines.filter(|line| !line.starts_with("member-removals")).collect::<Vec<_>>()
    };
    let first = without_memberships(&plans[0].1);
    for (dialect, plan) in plans {
        assert_eq!(without_memberships(&plan), first, "{dialect:?}");
        let deleted = plan.steps.iter().filter(|step| wit_name(&step.kind) == "delete-user");
        assert_eq!(deleted.count(), 2, "{dialect:?}");
        let limited = plan.limitations.iter().any(|line| line.contains("does not delete"));
        assert_eq!(limited, dialect == Dialect::V2, "{:?}", plan.limitations);
    }
}

#[tokio::test]
async fn random_organisations_give_the_same_plan_over_every_dialect() {
    for seed in 0..4 {
        let mut plans = Vec::new();
        for dialect in ALL {
            let options = mock_retool::Options { users: 40, groups: 6, seed, ..Default::default() };
            let mut world = World::with(options).await;
            world.tenant = world.over(dialect);
            world.mock.edit(|acme| {
                acme.users.iter_mut().for_each(|user| user.user_type = "default".into());
            });
            let state = world.mock.state();
            let mut request = roster(Vec::new());
            for (at, user) in state.users.iter().enumerate().filter(|(at, _)| at % 7 != 3) {
                // Most users get the groups of another user, and one in five another name.
                let of = &state.users[(at * (2 + at % 3)) % state.users.len()];
                let groups = state.groups_of(of).map(|group| group.name.clone());
                let groups =
                    groups.filter(|name| name != "admin").map(|name| membership(named(&name)));
                let renamed = at % 5 == 0;
                request.roster.push(RosterEntry {
                    first_name: renamed.then(|| format!("Person {at}")),
                    last_name: Some("Smith".into()).filter(|_| at % 2 == 0),
                    groups: groups.collect(),
                    ..entry(&user.email)
                });
            }
            request.policy.memberships = MembershipPolicy::Exact;
            request.policy.absent = AbsentPolicy::Disable;
            request.policy.guards.minimum_admins = Some(1);
            limit(&mut request.policy.guards.user_removals).floor = Some(100);
            limit(&mut request.policy.guards.member_removals).floor = Some(100);
            limit(&mut request.policy.guards.membership_removals).floor = Some(1000);
            allow_growth(&mut request);
            let plan = done(world.tenant.plan_sync(&request).await);
            assert!(plan.steps.len() > 30, "{}", plan.steps.len());
            plans.push(text(&plan));
        }
        assert_eq!(plans[0], plans[1], "seed {seed}");
        assert_eq!(plans[0], plans[2], "seed {seed}");
    }
}
