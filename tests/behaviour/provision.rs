//! `provision`: creates, updates or enables one user.

mod existing;
mod groups;

use std::sync::Arc;

use host_test::retool::lifecycle::{ProvisionOutcome, ProvisionRequest};
use host_test::retool::types::{Dialect, GroupId, GroupRef, UserId, UserType};
use mock_retool::{Fault, FaultKind, Group, Hook, User};
use serde_json::json;

use crate::support::acme::{
    ADA, ENGINEERING, GRACE, JOAN, KEN, NEW, SUPPORT, changed, link, timeless, written,
};
use crate::support::dialects::nina;
use crate::support::{World, arrival, by_email, done, failed, memberships, named, numbered};

/// Returns a request for a new user with names and groups.
fn newcomer() -> ProvisionRequest {
    ProvisionRequest {
        groups: memberships([named("Engineering"), named("Support")]),
        ..nina(Dialect::V2)
    }
}

/// Returns the addresses of the users that Acme does not have from the start.
fn new_accounts(world: &World) -> Vec<String> {
    world.mock.state().users[4..].iter().map(|user| user.email.clone()).collect()
}

#[tokio::test]
async fn a_new_user_is_created_with_fields_and_groups() {
    let world = World::acme().await;
    let before = world.mock.state();
    let result = done(world.tenant.provision(&newcomer()).await);

    let nina = world.person(NEW);
    assert_eq!(nina.first_name.as_deref(), Some("Nina"));
    assert_eq!(nina.last_name.as_deref(), Some("Newman"));
    assert_eq!(nina.user_type, "default");
    assert!(!nina.is_admin && !nina.is_disabled);
    assert_eq!(world.groups_of(NEW), ["Engineering", "Support"]);
    let after = world.mock.state();
    assert!(after.invitations.is_empty() && after.invites.is_empty());
    assert_eq!(after.users[..4], before.users[..], "no other user changes");

    assert_eq!(result.outcome, ProvisionOutcome::Created);
    assert_eq!(result.user.id, UserId::V2(nina.sid()));
    assert_eq!(result.user.email.as_deref(), Some(NEW));
    assert_eq!(result.user.user_type, Some(UserType::Default));
    assert_eq!(result.user.created_at, Some(nina.created_at.clone()));
    let groups = [link(ENGINEERING, "Engineering"), link(SUPPORT, "Support")];
    assert_eq!(result.user.groups.as_deref(), Some(&groups[..]));
    assert_eq!(result.groups_added, groups);
    assert!(result.groups_kept.is_empty() && result.groups_created.is_empty());
    assert!(result.differences.is_empty());
    assert!(!result.invitation_sent);
    assert_eq!(
        changed(&result.changes),
        [
            "first-name: (nothing) -> Nina",
            "last-name: (nothing) -> Newman",
            "user-type: (nothing) -> default",
        ]
    );
    let [first, second] = &result.remaining[..] else { panic!("{:?}", result.remaining) };
    assert!(first.contains("SSO") && second.contains("has no way in until"), "{first} {second}");
    assert_eq!(
        written(&result.writes),
        [
            "user-created new@acme.example",
            "member-added new@acme.example [Engineering]",
            "member-added new@acme.example [Support]",
        ]
    );

    let bodies: Vec<_> = world.writes().into_iter().map(|write| write.body).collect();
    let membership = json!({"members": [{"id": nina.sid(), "is_group_admin": false}]});
    assert_eq!(
        bodies,
        [
            json!({
                "email": NEW, "first_name": "Nina", "last_name": "Newman", "user_type": "default",
                "active": true,
            }),
            membership.clone(),
            membership,
        ]
    );
    assert_eq!(
        world.requests_with_queries(),
        [
            "GET /api/v2/users?email=new%40acme.example".to_owned(),
            "GET /api/v2/users?".to_owned(),
            "GET /api/v2/user_invites?".to_owned(),
            "GET /api/v2/groups?".to_owned(),
            "POST /api/v2/users?".to_owned(),
            "GET /api/v2/groups/4?".to_owned(),
            "POST /api/v2/groups/4/members?".to_owned(),
            "GET /api/v2/groups/5?".to_owned(),
            "POST /api/v2/groups/5/members?".to_owned(),
            format!("GET /api/v2/users/{}?includeGroups=true", nina.sid()),
        ]
    );
}

