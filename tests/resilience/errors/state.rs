//! People and groups that are not as the request takes them to be.

use super::*;

pub(super) async fn missing(table: &mut Table) {
    let world = World::acme().await;
    let tenant = &world.tenant;
    let missing = Expected { case: "permanent not-found", ..Expected::default() };
    let mut request = new_user(NEW);
    request.create_missing = false;
    let expected = Expected { code: "user-not-found", subject: Some(NEW), ..missing };
    table.expect("user", failed(tenant.provision(&request).await), expected);
    let adding = members("Finance", &[NEW], &[]);
    table.expect("member", failed(tenant.change_group(&adding).await), expected);

    let mut request = new_user(NEW);
    request.groups = memberships([named("Legal")]);
    let expected = Expected { code: "group-not-found", subject: Some("Legal"), ..missing };
    table.expect("by name", failed(tenant.provision(&request).await), expected);
    let changing = members("Legal", &[], &[]);
    table.expect("change", failed(tenant.change_group(&changing).await), expected);
    let mut request = current_roster(&world);
    request.roster[0].groups.push(membership(named("Legal")));
    request.policy.create_missing_groups = false;
    table.expect("sync", failed(tenant.sync(&request).await), expected);
    let mut request = new_user(NEW);
    request.groups = memberships([numbered(4711)]);
    request.create_missing_groups = true;
    let expected = Expected { subject: Some("4711"), ..expected };
    table.expect("by id", failed(tenant.provision(&request).await), expected);

    let mut request = arrival(JOAN);
    request.attributes = vec![Attribute { name: "team".into(), value: "blue".into() }];
    let expected = Expected {
        code: "attribute-not-found",
        subject: Some(JOAN),
        field: Some("request.attributes"),
        says: &["team"],
        ..missing
    };
    table.expect("attribute", failed(tenant.provision(&request).await), expected);
    assert_eq!(world.writes(), []);
}

pub(super) async fn conflicts(table: &mut Table) {
    let conflict = Expected { case: "permanent conflict", ..Expected::default() };

    let world = World::acme().await;
    world.mock.edit(|acme| {
        let double = acme.user_by_email(JOAN).expect("Joan").clone();
        acme.users.push(User { id: "another".into(), email: "JOAN@acme.example".into(), ..double });
        acme.create_group(Group::new("Support"));
    });
    let expected = Expected { code: "ambiguous-user", subject: Some(JOAN), ..conflict };
    table.expect("two people", failed(world.tenant.find_user(&by_email(JOAN)).await), expected);
    table.expect("two people", failed(world.tenant.provision(&renamed(JOAN)).await), expected);
    let gone = departure(JOAN, DeprovisionMode::Delete);
    table.expect("two people", failed(world.tenant.deprovision(&gone).await), expected);
    let expected = Expected { code: "ambiguous-group", subject: Some("Support"), ..conflict };
    let ensure = ensuring("Support");
    table.expect("two groups", failed(world.tenant.ensure_group(&ensure).await), expected);
    table.expect(
        "two groups",
        failed(world.tenant.remove_group(&removal("Support")).await),
        expected,
    );
    let mut joining = new_user(NEW);
    joining.groups = memberships([named("Support")]);
    table.expect("two groups", failed(world.tenant.provision(&joining).await), expected);
    assert_eq!(world.writes(), []);

    let world = World::acme().await;
    let expected = Expected {
        code: "similar-group",
        subject: Some("support"),
        says: &["Support", "support"],
        ..conflict
    };
    let similar = failed(world.tenant.ensure_group(&ensuring("support")).await);
    table.expect("a similar group", similar, expected);

    let listing = ListingOptions { odd_records: vec![GRACE.into()], ..ListingOptions::default() };
    let world = World::acme_with(Options { listing, ..Options::default() }).await;
    let expected = Expected { code: "record-unreadable", subject: Some(GRACE), ..conflict };
    let gone = departure(GRACE, DeprovisionMode::Disable);
    table.expect("an odd record", failed(world.tenant.deprovision(&gone).await), expected);

    let world = World::acme().await;
    let mut gone = departure(JOAN, DeprovisionMode::Delete);
    gone.expected_id = Some(world.user_id(GRACE));
    let expected = Expected {
        code: "wrong-person",
        subject: Some(JOAN),
        field: Some("request.expected-id"),
        ..conflict
    };
    table.expect("another id", failed(world.tenant.deprovision(&gone).await), expected);
    let rename =
        ChangeGroupRequest { new_name: Some("Support".into()), ..members("Finance", &[], &[]) };
    let expected = Expected { code: "name-taken", subject: Some("Support"), ..conflict };
    table.expect("name", failed(world.tenant.change_group(&rename).await), expected);
    assert_eq!(world.writes(), []);

    // The mock does not let a built-in group be renamed, and says so.
    let rename =
        ChangeGroupRequest { new_name: Some("Editors".into()), ..members("editor", &[], &[]) };
    let expected = Expected {
        code: "server-refused",
        request: Some(WRITE_GROUP),
        status: Some(400),
        attempts: 1,
        subject: Some("editor"),
        says: &["400", "The server says: A built-in group"],
        ..conflict
    };
    table.expect("built in", failed(world.tenant.change_group(&rename).await), expected);

    let world = World::acme().await;
    world.mock.inject(Fault::new(FaultKind::StaleReads { requests: 1000 }));
    let mut joining = arrival(GRACE);
    joining.groups = memberships([named("Finance")]);
    let expected =
        Expected { code: "not-verified", subject: Some(GRACE), says: &["Finance"], ..conflict };
    table.expect("not held", failed(world.tenant.provision(&joining).await), expected);
}

