//! Rosters for a part of the users only.

use host_test::retool::synchronization::{
    AbsentPolicy, EmailSpan, Guard, MembershipPolicy, SyncRequest,
};

use super::{in_groups, newcomer, outcomes};
use crate::support::acme::{ADA, GRACE, JOAN, KEN, NEW, written};
use crate::support::{World, address, done, entry, failed, limit, named, roster};

fn span(start: Option<&str>, before: Option<&str>) -> Option<EmailSpan> {
    Some(EmailSpan { start: start.map(Into::into), before: before.map(Into::into) })
}

fn disabling(people: &[&str], span: Option<EmailSpan>) -> SyncRequest {
    let person = |email: &&str| match *email {
        NEW => newcomer(NEW, &[]),
        email => entry(email),
    };
    let mut request = roster(people.iter().map(person).collect());
    request.span = span;
    request.policy.absent = AbsentPolicy::Disable;
    request
}

#[tokio::test]
async fn only_users_inside_the_span_count_as_absent() {
    let world = World::acme().await;
    world.add("kim@acme.example", &[]);
    let report = done(world.tenant.sync(&disabling(&[JOAN], span(Some("h"), Some("kim@")))).await);
    // Ada and Grace are before the span. Kim is at its end, which is outside.
    assert_eq!(outcomes(&report), ["joan@acme.example: unchanged", "ken@acme.example: unchanged"]);
    assert!(report.writes.is_empty());

    let report = done(world.tenant.sync(&disabling(&[JOAN], span(Some("h"), None))).await);
    assert_eq!(
        outcomes(&report),
        [
            "joan@acme.example: unchanged",
            "ken@acme.example: unchanged",
            "kim@acme.example: disabled"
        ]
    );
    assert!(!world.person(ADA).is_disabled && !world.person(GRACE).is_disabled);
}

#[tokio::test]
async fn the_start_is_inside_and_the_end_is_not() {
    let world = World::acme().await;
    world.shape(KEN, |ken| ken.is_disabled = false);
    world.shape(JOAN, |joan| joan.email = "JOAN@acme.example".into());
    let mut request = disabling(&[], span(Some("Joan@ACME.example"), Some(KEN)));
    request.policy.guards.allow_empty_roster = true;
    let report = done(world.tenant.sync(&request).await);
    assert_eq!(outcomes(&report), ["JOAN@acme.example: disabled"]);
    assert!(!world.person(KEN).is_disabled);
}

#[tokio::test]
async fn adjacent_spans_do_what_one_sync_does() {
    let (whole, parts) = (World::acme().await, World::acme().await);
    let people = [ADA, GRACE, KEN, NEW];
    assert!(done(whole.tenant.sync(&disabling(&people, None)).await).complete);

    let mut seen = Vec::new();
    for (start, before) in [(None, Some("b")), (Some("b"), Some("k")), (Some("k"), None)] {
        let inside = |email: &&str| {
            start.is_none_or(|start| *email >= start) && before.is_none_or(|before| *email < before)
        };
        let people: Vec<_> = people.into_iter().filter(inside).collect();
        let report = done(parts.tenant.sync(&disabling(&people, span(start, before))).await);
        assert!(report.complete);
        seen.extend(report.people.into_iter().map(|person| address(&person.email).to_owned()));
    }
    assert_eq!(seen, [ADA, GRACE, JOAN, KEN, NEW], "every user once");
    let (whole, parts) = (whole.mock.state(), parts.mock.state());
    for (whole, parts) in whole.users.iter().zip(&parts.users) {
        assert_eq!((&whole.email, whole.is_disabled), (&parts.email, parts.is_disabled));
    }
    assert_eq!(whole.users.len(), parts.users.len());
}

