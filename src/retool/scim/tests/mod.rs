use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::{Base, Scim};
use crate::config::Settings;
use crate::domain::{Dialect, Email, GroupId, GroupIdKind, UserId};
use crate::http::{BaseUrl, Client, Response, Secret};
use crate::testing::platform::{FakePlatform, Reply};
use crate::testing::scim_group::{refusal, reply};

mod base;
mod create;
mod find;
mod forms;
mod groups;
mod join;
mod leave;
mod list;
mod pages;
mod update;
mod wire;

fn client(fake: &FakePlatform, settings: Settings) -> Client {
    let base = BaseUrl::parse("https://acme.retool.com").unwrap();
    Client::new(fake.platform(), base, Secret::new("t0ken".to_string()), settings)
}

/// Creates a directory that knows the path of SCIM.
fn scim(fake: &FakePlatform) -> Scim {
    Scim::new(client(fake, Settings::default()), Some(Base::Scim))
}

/// Creates a directory that must find the path of SCIM.
fn undiscovered(fake: &FakePlatform) -> Scim {
    Scim::new(client(fake, Settings::default()), None)
}

fn user_id(value: &str) -> UserId {
    UserId { dialect: Dialect::Scim, value: value.to_string() }
}

fn group_id(value: &str) -> GroupId {
    GroupId { kind: GroupIdKind::Scim, value: value.to_string() }
}

/// Returns a complete user record: Ada Byron, with this id and address.
fn person(id: &str, email: &str) -> String {
    format!(
        r#"{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"{id}","userName":"{email}","active":true,
        "name":{{"givenName":"Ada","familyName":"Byron"}},"emails":[{{"value":"{email}","primary":true}}],
        "meta":{{"resourceType":"User","lastModified":"2026-01-05T09:00:00Z"}}}}"#
    )
}

/// Returns a listing with this total.
fn list(total: usize, records: &[String]) -> String {
    format!(r#"{{"totalResults":{total},"Resources":[{}]}}"#, records.join(","))
}

/// Returns an HTML page, which is not a reply of the API.
fn page(status: u16) -> Reply {
    Response {
        status,
        content_type: Some("text/html".to_string()),
        body: b"<html>".to_vec(),
        ..Response::default()
    }
    .into()
}

fn emails<'a>(users: impl IntoIterator<Item = &'a crate::domain::User>) -> Vec<&'a str> {
    users.into_iter().map(|user| user.email.as_str()).collect()
}

fn ada() -> Email {
    Email::new("ada@example.com")
}
