//! The details of every error: case, code, request, status, number of tries, subject, and what to
//! do about it.

mod before_sending;
mod denied;
mod detection;
mod server;
mod state;

use std::collections::BTreeSet;
use std::time::Duration;

use host_test::retool::directory::PageRequest;
use host_test::retool::groups::{ChangeGroupRequest, EnsureGroupRequest, RemoveGroupRequest};
use host_test::retool::lifecycle::{DeprovisionMode, ProvisionRequest};
use host_test::retool::synchronization::{AbsentPolicy, Step, StepKind};
use host_test::retool::types::{
    Attribute, Connection, Dialect, ErrorDetail, UserId, UserType, WayIn,
};
use host_test::{CancellationToken, HostError, Tenant, TenantOptions, requests};
use mock_retool::{Fault, FaultKind, Forbidden, Group, ListingOptions, Mock, Options, Scope, User};
use retool_lifecycle::error::Code;

use super::dialect::{current_roster, new_user};
use super::fault::{status, status_after};
use crate::support::acme::{ADA, GRACE, JOAN, KEN, NEW};
use crate::support::{
    World, arrival, by_email, changing, departure, done, ensuring, entry, failed, host, limit,
    membership, memberships, named, new_member, numbered, removing, roster,
};

const LIST_USERS: &str = "GET /api/v2/users";
const LIST_INVITES: &str = "GET /api/v2/user_invites";
const CREATE_USER: &str = "POST /api/v2/users";
const WRITE_USER: &str = "PATCH /api/v2/users/{id}";
const DELETE_USER: &str = "DELETE /api/v2/users/{id}";
const LIST_GROUPS: &str = "GET /api/v2/groups";
const CREATE_GROUP: &str = "POST /api/v2/groups";
const WRITE_GROUP: &str = "PATCH /api/v2/groups/{id}";
const DELETE_GROUP: &str = "DELETE /api/v2/groups/{id}";
const ADD_MEMBER: &str = "POST /api/v2/groups/{id}/members";
const REMOVE_MEMBER: &str = "DELETE /api/v2/groups/{id}/members/{userId}";

/// The expected details of an error. A detail that is not set must be absent.
#[derive(Clone, Copy, Default)]
struct Expected<'a> {
    case: &'a str,
    code: &'a str,
    request: Option<&'a str>,
    status: Option<u16>,
    attempts: u32,
    subject: Option<&'a str>,
    field: Option<&'a str>,
    /// Words in the message.
    says: &'a [&'a str],
}

/// Compares errors, and collects their codes.
#[derive(Default)]
struct Table {
    codes: BTreeSet<String>,
}

impl Table {
    fn expect(&mut self, what: &str, (case, detail): (&str, ErrorDetail), expected: Expected<'_>) {
        assert_eq!(
            (case, detail.code.as_str()),
            (expected.case, expected.code),
            "{what}: {detail:?}"
        );
        assert_eq!(detail.request.as_deref(), expected.request, "{what}");
        assert_eq!(detail.http_status, expected.status, "{what}");
        assert_eq!(detail.attempts, expected.attempts, "{what}");
        assert_eq!(detail.subject.as_deref(), expected.subject, "{what}");
        assert_eq!(detail.field.as_deref(), expected.field, "{what}");
        // Every response of the mock has a request id.
        assert_eq!(detail.request_id.is_some(), expected.status.is_some(), "{what}");
        for word in expected.says {
            assert!(detail.message.contains(word), "{what}: no {word:?} in {:?}", detail.message);
        }
        assert_is_advice(what, &detail.message);
        self.codes.insert(detail.code);
    }
}

/// Checks that the message has a sentence for what happened and one for what to do next.
fn assert_is_advice(what: &str, message: &str) {
    let sentences = message.matches(". ").count() + usize::from(message.ends_with('.'));
    assert!(
        sentences >= 2 || message.contains("; ") || message.contains("The server says"),
        "{what}: no advice in {message:?}"
    );
    assert!((20..600).contains(&message.len()), "{what}: {message:?}");
}

/// Returns a tenant with a wrong connection or environment.
fn tenant(mock: &Mock, env: &[(&str, &str)], change: impl FnOnce(&mut Connection)) -> Tenant {
    let mut options = TenantOptions::new(mock.base_url()).dialect(Dialect::V2);
    for (name, value) in env {
        options = options.env(*name, *value);
    }
    change(&mut options.connection);
    host().tenant(options)
}

fn first_page() -> PageRequest {
    PageRequest { cursor: None, page_size: None, with_members: false, with_other_ids: false }
}

fn renamed(email: &str) -> ProvisionRequest {
    ProvisionRequest { first_name: Some("Renamed".into()), ..arrival(email) }
}

fn members(group: &str, add: &[&str], remove: &[&str]) -> ChangeGroupRequest {
    ChangeGroupRequest {
        add_members: add.iter().copied().map(new_member).collect(),
        remove_members: remove.iter().copied().map(by_email).collect(),
        ..changing(named(group))
    }
}

fn legal() -> EnsureGroupRequest {
    ensuring("Legal")
}

fn removal(group: &str) -> RemoveGroupRequest {
    removing(named(group), false)
}

/// Covers every code of the list, and no other code occurs.
#[tokio::test]
async fn every_error_code_has_the_details_of_the_contract() {
    let mut table = Table::default();
    before_sending::environment(&mut table).await;
    before_sending::addresses(&mut table).await;
    denied::denied_by_the_server(&mut table).await;
    denied::scopes(&mut table).await;
    before_sending::input(&mut table).await;
    state::missing(&mut table).await;
    state::conflicts(&mut table).await;
    state::refusals(&mut table).await;
    server::unsupported(&mut table).await;
    server::failures(&mut table).await;
    denied::forbidden(&mut table).await;
    let known: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str().to_owned()).collect();
    assert_eq!(table.codes, known);
}

fn step(mock: &Mock, kind: StepKind, email: &str, user: Option<&str>) -> Step {
    Step {
        kind,
        organisation: mock.base_url(),
        dialect: Dialect::V2,
        minimum_admins: 2,
        required_admins: Vec::new(),
        email: Some(email.into()),
        user: user.map(|id| UserId::V2(id.into())),
        group_name: None,
        group: None,
        group_admin: None,
        changes: Vec::new(),
        precondition: String::new(),
    }
}
