//! `diagnostics`.

use alloc::string::ToString;

use super::{dialect, list};
use crate::bindings::exports::user_lifecycle::retool::diagnostics as wit;
use crate::diagnostics::{Check, Report, Status};

/// A report.
pub fn report(report: Report) -> wit::ConnectionReport {
    wit::ConnectionReport {
        healthy: report.healthy(),
        dialect: report.dialect.map_or(wit::Dialect::Auto, dialect),
        checks: list(report.checks, check),
        user_count: report.user_count,
        group_count: report.group_count,
    }
}

fn check(check: Check) -> wit::Check {
    wit::Check {
        name: check.name.to_string(),
        status: match check.status {
            Status::Passed => wit::CheckStatus::Passed,
            Status::Warning => wit::CheckStatus::Warning,
            Status::Failed => wit::CheckStatus::Failed,
            Status::Unknown => wit::CheckStatus::Unknown,
        },
        code: check.code.map(|code| code.as_str().to_string()),
        detail: check.detail,
    }
}
