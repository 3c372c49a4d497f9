//! What cursors contain, how long they are, and which are refused.

use std::sync::LazyLock;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use proptest::prelude::*;
use sha2::{Digest, Sha256};

use crate::domain::User;
use crate::error::{Code, Error};
use crate::feed::{changes_since, encoding};
use crate::testing::feed::{ACME, Directory, finish, member, user};

fn people() -> Vec<User> {
    let mut people: Vec<User> =
        (0..20).map(|number| member(number, &[number % 3, number % 7 + 5])).collect();
    people[3].id.value = "user_3".into();
    people[4].first_name = None;
    people[5].profile_photo_url = None;
    people
}

fn directory() -> Directory {
    Directory { users: people(), ..Directory::default() }
}

static CURSOR: LazyLock<String> = LazyLock::new(|| directory().cursor());

/// Returns the error for a refused cursor.
fn refused(cursor: &str) -> Error {
    let acme = directory();
    let error = acme.changes(Some(cursor)).expect_err(cursor);
    assert_eq!(error.code, Code::CursorInvalid);
    assert_eq!(error.field.as_deref(), Some("cursor"));
    assert_eq!(acme.listings.get(), 0, "no listing is read for a bad cursor");
    error
}

/// Makes a cursor of these bytes with a correct length and checksum.
fn forged(mut bytes: Vec<u8>) -> String {
    let length = bytes.len() as u32 + 8;
    bytes[1..5].copy_from_slice(&length.to_le_bytes());
    let digest = Sha256::digest(&bytes);
    bytes.extend_from_slice(&digest[..8]);
    BASE64URL.encode(&bytes)
}

/// Returns the bytes of a valid cursor without the checksum.
fn unsealed() -> Vec<u8> {
    let mut bytes = BASE64URL.decode(&*CURSOR).expect("bytes");
    bytes.truncate(bytes.len() - 8);
    bytes
}

/// Makes a forged cursor of this organisation with another content.
fn holding(content: &[u8]) -> String {
    let mut bytes = unsealed();
    bytes.truncate(13);
    bytes.extend_from_slice(content);
    forged(bytes)
}

#[test]
fn a_cursor_takes_at_most_40_bytes_a_user_and_4_a_membership() {
    let cursor = |groups_each: u32| {
        let users = (0..10_000).map(|number| {
            let groups: Vec<_> = (0..groups_each).map(|at| (number * 7 + at * 61) % 500).collect();
            member(number, &groups)
        });
        let acme = Directory { users: users.collect(), ..Directory::default() };
        BASE64URL.decode(acme.cursor()).expect("bytes").len()
    };
    let [none, five, thirty] = [0, 5, 30].map(cursor);
    assert!(none <= 40 * 10_000, "{none}");
    assert!(five <= 40 * 10_000 + 4 * 50_000, "{five}");
    assert!(thirty - none <= 4 * 300_000, "{thirty}");
    // The exact sizes, so that a change is noticed: 38 bytes a user, and 1 to 2 a membership.
    assert_eq!(none, 13 + 1 + 2 + 10_000 * 38 + 8);
    assert!(five - none <= 2 * 50_000, "{five}");
}

#[test]
fn a_cursor_contains_no_name_and_no_address() {
    let mut user_with_names = user(1);
    user_with_names.first_name = Some("Wilhelmina".into());
    user_with_names.last_name = Some("Featherstonehaugh".into());
    let acme = Directory { users: vec![user_with_names.clone()], ..Directory::default() };
    let bytes = BASE64URL.decode(acme.cursor()).expect("bytes");
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    let photo = user_with_names.profile_photo_url.expect("a photo");
    for secret in ["Wilhelmina", "Featherstonehaugh", "user1@acme.example", &photo, ACME, "acme"] {
        assert!(!holds(secret), "{secret}");
    }
}

#[test]
fn text_that_is_not_a_cursor_is_refused() {
    for text in ["v1-users.2.10", "nonsense", "not a cursor at all", "äöüäöüäöü", "AAAAAAAAAAAA"]
    {
        assert!(refused(text).message.contains("is damaged"), "{}", refused(text).message);
    }
    let padded = format!("{}=", &*CURSOR);
    assert!(refused(&padded).message.contains("is damaged"));
    let longer = format!("{}AAAA", &*CURSOR);
    assert!(refused(&longer).message.contains("is damaged"));
}

/// Of several texts for the same bytes, only one is accepted.
#[test]
fn base64_is_read_strictly() {
    for text in ["A", "AAAAA", "Zh", "Zm9=", "Zg==", "Zm 8", "Zm+/", "Zm9v\n", "Zmä"] {
        assert!(encoding::decode(text).is_err(), "{text:?}");
    }
    assert_eq!(encoding::decode("-_-_").expect("bytes"), [0xfb, 0xff, 0xbf]);
}

#[test]
fn a_cursor_cut_short_at_any_length_is_refused() {
    for length in 0..CURSOR.len() {
        let error = refused(&CURSOR[..length]);
        assert!(error.message.contains("was cut short"), "{length}: {}", error.message);
    }
}

