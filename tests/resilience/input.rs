//! Invalid requests of callers: a typed error that names the field, and no request to the server.

use std::fmt::Debug;

use host_test::Answer;
use host_test::retool::directory::PageRequest;
use host_test::retool::groups::{ChangeGroupRequest, EnsureGroupRequest};
use host_test::retool::lifecycle::{DeprovisionMode, DeprovisionRequest, ProvisionRequest};
use host_test::retool::synchronization::{EmailSpan, Step, StepKind, SyncRequest};
use host_test::retool::types::{
    Connection, Dialect, FieldChange, GroupId, GroupRef, UserId, UserType,
};

use super::dialect::{current_roster, new_entry};
use crate::support::acme::{ADA, JOAN, NEW};
use crate::support::{
    World, app_access, arrival, by_email, changing, departure, done, email_of, ensuring, entry,
    failed, limit, membership, memberships, named, new_member, numbered, removing, restoring,
    roster,
};

/// Returns an organisation with a tenant over `auto`. It has to ask the server for its dialect, but
/// must not do so for an invalid request.
async fn world() -> World {
    let mut world = World::acme().await;
    world.tenant = world.tenant.with_connection(Connection {
        dialect: Dialect::Auto,
        ..world.tenant.connection().clone()
    });
    world
}

fn assert_refused<T: Debug>(world: &World, answer: Answer<T>, code: &str, field: &str) {
    let (case, detail) = failed(answer);
    assert_eq!(
        (case, detail.code.as_str(), detail.field.as_deref()),
        ("permanent invalid-input", code, Some(field)),
        "{detail:?}"
    );
    assert_eq!((detail.attempts, detail.request, detail.http_status), (0, None, None));
    assert_eq!(detail.writes, []);
    // The message must not flood a log, or contain control characters for a terminal.
    assert!(detail.message.chars().count() < 500, "{}", detail.message);
    assert!(!detail.message.chars().any(char::is_control), "{:?}", detail.message);
    assert_eq!(world.requests(), [""; 0], "{field}: something was sent");
}

const BAD_ADDRESSES: [&str; 16] = [
    "",
    " ",
    "joan.acme.example",
    "@acme.example",
    "joan@",
    "joan@@acme.example",
    "joan@acme@example",
    "jo an@acme.example",
    "joan@acme..example",
    "joan\u{7}@acme.example",
    "joan@acme.example\r\nBcc: all@acme.example",
    "joan@acme.exa\u{200b}mple",
    "Joan <joan@acme.example>",
    "joan@acme.example,ada@acme.example",
    "\"joan\"@acme.example",
    "joan@[127.0.0.1]",
];

#[tokio::test]
async fn invalid_addresses_are_refused() {
    let world = world().await;
    let long = format!("{}@acme.example", "x".repeat(10_000));
    for bad in BAD_ADDRESSES.into_iter().chain([long.as_str()]) {
        let code = "invalid-email";
        let tenant = &world.tenant;
        assert_refused(&world, tenant.find_user(&by_email(bad)).await, code, "user.email");
        assert_refused(&world, tenant.provision(&arrival(bad)).await, code, "request.email");
        let gone = departure(bad, DeprovisionMode::Disable);
        assert_refused(&world, tenant.deprovision(&gone).await, code, "request.user.email");
        let request = roster(vec![entry(ADA), entry(bad)]);
        let field = "request.roster[1].user.email";
        assert_refused(&world, tenant.plan_sync(&request).await, code, field);
        assert_refused(&world, tenant.sync(&request).await, code, field);
    }
}

#[tokio::test]
async fn unusual_addresses_are_accepted() {
    let world = world().await;
    for good in ["o'brien+x@acme.example", "jürgen@müller.example", " joan@acme.example\t", "a@b"]
    {
        done(world.tenant.find_user(&by_email(good)).await);
    }
}

