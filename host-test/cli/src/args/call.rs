//! The arguments of `call` and `schema`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use super::ConnectionArgs;
use crate::call::Function;
use crate::files::Input;

pub(super) const CALL_EXAMPLE: &str = "\
Example:
  echo '{\"user\": {\"email\": \"ada@example.com\"}}' | \\
    retool-lifecycle call find-user --base-url https://acme.retool.com

The request is an object of the function's parameters, without the connection. `schema` says what
they are. The result is JSON, with and without --json. The exit code is 0 if there is a result,
whatever is in it.";

pub(super) const SCHEMA_EXAMPLE: &str = "\
Example:
  retool-lifecycle schema
  retool-lifecycle schema provision";

#[derive(Debug, Args)]
pub(crate) struct CallArgs {
    /// The function: `lifecycle/provision`, or `provision` alone.
    #[arg(value_parser = function(), hide_possible_values = true)]
    pub(crate) function: Function,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    /// A JSON file with the request; standard input if not given, or if it is `-`. A function that
    /// needs no request does not read standard input.
    #[arg(long, value_name = "FILE")]
    request: Option<PathBuf>,
}

impl CallArgs {
    /// Returns where the request comes from.
    pub(crate) fn request(&self) -> Input<'_> {
        self.request.as_deref().map_or(Input::Stdin, Input::of)
    }
}

#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// The function. Without one, every function is listed.
    #[arg(value_parser = function(), hide_possible_values = true)]
    pub(crate) function: Option<Function>,
}

/// Takes every function by its path, and by its name alone.
fn function() -> impl TypedValueParser<Value = Function> {
    let names = Function::ALL.iter().flat_map(|function| {
        [PossibleValue::new(function.path()), PossibleValue::new(function.name())]
    });
    PossibleValuesParser::new(names)
        .try_map(|name| Function::find(&name).ok_or("there is no such function"))
}
