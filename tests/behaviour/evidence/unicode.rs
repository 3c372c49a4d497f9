//! Addresses and names of groups that are the same text in several forms, or only look the same.

use host_test::requests;
use host_test::retool::lifecycle::{
    DeprovisionMode, DeprovisionOutcome, ProvisionOutcome, ProvisionRequest,
};
use host_test::retool::synchronization::{AbsentPolicy, RosterEntry, SyncRequest};
use host_test::retool::types::{Dialect, GroupRef};
use mock_retool::Group;

use crate::support::acme::{ADA, GRACE, JOAN, NEW};
use crate::support::dialects::{ALL, nina, seat};
use crate::support::{
    World, by_email, changing, departure, done, ensuring, entry, failed, limit, memberships, named,
    roster,
};

/// The address that a server stores, and one that a request gives for the same person.
const SAME: [(&str, &str); 4] = [
    ("jose\u{301}@acme.example", "josé@acme.example"),
    ("josé@acme.example", "JOSE\u{301}@acme.example"),
    ("\u{212b}sa@acme.example", "a\u{30a}sa@acme.example"),
    ("οδυσσευς@acme.example", "ΟΔΥΣΣΕΥΣ@acme.example"),
];

/// The name of a group that a server has, and one that only differs in form.
const LOOK_ALIKES: [(&str, &str); 5] = [
    ("Cafe\u{301}", "Café"),
    ("Café", "Cafe\u{301}"),
    ("Ops\u{200b}", "Ops"),
    ("Marketing", "marketing"),
    ("Data\u{a0}Team", "Data Team"),
];

fn disabling(people: &[&str], dialect: Dialect) -> SyncRequest {
    let mut request = roster(people.iter().map(|email| entry(email)).collect());
    request.policy.absent = AbsentPolicy::Disable;
    request.policy.default_user_type = seat(dialect);
    limit(&mut request.policy.guards.user_removals).floor = Some(10);
    request
}

#[tokio::test]
async fn an_address_in_another_form_is_the_same_person() {
    for dialect in ALL {
        for (stored, given) in SAME {
            let world = World::acme_over(dialect).await;
            world.add(stored, &["Support"]);
            let before = world.mock.state();
            let found = done(world.tenant.find_user(&by_email(given)).await).expect("the person");
            assert_eq!(found.email.as_deref(), Some(stored));
            // On the roster: nobody is created, and nobody is absent.
            let on_roster = disabling(&[ADA, GRACE, JOAN, given], dialect);
            assert_eq!(done(world.tenant.sync(&on_roster).await).writes, [], "{dialect:?} {given}");
            // Protected, and not on the roster.
            let mut protecting = disabling(&[ADA, GRACE, JOAN], dialect);
            protecting.policy.guards.protected_people = vec![by_email(given)];
            let plan = done(world.tenant.plan_sync(&protecting).await);
            assert_eq!((plan.steps.len(), plan.refusals.len()), (0, 1), "{dialect:?} {given}");
            let mut leaving = departure(stored, DeprovisionMode::Delete);
            leaving.protected_people = vec![by_email(given)];
            let (_, detail) = failed(world.tenant.deprovision(&leaving).await);
            assert_eq!(detail.code, "protected-person");
            let request = ProvisionRequest { create_missing: true, ..requests::provision(given) };
            let result = done(world.tenant.provision(&request).await);
            assert_eq!(result.outcome, ProvisionOutcome::Unchanged);
            assert!(world.writes().is_empty());
            assert_eq!(world.mock.state(), before);
            let leaving = departure(given, DeprovisionMode::Disable);
            let result = done(world.tenant.deprovision(&leaving).await);
            assert_eq!(result.outcome, DeprovisionOutcome::Deactivated, "{dialect:?} {given}");
            assert!(world.person(stored).is_disabled);
        }
    }
}

#[tokio::test]
async fn an_address_that_only_looks_alike_is_another_person() {
    for (stored, given) in [
        ("strasse@acme.example", "straße@acme.example"),
        ("isparta@acme.example", "ısparta@acme.example"),
        ("ｎｉｎａ@acme.example", "nina@acme.example"),
    ] {
        let world = World::acme_over(Dialect::V1).await;
        world.add(stored, &[]);
        assert!(done(world.tenant.find_user(&by_email(given)).await).is_none());
        let request = ProvisionRequest { email: given.into(), ..nina(Dialect::V1) };
        let result = done(world.tenant.provision(&request).await);
        assert_eq!(result.outcome, ProvisionOutcome::Created);
        assert!(!world.person(stored).is_disabled);
    }
}

