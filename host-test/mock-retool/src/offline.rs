//! The dialects without a network, for simulations.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode};
use futures_util::FutureExt;
use tower::ServiceExt;

use crate::call::Call;
use crate::dialects;
use crate::faults::Quirks;
use crate::options::{ListingOptions, Options};
use crate::state::Organisation;

/// The same server without sockets, time or threads: it takes a request and returns the response.
/// It uses these options: the tokens, the scopes, the largest page, the options of listings, the
/// dialects with their own options, and the prefix. It has no faults and no log.
pub struct Offline {
    routes: Router,
    listing: ListingOptions,
}

impl Offline {
    /// Creates a server with these options.
    pub fn new(options: &Options) -> Self {
        Offline { routes: dialects::routes(options), listing: options.listing.clone() }
    }

    /// Serves one request over `organisation`. The URI of the request is its path and query.
    pub fn serve(
        &self,
        organisation: &mut Organisation,
        request: Request<Vec<u8>>,
    ) -> Response<Vec<u8>> {
        // The routes need a shared organisation. No other code uses it here, so it is moved into a
        // mutex and moved back afterwards.
        let lent = Arc::new(Mutex::new(mem::replace(organisation, Organisation::vacant())));
        let mut request = request.map(Body::from);
        let quirks = Quirks::default().of_server(&self.listing);
        request.extensions_mut().insert(Call { organisation: Arc::clone(&lent), quirks });
        let answer = self.routes.clone().oneshot(request).now_or_never();
        *organisation = match Arc::try_unwrap(lent) {
            Ok(alone) => alone.into_inner().unwrap_or_else(PoisonError::into_inner),
            Err(shared) => shared.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        };
        let whole = answer.and_then(Result::ok).and_then(|answer| {
            let (parts, body) = answer.into_parts();
            let body = to_bytes(body, usize::MAX).now_or_never()?.ok()?;
            Some(Response::from_parts(parts, body.to_vec()))
        });
        // Everything is in memory, so no future is pending and nothing fails.
        whole.unwrap_or_else(|| {
            let mut answer = Response::new(Vec::new());
            *answer.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            answer
        })
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use serde_json::{Value, json};

    use super::Offline;
    use crate::options::Options;
    use crate::state::Organisation;

    #[test]
    fn a_request_is_served_over_the_given_organisation() {
        let offline = Offline::new(&Options::default());
        let mut organisation = Organisation::seeded(1, 4, 1);
        let id = organisation.users[3].id.clone();
        let request = |method: &str, token: &str| {
            Request::builder()
                .method(method)
                .uri(format!("/api/v1/users/{id}"))
                .header("authorization", format!("Bearer {token}"))
                .body(Vec::new())
                .expect("a request")
        };
        let refused = offline.serve(&mut organisation, request("DELETE", "another"));
        assert_eq!((refused.status().as_u16(), organisation.users.len()), (401, 4));
        let served = offline.serve(&mut organisation, request("DELETE", "mock-token"));
        assert_eq!(served.status(), 200);
        assert_eq!(served.into_body(), br#"{"success":true}"#);
        assert_eq!(organisation.users.len(), 3);
    }

    #[test]
    fn every_dialect_is_served_over_the_same_organisation() {
        let options = Options { prefix: "/retool".to_owned(), ..Options::default() };
        let offline = Offline::new(&options);
        let mut organisation = Organisation::seeded(1, 4, 1);
        let sid = organisation.users[3].sid();
        let mut serve = |method: &str, path: &str, body: &str| {
            let request = Request::builder()
                .method(method)
                .uri(format!("/retool{path}"))
                .header("authorization", "Bearer mock-token")
                .header("content-type", "application/json")
                .body(body.as_bytes().to_vec())
                .expect("a request");
            let answer = offline.serve(&mut organisation, request);
            let body = serde_json::from_slice(answer.body()).unwrap_or(Value::Null);
            (answer.status().as_u16(), body)
        };
        let operation = r#"{"op":"replace","path":"/first_name","value":"Jo"}"#;
        let patched = serve(
            "PATCH",
            &format!("/api/v2/users/{sid}"),
            &format!(r#"{{"operations":[{operation}]}}"#),
        );
        assert_eq!((patched.0, &patched.1["data"]["first_name"]), (200, &json!("Jo")));
        let (_, listed) = serve("GET", "/api/v1/users?page=4&pageSize=1", "");
        assert_eq!(listed["users"][0]["firstName"], "Jo");
        let limited = serve("GET", "/api/v2/users?limit=2", "");
        assert_eq!((limited.0, &limited.1["has_more"]), (200, &json!(true)));
    }
}
