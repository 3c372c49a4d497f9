//! `changes-since`: what changed since a cursor was returned.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use host_test::Tenant;
use host_test::retool::directory::{Change, ChangeKind};
use host_test::retool::types::{Dialect, GroupId};
use mock_retool::{Dialect as Served, Fault, FaultKind, Group, Hook, Options, User};
use sha2::{Digest, Sha256};

use crate::support::acme::{ADA, ENGINEERING, FINANCE, GRACE, JOAN, KEN, NEW, SUPPORT, wit_name};
use crate::support::dialects::text;
use crate::support::{World, done, failed};

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
    let user = match &change.email {
        Some(email) => email.clone(),
        None => text(&change.user).to_owned(),
    };
    let mut line = format!("{} {user}", wit_name(&change.kind));
    if !change.fields.is_empty() {
        line += &format!(" {}", change.fields.join(","));
    }
    if let Some(group) = &change.group {
        let GroupId::Rest(id) = &group.id else { panic!("{group:?}") };
        line += &format!(" [{id} {}]", group.name.as_deref().unwrap_or("?"));
    }
    (user, line)
}

#[tokio::test]
async fn without_changes_every_call_returns_none_and_the_same_cursor() {
    let world = World::acme().await;
    let mut feed = Feed::new(&world.tenant).await;
    let first = feed.cursor.clone();
    for _ in 0..3 {
        assert_eq!(feed.changes().await, []);
        assert_eq!(feed.cursor, first);
    }
    assert!(world.writes().is_empty());
}

#[tokio::test]
async fn every_kind_of_change_is_reported_once() {
    let world = World::acme().await;
    let mut feed = Feed::new(&world.tenant).await;

    world.add(NEW, &["Engineering", "Finance"]);
    assert_eq!(
        feed.lines().await,
        [
            format!("created {NEW}"),
            format!("joined {NEW} [{ENGINEERING} Engineering]"),
            format!("joined {NEW} [{FINANCE} Finance]"),
        ]
    );

    world.shape(JOAN, |joan| {
        joan.first_name = Some("Johanna".into());
        joan.last_name = None;
        joan.profile_photo_url = Some("https://acme.example/new.png".into());
        joan.user_type = "mobile".into();
    });
    world.shape(NEW, |new| new.is_admin = true);
    assert_eq!(
        feed.lines().await,
        [
            format!("updated {JOAN} first-name,last-name,user-type"),
            format!("updated {NEW} admin"),
            format!("joined {NEW} [1 admin]"),
        ]
    );

    world.shape(JOAN, |joan| joan.is_disabled = true);
    world.shape(KEN, |ken| ken.is_disabled = false);
    assert_eq!(feed.lines().await, [format!("disabled {JOAN}"), format!("enabled {KEN}")]);

    let (ada, ken) = (world.id_of(ADA), world.id_of(KEN));
    let deleted = world.user_id(KEN);
    world.mock.edit(|acme| {
        acme.leave(SUPPORT, &ada).expect("a member");
        acme.join(FINANCE, &ada).expect("a user");
        acme.delete_user(&ken).expect("a user");
    });
    let mut expected = [
        format!("deleted {}", text(&deleted)),
        format!("joined {ADA} [{FINANCE} Finance]"),
        format!("left {ADA} [{SUPPORT} Support]"),
    ];
    expected.sort_by_key(|line| line.split(' ').nth(1).map(str::to_owned));
    assert_eq!(feed.lines().await, expected);

    world.shape(GRACE, |grace| grace.email = "hopper@acme.example".into());
    assert_eq!(feed.lines().await, ["updated hopper@acme.example email"]);
    assert_eq!(feed.changes().await, []);
}