#[tokio::test]
async fn no_group_gets_a_twin_that_looks_the_same() {
    for dialect in ALL {
        for (existing, given) in LOOK_ALIKES {
            let world = World::acme_over(dialect).await;
            world.mock.edit(|acme| acme.create_group(Group::new(existing)).id);
            world.add(NEW, &[existing]);
            let before = world.mock.state();
            let joan = RosterEntry { groups: memberships([named(given)]), ..entry(JOAN) };
            let mut request = disabling(&[ADA, GRACE, NEW], dialect);
            request.roster.push(joan);
            let provision = ProvisionRequest {
                groups: memberships([named(given)]),
                create_missing_groups: true,
                create_missing: true,
                ..requests::provision(JOAN)
            };
            let mut rename = changing(named("Support"));
            rename.new_name = Some(given.into());
            let details = [
                failed(world.tenant.plan_sync(&request).await),
                failed(world.tenant.sync(&request).await),
                failed(world.tenant.provision(&provision).await),
                failed(world.tenant.ensure_group(&ensuring(given)).await),
                failed(world.tenant.change_group(&rename).await),
                failed(world.tenant.change_group(&changing(named(given))).await),
            ];
            for (case, detail) in details {
                assert_eq!((case, detail.code.as_str()), ("permanent conflict", "similar-group"));
                assert!(detail.message.contains(given), "{}", detail.message);
                let shown = existing.replace('\u{200b}', "\\u{200b}");
                assert!(detail.message.contains(&shown), "{}", detail.message);
            }
            assert!(world.writes().is_empty());
            assert_eq!(world.mock.state(), before);
            // The group itself can be named, and renamed, by id.
            let id = GroupRef::Id(world.group_id(existing));
            let mut rename = changing(id);
            rename.new_name = Some(given.into());
            done(world.tenant.change_group(&rename).await);
            assert!(done(world.tenant.sync(&request).await).complete, "{dialect:?} {given}");
            assert_eq!(world.mock.state().groups.len(), before.groups.len());
        }
    }
}

#[tokio::test]
async fn two_new_groups_that_look_the_same_are_refused() {
    for (one, other) in [("Café", "Cafe\u{301}"), ("Legal", "LEGAL")] {
        let world = World::acme_over(Dialect::V2).await;
        let people = [(ADA, one), (GRACE, other)];
        let people = people.map(|(email, group)| RosterEntry {
            groups: memberships([named(group)]),
            ..entry(email)
        });
        let (_, detail) = failed(world.tenant.sync(&roster(people.to_vec())).await);
        assert_eq!(detail.code, "similar-group");
        assert!(detail.message.contains(one) && detail.message.contains(other));
        assert!(world.writes().is_empty());
    }
}

#[tokio::test]
async fn characters_that_can_not_be_seen_are_refused_before_any_request() {
    let world = World::acme_over(Dialect::V2).await;
    for hidden in [
        '\u{200b}',
        '\u{200c}',
        '\u{200d}',
        '\u{feff}',
        '\u{ad}',
        '\u{202e}',
        '\u{2066}',
        '\u{2060}',
        '\u{34f}',
        '\u{fe0f}',
        '\u{e0041}',
        '\u{7}',
        '\u{3164}',
        '\u{180e}',
    ] {
        let group = format!("E{hidden}ng");
        let address = format!("a{hidden}da@acme.example");
        let mut rename = changing(named("Support"));
        rename.new_name = Some(group.clone());
        let mut managed = roster(vec![entry(ADA)]);
        managed.policy.managed_groups = vec![named(&group)];
        let provision =
            ProvisionRequest { groups: memberships([named(&group)]), ..requests::provision(ADA) };
        let details = [
            failed(world.tenant.ensure_group(&ensuring(&group)).await),
            failed(world.tenant.change_group(&rename).await),
            failed(world.tenant.plan_sync(&managed).await),
            failed(world.tenant.provision(&provision).await),
            failed(world.tenant.provision(&requests::provision(&*address)).await),
            failed(world.tenant.find_user(&by_email(&*address)).await),
            failed(world.tenant.plan_sync(&roster(vec![entry(&address)])).await),
            failed(world.tenant.deprovision(&departure(&address, DeprovisionMode::Disable)).await),
        ];
        for (case, detail) in details {
            assert_eq!(case, "permanent invalid-input", "{hidden:?}: {detail:?}");
        }
    }
    assert!(world.requests().is_empty());
}
