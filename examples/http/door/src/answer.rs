//! A request to a response, without WASI.

use alloc::borrow::{Cow, ToOwned};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::access;
use crate::configuration::{Configuration, Environment, Mistake};
use crate::functions::{CONTRACT, Function, OPENAPI};
use crate::problem::{DOOR_CLOSED, FUNCTION_REFUSED, PATH_UNKNOWN, Problem, TOKEN_REQUIRED};
use crate::route::{Route, route};

/// What a line of the log has where something is not known.
const NOTHING: &str = "-";

/// The longest id of a request in the log, in characters.
const LONGEST_ID: usize = 128;

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
    /// Lines for the log: what was asked for, names that the operator gave, codes and ids. Nothing
    /// that a caller or the configuration holds is in them.
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
    let mut entry = Entry { asked: &asked, token: NOTHING, connection: NOTHING.to_owned() };
    let configuration = match Configuration::read(environment) {
        Ok(configuration) => configuration,
        Err(Mistake { variable, what }) => {
            let mut response = problem(&Problem::misconfigured(variable), &entry);
            response.log = response.log.map(|line| format!("{line}door: {variable} {what}\n"));
            return response;
        }
    };
    if asked == Route::Health {
        return document(Cow::Borrowed(b"{\"status\":\"ok\"}"));
    }
    if configuration.tokens.is_empty() {
        return problem(&Problem::own(DOOR_CLOSED), &entry);
    }
    let result = match asked {
        Route::Index => return document(Cow::Owned(index().into_bytes())),
        Route::Description => return document(Cow::Borrowed(OPENAPI.as_bytes())),
        Route::Function(function) => call(&configuration, function, request, body, &mut entry),
        Route::OtherMethod(allow) => Err(Problem::other_method(allow)),
        Route::Nothing | Route::Health => Err(Problem::own(PATH_UNKNOWN)),
    };
    match result {
        Ok(result) => {
            let log = entry.line(200, NOTHING, None);
            Response { log: Some(log), ..document(Cow::Owned(result)) }
        }
        Err(error) => problem(&error, &entry),
    }
}

fn call<'a>(
    configuration: &'a Configuration,
    function: Function,
    request: &Request<'_>,
    body: impl FnOnce(usize) -> Result<Vec<u8>, Problem>,
    entry: &mut Entry<'a>,
) -> Result<Vec<u8>, Problem> {
    let token = match request.authorization {
        [authorization] => access::find(&configuration.tokens, authorization),
        _ => None,
    };
    let token = token.ok_or_else(|| Problem::own(TOKEN_REQUIRED))?;
    entry.token = &token.name;
    if !token.may_call(function.path()) {
        return Err(Problem::own(FUNCTION_REFUSED));
    }
    let body = body(configuration.most_bytes)?;
    function.call(body, |name| {
        let connection = configuration.connections.find(token, name)?;
        // Only a name that the operator gave is in the log.
        name.clone_into(&mut entry.connection);
        Ok(connection)
    })
}

/// What is known of a request for a line of the log.
struct Entry<'a> {
    asked: &'a Route,
    /// The token's name.
    token: &'a str,
    /// The connection's name.
    connection: String,
}

impl Entry<'_> {
    fn line(&self, status: u16, code: &str, request_id: Option<&str>) -> String {
        let (what, value) = match self.asked {
            Route::Function(function) => ("function", function.path()),
            Route::Index => ("path", "/"),
            Route::Health => ("path", "/healthz"),
            Route::Description => ("path", "/openapi.json"),
            Route::Nothing | Route::OtherMethod(_) => ("path", NOTHING),
        };
        // The server gives the id: it must not look like another line.
        let is_id = |id: &&str| {
            (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
        };
        let id = request_id.filter(is_id).unwrap_or(NOTHING);
        let Entry { token, connection, .. } = self;
        format!(
            "door: {what}={value} token={token} connection={connection} status={status} code={code} \
             request-id={id}\n"
        )
    }
}

fn document(body: Cow<'static, [u8]>) -> Response {
    Response { status: 200, headers: headers("application/json"), body, log: None }
}

fn problem(problem: &Problem, entry: &Entry<'_>) -> Response {
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
    let detail = &problem.detail;
    let log = entry.line(problem.status, &detail.code, detail.request_id.as_deref());
    Response { status: problem.status, headers, body: Cow::Owned(problem.json()), log: Some(log) }
}

fn headers(content_type: &str) -> Vec<(&'static str, String)> {
    [("content-type", content_type), ("cache-control", "no-store")]
        .map(|(name, value)| (name, value.to_owned()))
        .into()
}

fn index() -> String {
    let (contract, version) = CONTRACT;
    let paths: Vec<&str> = Function::ALL.iter().map(|function| function.path()).collect();
    let functions = paths.join("\",\"/v1/");
    format!(
        "{{\"contract\":\"{contract}@{version}\",\"description\":\"/openapi.json\",\
         \"health\":\"/healthz\",\"functions\":[\"/v1/{functions}\"]}}"
    )
}

#[cfg(test)]
mod tests;
