//! Path parameters, queries and request bodies.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

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

/// The names and values of a query, in order.
pub(super) struct Pairs(pub(super) Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Pairs {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(pairs)) => Ok(Pairs(pairs)),
            Err(_) => Err(Refusal::bad_request("The query could not be read")),
        }
    }
}

impl Pairs {
    /// Reads a boolean; false if it is missing.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Refusal> {
        let value = self.0.iter().rev().find(|pair| pair.0 == name).map(|pair| pair.1.as_str());
        match value {
            Some("true") => Ok(true),
            None | Some("false") => Ok(false),
            Some(_) => Err(Refusal::bad_request(format!("{name} must be a boolean"))),
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
    /// Parses the body as `T`.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        if !self.is_json {
            return Err(Refusal::unsupported_media_type());
        }
        serde_json::from_slice(&self.bytes)
            .map_err(|error| Refusal::bad_request(format!("Invalid body: {error}")))
    }
}
