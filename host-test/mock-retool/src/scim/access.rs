//! Who is asking, where, and how they are answered.

use std::sync::{Arc, MutexGuard};

use axum::Json;
use axum::extract::{Extension, FromRequestParts};
use axum::http::header::{ETAG, HOST, HeaderName, LOCATION};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::Settings;
use super::attr::Fields;
use super::error::ScimError;
use super::options::ScimQuirks;
use super::payload::Conditions;
use super::record::Base;
use super::select::Selection;
use crate::call::{Call, bearer};
use crate::faults::Quirks;
use crate::state::Organisation;

/// Somebody with the right token. The organisation is only to be had through them.
pub(super) struct Caller {
    settings: Arc<Settings>,
    call: Call,
    base: Base,
    conditions: Conditions,
}

impl FromRequestParts<Arc<Settings>> for Caller {
    type Rejection = ScimError;

    async fn from_request_parts(
        parts: &mut Parts,
        settings: &Arc<Settings>,
    ) -> Result<Self, ScimError> {
        if bearer(&parts.headers) != Some(settings.token.as_str()) {
            return Err(ScimError::unauthorized());
        }
        let Extension(call) = Extension::<Call>::from_request_parts(parts, settings)
            .await
            .map_err(|_| ScimError::no_endpoint())?;
        // Without a host there is only a path to give.
        let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
        let origin = host.map(|host| format!("http://{host}")).unwrap_or_default();
        Ok(Caller {
            base: Base(format!("{origin}{}", settings.path)),
            conditions: Conditions::of(&parts.headers),
            settings: Arc::clone(settings),
            call,
        })
    }
}

impl Caller {
    /// The organisation.
    pub(super) fn organisation(&self) -> MutexGuard<'_, Organisation> {
        self.call.organisation()
    }

    /// How this answer is to deviate.
    pub(super) fn faults(&self) -> &Quirks {
        &self.call.quirks
    }

    /// How this server deviates always.
    pub(super) fn quirks(&self) -> &ScimQuirks {
        &self.settings.quirks
    }

    /// The largest page that is given.
    pub(super) fn max_page_size(&self) -> usize {
        self.settings.max_page_size
    }

    /// Where resources are.
    pub(super) fn base(&self) -> &Base {
        &self.base
    }

    /// Refuses if the request is meant for another version of a resource.
    pub(super) fn check(&self, record: &Fields) -> Result<(), ScimError> {
        let is_meant =
            self.quirks().no_etag || self.conditions.allow_change_of(meta(record, "version"));
        if is_meant { Ok(()) } else { Err(ScimError::changed()) }
    }

    /// Answers with a resource, or that the one who asks has it already.
    pub(super) fn show(&self, record: Fields, selection: &Selection) -> Response {
        if !self.quirks().no_etag && self.conditions.has(meta(&record, "version")) {
            return self.head(StatusCode::NOT_MODIFIED.into_response(), &record);
        }
        self.answer(StatusCode::OK, record, selection)
    }

    /// Answers with a resource.
    pub(super) fn answer(
        &self,
        status: StatusCode,
        record: Fields,
        selection: &Selection,
    ) -> Response {
        let body = Json(selection.of(self.as_shown(record.clone(), false)));
        self.head((status, body).into_response(), &record)
    }

    /// Answers that a change was made, and nothing more.
    pub(super) fn nothing(&self, record: &Fields) -> Response {
        self.head(StatusCode::NO_CONTENT.into_response(), record)
    }

    /// A resource as this server shows it, alone or in a list.
    pub(super) fn as_shown(&self, mut record: Fields, in_list: bool) -> Fields {
        let (faults, quirks) = (self.faults(), self.quirks());
        record.retain(|name, _| {
            !(faults.omit.contains(name) || in_list && faults.omit_in_lists.contains(name))
        });
        if let Some(Value::Object(meta)) = record.get_mut("meta") {
            if quirks.no_location {
                meta.remove("location");
            }
            if quirks.no_etag {
                meta.remove("version");
            }
        }
        if let Some(active) = record.get_mut("active").filter(|_| quirks.active_as_text) {
            *active = Value::from(if *active == true { "True" } else { "False" });
        }
        record
    }

    /// Adds the headers that go with a resource.
    fn head(&self, mut answer: Response, record: &Fields) -> Response {
        let mut set = |name: HeaderName, value: &str| {
            // A host that can't be in a header can't have come in one.
            if let Ok(value) = HeaderValue::from_str(value) {
                answer.headers_mut().insert(name, value);
            }
        };
        if !self.quirks().no_etag {
            set(ETAG, meta(record, "version"));
        }
        if !self.quirks().no_location {
            set(LOCATION, meta(record, "location"));
        }
        answer
    }
}

fn meta<'a>(record: &'a Fields, name: &str) -> &'a str {
    record.get("meta").and_then(|meta| meta.get(name)).and_then(Value::as_str).unwrap_or_default()
}
