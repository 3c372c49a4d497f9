//! Draws the organisation that a run starts with.

use mock_retool::{Dialect, Group, Organisation, User};
use serde_json::json;

use crate::chance::Chance;
use crate::dialects::dialect_wire;

/// The user attributes that every organisation defines, where the dialect has them.
pub const ATTRIBUTES: [&str; 2] = ["team", "level"];

/// Draws an organisation of 2 to 40 users and 3 to 8 groups.
pub fn draw(dialect: Dialect, seed: u64, chance: &mut Chance) -> Organisation {
    let people = if chance.percent(50) { chance.between(2, 12) } else { chance.between(2, 40) };
    let groups = chance.between(3, 8);
    let mut organisation = Organisation::seeded(seed, people as usize, groups as usize);
    for user in &mut organisation.users {
        vary_user(user, chance);
    }
    dialect_wire(dialect).add_dialect_data(&mut organisation, &mut Chance::new(seed, 6));
    if chance.percent(8) {
        // Some organisations have two groups with the same name, or with names that differ in a
        // space. Never `admin`, which is the first group and can't be joined.
        let twin = chance.pick(&organisation.groups[1..]).name.clone();
        let twin = if chance.percent(50) { twin } else { format!("{twin} ") };
        organisation.create_group(Group::new(twin));
    }
    if chance.percent(4) {
        // Some organisations have two users with one address.
        let twin = chance.pick(&organisation.users).clone();
        let hidden = User { email: format!("twin@{}", organisation.users.len()), ..twin.clone() };
        let id = organisation.create_user(hidden).map(|user| user.id.clone());
        if let Some(user) = id.ok().and_then(|id| organisation.user_mut(&id)) {
            user.email = twin.email.to_uppercase();
        }
        organisation.invitations.clear();
    }
    organisation
}

fn vary_user(user: &mut User, chance: &mut Chance) {
    if chance.percent(10) {
        user.is_disabled = !user.is_disabled;
    }
    if chance.percent(8) {
        user.is_admin = !user.is_admin;
    }
    if chance.percent(15) {
        user.email = respelled(&user.email, chance).trim().to_owned();
    }
    if chance.percent(8) {
        user.last_name = None;
    }
    if chance.percent(4) {
        user.user_type = "legacy".into();
    }
    if chance.percent(20) {
        user.extra.insert("costCentre".into(), json!(123_456_789_012_345_678_u64));
        user.extra.insert("flags".into(), json!({"a": [1, 2, {"b": null}], "c": 1.5}));
        user.extra.insert("nothing".into(), json!(null));
    }
}

/// Returns the same address in another spelling.
pub fn respelled(address: &str, chance: &mut Chance) -> String {
    match chance.below(6) {
        0 => address.to_uppercase(),
        1 => format!("  {address}"),
        2 => format!("{address} \t"),
        3 => {
            let mut odd = false;
            let flipped = address.chars().map(|letter| {
                odd = !odd;
                if odd { letter.to_ascii_uppercase() } else { letter }
            });
            flipped.collect()
        }
        _ => address.to_owned(),
    }
}
