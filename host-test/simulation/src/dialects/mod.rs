//! What is different from dialect to dialect: how requests and answers are worded, how ids are
//! spelled, how servers differ, and what of a record can be seen. A module for each, and nothing
//! of it elsewhere.

mod scim;
mod v1;
mod v2;

use mock_retool::{Dialect, Group, Options, Organisation, User};
use retool_lifecycle::domain::{self, GroupId, GroupIdKind, UserPatch};
use retool_lifecycle::http::Method;
use retool_lifecycle::retool::Capabilities;
use serde_json::Value;

use crate::chance::Chance;
use crate::wire::{Act, Ask, Fields, Shown, Target};

/// How a dialect is spoken, and how the servers that speak it differ.
pub trait Tongue: Sync {
    /// What a path is about.
    fn target(&self, path: &str) -> Target;

    /// A person's id, as the organisation has it.
    fn person(&self, id: &str) -> String;

    /// What of a listing a query asks for.
    fn ask(&self, query: &[(&str, String)]) -> Ask;

    /// What a write does; `None` if it is nothing that the dialect has.
    fn act(&self, method: Method, target: &Target, path: &str, body: &Value) -> Option<Act>;

    /// What an answer with a good status shows.
    fn shown(&self, target: &Target, body: &Value) -> Shown;

    /// Draws what only servers of this dialect differ in.
    fn habits(&self, chance: &mut Chance) -> Habits;

    /// A pair of a listing's query as the server understands it; `None` if it does not look at
    /// it.
    fn heard<'q>(&self, pair: (&'q str, &'q str), deaf: Deaf) -> Option<(&'q str, &'q str)>;

    /// The items of a listing.
    fn items<'b>(&self, body: &'b mut Value) -> Option<&'b mut Vec<Value>>;

    /// How many items a listing says there are.
    fn total<'b>(&self, body: &'b mut Value) -> Option<&'b mut Value>;

    /// Says of a page that it is all there is.
    fn close(&self, body: &mut Value) {
        let listed = self.items(body).map(|items| items.len());
        if let (Some(total), Some(listed)) = (self.total(body), listed) {
            *total = listed.into();
        }
    }

    /// A listing of nobody.
    fn nobody(&self) -> Value;

    /// The record in an answer about one person.
    fn record<'b>(&self, body: &'b mut Value) -> &'b mut Value;

    /// The address in the record of a person.
    fn address<'b>(&self, record: &'b mut Value) -> Option<&'b mut Value>;

    /// Makes the record of a person one without a last name.
    fn forget_last_name(&self, record: &mut Value);

    /// Whether other listings than that of people go wrong as that does.
    fn is_paged(&self, target: &Target) -> bool;

    /// Whether pages are asked for by a token, and answers say whether they are a success.
    fn has_tokens(&self) -> bool {
        false
    }

    /// What stands in place of the record in the answer to a write, where a server is terse.
    fn terse(&self, method: Method, target: &Target) -> Option<&'static [u8]>;

    /// Takes the groups out of the record of a person, alone or in a list.
    fn silence(&self, record: &mut Value);

    /// A person's fields as far as the dialect shows them.
    fn sees(&self, fields: Fields) -> Fields;

    /// Makes the organisation one that has been spoken to in this dialect.
    fn colour(&self, organisation: &mut Organisation, chance: &mut Chance);
}

/// How a dialect is spoken.
pub fn tongue(dialect: Dialect) -> &'static dyn Tongue {
    match dialect {
        Dialect::V1 => &v1::V1,
        Dialect::V2 => &v2::V2,
        Dialect::Scim => &scim::Scim,
    }
}

/// What a server does not hear of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deaf {
    /// Who is looked for.
    pub filter: bool,
    /// Which page is asked for.
    pub page: bool,
}

/// What only servers of one dialect differ in.
#[derive(Clone, Debug, Default)]
pub struct Habits {
    /// What the mock is to do.
    pub options: Options,
    /// A limit that listings get though nobody asked for pages.
    pub pages_unasked: Option<usize>,
    /// The list of groups shows no members.
    pub hides_members: bool,
}

/// What a dialect can do.
pub fn capabilities(dialect: Dialect) -> Capabilities {
    wanted(dialect).capabilities()
}

/// The component's name for a dialect.
pub fn wanted(dialect: Dialect) -> domain::Dialect {
    match dialect {
        Dialect::V1 => domain::Dialect::V1,
        Dialect::V2 => domain::Dialect::V2,
        Dialect::Scim => domain::Dialect::Scim,
    }
}

/// A group's id as the dialect spells it.
pub fn group_id(dialect: Dialect, number: u32) -> GroupId {
    match dialect {
        Dialect::V1 | Dialect::V2 => GroupId { kind: GroupIdKind::Rest, value: number.to_string() },
        Dialect::Scim => {
            let group = Group { id: number, ..Group::new("") };
            GroupId { kind: GroupIdKind::Scim, value: group.scim_id() }
        }
    }
}

/// The organisation's number of a group, from an id of any dialect.
pub fn group_number(id: &GroupId) -> Option<u32> {
    match id.kind {
        GroupIdKind::Rest => id.value.parse().ok(),
        GroupIdKind::Scim => scim::group_number(&id.value),
    }
}

/// What a call asks for, but for what the dialect can't do; of that, a little.
pub fn within(can: &Capabilities, mut fields: UserPatch, number: usize) -> UserPatch {
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
    // That somebody does not administer is granted of new people alone where nothing tells it.
    fields.admin =
        fields.admin.filter(|admin| can.sets_admins || refused && (*admin || can.tells_admins));
    fields.profile_photo_url = fields.profile_photo_url.filter(|_| can.sets_photos || refused);
    fields
}

/// The segments of a path below one of these bases.
fn below<'p>(bases: &[&str], path: &'p str) -> Option<Vec<&'p str>> {
    let rest = bases.iter().find_map(|base| path.strip_prefix(base))?;
    Some(rest.strip_prefix('/')?.split('/').collect())
}

/// A draft with this id, to spell it in another dialect.
fn with_id(id: &str) -> User {
    User { id: id.to_owned(), ..User::new("") }
}

/// The objects of an array.
fn objects(value: &Value) -> impl Iterator<Item = &Fields> {
    value.as_array().into_iter().flatten().filter_map(Value::as_object)
}

/// An object's field as text.
fn text<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).and_then(Value::as_str).unwrap_or_default()
}
