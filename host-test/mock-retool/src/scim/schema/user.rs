//! Users: RFC 7643, sections 4.1 and 4.3.

use super::{Attribute, Schema};

pub(super) static CORE: Schema = Schema {
    id: "urn:ietf:params:scim:schemas:core:2.0:User",
    name: "User",
    description: "User Account",
    attributes: &[
        Attribute::text("userName", "The login of the user: the e-mail address")
            .required()
            .unique(),
        Attribute::complex("name", &NAME, "The user's name"),
        Attribute::text("displayName", "The name to show"),
        Attribute::text("nickName", "The nickname"),
        Attribute::reference("profileUrl", &["external"], "The URL of the user's page"),
        Attribute::text("title", "The position, e.g. Vice President"),
        Attribute::text("userType", "The relation to the organisation, e.g. Contractor"),
        Attribute::text("preferredLanguage", "The preferred languages, as in Accept-Language"),
        Attribute::text("locale", "The locale for dates and numbers, e.g. en-US"),
        Attribute::text("timezone", "The time zone, e.g. Europe/Berlin"),
        Attribute::flag("active", "Whether the user may log in"),
        Attribute::text("password", "Accepted and discarded: users log in through SSO")
            .write_only(),
        Attribute::complex("emails", &EMAILS, "The e-mail addresses").many(),
        Attribute::complex("phoneNumbers", &PHONE_NUMBERS, "The telephone numbers").many(),
        Attribute::complex("ims", &PLAIN, "The addresses for instant messages").many(),
        Attribute::complex("photos", &PHOTOS, "The photos").many(),
        Attribute::complex("addresses", &ADDRESSES, "The postal addresses").many(),
        Attribute::complex("groups", &GROUPS, "The groups; to change them, write the groups")
            .many()
            .read_only(),
        Attribute::complex("entitlements", &PLAIN, "The entitlements").many(),
        Attribute::complex("roles", &PLAIN, "The roles, as the client names them").many(),
        Attribute::complex("x509Certificates", &PLAIN, "The certificates").many(),
    ],
};

pub(super) static ENTERPRISE: Schema = Schema {
    id: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
    name: "EnterpriseUser",
    description: "Enterprise User",
    attributes: &[
        Attribute::text("employeeNumber", "The number in the organisation"),
        Attribute::text("costCenter", "The cost center"),
        Attribute::text("organization", "The organization"),
        Attribute::text("division", "The division"),
        Attribute::text("department", "The department"),
        Attribute::complex("manager", &MANAGER, "The manager"),
    ],
};

static NAME: [Attribute; 6] = [
    Attribute::text("formatted", "The whole name"),
    Attribute::text("familyName", "The family name"),
    Attribute::text("givenName", "The given name"),
    Attribute::text("middleName", "The middle names"),
    Attribute::text("honorificPrefix", "The title before the name, e.g. Ms."),
    Attribute::text("honorificSuffix", "The suffix after the name, e.g. III"),
];

static EMAILS: [Attribute; 4] = [
    Attribute::text("value", "The address"),
    Attribute::text("display", "The text to display"),
    Attribute::text("type", "The purpose").among(&["work", "home", "other"]),
    Attribute::flag("primary", "Whether it is the preferred value; at most one is"),
];

static PHONE_NUMBERS: [Attribute; 4] = [
    Attribute::text("value", "The number"),
    Attribute::text("display", "The text to display"),
    Attribute::text("type", "The purpose")
        .among(&["work", "home", "mobile", "fax", "pager", "other"]),
    Attribute::flag("primary", "Whether it is the preferred value; at most one is"),
];

static PHOTOS: [Attribute; 4] = [
    Attribute::reference("value", &["external"], "The photo"),
    Attribute::text("display", "The text to display"),
    Attribute::text("type", "The purpose").among(&["photo", "thumbnail"]),
    Attribute::flag("primary", "Whether it is the preferred value; at most one is"),
];

static PLAIN: [Attribute; 4] = [
    Attribute::text("value", "The value"),
    Attribute::text("display", "The text to display"),
    Attribute::text("type", "The purpose"),
    Attribute::flag("primary", "Whether it is the preferred value; at most one is"),
];

static ADDRESSES: [Attribute; 8] = [
    Attribute::text("formatted", "The whole address"),
    Attribute::text("streetAddress", "Street and number"),
    Attribute::text("locality", "The city"),
    Attribute::text("region", "The state or region"),
    Attribute::text("postalCode", "The postal code"),
    Attribute::text("country", "The country"),
    Attribute::text("type", "The purpose").among(&["work", "home", "other"]),
    Attribute::flag("primary", "Whether it is the preferred value; at most one is"),
];

static GROUPS: [Attribute; 4] = [
    Attribute::text("value", "The group's id").exact().read_only(),
    Attribute::reference("$ref", &["Group"], "The location of the group").read_only(),
    Attribute::text("display", "The group's name").read_only(),
    Attribute::text("type", "The kind of membership").among(&["direct"]).read_only(),
];

static MANAGER: [Attribute; 3] = [
    Attribute::text("value", "The manager's id").exact(),
    Attribute::reference("$ref", &["User"], "The location of the manager"),
    Attribute::text("displayName", "The manager's name"),
];
