//! The envelope of responses.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::faults::Quirks;

#[derive(Serialize)]
struct Envelope<T> {
    success: bool,
    data: T,
}

/// Builds a response with this data.
pub(super) fn with(data: impl Serialize) -> Response {
    Json(Envelope { success: true, data }).into_response()
}

/// A list, or a page of it.
pub(super) struct List<T> {
    /// The items.
    pub(super) data: Vec<T>,
    /// The number of items on all pages.
    pub(super) total: usize,
    /// The token for the next page, if there is one.
    pub(super) next_token: Option<String>,
}

impl<T: Serialize> List<T> {
    /// Creates a list that contains all items.
    pub(super) fn whole(data: Vec<T>) -> Self {
        List { total: data.len(), data, next_token: None }
    }

    /// Builds the response. A fault that omits fields from records in lists also omits them from
    /// the list itself.
    pub(super) fn answer(self, quirks: &Quirks) -> Response {
        #[derive(Serialize)]
        struct Whole<T> {
            #[serde(flatten)]
            envelope: Envelope<Vec<T>>,
            #[serde(flatten)]
            paging: Map<String, Value>,
        }

        let mut paging = Map::new();
        paging
            .insert("total_count".to_owned(), json!(self.total.saturating_add(quirks.total_drift)));
        paging.insert("has_more".to_owned(), json!(self.next_token.is_some()));
        paging.insert("next_token".to_owned(), json!(self.next_token));
        paging.retain(|name, _| !quirks.omit_in_lists.contains(name));
        Json(Whole { envelope: Envelope { success: true, data: self.data }, paging })
            .into_response()
    }
}
