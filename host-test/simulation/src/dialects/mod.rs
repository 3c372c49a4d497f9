//! The differences between the dialects: how requests and responses are encoded, how ids are
//! spelled, how servers differ, and which fields of a record are visible. Each dialect has its own
//! module, and no other code knows its encoding.

mod scim;
mod v1;
mod v2;

use mock_retool::{Dialect, Group, Options, Organisation, User};
use retool_lifecycle::domain::{self, GroupId, GroupIdKind, UserPatch};
use retool_lifecycle::http::Method;
use retool_lifecycle::retool::Capabilities;
use serde_json::Value;

use crate::chance::Chance;
use crate::request::{Act, Fields, ListQuery, Target, Visible};

/// The encoding of a dialect, and the differences between servers of that dialect.
pub trait DialectWire: Sync {
    /// Returns the resource of a path.
    fn target(&self, path: &str) -> Target;

    /// Returns a user's id as the organisation spells it.
    fn user_id(&self, id: &str) -> String;

    /// Returns the part of a listing that a query requests.
    fn list_query(&self, query: &[(&str, String)]) -> ListQuery;

    /// Returns what a write does. `None` if the dialect has no such write.
    fn act(&self, method: Method, target: &Target, path: &str, body: &Value) -> Option<Act>;

    /// Returns what a response with a 2xx status shows.
    fn visible(&self, target: &Target, body: &Value) -> Visible;

    /// Draws the properties in which only servers of this dialect differ.
    fn quirks(&self, chance: &mut Chance) -> Quirks;

    /// Returns a query pair of a listing as the server understands it. `None` if the server ignores
    /// it.
    fn effective_pair<'q>(
        &self,
        pair: (&'q str, &'q str),
        ignored_query: IgnoredQuery,
    ) -> Option<(&'q str, &'q str)>;

    /// Returns the items of a listing. Over `/api/v1` of users only.
    fn items<'b>(&self, body: &'b mut Value) -> Option<&'b mut Vec<Value>>;

    /// Returns the total that a listing states.
    fn total<'b>(&self, body: &'b mut Value) -> Option<&'b mut Value>;

    /// Makes a page look like the whole listing.
    fn make_only_page(&self, body: &mut Value) {
        let listed = self.items(body).map(|items| items.len());
        if let (Some(total), Some(listed)) = (self.total(body), listed) {
            *total = listed.into();
        }
    }

    /// Returns a listing without users.
    fn empty_user_list(&self) -> Value;

    /// Returns the record in a response about one user.
    fn record<'b>(&self, body: &'b mut Value) -> &'b mut Value;

    /// Returns the address in a user's record.
    fn address<'b>(&self, record: &'b mut Value) -> Option<&'b mut Value>;

    /// Removes the last name from a user's record.
    fn remove_last_name(&self, record: &mut Value);

    /// Whether faults of paged listings apply to this resource.
    fn is_paged(&self, target: &Target) -> bool;

    /// Whether pages are requested by a token, and responses state whether they are a success.
    fn has_tokens(&self) -> bool {
        false
    }

    /// Returns the body that replaces the record in the response to a write, on servers with short
    /// replies. `None` if the response keeps its body.
    fn short_reply(&self, method: Method, target: &Target) -> Option<&'static [u8]>;

    /// Removes the groups from a user's record, alone or in a listing.
    fn remove_groups(&self, record: &mut Value);

    /// Returns a user's fields as the dialect shows them.
    fn visible_fields(&self, fields: Fields) -> Fields;

    /// Adds data to the organisation that only this dialect can create.
    fn add_dialect_data(&self, organisation: &mut Organisation, chance: &mut Chance);
}

/// Returns the encoding of a dialect.
pub fn dialect_wire(dialect: Dialect) -> &'static dyn DialectWire {
    match dialect {
        Dialect::V1 => &v1::V1,
        Dialect::V2 => &v2::V2,
        Dialect::Scim => &scim::Scim,
    }
}