#[tokio::test]
async fn invalid_provision_requests_are_refused() {
    type Damage = fn(&mut ProvisionRequest);
    let cases: &[(&str, &str, Damage)] = &[
        ("invalid-text", "request.first-name", |r| r.first_name = Some("x".repeat(10_000))),
        ("invalid-text", "request.first-name", |r| r.first_name = Some("x".repeat(257))),
        ("invalid-text", "request.first-name", |r| r.first_name = Some(String::new())),
        ("invalid-text", "request.first-name", |r| r.first_name = Some("Jo\0an".into())),
        ("invalid-text", "request.last-name", |r| r.last_name = Some("Do\ne".into())),
        ("invalid-text", "request.last-name", |r| r.last_name = Some(" \t ".into())),
        ("invalid-text", "request.last-name", |r| r.last_name = Some("\u{1b}[31mDoe".into())),
        ("invalid-value", "request.user-type", |r| r.user_type = Some(UserType::Unrecognized)),
        ("invalid-value", "request.profile-photo-url", |r| {
            r.profile_photo_url = Some("http://acme.example/joan.png".into())
        }),
        ("invalid-value", "request.profile-photo-url", |r| {
            r.profile_photo_url = Some("https://me:secret@acme.example/joan.png".into())
        }),
        ("invalid-value", "request.profile-photo-url", |r| {
            r.profile_photo_url = Some("javascript:alert(1)".into())
        }),
        ("group-by-name-and-id", "request.groups[1]", |r| {
            r.groups = memberships([named("Support"), numbered(5)])
        }),
        ("group-by-name-and-id", "request.groups[2]", |r| {
            r.groups = memberships([numbered(4), numbered(5), named("Support")])
        }),
        ("duplicate-group", "request.groups[1]", |r| {
            r.groups = memberships([named("Support"), named(" Support\t")])
        }),
        ("duplicate-group", "request.groups[2]", |r| {
            r.groups = memberships([numbered(4), numbered(5), rest("0004")])
        }),
        ("invalid-text", "request.groups[0]", |r| r.groups = memberships([named("")])),
        ("invalid-text", "request.groups[0]", |r| r.groups = memberships([named("Sup\u{7f}port")])),
        ("invalid-text", "request.groups[1]", |r| {
            r.groups = memberships([named("Support"), named(&"x".repeat(10_000))])
        }),
        ("invalid-value", "request.groups[0]", |r| r.groups = memberships([rest("Support")])),
        ("invalid-value", "request.groups[0]", |r| r.groups = memberships([rest("")])),
        ("invalid-value", "request.groups[0]", |r| r.groups = memberships([rest("-4")])),
        ("invalid-value", "request.groups[0]", |r| r.groups = memberships([rest("../users")])),
        ("invalid-value", "request.groups[0]", |r| {
            r.groups = memberships([rest("99999999999999999999999")])
        }),
    ];
    let world = world().await;
    for (code, field, damage) in cases {
        let mut request = arrival(NEW);
        damage(&mut request);
        assert_refused(&world, world.tenant.provision(&request).await, code, field);
    }
    assert!(!world.has(NEW));
}

fn rest(id: &str) -> GroupRef {
    GroupRef::Id(GroupId::Rest(id.into()))
}

#[tokio::test]
async fn invalid_deprovision_requests_are_refused() {
    type Damage = fn(&mut DeprovisionRequest);
    let cases: &[(&str, &str, Damage)] = &[
        ("invalid-value", "request.mode", |r| r.mode = DeprovisionMode::DeleteOnceDisabled(0)),
        ("invalid-value", "request.mode", |r| r.mode = DeprovisionMode::DeleteOnceDisabled(3651)),
        ("invalid-value", "request.mode", |r| {
            r.mode = DeprovisionMode::DeleteOnceDisabled(u32::MAX)
        }),
        ("invalid-email", "request.protected-people[1]", |r| {
            r.protected_people = vec![by_email(ADA), by_email("nobody")]
        }),
    ];
    let world = world().await;
    for (code, field, damage) in cases {
        let mut request = departure(JOAN, DeprovisionMode::Disable);
        damage(&mut request);
        assert_refused(&world, world.tenant.deprovision(&request).await, code, field);
    }
    assert!(!world.person(JOAN).is_disabled);
}

