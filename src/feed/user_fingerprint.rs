//! Fingerprints of a user's fields. A cursor stores them instead of the values, to detect which
//! fields changed.

use core::hash::Hasher;

use super::Organisation;
use crate::domain::{User, UserType};

/// The fingerprint of a value: 40 bits of SipHash-2-4. One change in 10^12 is not detected.
pub type FieldFingerprint = [u8; 5];

/// The fingerprints of a user's fields. They depend on the user and the organisation: equal names
/// of two users, or of one user in two organisations, have different fingerprints. They do not
/// protect a value that can be guessed, because a guess can be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserFingerprint {
    /// The address, as it is written.
    pub email: FieldFingerprint,
    /// The given name.
    pub first_name: Option<FieldFingerprint>,
    /// The family name.
    pub last_name: Option<FieldFingerprint>,
    /// The type that the seat is billed as.
    pub user_type: Option<UserType>,
    /// Whether the user administers the organisation.
    pub admin: bool,
    /// Whether the user is disabled, and so can't log in.
    pub disabled: bool,
    /// The photo's URL.
    pub profile_photo_url: Option<FieldFingerprint>,
}

impl UserFingerprint {
    /// Computes the fingerprints of a user. Destructures the user, so that a new field breaks the
    /// build here.
    pub fn of(user: &User, organisation: &Organisation) -> UserFingerprint {
        let User {
            id,
            email,
            names: _,
            first_name,
            last_name,
            user_type,
            admin,
            disabled,
            profile_photo_url,
            metadata: _,
            attributes: _,
            invited: _,
            groups: _,
            times: _,
        } = user;
        let mut person = organisation.hasher();
        person.write(&(id.value.len() as u64).to_le_bytes());
        person.write(id.value.as_bytes());
        let fingerprint = |field: u8, text: &str| {
            let mut value = person;
            value.write(&[field]);
            value.write(text.as_bytes());
            let [fingerprint @ .., _, _, _] = value.finish().to_le_bytes();
            fingerprint
        };
        UserFingerprint {
            email: fingerprint(1, email.as_str()),
            first_name: first_name.as_deref().map(|text| fingerprint(2, text)),
            last_name: last_name.as_deref().map(|text| fingerprint(3, text)),
            user_type: *user_type,
            admin: *admin,
            disabled: *disabled,
            profile_photo_url: profile_photo_url.as_deref().map(|text| fingerprint(4, text)),
        }
    }

    /// Returns the names of the fields that differ, in the contract's spelling and order.
    /// `disabled` is left out, because it has its own kinds of change.
    pub fn differences(&self, before: &UserFingerprint) -> impl Iterator<Item = &'static str> {
        let UserFingerprint {
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
    use crate::testing::feed::{acme, user};

    #[test]
    fn changed_fields_are_named() {
        let before = UserFingerprint::of(&user(1), &acme());
        let changed = |change: fn(&mut User)| {
            let mut user = user(1);
            change(&mut user);
            UserFingerprint::of(&user, &acme()).differences(&before).collect::<Vec<_>>()
        };
        assert_eq!(changed(|_| ()), [""; 0]);
        assert_eq!(changed(|user| user.first_name = Some("Eve".into())), ["first-name"]);
        assert_eq!(changed(|user| user.last_name = None), ["last-name"]);
        assert_eq!(changed(|user| user.user_type = None), ["user-type"]);
        assert_eq!(changed(|user| user.times.updated_at = Some("later".into())), [""; 0]);
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
    fn equal_values_of_other_fields_users_and_organisations_differ() {
        let fingerprint = |at: u32, organisation: &Organisation| {
            let mut user = user(at);
            user.first_name = Some("Kim".into());
            user.last_name = Some("Kim".into());
            UserFingerprint::of(&user, organisation)
        };
        let here = fingerprint(1, &acme());
        assert_eq!(here, fingerprint(1, &acme()));
        assert_ne!(here.first_name, here.last_name);
        assert_ne!(here.first_name, fingerprint(2, &acme()).first_name);
        let elsewhere = Organisation::new("https://other.example", Dialect::V1);
        assert_ne!(here.first_name, fingerprint(1, &elsewhere).first_name);
    }
}
