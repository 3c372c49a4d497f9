//! Where the demonstration plays: the mock, the tenant, and what is told about each step.

use std::time::Duration;

use anyhow::Context;
use mock_retool::{Mock, Options};
use serde::Serialize;

use crate::cli::connection::host;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::progress::Progress;
use crate::retool::types::Dialect;
use crate::tenant::{Tenant, TenantOptions};

pub(super) struct Stage {
    mock: Mock,
    tenant: Tenant,
    output: Output,
    name: &'static str,
    done: Vec<Step>,
}

/// A step as `--json` tells it.
#[derive(Debug, Serialize)]
pub(super) struct Step {
    name: &'static str,
    #[serde(flatten)]
    requests: Requests,
}

/// What a step took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Requests {
    #[serde(rename = "requests")]
    pub(super) all: usize,
    pub(super) writes: usize,
}

impl Stage {
    pub(super) async fn open(latency: Duration, output: Output) -> Result<Stage, Failure> {
        let mock = Mock::start(Options { latency, ..Options::default() })
            .await
            .context("the mock could not be started")?;
        let progress = Progress::start("compiling the component", false);
        let options = TenantOptions::new(mock.base_url())
            .dialect(Dialect::V1)
            .env("RETOOL_API_TOKEN", mock.token());
        let tenant = host()?.tenant(options);
        drop(progress);
        Ok(Stage { mock, tenant, output, name: "", done: Vec::new() })
    }

    pub(super) fn base_url(&self) -> String {
        self.mock.base_url()
    }

    pub(super) fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    pub(super) fn steps(&self) -> &[Step] {
        &self.done
    }

    pub(super) fn narrate(&self, text: &str) -> Result<(), Failure> {
        self.output.say(text)
    }

    /// Shows a result, set off from what is told about it.
    pub(super) fn show(&self, text: &str) -> Result<(), Failure> {
        let indented: Vec<String> =
            text.lines().map(|line| format!("    {line}").trim_end().to_owned()).collect();
        self.output.say(&indented.join("\n"))
    }

    pub(super) fn begin(&mut self, name: &'static str, text: &str) -> Result<(), Failure> {
        self.name = name;
        self.mock.clear_requests();
        let number = self.done.len() + 1;
        self.narrate(&format!("\n{number}. {name}: {text}\n"))
    }

    /// Tells what the step took, and fails if it did not come out as `expected`.
    pub(super) fn end(
        &mut self,
        expected: impl FnOnce(Requests) -> anyhow::Result<()>,
    ) -> Result<(), Failure> {
        let log = self.mock.requests();
        let requests = Requests {
            all: log.len(),
            writes: log.iter().filter(|request| request.is_write()).count(),
        };
        self.narrate(&format!(
            "\n   {} requests, {} of them writes",
            requests.all, requests.writes
        ))?;
        expected(requests)
            .with_context(|| format!("step `{}` did not come out as expected", self.name))?;
        self.done.push(Step { name: self.name, requests });
        Ok(())
    }
}
