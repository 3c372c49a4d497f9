//! A 403 is not a reason: headers, content type and body decide.

use std::time::Duration;

use host_test::retool::lifecycle::{DeprovisionMode, ProvisionRequest};
use host_test::retool::types::Dialect;
use mock_retool::{Fault, FaultKind, Forbidden, Guidance, Throttling};

use crate::support::acme::{JOAN, written};
use crate::support::dialects::{ALL, known, nina};
use crate::support::{World, by_email, departure, done, failed};

/// The code of each reason, and what its message says.
fn expected(reason: Forbidden) -> (&'static str, &'static str, &'static str) {
    match reason {
        Forbidden::Scope => ("permanent denied", "scope-missing", ""),
        Forbidden::Seats => ("permanent conflict", "seat-limit", "Free a seat"),
        Forbidden::LastOwner => ("permanent conflict", "last-owner", "Make another person one"),
        Forbidden::Address => ("permanent denied", "access-blocked", "list of allowed addresses"),
        Forbidden::Plan => ("permanent unsupported", "operation-unsupported", "plan"),
        Forbidden::Unexplained => ("permanent denied", "forbidden", "Possible causes"),
    }
}

#[tokio::test]
async fn the_reason_of_a_403_is_in_the_error_of_reads_and_writes() {
    for dialect in ALL {
        let world = World::acme_over(dialect).await;
        let before = world.mock.state();
        for reason in Forbidden::ALL {
            let (case, code, says) = expected(reason);
            world.mock.clear_faults();
            world.mock.inject(Fault::new(FaultKind::Forbidden(reason)));
            world.mock.clear_requests();
            let (actual, detail) = failed(world.tenant.find_user(&by_email(JOAN)).await);
            assert_eq!((actual, detail.code.as_str()), (case, code), "{dialect:?} {reason:?}");
            assert_eq!(world.requests().len(), 1, "{dialect:?} {reason:?}");

            world.mock.clear_faults();
            for method in ["POST", "PUT", "PATCH", "DELETE"] {
                let fault = Fault::new(FaultKind::Forbidden(reason));
                world.mock.inject(Fault { method: Some(method.into()), ..fault });
            }
            let disable = departure(JOAN, DeprovisionMode::Disable);
            for (actual, detail) in [
                failed(world.tenant.provision(&nina(dialect)).await),
                failed(world.tenant.deprovision(&disable).await),
            ] {
                assert_eq!((actual, detail.code.as_str()), (case, code), "{dialect:?} {reason:?}");
                assert_eq!((detail.http_status, detail.attempts), (Some(403), 1));
                assert_eq!(written(&detail.writes), [""; 0], "{dialect:?} {reason:?}");
                assert!(detail.message.contains(says), "{}", detail.message);
                // SCIM's own explanation of a missing scope repeats what the server says too.
                assert!(detail.message.contains(reason.message()), "{}", detail.message);
            }
        }
        assert_eq!(world.mock.state(), before, "{dialect:?}");
    }
}

#[tokio::test]
async fn a_403_without_a_reason_lists_possible_causes_and_no_missing_scope() {
    for dialect in ALL {
        let world = World::acme_over(dialect).await;
        for body in ["", "{}", "no", r#"{"message":17}"#, r#"{"error":{"id":1}}"#] {
            world.mock.clear_faults();
            let body = Some(body.to_owned());
            let kind = FaultKind::Status { code: 403, retry_after: None, body };
            world.mock.inject(Fault::new(kind));
            let (case, detail) = failed(world.tenant.find_user(&by_email(JOAN)).await);
            assert_eq!((case, detail.code.as_str()), ("permanent denied", "forbidden"));
            for cause in ["the token", "the plan", "allowed addresses", "proxy"] {
                assert!(detail.message.contains(cause), "{cause}: {}", detail.message);
            }
            let scope = detail.message.contains("users:read");
            assert_eq!(scope, dialect != Dialect::Scim, "SCIM has no scopes: {}", detail.message);
        }
    }
}

#[tokio::test]
async fn a_page_is_neither_a_missing_scope_nor_a_reason_to_try_again() {
    for dialect in ALL {
        for code in [200, 403] {
            let world = World::acme_over(dialect).await;
            world.mock.inject(Fault::new(FaultKind::Page(code)));
            let (case, detail) = failed(world.tenant.find_user(&by_email(JOAN)).await);
            assert_eq!((case, detail.code.as_str()), ("permanent unsupported", "html-page"));
            assert_eq!((detail.http_status, detail.attempts), (Some(code), 1));
            for cause in ["plan", "login page", "proxy", "firewall", "base URL"] {
                assert!(detail.message.contains(cause), "{cause}: {}", detail.message);
            }

            // A write that got a page with 403 was not made. With 200 it is unknown.
            world.mock.clear_faults();
            for method in ["PUT", "PATCH"] {
                let fault = Fault::new(FaultKind::Page(code));
                world.mock.inject(Fault { method: Some(method.into()), ..fault });
            }
            let renamed = ProvisionRequest { first_name: Some("Jo".into()), ..known(JOAN) };
            let (_, detail) = failed(world.tenant.provision(&renamed).await);
            assert_eq!(detail.code, "html-page");
            let unknown = format!("user-updated {JOAN} ?");
            let expected = if code == 403 { vec![] } else { vec![unknown] };
            assert_eq!(written(&detail.writes), expected, "{dialect:?} {code}");
        }
    }
}

/// Where the plan lacks an API, Retool answers its routes with 200 and a page.
#[tokio::test]
async fn auto_says_what_each_api_answered_if_all_are_pages() {
    let world = World::acme_over(Dialect::Auto).await;
    world.mock.inject(Fault::new(FaultKind::Page(200)));
    let (case, detail) = failed(world.tenant.find_user(&by_email(JOAN)).await);
    assert_eq!((case, detail.code.as_str()), ("permanent unsupported", "html-page"));
    for found in ["/api/v2: html-page", "/api/v1: html-page", "SCIM: html-page"] {
        assert!(detail.message.contains(found), "{}", detail.message);
    }
}

#[tokio::test]
async fn a_403_that_throttles_is_waited_for_like_a_429() {
    for dialect in ALL {
        let world = World::acme_over(dialect).await;
        let throttling = Throttling { status: 403, guidance: Guidance::ResetEpoch };
        let wait = Duration::from_millis(300);
        let fault = Fault::new(FaultKind::Throttled { throttling, wait });
        world.mock.inject(Fault { times: Some(2), ..fault });
        assert!(done(world.tenant.find_user(&by_email(JOAN)).await).is_some(), "{dialect:?}");
        assert!(world.requests().len() >= 3, "{dialect:?}");
    }
}
