//! Draws what identifies users and groups beside their main address and their plain name: logins
//! that are other addresses, accounts without an address, letters in two forms, and names of groups
//! that only look the same.

use mock_retool::{ADMIN, Dialect, ListingOptions, Organisation};
use serde_json::json;

use crate::chance::Chance;
use crate::change::key;

/// Letters that can be written as one character and as two, in lower case.
pub const LETTERS: [(&str, &str); 3] =
    [("\u{e9}", "e\u{301}"), ("\u{fc}", "u\u{308}"), ("\u{e5}", "a\u{30a}")];

/// A space without width.
pub const HIDDEN: char = '\u{200b}';

/// The domain of logins that are not the mail.
const LOGINS: &str = "@login.example";

/// Returns the login of a user with this address, where it is another address.
pub fn login_of(address: &str) -> String {
    format!("{}{LOGINS}", address.trim().replace('@', "="))
}

/// Returns the address of the user with this login, if it is a login that is another address.
pub fn mail_of(login: &str) -> Option<String> {
    Some(login.strip_suffix(LOGINS)?.replace('=', "@"))
}

/// Returns what a group's name looks like.
pub fn look(name: &str) -> String {
    name.replace(HIDDEN, "").trim().to_lowercase()
}

/// Gives some users and groups of an organisation further names. Those that a listing treats
/// specially keep theirs.
pub fn vary(
    dialect: Dialect,
    listing: &ListingOptions,
    organisation: &mut Organisation,
    chance: &mut Chance,
) {
    if chance.percent(60) {
        return;
    }
    let mut keys: Vec<String> = organisation.users.iter().map(|user| key(&user.email)).collect();
    keys.sort();
    let is_twin = |email: &str| {
        let key = key(email);
        keys.iter().filter(|one| **one == key).count() > 1
    };
    let is_special =
        |email: &String| listing.hidden.contains(email) || listing.odd_records.contains(email);
    for (at, user) in organisation.users.iter_mut().enumerate() {
        let kind = chance.below(10);
        let email = &user.email;
        if email.is_empty()
            || user.scim.contains_key("userName")
            || is_special(email)
            || is_twin(email)
        {
            continue;
        }
        match kind {
            0 | 1 => {
                let (one, two) = *chance.pick(&LETTERS);
                let letter = if chance.percent(50) { one } else { two };
                user.email = format!("{letter}{at}.{}", user.email.trim());
            }
            2 | 3 if dialect == Dialect::Scim => {
                user.scim.insert("userName".into(), json!(login_of(&user.email)));
            }
            4 if dialect == Dialect::Scim && chance.percent(30) => {
                user.scim.insert("userName".into(), json!(format!("svc-{at}")));
                user.email.clear();
            }
            _ => {}
        }
    }
    for group in organisation.groups.iter_mut().filter(|group| group.id > ADMIN + 2) {
        if chance.percent(8) {
            group.name = format!("{}{HIDDEN}", group.name.trim());
        }
    }
}

/// Gives some users a mail besides the one with their address.
pub fn add_mails(dialect: Dialect, organisation: &mut Organisation, chance: &mut Chance) {
    if dialect != Dialect::Scim || chance.percent(60) {
        return;
    }
    for (at, user) in organisation.users.iter_mut().enumerate() {
        if chance.percent(30) && !user.email.is_empty() {
            let mails = json!([
                {"value": format!("person{at}@home.example"), "type": "home"},
                {"value": user.email, "type": "work", "primary": true, "display": "work"},
            ]);
            user.scim.insert("emails".into(), mails);
        }
    }
}

/// Returns another name of the user with this address: the other form of its letters, or a login
/// that the organisation has.
pub fn another(address: &str, organisation: &Organisation, chance: &mut Chance) -> String {
    let login = login_of(&key(address));
    let has_login = |user: &mock_retool::User| {
        let own = user.scim.get("userName").and_then(|login| login.as_str());
        own.is_some_and(|own| own.to_lowercase() == login)
    };
    if organisation.users.iter().any(has_login) && chance.percent(50) {
        return login;
    }
    for (one, two) in LETTERS {
        if address.contains(two) && chance.percent(50) {
            return address.replace(two, one);
        }
        if address.contains(one) && chance.percent(50) {
            return address.replace(one, two);
        }
    }
    address.to_owned()
}
