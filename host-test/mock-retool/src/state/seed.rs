//! The generated users and groups of an organisation.

use std::collections::HashMap;

use serde_json::{Map, json};

use super::{
    EDITOR, FIRST_LEGACY_ID, Group, Membership, Organisation, User, UserAttribute, VIEWER,
};

const FIRST_NAMES: [&str; 24] = [
    "Ada",
    "Alan",
    "Barbara",
    "Clara",
    "Dennis",
    "Donald",
    "Edsger",
    "Frances",
    "Grace",
    "Hedy",
    "Ivan",
    "Jean",
    "John",
    "Katherine",
    "Ken",
    "Leslie",
    "Margaret",
    "Niklaus",
    "Radia",
    "Robin",
    "Sophie",
    "Tony",
    "Vera",
    "Whitfield",
];

const LAST_NAMES: [&str; 24] = [
    "Adams", "Baker", "Clarke", "Diaz", "Evans", "Fischer", "Garcia", "Haddad", "Ito", "Jensen",
    "Kowalski", "Lopez", "Moreau", "Nguyen", "Okafor", "Patel", "Quinn", "Rossi", "Silva",
    "Tanaka", "Usman", "Vargas", "Weber", "Yilmaz",
];

const GROUPS: [(&str, &str); 5] = [
    ("Engineering", "edit"),
    ("Support", "use"),
    ("Finance", "use"),
    ("Sales", "use"),
    ("Operations", "edit"),
];

const LOCALES: [&str; 4] = ["en-GB", "en-US", "de-DE", "fr-FR"];

/// A time on the last working day before the organisation's time begins.
const LAST_SEEN: &str = "2026-01-02T16:30:00.000Z";

/// Creates an organisation, see [`Organisation::seeded`].
pub(super) fn organisation(seed: u64, users: usize, groups: usize) -> Organisation {
    let mut organisation = Organisation::empty(seed);
    organisation.attributes.push(UserAttribute::text("department"));
    // Ids use their own random stream, so that one more name does not change every id.
    let mut choice = fastrand::Rng::with_seed(!seed);

    let teams: Vec<u32> =
        (0..groups).map(|index| organisation.create_group(group(index)).id).collect();
    let mut namesakes = HashMap::new();
    for index in 0..users {
        let mut user = generate_user(index, users, &mut choice, &mut namesakes);
        user.memberships = memberships(index, &teams, &mut choice);
        organisation.insert_user(user);
    }
    organisation
}

fn group(index: usize) -> Group {
    match GROUPS.get(index) {
        Some((name, access)) => {
            Group { universal_app_access: (*access).to_owned(), ..Group::new(*name) }
        }
        None => Group::new(format!("Team {}", index + 1)),
    }
}

fn generate_user(
    index: usize,
    of: usize,
    choice: &mut fastrand::Rng,
    namesakes: &mut HashMap<String, u32>,
) -> User {
    let first = FIRST_NAMES[choice.usize(..FIRST_NAMES.len())];
    let last = LAST_NAMES[choice.usize(..LAST_NAMES.len())];
    let mut mailbox = format!("{first}.{last}").to_lowercase();
    let namesake = namesakes.entry(mailbox.clone()).or_insert(0);
    *namesake += 1;
    if *namesake > 1 {
        mailbox.push_str(&namesake.to_string());
    }

    let admins = if of >= 6 { 3 } else { of.min(2) };
    let is_admin = index < admins;
    let mut metadata = Map::new();
    if index % 5 != 4 {
        metadata.insert("costCentre".to_owned(), json!(1000 + index % 7));
    }
    let mut extra = Map::new();
    extra.insert("legacyId".to_owned(), json!(FIRST_LEGACY_ID + index as u64));
    extra.insert("locale".to_owned(), json!(LOCALES[choice.usize(..LOCALES.len())]));
    extra.insert(
        "preferences".to_owned(),
        json!({"theme": if choice.bool() { "dark" } else { "light" }, "digest": choice.bool()}),
    );
    User {
        first_name: Some(first.to_owned()),
        last_name: Some(last.to_owned()),
        profile_photo_url: index
            .is_multiple_of(3)
            .then(|| format!("https://example.com/photos/{mailbox}.png")),
        is_admin,
        is_disabled: index % 10 == 5,
        user_type: if index % 4 == 3 { "endUser" } else { "default" }.to_owned(),
        seat_type: Some(if is_admin { "builder" } else { "internal" }.to_owned()),
        two_factor_auth_enabled: index.is_multiple_of(2),
        metadata,
        last_active: (index % 4 != 2).then(|| LAST_SEEN.to_owned()),
        extra,
        ..User::new(format!("{mailbox}@example.com"))
    }
}

fn memberships(index: usize, teams: &[u32], choice: &mut fastrand::Rng) -> Vec<Membership> {
    let built_in = match index % 3 {
        0 => Some(EDITOR),
        1 => Some(VIEWER),
        _ => None,
    };
    let mut joined: Vec<Membership> = built_in.into_iter().map(plain).collect();
    if !teams.is_empty() {
        let first = choice.usize(..teams.len());
        joined.push(Membership { group: teams[first], is_group_admin: index < teams.len() });
        // One user in four is in a second group.
        if teams.len() > 1 && choice.u8(..4) == 0 {
            let second = (first + 1 + choice.usize(..teams.len() - 1)) % teams.len();
            joined.push(plain(teams[second]));
        }
    }
    joined
}

fn plain(group: u32) -> Membership {
    Membership { group, is_group_admin: false }
}