#[tokio::test]
async fn tombstones_of_another_organisation_are_refused() {
    let world = world().await;
    let gone = departure(JOAN, DeprovisionMode::Disable);
    let tombstone = done(world.tenant.deprovision(&gone).await).tombstone.expect("a tombstone");
    world.mock.clear_requests();
    let mut request = restoring([tombstone], true);
    for elsewhere in ["https://other.retool.com", "", "nonsense"] {
        request.tombstones[0].base_url = elsewhere.into();
        let answer = world.tenant.restore(&request).await;
        assert_refused(&world, answer, "invalid-value", "request.tombstones[0].base-url");
    }
}

#[tokio::test]
async fn invalid_sync_requests_are_refused() {
    type Damage = fn(&mut SyncRequest);
    let cases: &[(&str, &str, Damage)] = &[
        ("duplicate-person", "request.roster[2].user.email", |r| {
            r.roster.push(entry("ADA@Acme.Example"))
        }),
        ("duplicate-person", "request.roster[2].user.email", |r| {
            r.roster.push(entry(&format!("  {JOAN} ")))
        }),
        ("invalid-text", "request.roster[0].first-name", |r| {
            r.roster[0].first_name = Some("x".repeat(10_000))
        }),
        ("invalid-text", "request.roster[1].last-name", |r| {
            r.roster[1].last_name = Some("\u{2028}".repeat(3) + "x\u{2028}y")
        }),
        ("invalid-value", "request.roster[1].user-type", |r| {
            r.roster[1].user_type = Some(UserType::Unrecognized)
        }),
        ("group-by-name-and-id", "request.roster[1].groups[1]", |r| {
            r.roster[1].groups = memberships([named("Support"), numbered(5)])
        }),
        ("duplicate-group", "request.roster[0].groups[1]", |r| {
            r.roster[0].groups = memberships([named("Support"), named("Support")])
        }),
        ("invalid-value", "request.roster[0].groups[0]", |r| {
            r.roster[0].groups = memberships([rest("4/members")])
        }),
        ("outside-span", "request.roster[1].user.email", |r| {
            r.span = Some(EmailSpan { start: None, before: Some("B".into()) })
        }),
        ("outside-span", "request.roster[0].user.email", |r| {
            r.span = Some(EmailSpan { start: Some("b".into()), before: None })
        }),
        ("invalid-value", "request.span.before", |r| {
            r.span = Some(EmailSpan { start: Some("b".into()), before: Some("a".into()) })
        }),
        ("invalid-value", "request.span.before", |r| {
            r.span = Some(EmailSpan { start: Some("b".into()), before: Some("B".into()) })
        }),
        ("invalid-text", "request.span.start", |r| {
            r.span = Some(EmailSpan { start: Some(String::new()), before: None })
        }),
        ("invalid-text", "request.span.before", |r| {
            r.span = Some(EmailSpan { start: None, before: Some("z\0".into()) })
        }),
        ("duplicate-group", "request.policy.managed-groups[1]", |r| {
            r.policy.managed_groups = vec![named("Support"), named("Support ")]
        }),
        ("group-by-name-and-id", "request.policy.managed-groups[1]", |r| {
            r.policy.managed_groups = vec![numbered(5), named("Support")]
        }),
        ("invalid-value", "request.policy.default-user-type", |r| {
            r.policy.default_user_type = Some(UserType::Unrecognized)
        }),
        ("invalid-value", "request.policy.guards.user-removals.percent", |r| {
            limit(&mut r.policy.guards.user_removals).percent = Some(101)
        }),
        ("invalid-value", "request.policy.guards.member-removals.percent", |r| {
            limit(&mut r.policy.guards.member_removals).percent = Some(u32::MAX)
        }),
        ("invalid-email", "request.policy.guards.required-admins[0]", |r| {
            r.policy.guards.required_admins = vec![by_email("ada")]
        }),
        ("invalid-email", "request.policy.guards.protected-people[1]", |r| {
            r.policy.guards.protected_people = vec![by_email(ADA), by_email("@")]
        }),
    ];
    let world = world().await;
    for (code, field, damage) in cases {
        let mut request = roster(vec![entry(ADA), entry(JOAN)]);
        damage(&mut request);
        assert_refused(&world, world.tenant.plan_sync(&request).await, code, field);
        assert_refused(&world, world.tenant.sync(&request).await, code, field);
    }
}

