//! Whatever a request does not mention stays: fields that a dialect does not have, and the
//! administrators of groups.

use host_test::retool::groups::ChangeGroupRequest;
use host_test::retool::lifecycle::{DeprovisionMode, ProvisionRequest};
use host_test::retool::synchronization::{MembershipPolicy, RosterEntry};
use host_test::retool::types::Dialect;
use mock_retool::User;
use serde_json::{Value, json};

use crate::support::acme::{ADA, GRACE, JOAN, KEN, timeless};
use crate::support::dialects::{known, nina};
use crate::support::{
    World, by_email, changing, departure, done, entry, memberships, named, new_member, restored,
    restoring, roster,
};

over_every_dialect!(
    no_change_of_a_user_loses_a_field,
    group_administrators_stay_when_others_join_or_leave,
    group_administrators_stay_in_a_sync,
);

/// Sets fields that only one dialect has, and fields that none has.
fn fill_fields(user: &mut User) {
    user.metadata = object(json!({
        "department": "engineering",
        "cost": {"center": 9_007_199_254_740_993_u64, "share": 0.5, "tags": ["a", null, {}]},
        "": "",
    }));
    user.seat_type = Some("builder".into());
    user.two_factor_auth_enabled = true;
    user.last_active = Some("2026-01-04T09:00:00.000Z".into());
    user.scim = object(json!({
        "externalId": "00ujl29u0le5T6Aj10h7",
        "locale": "de-DE",
        "nickName": "Jo",
        "phoneNumbers": [{"value": "555", "type": "work"}],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "R&D"},
    }));
}

fn object(value: Value) -> serde_json::Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        other => panic!("{other}"),
    }
}

async fn no_change_of_a_user_loses_a_field(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    world.shape(JOAN, fill_fields);
    let before = world.person(JOAN);
    let check = |what: &str, change: &dyn Fn(&mut User)| {
        let mut expected = before.clone();
        change(&mut expected);
        let now = world.person(JOAN);
        assert_eq!(timeless(now), timeless(expected), "{what}");
    };

    let renamed = ProvisionRequest { first_name: Some("Joanna".into()), ..known(JOAN) };
    done(world.tenant.provision(&renamed).await);
    check("provision", &|joan| joan.first_name = Some("Joanna".into()));

    let request = departure(JOAN, DeprovisionMode::DisableAndStripGroups);
    let left = done(world.tenant.deprovision(&request).await);
    check("deprovision", &|joan| {
        joan.first_name = Some("Joanna".into());
        joan.is_disabled = true;
        joan.memberships.clear();
    });

    let tombstone = left.tombstone.expect("a tombstone");
    restored(world.tenant.restore(&restoring([tombstone], false)).await);
    check("restore", &|joan| joan.first_name = Some("Joanna".into()));

    let entry = RosterEntry {
        first_name: before.first_name.clone(),
        last_name: Some("Smith".into()),
        groups: memberships([named("Finance")]),
        ..entry(JOAN)
    };
    let mut request = roster(vec![entry]);
    request.policy.memberships = MembershipPolicy::Add;
    assert!(done(world.tenant.sync(&request).await).complete);
    let finance = world.group("Finance").id;
    check("sync", &|joan| {
        joan.last_name = Some("Smith".into());
        joan.memberships.push(mock_retool::Membership { group: finance, is_group_admin: false });
    });
}

/// Starts Acme with two group administrators: Joan of Support, and Ada of Engineering.
async fn with_group_admins(dialect: Dialect) -> World {
    let world = World::acme_over(dialect).await;
    world.shape(JOAN, |joan| joan.memberships[1].is_group_admin = true);
    world.shape(ADA, |ada| ada.memberships[0].is_group_admin = true);
    world
}

/// Returns the group administrators as `address group`.
fn administered(world: &World) -> Vec<String> {
    let state = world.mock.state();
    let mut lines = Vec::new();
    for user in &state.users {
        for membership in user.memberships.iter().filter(|membership| membership.is_group_admin) {
            let group = state.group(membership.group).expect("a group");
            lines.push(format!("{} {}", user.email, group.name));
        }
    }
    lines
}

async fn group_administrators_stay_when_others_join_or_leave(dialect: Dialect) {
    let world = with_group_admins(dialect).await;
    let before = administered(&world);
    assert_eq!(before, ["ada@acme.example Engineering", "joan@acme.example Support"]);
    let groups = memberships([named("Support"), named("Engineering")]);
    done(
        world.tenant.provision(&ProvisionRequest { groups: groups.clone(), ..nina(dialect) }).await,
    );
    assert_eq!(administered(&world), before);
    // Joan is a member already. Adding her again would make her a plain member.
    done(world.tenant.provision(&ProvisionRequest { groups, ..known(JOAN) }).await);
    assert_eq!(administered(&world), before);
    let request = ChangeGroupRequest {
        new_name: Some("Helpdesk".into()),
        add_members: vec![new_member(JOAN), new_member(GRACE)],
        remove_members: vec![by_email(KEN)],
        ..changing(named("Support"))
    };
    done(world.tenant.change_group(&request).await);
    assert_eq!(
        administered(&world),
        ["ada@acme.example Engineering", "joan@acme.example Helpdesk"]
    );
    let left = done(world.tenant.deprovision(&departure(JOAN, DeprovisionMode::Disable)).await);
    let tombstone = left.tombstone.expect("a tombstone");
    restored(world.tenant.restore(&restoring([tombstone], false)).await);
    assert_eq!(
        administered(&world),
        ["ada@acme.example Engineering", "joan@acme.example Helpdesk"]
    );
}

async fn group_administrators_stay_in_a_sync(dialect: Dialect) {
    let world = with_group_admins(dialect).await;
    let before = administered(&world);
    let in_both = |email: &str| RosterEntry {
        groups: memberships([named("Support"), named("Engineering")]),
        ..entry(email)
    };
    let mut request = roster([ADA, GRACE, JOAN, KEN].map(in_both).to_vec());
    request.policy.memberships = MembershipPolicy::Exact;
    // After the plan was made, another administrator adds Joan to the group as its administrator.
    let id = world.id_of(JOAN);
    let engineering = world.group("Engineering").id;
    let path = match dialect {
        Dialect::V1 => format!("POST {}/members", world.group_path("Engineering")),
        _ => format!("GET {}", world.group_path("Engineering")),
    };
    world.before(&path, move |acme| {
        acme.join_as(engineering, &[(id, true)]).expect("a person");
    });
    assert!(done(world.tenant.sync(&request).await).complete);
    assert_eq!(world.members_of("Engineering"), [ADA, GRACE, JOAN, KEN]);
    assert_eq!(world.members_of("Support"), [ADA, GRACE, JOAN, KEN]);
    let mut expected = before;
    expected.insert(1, "joan@acme.example Engineering".to_owned());
    let mut now = administered(&world);
    now.sort();
    expected.sort();
    assert_eq!(now, expected);
}
