//! Cursors. A cursor that the component did not return must be refused before any request. An
//! accepted cursor must give consistent changes.

use std::sync::LazyLock;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use retool_lifecycle::error::{Code, Error};
use retool_lifecycle::feed::{ChangeKind, ChangeSet, changes_since};
use sha2::{Digest, Sha256};

use crate::organisation::{USER_IDS, serve};
use crate::script::split_line;
use crate::world::{BASE_URL, START_UNIX_MS, World, json};

const DEADLINE_MS: u64 = 120_000;

/// Length of the header of a `changes` cursor: version, length and the organisation's digest.
const HEADER_LENGTH: usize = 1 + 4 + 8;
/// Length of the checksum at its end.
const CHECKSUM_LENGTH: usize = 8;

/// Reads an input. Its first line states what the rest is: a cursor of `changes`, the `content` of
/// one, one whose length and checksum are still to be computed (`sealed`), or a cursor of
/// `page-users` or `page-groups`.
pub fn read(bytes: &[u8]) -> bool {
    let (kind, rest) = split_line(bytes);
    let text = String::from_utf8_lossy(rest);
    match kind {
        b"changes" => changes(&text, rest.len()),
        b"content" => {
            let mut whole = HEADER.clone();
            whole.extend_from_slice(rest);
            changes(&seal(whole), rest.len())
        }
        b"sealed" if rest.len() >= HEADER_LENGTH => changes(&seal(rest.to_vec()), rest.len()),
        b"page-users" => page_users(&text),
        b"page-groups" => page_groups(&text),
        _ => false,
    }
}

fn ask(world: &World, cursor: Option<&str>) -> Result<ChangeSet, Error> {
    let session = world.session(&[]);
    let done = world.run(DEADLINE_MS, changes_since(&*session.directory, BASE_URL, cursor));
    world.check_traffic();
    done
}

/// The cursor that the component returns for the organisation.
static VALID: LazyLock<String> =
    LazyLock::new(|| ask(&World::new(START_UNIX_MS, serve), None).expect("a cursor").cursor);

/// Its header.
static HEADER: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(&*VALID).expect("a cursor is base64");
    bytes.truncate(HEADER_LENGTH);
    bytes
});

/// Returns a cursor of these bytes, with the correct length and checksum.
fn seal(mut bytes: Vec<u8>) -> String {
    let length = u32::try_from(bytes.len() + CHECKSUM_LENGTH).expect("a short input");
    bytes[1..5].copy_from_slice(&length.to_le_bytes());
    let checksum = Sha256::digest(&bytes);
    bytes.extend_from_slice(&checksum[..CHECKSUM_LENGTH]);
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn changes(cursor: &str, length: usize) -> bool {
    let world = World::new(START_UNIX_MS, serve);
    match ask(&world, Some(cursor)) {
        Ok(set) => {
            check_changes(&set, length);
            // The next cursor depends only on the organisation, not on the last cursor.
            assert_eq!(set.cursor, *VALID);
            let world = World::new(START_UNIX_MS, serve);
            let again = ask(&world, Some(&set.cursor)).expect("a returned cursor is accepted");
            assert_eq!(again.changes, []);
            assert_eq!(again.cursor, set.cursor);
            true
        }
        Err(error) => {
            check_refusal(&world, &error);
            assert_eq!(error.field.as_deref(), Some("cursor"));
            false
        }
    }
}

fn check_refusal(world: &World, error: &Error) {
    world.check_error(error);
    assert_eq!(error.code, Code::CursorInvalid);
    assert_eq!(world.exchanges().len(), 0, "a request was sent for an invalid cursor");
}

/// Checks that changes are sorted and unique, and consistent with the organisation.
fn check_changes(set: &ChangeSet, length: usize) {
    // Every membership and every other item in a cursor takes at least one byte.
    assert!(set.changes.len() <= length + 16, "{} of {length}", set.changes.len());
    let key = |change: &retool_lifecycle::feed::Change| {
        let group = change.group.as_ref().map(|group| group.id.clone());
        (change.user.clone(), change.kind, group)
    };
    assert!(set.changes.windows(2).all(|pair| key(&pair[0]) < key(&pair[1])), "{set:?}");
    for change in &set.changes {
        let exists = USER_IDS.contains(&change.user.value.as_str());
        assert_eq!(exists, change.kind != ChangeKind::Deleted, "{change:?}");
        assert_eq!(exists, change.email.is_some(), "{change:?}");
        assert_eq!(!change.fields.is_empty(), change.kind == ChangeKind::Updated, "{change:?}");
        let of_group = matches!(change.kind, ChangeKind::Joined | ChangeKind::Left);
        assert_eq!(of_group, change.group.is_some(), "{change:?}");
    }
}

fn page_users(cursor: &str) -> bool {
    let world = World::new(START_UNIX_MS, |_| json(200, r#"{"users":[],"total":100000}"#));
    let session = world.session(&[]);
    match world.run(DEADLINE_MS, session.directory.page_users(Some(cursor), Some(50))) {
        Ok(_) => {
            // Each page has exactly one cursor that is accepted.
            let exchanges = world.exchanges();
            let path = &exchanges[0].request.path_and_query;
            let query = path.strip_prefix("/api/v1/users?page=").expect("a page is requested");
            let (page, size) = query.split_once("&pageSize=").expect("a size is requested");
            assert_eq!(cursor, format!("v1-users.{page}.{size}"));
            true
        }
        Err(error) => {
            check_refusal(&world, &error);
            false
        }
    }
}

fn page_groups(cursor: &str) -> bool {
    let world = World::new(START_UNIX_MS, serve);
    let session = world.session(&[]);
    match world.run(DEADLINE_MS, session.directory.page_groups(Some(cursor), Some(50))) {
        Ok(page) => {
            let numbers: Vec<u32> =
                cursor.split('.').skip(1).filter_map(|part| part.parse().ok()).collect();
            let [offset, size] = numbers[..] else { panic!("two numbers: {cursor:?}") };
            assert_eq!(cursor, format!("v1-groups.{offset}.{size}"));
            assert!(page.items.len() <= size as usize);
            true
        }
        Err(error) => {
            check_refusal(&world, &error);
            false
        }
    }
}
