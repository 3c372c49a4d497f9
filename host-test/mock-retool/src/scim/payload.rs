//! The parts of a request: the id in the path, the query, the body, and preconditions.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_TYPE, HeaderName, IF_MATCH, IF_NONE_MATCH};
use axum::http::request::Parts;

use super::attr::Fields;
use super::error::{Kind, ScimError};
use super::select::Selection;
use crate::options::IfMatchRule;

/// The id in a path.
pub(super) struct Id(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = ScimError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ScimError> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(id)) => Ok(Id(id)),
            Err(_) => Err(ScimError::no_endpoint()),
        }
    }
}

/// Returns the parameters of a query, in order.
pub(super) async fn parameters<S: Send + Sync>(
    parts: &mut Parts,
    state: &S,
) -> Result<Vec<(String, String)>, ScimError> {
    match Query::from_request_parts(parts, state).await {
        Ok(Query(pairs)) => Ok(pairs),
        Err(_) => Err(ScimError::bad(Kind::InvalidSyntax, "The query could not be read")),
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Selection {
    type Rejection = ScimError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ScimError> {
        let mut selection = Selection::default();
        for (name, value) in parameters(parts, state).await? {
            selection.read(&name, &value);
        }
        Ok(selection)
    }
}

/// A JSON object.
pub(super) struct Payload(pub(super) Fields);

impl<S: Send + Sync> FromRequest<S> for Payload {
    type Rejection = ScimError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ScimError> {
        let is_json = request
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next())
            .map(str::trim)
            .is_some_and(|kind| {
                ["application/scim+json", "application/json"]
                    .iter()
                    .any(|known| kind.eq_ignore_ascii_case(known))
            });
        if !is_json {
            return Err(ScimError::unsupported_media_type());
        }
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|_| ScimError::bad(Kind::InvalidSyntax, "The body could not be read"))?;
        serde_json::from_slice(&bytes)
            .map(Payload)
            .map_err(|_| ScimError::bad(Kind::InvalidSyntax, "The body must be a JSON object"))
    }
}

/// The preconditions of a request: the version of the resource that it expects.
#[derive(Clone, Debug, Default)]
pub(super) struct Conditions {
    only_if: Option<String>,
    unless: Option<String>,
}

impl Conditions {
    /// Reads the preconditions of a request.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        Conditions { only_if: tags(headers, IF_MATCH), unless: tags(headers, IF_NONE_MATCH) }
    }

    /// Whether the request may change a resource of this version.
    pub(super) fn allow_change_of(&self, version: &str, rule: IfMatchRule) -> bool {
        let Some(tags) = &self.only_if else { return true };
        let mut listed = tags.split(',').map(str::trim);
        match rule {
            _ if tags.trim() == "*" => true,
            IfMatchRule::Lenient => names(tags, version),
            IfMatchRule::Strong => !version.starts_with("W/") && listed.any(|tag| tag == version),
            IfMatchRule::StrongForm => {
                let strong = version.strip_prefix("W/").unwrap_or(version);
                listed.any(|tag| tag == strong)
            }
            IfMatchRule::Never | IfMatchRule::AlwaysOutdated => false,
        }
    }

    /// Whether the client has this version already.
    pub(super) fn has(&self, version: &str) -> bool {
        self.unless.as_ref().is_some_and(|tags| names(tags, version))
    }
}

/// Returns the entity tags in a header; `None` if the header is missing.
fn tags(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let lines: Vec<&str> =
        headers.get_all(name).iter().map(|value| value.to_str().unwrap_or_default()).collect();
    (!lines.is_empty()).then(|| lines.join(","))
}

/// Whether a list of entity tags contains this version. All tags of this server are weak, so the
/// `W/` is ignored.
fn names(tags: &str, version: &str) -> bool {
    fn opaque(tag: &str) -> &str {
        tag.trim().trim_start_matches("W/")
    }
    tags.trim() == "*" || tags.split(',').any(|tag| opaque(tag) == opaque(version))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;

    use super::Conditions;
    use crate::options::IfMatchRule;

    fn conditions(if_match: &'static str) -> Conditions {
        let mut headers = HeaderMap::new();
        headers.insert("if-match", if_match.parse().expect("a header"));
        Conditions::of(&headers)
    }

    #[test]
    fn a_change_is_allowed_if_any_of_the_tags_matches() {
        for right in ["W/\"a\"", "\"a\"", "*", "\"b\", W/\"a\""] {
            let conditions = conditions(right);
            assert!(conditions.allow_change_of("W/\"a\"", IfMatchRule::Lenient), "{right}");
        }
        for wrong in ["W/\"b\"", "a", "\"\"", ""] {
            let conditions = conditions(wrong);
            assert!(!conditions.allow_change_of("W/\"a\"", IfMatchRule::Lenient), "{wrong}");
        }
        assert!(Conditions::default().allow_change_of("W/\"a\"", IfMatchRule::Strong));
    }

    #[test]
    fn servers_compare_versions_in_different_ways() {
        let (weak, strong) = ("W/\"a\"", "\"a\"");
        for (rule, tag, version, is_allowed) in [
            (IfMatchRule::Strong, weak, weak, false),
            (IfMatchRule::Strong, strong, weak, false),
            (IfMatchRule::Strong, strong, strong, true),
            (IfMatchRule::StrongForm, weak, weak, false),
            (IfMatchRule::StrongForm, strong, weak, true),
            (IfMatchRule::Never, strong, strong, false),
            (IfMatchRule::Never, "*", strong, true),
        ] {
            let allowed = conditions(tag).allow_change_of(version, rule);
            assert_eq!(allowed, is_allowed, "{rule:?} {tag} {version}");
        }
    }
}