#[tokio::test]
async fn the_changes_of_one_user_are_in_the_order_of_the_kinds() {
    let world = World::acme().await;
    let mut feed = Feed::new(&world.tenant).await;
    let joan = world.id_of(JOAN);
    world.mock.edit(|acme| {
        acme.leave(SUPPORT, &joan).expect("a member");
        acme.join(ENGINEERING, &joan).expect("a user");
    });
    world.shape(JOAN, |joan| {
        joan.is_disabled = true;
        joan.last_name = Some("Clarke".into());
    });
    let changes = feed.changes().await;
    let kinds: Vec<_> = changes.iter().map(|change| change.kind).collect();
    use ChangeKind::{Disabled, Joined, Left, Updated};
    assert_eq!(kinds, [Updated, Disabled, Joined, Left]);
    assert!(changes.iter().all(|change| change.user == world.user_id(JOAN)));
    assert!(changes.iter().all(|change| change.email.as_deref() == Some(JOAN)));
}

#[tokio::test]
async fn a_new_disabled_user_is_reported_as_created_and_disabled() {
    let world = World::acme().await;
    let mut feed = Feed::new(&world.tenant).await;
    world.add(NEW, &["Support"]);
    world.shape(NEW, |new| new.is_disabled = true);
    assert_eq!(
        feed.lines().await,
        [
            format!("created {NEW}"),
            format!("disabled {NEW}"),
            format!("joined {NEW} [{SUPPORT} Support]"),
        ]
    );
}

#[tokio::test]
async fn members_of_a_deleted_group_are_reported_as_left() {
    let world = World::acme().await;
    let mut feed = Feed::new(&world.tenant).await;
    world.mock.edit(|acme| acme.delete_group(ENGINEERING)).expect("a group");
    assert_eq!(
        feed.lines().await,
        [format!("left {ADA} [{ENGINEERING} ?]"), format!("left {GRACE} [{ENGINEERING} ?]"),]
    );
    let id = world.mock.edit(|acme| acme.create_group(Group::new("Engineering")).id);
    let grace = world.id_of(GRACE);
    world.mock.edit(|acme| acme.join(id, &grace)).expect("a user");
    assert_eq!(feed.lines().await, [format!("joined {GRACE} [{id} Engineering]")]);
}

#[tokio::test]
async fn a_renamed_group_and_a_new_update_time_are_not_reported() {
    let world = World::acme().await;
    let mut feed = Feed::new(&world.tenant).await;
    world.mock.edit(|acme| acme.group_mut(SUPPORT).expect("a group").name = "Helpdesk".into());
    world.shape(JOAN, |joan| joan.updated_at = "2030-01-01T00:00:00.000Z".into());
    assert_eq!(feed.changes().await, []);
}

#[tokio::test]
async fn v1_reports_memberships_that_user_records_do_not_contain() {
    let world = World::acme_over(Dialect::V1).await;
    let mut feed = Feed::new(&world.tenant).await;
    world.mock.inject(Fault::new(FaultKind::OmitField("groups".into())));
    assert_eq!(feed.changes().await, []);
    let joan = world.id_of(JOAN);
    world.mock.edit(|acme| acme.leave(SUPPORT, &joan)).expect("a member");
    assert_eq!(feed.lines().await, [format!("left {JOAN} [{SUPPORT} Support]")]);
}

#[tokio::test]
async fn an_old_cursor_stays_valid() {
    let world = World::acme().await;
    let mut early = Feed::new(&world.tenant).await;
    let mut late = Feed { tenant: world.tenant.clone(), cursor: early.cursor.clone() };
    let first = early.cursor.clone();
    world.add(NEW, &[]);
    assert_eq!(early.lines().await, [format!("created {NEW}")]);
    world.shape(NEW, |new| new.is_disabled = true);
    assert_eq!(early.lines().await, [format!("disabled {NEW}")]);
    let both = [format!("created {NEW}"), format!("disabled {NEW}")];
    assert_eq!(late.lines().await, both);
    assert_eq!(late.cursor, early.cursor);
    late.cursor = first;
    assert_eq!(late.lines().await, both);
}

