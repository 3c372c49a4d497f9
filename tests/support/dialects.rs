//! One organisation over each dialect, and the ids and paths of its users and groups.

use host_test::retool::lifecycle::ProvisionRequest;
use host_test::retool::types::{
    Connection, Dialect, GroupId, GroupLink, GroupRef, UserId, UserType,
};
use host_test::{Tenant, TenantOptions};
use mock_retool::{Dialect as Served, Invite, Options};

use super::acme::NEW;
use super::{World, arrival, host};

/// All dialects except `auto`.
pub const ALL: [Dialect; 3] = [Dialect::V1, Dialect::V2, Dialect::Scim];

/// Returns the mock's name of a dialect.
pub fn served(dialect: Dialect) -> Served {
    match dialect {
        Dialect::V1 => Served::V1,
        Dialect::V2 => Served::V2,
        Dialect::Scim => Served::Scim,
        Dialect::Auto => panic!("`auto` is no dialect"),
    }
}

/// Returns the user type of a new user, for a dialect that requires one.
pub fn seat(dialect: Dialect) -> Option<UserType> {
    (dialect != Dialect::Scim).then_some(UserType::Default)
}

/// Returns a request to create Nina, with the fields that the dialect requires and no others.
pub fn nina(dialect: Dialect) -> ProvisionRequest {
    ProvisionRequest {
        first_name: Some("Nina".into()),
        last_name: Some("Newman".into()),
        user_type: seat(dialect),
        ..arrival(NEW)
    }
}

/// Returns a request for an existing user that sets no field.
pub fn known(email: &str) -> ProvisionRequest {
    ProvisionRequest { user_type: None, ..arrival(email) }
}

/// Returns a tenant for a base URL, with both tokens of the mock.
pub fn tenant_at(base_url: String, dialect: Dialect, world: &World) -> Tenant {
    let options = TenantOptions::new(base_url)
        .dialect(dialect)
        .env("RETOOL_API_TOKEN", world.mock.token())
        .env("RETOOL_SCIM_TOKEN", world.mock.scim_token());
    host().tenant(options)
}

impl World {
    /// Starts the organisation with Ada, Grace, Joan and Ken, over this dialect.
    pub async fn acme_over(dialect: Dialect) -> World {
        World::acme_over_with(dialect, Options::default()).await
    }

    /// Starts the same organisation on a mock with other options.
    pub async fn acme_over_with(dialect: Dialect, options: Options) -> World {
        let mut world = World::acme_with(options).await;
        world.tenant = world.over(dialect);
        world
    }

    /// Starts an organisation with these options, over this dialect.
    pub async fn with_over(dialect: Dialect, options: Options) -> World {
        let mut world = World::with(options).await;
        world.tenant = world.over(dialect);
        world
    }

    /// Returns a tenant of the same organisation over another dialect.
    pub fn over(&self, dialect: Dialect) -> Tenant {
        tenant_at(self.mock.base_url(), dialect, self)
    }

    /// Returns a tenant of the same organisation over another dialect, with more environment
    /// variables and without a SCIM token.
    pub fn over_with_env(&self, dialect: Dialect, env: &[(&str, &str)]) -> Tenant {
        let tenant = self.tenant_with(env);
        let connection = Connection { dialect, ..tenant.connection().clone() };
        tenant.with_connection(connection)
    }

    /// Returns the dialect that the tenant speaks.
    pub fn dialect(&self) -> Dialect {
        self.tenant.connection().dialect
    }

    /// Returns a user's id in the tenant's dialect.
    pub fn user_id(&self, email: &str) -> UserId {
        self.user_id_in(self.dialect(), email)
    }

    /// Returns a user's id in a dialect.
    pub fn user_id_in(&self, dialect: Dialect, email: &str) -> UserId {
        let user = self.person(email);
        match dialect {
            Dialect::V1 => UserId::V1(user.id),
            Dialect::V2 => UserId::V2(user.sid()),
            Dialect::Scim => UserId::Scim(user.scim_id()),
            Dialect::Auto => panic!("`auto` issues no ids"),
        }
    }

    /// Returns a group's id in the tenant's dialect.
    pub fn group_id(&self, name: &str) -> GroupId {
        self.group_id_in(self.dialect(), name)
    }

    /// Returns a group's id in a dialect.
    pub fn group_id_in(&self, dialect: Dialect, name: &str) -> GroupId {
        let group = self.group(name);
        match dialect {
            Dialect::V1 | Dialect::V2 => GroupId::Rest(group.id.to_string()),
            Dialect::Scim => GroupId::Scim(group.scim_id()),
            Dialect::Auto => panic!("`auto` issues no ids"),
        }
    }

    /// Returns a reference to a group by its id in the tenant's dialect.
    pub fn by_id(&self, name: &str) -> GroupRef {
        GroupRef::Id(self.group_id(name))
    }

    /// Returns links to groups, as user records contain them.
    pub fn links(&self, names: &[&str]) -> Vec<GroupLink> {
        let link = |name: &&str| GroupLink {
            id: self.group_id(name),
            name: Some((*name).to_owned()),
            group_admin: None,
        };
        names.iter().map(link).collect()
    }

    /// Returns the links of a plain member, as the call that takes them records them: over
    /// `/api/v2` with who administers the group.
    pub fn taken_links(&self, names: &[&str]) -> Vec<GroupLink> {
        let group_admin = (self.dialect() == Dialect::V2).then_some(false);
        self.links(names).into_iter().map(|link| GroupLink { group_admin, ..link }).collect()
    }

    /// Returns the path of all users in the tenant's dialect.
    pub fn users_path(&self) -> &'static str {
        match self.dialect() {
            Dialect::V1 => "/api/v1/users",
            Dialect::V2 => "/api/v2/users",
            Dialect::Scim => "/scim/v2/Users",
            Dialect::Auto => panic!("`auto` has no paths"),
        }
    }

    /// Returns the path of all groups in the tenant's dialect.
    pub fn groups_path(&self) -> &'static str {
        match self.dialect() {
            Dialect::V1 => "/api/v1/groups",
            Dialect::V2 => "/api/v2/groups",
            Dialect::Scim => "/scim/v2/Groups",
            Dialect::Auto => panic!("`auto` has no paths"),
        }
    }

    /// Returns a user's path in the tenant's dialect.
    pub fn user_path(&self, email: &str) -> String {
        format!("{}/{}", self.users_path(), text(&self.user_id(email)))
    }

    /// Returns a group's path in the tenant's dialect.
    pub fn group_path(&self, name: &str) -> String {
        let (GroupId::Rest(id) | GroupId::Scim(id)) = self.group_id(name);
        format!("{}/{id}", self.groups_path())
    }

    /// Returns the number of write requests since the log was last cleared.
    pub fn count_of_writes(&self) -> usize {
        self.writes().len()
    }

    /// Invites a user to groups. The invitation does not expire during a test. Returns its number.
    pub fn invite(&self, email: &str, groups: &[&str]) -> u64 {
        self.mock.edit(|acme| {
            let groups = groups.iter().map(|name| acme.group_named(name).expect("a group").id);
            let draft = Invite { groups: groups.collect(), ..Invite::new(email) };
            let id = acme.invite(draft).expect("a new address").id;
            for invite in acme.invites.iter_mut().filter(|invite| invite.id == id) {
                invite.expires_at = "2999-01-01T00:00:00.000Z".into();
            }
            acme.invitations.clear();
            id
        })
    }
}

/// Returns an id without its dialect.
pub fn text(id: &UserId) -> &str {
    match id {
        UserId::V1(id) | UserId::V2(id) | UserId::Scim(id) => id,
    }
}
