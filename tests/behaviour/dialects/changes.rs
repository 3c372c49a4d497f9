//! `changes-since`: what changed since a cursor was returned.

use host_test::Tenant;
use host_test::retool::directory::Change;
use host_test::retool::types::{Dialect, GroupId};

use crate::support::acme::{ADA, GRACE, JOAN, KEN, NEW, wit_name};
use crate::support::dialects::text;
use crate::support::{World, done, failed};

over_every_dialect!(
    without_changes_none_is_reported,
    every_change_is_reported_once,
    memberships_are_reported,
    a_deleted_user_is_reported_by_id,
    a_cursor_of_another_dialect_is_refused,
);

/// A caller that asks for changes repeatedly.
struct Feed {
    tenant: Tenant,
    cursor: String,
}

impl Feed {
    async fn new(tenant: &Tenant) -> Feed {
        let set = done(tenant.changes_since(None).await);
        assert_eq!(set.changes, [], "without a cursor there are no changes");
        Feed { tenant: tenant.clone(), cursor: set.cursor }
    }

    async fn changes(&mut self) -> Vec<Change> {
        let set = done(self.tenant.changes_since(Some(&self.cursor)).await);
        self.cursor = set.cursor;
        set.changes
    }

    /// Returns the new changes as `kind address`, with fields or group, sorted by address. A
    /// deleted user has an id instead of an address.
    async fn lines(&mut self) -> Vec<String> {
        let changes = self.changes().await;
        let ids: Vec<_> = changes.iter().map(|change| text(&change.user)).collect();
        assert!(ids.is_sorted(), "{ids:?}");
        let mut lines: Vec<_> = changes.iter().map(described).collect();
        // The ids are random. The sort is stable, so each user's changes stay in order.
        lines.sort_by(|one, other| one.0.cmp(&other.0));
        lines.into_iter().map(|(_, line)| line).collect()
    }
}

fn described(change: &Change) -> (String, String) {
    let user = change.email.clone().unwrap_or_else(|| text(&change.user).to_owned());
    let mut line = format!("{} {user}", wit_name(&change.kind));
    if !change.fields.is_empty() {
        line += &format!(" {}", change.fields.join(","));
    }
    if let Some(group) = &change.group {
        line += &format!(" [{}]", group.name.as_deref().unwrap_or("?"));
    }
    (user, line)
}

async fn without_changes_none_is_reported(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let mut feed = Feed::new(&world.tenant).await;
    let first = feed.cursor.clone();
    for _ in 0..2 {
        assert_eq!(feed.changes().await, []);
        assert_eq!(feed.cursor, first);
    }
    assert!(world.writes().is_empty());
}

async fn every_change_is_reported_once(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let mut feed = Feed::new(&world.tenant).await;
    world.add(NEW, &["Engineering", "Finance"]);
    assert_eq!(
        feed.lines().await,
        [
            "created new@acme.example",
            "joined new@acme.example [Engineering]",
            "joined new@acme.example [Finance]",
        ]
    );

    world.shape(JOAN, |joan| {
        joan.first_name = Some("Johanna".into());
        joan.last_name = None;
        joan.profile_photo_url = Some("https://acme.example/new.png".into());
        joan.user_type = "mobile".into();
    });
    world.shape(NEW, |new| new.is_admin = true);
    // A dialect reports only the fields that it has.
    let fields = match dialect {
        Dialect::V1 => "first-name,last-name,user-type,profile-photo-url",
        Dialect::V2 => "first-name,last-name,user-type",
        _ => "first-name,last-name",
    };
    assert_eq!(
        feed.lines().await,
        [
            &format!("updated joan@acme.example {fields}"),
            "updated new@acme.example admin",
            "joined new@acme.example [admin]",
        ]
    );

    world.shape(JOAN, |joan| joan.is_disabled = true);
    world.shape(KEN, |ken| ken.is_disabled = false);
    world.shape(GRACE, |grace| grace.email = "hopper@acme.example".into());
    assert_eq!(
        feed.lines().await,
        [
            "updated hopper@acme.example email",
            "disabled joan@acme.example",
            "enabled ken@acme.example",
        ]
    );
    assert_eq!(feed.changes().await, []);
}

async fn memberships_are_reported(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let mut feed = Feed::new(&world.tenant).await;
    let (ada, ken) = (world.id_of(ADA), world.id_of(KEN));
    let [support, finance] = ["Support", "Finance"].map(|name| world.group(name).id);
    world.mock.edit(|acme| {
        acme.leave(support, &ada).expect("a member");
        acme.join(finance, &ken).expect("a person");
    });
    let changes = feed.changes().await;
    let links: Vec<_> =
        changes.iter().map(|change| change.group.clone().expect("a group").id).collect();
    assert_eq!(links.len(), 2);
    let ids: [GroupId; 2] = ["Support", "Finance"].map(|name| world.group_id(name));
    assert!(ids.iter().all(|id| links.contains(id)), "{links:?}");
    let mut lines: Vec<_> = changes.iter().map(|change| described(change).1).collect();
    lines.sort();
    assert_eq!(lines, ["joined ken@acme.example [Finance]", "left ada@acme.example [Support]"]);
}

async fn a_deleted_user_is_reported_by_id(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let mut feed = Feed::new(&world.tenant).await;
    let id = world.user_id(JOAN);
    let account = world.id_of(JOAN);
    world.mock.edit(|acme| acme.delete_user(&account)).expect("Joan");
    let changes = feed.changes().await;
    let [change] = &changes[..] else { panic!("{changes:?}") };
    assert_eq!(wit_name(&change.kind), "deleted");
    assert_eq!((&change.user, &change.email), (&id, &None));
}

async fn a_cursor_of_another_dialect_is_refused(dialect: Dialect) {
    let world = World::acme_over(dialect).await;
    let cursor = Feed::new(&world.tenant).await.cursor;
    world.mock.clear_requests();
    for other in crate::support::dialects::ALL.into_iter().filter(|other| *other != dialect) {
        let (case, detail) = failed(world.over(other).changes_since(Some(&cursor)).await);
        assert_eq!((case, detail.code.as_str()), ("permanent invalid-input", "cursor-invalid"));
    }
    assert!(world.requests().is_empty());
}

/// On `/api/v2` an invitation counts as a user. Once it is accepted, the account is another user.
#[tokio::test]
async fn invitations_are_reported_as_users() {
    let world = World::acme_over(Dialect::V2).await;
    let mut feed = Feed::new(&world.tenant).await;
    let number = world.invite(NEW, &["Support"]);
    assert_eq!(
        feed.lines().await,
        ["created new@acme.example", "joined new@acme.example [Support]"]
    );
    world.mock.edit(|acme| acme.claim_invite(number, "Nina", "Newman").map(|_| ())).expect("Nina");
    assert_eq!(
        feed.lines().await,
        [
            &format!("deleted invite-{number}"),
            "created new@acme.example",
            "joined new@acme.example [Support]",
        ]
    );
}
