//! The envelope of answers.

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

/// An answer with this data.
pub(super) fn with(data: impl Serialize) -> Response {
    Json(Envelope { success: true, data }).into_response()
}

/// A list, or a page of it.
pub(super) struct List<T> {
    /// The items.
    pub(super) data: Vec<T>,
    /// How many there are on all pages.
    pub(super) total: usize,
    /// What the next page is asked for with, if there is one.
    pub(super) next_token: Option<String>,
}

impl<T: Serialize> List<T> {
    /// A list of which this is everything.
    pub(super) fn whole(data: Vec<T>) -> Self {
        List { total: data.len(), data, next_token: None }
    }

    /// The answer. What a fault leaves out of records in lists it also leaves out of the list.
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
