//! What the server does not allow.

use super::*;

pub(super) async fn denied_by_the_server(table: &mut Table) {
    let world = World::acme().await;
    let mock = &world.mock;
    let denied = Expected { case: "permanent denied", attempts: 1, ..Expected::default() };

    let other = tenant(mock, &[("RETOOL_API_TOKEN", "another")], |_| {});
    let rejected = Expected { code: "token-rejected", status: Some(401), says: &["401"], ..denied };
    let expected = Expected { request: Some(LIST_USERS), subject: Some(JOAN), ..rejected };
    table.expect("find", failed(other.find_user(&by_email(JOAN)).await), expected);
    let expected = Expected { request: Some(LIST_INVITES), ..rejected };
    table.expect("page", failed(other.page_users(&first_page()).await), expected);
    table.expect("plan", failed(other.plan_sync(&current_roster(&world)).await), expected);
    let expected = Expected { request: Some(LIST_GROUPS), ..rejected };
    table.expect("groups", failed(other.page_groups(&first_page()).await), expected);

    let misdirected = tenant(mock, &[("RETOOL_API_TOKEN", mock.token())], |connection| {
        connection.base_url += "/wrong/place/";
    });
    let wrong =
        Expected { code: "base-url-wrong", status: Some(404), says: &["base URL"], ..denied };
    let expected = Expected { request: Some(LIST_USERS), subject: Some(JOAN), ..wrong };
    table.expect("find", failed(misdirected.find_user(&by_email(JOAN)).await), expected);
    let gone = departure(JOAN, DeprovisionMode::Delete);
    table.expect("deprovision", failed(misdirected.deprovision(&gone).await), expected);
    let expected = Expected { subject: Some(NEW), ..expected };
    table.expect("provision", failed(misdirected.provision(&new_user(NEW)).await), expected);
    let expected = Expected { request: Some(LIST_USERS), ..wrong };
    table.expect("sync", failed(misdirected.sync(&current_roster(&world)).await), expected);
    let expected = Expected { request: Some(LIST_GROUPS), ..wrong };
    table.expect("ensure", failed(misdirected.ensure_group(&legal()).await), expected);

    mock.inject(Fault::new(FaultKind::Redirect("https://elsewhere.example".into())));
    let expected = Expected {
        code: "redirected",
        status: Some(302),
        request: Some(LIST_USERS),
        subject: Some(JOAN),
        says: &["base URL"],
        ..denied
    };
    table.expect("redirect", failed(world.tenant.find_user(&by_email(JOAN)).await), expected);
}

pub(super) async fn scopes(table: &mut Table) {
    async fn without(scope: Scope) -> World {
        let scopes = Scope::ALL.into_iter().filter(|other| *other != scope).collect();
        World::acme_with(Options { scopes, ..Options::default() }).await
    }
    let lacking = Expected {
        case: "permanent denied",
        code: "scope-missing",
        status: Some(403),
        attempts: 1,
        ..Expected::default()
    };

    let world = without(Scope::UsersRead).await;
    let tenant = &world.tenant;
    let expected = Expected { request: Some(LIST_INVITES), says: &["users:read"], ..lacking };
    table.expect("plan", failed(tenant.plan_sync(&current_roster(&world)).await), expected);
    table.expect("page", failed(tenant.page_users(&first_page()).await), expected);
    let expected = Expected { request: Some(LIST_USERS), subject: Some(JOAN), ..expected };
    table.expect("find", failed(tenant.find_user(&by_email(JOAN)).await), expected);

    let world = without(Scope::UsersWrite).await;
    let tenant = &world.tenant;
    let expected = Expected { says: &["users:write"], ..lacking };
    let create = Expected { request: Some(CREATE_USER), subject: Some(NEW), ..expected };
    table.expect("create", failed(tenant.provision(&new_user(NEW)).await), create);
    let update = Expected { request: Some(WRITE_USER), subject: Some(JOAN), ..expected };
    table.expect("update", failed(tenant.provision(&renamed(JOAN)).await), update);
    let disable = departure(JOAN, DeprovisionMode::Disable);
    table.expect("disable", failed(tenant.deprovision(&disable).await), update);
    let delete = Expected { request: Some(DELETE_USER), subject: Some(JOAN), ..expected };
    let gone = departure(JOAN, DeprovisionMode::Delete);
    table.expect("delete", failed(tenant.deprovision(&gone).await), delete);

    let world = without(Scope::GroupsRead).await;
    let tenant = &world.tenant;
    let expected = Expected { request: Some(LIST_GROUPS), says: &["groups:read"], ..lacking };
    table.expect("groups", failed(tenant.page_groups(&first_page()).await), expected);
    table.expect("plan", failed(tenant.plan_sync(&current_roster(&world)).await), expected);
    let mut joining = new_user(NEW);
    joining.groups = memberships([named("Support")]);
    table.expect("join", failed(tenant.provision(&joining).await), expected);
    assert!(!world.has(NEW), "it fails before anything is written");

    let world = without(Scope::GroupsWrite).await;
    let tenant = &world.tenant;
    let expected = Expected { says: &["groups:write"], ..lacking };
    let create = Expected { request: Some(CREATE_GROUP), subject: Some("Legal"), ..expected };
    table.expect("ensure", failed(tenant.ensure_group(&legal()).await), create);
    let delete = Expected { request: Some(DELETE_GROUP), subject: Some("Finance"), ..expected };
    table.expect("remove", failed(tenant.remove_group(&removal("Finance")).await), delete);
    let update = Expected { request: Some(WRITE_GROUP), subject: Some("Finance"), ..expected };
    let rename =
        ChangeGroupRequest { new_name: Some("Money".into()), ..members("Finance", &[], &[]) };
    table.expect("rename", failed(tenant.change_group(&rename).await), update);
    let add = Expected { request: Some(ADD_MEMBER), subject: Some(JOAN), ..expected };
    let adding = members("Finance", &[JOAN], &[]);
    table.expect("add", failed(tenant.change_group(&adding).await), add);
    let remove = Expected { request: Some(REMOVE_MEMBER), subject: Some(JOAN), ..expected };
    let removing = members("Support", &[], &[JOAN]);
    table.expect("remove member", failed(tenant.change_group(&removing).await), remove);
}

/// The server, or something in between, does not let the request pass.
pub(super) async fn forbidden(table: &mut Table) {
    let at_users = Expected {
        case: "permanent denied",
        request: Some(LIST_USERS),
        status: Some(403),
        attempts: 1,
        subject: Some(JOAN),
        ..Expected::default()
    };
    let conflict = Expected { case: "permanent conflict", ..at_users };
    let cases = [
        (status(403), Expected { code: "forbidden", says: &["users:read", "proxy"], ..at_users }),
        (
            FaultKind::Forbidden(Forbidden::Address),
            Expected { code: "access-blocked", says: &["address"], ..at_users },
        ),
        (
            status(407),
            Expected { code: "access-blocked", status: Some(407), says: &["proxy"], ..at_users },
        ),
        (
            FaultKind::Forbidden(Forbidden::Seats),
            Expected { code: "seat-limit", says: &["seat"], ..conflict },
        ),
        (
            FaultKind::Forbidden(Forbidden::LastOwner),
            Expected { code: "last-owner", says: &["owner"], ..conflict },
        ),
    ];
    for (kind, expected) in cases {
        let world = World::acme().await;
        world.mock.inject(Fault::new(kind.clone()));
        let failure = failed(world.tenant.find_user(&by_email(JOAN)).await);
        table.expect(&format!("{kind:?}"), failure, expected);
    }
}
