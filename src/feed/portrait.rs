//! What a cursor remembers of somebody's fields: enough to tell which changed, without the
//! values.

use core::hash::Hasher;

use super::Organisation;
use crate::domain::{User, UserType};

/// A short digest of a value: 40 bits of SipHash-2-4. One change in 10^12 goes unnoticed.
pub type Mark = [u8; 5];

/// Somebody's fields. Marks are of one person in one organisation: equal names of two people,
/// or of one in two organisations, have different ones. They don't keep a secret from somebody
/// who can guess it: a guess can be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Portrait {
    /// The address, as it is written.
    pub email: Mark,
    /// Given name.
    pub first_name: Option<Mark>,
    /// Family name.
    pub last_name: Option<Mark>,
    /// What the seat is billed as.
    pub user_type: Option<UserType>,
    /// Administers the organisation.
    pub admin: bool,
    /// Barred from logging in.
    pub disabled: bool,
    /// The photo's URL.
    pub profile_photo_url: Option<Mark>,
}

impl Portrait {
    /// Takes a portrait. Destructures, so that a new field breaks the build here.
    pub fn of(user: &User, organisation: &Organisation) -> Portrait {
        let User {
            id,
            email,
            first_name,
            last_name,
            user_type,
            admin,
            disabled,
            profile_photo_url,
            invited: _,
            groups: _,
            created_at: _,
            updated_at: _,
            last_active_at: _,
        } = user;
        let mut person = organisation.hasher();
        person.write(&(id.value.len() as u64).to_le_bytes());
        person.write(id.value.as_bytes());
        let mark = |field: u8, text: &str| {
            let mut value = person.clone();
            value.write(&[field]);
            value.write(text.as_bytes());
            let [mark @ .., _, _, _] = value.finish().to_le_bytes();
            mark
        };
        Portrait {
            email: mark(1, email.as_str()),
            first_name: first_name.as_deref().map(|text| mark(2, text)),
            last_name: last_name.as_deref().map(|text| mark(3, text)),
            user_type: *user_type,
            admin: *admin,
            disabled: *disabled,
            profile_photo_url: profile_photo_url.as_deref().map(|text| mark(4, text)),
        }
    }

    /// The names of the fields that differ, in the contract's spelling and order. Without
    /// `disabled`, which has changes of its own.
    pub fn differences(&self, before: &Portrait) -> impl Iterator<Item = &'static str> {
        let Portrait {
            email,
            first_name,
            last_name,
            user_type,
            admin,
            disabled: _,
            profile_photo_url,
        } = before;
        [
            ("email", self.email != *email),
            ("first-name", self.first_name != *first_name),
            ("last-name", self.last_name != *last_name),
            ("user-type", self.user_type != *user_type),
            ("admin", self.admin != *admin),
            ("profile-photo-url", self.profile_photo_url != *profile_photo_url),
        ]
        .into_iter()
        .filter_map(|(field, differs)| differs.then_some(field))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Dialect;
    use crate::feed::testing::{acme, user};

    #[test]
    fn the_changed_fields_are_named() {
        let before = Portrait::of(&user(1), &acme());
        let changed = |change: fn(&mut User)| {
            let mut user = user(1);
            change(&mut user);
            Portrait::of(&user, &acme()).differences(&before).collect::<Vec<_>>()
        };
        assert_eq!(changed(|_| ()), [""; 0]);
        assert_eq!(changed(|user| user.first_name = Some("Eve".into())), ["first-name"]);
        assert_eq!(changed(|user| user.last_name = None), ["last-name"]);
        assert_eq!(changed(|user| user.user_type = None), ["user-type"]);
        assert_eq!(changed(|user| user.updated_at = Some("later".into())), [""; 0]);
        assert_eq!(changed(|user| user.disabled = true), [""; 0]);
        let all = changed(|user| {
            user.email = crate::domain::Email::new("other@acme.example");
            user.first_name = Some(String::new());
            core::mem::swap(&mut user.last_name, &mut user.profile_photo_url);
            user.user_type = Some(UserType::EndUser);
            user.admin = true;
        });
        assert_eq!(
            all,
            ["email", "first-name", "last-name", "user-type", "admin", "profile-photo-url"]
        );
    }

    #[test]
    fn equal_values_do_not_show() {
        let portrait = |at: u32, organisation: &Organisation| {
            let mut user = user(at);
            user.first_name = Some("Kim".into());
            user.last_name = Some("Kim".into());
            Portrait::of(&user, organisation)
        };
        let here = portrait(1, &acme());
        assert_eq!(here, portrait(1, &acme()));
        assert_ne!(here.first_name, here.last_name);
        assert_ne!(here.first_name, portrait(2, &acme()).first_name);
        let elsewhere = Organisation::new("https://other.example", Dialect::V1);
        assert_ne!(here.first_name, portrait(1, &elsewhere).first_name);
    }
}
