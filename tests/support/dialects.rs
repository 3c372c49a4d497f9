//! One organisation over each dialect, and what each of them calls the people and groups in it.

use host_test::retool::lifecycle::ProvisionRequest;
use host_test::retool::types::{Dialect, GroupId, GroupLink, GroupRef, UserId, UserType};
use host_test::{Tenant, TenantOptions};
use mock_retool::{Dialect as Served, Invite, Options};

use super::acme::NEW;
use super::{World, arrival, host};

/// Every dialect that a test can name.
pub const ALL: [Dialect; 3] = [Dialect::V1, Dialect::V2, Dialect::Scim];

/// The same dialect, as the mock calls it.
pub fn served(dialect: Dialect) -> Served {
    match dialect {
        Dialect::V1 => Served::V1,
        Dialect::V2 => Served::V2,
        Dialect::Scim => Served::Scim,
        Dialect::Auto => panic!("`auto` is no dialect"),
    }
}

/// What a new person is billed as, where that must be said.
pub fn seat(dialect: Dialect) -> Option<UserType> {
    (dialect != Dialect::Scim).then_some(UserType::Default)
}

/// Nina, who is new: what every dialect demands of a new person, and nothing that it lacks.
pub fn nina(dialect: Dialect) -> ProvisionRequest {
    ProvisionRequest {
        first_name: Some("Nina".into()),
        last_name: Some("Newman".into()),
        user_type: seat(dialect),
        ..arrival(NEW)
    }
}

/// Somebody who exists, with nothing said about them.
pub fn known(email: &str) -> ProvisionRequest {
    ProvisionRequest { user_type: None, ..arrival(email) }
}

/// A tenant for a base URL, with both tokens of the mock.
pub fn tenant_at(base_url: String, dialect: Dialect, world: &World) -> Tenant {
    let options = TenantOptions::new(base_url)
        .dialect(dialect)
        .env("RETOOL_API_TOKEN", world.mock.token())
        .env("RETOOL_SCIM_TOKEN", world.mock.scim_token());
    host().tenant(options)
}

impl World {
    /// Ada, Grace, Joan and Ken, whom the tenant asks for over this dialect.
    pub async fn acme_over(dialect: Dialect) -> World {
        World::acme_over_with(dialect, Options::default()).await
    }

    /// The same people on a mock with other options.
    pub async fn acme_over_with(dialect: Dialect, options: Options) -> World {
        let mut world = World::acme_with(options).await;
        world.tenant = world.over(dialect);
        world
    }

    /// The same organisation over another dialect.
    pub fn over(&self, dialect: Dialect) -> Tenant {
        tenant_at(self.mock.base_url(), dialect, self)
    }

    /// The dialect that the tenant speaks.
    pub fn dialect(&self) -> Dialect {
        self.tenant.connection().dialect
    }

    /// Somebody's id in the dialect spoken.
    pub fn user_id(&self, email: &str) -> UserId {
        self.user_id_in(self.dialect(), email)
    }

    /// Somebody's id in a dialect.
    pub fn user_id_in(&self, dialect: Dialect, email: &str) -> UserId {
        let user = self.person(email);
        match dialect {
            Dialect::V1 => UserId::V1(user.id),
            Dialect::V2 => UserId::V2(user.sid()),
            Dialect::Scim => UserId::Scim(user.scim_id()),
            Dialect::Auto => panic!("`auto` issues no ids"),
        }
    }

    /// A group's id in the dialect spoken.
    pub fn group_id(&self, name: &str) -> GroupId {
        self.group_id_in(self.dialect(), name)
    }

    /// A group's id in a dialect.
    pub fn group_id_in(&self, dialect: Dialect, name: &str) -> GroupId {
        let group = self.group(name);
        match dialect {
            Dialect::V1 | Dialect::V2 => GroupId::Rest(group.id.to_string()),
            Dialect::Scim => GroupId::Scim(group.scim_id()),
            Dialect::Auto => panic!("`auto` issues no ids"),
        }
    }

    /// A group by its id in the dialect spoken.
    pub fn by_id(&self, name: &str) -> GroupRef {
        GroupRef::Id(self.group_id(name))
    }

    /// Links to groups, as they stand next to people.
    pub fn links(&self, names: &[&str]) -> Vec<GroupLink> {
        let link = |name: &&str| GroupLink {
            id: self.group_id(name),
            name: Some((*name).to_owned()),
            group_admin: None,
        };
        names.iter().map(link).collect()
    }

    /// The path of everybody in the dialect spoken.
    pub fn users_path(&self) -> &'static str {
        match self.dialect() {
            Dialect::V1 => "/api/v1/users",
            Dialect::V2 => "/api/v2/users",
            Dialect::Scim => "/scim/v2/Users",
            Dialect::Auto => panic!("`auto` has no paths"),
        }
    }

    /// The path of every group in the dialect spoken.
    pub fn groups_path(&self) -> &'static str {
        match self.dialect() {
            Dialect::V1 => "/api/v1/groups",
            Dialect::V2 => "/api/v2/groups",
            Dialect::Scim => "/scim/v2/Groups",
            Dialect::Auto => panic!("`auto` has no paths"),
        }
    }

    /// Somebody's path in the dialect spoken.
    pub fn user_path(&self, email: &str) -> String {
        format!("{}/{}", self.users_path(), text(&self.user_id(email)))
    }

    /// A group's path in the dialect spoken.
    pub fn group_path(&self, name: &str) -> String {
        let (GroupId::Rest(id) | GroupId::Scim(id)) = self.group_id(name);
        format!("{}/{id}", self.groups_path())
    }

    /// How many requests so far write.
    pub fn count_of_writes(&self) -> usize {
        self.writes().len()
    }

    /// Invites somebody to groups, for longer than any test is run. Gives the number.
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

/// An id without its dialect.
pub fn text(id: &UserId) -> &str {
    match id {
        UserId::V1(id) | UserId::V2(id) | UserId::Scim(id) => id,
    }
}