/// The whole roster is not empty, but the part for a span is.
#[tokio::test]
async fn an_empty_roster_for_a_span_is_refused_unless_it_is_allowed() {
    let world = World::acme().await;
    world.shape(KEN, |ken| ken.is_disabled = false);
    let before = world.mock.state();
    let people = |span| disabling(&[], span);
    for empty in [span(None, Some("b")), span(Some("b"), Some("h")), span(Some("k"), None)] {
        let plan = done(world.tenant.plan_sync(&people(empty.clone())).await);
        let tripped: Vec<_> = plan.guards.iter().filter(|guard| guard.tripped).collect();
        assert!(tripped.iter().any(|guard| guard.guard == Guard::EmptyRoster), "{empty:?}");
        assert!(plan.steps.is_empty(), "{empty:?}");
        let (case, detail) = failed(world.tenant.sync(&people(empty)).await);
        assert_eq!((case, detail.code.as_str()), ("permanent refused", "guard-tripped"));
    }
    // It is refused even if there is nothing to do.
    let mut no_users = people(span(Some("x"), None));
    let (case, _) = failed(world.tenant.sync(&no_users).await);
    assert_eq!(case, "permanent refused");
    assert!(world.writes().is_empty());
    assert_eq!(world.mock.state(), before);

    no_users.policy.guards.allow_empty_roster = true;
    assert!(done(world.tenant.sync(&no_users).await).complete);
    let mut the_end = people(span(Some("k"), None));
    the_end.policy.guards.allow_empty_roster = true;
    let report = done(world.tenant.sync(&the_end).await);
    assert_eq!(outcomes(&report), ["ken@acme.example: disabled"]);
}

/// Two users are absent from each part. Four are too many for one sync, and two are not.
#[tokio::test]
async fn guards_check_each_span_separately() {
    let world = World::acme().await;
    for email in ["a1@acme.example", "a2@acme.example", "y1@acme.example", "y2@acme.example"] {
        world.add(email, &[]);
    }
    let stay = [ADA, GRACE, JOAN, KEN];
    let sync = |span: Option<EmailSpan>, inside: &[&str]| {
        let mut request = disabling(inside, span);
        request.policy.re_enable_disabled = false;
        limit(&mut request.policy.guards.user_removals).floor = Some(2);
        request
    };
    let (case, detail) = failed(world.tenant.sync(&sync(None, &stay)).await);
    assert_eq!((case, detail.code.as_str()), ("permanent refused", "guard-tripped"));
    assert!(detail.message.contains("user-removals"), "{}", detail.message);
    assert!(world.writes().is_empty());

    for (span, inside, absent) in [
        (span(None, Some("b")), &stay[..1], ["a1@acme.example", "a2@acme.example"]),
        (span(Some("b"), None), &stay[1..], ["y1@acme.example", "y2@acme.example"]),
    ] {
        let report = done(world.tenant.sync(&sync(span, inside)).await);
        let expected = absent
            .map(|email| [format!("user-disabled {email}"), format!("sessions-ended {email}")]);
        assert_eq!(written(&report.writes), expected.concat(), "{:?}", outcomes(&report));
    }
}

#[tokio::test]
async fn memberships_of_users_outside_the_span_are_not_changed() {
    let world = World::acme().await;
    let mut request = roster(vec![in_groups(JOAN, &[])]);
    request.span = span(Some("j"), None);
    request.policy.memberships = MembershipPolicy::Exact;
    request.policy.managed_groups = vec![named("Support")];
    done(world.tenant.sync(&request).await);
    assert_eq!(world.members_of("Support"), [ADA, KEN]);
}

#[tokio::test]
async fn the_limit_of_removals_is_a_percentage_of_the_users_in_the_span() {
    let world = World::acme().await;
    let mut request = disabling(&[], span(Some("j"), None));
    request.policy.guards.allow_empty_roster = true;
    limit(&mut request.policy.guards.user_removals).floor = Some(0);
    limit(&mut request.policy.guards.user_removals).percent = Some(99);
    // Joan is one of three enabled users, but the only one in the span: 99 % of 1 is 0.
    let plan = done(world.tenant.plan_sync(&request).await);
    let guard = plan.guards.iter().find(|guard| guard.guard == Guard::UserRemovals);
    let guard = guard.expect("a report");
    assert_eq!((guard.limit, guard.actual, guard.tripped), (0, 1, true));
}

#[tokio::test]
async fn an_entry_outside_the_span_or_an_empty_span_is_refused_before_any_request() {
    let world = World::acme().await;
    let outside = disabling(&[JOAN, ADA], span(Some("b"), None));
    let (case, detail) = failed(world.tenant.sync(&outside).await);
    assert_eq!((case, detail.code.as_str()), ("permanent invalid-input", "outside-span"));
    assert_eq!(detail.field.as_deref(), Some("request.roster[1].user.email"));
    let empty = disabling(&[], span(Some("k"), Some("b")));
    let (case, detail) = failed(world.tenant.plan_sync(&empty).await);
    assert_eq!(case, "permanent invalid-input");
    assert_eq!(detail.field.as_deref(), Some("request.span.before"));
    assert!(world.requests().is_empty());
}
