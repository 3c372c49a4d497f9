//! The functions of the contract. The build script lists them from the WIT.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use contract_json::{Keys, Refusal};
use serde::Deserialize;

use crate::bindings::user_lifecycle::retool;
use crate::problem::{NOT_JSON, Problem, WRONG_FORM};
use retool::types::Connection;

/// The OpenAPI document.
pub(crate) const OPENAPI: &str = include_str!(concat!(env!("OUT_DIR"), "/openapi.json"));

/// Defines the functions, and the call of one. Each entry has the path, the function's name as a
/// case, the module and the name in the bindings, the fields of the request, and how they are passed.
macro_rules! functions {
    ($(
        $path:literal $case:ident $module:ident $name:ident $given:ident
        { $($field:ident: $type:ty,)* } ($($passed:expr,)*);
    )*) => {
        /// A function of the contract.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Function { $($case),* }

        impl Function {
            /// Every function, in the order of the WIT.
            pub(crate) const ALL: &[Function] = &[$(Function::$case),*];

            /// Returns its path, e.g. `lifecycle/provision`.
            pub(crate) fn path(self) -> &'static str {
                match self { $(Function::$case => $path),* }
            }

            /// Reads a call, and makes it. `connection` finds the connection of its name, or refuses
            /// it. Returns the result as JSON.
            pub(crate) fn call<'a>(
                self,
                body: Vec<u8>,
                connection: impl FnOnce(&str) -> Result<&'a Connection, Problem>,
            ) -> Result<Vec<u8>, Problem> {
                match self {
                    $(Function::$case => {
                        #[derive(Deserialize)]
                        struct Call { connection: String, $($field: $type,)* }
                        let $given: Call = read(&body)?;
                        drop(body);
                        let connection = connection(&$given.connection)?;
                        let result = retool::$module::$name(connection, $($passed),*);
                        let result = result.map_err(|error| Problem::of(error, connection))?;
                        Ok(serde_json::to_vec(&result).unwrap_or_default())
                    })*
                }
            }
        }
    };
}
include!(concat!(env!("OUT_DIR"), "/functions.rs"));

fn read<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, Problem> {
    contract_json::from_slice(body, Keys::Known).map_err(|refusal| match refusal {
        Refusal::Syntax(reason) => {
            Problem::own(NOT_JSON).saying(format!("The body is not JSON: {reason}."))
        }
        Refusal::Form { field, problem } => {
            let subject = if field.is_empty() { "The body" } else { &field };
            let message = format!("{subject} {problem}. GET /openapi.json has the form.");
            Problem::own(WRONG_FORM).saying(message).about(field)
        }
    })
}
