//! The built component against SCIMMY, a SCIM 2.0 server from npm. `server.js` keeps its people
//! and groups. Where SCIMMY differs from other servers is in `docs/dialects.md`.

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
    /// A server without people and groups.
    async fn new() -> World {
        let server = Scimmy::start().await;
        let tenant = tenant(&server, Dialect::Scim, TOKEN);
        World { server, tenant }
    }

    /// Ada, Grace and Joan, who are all in Engineering.
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

    /// A user's record, as the server keeps it.
    async fn record(&self, address: &str) -> Value {
        self.server.user(address).await.unwrap_or_else(|| panic!("nobody is called {address}"))
    }

    /// A user's id.
    async fn id_of(&self, address: &str) -> String {
        self.record(address).await["id"].as_str().expect("an id").to_owned()
    }
}

/// A tenant for a server.
fn tenant(server: &Scimmy, dialect: Dialect, token: &str) -> Tenant {
    let options = TenantOptions::new(server.base_url())
        .dialect(dialect)
        .env("RETOOL_SCIM_TOKEN", token)
        // So that a few hundred people are several pages.
        .env("RETOOL_PAGE_SIZE", "100");
    host().tenant(options)
}

/// A user as other clients create them.
fn user(address: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": address,
        "name": {"givenName": "Given", "familyName": "Family"},
        "nickName": "kept",
        "active": true,
    })
}

/// A person to provision, without what SCIM has no field for.
fn person(address: &str) -> ProvisionRequest {
    ProvisionRequest { user_type: None, ..arrival(address) }
}
