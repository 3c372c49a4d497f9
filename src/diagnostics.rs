//! Checks a connection without writing.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::domain::{Dialect, Group, User};
use crate::error::{Code, Error};
use crate::retool::ReadDirectory;
use crate::retool::unreadable::Unreadable;
use crate::session::{PREFERENCE, Session, Wanted, is_another};

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// As it should be.
    Passed,
    /// It works, but should be looked at.
    Warning,
    /// Wrong.
    Failed,
    /// Could not be determined.
    Unknown,
}

/// One check.
#[derive(Clone, Debug)]
pub struct Check {
    /// What was checked.
    pub name: &'static str,
    /// The result.
    pub status: Status,
    /// The error code behind it.
    pub code: Option<Code>,
    /// One sentence for people.
    pub detail: String,
}

/// The results of all checks of a connection.
#[derive(Clone, Debug)]
pub struct Report {
    /// The dialect in use.
    pub dialect: Option<Dialect>,
    /// The checks, in the order they were made.
    pub checks: Vec<Check>,
    /// Number of users.
    pub user_count: Option<u32>,
    /// Number of groups.
    pub group_count: Option<u32>,
}

impl Report {
    /// Returns whether the connection was seen to work: people and groups were listed, and no check
    /// failed.
    pub fn healthy(&self) -> bool {
        self.user_count.is_some()
            && self.group_count.is_some()
            && self.checks.iter().all(|check| check.status != Status::Failed)
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

/// How many duplicates a check names.
const NAMED: usize = 5;

/// Checks a connection: finds the dialect if none was asked for, lists all users and all groups,
/// and checks whether SCIM is available too.
pub async fn check(session: &Session) -> Report {
    let found = match session.wanted() {
        Wanted::Dialect(_) => Ok(None),
        Wanted::Auto => session.access.probe(&PREFERENCE).await.map(Some),
    };
    let mut report =
        Report { dialect: None, checks: Vec::new(), user_count: None, group_count: None };
    let probed = match found {
        Ok(probed) => probed,
        Err(error) => {
            answered(&mut report, None, [Some(&error), Some(&error)]);
            // Only people were asked for.
            works(&mut report, Some(&error), None);
            let others = Error::new(Code::DialectUnsupported, "No dialect was found.");
            scopes(&mut report, Some(&error), Some(&others));
            return report;
        }
    };
    let directory: &dyn ReadDirectory = match &probed {
        Some(probed) => &**probed,
        None => session.reader(),
    };
    let dialect = directory.capabilities().dialect;
    report.dialect = Some(dialect);
    let users = directory.list_users().await;
    let unreadable = directory.unreadable();
    let groups = directory.list_groups().await;
    report.user_count = users.as_ref().ok().map(|users| users.len() as u32);
    report.group_count = groups.as_ref().ok().map(|groups| groups.len() as u32);
    answered(&mut report, Some(dialect), [users.as_ref().err(), groups.as_ref().err()]);
    works(&mut report, users.as_ref().err(), groups.as_ref().err());
    scopes(&mut report, users.as_ref().err(), groups.as_ref().err());
    scim(&mut report, session, dialect).await;
    records(&mut report, users.is_ok(), &unreadable);
    duplicates(&mut report, users.ok(), groups.ok());
    report
}

/// Checks for records that can't be used.
fn records(report: &mut Report, is_listed: bool, unreadable: &Unreadable) {
    let (status, code, detail) = match unreadable.limitation() {
        _ if !is_listed => (Status::Unknown, None, "The listing could not be read.".to_string()),
        None => (Status::Passed, None, "Every record can be used.".to_string()),
        Some(limitation) => (Status::Warning, Some(Code::RecordUnreadable), limitation),
    };
    report.add("records", status, code, detail);
}

const SCOPES: [&str; 4] =
    ["scope users:read", "scope groups:read", "scope users:write", "scope groups:write"];

/// Adds the check whether people and groups can be listed. Nothing else shows that the connection
/// works: a failure of the server is neither a missing token nor a missing scope.
fn works(report: &mut Report, users: Option<&Error>, groups: Option<&Error>) {
    let (what, error) = match (users, groups) {
        (None, None) => {
            let detail = "People and groups can be listed.";
            report.add("works", Status::Passed, None, detail);
            return;
        }
        (Some(error), Some(_)) => ("People and groups", error),
        (Some(error), None) => ("People", error),
        (None, Some(error)) => ("Groups", error),
    };
    let detail = format!("{what} can't be listed. {}", error.message);
    report.add("works", Status::Failed, Some(error.code), detail);
}

fn scopes(report: &mut Report, users: Option<&Error>, groups: Option<&Error>) {
    let reads = [(SCOPES[0], users, "people"), (SCOPES[1], groups, "groups")];
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
    for name in &SCOPES[2..] {
        report.add(
            name,
            Status::Unknown,
            None,
            "Only a write could show this, and this check never writes.",
        );
    }
}

/// Checks whether SCIM is available beside the dialect that was checked, and if not, why.
async fn scim(report: &mut Report, session: &Session, spoken: Dialect) {
    if spoken == Dialect::Scim {
        return;
    }
    let asked = match session.access.open(Dialect::Scim) {
        Err(error) => Err(error),
        Ok(scim) => scim.probe().await,
    };
    let (status, code, detail) = match asked {
        Ok(()) => (Status::Passed, None, String::from("SCIM answers, and takes the SCIM token.")),
        Err(error) => {
            let status = match error.code {
                Code::TokenMissing => Status::Unknown,
                Code::TokenRejected | Code::ScopeMissing | Code::Forbidden => Status::Failed,
                _ if is_another(&error) => Status::Warning,
                _ => Status::Unknown,
            };
            (status, Some(error.code), error.message.clone())
        }
    };
    report.add("scim", status, code, detail);
}

/// Checks for addresses and group names that occur more than once. Requests that use one of them
/// are refused.
fn duplicates(report: &mut Report, users: Option<Vec<User>>, groups: Option<Vec<Group>>) {
    let addresses = |users: &[User]| {
        // `records` reports the accounts without an address.
        twice(users.iter().flat_map(|user| {
            let mut names = Vec::new();
            for name in user.all_names().filter(|name| name.is_address()) {
                if !names.contains(&name.key()) {
                    names.push(name.key());
                }
            }
            names
        }))
    };
    let users = users.map(|users| addresses(&users));
    let groups = groups.map(|groups| twice(groups.iter().map(|group| group.name.trim())));
    let looks = [
        (
            "duplicate people",
            users,
            "People who share an address, so a request can't name one of them",
        ),
        ("duplicate groups", groups, "Groups that share a name, so they must be named by id"),
    ];
    for (name, found, what) in looks {
        let (status, detail) = match found {
            None => (Status::Unknown, String::from("The listing could not be read.")),
            Some(found) if found.is_empty() => (Status::Passed, String::from("There are none.")),
            Some(found) => {
                let more = found.len().saturating_sub(NAMED);
                let named = found[..found.len() - more].join(", ");
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                (Status::Warning, format!("{what}: {named}{more}."))
            }
        };
        report.add(name, status, None, detail);
    }
}

/// Returns the keys that occur more than once, in order.
fn twice<'a>(keys: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for key in keys {
        *counts.entry(key).or_default() += 1;
    }
    counts.into_iter().filter(|(_, count)| *count > 1).map(|(key, _)| key.to_string()).collect()
}

