//! Invitations with a token that may invite and not read, and the secret link of invitations.

use std::fmt::Debug;

use host_test::retool::directory::PageRequest;
use host_test::retool::lifecycle::{DeprovisionMode, ProvisionOutcome, ProvisionRequest};
use host_test::retool::types::{Dialect, WayIn};
use host_test::{Answer, json};
use mock_retool::{Fault, FaultKind, InviteOptions, Options, Scope, Support, V2Options};
use serde::Serialize;

use super::inviting::{inviting, world};
use crate::support::acme::{ENGINEERING, NEW, SUPPORT, written};
use crate::support::dialects::{known, nina};
use crate::support::{
    World, by_email, departure, done, entry, failed, memberships, named, numbered, restoring,
    roster,
};

/// A request that looks nothing up.
fn unseen() -> ProvisionRequest {
    ProvisionRequest { skip_lookup: Some(true), ..inviting(&[]) }
}

/// A server whose token may invite and not read.
async fn invite_only(invites: InviteOptions) -> World {
    let v2 = V2Options { invites, ..V2Options::default() };
    let scopes = vec![Scope::UsersWrite];
    let options = Options { v2, scopes, ..Options::default() };
    World::acme_over_with(Dialect::V2, options).await
}

fn mails(world: &World) -> usize {
    world.mock.state().invitations.len()
}

#[tokio::test]
async fn a_token_that_may_not_read_invites_with_one_request() {
    let world = invite_only(InviteOptions::default()).await;
    let request = ProvisionRequest {
        groups: memberships([numbered(SUPPORT), numbered(ENGINEERING)]),
        ..unseen()
    };
    let result = done(world.tenant.provision(&request).await);
    assert_eq!((result.outcome, result.invitation_sent), (ProvisionOutcome::Invited, true));
    assert_eq!(written(&result.writes), ["user-invited new@acme.example"]);
    assert_eq!(result.groups_added.len(), 2);
    assert_eq!(result.user.email.as_deref(), Some(NEW));
    assert!(result.remaining.iter().any(|line| line.contains("not checked")));
    assert_eq!(world.requests(), ["POST /api/v2/user_invites"]);
    assert_eq!(world.mock.state().invites[0].groups, [ENGINEERING, SUPPORT]);

    // Without it the call has to read first.
    let (_, detail) = failed(world.tenant.provision(&inviting(&[])).await);
    assert_eq!(detail.code, "scope-missing");
    assert_eq!(mails(&world), 1);
}

#[tokio::test]
async fn groups_that_the_answer_does_not_list_are_said_to_be_unchecked() {
    let world =
        invite_only(InviteOptions { ignores_groups: true, ..InviteOptions::default() }).await;
    let request = ProvisionRequest { groups: memberships([numbered(SUPPORT)]), ..unseen() };
    let result = done(world.tenant.provision(&request).await);
    assert!(result.groups_added.is_empty());
    assert!(
        result.remaining.iter().any(|line| line.contains("the id 5")),
        "{:?}",
        result.remaining
    );
}

/// The server would accept a second invitation.
#[tokio::test]
async fn a_lost_reply_is_permanent_and_the_invitation_is_sent_once() {
    let status = |code| FaultKind::Status { code, retry_after: Some("0".into()), body: None };
    for kind in [
        FaultKind::LoseReply,
        FaultKind::ResetInBody,
        FaultKind::Truncate,
        FaultKind::InvalidJson,
        FaultKind::StatusAfter(502),
        FaultKind::Reset,
        status(500),
        status(503),
        status(504),
        status(408),
    ] {
        let how = format!("{kind:?}");
        let world =
            invite_only(InviteOptions { accepts_second: true, ..InviteOptions::default() }).await;
        world.mock.inject(Fault { times: Some(1), ..Fault::new(kind) });
        let (case, detail) = failed(world.tenant.provision(&unseen()).await);
        assert_eq!((case, &*detail.code), ("permanent conflict", "outcome-unknown"), "{how}");
        assert_eq!(written(&detail.writes), ["user-invited new@acme.example ?"], "{how}");
        assert_eq!(detail.subject.as_deref(), Some(NEW));
        assert!(detail.message.contains("twice"), "{}", detail.message);
        assert_eq!(world.requests(), ["POST /api/v2/user_invites"], "{how}");
    }
}

#[tokio::test]
async fn a_request_that_was_throttled_was_not_acted_upon_and_is_sent_again() {
    let world =
        invite_only(InviteOptions { accepts_second: true, ..InviteOptions::default() }).await;
    let throttled = FaultKind::Status { code: 429, retry_after: Some("0".into()), body: None };
    world.mock.inject(Fault { times: Some(2), ..Fault::new(throttled) });
    let result = done(world.tenant.provision(&unseen()).await);
    assert_eq!((result.outcome, mails(&world)), (ProvisionOutcome::Invited, 1));
    assert_eq!(world.requests().len(), 3);
}

