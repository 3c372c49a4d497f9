//! `call` and `schema`: any function of the contract, with JSON. The build script writes the list of
//! functions from the WIT.

use std::io::{self, IsTerminal};

use anyhow::{Context, anyhow};
use contract_json::{Keys, path_in_json};
use host_test::json;
use host_test::retool;
use host_test::retool::types::{ErrorDetail, Tombstone};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::args::{CallArgs, SchemaArgs};
use super::connection::tenant;
use super::failure::Failure;
use super::files::Input;
use super::output::{Output, print_painted};
use super::plan_file;
use crate::exit::Exit;

/// The schemas of every function, by its path: `lifecycle/provision`.
const SCHEMAS: &str = include_str!(concat!(env!("OUT_DIR"), "/schemas.json"));

/// Defines the functions, and the call of one. Each entry has the path, the function's name as a
/// case, its module in the bindings, the method of the tenant, the fields of the request, and how
/// they are passed.
macro_rules! functions {
    ($(
        $path:literal $case:ident $module:ident $method:ident $given:ident
        { $($field:ident: $type:ty,)* } ($($passed:expr,)*);
    )*) => {
        /// A function of the contract.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Function { $($case),* }

        impl Function {
            /// Every function, in the order of the WIT.
            pub(crate) const ALL: &[Function] = &[$(Function::$case),*];

            /// Returns its path: `lifecycle/provision`.
            pub(crate) fn path(self) -> &'static str {
                match self { $(Function::$case => $path),* }
            }
        }

        /// Reads the request, calls the function, and prints the result. The connection is opened after the request
        /// was read.
        async fn called(arguments: &CallArgs, output: &Output) -> Result<(), Failure> {
            match arguments.function {
                $(Function::$case => {
                    #[derive(serde::Deserialize)]
                    struct Request { $($field: $type,)* }
                    const FIELDS: &[&str] = &[$(stringify!($field)),*];
                    let $given: Request = read(arguments.request(), FIELDS)?;
                    let Request { $($field: _,)* } = &$given;
                    let (tenant, progress) = tenant(&arguments.connection, $path)?;
                    print(output, &progress.writing(tenant.$method($($passed),*)).await?)
                })*
            }
        }
    };
}
include!(concat!(env!("OUT_DIR"), "/functions.rs"));

impl Function {
    /// Returns its name without its interface: `provision`.
    pub(crate) fn name(self) -> &'static str {
        self.path().rsplit('/').next().unwrap_or_default()
    }

    /// Returns the function of this path or name.
    pub(crate) fn find(name: &str) -> Option<Function> {
        let is_it = |function: &&Function| [function.path(), function.name()].contains(&name);
        Function::ALL.iter().find(is_it).copied()
    }
}

pub(crate) async fn call(arguments: CallArgs, output: &Output) -> Result<Exit, Failure> {
    called(&arguments, output)
        .await
        .map_err(|failure| failure.located(|error| place(error, arguments.request())))?;
    Ok(Exit::Done)
}

pub(crate) fn schema(arguments: &SchemaArgs, output: &Output) -> Result<Exit, Failure> {
    let paths = Function::ALL.iter().map(|function| function.path());
    match arguments.function {
        Some(function) => {
            let mut schemas: Map<String, Value> =
                serde_json::from_str(SCHEMAS).context("the schemas could not be read")?;
            output.document(&schemas[function.path()].take())?;
        }
        None if output.is_json() => output.document(&paths.collect::<Vec<_>>())?,
        None => {
            let lines: String = paths.map(|path| format!("{path}\n")).collect();
            print_painted(&lines)?;
        }
    }
    Ok(Exit::Done)
}

/// Reads a request with these fields. Without fields and without a file, nothing is read.
fn read<T: DeserializeOwned>(input: Input<'_>, fields: &[&str]) -> Result<T, Failure> {
    let read = || {
        let text = match input {
            Input::Stdin if fields.is_empty() => b"{}".to_vec(),
            Input::Stdin if io::stdin().is_terminal() => {
                return Err(anyhow!(
                    "the request is missing: give --request FILE, or the JSON on standard input"
                ));
            }
            input => input.read(plan_file::MOST_BYTES)?,
        };
        contract_json::from_slice(&text, Keys::Known).with_context(|| {
            format!("{} is not a request of this function", input.name().display())
        })
    };
    read().map_err(Failure::Usage)
}

fn print<T: Serialize>(output: &Output, result: &T) -> Result<(), Failure> {
    output.document(result).map_err(|failure| {
        let result = json::value(result).unwrap_or_default();
        let writes = result["writes"].as_array().map_or(0, Vec::len);
        failure.after(writes, &records(&result))
    })
}

/// Returns the user's input and the field in it for a parameter of the component.
fn place(error: &ErrorDetail, input: Input<'_>) -> Option<String> {
    let field = error.field.as_deref().filter(|field| !field.starts_with("connection."))?;
    Some(format!("{}, {}", input.name().display(), path_in_json(field, RESPELLED)))
}

/// Returns the records of people who were removed. If the result can't be printed, nothing else has
/// them.
fn records(result: &Value) -> Vec<Tombstone> {
    let many = result["tombstones"].as_array().into_iter().flatten();
    let records = many.chain(result.get("tombstone"));
    records.filter_map(|record| json::from_value(record.clone()).ok()).collect()
}
