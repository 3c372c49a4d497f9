//! The mock and the tenant of the walkthrough, and its chapters: a text, a result, the requests
//! that it took.

use std::time::Duration;

use anyhow::Context;
use mock_retool::{Mock, Options};
use serde::Serialize;

use crate::connection::host;
use crate::failure::Failure;
use crate::output::Output;
use crate::progress::Progress;
use host_test::Tenant;
use host_test::TenantOptions;
use host_test::retool::types::Dialect;

pub(super) struct Walkthrough {
    mock: Mock,
    tenant: Tenant,
    output: Output,
    name: &'static str,
    chapters: Vec<Chapter>,
}

/// A chapter as `--json` prints it.
#[derive(Debug, Serialize)]
pub(super) struct Chapter {
    name: &'static str,
    #[serde(flatten)]
    requests: Requests,
}

/// The number of requests that a chapter took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Requests {
    #[serde(rename = "requests")]
    pub(super) all: usize,
    pub(super) writes: usize,
}

impl Walkthrough {
    pub(super) async fn open(latency: Duration, output: Output) -> Result<Walkthrough, Failure> {
        let mock = Mock::start(Options { latency, ..Options::default() })
            .await
            .context("the mock could not be started")?;
        let progress = Progress::start("compiling the component", false);
        let options = TenantOptions::new(mock.base_url())
            .dialect(Dialect::V2)
            .env("RETOOL_API_TOKEN", mock.token());
        let tenant = host()?.tenant(options);
        drop(progress);
        Ok(Walkthrough { mock, tenant, output, name: "", chapters: Vec::new() })
    }

    pub(super) fn base_url(&self) -> String {
        self.mock.base_url()
    }

    pub(super) fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    pub(super) fn chapters(&self) -> &[Chapter] {
        &self.chapters
    }

    pub(super) fn narrate(&self, text: &str) -> Result<(), Failure> {
        self.output.say(text)
    }

    /// Prints a result, indented so that it differs from the narration.
    pub(super) fn show(&self, text: &str) -> Result<(), Failure> {
        let indented: Vec<String> =
            text.lines().map(|line| format!("    {line}").trim_end().to_owned()).collect();
        self.output.say(&indented.join("\n"))
    }

    pub(super) fn begin(&mut self, name: &'static str, text: &str) -> Result<(), Failure> {
        self.name = name;
        self.mock.clear_requests();
        let number = self.chapters.len() + 1;
        self.narrate(&format!("\n{number}. {name}: {text}\n"))
    }

    /// Prints the number of requests, and fails if the chapter did not end as `expected`.
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
            .with_context(|| format!("chapter `{}` did not end as expected", self.name))?;
        self.chapters.push(Chapter { name: self.name, requests });
        Ok(())
    }
}
