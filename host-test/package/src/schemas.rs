//! The JSON of the contract: JSON Schema of every function, and the OpenAPI document.

use std::path::Path;

use anyhow::Result;
use contract_schema::{Contract, openapi};
use serde_json::Value;

use crate::{File, OPENAPI, SCHEMAS};

/// Returns the files, in the order of the WIT.
pub(crate) fn files(wit: &Path) -> Result<Vec<File>> {
    let contract = Contract::read(wit)?;
    let mut files = vec![File::new(OPENAPI, text(&openapi(&contract)?))];
    for function in contract.functions() {
        files.push(File::new(
            format!("{SCHEMAS}/{}.json", function.path()),
            text(&function.schemas()?),
        ));
    }
    Ok(files)
}

fn text(document: &Value) -> String {
    format!("{document:#}\n")
}
