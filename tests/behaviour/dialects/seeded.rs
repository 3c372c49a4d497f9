//! An organisation that identity providers created through SCIM. A sync over any API leaves no
//! differences.

use host_test::retool::synchronization::{
    AbsentPolicy, MembershipPolicy, RosterEntry, SyncRequest,
};
use host_test::retool::types::Dialect;
use mock_retool::http::Request;
use mock_retool::{Offline, Options};
use serde_json::{Value, json};

use crate::support::acme::{ADA, GRACE, JOAN, KEN, NEW};
use crate::support::dialects::ALL;
use crate::support::{World, done, entry, membership, memberships, named, roster};

/// Sends requests as identity providers do.
struct Provider<'a> {
    world: &'a World,
    server: Offline,
}

impl Provider<'_> {
    fn new(world: &World) -> Provider<'_> {
        Provider { world, server: Offline::new(&Options::default()) }
    }

    /// Returns the response to a request that must succeed.
    fn send(&self, method: &str, path: &str, body: &Value) -> Value {
        let request = Request::builder()
            .method(method)
            .uri(format!("/scim/v2{path}"))
            .header("authorization", "Bearer mock-scim-token")
            .header("content-type", "application/scim+json")
            .body(body.to_string().into_bytes())
            .expect("a request");
        let answer = self.world.mock.edit(|acme| self.server.serve(acme, request));
        assert!(answer.status().is_success(), "{method} {path}: {answer:?}");
        serde_json::from_slice(answer.body()).unwrap_or_default()
    }

    /// Creates a user as Okta does. Returns the id.
    fn okta_creates(&self, email: &str, active: bool) -> String {
        let name = email.split('@').next().unwrap_or_default();
        let user = self.send(
            "POST",
            "/Users",
            &json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
                "userName": email,
                "name": {"givenName": name, "familyName": "Doe"},
                "emails": [{"primary": true, "value": email, "type": "work"}],
                "displayName": format!("{name} Doe"),
                "locale": "en-US",
                "externalId": format!("00u-{name}"),
                "groups": [],
                "password": "1mz050nq",
                "active": active,
            }),
        );
        user["id"].as_str().expect("an id").to_owned()
    }

    /// Creates a user as Entra ID does, with a user name that is no address. Returns the id.
    fn entra_creates(&self, email: &str) -> String {
        let name = email.split('@').next().unwrap_or_default();
        let user = self.send(
            "POST",
            "/Users",
            &json!({
                "schemas": [
                    "urn:ietf:params:scim:schemas:core:2.0:User",
                    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
                ],
                "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
                "userName": format!("Test_User_{name}"),
                "active": true,
                "emails": [{"primary": true, "type": "work", "value": email}],
                "meta": {"resourceType": "User"},
                "name": {"formatted": "a b", "familyName": "Doe", "givenName": name},
                "roles": [],
            }),
        );
        user["id"].as_str().expect("an id").to_owned()
    }

    fn pushes_group(&self, name: &str, members: &[&String]) {
        let members: Vec<_> = members.iter().map(|id| json!({"value": id})).collect();
        let group = self.send("POST", "/Groups", &json!({"displayName": name, "members": []}));
        let id = group["id"].as_str().expect("an id");
        let operation = json!({"op": "Add", "path": "members", "value": members});
        self.send("PATCH", &format!("/Groups/{id}"), &json!({"Operations": [operation]}));
    }
}

/// Starts an organisation that two identity providers filled. Ada and Grace administer it.
async fn seeded(dialect: Dialect) -> World {
    let mut world = World::with(Options { empty: true, ..Options::default() }).await;
    world.tenant = world.over(dialect);
    let provider = Provider::new(&world);
    let [ada, grace, joan] = [ADA, GRACE, JOAN].map(|email| provider.okta_creates(email, true));
    let ken = provider.okta_creates(KEN, false);
    let mia = provider.entra_creates("mia@acme.example");
    provider.pushes_group("Engineering", &[&ada, &grace, &mia]);
    provider.pushes_group("Support", &[&joan, &ken]);
    provider.pushes_group("Finance", &[]);
    for email in [ADA, GRACE] {
        world.shape(email, |user| user.is_admin = true);
    }
    world
}