/// Only `/api/v1` sets photos and sends invitations.
#[tokio::test]
async fn v1_creates_a_user_with_photo_and_groups_and_sends_one_invitation() {
    let world = World::acme_over(Dialect::V1).await;
    let before = world.mock.state();
    let request = ProvisionRequest {
        profile_photo_url: Some("https://acme.example/nina.png".into()),
        ..newcomer()
    };
    let result = done(world.tenant.provision(&request).await);

    let nina = world.person(NEW);
    assert_eq!(nina.first_name.as_deref(), Some("Nina"));
    assert_eq!(nina.last_name.as_deref(), Some("Newman"));
    assert_eq!(nina.profile_photo_url.as_deref(), Some("https://acme.example/nina.png"));
    assert_eq!(nina.user_type, "default");
    assert!(!nina.is_admin && !nina.is_disabled);
    assert_eq!(world.groups_of(NEW), ["Engineering", "Support"]);
    let after = world.mock.state();
    assert_eq!(after.invitations, [NEW]);
    assert_eq!(after.users[..4], before.users[..], "no other user changes");

    assert_eq!(result.outcome, ProvisionOutcome::Created);
    assert_eq!(result.user.id, UserId::V1(nina.id.clone()));
    assert_eq!(result.user.email.as_deref(), Some(NEW));
    assert_eq!(result.user.user_type, Some(UserType::Default));
    assert_eq!(result.user.created_at, Some(nina.created_at));
    let groups = [link(ENGINEERING, "Engineering"), link(SUPPORT, "Support")];
    assert_eq!(result.user.groups.as_deref(), Some(&groups[..]));
    assert_eq!(result.groups_added, groups);
    assert!(result.groups_kept.is_empty() && result.groups_created.is_empty());
    assert!(result.differences.is_empty());
    assert!(result.invitation_sent);
    assert_eq!(
        changed(&result.changes),
        [
            "first-name: (nothing) -> Nina",
            "last-name: (nothing) -> Newman",
            "user-type: (nothing) -> default",
            "profile-photo-url: (nothing) -> https://acme.example/nina.png",
        ]
    );
    assert!(
        result.remaining.iter().any(|line| line.contains(NEW) && line.contains("invitation")),
        "{:?}",
        result.remaining
    );
    assert_eq!(
        written(&result.writes),
        [
            "user-created new@acme.example",
            "member-added new@acme.example [Engineering]",
            "member-added new@acme.example [Support]",
        ]
    );

    let bodies: Vec<_> = world.writes().into_iter().map(|write| write.body).collect();
    assert_eq!(
        bodies,
        [
            json!({
                "email": NEW, "firstName": "Nina", "lastName": "Newman", "userType": "default",
                "profilePhotoUrl": "https://acme.example/nina.png",
            }),
            json!({ "userId": nina.id }),
            json!({ "userId": nina.id }),
        ]
    );
    assert_eq!(
        world.requests_with_queries(),
        [
            "GET /api/v1/users?email=new%40acme.example".to_owned(),
            "GET /api/v1/users?page=1&pageSize=500".to_owned(),
            "GET /api/v1/groups?".to_owned(),
            "POST /api/v1/users?".to_owned(),
            "POST /api/v1/groups/4/members?".to_owned(),
            "POST /api/v1/groups/5/members?".to_owned(),
            format!("GET /api/v1/users/{}?", nina.id),
        ]
    );
}

#[tokio::test]
async fn repeating_a_provision_reads_and_writes_nothing() {
    let world = World::acme().await;
    done(world.tenant.provision(&newcomer()).await);
    let before = world.mock.state();
    world.requests();

    let again = done(world.tenant.provision(&newcomer()).await);
    assert_eq!(again.outcome, ProvisionOutcome::Unchanged);
    assert_eq!(again.user.email.as_deref(), Some(NEW));
    assert!(!again.invitation_sent);
    assert_eq!(again.groups_kept, [link(ENGINEERING, "Engineering"), link(SUPPORT, "Support")]);
    assert!(again.groups_added.is_empty());
    assert!(again.changes.is_empty() && again.writes.is_empty() && again.remaining.is_empty());
    assert_eq!(world.requests(), ["GET /api/v2/users", "GET /api/v2/groups"]);
    assert_eq!(world.mock.state(), before);
}

#[tokio::test]
async fn v1_makes_a_new_user_an_administrator_only_if_requested() {
    let world = World::acme_over(Dialect::V1).await;
    done(world.tenant.provision(&arrival(NEW)).await);
    assert!(!world.person(NEW).is_admin);
    let boss = ProvisionRequest { admin: Some(true), ..arrival("boss@acme.example") };
    let result = done(world.tenant.provision(&boss).await);
    assert!(world.person("boss@acme.example").is_admin);
    assert!(result.user.admin);
}