/// Adds the checks that follow from the two listings: whether the server is reachable, whether it
/// speaks the dialect, and whether it accepts the token.
fn answered(report: &mut Report, dialect: Option<Dialect>, failures: [Option<&Error>; 2]) {
    // A failure that affects every request affects both listings, so the first one is enough.
    let find = |wanted: &dyn Fn(&Error) -> bool| {
        failures.into_iter().flatten().find(|error| wanted(error))
    };
    let one_worked = failures.iter().any(Option::is_none);
    let silent = |error: &Error| {
        error.http_status.is_none()
            && matches!(
                error.code,
                Code::ConnectionFailed | Code::DeadlineExceeded | Code::CallStopped
            )
    };
    let answered = failures.iter().any(|failure| failure.is_none_or(|error| !silent(error)));
    match find(&|error: &Error| silent(error)).filter(|_| !answered) {
        Some(error) => {
            report.add("reachable", Status::Failed, Some(error.code), error.message.clone())
        }
        None => report.add("reachable", Status::Passed, None, "The server answers."),
    }
    let foreign = |error: &Error| {
        is_another(error) || matches!(error.code, Code::Redirected | Code::DialectUnsupported)
    };
    match find(&|error: &Error| foreign(error)) {
        Some(error) => {
            report.add("dialect", Status::Failed, Some(error.code), error.message.clone())
        }
        // Any proxy may reject a token or forbid a request, but only Retool names a scope.
        None if one_worked || find(&|error: &Error| lacks_scope(error)).is_some() => {
            let spoken = dialect.map_or("a known API", Dialect::as_str);
            report.add("dialect", Status::Passed, None, format!("The server speaks {spoken}."));
        }
        None => report.add("dialect", Status::Unknown, None, "No response shows this."),
    }
    match find(&|error: &Error| error.code == Code::TokenRejected) {
        Some(error) => report.add("token", Status::Failed, Some(error.code), error.message.clone()),
        None if one_worked || find(&|error: &Error| lacks_scope(error)).is_some() => {
            report.add("token", Status::Passed, None, "The token is accepted.");
        }
        None => report.add("token", Status::Unknown, None, "No response shows this.".to_string()),
    }
}

fn lacks_scope(error: &Error) -> bool {
    error.code == Code::ScopeMissing
}

#[cfg(test)]
mod tests;
