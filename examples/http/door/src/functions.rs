//! The functions of the contract. The build script lists them from the WIT.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use contract_json::{Keys, Refusal};
use serde::Deserialize;

use crate::bindings::user_lifecycle::retool;
use crate::problem::Problem;
use retool::types::Connection;

/// The OpenAPI document.
pub(crate) const OPENAPI: &str = include_str!(concat!(env!("OUT_DIR"), "/openapi.json"));

/// Defines the list of functions, and the call of one by its path. Each entry has the path, the
/// module and the name in the bindings, the fields of the request, and how they are passed.
macro_rules! functions {
    ($(
        $path:literal $module:ident $name:ident $given:ident
        { $($field:ident: $type:ty,)* } ($($passed:expr,)*);
    )*) => {
        /// The path of every function, e.g. `lifecycle/provision`, in the order of the WIT.
        pub(crate) const FUNCTIONS: &[&str] = &[$($path),*];

        /// Reads a call, and makes it. `connection` finds the connection of its name, or refuses it.
        /// Returns the result as JSON.
        pub(crate) fn call(
            path: &str,
            body: Vec<u8>,
            connection: impl FnOnce(&str) -> Result<Connection, Problem>,
        ) -> Result<Vec<u8>, Problem> {
            match path {
                $($path => {
                    #[derive(Deserialize)]
                    struct Call { connection: String, $($field: $type,)* }
                    let $given: Call = read(&body)?;
                    drop(body);
                    let connection = connection(&$given.connection)?;
                    let result = retool::$module::$name(&connection, $($passed),*);
                    let result = result.map_err(Problem::of)?;
                    Ok(serde_json::to_vec(&result).unwrap_or_default())
                })*
                _ => Err(Problem::no_such_path()),
            }
        }
    };
}
include!(concat!(env!("OUT_DIR"), "/functions.rs"));

fn read<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, Problem> {
    contract_json::from_slice(body, Keys::Known).map_err(|refusal| match refusal {
        Refusal::Syntax(reason) => Problem::not_json(format!("The body is not JSON: {reason}.")),
        Refusal::Form { field, problem } => {
            let subject = if field.is_empty() { "The body" } else { &field };
            let message = format!("{subject} {problem}. GET /openapi.json has the form.");
            Problem::wrong_form(field, message)
        }
    })
}
