#![allow(dead_code, reason = "each test binary uses its part")]
//! A mock server with an organisation, a tenant that calls the component, and requests to start
//! from.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use host_test::retool::groups::{
    ChangeGroupRequest, EnsureGroupRequest, NewMember, RemoveGroupRequest,
};
use host_test::retool::lifecycle::{
    DeprovisionMode, DeprovisionRequest, ProvisionRequest, RestoreOutcome, RestoreRequest,
    RestoreResult,
};
use host_test::retool::synchronization::{
    GuardLimit, MembershipPolicy, RosterEntry, SyncPolicy, SyncRequest,
};
use host_test::retool::types::{
    AccessSetting, Dialect, Error, ErrorDetail, ErrorKind, Group, GroupId, GroupLink, GroupRef,
    Membership, Tombstone, User, UserRef, UserType, Write,
};
use host_test::{Host, Tenant, TenantOptions, error_kind, requests};
use mock_retool::{LoggedRequest, Mock, Options};

pub mod acme;
pub mod dialects;

pub use host_test::requests::{by_email, membership};

/// A mock server and a tenant for it.
pub struct World {
    /// Shared, so that a hook can change the organisation between two requests.
    pub mock: Arc<Mock>,
    pub tenant: Tenant,
}

impl World {
    /// Starts the mock's default organisation, over `/api/v2`.
    pub async fn new() -> World {
        World::with(Options::default()).await
    }

    /// Starts an organisation with these options, over `/api/v2`.
    pub async fn with(options: Options) -> World {
        let mock = Mock::start(options).await.expect("a mock server");
        let tenant = tenant(&mock, &[]);
        World { mock: Arc::new(mock), tenant }
    }

    /// Returns a tenant of the same organisation over `/api/v2`, with more environment variables.
    pub fn tenant_with(&self, env: &[(&str, &str)]) -> Tenant {
        tenant(&self.mock, env)
    }

    /// Returns the requests since the last call, as `METHOD path`.
    pub fn requests(&self) -> Vec<String> {
        let requests = self.mock.requests();
        self.mock.clear_requests();
        requests.iter().map(|request| format!("{} {}", request.method, request.path)).collect()
    }

    /// Returns the write requests since the log was last cleared.
    pub fn writes(&self) -> Vec<LoggedRequest> {
        self.mock.requests().into_iter().filter(LoggedRequest::is_write).collect()
    }

    /// Returns a user of the organisation.
    pub fn person(&self, email: &str) -> mock_retool::User {
        self.mock
            .state()
            .user_by_email(email)
            .unwrap_or_else(|| panic!("no user has the address {email}"))
            .clone()
    }

    /// Returns the names of a user's groups, sorted.
    pub fn groups_of(&self, email: &str) -> Vec<String> {
        let state = self.mock.state();
        let user =
            state.user_by_email(email).unwrap_or_else(|| panic!("no user has the address {email}"));
        let mut names: Vec<_> = state.groups_of(user).map(|group| group.name.clone()).collect();
        names.sort();
        names
    }
}

fn tenant(mock: &Mock, env: &[(&str, &str)]) -> Tenant {
    host().tenant(options(mock, Dialect::V2, env))
}

/// Returns the options of a tenant of this mock.
pub fn options(mock: &Mock, dialect: Dialect, env: &[(&str, &str)]) -> TenantOptions {
    let options =
        TenantOptions::new(mock.base_url()).dialect(dialect).env("RETOOL_API_TOKEN", mock.token());
    env.iter().fold(options, |options, (name, value)| options.env(*name, *value))
}

/// Returns the host of all tests in this process. The component is compiled once for all processes,
/// and the result is kept in the build folder.
pub fn host() -> Host {
    static HOST: OnceLock<Host> = OnceLock::new();
    let make = || {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("component");
        // SAFETY: a process that can write to the build folder can also replace this program.
        unsafe { Host::precompiled(Host::embedded_component(), 64, &folder) }.expect("a host")
    };
    HOST.get_or_init(make).clone()
}

