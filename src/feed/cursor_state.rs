//! The state in a cursor: the ids of users, fingerprints of their fields, and their groups.
//!
//! Groups are numbered in order of their ids, and users refer to them by number. A user is
//! encoded as a byte of flags, the number of groups, the id, and a fingerprint of each field
//! that has a value: 38 bytes at most for a user with a UUID. Users are decoded one by one and
//! not collected, so that memory stays in proportion to the bytes, whatever counts they contain.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::iter;

use uuid::Uuid;

use super::Present;
use super::bytes::{Reader, write_number, write_text};
use super::user_fingerprint::{FieldFingerprint, UserFingerprint};
use crate::domain::UserType;
use crate::sort;

const ADMIN: u8 = 1;
const DISABLED: u8 = 1 << 1;
const USER_TYPE_SHIFT: u32 = 2;
const USER_TYPE_MASK: u8 = 7;
const FIRST_NAME: u8 = 1 << 5;
const LAST_NAME: u8 = 1 << 6;
const PHOTO: u8 = 1 << 7;

/// The lowest bit next to the number of groups: the id is a text and not a packed UUID.
const TEXT_ID: u32 = 1;

/// Writes all users. They must be in order of their ids.
pub fn write(people: &[Present<'_>], out: &mut Vec<u8>) {
    let mut groups: Vec<&str> = people.iter().flat_map(Present::group_ids).collect();
    sort::sort(&mut groups);
    groups.dedup();
    write_number(groups.len() as u32, out);
    for group in &groups {
        write_text(group, out);
    }
    write_number(people.len() as u32, out);
    for present in people {
        write_person(present, &groups, out);
    }
}

fn write_person(present: &Present<'_>, groups: &[&str], out: &mut Vec<u8>) {
    let UserFingerprint {
        email,
        first_name,
        last_name,
        user_type,
        admin,
        disabled,
        profile_photo_url,
    } = present.fingerprint;
    let flag = |set: bool, flag: u8| if set { flag } else { 0 };
    out.push(
        flag(admin, ADMIN)
            | flag(disabled, DISABLED)
            | user_type_code(user_type) << USER_TYPE_SHIFT
            | flag(first_name.is_some(), FIRST_NAME)
            | flag(last_name.is_some(), LAST_NAME)
            | flag(profile_photo_url.is_some(), PHOTO),
    );
    let count = (present.groups.len() as u32) << 1;
    let id = &present.user.id.value;
    match pack_uuid(id) {
        Some(packed) => {
            write_number(count, out);
            out.extend_from_slice(&packed);
        }
        None => {
            write_number(count | TEXT_ID, out);
            write_text(id, out);
        }
    }
    for fingerprint in [Some(email), first_name, last_name, profile_photo_url].into_iter().flatten()
    {
        out.extend_from_slice(&fingerprint);
    }
    let mut before = 0;
    for id in present.group_ids() {
        // Every id is in the table, because the table was made from these ids.
        let number = groups.binary_search(&id).unwrap_or_default() as u32;
        write_number(number - before, out);
        before = number;
    }
}

/// Returns the bytes of a UUID. `None` for any text that [`unpack_uuid`] would not restore
/// exactly.
fn pack_uuid(text: &str) -> Option<[u8; 16]> {
    let uuid = Uuid::try_parse(text).ok()?;
    let exact = uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == text;
    exact.then(|| uuid.into_bytes())
}

/// Returns the UUID with hyphens and in lower case.
fn unpack_uuid(packed: [u8; 16]) -> String {
    Uuid::from_bytes(packed).hyphenated().to_string()
}

fn user_type_code(user_type: Option<UserType>) -> u8 {
    match user_type {
        None => 0,
        Some(UserType::Default) => 1,
        Some(UserType::EndUser) => 2,
        Some(UserType::Mobile) => 3,
        Some(UserType::Embed) => 4,
        Some(UserType::Unrecognized) => 5,
    }
}

fn user_type_of(code: u8) -> Option<Option<UserType>> {
    Some(match code {
        0 => None,
        1 => Some(UserType::Default),
        2 => Some(UserType::EndUser),
        3 => Some(UserType::Mobile),
        4 => Some(UserType::Embed),
        5 => Some(UserType::Unrecognized),
        _ => return None,
    })
}

/// The organisation as stored in a cursor.
pub struct CursorState<'a> {
    groups: Vec<&'a str>,
    count: u32,
    people: Reader<'a>,
}

