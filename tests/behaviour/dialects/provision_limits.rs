//! `provision`: what a dialect can't do is reported before anything is written.

use host_test::retool::lifecycle::{ProvisionOutcome, ProvisionRequest, ProvisionResult};
use host_test::retool::types::{Dialect, ErrorDetail, UserType};
use serde_json::json;

use crate::support::acme::{ADA, JOAN, NEW, changed};
use crate::support::dialects::{known, nina, seat};
use crate::support::{World, case_and_detail, done, failed};

over_every_dialect!(
    a_new_user_gets_the_requested_user_type,
    a_user_type_of_another_dialect_is_refused,
    names_are_required_if_the_dialect_requires_them,
    the_administrators_right_is_set_if_the_dialect_can,
    an_unsupported_field_without_a_difference_is_accepted,
    photos_are_set_if_the_dialect_can,
    a_creation_sends_only_the_requested_fields,
);

/// The result of a request.
enum End {
    Done(Box<ProvisionResult>),
    Refused(&'static str, Box<ErrorDetail>),
}

async fn end_of(world: &World, request: &ProvisionRequest) -> End {
    match world.tenant.provision(request).await.expect("an answer of the component") {
        Ok(result) => End::Done(Box::new(result)),
        Err(error) => {
            let (case, detail) = case_and_detail(error);
            End::Refused(case, Box::new(detail))
        }
    }
}

/// Checks that a field was refused because the dialect can't set it, and that nothing was written.
fn assert_unsupported(world: &World, end: End, field: &str) {
    let End::Refused(case, detail) = end else { panic!("{field} was not refused") };
    assert_eq!((case, detail.code.as_str()), ("permanent unsupported", "operation-unsupported"));
    assert_eq!(detail.field.as_deref(), Some(field));
    assert!(detail.writes.is_empty() && world.writes().is_empty());
}

async fn a_new_user_gets_the_requested_user_type(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let without = ProvisionRequest { user_type: None, ..nina(dialect) };
    if dialect == Dialect::Scim {
        // SCIM has no user types.
        done(world.tenant.provision(&without).await);
        assert_eq!(world.person(NEW).user_type, "default");
        return;
    }
    let (case, detail) = failed(world.tenant.provision(&without).await);
    assert_eq!((case, detail.code.as_str()), ("permanent invalid-input", "user-type-required"));
    assert_eq!(detail.field.as_deref(), Some("request.user-type"));
    assert!(world.writes().is_empty());

    let (other, written) = match dialect {
        Dialect::V1 => (UserType::EndUser, "endUser"),
        _ => (UserType::Embed, "embed"),
    };
    let with = ProvisionRequest { user_type: Some(other), ..nina(dialect) };
    let result = done(world.tenant.provision(&with).await);
    assert_eq!(result.user.user_type, Some(other));
    assert_eq!(world.person(NEW).user_type, written);
}

async fn a_user_type_of_another_dialect_is_refused(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let foreign: &[UserType] = match dialect {
        Dialect::V1 => &[UserType::Mobile, UserType::Embed],
        Dialect::V2 => &[UserType::EndUser],
        _ => &[UserType::Default, UserType::EndUser, UserType::Mobile, UserType::Embed],
    };
    for user_type in foreign {
        for request in [nina(dialect), known(JOAN)] {
            let request = ProvisionRequest { user_type: Some(*user_type), ..request };
            let end = end_of(&world, &request).await;
            assert_unsupported(&world, end, "request.user-type");
        }
    }
    // SCIM does not report user types. So the component reads the user before it refuses.
    if dialect != Dialect::Scim {
        assert!(world.requests().is_empty(), "refused before any request");
    }
}

async fn names_are_required_if_the_dialect_requires_them(dialect: Dialect) {
    for (first, last, missing) in [
        (Some("Nina"), None, "request.last-name"),
        (None, Some("Newman"), "request.first-name"),
        (None, None, "request.first-name"),
    ] {
        let world = World::acme_over(dialect).await;
        let request = ProvisionRequest {
            first_name: first.map(Into::into),
            last_name: last.map(Into::into),
            ..nina(dialect)
        };
        let end = end_of(&world, &request).await;
        match (dialect, end) {
            (Dialect::V2, End::Refused(_, detail)) => {
                assert_eq!(detail.code, "name-required");
                assert_eq!(detail.field.as_deref(), Some(missing));
                assert!(world.writes().is_empty() && !world.has(NEW));
            }
            (Dialect::V1 | Dialect::Scim, End::Done(result)) => {
                assert_eq!(result.outcome, ProvisionOutcome::Created);
                let person = world.person(NEW);
                assert_eq!(
                    (person.first_name.as_deref(), person.last_name.as_deref()),
                    (first, last)
                );
            }
            (_, End::Done(_)) => panic!("{missing} was not required"),
            (_, End::Refused(_, detail)) => panic!("{missing}: {detail:?}"),
        }
    }
}

async fn the_administrators_right_is_set_if_the_dialect_can(dialect: Dialect) {
    for request in [nina(dialect), known(JOAN)] {
        let world = World::acme_over(dialect).await;
        let email = request.email.clone();
        let request = ProvisionRequest { admin: Some(true), ..request };
        let end = end_of(&world, &request).await;
        if dialect == Dialect::V1 {
            assert!(matches!(end, End::Done(_)), "{email}");
            assert!(world.person(&email).is_admin);
        } else {
            assert_unsupported(&world, end, "request.admin");
        }
    }
    let world = World::acme_over(dialect).await;
    let end = end_of(&world, &ProvisionRequest { admin: Some(false), ..known(ADA) }).await;
    if dialect == Dialect::V1 {
        assert!(matches!(end, End::Done(_)));
        assert!(!world.person(ADA).is_admin);
    } else {
        assert_unsupported(&world, end, "request.admin");
        assert!(world.person(ADA).is_admin);
    }
}

async fn an_unsupported_field_without_a_difference_is_accepted(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let before = world.mock.state();
    let admin = ProvisionRequest { admin: Some(true), user_type: seat(dialect), ..known(ADA) };
    let result = done(world.tenant.provision(&admin).await);
    assert_eq!(result.outcome, ProvisionOutcome::Unchanged);
    assert!(world.writes().is_empty());
    assert_eq!(world.mock.state(), before);
    // A new user is not an administrator anyway.
    let result = done(
        world.tenant.provision(&ProvisionRequest { admin: Some(false), ..nina(dialect) }).await,
    );
    assert_eq!(result.outcome, ProvisionOutcome::Created);
    assert!(!world.person(NEW).is_admin);
}

async fn photos_are_set_if_the_dialect_can(dialect: Dialect) {
    let photo = "https://acme.example/new.png";
    for request in [nina(dialect), known(JOAN)] {
        let world = World::acme_over(dialect).await;
        let email = request.email.clone();
        let request = ProvisionRequest { profile_photo_url: Some(photo.into()), ..request };
        let end = end_of(&world, &request).await;
        match (dialect, end) {
            (Dialect::V1, End::Done(result)) => {
                assert!(changed(&result.changes).iter().any(|line| line.contains(photo)));
                assert_eq!(world.person(&email).profile_photo_url.as_deref(), Some(photo));
            }
            (_, end) => assert_unsupported(&world, end, "request.profile-photo-url"),
        }
    }
}

async fn a_creation_sends_only_the_requested_fields(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    done(world.tenant.provision(&nina(dialect)).await);
    let expected = match dialect {
        Dialect::V1 => json!({
            "email": NEW, "firstName": "Nina", "lastName": "Newman", "userType": "default",
        }),
        Dialect::V2 => json!({
            "email": NEW, "first_name": "Nina", "last_name": "Newman", "user_type": "default",
            "active": true,
        }),
        _ => json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": NEW,
            "name": {"givenName": "Nina", "familyName": "Newman"},
            "emails": [{"value": NEW, "type": "work", "primary": true}],
            "active": true,
        }),
    };
    assert_eq!(world.body_of_the_write(), expected);
}
