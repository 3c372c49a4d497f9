//! What changed since a cursor was given out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use host_test::Tenant;
use host_test::retool::directory::{Change, ChangeKind};
use host_test::retool::types::{Dialect, GroupId, UserId};
use mock_retool::{Dialect as Served, Fault, FaultKind, Group, Hook, Options, User};
use sha2::{Digest, Sha256};

use crate::support::acme::{ADA, ENGINEERING, FINANCE, GRACE, JOAN, KEN, NEW, SUPPORT, wit_name};
use crate::support::{World, done, failed};

/// Somebody who asks again and again.
struct Listener {
    tenant: Tenant,
    cursor: String,
}

impl Listener {
    async fn new(tenant: &Tenant) -> Listener {
        let set = done(tenant.changes_since(None).await);
        assert_eq!(set.changes, [], "without a cursor there is nothing to tell");
        Listener { tenant: tenant.clone(), cursor: set.cursor }
    }

    async fn changes(&mut self) -> Vec<Change> {
        let set = done(self.tenant.changes_since(Some(&self.cursor)).await);
        self.cursor = set.cursor;
        set.changes
    }

    /// As `kind address`, or the id of the deleted, with fields or group; by address.
    async fn hears(&mut self) -> Vec<String> {
        let changes = self.changes().await;
        let ids: Vec<_> = changes.iter().map(|change| id(&change.user)).collect();
        assert!(ids.is_sorted(), "{ids:?}");
        let mut told: Vec<_> = changes.iter().map(described).collect();
        // The ids are drawn at random; one person's changes stay in order.
        told.sort_by(|one, other| one.0.cmp(&other.0));
        told.into_iter().map(|(_, line)| line).collect()
    }
}

fn id(user: &UserId) -> &str {
    match user {
        UserId::V1(id) => id,
        other => panic!("not an id of v1: {other:?}"),
    }
}

fn described(change: &Change) -> (String, String) {
    let who = match &change.email {
        Some(email) => email.clone(),
        None => id(&change.user).to_owned(),
    };
    let mut line = format!("{} {who}", wit_name(&change.kind));
    if !change.fields.is_empty() {
        line += &format!(" {}", change.fields.join(","));
    }
    if let Some(group) = &change.group {
        let GroupId::Rest(id) = &group.id else { panic!("{group:?}") };
        line += &format!(" [{id} {}]", group.name.as_deref().unwrap_or("?"));
    }
    (who, line)
}

#[tokio::test]
async fn nothing_happened_is_nothing_told_however_often_it_is_asked() {
    let world = World::acme().await;
    let mut listener = Listener::new(&world.tenant).await;
    let first = listener.cursor.clone();
    for _ in 0..3 {
        assert_eq!(listener.changes().await, []);
        assert_eq!(listener.cursor, first);
    }
    assert!(world.writes().is_empty());
}

#[tokio::test]
async fn every_kind_of_change_is_told_once() {
    let world = World::acme().await;
    let mut listener = Listener::new(&world.tenant).await;

    world.add(NEW, &["Engineering", "Finance"]);
    assert_eq!(
        listener.hears().await,
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
        joan.user_type = "endUser".into();
    });
    world.shape(NEW, |new| new.is_admin = true);
    assert_eq!(
        listener.hears().await,
        [
            format!("updated {JOAN} first-name,last-name,user-type,profile-photo-url"),
            format!("updated {NEW} admin"),
            format!("joined {NEW} [1 admin]"),
        ]
    );

    world.shape(JOAN, |joan| joan.is_disabled = true);
    world.shape(KEN, |ken| ken.is_disabled = false);
    assert_eq!(listener.hears().await, [format!("disabled {JOAN}"), format!("enabled {KEN}")]);

    let (ada, ken) = (world.id_of(ADA), world.id_of(KEN));
    world.mock.edit(|acme| {
        acme.leave(SUPPORT, &ada).expect("a member");
        acme.join(FINANCE, &ada).expect("a person");
        acme.delete_user(&ken).expect("a person");
    });
    let mut expected = [
        format!("deleted {ken}"),
        format!("joined {ADA} [{FINANCE} Finance]"),
        format!("left {ADA} [{SUPPORT} Support]"),
    ];
    expected.sort_by_key(|line| line.split(' ').nth(1).map(str::to_owned));
    assert_eq!(listener.hears().await, expected);

    world.shape(GRACE, |grace| grace.email = "hopper@acme.example".into());
    assert_eq!(listener.hears().await, ["updated hopper@acme.example email"]);
    assert_eq!(listener.changes().await, []);
}

