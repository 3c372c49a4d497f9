//! `mock`.

use std::io::ErrorKind;
use std::time::Duration;

use mock_retool::{Mock, Options, Throttling};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::args::MockArgs;
use super::failure::Failure;
use super::output::Output;
use crate::exit::Exit;

/// Serves until the process is interrupted.
pub(crate) async fn run(arguments: MockArgs, output: &Output) -> Result<Exit, Failure> {
    let MockArgs {
        port,
        users,
        groups,
        token,
        scim_token,
        empty,
        latency_ms,
        quota,
        quota_guidance,
        quota_status,
        faults,
    } = arguments;
    let defaults = Options::default();
    let exposed = |token: SecretString| token.expose_secret().to_owned();
    let token = token.map_or(defaults.token, exposed);
    let scim_token = scim_token.map_or(defaults.scim_token, exposed);
    let empty_one = if token.is_empty() { "--token" } else { "--scim-token" };
    let mock = Mock::start(Options {
        port,
        users,
        groups,
        token,
        scim_token,
        empty,
        latency: Duration::from_millis(latency_ms),
        quota,
        throttling: Throttling { status: quota_status, guidance: quota_guidance },
        faults,
        ..Options::default()
    })
    .await
    .map_err(|error| match error.kind() {
        ErrorKind::InvalidInput => Failure::Usage(anyhow::Error::new(error).context(empty_one)),
        _ => {
            let what = format!("the mock could not listen on port {port}");
            Failure::Other(anyhow::Error::new(error).context(what))
        }
    })?;

    let url = mock.base_url();
    if output.is_json() {
        output.document(&json!({ "base_url": url, "scim_base_url": format!("{url}/scim/v2") }))?;
    } else {
        let defaults = Options::default();
        let token = export("RETOOL_API_TOKEN", mock.token(), &defaults.token);
        let scim_token = export("RETOOL_SCIM_TOKEN", mock.scim_token(), &defaults.scim_token);
        output.say(&format!(
            "A mock Retool is at {url} (interrupt to stop it). Try:\n{token}\
             curl -H \"Authorization: Bearer $RETOOL_API_TOKEN\" '{url}/api/v1/users?pageSize=3'\n\
             retool-lifecycle check --base-url '{url}'\n\
             Its SCIM is at {url}/scim/v2, with a token of its own:\n{scim_token}\
             curl -H \"Authorization: Bearer $RETOOL_SCIM_TOKEN\" '{url}/scim/v2/Users?count=3'"
        ))?;
    }
    std::future::pending().await
}

/// Returns the shell line that sets a variable to the token. A token that the user chose is not
/// printed.
fn export(variable: &str, token: &str, default: &str) -> String {
    if token == default { format!("export {variable}='{token}'\n") } else { String::new() }
}
