#![allow(dead_code, reason = "each test binary uses its part")]
//! An organisation on a mock server, a tenant that calls the component for it, and requests to
//! start from.

use std::sync::Arc;

use host_test::retool::lifecycle::{DeprovisionMode, DeprovisionRequest, ProvisionRequest};
use host_test::retool::synchronization::{
    AbsentPolicy, Guards, MembershipPolicy, RosterEntry, SyncPolicy, SyncRequest,
};
use host_test::retool::types::{Dialect, Error, ErrorDetail, GroupId, GroupRef, UserType};
use host_test::{Host, Tenant, TenantOptions, error_case};
use mock_retool::{LoggedRequest, Mock, Options};

pub mod acme;
pub mod dialects;

/// A mock server and a tenant for it.
pub struct World {
    /// Shared, so that a hook can change the organisation between two requests.
    pub mock: Arc<Mock>,
    pub tenant: Tenant,
}

impl World {
    /// The mock's default organisation, over `/api/v1`.
    pub async fn new() -> World {
        World::with(Options::default()).await
    }

    /// Another organisation.
    pub async fn with(options: Options) -> World {
        let mock = Mock::start(options).await.expect("a mock server");
        let tenant = tenant(&mock, &[]);
        World { mock: Arc::new(mock), tenant }
    }

    /// The same organisation, with more variables in the component's environment.
    pub fn tenant_with(&self, env: &[(&str, &str)]) -> Tenant {
        tenant(&self.mock, env)
    }

    /// The requests since the last call of this, as `METHOD path`.
    pub fn requests(&self) -> Vec<String> {
        let requests = self.mock.requests();
        self.mock.clear_requests();
        requests.iter().map(|request| format!("{} {}", request.method, request.path)).collect()
    }

    /// The requests so far that write.
    pub fn writes(&self) -> Vec<LoggedRequest> {
        self.mock.requests().into_iter().filter(LoggedRequest::is_write).collect()
    }

    /// A person of the organisation.
    pub fn person(&self, email: &str) -> mock_retool::User {
        self.mock
            .state()
            .user_by_email(email)
            .unwrap_or_else(|| panic!("nobody is called {email}"))
            .clone()
    }

    /// The names of the groups somebody is in, in order.
    pub fn groups_of(&self, email: &str) -> Vec<String> {
        let state = self.mock.state();
        let user = state.user_by_email(email).unwrap_or_else(|| panic!("nobody is called {email}"));
        let mut names: Vec<_> = state.groups_of(user).map(|group| group.name.clone()).collect();
        names.sort();
        names
    }
}

fn tenant(mock: &Mock, env: &[(&str, &str)]) -> Tenant {
    let mut options = TenantOptions::new(mock.base_url())
        .dialect(Dialect::V1)
        .env("RETOOL_API_TOKEN", mock.token());
    for (name, value) in env {
        options = options.env(*name, *value);
    }
    Host::shared().expect("a host").tenant(options)
}

/// Case and detail of an error.
pub fn told(error: Error) -> (&'static str, ErrorDetail) {
    let (case, detail) = error_case(&error);
    (case, detail.unwrap_or_else(|| panic!("{case} says nothing")).clone())
}

/// The error of a call that must fail.
pub fn failed<T: std::fmt::Debug>(answer: host_test::Answer<T>) -> (&'static str, ErrorDetail) {
    told(answer.expect("an answer of the component").expect_err("a failure"))
}

/// The result of a call that must succeed.
pub fn done<T>(answer: host_test::Answer<T>) -> T {
    answer.expect("an answer of the component").expect("success")
}

/// Somebody to provision: everything allowed, nothing asked.
pub fn arrival(email: &str) -> ProvisionRequest {
    ProvisionRequest {
        email: email.into(),
        first_name: None,
        last_name: None,
        user_type: Some(UserType::Default),
        admin: None,
        profile_photo_url: None,
        groups: Vec::new(),
        create_missing_groups: false,
        create_missing: true,
        update_existing: true,
        re_enable_disabled: true,
    }
}

/// Somebody to deprovision.
pub fn departure(email: &str, mode: DeprovisionMode) -> DeprovisionRequest {
    DeprovisionRequest {
        email: email.into(),
        expected_id: None,
        mode,
        protected_people: Vec::new(),
        minimum_admins: None,
    }
}

/// A group by name.
pub fn named(name: &str) -> GroupRef {
    GroupRef::Name(name.into())
}

/// A group by its REST id.
pub fn numbered(id: u32) -> GroupRef {
    GroupRef::Id(GroupId::Rest(id.to_string()))
}

/// A person of a roster, with nothing said about them.
pub fn entry(email: &str) -> RosterEntry {
    RosterEntry {
        email: email.into(),
        first_name: None,
        last_name: None,
        user_type: None,
        admin: None,
        groups: Vec::new(),
    }
}

/// A roster under a policy that allows everything but removals.
pub fn roster(roster: Vec<RosterEntry>) -> SyncRequest {
    SyncRequest {
        roster,
        span: None,
        policy: SyncPolicy {
            create_missing: true,
            update_existing: true,
            re_enable_disabled: true,
            absent: AbsentPolicy::Keep,
            memberships: MembershipPolicy::Add,
            managed_groups: Vec::new(),
            create_missing_groups: true,
            default_user_type: Some(UserType::Default),
            guards: Guards {
                max_user_removal_percent: None,
                max_user_removal_floor: None,
                max_member_removal_percent: None,
                max_member_removal_floor: None,
                minimum_admins: None,
                required_admins: Vec::new(),
                protected_people: Vec::new(),
                allow_empty_roster: false,
            },
        },
    }
}

/// The roster that describes the organisation as it is: nothing is to be done.
pub fn roster_of(mock: &Mock) -> SyncRequest {
    let state = mock.state();
    let people = state.users.iter().filter(|user| !user.is_disabled).map(|user| RosterEntry {
        email: user.email.clone(),
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
            .map(|group| named(&group.name))
            .collect(),
    });
    roster(people.collect())
}
