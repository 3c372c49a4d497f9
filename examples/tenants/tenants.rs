//! The organisations.

use std::collections::BTreeMap;
use std::error::Error;

use host_test::retool::types::Dialect;
use host_test::{Host, Tenant, TenantOptions, json};
use serde::Deserialize;

/// One organisation in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    base_url: String,
    /// The dialect's name in the contract; `auto` if not given.
    dialect: Option<serde_json::Value>,
    /// The variable of this process that holds the organisation's REST token.
    token_variable: String,
    /// Tunables of the component, e.g. `RETOOL_DEADLINE_MS`.
    #[serde(default)]
    settings: BTreeMap<String, String>,
}

/// Opens a tenant for each organisation of a JSON object, by name. A missing token is not an error
/// here; the jobs of the tenant report it.
pub fn open(host: &Host, file: &str) -> Result<BTreeMap<String, Tenant>, Box<dyn Error>> {
    let entries: BTreeMap<String, Entry> = serde_json::from_str(file)?;
    let opened = entries.into_iter().map(|(name, entry)| {
        let dialect = entry.dialect.map_or(Ok(Dialect::Auto), json::from_value)?;
        let log_name = name.clone();
        let mut options = TenantOptions::new(entry.base_url)
            .dialect(dialect)
            .inject_credentials()
            .on_log(move |line| eprintln!("{log_name}: {line}"));
        if let Ok(token) = std::env::var(&entry.token_variable) {
            options = options.env("RETOOL_API_TOKEN", token);
        }
        for (variable, value) in entry.settings {
            options = options.env(variable, value);
        }
        Ok((name, host.tenant(options)))
    });
    opened.collect()
}
