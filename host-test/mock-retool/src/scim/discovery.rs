//! `/ServiceProviderConfig`, `/Schemas`, `/ResourceTypes`: RFC 7644, section 4.

use axum::Json;
use axum::extract::RawQuery;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::access::Caller;
use super::attr::Fields;
use super::error::ScimError;
use super::listing::document;
use super::payload::Id;
use super::schema::{RESOURCE_TYPES, SCHEMAS, resource_type, schema};

/// `GET /ServiceProviderConfig`.
pub(super) async fn config(caller: Caller) -> Response {
    let quirks = caller.quirks();
    let config = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": { "supported": true },
        "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
        "filter": { "supported": true, "maxResults": caller.max_page_size() },
        "changePassword": { "supported": false },
        "sort": { "supported": false },
        "etag": { "supported": !quirks.no_etag },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Bearer token",
            "description": "The SCIM token in the Authorization header",
            "primary": true,
        }],
        "meta": { "resourceType": "ServiceProviderConfig" },
    });
    let Value::Object(config) = config else {
        return ScimError::no_endpoint().into_response();
    };
    Json(located(&caller, config, "ServiceProviderConfig")).into_response()
}

/// `GET /Schemas`.
pub(super) async fn schemas(
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, ScimError> {
    let schemas = SCHEMAS.iter().map(|it| located(&caller, schema(it), &below("Schemas", it.id)));
    list(query, schemas.collect())
}

/// `GET /Schemas/{id}`.
pub(super) async fn one_schema(caller: Caller, Id(id): Id) -> Result<Response, ScimError> {
    let found = SCHEMAS.iter().find(|schema| schema.id.eq_ignore_ascii_case(&id));
    let found = found.ok_or_else(|| ScimError::not_found(&id))?;
    Ok(Json(located(&caller, schema(found), &below("Schemas", found.id))).into_response())
}

/// `GET /ResourceTypes`.
pub(super) async fn resource_types(
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, ScimError> {
    let kinds = RESOURCE_TYPES
        .iter()
        .map(|kind| located(&caller, resource_type(kind), &below("ResourceTypes", kind.name)));
    list(query, kinds.collect())
}

/// `GET /ResourceTypes/{id}`.
pub(super) async fn one_resource_type(caller: Caller, Id(id): Id) -> Result<Response, ScimError> {
    let found = RESOURCE_TYPES.iter().find(|kind| kind.name == id);
    let found = found.ok_or_else(|| ScimError::not_found(&id))?;
    let path = below("ResourceTypes", found.name);
    Ok(Json(located(&caller, resource_type(found), &path)).into_response())
}

fn below(endpoint: &str, id: &str) -> String {
    format!("{endpoint}/{id}")
}

/// Adds the location.
fn located(caller: &Caller, mut resource: Fields, path: &str) -> Fields {
    if let Some(Value::Object(meta)) =
        resource.get_mut("meta").filter(|_| !caller.quirks().no_location)
    {
        meta.insert("location".to_owned(), json!(format!("{}/{path}", caller.base().0)));
    }
    resource
}

/// Responds with all resources. RFC 7644 requires that paging is ignored here and filters are
/// refused.
fn list(query: Option<String>, resources: Vec<Fields>) -> Result<Response, ScimError> {
    let is_filtered = query
        .iter()
        .flat_map(|query| query.split('&'))
        .any(|parameter| parameter.split('=').next().is_some_and(|name| name == "filter"));
    if is_filtered {
        return Err(ScimError::forbidden("This listing cannot be filtered"));
    }
    let total = resources.len();
    let resources = resources.into_iter().map(Value::Object).collect();
    Ok(document(resources, total, 1, false))
}