#[tokio::test]
async fn a_refusal_says_that_nothing_was_sent() {
    let world = invite_only(InviteOptions::default()).await;
    world.invite(NEW, &[]);
    let (case, detail) = failed(world.tenant.provision(&unseen()).await);
    assert_eq!((case, &*detail.code), ("permanent conflict", "server-refused"));
    assert!(detail.writes.is_empty() && detail.message.contains("Nothing was sent"));

    for create in [Support::NotFound, Support::Page] {
        let world = invite_only(InviteOptions { create, ..InviteOptions::default() }).await;
        let (case, detail) = failed(world.tenant.provision(&unseen()).await);
        assert_eq!((case, &*detail.code), ("permanent unsupported", "operation-unsupported"));
        assert!(detail.writes.is_empty());
    }
}

#[tokio::test]
async fn a_look_up_is_skipped_only_for_an_invitation_over_v2() {
    type Ask = fn(&mut ProvisionRequest);
    let cases: [(Ask, &str, &str); 5] = [
        (|r| r.way_in = None, "invalid-value", "request.skip-lookup"),
        (|r| r.way_in = Some(WayIn::Account), "invalid-value", "request.skip-lookup"),
        (|r| r.create_missing = false, "invalid-value", "request.skip-lookup"),
        (|r| r.groups = memberships([named("Support")]), "invalid-value", "request.groups[0]"),
        (|r| r.first_name = Some("N".into()), "operation-unsupported", "request.first-name"),
    ];
    let world = invite_only(InviteOptions::default()).await;
    for (ask, code, field) in cases {
        let mut request = unseen();
        ask(&mut request);
        let (_, detail) = failed(world.tenant.provision(&request).await);
        assert_eq!((&*detail.code, detail.field.as_deref()), (code, Some(field)));
        assert!(world.requests().is_empty());
    }
    for dialect in [Dialect::V1, Dialect::Scim] {
        let world = World::acme_over(dialect).await;
        let (_, detail) = failed(world.tenant.provision(&unseen()).await);
        let found = (&*detail.code, detail.field.as_deref());
        assert_eq!(found, ("operation-unsupported", Some("request.skip-lookup")), "{dialect:?}");
        assert!(world.requests().is_empty());
    }
    // An explicit default asks for nothing.
    let world = World::acme_over(Dialect::V2).await;
    let request = ProvisionRequest { skip_lookup: Some(false), ..nina(Dialect::V2) };
    done(world.tenant.provision(&request).await);
}

/// Results and errors in every form in which they are stored or printed.
#[derive(Default)]
struct Seen(Vec<String>);

impl Seen {
    fn add<T: Debug + Serialize>(&mut self, answer: &Answer<T>) {
        self.0.push(format!("{answer:?}"));
        match answer {
            Ok(Ok(result)) => self.0.push(json::value(result).expect("JSON").to_string()),
            Ok(Err(error)) => self.0.push(json::value(error).expect("JSON").to_string()),
            Err(error) => self.0.push(error.to_string()),
        }
    }
}

/// Anyone who has the link can accept the invitation.
#[tokio::test]
async fn the_link_of_an_invitation_is_in_no_result_error_or_log() {
    let repeats = InviteOptions { repeats_link: true, ..InviteOptions::default() };
    let world = world(repeats).await;
    let mut seen = Seen::default();
    let request = inviting(&["Support"]);
    let tenant = &world.tenant;
    seen.add(&tenant.provision(&request).await);
    seen.add(&tenant.provision(&request).await);
    // The server repeats the link in its refusal.
    let refused = tenant.provision(&unseen()).await;
    let (_, detail) = failed(refused);
    assert_eq!(detail.http_status, Some(409));
    seen.0.push(format!("{detail:?}"));
    world.mock.inject(Fault { times: Some(1), ..Fault::new(FaultKind::Truncate) });
    let other = ProvisionRequest { email: "other@acme.example".into(), ..unseen() };
    seen.add(&tenant.provision(&other).await);
    seen.add(&tenant.find_user(&by_email(NEW)).await);
    let page =
        PageRequest { cursor: None, page_size: None, with_members: true, with_other_ids: false };
    seen.add(&tenant.page_users(&page).await);
    seen.add(&tenant.page_groups(&page).await);
    seen.add(&tenant.changes_since(None).await);
    seen.add(&tenant.check_connection().await);
    let mut third = roster(vec![entry(NEW), entry("third@acme.example")]);
    third.roster[1].way_in = Some(WayIn::Invitation);
    third.policy.absent = host_test::retool::synchronization::AbsentPolicy::Disable;
    third.policy.guards.minimum_admins = Some(0);
    seen.add(&tenant.plan_sync(&third).await);
    let mut third = third.clone();
    third.policy.absent = host_test::retool::synchronization::AbsentPolicy::Keep;
    seen.add(&tenant.sync(&third).await);
    let links: Vec<String> =
        world.mock.state().invites.iter().map(|invite| invite.link.clone()).collect();
    assert_eq!(links.len(), 3);
    let left = tenant.deprovision(&departure(NEW, DeprovisionMode::Delete)).await;
    seen.add(&left);
    let tombstone = done(left).tombstone.expect("a tombstone");
    seen.add(&tenant.restore(&restoring([tombstone], true)).await);
    seen.add(&tenant.provision(&known(NEW)).await);
    for text in seen.0.iter().chain(&tenant.log()) {
        for link in &links {
            let secret = link.rsplit('=').next().expect("the secret part");
            assert!(secret.len() > 20 && !text.contains(secret), "{text}");
        }
    }
}
