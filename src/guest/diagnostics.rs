//! `diagnostics`.

use super::{Answer, Component, call_with_any_dialect, contract, convert, list};
use crate::bindings::exports::user_lifecycle::retool::diagnostics::{
    Check, CheckStatus, ConnectionReport, Guest,
};
use crate::diagnostics::{self, Status};

impl Guest for Component {
    fn check_connection(connection: contract::Connection) -> Answer<ConnectionReport> {
        call_with_any_dialect(
            connection,
            |_| Ok(()),
            async |session, ()| Ok(diagnostics::check(session).await),
            |report, _| ConnectionReport {
                healthy: report.healthy(),
                dialect: convert::dialect(report.dialect),
                user_count: report.user_count,
                group_count: report.group_count,
                checks: list(report.checks, check),
            },
        )
    }
}

fn check(check: diagnostics::Check) -> Check {
    let diagnostics::Check { name, status, code, detail } = check;
    Check {
        name: name.into(),
        status: match status {
            Status::Passed => CheckStatus::Passed,
            Status::Warning => CheckStatus::Warning,
            Status::Failed => CheckStatus::Failed,
            Status::Unknown => CheckStatus::Unknown,
        },
        code: code.map(|code| code.as_str().into()),
        detail,
    }
}
