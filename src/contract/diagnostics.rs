//! `diagnostics`.

use alloc::string::String;

use super::{DialectCase, dialect_case, lowered};
use crate::abi::{Layout, Lower, Place, Shape, cases, record};
use crate::diagnostics::{Check, Report, Status};
use crate::error::Code;

cases!(Status { Passed, Warning, Failed, Unknown });

impl Shape for Code {
    const LAYOUT: Layout = str::LAYOUT;

    #[cfg(test)]
    fn describe(out: &mut String) {
        str::describe(out);
    }
}

impl Lower for Code {
    fn lower(&self, to: Place<'_>) {
        self.as_str().lower(to);
    }
}

record!(out Check { name: &'static str, status: Status, code: Option<Code>, detail: String, });

record! {
    out struct ConnectionReport<'a> {
        healthy: bool,
        dialect: DialectCase,
        checks: &'a [Check],
        user_count: Option<u32>,
        group_count: Option<u32>,
    }
}

fn connection_report(report: &Report) -> ConnectionReport<'_> {
    ConnectionReport {
        healthy: report.healthy(),
        dialect: dialect_case(report.dialect),
        checks: &report.checks,
        user_count: report.user_count,
        group_count: report.group_count,
    }
}

lowered!(Report as ConnectionReport<'_>, connection_report);
