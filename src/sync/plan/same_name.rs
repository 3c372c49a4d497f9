//! Finds people that a plan would create and remove, and that may be the same person under a new
//! address.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::domain::{Dialect, Email, User, UserId, text};
use crate::sync::{DesiredUser, Step, StepKind};

/// How many pairs a plan names.
const MOST: usize = 50;

/// Returns a text for each pair of one full name: a person that the steps create or invite, and one
/// that they disable or delete. `taken` are the accounts that the steps take something from. The
/// names of new people are those of the roster: an invitation has none.
pub(super) fn pairs(
    roster: &[DesiredUser],
    steps: &[Step],
    taken: &[User],
    dialect: Dialect,
) -> Vec<String> {
    let by_id: BTreeMap<&UserId, &User> = taken.iter().map(|user| (&user.id, user)).collect();
    let mut removed: BTreeMap<String, Vec<(&User, &'static str)>> = BTreeMap::new();
    for step in steps {
        let verb = match step.kind {
            StepKind::DisableUser => "disabled",
            StepKind::DeleteUser => "deleted",
            _ => continue,
        };
        let Some(user) = step.user.as_ref().and_then(|id| by_id.get(id)) else { continue };
        if let Some(name) = full_name(user.first_name.as_deref(), user.last_name.as_deref()) {
            removed.entry(name).or_default().push((user, verb));
        }
    }
    if removed.is_empty() {
        return Vec::new();
    }
    let entries: BTreeMap<&Email, &DesiredUser> =
        roster.iter().map(|desired| (&desired.email, desired)).collect();
    let mut texts = Vec::new();
    let mut more = 0;
    for step in steps {
        let made = match step.kind {
            StepKind::CreateUser => "created",
            StepKind::InviteUser => "invited",
            _ => continue,
        };
        let entry = step.email.as_ref().and_then(|email| entries.get(email));
        let Some(fields) = entry.map(|entry| &entry.fields) else { continue };
        let name = full_name(fields.first_name.as_deref(), fields.last_name.as_deref());
        let Some(same) = name.and_then(|name| removed.get(&name)) else { continue };
        for (user, verb) in same {
            if texts.len() == MOST {
                more += 1;
                continue;
            }
            let new = step.email.as_ref().map_or("", Email::as_str);
            let advice = match dialect.capabilities().renames {
                true => "name the old address as a former one of the new person's entry",
                false => "change the address of the account in Retool and plan again",
            };
            texts.push(format!(
                "{new} would be {made}, and {} would be {verb}. They have the same name and may be the same \
                 person. If so, {advice}: it then keeps its id, memberships and history.",
                user.email.as_str()
            ));
        }
    }
    if more > 0 {
        texts.push(format!(
            "{more} more pairs of people have the same name and may be the same person."
        ));
    }
    texts
}

/// Returns a full name as it is compared; `None` unless both of its parts are known.
fn full_name(first: Option<&str>, last: Option<&str>) -> Option<String> {
    let (first, last) = (text::look(first?), text::look(last?));
    let is_known = !first.trim().is_empty() && !last.trim().is_empty();
    is_known.then(|| format!("{} {}", first.trim(), last.trim()))
}
