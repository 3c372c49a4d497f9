//! The attributes of users and groups, after RFC 7643.
//!
//! Requests are read, compared and patched by these definitions, and `/Schemas` shows them.

mod document;
mod group;
mod user;

pub(super) use document::{resource_type, schema};

/// The definition of one kind of resource.
#[derive(Debug)]
pub(super) struct ResourceType {
    /// `User` or `Group`.
    pub(super) name: &'static str,
    /// The path below the base, without a slash.
    pub(super) endpoint: &'static str,
    /// The core schema.
    pub(super) core: &'static Schema,
    /// The optional extensions.
    pub(super) extensions: &'static [&'static Schema],
    description: &'static str,
}

/// A set of attributes.
#[derive(Debug)]
pub(super) struct Schema {
    /// The URN.
    pub(super) id: &'static str,
    name: &'static str,
    description: &'static str,
    attributes: &'static [Attribute],
}

/// The definition of an attribute. By default it has one value, is compared without case, is
/// optional and can be written.
#[derive(Debug)]
pub(super) struct Attribute {
    /// The name in its normal case.
    pub(super) name: &'static str,
    /// The type of a value.
    pub(super) kind: Kind,
    /// Whether it is multi-valued.
    pub(super) many: bool,
    /// Whether it is compared with case.
    pub(super) case_exact: bool,
    access: Access,
    required: bool,
    unique: bool,
    canonical: &'static [&'static str],
    description: &'static str,
}

/// The type of an attribute's value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// A string.
    Text,
    /// True or false.
    Flag,
    /// A time in RFC 3339.
    Time,
    /// A URL. The list contains the SCIM reference types.
    Reference(&'static [&'static str]),
    /// An object of sub-attributes.
    Complex(&'static [Attribute]),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    ReadWrite,
    ReadOnly,
    /// Never returned.
    WriteOnly,
}

/// A user.
pub(super) static USER: ResourceType = ResourceType {
    name: "User",
    endpoint: "Users",
    core: &user::CORE,
    extensions: &[&user::ENTERPRISE],
    description: "Users of the organisation",
};

/// A group.
pub(super) static GROUP: ResourceType = ResourceType {
    name: "Group",
    endpoint: "Groups",
    core: &group::CORE,
    extensions: &[],
    description: "Groups of users",
};

/// The kinds of resources.
pub(super) static RESOURCE_TYPES: [&ResourceType; 2] = [&USER, &GROUP];

/// The schemas.
pub(super) static SCHEMAS: [&Schema; 3] = [&user::CORE, &user::ENTERPRISE, &group::CORE];

/// The attributes that every resource has and that no schema lists.
static COMMON: [Attribute; 4] = [
    Attribute::reference("schemas", &["uri"], "The schemas of the resource").many().read_only(),
    Attribute::text("id", "The id that the server assigned").exact().read_only(),
    Attribute::text("externalId", "The id that the client assigned").exact(),
    Attribute::complex("meta", &META, "About the resource").read_only(),
];

static META: [Attribute; 5] = [
    Attribute::text("resourceType", "The kind of resource").exact().read_only(),
    Attribute::time("created", "The creation time").read_only(),
    Attribute::time("lastModified", "The time of the last change").read_only(),
    Attribute::reference("location", &["uri"], "The location").read_only(),
    Attribute::text("version", "The entity tag").exact().read_only(),
];

impl Schema {
    /// Finds the attribute with this name, in any case.
    pub(super) fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        self.attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
    }
}

impl ResourceType {
    /// Finds the attribute with this name, in any case, outside of extensions.
    pub(super) fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        COMMON
            .iter()
            .find(|attribute| attribute.name.eq_ignore_ascii_case(name))
            .or_else(|| self.core.attribute(name))
    }

    /// Finds the extension with this URN, in any case.
    pub(super) fn extension(&self, urn: &str) -> Option<&'static Schema> {
        self.extensions.iter().find(|schema| schema.id.eq_ignore_ascii_case(urn)).copied()
    }
}

impl Attribute {
    const fn new(name: &'static str, kind: Kind, description: &'static str) -> Self {
        Attribute {
            name,
            kind,
            many: false,
            case_exact: false,
            access: Access::ReadWrite,
            required: false,
            unique: false,
            canonical: &[],
            description,
        }
    }

    const fn text(name: &'static str, description: &'static str) -> Self {
        Attribute::new(name, Kind::Text, description)
    }

    const fn flag(name: &'static str, description: &'static str) -> Self {
        Attribute::new(name, Kind::Flag, description)
    }

    const fn time(name: &'static str, description: &'static str) -> Self {
        Attribute::new(name, Kind::Time, description)
    }

    const fn reference(
        name: &'static str,
        to: &'static [&'static str],
        description: &'static str,
    ) -> Self {
        Attribute::new(name, Kind::Reference(to), description).exact()
    }

    const fn complex(
        name: &'static str,
        of: &'static [Attribute],
        description: &'static str,
    ) -> Self {
        Attribute::new(name, Kind::Complex(of), description)
    }

    const fn many(self) -> Self {
        Attribute { many: true, ..self }
    }

    const fn exact(self) -> Self {
        Attribute { case_exact: true, ..self }
    }

    const fn read_only(self) -> Self {
        Attribute { access: Access::ReadOnly, ..self }
    }

    const fn write_only(self) -> Self {
        Attribute { access: Access::WriteOnly, ..self }
    }

    const fn required(self) -> Self {
        Attribute { required: true, ..self }
    }

    const fn unique(self) -> Self {
        Attribute { unique: true, ..self }
    }

    const fn among(self, canonical: &'static [&'static str]) -> Self {
        Attribute { canonical, ..self }
    }

    /// Finds the sub-attribute with this name, in any case.
    pub(super) fn part(&self, name: &str) -> Option<&'static Attribute> {
        self.parts().iter().find(|part| part.name.eq_ignore_ascii_case(name))
    }

    /// Returns the sub-attributes.
    pub(super) fn parts(&self) -> &'static [Attribute] {
        match self.kind {
            Kind::Complex(parts) => parts,
            _ => &[],
        }
    }

    /// Whether only the server can set it.
    pub(super) fn is_read_only(&self) -> bool {
        self.access == Access::ReadOnly
    }

    /// Whether it is never returned.
    pub(super) fn is_secret(&self) -> bool {
        self.access == Access::WriteOnly
    }
}
