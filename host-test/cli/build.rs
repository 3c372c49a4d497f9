//! Writes what the commands `call` and `schema` know of the contract, from its WIT: the schemas, and
//! the list of functions for the macro in `src/call.rs`.

use anyhow::Result;
use contract_schema::BuildScript;
use serde_json::Map;

fn main() -> Result<()> {
    let script = BuildScript::start("../../wit")?;
    let mut schemas = Map::new();
    for function in script.contract.functions() {
        schemas.insert(function.path(), function.schemas()?);
    }
    script.write("schemas.json", serde_json::to_string(&schemas)?)?;
    script.write("functions.rs", script.contract.rust_functions("retool")?)
}
