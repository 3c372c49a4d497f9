//! The organisation for the measurements. Its records are as long as real ones.

use std::fmt::Write;

/// How many groups there are.
const GROUPS: usize = 20;

/// Returns a person's address.
pub fn email(at: usize) -> String {
    format!("person.number{at:06}@acme.example")
}

/// Returns the names of a person's groups.
pub fn groups_of(at: usize) -> [String; 2] {
    [at % GROUPS, (at / 7 + 1) % GROUPS + GROUPS].map(group_name)
}

fn group_name(at: usize) -> String {
    format!("Department {at}")
}

/// Returns a person as a record of `/api/v1`.
pub fn record(at: usize) -> String {
    let email = email(at);
    let [one, other] = [at % GROUPS, (at / 7 + 1) % GROUPS + GROUPS];
    format!(
        "{{\"id\":\"00000000-0000-4000-8000-{at:012x}\",\"email\":\"{email}\",\
         \"firstName\":\"Given{at}\",\"lastName\":\"Family{at}\",\"isAdmin\":{},\
         \"isDisabled\":false,\"userType\":\"default\",\
         \"profilePhotoUrl\":\"https://acme.example/photos/{at}.png\",\
         \"groups\":[{{\"id\":{},\"name\":\"{}\"}},{{\"id\":{},\"name\":\"{}\"}}],\
         \"locale\":\"en-US\",\"legacyId\":{at},\
         \"createdAt\":\"2025-03-04T05:06:07.000Z\",\"updatedAt\":\"2026-01-02T03:04:05.000Z\"}}",
        at < 3,
        one + 4,
        group_name(one),
        other + 4,
        group_name(other),
    )
}

/// Returns the groups as an answer of `/api/v1`.
pub fn groups() -> String {
    let mut groups = String::from("{\"groups\":[");
    for at in 0..2 * GROUPS {
        let comma = if at == 0 { "" } else { "," };
        // Writing to a string can't fail.
        let _ = write!(groups, "{comma}{{\"id\":{},\"name\":\"{}\"}}", at + 4, group_name(at));
    }
    groups + "]}"
}