/// The parts of a query that a server ignores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IgnoredQuery {
    /// The filter by address.
    pub filter: bool,
    /// The page number or token.
    pub page: bool,
}

/// The properties in which only servers of one dialect differ.
#[derive(Clone, Debug, Default)]
pub struct Quirks {
    /// Options of the mock.
    pub options: Options,
    /// The page size if the request states no limit.
    pub default_page_size: Option<usize>,
    /// The list of groups does not contain the members.
    pub hides_members: bool,
}

/// Returns the capabilities of a dialect.
pub fn capabilities(dialect: Dialect) -> Capabilities {
    component_dialect(dialect).capabilities()
}

/// Returns the component's type for a dialect.
pub fn component_dialect(dialect: Dialect) -> domain::Dialect {
    match dialect {
        Dialect::V1 => domain::Dialect::V1,
        Dialect::V2 => domain::Dialect::V2,
        Dialect::Scim => domain::Dialect::Scim,
    }
}

/// Returns a user's id as the dialect spells it.
pub fn user_id(dialect: Dialect, user: &User) -> domain::UserId {
    let value = match dialect {
        Dialect::V1 => user.id.clone(),
        Dialect::V2 => user.sid(),
        Dialect::Scim => user.scim_id(),
    };
    domain::UserId { dialect: component_dialect(dialect), value }
}

/// Returns a group's id as the dialect spells it.
pub fn group_id(dialect: Dialect, number: u32) -> GroupId {
    match dialect {
        Dialect::V1 | Dialect::V2 => GroupId { kind: GroupIdKind::Rest, value: number.to_string() },
        Dialect::Scim => {
            let group = Group { id: number, ..Group::new("") };
            GroupId { kind: GroupIdKind::Scim, value: group.scim_id() }
        }
    }
}

/// Returns the organisation's number of a group, from an id of any dialect.
pub fn group_number(id: &GroupId) -> Option<u32> {
    match id.kind {
        GroupIdKind::Rest => id.value.parse().ok(),
        GroupIdKind::Scim => scim::group_number(&id.value),
    }
}

/// Removes the fields that the dialect does not support. Keeps them for every 25th `number`, to
/// test the refusal too.
pub fn mostly_supported(can: &Capabilities, mut fields: UserPatch, number: usize) -> UserPatch {
    use domain::UserType::{Default, Embed, EndUser, Mobile};
    let refused = number.is_multiple_of(25);
    fields.user_type =
        fields.user_type.filter(|_| can.bills_seats || refused).map(|asked| match asked {
            EndUser if can.bills(Mobile) && !refused => {
                if number.is_multiple_of(2) {
                    Mobile
                } else {
                    Embed
                }
            }
            EndUser if can.bills(Mobile) => Default,
            other => other,
        });
    // If a dialect does not show administrators, `admin: false` is accepted for new users only.
    fields.admin =
        fields.admin.filter(|admin| can.sets_admins || refused && (*admin || can.reports_admins));
    fields.profile_photo_url = fields.profile_photo_url.filter(|_| can.sets_photos || refused);
    fields
}

/// Returns the segments of a path below one of these bases.
fn below<'p>(bases: &[&str], path: &'p str) -> Option<Vec<&'p str>> {
    let rest = bases.iter().find_map(|base| path.strip_prefix(base))?;
    Some(rest.strip_prefix('/')?.split('/').collect())
}

/// Returns a user with this id, to spell the id in another dialect.
fn with_id(id: &str) -> User {
    User { id: id.to_owned(), ..User::new("") }
}

/// Returns the objects of an array.
fn objects(value: &Value) -> impl Iterator<Item = &Fields> {
    value.as_array().into_iter().flatten().filter_map(Value::as_object)
}

/// Returns an object's field as text. Empty if it is missing or no text.
fn text<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).and_then(Value::as_str).unwrap_or_default()
}