#[tokio::test]
async fn one_persons_changes_come_in_the_order_of_the_kinds() {
    let world = World::acme().await;
    let mut listener = Listener::new(&world.tenant).await;
    let joan = world.id_of(JOAN);
    world.mock.edit(|acme| {
        acme.leave(SUPPORT, &joan).expect("a member");
        acme.join(ENGINEERING, &joan).expect("a person");
    });
    world.shape(JOAN, |joan| {
        joan.is_disabled = true;
        joan.last_name = Some("Clarke".into());
    });
    let changes = listener.changes().await;
    let kinds: Vec<_> = changes.iter().map(|change| change.kind).collect();
    use ChangeKind::{Disabled, Joined, Left, Updated};
    assert_eq!(kinds, [Updated, Disabled, Joined, Left]);
    assert!(changes.iter().all(|change| change.user == UserId::V1(joan.clone())));
    assert!(changes.iter().all(|change| change.email.as_deref() == Some(JOAN)));
}

#[tokio::test]
async fn who_is_new_and_may_not_log_in_is_told_as_both() {
    let world = World::acme().await;
    let mut listener = Listener::new(&world.tenant).await;
    world.add(NEW, &["Support"]);
    world.shape(NEW, |new| new.is_disabled = true);
    assert_eq!(
        listener.hears().await,
        [
            format!("created {NEW}"),
            format!("disabled {NEW}"),
            format!("joined {NEW} [{SUPPORT} Support]"),
        ]
    );
}

#[tokio::test]
async fn members_leave_a_group_that_is_deleted() {
    let world = World::acme().await;
    let mut listener = Listener::new(&world.tenant).await;
    world.mock.edit(|acme| acme.delete_group(ENGINEERING)).expect("a group");
    assert_eq!(
        listener.hears().await,
        [format!("left {ADA} [{ENGINEERING} ?]"), format!("left {GRACE} [{ENGINEERING} ?]"),]
    );
    let id = world.mock.edit(|acme| acme.create_group(Group::new("Engineering")).id);
    let grace = world.id_of(GRACE);
    world.mock.edit(|acme| acme.join(id, &grace)).expect("a person");
    assert_eq!(listener.hears().await, [format!("joined {GRACE} [{id} Engineering]")]);
}

#[tokio::test]
async fn a_renamed_group_and_a_touched_person_are_no_change() {
    let world = World::acme().await;
    let mut listener = Listener::new(&world.tenant).await;
    world.mock.edit(|acme| acme.group_mut(SUPPORT).expect("a group").name = "Helpdesk".into());
    world.shape(JOAN, |joan| joan.updated_at = "2030-01-01T00:00:00.000Z".into());
    assert_eq!(listener.changes().await, []);
}

#[tokio::test]
async fn memberships_are_known_also_where_people_do_not_carry_them() {
    let world = World::acme().await;
    let mut listener = Listener::new(&world.tenant).await;
    world.mock.inject(Fault::new(FaultKind::OmitField("groups".into())));
    assert_eq!(listener.changes().await, []);
    let joan = world.id_of(JOAN);
    world.mock.edit(|acme| acme.leave(SUPPORT, &joan)).expect("a member");
    assert_eq!(listener.hears().await, [format!("left {JOAN} [{SUPPORT} Support]")]);
}

#[tokio::test]
async fn an_old_cursor_stays_good() {
    let world = World::acme().await;
    let mut early = Listener::new(&world.tenant).await;
    let mut late = Listener { tenant: world.tenant.clone(), cursor: early.cursor.clone() };
    let first = early.cursor.clone();
    world.add(NEW, &[]);
    assert_eq!(early.hears().await, [format!("created {NEW}")]);
    world.shape(NEW, |new| new.is_disabled = true);
    assert_eq!(early.hears().await, [format!("disabled {NEW}")]);
    let both = [format!("created {NEW}"), format!("disabled {NEW}")];
    assert_eq!(late.hears().await, both);
    assert_eq!(late.cursor, early.cursor);
    late.cursor = first;
    assert_eq!(late.hears().await, both);
}

