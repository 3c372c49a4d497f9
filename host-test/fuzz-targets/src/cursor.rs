//! Cursors: what nobody gave out is refused before anything is sent, and what is accepted tells
//! changes that hold together.

use std::sync::LazyLock;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use retool_lifecycle::error::{Code, Error};
use retool_lifecycle::feed::{ChangeKind, ChangeSet, changes_since};
use sha2::{Digest, Sha256};

use crate::organisation::{PEOPLE, serve};
use crate::script::line;
use crate::world::{BASE_URL, START_UNIX_MS, World, json};

const DEADLINE_MS: u64 = 120_000;

/// Version, length and the digest of the organisation, at the start of a cursor of changes.
const HEAD_LENGTH: usize = 1 + 4 + 8;
/// The checksum at its end.
const CHECKSUM: usize = 8;

/// The first line says what the rest is: a cursor of `changes`, the `content` of one, all of
/// one but length and checksum (`sealed`), or a cursor of `page-users` or `page-groups`.
pub fn read(bytes: &[u8]) -> bool {
    let (kind, rest) = line(bytes);
    let text = String::from_utf8_lossy(rest);
    match kind {
        b"changes" => changes(&text, rest.len()),
        b"content" => {
            let mut whole = HEAD.clone();
            whole.extend_from_slice(rest);
            changes(&sealed(whole), rest.len())
        }
        b"sealed" if rest.len() >= HEAD_LENGTH => changes(&sealed(rest.to_vec()), rest.len()),
        b"page-users" => page_users(&text),
        b"page-groups" => page_groups(&text),
        _ => false,
    }
}

fn ask(world: &World, cursor: Option<&str>) -> Result<ChangeSet, Error> {
    let session = world.session(&[]);
    let done = world.run(DEADLINE_MS, changes_since(&*session.directory, BASE_URL, cursor));
    world.judge_traces();
    done
}

/// The cursor that is given out for the organisation.
static GOOD: LazyLock<String> =
    LazyLock::new(|| ask(&World::new(START_UNIX_MS, serve), None).expect("a cursor").cursor);

/// Its head.
static HEAD: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(&*GOOD).expect("a cursor is base64");
    bytes.truncate(HEAD_LENGTH);
    bytes
});

/// A cursor of these bytes, with the right length in its head and the right checksum.
fn sealed(mut bytes: Vec<u8>) -> String {
    let length = u32::try_from(bytes.len() + CHECKSUM).expect("a short input");
    bytes[1..5].copy_from_slice(&length.to_le_bytes());
    let checksum = Sha256::digest(&bytes);
    bytes.extend_from_slice(&checksum[..CHECKSUM]);
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn changes(cursor: &str, length: usize) -> bool {
    let world = World::new(START_UNIX_MS, serve);
    match ask(&world, Some(cursor)) {
        Ok(told) => {
            judge_changes(&told, length);
            // The next one is of the organisation as it is, whatever the last one said.
            assert_eq!(told.cursor, *GOOD);
            let world = World::new(START_UNIX_MS, serve);
            let again = ask(&world, Some(&told.cursor)).expect("it was given out");
            assert_eq!(again.changes, []);
            assert_eq!(again.cursor, told.cursor);
            true
        }
        Err(error) => {
            judge_refusal(&world, &error);
            assert_eq!(error.field.as_deref(), Some("cursor"));
            false
        }
    }
}

fn judge_refusal(world: &World, error: &Error) {
    world.judge_error(error);
    assert_eq!(error.code, Code::CursorInvalid);
    assert_eq!(world.exchanges().len(), 0, "something is sent for a bad cursor");
}

/// Changes are in order, each once, about people who are there or were.
fn judge_changes(told: &ChangeSet, length: usize) {
    // A membership that is remembered takes a byte, and so does anything else.
    assert!(told.changes.len() <= length + 16, "{} of {length}", told.changes.len());
    let key = |change: &retool_lifecycle::feed::Change| {
        let group = change.group.as_ref().map(|group| group.id.clone());
        (change.user.clone(), change.kind, group)
    };
    assert!(told.changes.windows(2).all(|pair| key(&pair[0]) < key(&pair[1])), "{told:?}");
    for change in &told.changes {
        let is_there = PEOPLE.contains(&change.user.value.as_str());
        assert_eq!(is_there, change.kind != ChangeKind::Deleted, "{change:?}");
        assert_eq!(is_there, change.email.is_some(), "{change:?}");
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
            // It is the one cursor of the page that is asked for.
            let exchanges = world.exchanges();
            let asked = &exchanges[0].request.path_and_query;
            let query = asked.strip_prefix("/api/v1/users?page=").expect("a page is asked for");
            let (page, size) = query.split_once("&pageSize=").expect("a size is asked for");
            assert_eq!(cursor, format!("v1-users.{page}.{size}"));
            true
        }
        Err(error) => {
            judge_refusal(&world, &error);
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
            judge_refusal(&world, &error);
            false
        }
    }
}
