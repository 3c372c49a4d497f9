//! The report of a connection check.

use super::style::{ALARM, CHANGED, GOOD, painted};
use super::words;
use host_test::retool::diagnostics::{Check, CheckStatus, ConnectionReport};
use host_test::text::printable;

/// Renders a report. If the connection does not work, `failures` says why: only the host knows the
/// reasons of a failed connection.
pub(crate) fn check(base_url: &str, report: &ConnectionReport, failures: &[String]) -> String {
    let ConnectionReport { healthy, dialect, checks, user_count, group_count } = report;
    let state = if *healthy { painted(GOOD, "healthy") } else { painted(ALARM, "NOT HEALTHY") };
    let mut text = format!("{} ({}): {state}\n", printable(base_url), words::dialect(*dialect));
    let width = checks.iter().map(|check| check.name.chars().count()).max().unwrap_or(0);
    for Check { name, status, code, detail } in checks {
        let (style, status) = match status {
            CheckStatus::Passed => (GOOD, "passed"),
            CheckStatus::Warning => (CHANGED, "warning"),
            CheckStatus::Failed => (ALARM, "FAILED"),
            CheckStatus::Unknown => (CHANGED, "unknown"),
        };
        let status = painted(style, &format!("{status:<8}"));
        let code = match code {
            Some(code) => format!(" ({})", printable(code)),
            None => String::new(),
        };
        text += &format!("  {status} {:<width$}  {}{code}\n", printable(name), printable(detail));
    }
    if !*healthy {
        for failure in failures {
            text += &format!("  {:<8} {:<width$}  {}\n", "why", "", printable(failure));
        }
    }
    if let Some(count) = user_count {
        text += &format!("  {}\n", words::count(*count as usize, "person", "people"));
    }
    if let Some(count) = group_count {
        text += &format!("  {}\n", words::count(*count as usize, "group", "groups"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::style::plain;
    use super::*;
    use host_test::retool::types::Dialect;

    #[test]
    fn each_check_has_its_own_line() {
        let made = |name: &str, status, code: Option<&str>, detail: &str| Check {
            name: name.to_owned(),
            status,
            code: code.map(str::to_owned),
            detail: detail.to_owned(),
        };
        let text = check(
            "https://acme.retool.com",
            &ConnectionReport {
                healthy: false,
                dialect: Dialect::V1,
                checks: vec![
                    made("reachable", CheckStatus::Passed, None, "It answers."),
                    made(
                        "scope groups:read",
                        CheckStatus::Failed,
                        Some("scope-missing"),
                        "The token lacks it.",
                    ),
                ],
                user_count: Some(1),
                group_count: Some(8),
            },
            &[],
        );
        assert_eq!(
            plain(&text),
            "\
https://acme.retool.com (v1): NOT HEALTHY
  passed   reachable          It answers.
  FAILED   scope groups:read  The token lacks it. (scope-missing)
  1 person
  8 groups
"
        );
    }

    #[test]
    fn a_connection_that_failed_has_the_reasons_of_the_host() {
        let detail = "The connection could not be made.".to_owned();
        let reachable = Check {
            name: "reachable".to_owned(),
            status: CheckStatus::Failed,
            code: Some("connection-failed".to_owned()),
            detail,
        };
        let report = |healthy| ConnectionReport {
            healthy,
            dialect: Dialect::Auto,
            checks: vec![reachable.clone()],
            user_count: None,
            group_count: None,
        };
        let failures = [
            "a request to https://x:443 failed: no name (DNS)".to_owned(),
            "a request to https://x:443 failed: the certificate has expired\u{1b}".to_owned(),
        ];
        assert_eq!(
            plain(&check("https://x", &report(false), &failures)),
            "\
https://x (auto): NOT HEALTHY
  FAILED   reachable  The connection could not be made. (connection-failed)
  why                 a request to https://x:443 failed: no name (DNS)
  why                 a request to https://x:443 failed: the certificate has expired\\u{1b}
"
        );
        assert!(!check("https://x", &report(true), &failures).contains("why"));
    }
}
