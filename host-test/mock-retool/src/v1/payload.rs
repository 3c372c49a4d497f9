//! What a request brings along: path parameters and a body.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::Refusal;
use crate::call::is_json;

/// Path parameters. What can't be read as `T` does not exist.
pub(super) struct InPath<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for InPath<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(value)) => Ok(InPath(value)),
            Err(_) => Err(Refusal::not_found()),
        }
    }
}

/// A body that nobody looked at yet: the scope is checked first.
pub(super) struct Payload {
    is_json: bool,
    bytes: Bytes,
}

impl<S: Send + Sync> FromRequest<S> for Payload {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let is_json = is_json(request.headers());
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|_| Refusal::bad_request("The body could not be read"))?;
        Ok(Payload { is_json, bytes })
    }
}

impl Payload {
    /// The body as an object.
    pub(super) fn fields(&self) -> Result<Fields, Refusal> {
        if !self.is_json {
            return Err(Refusal::unsupported_media_type());
        }
        serde_json::from_slice(&self.bytes)
            .map(Fields)
            .map_err(|_| Refusal::bad_request("The body must be a JSON object"))
    }
}

/// The fields of a body. Each is taken out once; what is left are fields that are not known.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// A string; `None` where it is missing or null.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, Refusal> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Refusal::bad_request(format!("{name} must be a string"))),
        }
    }

    /// A boolean; false where it is missing or null.
    pub(super) fn flag(&mut self, name: &str) -> Result<bool, Refusal> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(_) => Err(Refusal::bad_request(format!("{name} must be a boolean"))),
        }
    }

    /// Any value.
    pub(super) fn value(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }

    /// The fields that were not taken.
    pub(super) fn rest(self) -> Map<String, Value> {
        self.0
    }
}
