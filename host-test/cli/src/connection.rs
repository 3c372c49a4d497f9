//! The connection of a command, and `check`.

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, anyhow};
use secrecy::SecretString;

use super::args::ConnectionArgs;
use super::cache;
use super::failure::Failure;
use super::files;
use super::log;
use super::output::Output;
use super::progress::Progress;
use super::signals;
use super::token;
use crate::exit::Exit;
use crate::render;
use host_test::Host;
use host_test::HostError;
use host_test::Limits;
use host_test::Tenant;
use host_test::TenantOptions;
use host_test::retool::diagnostics::ConnectionReport;
use host_test::text::printable;
use host_test::{CaCertificates, Proxies};

/// The variable for `--base-url`. The command reads it, and does not pass it to the component.
const BASE_URL_VARIABLE: &str = "RETOOL_BASE_URL";

/// The variable of the component's deadline.
const DEADLINE_VARIABLE: &str = "RETOOL_DEADLINE_MS";

/// The variable that makes the component report where its time went.
const PROFILE_VARIABLE: &str = "RETOOL_PROFILE";

/// Opens the tenant of a command and starts its progress display, which ends when the second value
/// is dropped.
pub(crate) fn tenant(
    arguments: &ConnectionArgs,
    what: &str,
) -> Result<(Tenant, Progress), Failure> {
    tenant_until(arguments, what, DEADLINE_MS)
}

/// Like [`tenant`], with another deadline if the user sets none.
fn tenant_until(
    arguments: &ConnectionArgs,
    what: &str,
    deadline_ms: &str,
) -> Result<(Tenant, Progress), Failure> {
    let mut progress = Progress::start(what, arguments.verbose);
    let mut options =
        TenantOptions::new(&arguments.base_url).dialect(arguments.api.into()).limits(limits());
    options.env = passed_on(env::vars_os(), deadline_ms)?;
    if let Some(file) = &arguments.token_file {
        let variable = token::variable(arguments.api);
        options.env.retain(|(name, _)| name != variable);
        options.env.push((variable.to_owned(), token::read(file)?));
    }
    options.inject_credentials = arguments.inject_credentials;
    options.ca_certificates = ca_certificates(arguments.ca_file.as_deref())?;
    options.proxies = proxies()?;
    options.stop = signals::token();
    options.on_log = Some(progress.sink());
    options.on_event = Some(progress.events());
    if arguments.profile {
        options.env.retain(|(name, _)| name != PROFILE_VARIABLE);
        options = options.env(PROFILE_VARIABLE, "1");
    }
    let tenant = host()?.tenant(options);
    if arguments.profile {
        progress.profile(tenant.clone());
    }
    Ok((tenant, progress))
}

/// Reads the certificate authorities that are trusted in addition to the machine's own.
fn ca_certificates(file: Option<&Path>) -> Result<CaCertificates, Failure> {
    let Some(file) = file else {
        return Ok(CaCertificates::default());
    };
    let read = || {
        let pem = files::read(file, files::MOST_BYTES)?;
        anyhow::Ok(CaCertificates::from_pem(&pem)?)
    };
    read().with_context(|| file.display().to_string()).map_err(Failure::Usage)
}

/// Reads the proxies from the environment.
fn proxies() -> Result<Proxies, Failure> {
    // A value that is not UTF-8 must be an invalid URL. If it were ignored, requests would bypass
    // the proxy.
    let variable = |name: &str| Some(env::var_os(name)?.to_string_lossy().into_owned());
    Proxies::from_env(variable).map_err(|error| Failure::Usage(error.into()))
}

/// A command makes one call at a time; the next may begin while the last one is cleaned up.
const CONCURRENT_CALLS: u32 = 2;

/// Returns the host of this process. It reserves less memory than a host for many tenants.
pub(crate) fn host() -> Result<Host, Failure> {
    static HOST: OnceLock<Result<Host, HostError>> = OnceLock::new();
    let component = Host::embedded_component();
    let made = || match cache::folder() {
        Ok(folder) => {
            // SAFETY: only this user can write there.
            let host = unsafe { Host::precompiled(component, CONCURRENT_CALLS, &folder) }?;
            if let Some(why) = host.cache_problem() {
                note_no_cache(&format!("{}: {why}", folder.display()));
            }
            Ok(host)
        }
        Err(why) => {
            note_no_cache(&why);
            Host::with_concurrency(component, CONCURRENT_CALLS)
        }
    };
    Ok(HOST.get_or_init(made).clone()?)
}