#[tokio::test]
async fn creating_without_a_user_type_is_refused_because_it_decides_the_price() {
    let world = World::acme().await;
    let request = ProvisionRequest { user_type: None, ..newcomer() };
    let (case, detail) = failed(world.tenant.provision(&request).await);
    assert_eq!((case, detail.code.as_str()), ("permanent invalid-input", "user-type-required"));
    assert_eq!(detail.field.as_deref(), Some("request.user-type"));
    assert_eq!(detail.subject.as_deref(), Some(NEW));
    assert!(world.writes().is_empty());

    // An existing user keeps their user type.
    world.shape(JOAN, |joan| joan.user_type = "mobile".into());
    let request =
        ProvisionRequest { user_type: None, first_name: Some("Joanna".into()), ..arrival(JOAN) };
    let result = done(world.tenant.provision(&request).await);
    assert_eq!(changed(&result.changes), ["first-name: joan -> Joanna"]);
    assert_eq!(world.person(JOAN).user_type, "mobile");
}

#[tokio::test]
async fn user_types_are_spelled_as_the_server_does() {
    let world = World::acme().await;
    let request = ProvisionRequest { user_type: Some(UserType::Mobile), ..nina(Dialect::V2) };
    let result = done(world.tenant.provision(&request).await);
    let body = json!({
        "email": NEW, "first_name": "Nina", "last_name": "Newman", "user_type": "mobile",
        "active": true,
    });
    assert_eq!(world.body_of_the_write(), body);
    assert_eq!(result.user.user_type, Some(UserType::Mobile));

    let world = World::acme_over(Dialect::V1).await;
    let request = ProvisionRequest { user_type: Some(UserType::EndUser), ..arrival(NEW) };
    let result = done(world.tenant.provision(&request).await);
    assert_eq!(world.body_of_the_write(), json!({"email": NEW, "userType": "endUser"}));
    assert_eq!(result.user.user_type, Some(UserType::EndUser));
}

#[tokio::test]
async fn user_types_of_other_dialects_are_refused_before_any_request() {
    for (dialect, user_types) in [
        (Dialect::V1, &[UserType::Mobile, UserType::Embed][..]),
        (Dialect::V2, &[UserType::EndUser]),
    ] {
        let world = World::acme_over(dialect).await;
        for user_type in user_types {
            let request = ProvisionRequest { user_type: Some(*user_type), ..nina(dialect) };
            let (case, detail) = failed(world.tenant.provision(&request).await);
            assert_eq!(case, "permanent unsupported");
            assert_eq!(detail.field.as_deref(), Some("request.user-type"));
        }
        assert!(world.requests().is_empty());
    }
}

#[tokio::test]
async fn a_missing_user_is_created_only_if_allowed() {
    let world = World::acme().await;
    let request = ProvisionRequest { create_missing: false, ..newcomer() };
    let (case, detail) = failed(world.tenant.provision(&request).await);
    assert_eq!((case, detail.code.as_str()), ("permanent not-found", "user-not-found"));
    assert_eq!(detail.subject.as_deref(), Some(NEW));
    assert!(world.writes().is_empty());
    assert!(!world.has(NEW));
}

#[tokio::test]
async fn case_and_white_space_of_an_address_create_no_second_account() {
    let world = World::acme().await;
    world.shape(JOAN, |joan| joan.email = "Joan@Acme.Example".into());
    for spelling in ["JOAN@ACME.EXAMPLE", "  joan@acme.example\t", "Joan@acme.example"] {
        let result = done(world.tenant.provision(&arrival(spelling)).await);
        assert_eq!(result.outcome, ProvisionOutcome::Unchanged, "{spelling}");
        assert_eq!(
            result.user.email.as_deref(),
            Some("Joan@Acme.Example"),
            "as the server stores it"
        );
    }
    assert!(world.writes().is_empty());

    for dialect in [Dialect::V1, Dialect::V2] {
        let world = World::acme_over(dialect).await;
        let new = |email: &str| ProvisionRequest { email: email.into(), ..nina(dialect) };
        done(world.tenant.provision(&new("  New@acme.example ")).await);
        let again = done(world.tenant.provision(&new("nEW@acme.example")).await);
        assert_eq!(again.outcome, ProvisionOutcome::Unchanged);
        assert_eq!(new_accounts(&world), ["New@acme.example"]);
        let invited = if dialect == Dialect::V1 { vec!["New@acme.example"] } else { vec![] };
        assert_eq!(world.mock.state().invitations, invited);
    }
}