#[tokio::test]
async fn a_cursor_of_another_organisation_or_a_damaged_one_is_refused() {
    let (one, other) = (World::acme().await, World::acme().await);
    let cursor = Feed::new(&one.tenant).await.cursor;
    other.mock.clear_requests();
    let mut damaged = cursor.clone();
    damaged.replace_range(40..41, if &cursor[40..41] == "A" { "B" } else { "A" });
    for (tenant, cursor, why) in [
        (&other.tenant, cursor.as_str(), "another organisation"),
        (&one.tenant, &damaged, "damaged"),
        (&one.tenant, &cursor[..cursor.len() / 2], "cut short"),
        (&one.tenant, "", "cut short"),
        (&one.tenant, "v1-users.2.10", "damaged"),
    ] {
        one.mock.clear_requests();
        let (case, detail) = failed(tenant.changes_since(Some(cursor)).await);
        assert_eq!((case, detail.code.as_str()), ("permanent invalid-input", "cursor-invalid"));
        assert_eq!(detail.field.as_deref(), Some("cursor"));
        assert!(detail.message.contains(why), "{}", detail.message);
        assert!(one.requests().is_empty() && other.requests().is_empty());
    }
}

/// Returns a cursor with another version byte and the right checksum.
fn of_version(version: u8, cursor: &str) -> String {
    let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).expect("bytes as text");
    bytes.truncate(bytes.len() - 8);
    bytes[0] = version;
    let checksum = Sha256::digest(&bytes);
    bytes.extend_from_slice(&checksum[..8]);
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

#[tokio::test]
async fn a_cursor_of_another_version_is_refused_with_the_version() {
    let world = World::acme().await;
    let cursor = Feed::new(&world.tenant).await.cursor;
    assert_eq!(of_version(2, &cursor), cursor, "this is how a cursor is encoded");
    world.mock.clear_requests();
    for version in [0, 1, 255] {
        let other = of_version(version, &cursor);
        let (case, detail) = failed(world.tenant.changes_since(Some(&other)).await);
        assert_eq!((case, detail.code.as_str()), ("permanent invalid-input", "cursor-invalid"));
        assert_eq!(detail.field.as_deref(), Some("cursor"));
        let version = format!("of version {version}");
        assert!(detail.message.contains(&version), "{version}: {}", detail.message);
        assert!(world.requests().is_empty());
    }
}

#[tokio::test]
async fn another_spelling_of_the_connection_keeps_the_cursor_valid() {
    let world = World::acme().await;
    let mut feed = Feed::new(&world.tenant).await;
    let mut connection = world.tenant.connection().clone();
    connection.base_url += "/";
    feed.tenant = world.tenant.with_connection(connection.clone());
    assert_eq!(feed.changes().await, []);

    // A dialect that `auto` finds counts as the dialect itself.
    for (served, dialect) in [(Served::V1, Dialect::V1), (Served::V2, Dialect::V2)] {
        let options = Options { dialects: vec![served], ..Options::default() };
        let world = World::acme_over_with(dialect, options).await;
        let mut feed = Feed::new(&world.tenant).await;
        feed.tenant = world.over(Dialect::Auto);
        assert_eq!(feed.changes().await, []);
    }
}

#[tokio::test]
async fn a_cursor_is_compact_and_contains_no_names_or_addresses() {
    let world = World::with(Options { users: 300, ..Options::default() }).await;
    // An id of `/api/v1` is stored in 16 bytes, one of `/api/v2` as its 37 characters and a length.
    for (dialect, per_user) in [(Dialect::V1, 40), (Dialect::V2, 62)] {
        let cursor = Feed::new(&world.over(dialect)).await.cursor;
        let state = world.mock.state();
        let memberships: usize = state.users.iter().map(|user| state.groups_of(user).count()).sum();
        let most = per_user * 300 + 4 * memberships;
        assert!(cursor.len() <= most.div_ceil(3) * 4, "{} for {most}", cursor.len());
        assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    }
}

/// The organisation as known from the reported changes alone: for each user, whether they are
/// disabled, and their groups.
#[derive(Debug, PartialEq)]
struct Known(BTreeMap<String, (bool, BTreeSet<String>)>);

impl Known {
    fn of(world: &World) -> Known {
        let state = world.mock.state();
        let people = state.users.iter().map(|user| {
            let groups = state.groups_of(user).map(|group| group.id.to_string()).collect();
            (text(&world.user_id(&user.email)).to_owned(), (user.is_disabled, groups))
        });
        Known(people.collect())
    }

