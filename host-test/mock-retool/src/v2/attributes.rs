//! `/user_attributes`, `/users/{user}/user_attributes` and `/users/reset2fa/{user}`.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::Refusal;
use super::access::Caller;
use super::answer;
use super::payload::{InPath, Payload};
use super::users::id_of;
use crate::options::Scope;
use crate::state::Organisation;

/// The body that sets an attribute of a user.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SetAttribute {
    pub(super) name: String,
    pub(super) value: Option<String>,
}

/// `GET /user_attributes`.
pub(super) async fn list(caller: Caller) -> Result<Response, Refusal> {
    let organisation = caller.with(Scope::UsersRead)?;
    let records = organisation.attributes.iter().enumerate().map(|(at, attribute)| {
        json!({
            "id": format!("00000000-0000-4000-8000-{at:012x}"),
            "name": attribute.name,
            "label": attribute.name,
            "data_type": attribute.data_type,
            "default_value": attribute.default_value,
            "intercom_attribute_name": null,
        })
    });
    Ok(answer::with(records.collect::<Vec<_>>()))
}

/// `POST /users/{user}/user_attributes`.
pub(super) async fn set(
    caller: Caller,
    InPath(sid): InPath<String>,
    payload: Payload,
) -> Result<Response, Refusal> {
    let mut organisation = caller.with(Scope::UsersWrite)?;
    let id = id_of(&organisation, &sid)?;
    let SetAttribute { name, value } = payload.read()?;
    organisation.set_attribute(&id, &name, value.as_deref())?;
    Ok(metadata(&organisation, &id))
}

/// `DELETE /users/{user}/user_attributes/{attribute}`.
pub(super) async fn remove(
    caller: Caller,
    InPath((sid, name)): InPath<(String, String)>,
) -> Result<Response, Refusal> {
    let mut organisation = caller.with(Scope::UsersWrite)?;
    let id = id_of(&organisation, &sid)?;
    organisation.set_attribute(&id, &name, None)?;
    Ok(metadata(&organisation, &id))
}

fn metadata(organisation: &Organisation, id: &str) -> Response {
    let metadata = organisation.user(id).map(|user| &user.metadata);
    answer::with(json!({ "metadata": metadata }))
}

/// `PUT /users/reset2fa/{user}`.
pub(super) async fn reset_2fa(
    caller: Caller,
    InPath(sid): InPath<String>,
) -> Result<Response, Refusal> {
    let mut organisation = caller.with(Scope::UsersWrite)?;
    let id = id_of(&organisation, &sid)?;
    organisation.reset_two_factor(&id)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