#[test]
fn a_cursor_that_is_too_long_is_refused() {
    let error = refused(&"A".repeat((16 << 20) + 1));
    assert!(error.message.contains("is too long"), "{}", error.message);
}

#[test]
fn a_cursor_of_another_organisation_or_dialect_is_refused() {
    let elsewhere = Directory::default();
    for address in ["https://acme.example/prefix", "https://acme.example:8443", "https://x"] {
        let error = finish(changes_since(&elsewhere, address, Some(&CURSOR))).expect_err(address);
        assert_eq!(error.code, Code::CursorInvalid);
        assert!(error.message.contains("another organisation"), "{}", error.message);
    }
    let v2 = crate::feed::Organisation::new(ACME, crate::domain::Dialect::V2);
    let error = encoding::open(&CURSOR, &v2).expect_err("another dialect");
    assert!(error.message.contains("another dialect"), "{}", error.message);
}

#[test]
fn a_cursor_of_another_version_is_refused() {
    let mut bytes = unsealed();
    assert_eq!(forged(bytes.clone()), *CURSOR);
    bytes[0] = 1;
    let error = refused(&forged(bytes));
    assert!(error.message.contains("of version 1"), "{}", error.message);
}

#[test]
fn inconsistent_contents_are_refused() {
    const PERSON: [u8; 26] = [
        0, 0, // no flags, no groups, a UUID
        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, // the id
        5, 5, 5, 5, 5, // the address
        0xaa, 0xaa, 0xaa, // not part of it
    ];
    let person = &PERSON[..23];
    let with = |start: &[u8], parts: &[&[u8]]| [start, &parts.concat()].concat();
    let refused_contents = [
        vec![],
        vec![0],
        with(&[0, 0], &[&[0]]),
        // Counts that are larger than the content.
        vec![0xff, 0xff, 0xff, 0xff, 0x0f],
        vec![0, 0xff, 0xff, 0xff, 0xff, 0x0f],
        with(&[0, 2], &[person]),
        with(&[0, 1], &[person, person]),
        // Groups out of order, and a group id that is not UTF-8.
        vec![2, 1, b'b', 1, b'a', 0],
        vec![1, 1, 0xff, 0],
        // The same user twice.
        with(&[0, 2], &[person, person]),
        // A group number out of range, a group twice, more groups than possible.
        with(&[0, 1], &[&[0, 2], &person[2..], &[0]]),
        with(&[1, 1, b'a', 1], &[&[0, 4], &person[2..], &[0, 0]]),
        with(&[1, 1, b'a', 1], &[&[0, 0xfe, 0xff, 0xff, 0xff, 0x0f], &person[2..], &[0]]),
        // An unknown user type.
        with(&[0, 1], &[&[6 << 2], &person[1..]]),
    ];
    for content in refused_contents {
        assert!(refused(&holding(&content)).message.contains("is damaged"), "{content:?}");
    }
    // The same parts in order are a valid cursor. This shows that nothing else was refused above.
    let good = with(&[1, 1, b'a', 1], &[&[0, 2], &person[2..], &[0]]);
    let empty = Directory::default();
    let (changes, _) = empty.changes(Some(&holding(&good))).expect("changes");
    assert_eq!(changes, ["deleted 16843009"]);
}

/// Cursors that were given out before must stay readable, and must report no false changes.
#[test]
fn the_bytes_of_a_cursor_of_this_version_do_not_change() {
    let digest = Sha256::digest(CURSOR.as_bytes());
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(digest, "28cffb432b91d9d3832d2dcd772b76a0364fc8ad914c3f7a0fefed2949d201e3");
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,80}") {
        refused(&text);
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
        refused(&BASE64URL.encode(&bytes));
    }

    #[test]
    fn no_contents_panic(content in proptest::collection::vec(any::<u8>(), 0..120)) {
        // Some contents are valid by chance, such as two zeros. Then changes are returned.
        let _ = finish(changes_since(&directory(), ACME, Some(&holding(&content))));
    }

    #[test]
    fn no_contents_with_changed_bytes_panic(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)
    ) {
        let mut bytes = unsealed();
        for (at, byte) in changes {
            let at = 5 + at.index(bytes.len() - 5);
            bytes[at] = byte;
        }
        let _ = finish(changes_since(&directory(), ACME, Some(&forged(bytes))));
    }

    #[test]
    fn a_flipped_bit_is_refused(at in any::<prop::sample::Index>()) {
        let mut bytes = BASE64URL.decode(&*CURSOR).expect("bytes");
        let at = at.index(bytes.len() * 8);
        bytes[at / 8] ^= 1 << (at % 8);
        refused(&BASE64URL.encode(&bytes));
    }

    #[test]
    fn a_changed_character_is_refused(at in any::<prop::sample::Index>(), letter in "[A-Za-z0-9_.=-]") {
        let at = at.index(CURSOR.len());
        let changed = format!("{}{letter}{}", &CURSOR[..at], &CURSOR[at + 1..]);
        prop_assume!(changed != *CURSOR);
        refused(&changed);
    }
}