    /// Applies changes. Each must be new.
    fn take(&mut self, changes: &[Change]) {
        for change in changes {
            let id = text(&change.user).to_owned();
            if change.kind == ChangeKind::Created {
                assert_eq!(self.0.insert(id, Default::default()), None, "{change:?}");
                continue;
            }
            let known = self.0.get_mut(&id).unwrap_or_else(|| panic!("unknown user: {change:?}"));
            let group = || match &change.group.as_ref().expect("a group").id {
                GroupId::Rest(id) => id.clone(),
                other => panic!("{other:?}"),
            };
            let is_new = match change.kind {
                ChangeKind::Created | ChangeKind::Updated => true,
                ChangeKind::Disabled => !std::mem::replace(&mut known.0, true),
                ChangeKind::Enabled => std::mem::replace(&mut known.0, false),
                ChangeKind::Deleted => self.0.remove(&id).is_some(),
                ChangeKind::Joined => known.1.insert(group()),
                ChangeKind::Left => known.1.remove(&group()),
            };
            assert!(is_new, "reported again: {change:?}");
        }
    }
}

/// Returns a tenant that reads five users at a time, one page after the other. On `/api/v2` this
/// requires a listing that is too large for one response, so the users get large records.
fn in_pages_of_five(world: &World, dialect: Dialect) -> Tenant {
    world.mock.edit(|acme| {
        for user in &mut acme.users {
            user.metadata.insert("note".into(), "x".repeat(2000).into());
        }
    });
    let env =
        [("RETOOL_PAGE_SIZE", "5"), ("RETOOL_WINDOW", "1"), ("RETOOL_MAX_BODY_BYTES", "16000")];
    world.over_with_env(dialect, &env)
}

/// On `/api/v1` pages have numbers. Before each page in turn, a user of the first page is deleted,
/// so that all later ones move up by one, and a user is created at the end, so that the total
/// stays.
#[tokio::test]
async fn v1_reports_users_who_move_between_pages_once() {
    for page in 2..=5 {
        let options = Options { users: 23, ..Options::default() };
        let world = World::with_over(Dialect::V1, options).await;
        let tenant = in_pages_of_five(&world, Dialect::V1);
        let mut feed = Feed::new(&tenant).await;
        let mut seen = Known::of(&world);

        let (mock, times) = (Arc::downgrade(&world.mock), AtomicUsize::new(0));
        world.mock.on_request(move |_, request| {
            if request.query.starts_with(&format!("page={page}&"))
                && times.fetch_add(1, Ordering::Relaxed) == 0
                && let Some(mock) = mock.upgrade()
            {
                mock.edit(|acme| {
                    let gone = acme.users[2].id.clone();
                    acme.delete_user(&gone).expect("a user");
                    acme.create_user(User::new("late@acme.example")).expect("an account");
                });
            }
            Hook::Serve
        });
        world.mock.clear_requests();
        for _ in 0..3 {
            seen.take(&feed.changes().await);
        }
        assert_eq!(seen, Known::of(&world), "before page {page}");
        // First the user who moved to a page that was read already, then the deleted user.
        let reads = world.mock.requests().into_iter();
        let reads = reads.filter(|request| request.path.starts_with("/api/v1/users/"));
        let answers: Vec<_> = reads.map(|request| request.status).collect();
        assert_eq!(answers, [Some(200), Some(404)], "before page {page}");
        assert_eq!(feed.changes().await, []);
    }
}

/// On `/api/v2` a page begins after the last account of the page before. So other accounts do not
/// move between pages. A deleted account is on a page that was read already, or on none.
#[tokio::test]
async fn v2_reports_users_who_are_deleted_or_created_between_pages_once() {
    for page in 2..=5 {
        let world = World::with(Options { users: 23, ..Options::default() }).await;
        let tenant = in_pages_of_five(&world, Dialect::V2);
        let mut feed = Feed::new(&tenant).await;
        let mut seen = Known::of(&world);

        let (mock, pages) = (Arc::downgrade(&world.mock), AtomicUsize::new(0));
        world.mock.on_request(move |_, request| {
            if request.query.starts_with("limit=5")
                && pages.fetch_add(1, Ordering::Relaxed) + 1 == page
                && let Some(mock) = mock.upgrade()
            {
                mock.edit(|acme| {
                    let gone = acme.users[2].id.clone();
                    acme.delete_user(&gone).expect("a user");
                    acme.create_user(User::new("late@acme.example")).expect("an account");
                });
            }
            Hook::Serve
        });
        for _ in 0..3 {
            seen.take(&feed.changes().await);
        }
        assert!(world.has("late@acme.example"), "page {page} was read");
        assert_eq!(seen, Known::of(&world), "before page {page}");
        assert_eq!(feed.changes().await, []);
    }
}