/// Returns case and kind of an error, e.g. `permanent denied`, and its detail.
pub fn case_and_detail(error: Error) -> (&'static str, ErrorDetail) {
    match error {
        Error::ExecutionFailed => panic!("the component never returns `execution-failed`"),
        Error::Permanent(detail) => (case_and_kind("permanent", detail.kind), detail),
        Error::Transient(detail) => (case_and_kind("transient", detail.kind), detail),
    }
}

/// Returns case and kind as one text.
fn case_and_kind(case: &str, of: ErrorKind) -> &'static str {
    const ALL: [&str; 16] = [
        "permanent invalid-input",
        "permanent denied",
        "permanent not-found",
        "permanent conflict",
        "permanent refused",
        "permanent unsupported",
        "permanent rate-limited",
        "permanent unavailable",
        "transient invalid-input",
        "transient denied",
        "transient not-found",
        "transient conflict",
        "transient refused",
        "transient unsupported",
        "transient rate-limited",
        "transient unavailable",
    ];
    let is_it = |text: &&str| text.split_once(' ') == Some((case, error_kind(of)));
    ALL.into_iter().find(is_it).expect("a known case and kind")
}

/// Returns the error of a call that must fail.
pub fn failed<T: std::fmt::Debug>(answer: host_test::Answer<T>) -> (&'static str, ErrorDetail) {
    case_and_detail(answer.expect("an answer of the component").expect_err("a failure"))
}

/// Returns the result of a call that must succeed.
pub fn done<T>(answer: host_test::Answer<T>) -> T {
    answer.expect("an answer of the component").expect("success")
}

/// The result for the only person of a `restore`.
#[derive(Debug)]
pub struct Restored {
    pub outcome: RestoreOutcome,
    pub user: User,
    pub groups_added: Vec<GroupLink>,
    pub not_restored: Vec<String>,
    pub invitation_sent: bool,
    pub writes: Vec<Write>,
}

/// Returns the result for the only person of a `restore` that must succeed.
pub fn restored(answer: host_test::Answer<RestoreResult>) -> Restored {
    let RestoreResult { mut people, complete, writes } = done(answer);
    assert!(complete && people.len() == 1, "{people:?}");
    let person = people.remove(0);
    assert_eq!(person.failure, None);
    Restored {
        outcome: person.outcome,
        user: person.user.expect("the user afterwards"),
        groups_added: person.groups_added,
        not_restored: person.not_restored,
        invitation_sent: person.invitation_sent,
        writes,
    }
}

/// Returns the failure of the only person of a `restore` that must fail: its kind and detail.
pub fn failed_to_restore(answer: host_test::Answer<RestoreResult>) -> (&'static str, ErrorDetail) {
    let RestoreResult { mut people, complete, writes } = done(answer);
    assert!(!complete && people.len() == 1, "{people:?}");
    let person = people.remove(0);
    assert_eq!((person.outcome, person.user), (RestoreOutcome::Failed, None));
    let detail = person.failure.expect("a failure");
    assert_eq!(detail.writes, writes);
    (error_kind(detail.kind), detail)
}

/// Returns an address, or an empty text for an account without one.
pub fn address(email: &Option<String>) -> &str {
    email.as_deref().unwrap_or_default()
}

/// Returns the address of a roster entry.
pub fn email_of(entry: &RosterEntry) -> &str {
    match &entry.user {
        UserRef::Email(email) => email,
        other => panic!("{other:?} is not an address"),
    }
}

/// Returns a request to provision a user that allows everything and sets no field.
pub fn arrival(email: &str) -> ProvisionRequest {
    ProvisionRequest {
        user_type: Some(UserType::Default),
        create_missing: true,
        update_existing: true,
        re_enable_disabled: true,
        ..requests::provision(email)
    }
}

/// Returns a request to deprovision a user.
pub fn departure(email: &str, mode: DeprovisionMode) -> DeprovisionRequest {
    requests::deprovision(email, mode)
}

