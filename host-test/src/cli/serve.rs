//! `mock`.

use std::io::ErrorKind;
use std::time::Duration;

use mock_retool::{Mock, Options};
use serde_json::json;

use super::Exit;
use super::args::{MockArgs, Token};
use super::failure::Failure;
use super::output::Output;

/// Serves until the process is interrupted.
pub(crate) async fn run(arguments: MockArgs, output: &Output) -> Result<Exit, Failure> {
    let MockArgs { port, users, groups, token, empty, latency_ms, quota } = arguments;
    let token = match token {
        Some(Token(token)) => token,
        None => Options::default().token,
    };
    let mock = Mock::start(Options {
        port,
        users,
        groups,
        token,
        empty,
        latency: Duration::from_millis(latency_ms),
        quota,
        ..Options::default()
    })
    .await
    .map_err(|error| match error.kind() {
        ErrorKind::InvalidInput => Failure::Usage(format!("--token: {error}")),
        _ => Failure::Other(format!("the mock could not listen on port {port}: {error}")),
    })?;

    let url = mock.base_url();
    if output.is_json() {
        output.document(&json!({ "base_url": url }))?;
    } else {
        // One that was chosen for this run is not repeated.
        let token = if mock.token() == Options::default().token {
            format!("export RETOOL_API_TOKEN='{}'\n", mock.token())
        } else {
            String::new()
        };
        output.say(&format!(
            "A mock Retool is at {url} (interrupt to stop it). Try:\n{token}\
             curl -H \"Authorization: Bearer $RETOOL_API_TOKEN\" '{url}/api/v1/users?pageSize=3'\n\
             retool-lifecycle check --base-url '{url}'"
        ))?;
    }
    std::future::pending().await
}
