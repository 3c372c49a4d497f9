//! Explanations for failures of SCIM, where the status alone is not enough.

use alloc::string::{String, ToString};

use crate::error::{Code, Error};

/// A possible cause of every failure of the token.
const OWN_TOKEN: &str = " SCIM takes a token of its own, made in Retool's settings under SSO: a token of the REST \
     API does not work.";

const UNAVAILABLE: &str = "SCIM does not answer (404). It is looked for under /scim/v2 and /api/scim/v2 of the \
     base URL, unless that ends in one of them. Either this Retool is older than 2.32.1, or SCIM is not set up (it \
     needs an Enterprise plan and SSO), or the base URL is not this instance's.";

/// Adds an explanation to a failure.
pub(super) fn explained(mut error: Error) -> Error {
    match error.code {
        Code::TokenRejected | Code::Forbidden => error.message.push_str(OWN_TOKEN),
        Code::ScopeMissing => {
            let said =
                error.message.find(" The server says: ").map(|at| error.message[at..].to_string());
            error.message =
                String::from("The token is not allowed to use SCIM, or not for this (403).");
            error.message.push_str(said.as_deref().unwrap_or_default());
            error.message.push_str(OWN_TOKEN);
        }
        Code::BaseUrlWrong => {
            error.code = Code::ScimUnavailable;
            error.message = UNAVAILABLE.to_string();
        }
        _ => {}
    }
    error
}

/// Returns the error for a server on which SCIM does not answer.
pub(super) fn unavailable() -> Error {
    Error::new(Code::ScimUnavailable, UNAVAILABLE)
}