pub(super) async fn refusals(table: &mut Table) {
    let world = World::acme().await;
    let tenant = &world.tenant;
    let refused = Expected { case: "permanent refused", ..Expected::default() };

    // Two users to remove. Over `/api/v2` Ken is not one, because he is disabled.
    world.add("max@acme.example", &[]);
    let mut request = roster(vec![entry(ADA), entry(GRACE)]);
    request.policy.absent = AbsentPolicy::Delete;
    limit(&mut request.policy.guards.user_removals).percent = Some(0);
    limit(&mut request.policy.guards.user_removals).floor = Some(1);
    let tripped = Expected { code: "guard-tripped", ..refused };
    let expected = Expected { says: &["2 of 4 enabled people", "limit is 1"], ..tripped };
    table.expect("guard", failed(tenant.sync(&request).await), expected);
    let expected = Expected { says: &["3 people", "limit is 1"], ..tripped };
    table.expect("v1 guard", failed(world.over(Dialect::V1).sync(&request).await), expected);

    let plan = done(tenant.plan_sync(&roster(vec![entry(ADA)])).await);
    let asked = requests::apply_plan(plan.clone(), plan.digest);
    let mut altered = asked.clone();
    altered.plan.unchanged += 1;
    let expected = Expected { code: "plan-changed", field: Some("request.plan"), ..refused };
    table.expect("altered", failed(tenant.apply_plan(&altered).await), expected);
    let other = World::acme().await;
    let (code, field) = ("wrong-organisation", Some("request.plan.organisation"));
    let expected = Expected { code, field, ..refused };
    table.expect("elsewhere", failed(other.tenant.apply_plan(&asked).await), expected);
    let (code, field) = ("wrong-dialect", Some("request.plan.dialect"));
    let expected = Expected { code, field, ..refused };
    table.expect("dialect", failed(world.over(Dialect::V1).apply_plan(&asked).await), expected);

    let mut gone = departure(JOAN, DeprovisionMode::Delete);
    gone.protected_people = vec![by_email("JOAN@acme.example")];
    let expected = Expected { code: "protected-person", subject: Some(JOAN), ..refused };
    table.expect("protected", failed(tenant.deprovision(&gone).await), expected);

    let mut gone = departure(ADA, DeprovisionMode::Disable);
    gone.minimum_admins = Some(2);
    let field = Some("request.minimum-admins");
    let expected = Expected { code: "last-admin", subject: Some(ADA), field, ..refused };
    table.expect("last", failed(tenant.deprovision(&gone).await), expected);

    let mut back = arrival(KEN);
    back.re_enable_disabled = false;
    let expected = Expected { code: "user-disabled", subject: Some(KEN), ..refused };
    table.expect("disabled", failed(tenant.provision(&back).await), expected);

    let expected = Expected {
        code: "group-has-members",
        subject: Some("Support"),
        says: &["3 members"],
        ..refused
    };
    table.expect("members", failed(tenant.remove_group(&removal("Support")).await), expected);
    assert_eq!(world.writes(), []);
}
