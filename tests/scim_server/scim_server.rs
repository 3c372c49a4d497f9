//! The built component against SCIMMY, a SCIM 2.0 server from npm. `server.js` stores its users and
//! groups. `docs/dialects.md` lists how SCIMMY differs from other servers.

#[path = "../support/mod.rs"]
mod support;

mod connection;
mod groups;
mod install;
mod people;
mod quirks;
mod rosters;
mod server;

use host_test::retool::lifecycle::ProvisionRequest;
use host_test::retool::types::Dialect;
use host_test::{Tenant, TenantOptions};
use serde_json::{Value, json};

use server::{Scimmy, TOKEN};
use support::{arrival, done, host};

const ADA: &str = "ada@example.com";
const GRACE: &str = "grace@example.com";
const JOAN: &str = "joan@example.com";

/// A server and a tenant for it.
struct World {
    server: Scimmy,
    tenant: Tenant,
}

impl World {
    /// Starts a server without users and groups.
    async fn new() -> World {
        let server = Scimmy::start().await;
        let tenant = tenant(&server, Dialect::Scim, TOKEN);
        World { server, tenant }
    }

    /// Starts a server with Ada, Grace and Joan, who are all in Engineering.
    async fn with_engineers() -> World {
        let world = World::new().await;
        let mut members = Vec::new();
        for address in [ADA, GRACE, JOAN] {
            let created = world.server.ask("POST", "/Users", &user(address)).await;
            members.push(json!({"value": created.body()["id"]}));
        }
        let group = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": "Engineering",
            "members": members,
        });
        assert_eq!(world.server.ask("POST", "/Groups", &group).await.status, 201);
        world.server.requests().await;
        world
    }

    /// Returns a user's record, as the server stores it.
    async fn record(&self, address: &str) -> Value {
        self.server
            .user(address)
            .await
            .unwrap_or_else(|| panic!("no user has the address {address}"))
    }

    /// Returns a user's id.
    async fn id_of(&self, address: &str) -> String {
        self.record(address).await["id"].as_str().expect("an id").to_owned()
    }
}

/// Returns a tenant for a server.
fn tenant(server: &Scimmy, dialect: Dialect, token: &str) -> Tenant {
    let options = TenantOptions::new(server.base_url())
        .dialect(dialect)
        .env("RETOOL_SCIM_TOKEN", token)
        // With this a few hundred people take several pages.
        .env("RETOOL_PAGE_SIZE", "100");
    host().tenant(options)
}

/// Returns the record with which another client creates a user.
fn user(address: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": address,
        "name": {"givenName": "Given", "familyName": "Family"},
        "nickName": "kept",
        "active": true,
    })
}

/// Returns a request to provision a user, without the fields that SCIM does not have.
fn person(address: &str) -> ProvisionRequest {
    ProvisionRequest { user_type: None, ..arrival(address) }
}