#[tokio::test]
async fn two_users_with_one_address_are_an_error() {
    let world = World::acme().await;
    world.mock.edit(|acme| {
        let twin = User {
            id: "11111111-1111-4111-8111-111111111111".into(),
            ..acme.user_by_email(JOAN).expect("Joan").clone()
        };
        acme.users.push(twin);
    });
    let request = ProvisionRequest { first_name: Some("Other".into()), ..arrival(JOAN) };
    let (case, detail) = failed(world.tenant.provision(&request).await);
    assert_eq!((case, detail.code.as_str()), ("permanent conflict", "ambiguous-user"));
    assert_eq!(detail.subject.as_deref(), Some(JOAN));
    assert!(world.writes().is_empty());
}

#[tokio::test]
async fn an_error_says_what_was_written_before_it() {
    for dialect in [Dialect::V1, Dialect::V2] {
        let world = World::acme_over(dialect).await;
        world.mock.inject(Fault {
            method: Some("POST".into()),
            path: Some(format!("{}/members", world.group_path("Support"))),
            ..Fault::new(FaultKind::Status { code: 422, retry_after: None, body: None })
        });
        let (case, detail) = failed(world.tenant.provision(&newcomer()).await);
        assert_eq!((case, detail.code.as_str()), ("permanent conflict", "server-refused"));
        let refused = format!("POST {}/{{id}}/members", world.groups_path());
        assert_eq!(detail.request, Some(refused));
        assert_eq!(detail.http_status, Some(422));
        assert_eq!(detail.attempts, 1);
        assert!(detail.request_id.is_some());
        assert_eq!(
            written(&detail.writes),
            ["user-created new@acme.example", "member-added new@acme.example [Engineering]"]
        );

        // A repetition does the rest.
        world.mock.clear_faults();
        let result = done(world.tenant.provision(&newcomer()).await);
        assert_eq!(result.outcome, ProvisionOutcome::Updated);
        assert_eq!(result.groups_added, [link(SUPPORT, "Support")]);
        assert_eq!(new_accounts(&world), [NEW]);
        let invited = if dialect == Dialect::V1 { vec![NEW] } else { vec![] };
        assert_eq!(world.mock.state().invitations, invited);
    }
}

#[tokio::test]
async fn auto_finds_the_dialect_with_one_request() {
    let world = World::acme().await;
    let mut connection = world.tenant.connection().clone();
    connection.dialect = Dialect::Auto;
    let tenant = world.tenant.with_connection(connection);
    let result = done(tenant.provision(&arrival(JOAN)).await);
    assert_eq!(result.outcome, ProvisionOutcome::Unchanged);
    assert_eq!(
        world.requests_with_queries(),
        ["GET /api/v2/users?limit=1", "GET /api/v2/users?email=joan%40acme.example"]
    );
}

/// A server may accept a creation and set something else. That is not a success.
#[tokio::test]
async fn a_field_that_the_server_did_not_take_is_reported() {
    let changes: [fn(&mut User); 2] =
        [|user| user.user_type = "mobile".into(), |user| user.first_name = None];
    for change in changes {
        let world = World::acme().await;
        let mock = Arc::downgrade(&world.mock);
        world.mock.on_request(move |_, request| {
            let reads_back = request.method == "GET" && request.path.starts_with("/api/v2/users/");
            if let Some(mock) = mock.upgrade().filter(|_| reads_back) {
                mock.edit(|acme| acme.user_by_email_mut(NEW).map(change));
            }
            Hook::Serve
        });
        let (case, detail) = failed(world.tenant.provision(&newcomer()).await);
        assert_eq!((case, detail.code.as_str()), ("permanent conflict", "not-verified"));
        assert_eq!(detail.subject.as_deref(), Some(NEW));
        assert_eq!(written(&detail.writes)[0], "user-created new@acme.example");
    }
}

/// Only users with the address are read individually.
#[tokio::test]
async fn finding_no_user_takes_one_listing_even_with_short_records() {
    let world = World::acme().await;
    world.mock.inject(Fault::new(FaultKind::OmitInLists("active".into())));
    assert!(done(world.tenant.find_user(&by_email(NEW)).await).is_none());
    assert_eq!(
        world.requests_with_queries(),
        [
            "GET /api/v2/users?email=new%40acme.example",
            "GET /api/v2/users?",
            "GET /api/v2/user_invites?",
        ]
    );
}
