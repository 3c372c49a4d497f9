//! What is true of a connection, found out without writing.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::domain::Dialect;
use crate::error::{Code, Error};
use crate::retool::ReadDirectory;

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// As it should be.
    Passed,
    /// It works, and somebody should look at it.
    Warning,
    /// Wrong.
    Failed,
    /// Could not be told.
    Unknown,
}

/// One check.
#[derive(Clone, Debug)]
pub struct Check {
    /// What was checked.
    pub name: &'static str,
    /// How it came out.
    pub status: Status,
    /// The error code behind it.
    pub code: Option<Code>,
    /// One sentence for people.
    pub detail: String,
}

/// What is true of a connection.
#[derive(Clone, Debug)]
pub struct Report {
    /// The dialect that was spoken.
    pub dialect: Option<Dialect>,
    /// The checks, in the order they were made.
    pub checks: Vec<Check>,
    /// How many people there are.
    pub user_count: Option<u32>,
    /// How many groups there are.
    pub group_count: Option<u32>,
}

impl Report {
    /// Whether no check failed.
    pub fn healthy(&self) -> bool {
        self.checks.iter().all(|check| check.status != Status::Failed)
    }

    fn add(
        &mut self,
        name: &'static str,
        status: Status,
        code: Option<Code>,
        detail: impl Into<String>,
    ) {
        self.checks.push(Check { name, status, code, detail: detail.into() });
    }
}

/// Checks a directory. With `probing`, its dialect is only a guess, and the report names it
/// only if the server confirmed it.
pub async fn check(directory: &dyn ReadDirectory, probing: bool) -> Report {
    let users = directory.page_users(None, Some(1)).await;
    let groups = directory.page_groups(None, Some(1)).await;
    let mut report = Report {
        dialect: Some(directory.capabilities().dialect),
        checks: Vec::new(),
        user_count: users.as_ref().ok().and_then(|page| page.total),
        group_count: groups.as_ref().ok().and_then(|page| page.total),
    };
    let reads = [
        ("scope users:read", users.err(), "people"),
        ("scope groups:read", groups.err(), "groups"),
    ];
    answered(&mut report, [reads[0].1.as_ref(), reads[1].1.as_ref()]);
    let confirmed =
        report.checks.iter().any(|check| check.name == "dialect" && check.status == Status::Passed);
    if probing && !confirmed {
        report.dialect = None;
    }
    for (name, failure, what) in reads {
        match failure {
            None => report.add(name, Status::Passed, None, format!("The token may read {what}.")),
            Some(error) if error.code == Code::ScopeMissing => {
                report.add(name, Status::Failed, Some(error.code), error.message.clone());
            }
            Some(error) => {
                report.add(name, Status::Unknown, Some(error.code), error.message.clone())
            }
        }
    }
    for name in ["scope users:write", "scope groups:write"] {
        report.add(
            name,
            Status::Unknown,
            None,
            "Only a write could tell, and this check never writes.",
        );
    }
    report.add(
        "scim",
        Status::Unknown,
        None,
        "SCIM was not asked: this version speaks /api/v1 alone.",
    );
    report
}

/// The checks that every answer bears on: is somebody there, is it Retool, is the token good.
fn answered(report: &mut Report, failures: [Option<&Error>; 2]) {
    // What stands in the way of everything stands in the way of both; the first one tells.
    let find = |wanted: &dyn Fn(&Error) -> bool| {
        failures.into_iter().flatten().find(|error| wanted(error))
    };
    let one_worked = failures.iter().any(Option::is_none);
    let silent = |error: &Error| error.http_status.is_none() && error.code != Code::AnswerUnusable;
    let answered = failures.iter().any(|failure| failure.is_none_or(|error| !silent(error)));
    match find(&|error: &Error| silent(error)).filter(|_| !answered) {
        Some(error) => {
            report.add("reachable", Status::Failed, Some(error.code), error.message.clone())
        }
        None => report.add("reachable", Status::Passed, None, "The server answers."),
    }
    let foreign = |error: &Error| {
        matches!(error.code, Code::BaseUrlWrong | Code::Redirected | Code::AnswerUnusable)
    };
    match find(&|error: &Error| foreign(error)) {
        Some(error) => {
            report.add("dialect", Status::Failed, Some(error.code), error.message.clone())
        }
        // Any proxy may ask for another token; a missing scope only Retool knows.
        None if one_worked || find(&|error: &Error| lacks_scope(error)).is_some() => {
            report.add("dialect", Status::Passed, None, "The server speaks /api/v1.");
        }
        None => report.add("dialect", Status::Unknown, None, "No answer told."),
    }
    match find(&|error: &Error| error.code == Code::TokenRejected) {
        Some(error) => report.add("token", Status::Failed, Some(error.code), error.message.clone()),
        None if one_worked || find(&|error: &Error| lacks_scope(error)).is_some() => {
            report.add("token", Status::Passed, None, "The token is accepted.");
        }
        None => report.add("token", Status::Unknown, None, "No answer told.".to_string()),
    }
}

fn lacks_scope(error: &Error) -> bool {
    error.code == Code::ScopeMissing
}
