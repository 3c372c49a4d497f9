//! Authentication, and responses with a resource.

use std::sync::{Arc, MutexGuard};

use axum::Json;
use axum::extract::{Extension, FromRequestParts};
use axum::http::header::{ETAG, HOST, HeaderName, LOCATION};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::attr::Fields;
use super::error::ScimError;
use super::payload::Conditions;
use super::record::Base;
use super::select::Selection;
use super::settings::Settings;
use crate::call::{Call, bearer};
use crate::faults::Quirks;
use crate::options::{IfMatchRule, ScimQuirks};
use crate::state::Organisation;

/// A caller with the right token. Routes get the organisation only from the caller.
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
        // Without a host, locations are paths.
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
    /// Locks the organisation.
    pub(super) fn organisation(&self) -> MutexGuard<'_, Organisation> {
        self.call.organisation()
    }

    /// Returns how this response deviates.
    pub(super) fn faults(&self) -> &Quirks {
        &self.call.quirks
    }

    /// Returns how this server always deviates.
    pub(super) fn quirks(&self) -> &ScimQuirks {
        &self.settings.quirks
    }

    /// Returns the largest page size.
    pub(super) fn max_page_size(&self) -> usize {
        self.settings.max_page_size
    }

    /// Returns the base URL of the resources.
    pub(super) fn base(&self) -> &Base {
        &self.base
    }

    /// Fails if the request expects another version of the resource.
    pub(super) fn check(&self, record: &Fields) -> Result<(), ScimError> {
        let quirks = self.quirks();
        if quirks.if_match == IfMatchRule::AlwaysOutdated {
            return Err(ScimError::changed());
        }
        let version = self.version(record);
        let is_meant = quirks.no_etag || self.conditions.allow_change_of(&version, quirks.if_match);
        if is_meant { Ok(()) } else { Err(ScimError::changed()) }
    }

    /// Responds with a resource, or with 304 if the client has this version already.
    pub(super) fn show(&self, record: Fields, selection: &Selection) -> Response {
        if !self.quirks().no_etag && self.conditions.has(&self.version(&record)) {
            return self.with_headers(StatusCode::NOT_MODIFIED.into_response(), &record);
        }
        self.answer(StatusCode::OK, record, selection)
    }

    /// Returns the version of a resource as this server writes it.
    fn version(&self, record: &Fields) -> String {
        let version = meta(record, "version");
        let strong = version.strip_prefix("W/").filter(|_| self.quirks().strong_etags);
        strong.unwrap_or(version).to_owned()
    }

    /// Responds with a resource.
    pub(super) fn answer(
        &self,
        status: StatusCode,
        record: Fields,
        selection: &Selection,
    ) -> Response {
        let body = Json(selection.of(self.render(record.clone(), false)));
        self.with_headers((status, body).into_response(), &record)
    }

    /// Responds to a change with 204, without the resource.
    pub(super) fn no_content(&self, record: &Fields) -> Response {
        self.with_headers(StatusCode::NO_CONTENT.into_response(), record)
    }

    /// Applies faults and quirks to a resource, alone or in a list.
    pub(super) fn render(&self, mut record: Fields, in_list: bool) -> Fields {
        let (faults, quirks) = (self.faults(), self.quirks());
        let version = self.version(&record);
        let is_odd = record
            .get("userName")
            .and_then(Value::as_str)
            .is_some_and(|name| faults.listing.is_odd(name));
        if is_odd {
            record.insert("name".to_owned(), Value::Array(Vec::new()));
        }
        record.retain(|name, _| {
            !(faults.omit.contains(name) || in_list && faults.omit_in_lists.contains(name))
        });
        shorten(&mut record, "members", quirks.listed_members);
        shorten(&mut record, "groups", quirks.listed_groups);
        if let Some(Value::Object(meta)) = record.get_mut("meta") {
            if quirks.no_location {
                meta.remove("location");
            }
            if quirks.no_etag {
                meta.remove("version");
            } else {
                meta.insert("version".to_owned(), Value::from(version));
            }
        }
        if let Some(active) = record.get_mut("active").filter(|_| quirks.active_as_text) {
            *active = Value::from(if *active == true { "True" } else { "False" });
        }
        record
    }

    /// Adds the headers of a resource.
    fn with_headers(&self, mut answer: Response, record: &Fields) -> Response {
        let mut set = |name: HeaderName, value: &str| {
            // This can't fail: the host came from a header.
            if let Ok(value) = HeaderValue::from_str(value) {
                answer.headers_mut().insert(name, value);
            }
        };
        if !self.quirks().no_etag {
            set(ETAG, &self.version(record));
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

/// Shows only the first items of a list. An empty list is left out.
fn shorten(record: &mut Fields, name: &str, shown: Option<usize>) {
    if let (Some(shown), Some(Value::Array(items))) = (shown, record.get_mut(name)) {
        items.truncate(shown);
        if items.is_empty() {
            record.remove(name);
        }
    }
}
