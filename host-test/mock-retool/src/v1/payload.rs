//! Path parameters and request bodies.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::Refusal;
use crate::call::is_json;

/// Path parameters. If they can't be read as `T`, the response is 404.
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

/// A body that is not parsed yet, because the scope is checked first.
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
    /// Parses the body as an object.
    pub(super) fn fields(&self) -> Result<Fields, Refusal> {
        if !self.is_json {
            return Err(Refusal::unsupported_media_type());
        }
        serde_json::from_slice(&self.bytes)
            .map(Fields)
            .map_err(|_| Refusal::bad_request("The body must be a JSON object"))
    }
}

/// The fields of a body. Known fields are taken out; the remaining fields are unknown.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// Takes a string; `None` if it is missing or null.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, Refusal> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Refusal::bad_request(format!("{name} must be a string"))),
        }
    }

    /// Takes a boolean; false if it is missing or null.
    pub(super) fn flag(&mut self, name: &str) -> Result<bool, Refusal> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(_) => Err(Refusal::bad_request(format!("{name} must be a boolean"))),
        }
    }

    /// Takes any value.
    pub(super) fn value(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }

    /// Returns the fields that were not taken.
    pub(super) fn rest(self) -> Map<String, Value> {
        self.0
    }
}