/// Returns a request to restore users.
pub fn restoring(
    tombstones: impl IntoIterator<Item = Tombstone>,
    re_create: bool,
) -> RestoreRequest {
    RestoreRequest { tombstones: tombstones.into_iter().collect(), re_create, way_in: None }
}

/// Returns a reference to a group by name.
pub fn named(name: &str) -> GroupRef {
    GroupRef::Name(name.into())
}

/// Returns a reference to a group by its REST id.
pub fn numbered(id: u32) -> GroupRef {
    GroupRef::Id(GroupId::Rest(id.to_string()))
}

/// Returns memberships in these groups.
pub fn memberships(groups: impl IntoIterator<Item = GroupRef>) -> Vec<Membership> {
    groups.into_iter().map(membership).collect()
}

/// Returns a user to add to a group.
pub fn new_member(email: impl Into<String>) -> NewMember {
    NewMember { user: by_email(email), group_admin: None }
}

/// Returns a request for a group that should exist, without access settings.
pub fn ensuring(name: &str) -> EnsureGroupRequest {
    EnsureGroupRequest { name: name.into(), access: Vec::new() }
}

/// Returns a request that changes nothing about a group yet.
pub fn changing(group: GroupRef) -> ChangeGroupRequest {
    ChangeGroupRequest {
        group,
        new_name: None,
        access: Vec::new(),
        add_members: Vec::new(),
        remove_members: Vec::new(),
        protected_people: Vec::new(),
        minimum_admins: None,
    }
}

/// Returns a request to delete a group.
pub fn removing(group: GroupRef, even_with_members: bool) -> RemoveGroupRequest {
    RemoveGroupRequest {
        group,
        even_with_members,
        protected_people: Vec::new(),
        minimum_admins: None,
    }
}

/// Returns an access setting for all apps.
pub fn app_access(value: &str) -> Vec<AccessSetting> {
    vec![AccessSetting { name: "universal-app-access".into(), value: value.into() }]
}

/// Returns a group's access to all apps.
pub fn app_access_of(group: &Group) -> Option<&str> {
    let is_it = |setting: &&AccessSetting| setting.name == "universal-app-access";
    group.access.iter().find(is_it).map(|setting| &*setting.value)
}

/// Returns a roster entry that sets no field.
pub fn entry(email: &str) -> RosterEntry {
    requests::roster_entry(email)
}

/// Returns a limit of a guard, to be set.
pub fn limit(limit: &mut Option<GuardLimit>) -> &mut GuardLimit {
    limit.get_or_insert(GuardLimit { percent: None, floor: None })
}

/// Lifts the limits on what a sync adds and changes.
pub fn allow_growth(request: &mut SyncRequest) {
    let guards = &mut request.policy.guards;
    for guard in [
        &mut guards.creations,
        &mut guards.promotions,
        &mut guards.re_enablements,
        &mut guards.updates,
        &mut guards.member_additions,
    ] {
        limit(guard).floor = Some(10_000);
    }
}

/// Returns a request to sync a roster, with a policy that allows everything except removals.
pub fn roster(roster: Vec<RosterEntry>) -> SyncRequest {
    let policy = SyncPolicy {
        create_missing: true,
        update_existing: true,
        re_enable_disabled: true,
        memberships: MembershipPolicy::Add,
        create_missing_groups: true,
        default_user_type: Some(UserType::Default),
        ..requests::sync_policy()
    };
    requests::sync(roster, policy)
}

/// Returns a roster that describes the organisation as it is, so that nothing has to be done.
pub fn roster_of(mock: &Mock) -> SyncRequest {
    let state = mock.state();
    let people = state.users.iter().filter(|user| !user.is_disabled).map(|user| RosterEntry {
        first_name: user.first_name.clone(),
        last_name: user.last_name.clone(),
        user_type: Some(if user.user_type == "endUser" {
            UserType::EndUser
        } else {
            UserType::Default
        }),
        admin: Some(user.is_admin),
        groups: user
            .memberships
            .iter()
            .filter_map(|membership| state.group(membership.group))
            .map(|group| membership(named(&group.name)))
            .collect(),
        ..entry(&user.email)
    });
    roster(people.collect())
}