#[tokio::test]
async fn invalid_pages_are_refused() {
    let world = world().await;
    let page = |cursor: Option<&str>, page_size| PageRequest {
        cursor: cursor.map(str::to_owned),
        page_size,
        with_members: false,
        with_other_ids: false,
    };
    let range = "page-size-out-of-range";
    let cases = [
        (page(None, Some(0)), range, "page.page-size"),
        (page(None, Some(1001)), range, "page.page-size"),
        (page(None, Some(u32::MAX)), range, "page.page-size"),
        (page(Some("v2-users.2.50"), Some(50)), "invalid-value", "page.page-size"),
        (page(Some("v1-users.2.50"), Some(50)), "invalid-value", "page.page-size"),
    ];
    for (page, code, field) in &cases {
        assert_refused(&world, world.tenant.page_users(page).await, code, field);
        assert_refused(&world, world.tenant.page_groups(page).await, code, field);
    }
}

/// A cursor belongs to one dialect. With `auto` the component would ask for the dialect first.
#[tokio::test]
async fn invented_cursors_are_refused() {
    let page = |cursor: &str| PageRequest {
        cursor: Some(cursor.into()),
        page_size: None,
        with_members: false,
        with_other_ids: false,
    };
    let (code, field) = ("cursor-invalid", "page.cursor");
    for (dialect, other) in [(Dialect::V2, "v1"), (Dialect::V1, "v2")] {
        let this = if dialect == Dialect::V1 { "v1" } else { "v2" };
        let world = World::acme_over(dialect).await;
        for bad in [
            String::new(),
            "2".into(),
            format!("{this}-users.2"),
            format!("{other}-users.2.50"),
            format!("{this}-users.2.50."),
            format!("{this}-users.-1.50"),
            "\0".into(),
        ] {
            assert_refused(&world, world.tenant.page_users(&page(&bad)).await, code, field);
            assert_refused(&world, world.tenant.page_groups(&page(&bad)).await, code, field);
        }
        // A cursor of one function is not valid for the other.
        let first = PageRequest { cursor: None, page_size: Some(2), ..page("") };
        let users = done(world.tenant.page_users(&first).await).next.expect("a second page");
        world.mock.clear_requests();
        assert_refused(&world, world.tenant.page_groups(&page(&users)).await, code, field);
        let groups = format!("{this}-groups.50.50");
        assert_refused(&world, world.tenant.page_users(&page(&groups)).await, code, field);
    }
}

/// Steps that were damaged on their way through a caller's database.
#[tokio::test]
async fn invalid_steps_are_refused() {
    // The steps of a plan depend on the dialect, and `auto` would ask the server for it first.
    let world = World::acme().await;
    let mut request = current_roster(&world);
    let joan = request.roster.iter_mut().find(|person| email_of(person) == JOAN).expect("Joan");
    joan.first_name = Some("Joanna".into());
    joan.groups.push(membership(named("Legal")));
    request.roster.push(new_entry(NEW));
    let plan = done(world.tenant.plan_sync(&request).await);
    let good = |kind| -> Step {
        plan.steps.iter().find(|step| step.kind == kind).expect("such a step").clone()
    };
    world.mock.clear_requests();

    type Damage = fn(&mut Step);
    let change = |field: &str, after: &str| FieldChange {
        field: field.into(),
        before: None,
        after: Some(after.into()),
    };
    let cases: &[(StepKind, &str, &str, Damage)] = &[
        (StepKind::CreateGroup, "step-invalid", "step.group-name", |s| s.group_name = None),
        (StepKind::CreateGroup, "invalid-text", "step.group-name", |s| {
            s.group_name = Some("Le\ngal".into())
        }),
        (StepKind::CreateUser, "invalid-email", "step.email", |s| s.email = Some(" ".into())),
        (StepKind::CreateUser, "invalid-email", "step.email", |s| s.email = Some("nobody".into())),
        (StepKind::UpdateUser, "step-invalid", "step.email", |s| s.email = Some(String::new())),
        (StepKind::UpdateUser, "step-invalid", "step.user", |s| s.user = None),
        (StepKind::UpdateUser, "step-invalid", "step.user", |s| {
            s.user = Some(UserId::V2(String::new()))
        }),
        (StepKind::UpdateUser, "step-invalid", "step.user", |s| {
            s.user = Some(UserId::V2("..".into()))
        }),
        (StepKind::UpdateUser, "step-invalid", "step.user", |s| {
            s.user = Some(UserId::V1("1607dcd4-2a48-4c31-b560-95ec5df0b125".into()))
        }),
        (StepKind::UpdateUser, "step-invalid", "step.changes", |s| s.changes.clear()),
        (StepKind::AddMember, "invalid-value", "step.group", |s| {
            s.group = Some(GroupId::Rest("../users".into()))
        }),
        (StepKind::AddMember, "step-invalid", "step.group-name", |s| {
            s.group = None;
            s.group_name = None;
        }),
    ];
    for (kind, code, field, damage) in cases {
        let mut step = good(*kind);
        damage(&mut step);
        assert_refused(&world, world.tenant.apply_step(&step).await, code, field);
    }
    for (field, after, code) in [
        ("email", "heir@acme.example", "step-invalid"),
        ("isAdmin", "true", "step-invalid"),
        ("admin", "yes", "step-invalid"),
        ("user-type", "unrecognized", "step-invalid"),
        ("first-name", "", "invalid-text"),
        ("first-name", &"x".repeat(10_000), "invalid-text"),
    ] {
        let mut step = good(StepKind::UpdateUser);
        step.changes = vec![change(field, after)];
        assert_refused(&world, world.tenant.apply_step(&step).await, code, "step.changes");
    }
}

