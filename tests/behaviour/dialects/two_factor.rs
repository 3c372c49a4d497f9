//! `reset-two-factor` resets one person's second factor. Only `/api/v2` can.

use host_test::retool::lifecycle::ResetTwoFactorRequest;
use host_test::retool::types::{Dialect, UserRef};
use mock_retool::{Fault, FaultKind, Options, V2Options};

use crate::support::acme::{GRACE, JOAN, NEW, written};
use crate::support::{World, by_email, done, failed};

fn reset(email: &str) -> ResetTwoFactorRequest {
    ResetTwoFactorRequest { user: by_email(email), expected_id: None }
}

async fn acme() -> World {
    let world = World::acme_over(Dialect::V2).await;
    world.shape(JOAN, |joan| joan.two_factor_auth_enabled = true);
    world
}

#[tokio::test]
async fn the_second_factor_of_one_person_is_reset() {
    let world = acme().await;
    world.shape(GRACE, |grace| grace.two_factor_auth_enabled = true);
    for times in 1..=2 {
        let result = done(world.tenant.reset_two_factor(&reset(JOAN)).await);
        assert_eq!(result.user.email.as_deref(), Some(JOAN));
        assert_eq!(written(&result.writes), ["two-factor-reset joan@acme.example"]);
        assert_eq!(world.mock.state().two_factor_resets, vec![world.id_of(JOAN); times]);
    }
    assert!(!world.person(JOAN).two_factor_auth_enabled);
    assert!(world.person(GRACE).two_factor_auth_enabled);
    let id = ResetTwoFactorRequest {
        user: UserRef::Id(world.user_id(GRACE)),
        expected_id: Some(world.user_id(GRACE)),
    };
    done(world.tenant.reset_two_factor(&id).await);
    assert!(!world.person(GRACE).two_factor_auth_enabled);
}

#[tokio::test]
async fn a_person_who_is_not_positively_identified_is_left_alone() {
    let world = acme().await;
    world.invite("invited@acme.example", &[]);
    let expected = ResetTwoFactorRequest { expected_id: Some(world.user_id(GRACE)), ..reset(JOAN) };
    for (request, code) in [
        (reset(NEW), "user-not-found"),
        (reset("invited@acme.example"), "user-not-found"),
        (expected, "wrong-person"),
        (
            ResetTwoFactorRequest {
                user: UserRef::Id(world.user_id_in(Dialect::V1, JOAN)),
                expected_id: None,
            },
            "invalid-value",
        ),
    ] {
        let (_, detail) = failed(world.tenant.reset_two_factor(&request).await);
        assert_eq!(detail.code, code);
    }
    // The account gets another address between the search and the reset.
    world.before(&format!("GET {}", world.user_path(JOAN)), |acme| {
        acme.user_by_email_mut(JOAN).expect("Joan").email = "other@acme.example".into();
    });
    let (_, detail) = failed(world.tenant.reset_two_factor(&reset(JOAN)).await);
    assert_eq!(detail.code, "wrong-person");
    assert!(world.writes().is_empty());
    assert!(world.mock.state().two_factor_resets.is_empty());
}

#[tokio::test]
async fn a_server_without_the_request_is_reported_and_nothing_is_done() {
    for page in [None, Some(FaultKind::Html200), Some(FaultKind::Page(404))] {
        let v2 = V2Options { two_factor_reset: page.is_some(), ..V2Options::default() };
        let world = World::acme_over_with(Dialect::V2, Options { v2, ..Options::default() }).await;
        if let Some(kind) = page {
            world.mock.inject(Fault { method: Some("PUT".into()), ..Fault::new(kind) });
        }
        let before = world.mock.state();
        let (case, detail) = failed(world.tenant.reset_two_factor(&reset(JOAN)).await);
        assert_eq!(
            (case, detail.code.as_str()),
            ("permanent unsupported", "operation-unsupported")
        );
        assert!(detail.message.contains("3.124"), "{}", detail.message);
        assert_eq!(detail.writes, []);
        assert_eq!(world.mock.state(), before);
    }
}

#[tokio::test]
async fn a_lost_reply_is_followed_by_another_reset() {
    let world = acme().await;
    let lost = Fault { method: Some("PUT".into()), ..Fault::new(FaultKind::LoseReply) };
    world.mock.inject(Fault { times: Some(1), ..lost.clone() });
    let result = done(world.tenant.reset_two_factor(&reset(JOAN)).await);
    assert_eq!(written(&result.writes), ["two-factor-reset joan@acme.example"]);
    assert_eq!(world.mock.state().two_factor_resets.len(), 2);

    world.mock.inject(lost);
    let (case, detail) = failed(world.tenant.reset_two_factor(&reset(JOAN)).await);
    assert_eq!(case, "transient unavailable");
    assert_eq!(written(&detail.writes), ["two-factor-reset joan@acme.example ?"]);
}

#[tokio::test]
async fn other_dialects_refuse_it_before_any_request() {
    for dialect in [Dialect::V1, Dialect::Scim] {
        let world = World::acme_over(dialect).await;
        let (case, detail) = failed(world.tenant.reset_two_factor(&reset(JOAN)).await);
        assert_eq!(
            (case, detail.code.as_str()),
            ("permanent unsupported", "operation-unsupported")
        );
        assert!(detail.message.contains("/api/v2"), "{}", detail.message);
        assert!(world.requests().is_empty());
    }
}