/// Returns a request that creates Nina, enables Ken, moves and renames Mia, and disables Joan.
fn changes() -> SyncRequest {
    let in_groups = |email: &str, groups: &[&str]| RosterEntry {
        groups: memberships(groups.iter().map(|name| named(name))),
        ..entry(email)
    };
    let mut request = roster(vec![
        in_groups(ADA, &["Engineering"]),
        in_groups(GRACE, &["Engineering", "Support"]),
        in_groups(KEN, &["Support"]),
        RosterEntry {
            first_name: Some("Maria".into()),
            ..in_groups("mia@acme.example", &["Legal"])
        },
        RosterEntry {
            first_name: Some("Nina".into()),
            last_name: Some("Newman".into()),
            ..in_groups(NEW, &["Finance", "Legal"])
        },
    ]);
    request.policy.memberships = MembershipPolicy::Exact;
    request.policy.absent = AbsentPolicy::Disable;
    request
}

/// Returns a roster that describes the organisation as it is.
fn as_it_is(world: &World) -> SyncRequest {
    let state = world.mock.state();
    let people = state.users.iter().filter(|user| !user.is_disabled);
    let mut request = roster(
        people
            .map(|user| RosterEntry {
                first_name: user.first_name.clone(),
                last_name: user.last_name.clone(),
                groups: state.groups_of(user).map(|group| membership(named(&group.name))).collect(),
                ..entry(&user.email)
            })
            .collect(),
    );
    request.policy.memberships = MembershipPolicy::Exact;
    request.policy.absent = AbsentPolicy::Disable;
    request.policy.re_enable_disabled = false;
    request
}

#[tokio::test]
async fn an_organisation_created_through_scim_has_no_differences_over_any_dialect() {
    for dialect in ALL {
        let world = seeded(dialect).await;
        let before = world.mock.state();
        let request = as_it_is(&world);
        let plan = done(world.tenant.plan_sync(&request).await);
        assert!(plan.steps.is_empty() && plan.withheld.is_empty(), "{dialect:?}: {:?}", plan.steps);
        let report = done(world.tenant.sync(&request).await);
        assert!(report.complete && report.writes.is_empty(), "{dialect:?}");
        assert!(world.writes().is_empty());
        assert_eq!(world.mock.state(), before);
    }
}

#[tokio::test]
async fn after_a_sync_over_one_dialect_the_others_have_nothing_to_do() {
    let mut ends = Vec::new();
    for dialect in ALL {
        let world = seeded(dialect).await;
        let kept: Vec<_> = world.mock.state().users.into_iter().map(|user| user.scim).collect();
        let report = done(world.tenant.sync(&changes()).await);
        assert!(report.complete, "{dialect:?}: {report:?}");
        assert!(!report.writes.is_empty());
        for other in ALL {
            world.mock.clear_requests();
            let plan = done(world.over(other).plan_sync(&changes()).await);
            assert!(
                plan.steps.is_empty() && plan.refusals.is_empty(),
                "{dialect:?} then {other:?}: {:?} {:?}",
                plan.steps,
                plan.refusals
            );
            assert!(world.writes().is_empty());
        }
        // Fields of the identity providers that no REST API has are unchanged.
        let state = world.mock.state();
        let now: Vec<_> = state.users.iter().take(5).map(|user| user.scim.clone()).collect();
        assert_eq!(now, kept, "{dialect:?}");
        let people = state.users.iter().map(|user| {
            let groups = state.groups_of(user).map(|group| group.name.clone());
            (
                user.email.clone(),
                user.first_name.clone(),
                user.is_disabled,
                groups.collect::<Vec<_>>(),
            )
        });
        ends.push(people.collect::<Vec<_>>());
    }
    assert_eq!(ends[0], ends[1]);
    assert_eq!(ends[0], ends[2]);
}

#[tokio::test]
async fn an_identity_provider_finds_the_users_after_a_sync() {
    for dialect in [Dialect::V1, Dialect::V2] {
        let world = seeded(dialect).await;
        done(world.tenant.sync(&changes()).await);
        let provider = Provider::new(&world);
        let found = |filter: &str| {
            let filter = filter.replace(' ', "%20").replace('"', "%22");
            provider.send("GET", &format!("/Users?filter={filter}"), &Value::Null)
        };
        let mia = found("userName eq \"Test_User_mia\"");
        assert_eq!(mia["Resources"][0]["name"]["givenName"], "Maria", "{dialect:?}");
        let ken = found("externalId eq \"00u-ken\"");
        assert_eq!(ken["Resources"][0]["active"], true, "{dialect:?}");
        let nina = found("userName eq \"new@acme.example\"");
        assert_eq!(nina["totalResults"], 1, "{dialect:?}");
    }
}