#[tokio::test]
async fn invalid_groups_are_refused() {
    let world = world().await;
    let tenant = &world.tenant;
    for name in ["", "  ", "Le\rgal", &"x".repeat(257), &"x".repeat(10_000)] {
        let code = "invalid-text";
        let ensure = ensuring(name);
        assert_refused(&world, tenant.ensure_group(&ensure).await, code, "request.name");
        let ensure = EnsureGroupRequest { access: app_access(name), ..ensuring("Legal") };
        let field = "request.access[0].value";
        assert_refused(&world, tenant.ensure_group(&ensure).await, "invalid-value", field);
        let change = ChangeGroupRequest { new_name: Some(name.into()), ..unchanged("Support") };
        assert_refused(&world, tenant.change_group(&change).await, code, "request.new-name");
        assert_refused(&world, tenant.change_group(&unchanged(name)).await, code, "request.group");
        let removal = removing(named(name), true);
        assert_refused(&world, tenant.remove_group(&removal).await, code, "request.group");
    }
    let change = ChangeGroupRequest {
        add_members: vec![new_member(ADA), new_member("ada")],
        ..unchanged("Support")
    };
    let answer = tenant.change_group(&change).await;
    assert_refused(&world, answer, "invalid-email", "request.add-members[1]");
    let change = ChangeGroupRequest {
        add_members: vec![new_member(ADA)],
        remove_members: vec![by_email(JOAN), by_email("ADA@acme.example")],
        ..unchanged("Support")
    };
    let answer = tenant.change_group(&change).await;
    assert_refused(&world, answer, "duplicate-person", "request.remove-members[1]");
    let removal = removing(rest("4/../5"), true);
    let answer = tenant.remove_group(&removal).await;
    assert_refused(&world, answer, "invalid-value", "request.group");
}

fn unchanged(group: &str) -> ChangeGroupRequest {
    changing(named(group))
}

/// The longest allowed values are accepted.
#[tokio::test]
async fn values_at_the_limits_are_accepted() {
    let world = world().await;
    let mut request = arrival(&format!("{}@acme.example", "x".repeat(254 - "@acme.example".len())));
    request.first_name = Some("ü".repeat(256));
    request.last_name = Some("y".repeat(256));
    let user = done(world.tenant.provision(&request).await).user;
    assert_eq!(user.first_name.expect("a name").chars().count(), 256);
    let ensure = ensuring(&"ß".repeat(256));
    assert!(done(world.tenant.ensure_group(&ensure).await).created);
    let page = PageRequest {
        cursor: None,
        page_size: Some(1000),
        with_members: false,
        with_other_ids: false,
    };
    done(world.tenant.page_users(&page).await);
}
