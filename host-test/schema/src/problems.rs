//! What the HTTP door answers where there is no result: one table for the door's build script, the
//! OpenAPI document, and `examples/http/README.md`.

/// A status of the door.
#[derive(Debug)]
pub struct Status {
    /// The number of HTTP.
    pub number: u16,
    /// Its name in the standard: the `title` of a problem document.
    pub title: &'static str,
    /// When the door answers it, as a sentence.
    pub when: &'static str,
}

/// Every status of an answer without a result, in order.
pub const STATUSES: &[Status] = &[
    status(400, "Bad Request", "The body is not JSON."),
    status(401, "Unauthorized", "The request has no valid token of the door, or there are none."),
    status(403, "Forbidden", "The token has no right to do this, or the plugin refused it."),
    status(404, "Not Found", "There is no such person, group or path."),
    status(405, "Method Not Allowed", "The path takes other methods: see the header `Allow`."),
    status(409, "Conflict", "What is in Retool contradicts the request."),
    status(413, "Content Too Large", "The body is larger than `DOOR_MAX_BODY_BYTES`."),
    status(422, "Unprocessable Content", "The request is wrong, or the dialect can't do it."),
    status(
        424,
        "Failed Dependency",
        "Retool denies the connection, or the operator must correct the configuration.",
    ),
    status(429, "Too Many Requests", "Retool limits the rate. Call again after `Retry-After`."),
    status(503, "Service Unavailable", "It may succeed later. Call again after `Retry-After`."),
];

const fn status(number: u16, title: &'static str, when: &'static str) -> Status {
    Status { number, title, when }
}

/// What the door makes of a kind of the contract's errors.
#[derive(Debug)]
pub struct Kind {
    /// The case of `error-kind`.
    pub name: &'static str,
    /// The status of an error that is permanent. It is never one that clients repeat.
    pub permanent: u16,
    /// The status of an error that is transient.
    pub transient: u16,
    /// An error of this kind, for the OpenAPI document.
    pub example: Example,
}

/// An example of an error of the contract.
#[derive(Debug)]
pub struct Example {
    /// Its code.
    pub code: &'static str,
    /// Its message.
    pub message: &'static str,
    /// Whether it is permanent.
    pub permanent: bool,
}

/// Every kind of the contract's errors, in the order of the WIT.
pub const KINDS: &[Kind] = &[
    kind("invalid-input", 422, "invalid-email", "\"ada\" is not an e-mail address. Correct it."),
    // Not 401 or 403: Retool denies the token of the deployment, and not the caller's.
    kind("denied", 424, "token-rejected", "Retool rejects the token. Replace it."),
    kind("not-found", 404, "user-not-found", "Retool has no such person. Check the address."),
    kind("conflict", 409, "name-taken", "Another group has this name. Choose another."),
    kind("refused", 403, "protected-person", "The request protects this person. Ask its sender."),
    kind(
        "unsupported",
        422,
        "operation-unsupported",
        "Only /api/v2 can reset a second factor. Use a connection of that dialect.",
    ),
    Kind {
        transient: 429,
        ..passing("rate-limited", "rate-limited", "Retool limits the rate. Call again later.")
    },
    passing("unavailable", "server-error", "Retool failed with the status 500. Call again later."),
];

const fn kind(
    name: &'static str,
    permanent: u16,
    code: &'static str,
    message: &'static str,
) -> Kind {
    Kind { name, permanent, transient: 503, example: Example { code, message, permanent: true } }
}

/// A kind whose errors are transient. A permanent one must not be repeated.
const fn passing(name: &'static str, code: &'static str, message: &'static str) -> Kind {
    let example = Example { code, message, permanent: false };
    Kind { name, permanent: 424, transient: 503, example }
}

/// An error of the door itself.
#[derive(Debug)]
pub struct DoorError {
    /// Its code. No error of the contract has it.
    pub code: &'static str,
    /// Its status.
    pub status: u16,
    /// The case of `error-kind`.
    pub kind: &'static str,
    /// Whether it is permanent.
    pub permanent: bool,
    /// The field that it is about; the door may name another.
    pub field: Option<&'static str>,
    /// Its message, or an example of one where the door says more.
    pub message: &'static str,
}

/// Every error of the door itself.
pub const DOOR_ERRORS: &[DoorError] = &[
    own(
        "not-json",
        400,
        "invalid-input",
        "The body is not JSON: EOF while parsing an object at line 1 column 1.",
    ),
    own(
        "door-closed",
        401,
        "denied",
        "This door has no tokens, and lets nobody in. Its operator must set DOOR_TOKENS.",
    ),
    own(
        "token-required",
        401,
        "denied",
        "Send one valid token of this door: `Authorization: Bearer …`.",
    ),
    own(
        "function-refused",
        403,
        "refused",
        "This token may not call this function. Use another, or ask the operator.",
    ),
    about(
        "connection",
        own(
            "connection-refused",
            403,
            "refused",
            "This token may not use this connection. Use another, or ask the operator.",
        ),
    ),
    own(
        "path-unknown",
        404,
        "not-found",
        "There is nothing at this path. GET /openapi.json lists the functions.",
    ),
    own("method-refused", 405, "invalid-input", "This path takes POST only."),
    own(
        "request-too-large",
        413,
        "invalid-input",
        "The body has more than 16777216 bytes. Send a part of the roster with a span, or have the \
         operator raise DOOR_MAX_BODY_BYTES.",
    ),
    about(
        "user",
        own("wrong-form", 422, "invalid-input", "user is missing. GET /openapi.json has the form."),
    ),
    about(
        "connection",
        own(
            "connection-unknown",
            422,
            "invalid-input",
            "There is no connection of this name. Correct it, or have the operator add it to \
             DOOR_CONNECTIONS.",
        ),
    ),
    own(
        "door-misconfigured",
        424,
        "denied",
        "The operator of this door must correct DOOR_CONNECTIONS; the log says what is wrong.",
    ),
    DoorError {
        permanent: false,
        ..own(
            "body-incomplete",
            503,
            "unavailable",
            "The body broke off before its end, and nothing was called. Send it again.",
        )
    },
    DoorError {
        permanent: false,
        ..own("execution-failed", 503, "unavailable", "The call was not finished. Call again.")
    },
];

const fn own(
    code: &'static str,
    status: u16,
    kind: &'static str,
    message: &'static str,
) -> DoorError {
    DoorError { code, status, kind, permanent: true, field: None, message }
}

const fn about(field: &'static str, error: DoorError) -> DoorError {
    DoorError { field: Some(field), ..error }
}