#[tokio::test]
async fn a_cursor_is_of_one_organisation_and_one_dialect() {
    let (one, other) = (World::acme().await, World::acme().await);
    let cursor = Listener::new(&one.tenant).await.cursor;
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

/// A cursor with another version byte, whose checksum is right all the same.
fn of_version(version: u8, cursor: &str) -> String {
    let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).expect("bytes as text");
    bytes.truncate(bytes.len() - 8);
    bytes[0] = version;
    let checksum = Sha256::digest(&bytes);
    bytes.extend_from_slice(&checksum[..8]);
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

#[tokio::test]
async fn a_cursor_of_another_version_is_refused_as_such() {
    let world = World::acme().await;
    let cursor = Listener::new(&world.tenant).await.cursor;
    assert_eq!(of_version(2, &cursor), cursor, "this is how a cursor is made");
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
async fn the_same_organisation_written_otherwise_is_the_same() {
    let world = World::acme().await;
    let mut listener = Listener::new(&world.tenant).await;
    let mut connection = world.tenant.connection().clone();
    connection.base_url += "/";
    listener.tenant = world.tenant.with_connection(connection.clone());
    assert_eq!(listener.changes().await, []);

    // Which API it is makes no difference to the caller where it was found out.
    let world =
        World::acme_with(Options { dialects: vec![Served::V1], ..Options::default() }).await;
    let mut listener = Listener::new(&world.tenant).await;
    let mut connection = world.tenant.connection().clone();
    connection.dialect = Dialect::Auto;
    listener.tenant = world.tenant.with_connection(connection);
    assert_eq!(listener.changes().await, []);
}

#[tokio::test]
async fn a_cursor_holds_no_name_no_address_and_little_else() {
    let world = World::with(Options { users: 300, ..Options::default() }).await;
    let cursor = Listener::new(&world.tenant).await.cursor;
    let state = world.mock.state();
    let memberships: usize = state.users.iter().map(|user| state.groups_of(user).count()).sum();
    let most = 40 * 300 + 4 * memberships;
    assert!(cursor.len() <= most.div_ceil(3) * 4, "{} for {most}", cursor.len());
    assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
}

/// The organisation as somebody knows it who hears every change and nothing else.
#[derive(Debug, PartialEq)]
struct Heard(BTreeMap<String, (bool, BTreeSet<String>)>);

impl Heard {
    fn of(world: &World) -> Heard {
        let state = world.mock.state();
        let people = state.users.iter().map(|user| {
            let groups = state.groups_of(user).map(|group| group.id.to_string()).collect();
            (user.id.clone(), (user.is_disabled, groups))
        });
        Heard(people.collect())
    }

    /// Takes in changes, each of which must be news.
    fn hear(&mut self, changes: &[Change]) {
        for change in changes {
            let id = id(&change.user).to_owned();
            if change.kind == ChangeKind::Created {
                assert_eq!(self.0.insert(id, Default::default()), None, "{change:?}");
                continue;
            }
            let known = self.0.get_mut(&id).unwrap_or_else(|| panic!("unheard of: {change:?}"));
            let group = || match &change.group.as_ref().expect("a group").id {
                GroupId::Rest(id) => id.clone(),
                other => panic!("{other:?}"),
            };
            let news = match change.kind {
                ChangeKind::Created | ChangeKind::Updated => true,
                ChangeKind::Disabled => !std::mem::replace(&mut known.0, true),
                ChangeKind::Enabled => std::mem::replace(&mut known.0, false),
                ChangeKind::Deleted => self.0.remove(&id).is_some(),
                ChangeKind::Joined => known.1.insert(group()),
                ChangeKind::Left => known.1.remove(&group()),
            };
            assert!(news, "told again: {change:?}");
        }
    }
}

#[tokio::test]
async fn who_comes_and_goes_between_two_pages_is_told_once_in_the_end() {
    // For every page after which it happens: somebody of the first page goes, so that everybody
    // after moves up by one, and somebody new comes at the end, so that the total stays.
    for page in 2..=5 {
        let world = World::with(Options { users: 23, ..Options::default() }).await;
        let tenant = world.tenant_with(&[("RETOOL_PAGE_SIZE", "5"), ("RETOOL_WINDOW", "1")]);
        let mut listener = Listener::new(&tenant).await;
        let mut heard = Heard::of(&world);

        let (mock, times) = (Arc::downgrade(&world.mock), AtomicUsize::new(0));
        world.mock.on_request(move |_, request| {
            if request.query.starts_with(&format!("page={page}&"))
                && times.fetch_add(1, Ordering::Relaxed) == 0
                && let Some(mock) = mock.upgrade()
            {
                mock.edit(|acme| {
                    let gone = acme.users[2].id.clone();
                    acme.delete_user(&gone).expect("a person");
                    acme.create_user(User::new("late@acme.example")).expect("an account");
                });
            }
            Hook::Serve
        });
        world.mock.clear_requests();
        for _ in 0..3 {
            heard.hear(&listener.changes().await);
        }
        assert_eq!(heard, Heard::of(&world), "before page {page}");
        // First for who moved to a page that was read already, then for who is really gone.
        let asked_for = world.mock.requests().into_iter();
        let asked_for = asked_for.filter(|request| request.path.starts_with("/api/v1/users/"));
        let answers: Vec<_> = asked_for.map(|request| request.status).collect();
        assert_eq!(answers, [Some(200), Some(404)], "before page {page}");
        assert_eq!(listener.changes().await, []);
    }
}

#[tokio::test]
async fn a_busy_organisation_is_followed_without_a_gap() {
    let world = World::with(Options { users: 23, ..Options::default() }).await;
    let tenant = world.tenant_with(&[("RETOOL_PAGE_SIZE", "5"), ("RETOOL_WINDOW", "1")]);
    let mut listener = Listener::new(&tenant).await;
    let mut heard = Heard::of(&world);

    // Before every third page somebody goes, somebody comes, and somebody is barred.
    let (mock, pages) = (Arc::downgrade(&world.mock), AtomicUsize::new(0));
    world.mock.on_request(move |_, request| {
        if !request.query.contains("pageSize=5") {
            return Hook::Serve;
        }
        let page = pages.fetch_add(1, Ordering::Relaxed);
        if let Some(mock) = mock.upgrade()
            && page % 3 == 2
            && page < 40
        {
            mock.edit(|acme| {
                let gone = acme.users[page * 7 % acme.users.len()].id.clone();
                acme.delete_user(&gone).expect("a person");
                let email = format!("number{page}@acme.example");
                let new = acme.create_user(User::new(email)).expect("an account").id.clone();
                acme.join(SUPPORT, &new).expect("a person");
                let barred = page * 5 % acme.users.len();
                acme.users[barred].is_disabled ^= true;
            });
        }
        Hook::Serve
    });
    for _ in 0..12 {
        heard.hear(&listener.changes().await);
    }
    assert_eq!(listener.changes().await, [], "it is quiet by now");
    assert_eq!(heard, Heard::of(&world));
}

#[tokio::test]
async fn a_listing_that_lost_everybody_deletes_nobody() {
    let world = World::acme().await;
    let mut listener = Listener::new(&world.tenant).await;
    world.mock.inject(Fault {
        path: Some("/api/v1/users".into()),
        times: Some(1),
        ..Fault::new(FaultKind::Status {
            code: 200,
            retry_after: None,
            body: Some(r#"{"users":[],"total":0}"#.into()),
        })
    });
    assert_eq!(listener.changes().await, []);
}

#[tokio::test]
async fn many_deletions_take_a_second_listing_and_not_a_request_each() {
    let world = World::with(Options { users: 120, ..Options::default() }).await;
    let mut listener = Listener::new(&world.tenant).await;
    world.mock.edit(|acme| acme.users.truncate(50));
    world.mock.clear_requests();
    let changes = listener.changes().await;
    assert_eq!(changes.len(), 70);
    assert!(changes.iter().all(|change| change.kind == ChangeKind::Deleted));
    let requests = world.requests();
    assert!(requests.len() < 10, "{requests:?}");
    assert_eq!(listener.changes().await, []);
}