/// Prints why every run compiles the component again.
fn note_no_cache(why: &str) {
    log::note(&format!(
        "the component is compiled in each run, because its machine code can't be kept: {}",
        printable(why)
    ));
}

/// Returns the time that a command's calls may take, if they are one task for the user. The
/// component checks the variable.
pub(crate) fn deadline() -> Duration {
    let set = env::var(DEADLINE_VARIABLE).ok();
    let default = || DEADLINE_MS.parse().ok();
    let ms = set.and_then(|text| text.parse().ok()).or_else(default).unwrap_or_default();
    Duration::from_millis(ms)
}

/// Limits that are wider than the library's defaults. There is one call in this process, and the
/// component's own deadline, which may be an hour, should end it before a limit does.
pub(crate) fn limits() -> Limits {
    Limits {
        memory: 1 << 30,
        wall_clock: Duration::from_secs(2 * 60 * 60),
        compute: Duration::from_secs(10 * 60),
        log: 64 << 20,
        ..Limits::default()
    }
}

/// The component's deadline if the user sets none: the longest that the component accepts,
/// because only the user waits for this process.
const DEADLINE_MS: &str = "3600000";

/// The deadline of a check. Waiting for an hour while the server throttles would not find out more.
const CHECK_DEADLINE_MS: &str = "300000";

/// Selects the variables for the component: tokens and tunables.
fn passed_on(
    environment: impl Iterator<Item = (OsString, OsString)>,
    deadline_ms: &str,
) -> Result<Vec<(String, SecretString)>, Failure> {
    let mut variables = Vec::new();
    for (name, value) in environment {
        let Some(name) = name.to_str().filter(|name| name.starts_with("RETOOL_")) else {
            continue;
        };
        if name == BASE_URL_VARIABLE {
            continue;
        }
        let value = value
            .into_string()
            .map_err(|_| Failure::Usage(anyhow!("the value of {name} is not UTF-8")))?;
        variables.push((name.to_owned(), SecretString::from(value)));
    }
    if !variables.iter().any(|(name, _)| name == DEADLINE_VARIABLE) {
        variables.push((DEADLINE_VARIABLE.to_owned(), deadline_ms.into()));
    }
    Ok(variables)
}

pub(crate) async fn check(arguments: ConnectionArgs, output: &Output) -> Result<Exit, Failure> {
    let what = "checking the connection";
    let (tenant, progress) = tenant_until(&arguments, what, CHECK_DEADLINE_MS)?;
    let failures = progress.failures();
    // The text of the report has the reasons of failed requests; JSON has none.
    let says_enough = |report: &ConnectionReport| report.healthy || !output.is_json();
    let report = progress.checking(tenant.check_connection(), says_enough).await?;
    output.result(&report, |report| render::check(&arguments.base_url, report, &failures.all()))?;
    Ok(if report.healthy { Exit::Done } else { Exit::Failed })
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn passed(environment: &[(&str, &str)]) -> Vec<(String, String)> {
        let environment = environment.iter().map(|&(name, value)| (name.into(), value.into()));
        let passed = passed_on(environment, DEADLINE_MS).expect("UTF-8").into_iter();
        passed.map(|(name, value)| (name, value.expose_secret().to_owned())).collect()
    }

    #[test]
    fn only_the_components_variables_are_passed_on() {
        let passed = passed(&[
            ("PATH", "/bin"),
            ("RETOOL_API_TOKEN", "t"),
            ("RETOOL_BASE_URL", "https://x"),
            ("RETOOL_DEADLINE_MS", "500"),
        ]);
        let expected = [("RETOOL_API_TOKEN", "t"), ("RETOOL_DEADLINE_MS", "500")];
        assert_eq!(passed, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn the_default_deadline_is_one_hour() {
        let hour = ("RETOOL_DEADLINE_MS".to_owned(), "3600000".to_owned());
        assert_eq!(passed(&[]), [hour]);
    }
}
