//! Tests of the dialect with servers that return a list of replies.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::V2;
use crate::config::Settings;
use crate::domain::{Account, Dialect, Email, GroupId, GroupIdKind, User, UserId};
use crate::error::{Code, Error, Result};
use crate::http::{BaseUrl, Client, Secret, TransportError};
use crate::retool::ReadDirectory;
use crate::testing::platform::{FakePlatform, Reply};

mod groups;
mod invites;
mod listing;
mod paging;
mod people;
mod reading;

/// The time at the start of a test, by the server's clock.
const NOW: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

fn directory_with(fake: &FakePlatform, settings: Settings) -> V2 {
    let base = BaseUrl::parse("https://acme.retool.com/proxy").expect("a base URL");
    V2::new(Client::new(fake.platform(), base, Secret::new("t0ken".to_string()), settings))
}

fn directory(fake: &FakePlatform) -> V2 {
    directory_with(fake, Settings::default())
}

/// Returns method, path and query of the requests that were sent, without the base URL.
fn lines(fake: &FakePlatform) -> Vec<String> {
    let lines = fake.lines().into_iter();
    lines.map(|line| line.replacen("/proxy/api/v2", "", 1)).collect()
}

/// Returns the body of the last request.
fn last_body(fake: &FakePlatform) -> String {
    fake.sent().last().expect("a request").body().to_string()
}

/// Returns one record in its envelope.
fn one(record: &str) -> Reply {
    Reply::json(200, format!(r#"{{"success":true,"data":{record}}}"#))
}

/// Returns a whole list in its envelope.
fn all(records: &[String]) -> Reply {
    page(records, records.len(), None)
}

fn page(records: &[String], total: usize, next: Option<&str>) -> Reply {
    let token = next.map_or_else(|| "null".to_string(), |token| format!("\"{token}\""));
    let (items, more) = (records.join(","), next.is_some());
    Reply::json(
        200,
        format!(
            r#"{{"success":true,"data":[{items}],"total_count":{total},"next_token":{token},"has_more":{more}}}"#
        ),
    )
}

fn nothing() -> Reply {
    Reply::json(204, "")
}

fn lost() -> Reply {
    Reply::fails(TransportError::Failed)
}

fn refused(status: u16) -> Reply {
    Reply::json(status, r#"{"success":false,"message":"No."}"#)
}

/// Returns the reply of a server that does not have the route.
fn no_route() -> Reply {
    refused(404)
}

/// Returns the record of an account. `fields` must not repeat a field, because a duplicate is an
/// error.
fn record(name: &str, fields: &str) -> String {
    format!(
        r#"{{"id":"user_{name}","legacy_id":16777217,"email":"{name}@acme.example",{fields}"metadata":{{"team":"blue","n":[1,{{}}]}},"seat_type":"builder","two_factor_auth_enabled":false,"created_at":"2026-01-05T09:00:00.000Z","last_active":null}}"#
    )
}

/// Returns the record of a user who is enabled and not an administrator.
fn person(name: &str) -> String {
    record(name, &fields("Ann", "Doe", true))
}

fn fields(first: &str, last: &str, active: bool) -> String {
    format!(
        r#""first_name":"{first}","last_name":"{last}","active":{active},"is_admin":false,"user_type":"default","#
    )
}

fn invite(number: u32, email: &str) -> String {
    format!(
        r#"{{"id":{number},"legacy_id":{number},"invited_by":"user_boss","invited_email":"{email}","expires_at":"1994-11-07T00:00:00.000Z","claimed_by":null,"claimed_at":null,"user_type":"default","metadata":{{}},"created_at":"1994-11-01T00:00:00.000Z","invite_link":"https://acme.retool.com/s3cret","groups":[{{"id":4,"legacy_id":4,"name":"Support"}}]}}"#
    )
}

fn group_record(id: u32, members: &[(&str, bool)], invites: &[String]) -> String {
    let members = members.iter().map(|(name, admin)| {
        format!(r#"{{"id":"user_{name}","email":"{name}@acme.example","is_group_admin":{admin}}}"#)
    });
    let members = members.collect::<Vec<_>>().join(",");
    let invites = invites.join(",");
    format!(
        r#"{{"id":{id},"legacy_id":{id},"name":"Group {id}","members":[{members}],"universal_app_access":"use","user_invites":[{invites}],"created_at":"2026-01-05T09:00:00.000Z"}}"#
    )
}

fn user_id(value: &str) -> UserId {
    UserId { dialect: Dialect::V2, value: value.to_string() }
}

fn group_id(value: &str) -> GroupId {
    GroupId { kind: GroupIdKind::Rest, value: value.to_string() }
}

fn emails(users: &[User]) -> Vec<&str> {
    users.iter().map(|user| user.email.as_str()).collect()
}

/// Reads an account from a record, with its groups.
fn account(record: &str) -> Account {
    let record = record.replacen('{', r#"{"groups":[{"id":4,"name":"Support"}],"#, 1);
    let fake = FakePlatform::replying([one(&record)]);
    let id = record.split(r#""id":"user_"#).nth(1).and_then(|rest| rest.split('"').next());
    let id = user_id(&format!("user_{}", id.expect("an id")));
    fake.run(directory(&fake).read_user(&id)).expect("an answer").expect("an account")
}

fn code<T: core::fmt::Debug>(result: Result<T>) -> Code {
    failure(result).code
}

fn failure<T: core::fmt::Debug>(result: Result<T>) -> Error {
    result.expect_err("a failure")
}

fn email(text: &str) -> Email {
    Email::new(text)
}
