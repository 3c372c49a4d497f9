//! Connections by name. A caller never gives a base URL or a variable's name: tokens of Retool
//! would go where the caller likes.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;

use contract_json::{Keys, from_slice};

use crate::access::Token;
use crate::bindings::user_lifecycle::retool::types::Connection;
use crate::problem::Problem;

/// The variable with the connections: an object of names and the contract's `connection`, e.g.
/// `{"acme": {"base_url": "https://acme.retool.com", "dialect": "v2"}}`.
pub(crate) const VARIABLE: &str = "DOOR_CONNECTIONS";

/// Returns the connection of this name, for a caller with this token.
pub(crate) fn find(
    variable: Option<&str>,
    token: &Token,
    name: &str,
) -> Result<Connection, Problem> {
    if !token.may_use(name) {
        return Err(Problem::connection_refused());
    }
    let text = variable.unwrap_or("{}");
    let all: Result<BTreeMap<String, Connection>, _> = from_slice(text.as_bytes(), Keys::Known);
    let mut all = all.map_err(|_| {
        let message = format!("The operator of this door must correct {VARIABLE}.");
        Problem::misconfigured(message)
    })?;
    all.remove(name).ok_or_else(|| {
        let message = format!("There is no connection of this name. The operator sets {VARIABLE}.");
        Problem::unknown_connection(message)
    })
}
