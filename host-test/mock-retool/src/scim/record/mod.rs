//! Users and groups as resources, and reading them from attributes.

mod group;
mod user;
mod version;

use serde_json::{Value, json};

use super::attr::{Fields, is_urn};
use super::schema::ResourceType;
pub(super) use group::{GroupDraft, group_attributes, group_draft, group_record};
pub(super) use user::{user_attributes, user_draft, user_name, user_record};

/// The base URL of resources, e.g. `https://acme.example/scim/v2`.
#[derive(Clone, Debug)]
pub(super) struct Base(pub(super) String);

impl Base {
    /// Returns the URL of the resource with this id.
    pub(super) fn of(&self, endpoint: &str, id: &str) -> String {
        format!("{}/{endpoint}/{id}", self.0)
    }
}

/// Builds a complete resource: the attributes, and `schemas`, `id` and `meta`.
fn resource(
    mut attributes: Fields,
    kind: &ResourceType,
    id: &str,
    (created, modified): (&str, &str),
    base: &Base,
) -> Fields {
    let extensions = attributes.iter().filter(|(name, value)| is_urn(name) && value.is_object());
    let schemas: Vec<Value> =
        [json!(kind.core.id)].into_iter().chain(extensions.map(|(name, _)| json!(name))).collect();
    attributes.insert("schemas".to_owned(), Value::Array(schemas));
    attributes.insert("id".to_owned(), json!(id));
    let version = version::of(&attributes);
    attributes.insert(
        "meta".to_owned(),
        json!({
            "resourceType": kind.name,
            "created": created,
            "lastModified": modified,
            "location": base.of(kind.endpoint, id),
            "version": version,
        }),
    );
    attributes
}
