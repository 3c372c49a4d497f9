//! Groups: RFC 7643, section 4.2.

use super::{Attribute, Schema};

pub(super) static CORE: Schema = Schema {
    id: "urn:ietf:params:scim:schemas:core:2.0:Group",
    name: "Group",
    description: "Group",
    attributes: &[
        Attribute::text("displayName", "The name; it need not be unique").required(),
        Attribute::complex("members", &MEMBERS, "The members; only users").many(),
    ],
};

static MEMBERS: [Attribute; 4] = [
    Attribute::text("value", "The user's id").exact(),
    Attribute::reference("$ref", &["User"], "The location of the user"),
    Attribute::text("type", "The kind of member").among(&["User"]),
    Attribute::text("display", "The user's userName").read_only(),
];
