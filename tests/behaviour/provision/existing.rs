//! People who have an account.

use super::*;

#[tokio::test]
async fn an_existing_user_gets_the_given_fields_and_keeps_the_others() {
    let world = World::acme().await;
    let before = world.person(JOAN);
    let request = ProvisionRequest {
        last_name: Some("Clarke".into()),
        user_type: Some(UserType::Mobile),
        ..arrival(JOAN)
    };
    let result = done(world.tenant.provision(&request).await);

    let expected =
        User { last_name: Some("Clarke".into()), user_type: "mobile".into(), ..before.clone() };
    assert_eq!(timeless(world.person(JOAN)), timeless(expected));
    assert_eq!(result.outcome, ProvisionOutcome::Updated);
    assert_eq!(
        changed(&result.changes),
        ["last-name: Doe -> Clarke", "user-type: default -> mobile"]
    );
    assert_eq!(result.user.last_name.as_deref(), Some("Clarke"));
    assert_eq!(result.user.first_name.as_deref(), Some("joan"));
    assert_eq!(written(&result.writes), ["user-updated joan@acme.example"], "one update");
    assert!(!result.invitation_sent && result.remaining.is_empty());
    let user = world.user_path(JOAN);
    assert_eq!(
        world.requests(),
        [
            "GET /api/v2/users".to_owned(),
            format!("GET {user}"),
            format!("PATCH {user}"),
            format!("GET {user}"),
        ]
    );
}

/// Only `/api/v1` sets the administrator's right.
#[tokio::test]
async fn v1_sets_fields_and_the_administrators_right_with_one_update() {
    let world = World::acme_over(Dialect::V1).await;
    let before = world.person(JOAN);
    let request = ProvisionRequest {
        last_name: Some("Clarke".into()),
        user_type: Some(UserType::EndUser),
        admin: Some(true),
        ..arrival(JOAN)
    };
    let result = done(world.tenant.provision(&request).await);

    let expected = User {
        last_name: Some("Clarke".into()),
        user_type: "endUser".into(),
        is_admin: true,
        ..before.clone()
    };
    assert_eq!(timeless(world.person(JOAN)), timeless(expected));
    assert_eq!(result.outcome, ProvisionOutcome::Updated);
    assert_eq!(
        changed(&result.changes),
        ["last-name: Doe -> Clarke", "user-type: default -> end-user", "admin: false -> true",]
    );
    assert_eq!(result.user.last_name.as_deref(), Some("Clarke"));
    assert_eq!(result.user.first_name.as_deref(), Some("joan"));
    assert_eq!(written(&result.writes), ["user-updated joan@acme.example"], "one update");
    assert!(!result.invitation_sent && result.remaining.is_empty());
    let user = format!("/api/v1/users/{}", before.id);
    assert_eq!(
        world.requests(),
        [
            "GET /api/v1/users".to_owned(),
            format!("GET {user}"),
            format!("PUT {user}"),
            format!("GET {user}"),
        ]
    );
}

#[tokio::test]
async fn v1_replaces_the_photo_and_refuses_an_invalid_url() {
    let world = World::acme_over(Dialect::V1).await;
    let with_photo =
        |url: &str| ProvisionRequest { profile_photo_url: Some(url.into()), ..arrival(JOAN) };
    let (case, detail) =
        failed(world.tenant.provision(&with_photo("http://acme.example/j.png")).await);
    assert_eq!(case, "permanent invalid-input");
    assert_eq!(detail.field.as_deref(), Some("request.profile-photo-url"));
    assert!(world.requests().is_empty());

    let url = "https://acme.example/joan/2.png";
    done(world.tenant.provision(&with_photo(url)).await);
    assert_eq!(world.person(JOAN).profile_photo_url.as_deref(), Some(url));
}

#[tokio::test]
async fn without_update_existing_differences_are_reported_and_nothing_is_written() {
    let world = World::acme().await;
    let before = world.person(JOAN);
    let request = ProvisionRequest {
        last_name: Some("Clarke".into()),
        first_name: Some("joan".into()),
        admin: Some(true),
        update_existing: false,
        ..arrival(JOAN)
    };
    let result = done(world.tenant.provision(&request).await);
    assert_eq!(result.outcome, ProvisionOutcome::Unchanged);
    assert_eq!(changed(&result.differences), ["last-name: Doe -> Clarke", "admin: false -> true"]);
    assert!(result.changes.is_empty() && result.writes.is_empty());
    assert_eq!(world.person(JOAN), before);
    assert!(world.writes().is_empty());

    // The memberships are added all the same.
    let request = ProvisionRequest { groups: memberships([named("Finance")]), ..request };
    let result = done(world.tenant.provision(&request).await);
    assert_eq!(result.outcome, ProvisionOutcome::Updated);
    assert_eq!(world.groups_of(JOAN), ["Finance", "Support", "viewer"]);
    assert_eq!(world.person(JOAN).last_name, before.last_name);
}

