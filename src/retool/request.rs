//! Requests that several dialects make in the same way, and the handling of their responses.

use alloc::vec::Vec;

use crate::domain::{Group, User};
use crate::error::{Code, Error, Result};
use crate::http::{Answer, Call, Method, Missing, Path, Repeat};

/// Returns a request with default settings.
pub(super) fn call<'a>(
    method: Method,
    template: &'static str,
    segments: &'a [&'a str],
    scope: &'static str,
) -> Call<'a> {
    Call {
        method,
        path: Path { template, segments },
        query: &[],
        body: None,
        repeat: Repeat::Safe,
        about: None,
        missing: Missing::Unspecified,
        scope,
    }
}

/// Returns a GET of a listing, which exists if the base URL is right.
pub(super) fn list<'a>(
    template: &'static str,
    query: &'a [(&'a str, &'a str)],
    scope: &'static str,
) -> Call<'a> {
    Call { query, missing: Missing::BaseUrl, ..call(Method::Get, template, &[], scope) }
}

/// Returns a request about the record that the first segment names.
pub(super) fn one<'a>(
    method: Method,
    template: &'static str,
    segments: &'a [&'a str],
    scope: &'static str,
    missing: Missing,
) -> Call<'a> {
    Call { missing, about: segments.first().copied(), ..call(method, template, segments, scope) }
}

/// Returns a creation. It is never repeated without a check.
pub(super) fn creation<'a>(
    template: &'static str,
    about: &'a str,
    body: Vec<u8>,
    scope: &'static str,
) -> Call<'a> {
    Call {
        body: Some(body),
        repeat: Repeat::Never,
        missing: Missing::BaseUrl,
        about: Some(about),
        ..call(Method::Post, template, &[], scope)
    }
}

/// Returns whether the server says that a user or a group does not exist.
pub(super) fn is_not_found(error: &Error) -> bool {
    matches!(error.code, Code::UserNotFound | Code::GroupNotFound)
}

/// Returns whether the server does not have a route, or does not have what the request names. A
/// server that lacks a route answers with a 404, or with a page of HTML and a good status.
pub(super) fn is_missing(error: &Error) -> bool {
    error.http_status == Some(404) || is_page(error)
}

/// Returns whether the server answered with a page of HTML where its API would answer with JSON: it
/// does not have the route, so that nothing was done.
pub(super) fn is_page(error: &Error) -> bool {
    let is_good = |status: u16| (200..300).contains(&status);
    error.code == Code::HtmlPage && error.http_status.is_some_and(is_good)
        || error.code == Code::BaseUrlWrong && error.http_status == Some(404)
}

/// Returns the error for a route that a server does not have.
pub(super) fn no_route(mut error: Error, message: &str) -> Error {
    error.code = Code::OperationUnsupported;
    error.message = message.into();
    error.maybe_applied = false;
    error
}

/// Returns the response about one record; `None` if the server has no record with this id.
pub(super) fn found(sent: Result<Answer>) -> Result<Option<Answer>> {
    match sent {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if is_not_found(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns the result of a deletion; `false` if there was nothing to delete.
pub(super) fn deleted(sent: Result<()>) -> Result<bool> {
    match sent {
        Ok(()) => Ok(true),
        // A record that is missing after a lost reply was deleted by the earlier try.
        Err(error) if is_not_found(&error) => Ok(error.maybe_applied),
        Err(error) => Err(error),
    }
}

/// Returns whether a write was answered with a good status and a body that can't be read. Then
/// only reading back shows whether the write was applied.
pub(super) fn is_unreadable(error: &Error) -> bool {
    error.is_unusable_answer() && error.maybe_applied
}

/// Returns the record in the response to a write; `None` if the body is not a record.
pub(super) fn readable<T>(decoded: Result<T>) -> Result<Option<T>> {
    match decoded {
        Ok(record) => Ok(Some(record)),
        Err(error) if error.code == Code::AnswerUnusable => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns the error for a response with a good status and `"success": false`.
pub(super) fn refused(answer: &Answer) -> Error {
    answer.error(
        Code::ServerRefused,
        "The server's status reports success, but the body says that the request was refused. Look at the server's log for the reason.",
    )
}

/// Returns the error for a response about another user than the request named.
pub(super) fn another_user(answer: &Answer) -> Error {
    answer.error(
        Code::WrongPerson,
        "The server answered with another user than the one asked for. Look for a proxy that mixes up answers.",
    )
}

/// Returns the error for a response about another group than the request named.
pub(super) fn another_group(answer: &Answer) -> Error {
    answer.error(
        Code::AnswerUnusable,
        "The server answered with another group than the one asked for. Look for a proxy that mixes up answers.",
    )
}

/// Returns the user that the server created. Fails if the response does not contain the address:
/// then only a look-up shows whether the user exists.
pub(super) fn created_user(answer: &Answer, user: User) -> Result<User> {
    if user.email.is_address() || user.login().is_some() {
        return Ok(user);
    }
    Err(answer.error(
        Code::AnswerUnusable,
        "The server's answer does not contain the new user's address. Check that the base URL leads to Retool and nothing in between changes its answers.",
    ))
}

/// Returns the group that the server created. Fails if it does not have the requested name.
pub(super) fn created_group(answer: &Answer, group: Group, name: &str) -> Result<Group> {
    if group.name.trim() == name.trim() {
        return Ok(group);
    }
    if group.name.is_empty() {
        return Err(answer.error(
            Code::AnswerUnusable,
            "The server's answer does not contain the new group's name. Check that the base URL leads to Retool and nothing in between changes its answers.",
        ));
    }
    Err(answer.error(
        Code::NotVerified,
        "The server created the group under another name than the one asked for. Look it up in Retool, and ask for that name.",
    ))
}
