//! A request to a response, without WASI.

use alloc::borrow::{Cow, ToOwned};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::access::{self, Token};
use crate::connections;
use crate::functions::{self, CONTRACT, FUNCTIONS, OPENAPI};
use crate::problem::Problem;
use crate::route::{Route, route};

/// The variable with the largest body of a request, in bytes.
const MOST_BYTES: &str = "DOOR_MAX_BODY_BYTES";

/// The largest body where the variable is not set or is no number.
const DEFAULT_MOST_BYTES: usize = 16 << 20;

/// The variables of the door.
pub(crate) struct Environment(pub(crate) Vec<(String, String)>);

impl Environment {
    fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }
}

/// A request, as far as it is read.
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    /// The values of the header `authorization`.
    pub(crate) authorization: &'a [Vec<u8>],
}

/// A response.
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Cow<'static, [u8]>,
    /// A line for the log: ids and codes only.
    pub(crate) log: Option<String>,
}

/// Answers a request. `body` reads the body, up to a number of bytes; it is called only for callers
/// who may call the function.
pub(crate) fn answer(
    environment: &Environment,
    request: &Request<'_>,
    body: impl FnOnce(usize) -> Result<Vec<u8>, Problem>,
) -> Response {
    let asked = route(request.method, request.path);
    if asked == Route::Health {
        return document(Cow::Borrowed(b"{\"status\":\"ok\"}"));
    }
    let tokens = access::tokens(environment.get(access::VARIABLE));
    if tokens.is_empty() {
        return problem(&Problem::closed(), None);
    }
    match asked {
        Route::Index => document(Cow::Owned(index().into_bytes())),
        Route::Description => document(Cow::Borrowed(OPENAPI.as_bytes())),
        Route::Function(function) => call(environment, &tokens, function, request, body),
        Route::OtherMethod(allow) => problem(&Problem::other_method(allow), None),
        Route::Nothing | Route::Health => problem(&Problem::no_such_path(), None),
    }
}

fn call(
    environment: &Environment,
    tokens: &[Token],
    function: &'static str,
    request: &Request<'_>,
    body: impl FnOnce(usize) -> Result<Vec<u8>, Problem>,
) -> Response {
    let token = match request.authorization {
        [authorization] => access::find(tokens, authorization),
        _ => None,
    };
    let Some(token) = token else {
        return problem(&Problem::no_token(), Some((function, "-", "-")));
    };
    let mut used = "-".to_owned();
    let called = || {
        if !token.may_call(function) {
            return Err(Problem::function_refused());
        }
        let most = environment.get(MOST_BYTES).and_then(|text| text.parse().ok());
        let body = body(most.unwrap_or(DEFAULT_MOST_BYTES))?;
        functions::call(function, body, |name| {
            let variable = environment.get(connections::VARIABLE);
            let connection = connections::find(variable, token, name)?;
            // Only a name that the operator gave is in the log.
            name.clone_into(&mut used);
            Ok(connection)
        })
    };
    match called() {
        Ok(result) => {
            let log = line(function, &token.name, &used, 200, "-", "-");
            Response { log: Some(log), ..document(Cow::Owned(result)) }
        }
        Err(error) => problem(&error, Some((function, &token.name, &used))),
    }
}

fn document(body: Cow<'static, [u8]>) -> Response {
    Response { status: 200, headers: headers("application/json"), body, log: None }
}

fn problem(problem: &Problem, call: Option<(&str, &str, &str)>) -> Response {
    let mut headers = headers("application/problem+json");
    if let Some(seconds) = problem.retry_after() {
        headers.push(("retry-after", seconds.to_string()));
    }
    if let Some(allow) = problem.allow {
        headers.push(("allow", allow.to_owned()));
    }
    if problem.status == 401 {
        headers.push(("www-authenticate", "Bearer".to_owned()));
    }
    let id = problem.detail.request_id.as_deref().unwrap_or("-");
    let log = call.map(|(function, token, connection)| {
        line(function, token, connection, problem.status, &problem.detail.code, id)
    });
    Response { status: problem.status, headers, body: Cow::Owned(problem.json()), log }
}

fn headers(content_type: &str) -> Vec<(&'static str, String)> {
    [("content-type", content_type), ("cache-control", "no-store")]
        .map(|(name, value)| (name, value.to_owned()))
        .into()
}

fn line(
    function: &str,
    token: &str,
    connection: &str,
    status: u16,
    code: &str,
    request_id: &str,
) -> String {
    format!(
        "door: function={function} token={token} connection={connection} status={status} code={code} \
         request-id={request_id}\n"
    )
}

fn index() -> String {
    let (contract, version) = CONTRACT;
    let functions = FUNCTIONS.join("\",\"/v1/");
    format!(
        "{{\"contract\":\"{contract}@{version}\",\"description\":\"/openapi.json\",\
         \"health\":\"/healthz\",\"functions\":[\"/v1/{functions}\"]}}"
    )
}

#[cfg(test)]
mod tests;