#[tokio::test]
async fn a_disabled_user_is_enabled_only_if_allowed() {
    let world = World::acme().await;
    let before = world.person(KEN);
    let request = ProvisionRequest {
        user_type: None,
        first_name: Some("Kenneth".into()),
        groups: memberships([named("Engineering")]),
        ..arrival(KEN)
    };
    let (case, detail) = failed(
        world
            .tenant
            .provision(&ProvisionRequest { re_enable_disabled: false, ..request.clone() })
            .await,
    );
    assert_eq!((case, detail.code.as_str()), ("permanent refused", "user-disabled"));
    assert_eq!(detail.subject.as_deref(), Some(KEN));
    assert!(world.writes().is_empty());

    let result = done(world.tenant.provision(&request).await);
    assert_eq!(result.outcome, ProvisionOutcome::ReEnabled);
    assert_eq!(changed(&result.changes), ["first-name: ken -> Kenneth", "disabled: true -> false"]);
    assert_eq!(
        written(&result.writes),
        ["user-enabled ken@acme.example", "member-added ken@acme.example [Engineering]",]
    );
    assert!(!result.invitation_sent);
    let ken = world.person(KEN);
    assert!(!ken.is_disabled);
    assert_eq!(ken.first_name.as_deref(), Some("Kenneth"));
    assert_eq!(ken.extra, before.extra);
    assert_eq!(world.groups_of(KEN), ["Engineering", "Support"]);
    assert!(world.mock.state().invitations.is_empty());
}

#[tokio::test]
async fn enabling_without_updating_sets_no_other_field() {
    let world = World::acme().await;
    world.shape(KEN, |ken| ken.user_type = "mobile".into());
    let request = ProvisionRequest {
        first_name: Some("Kenneth".into()),
        update_existing: false,
        ..arrival(KEN)
    };
    let result = done(world.tenant.provision(&request).await);
    assert_eq!(result.outcome, ProvisionOutcome::ReEnabled);
    assert_eq!(changed(&result.changes), ["disabled: true -> false"]);
    assert_eq!(
        changed(&result.differences),
        ["first-name: ken -> Kenneth", "user-type: mobile -> default"]
    );
    let ken = world.person(KEN);
    assert!(!ken.is_disabled);
    assert_eq!(ken.first_name.as_deref(), Some("ken"));
    assert_eq!(ken.user_type, "mobile");
}

#[tokio::test]
async fn v1_does_not_demote_the_last_enabled_administrator() {
    let world = World::acme_over(Dialect::V1).await;
    let demote = |email| ProvisionRequest { admin: Some(false), ..arrival(email) };
    // A disabled administrator does not count.
    world.shape(KEN, |ken| ken.is_admin = true);
    done(world.tenant.provision(&demote(GRACE)).await);
    assert!(!world.person(GRACE).is_admin);
    world.mock.clear_requests();

    let (case, detail) = failed(world.tenant.provision(&demote(ADA)).await);
    assert_eq!((case, detail.code.as_str()), ("permanent refused", "last-admin"));
    assert_eq!(detail.subject.as_deref(), Some(ADA));
    assert!(world.writes().is_empty());
    assert!(world.person(ADA).is_admin);
}

#[tokio::test]
async fn a_user_who_was_created_meanwhile_is_updated() {
    let world = World::acme().await;
    world.before("POST /api/v2/users", |acme| {
        acme.create_user(User::new("New@Acme.example")).expect("a new address");
    });
    let result = done(world.tenant.provision(&newcomer()).await);
    assert_eq!(result.outcome, ProvisionOutcome::Updated);
    assert!(!result.invitation_sent, "the other call sent it");
    assert_eq!(world.mock.state().invitations, ["New@Acme.example"]);
    assert_eq!(world.person(NEW).first_name.as_deref(), Some("Nina"));
    assert_eq!(world.groups_of(NEW), ["Engineering", "Support"]);
    assert_eq!(
        written(&result.writes),
        [
            "user-updated New@Acme.example",
            "member-added New@Acme.example [Engineering]",
            "member-added New@Acme.example [Support]",
        ]
    );
}

/// Some servers return short records in lists. A missing field does not mean "no".
#[tokio::test]
async fn a_listing_without_the_disabled_field_enables_no_user() {
    let world = World::acme().await;
    world.mock.inject(Fault::new(FaultKind::OmitInLists("active".into())));
    let request = ProvisionRequest { re_enable_disabled: false, ..arrival(KEN) };
    let (case, detail) = failed(world.tenant.provision(&request).await);
    assert_eq!((case, detail.code.as_str()), ("permanent refused", "user-disabled"));
    assert!(world.writes().is_empty());
}