#[tokio::test]
async fn changes_during_the_listing_are_reported_without_a_gap() {
    // On `/api/v2` such a change makes the total wrong, and the listing is read again. So the
    // changes are rarer there, or the listing would be given up.
    for (dialect, page_size, every) in
        [(Dialect::V1, "pageSize=5", 3), (Dialect::V2, "limit=5", 11)]
    {
        let options = Options { users: 23, ..Options::default() };
        let world = World::with_over(dialect, options).await;
        let tenant = in_pages_of_five(&world, dialect);
        let mut feed = Feed::new(&tenant).await;
        let mut seen = Known::of(&world);

        // Before some pages a user is deleted, a user is created, and a user is disabled or
        // enabled.
        let (mock, pages) = (Arc::downgrade(&world.mock), Arc::new(AtomicUsize::new(0)));
        let counted = pages.clone();
        world.mock.on_request(move |_, request| {
            if !request.query.contains(page_size) {
                return Hook::Serve;
            }
            let page = counted.fetch_add(1, Ordering::Relaxed);
            if let Some(mock) = mock.upgrade()
                && page % every == 2
                && page < 40
            {
                mock.edit(|acme| {
                    let gone = acme.users[page * 7 % acme.users.len()].id.clone();
                    acme.delete_user(&gone).expect("a user");
                    let email = format!("number{page}@acme.example");
                    let new = acme.create_user(User::new(email)).expect("an account").id.clone();
                    acme.join(SUPPORT, &new).expect("a user");
                    let disabled = page * 5 % acme.users.len();
                    acme.users[disabled].is_disabled ^= true;
                });
            }
            Hook::Serve
        });
        for _ in 0..12 {
            seen.take(&feed.changes().await);
        }
        assert!(pages.load(Ordering::Relaxed) > 40, "all changes were made");
        assert_eq!(feed.changes().await, [], "no more changes are made");
        assert_eq!(seen, Known::of(&world));
    }
}

#[tokio::test]
async fn an_empty_listing_reports_no_deletion() {
    for (dialect, body) in [
        (Dialect::V1, r#"{"users":[],"total":0}"#),
        (Dialect::V2, r#"{"success":true,"data":[],"total_count":0,"has_more":false}"#),
    ] {
        let world = World::acme_over(dialect).await;
        let mut feed = Feed::new(&world.tenant).await;
        world.mock.inject(Fault {
            path: Some(world.users_path().into()),
            times: Some(1),
            ..Fault::new(FaultKind::Status {
                code: 200,
                retry_after: None,
                body: Some(body.into()),
            })
        });
        world.mock.clear_requests();
        assert_eq!(feed.changes().await, []);
        let reads = format!("GET {}/", world.users_path());
        let requests = world.requests();
        let read = requests.iter().filter(|request| request.starts_with(&reads)).count();
        assert_eq!(read, 4, "each missing user is read: {requests:?}");
    }
}

#[tokio::test]
async fn many_deletions_take_a_second_listing_and_not_a_request_each() {
    for dialect in [Dialect::V1, Dialect::V2] {
        let options = Options { users: 120, ..Options::default() };
        let world = World::with_over(dialect, options).await;
        let mut feed = Feed::new(&world.tenant).await;
        world.mock.edit(|acme| acme.users.truncate(50));
        world.mock.clear_requests();
        let changes = feed.changes().await;
        assert_eq!(changes.len(), 70);
        assert!(changes.iter().all(|change| change.kind == ChangeKind::Deleted));
        let requests = world.requests();
        assert!(requests.len() < 10, "{requests:?}");
        assert_eq!(feed.changes().await, []);
    }
}