/// A user as stored in a cursor.
#[derive(Debug, PartialEq)]
pub struct Remembered<'a> {
    /// The id.
    pub id: String,
    /// The fingerprint of the fields.
    pub fingerprint: UserFingerprint,
    /// The ids of the groups, in order.
    pub groups: Vec<&'a str>,
}

impl<'a> CursorState<'a> {
    /// Reads the state that [`write`] wrote. `None` for any other bytes.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        let mut groups: Vec<&str> = Vec::new();
        for _ in 0..reader.number()? {
            let group = reader.text()?;
            if groups.last().is_some_and(|last| *last >= group) {
                return None;
            }
            groups.push(group);
        }
        let count = reader.number()?;
        let state = CursorState { groups, count, people: reader };
        // Decode every user once, so that `people` can't fail later and omit users.
        let mut last = None;
        for _ in 0..count {
            let person = state.person(&mut reader)?;
            if last.is_some_and(|last| last >= person.id) {
                return None;
            }
            last = Some(person.id);
        }
        reader.0.is_empty().then_some(state)
    }

    /// Returns the number of users.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Returns all users, in order of their ids.
    pub fn people(&self) -> impl Iterator<Item = Remembered<'a>> {
        let mut reader = self.people;
        let mut left = self.count;
        iter::from_fn(move || {
            left = left.checked_sub(1)?;
            self.person(&mut reader)
        })
    }

    fn person(&self, reader: &mut Reader<'a>) -> Option<Remembered<'a>> {
        let flags = reader.byte()?;
        let head = reader.number()?;
        let id = match head & TEXT_ID {
            0 => unpack_uuid(reader.array()?),
            _ => reader.text()?.to_string(),
        };
        let email = reader.array()?;
        let mut field = |flag: u8| -> Option<Option<FieldFingerprint>> {
            if flags & flag == 0 { Some(None) } else { reader.array().map(Some) }
        };
        let fingerprint = UserFingerprint {
            email,
            first_name: field(FIRST_NAME)?,
            last_name: field(LAST_NAME)?,
            user_type: user_type_of(flags >> USER_TYPE_SHIFT & USER_TYPE_MASK)?,
            admin: flags & ADMIN != 0,
            disabled: flags & DISABLED != 0,
            profile_photo_url: field(PHOTO)?,
        };
        let mut groups = Vec::new();
        let mut number = 0u32;
        for at in 0..head >> 1 {
            let step = reader.number()?;
            // A user must not be in a group twice.
            if at > 0 && step == 0 {
                return None;
            }
            number = number.checked_add(step)?;
            groups.push(*self.groups.get(number as usize)?);
        }
        Some(Remembered { id, fingerprint, groups })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_packed_and_unpacked() {
        let text = "00112233-4455-6677-8899-aabbccddeeff";
        let packed = pack_uuid(text).expect("a UUID");
        assert_eq!(packed[..3], [0x00, 0x11, 0x22]);
        assert_eq!(unpack_uuid(packed), text);
    }

    #[test]
    fn an_id_that_unpacking_would_change_is_not_packed() {
        for text in [
            "",
            "00112233-4455-6677-8899-AABBCCDDEEFF",
            "00112233-4455-6677-8899-aabbccddeef",
            "00112233-4455-6677-8899-aabbccddeeff0",
            "00112233445566778899aabbccddeeff",
            "{00112233-4455-6677-8899-aabbccddeeff}",
            "urn:uuid:00112233-4455-6677-8899-aabbccddeeff",
            "0011223-34455-6677-8899-aabbccddeeff",
            "00112233-4455-6677-8899-aabbccddeegg",
            "user_0123456789abcdef",
            "00112233-4455-6677-8899-aabbccddeeé",
        ] {
            assert_eq!(pack_uuid(text), None, "{text}");
        }
    }
}
