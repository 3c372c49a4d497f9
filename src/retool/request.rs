//! Requests that several dialects make in the same way, and what their answers have in common.

use alloc::vec::Vec;

use crate::domain::Group;
use crate::error::{Code, Error, Result};
use crate::http::{Answer, Call, Method, Missing, Path, Repeat};

/// A request with nothing special about it.
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

/// A GET of a listing, which exists if the base URL is right.
pub(super) fn list<'a>(
    template: &'static str,
    query: &'a [(&'a str, &'a str)],
    scope: &'static str,
) -> Call<'a> {
    Call { query, missing: Missing::BaseUrl, ..call(Method::Get, template, &[], scope) }
}

/// A request about the record that the first segment names.
pub(super) fn one<'a>(
    method: Method,
    template: &'static str,
    segments: &'a [&'a str],
    scope: &'static str,
    missing: Missing,
) -> Call<'a> {
    Call { missing, about: segments.first().copied(), ..call(method, template, segments, scope) }
}

/// A creation. It is never repeated blindly.
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

/// Whether the server says that a person or a group does not exist.
pub(super) fn is_not_found(error: &Error) -> bool {
    matches!(error.code, Code::UserNotFound | Code::GroupNotFound)
}

/// The answer about one record; `None` if the server has no record of this id.
pub(super) fn found(sent: Result<Answer>) -> Result<Option<Answer>> {
    match sent {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if is_not_found(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What a deletion came to; `false` if there was nothing to delete.
pub(super) fn deleted(sent: Result<()>) -> Result<bool> {
    match sent {
        Ok(()) => Ok(true),
        // A record that is missing after a lost reply was deleted by the earlier try.
        Err(error) if is_not_found(&error) => Ok(error.maybe_applied),
        Err(error) => Err(error),
    }
}

/// Whether a write was answered with a good status and a body that can't be read. Only reading
/// back tells what became of it.
pub(super) fn is_unreadable(error: &Error) -> bool {
    error.code == Code::AnswerUnusable && error.maybe_applied
}

/// What the answer to a write shows; `None` where it is no record.
pub(super) fn readable<T>(decoded: Result<T>) -> Result<Option<T>> {
    match decoded {
        Ok(record) => Ok(Some(record)),
        Err(error) if error.code == Code::AnswerUnusable => Ok(None),
        Err(error) => Err(error),
    }
}

/// An answer with a good status that says `"success": false`.
pub(super) fn refused(answer: &Answer) -> Error {
    answer.error(
        Code::ServerRefused,
        "The server answered that it did not do it, with a status that says it did. Look at its log for the reason.",
    )
}

/// An answer about another person than the one that the request named.
pub(super) fn another_user(answer: &Answer) -> Error {
    answer.error(
        Code::WrongPerson,
        "The server answered with another user than the one asked for. Look for a proxy that mixes up answers.",
    )
}

/// An answer about another group than the one that the request named.
pub(super) fn another_group(answer: &Answer) -> Error {
    answer.error(
        Code::AnswerUnusable,
        "The server answered with another group than the one asked for. Look for a proxy that mixes up answers.",
    )
}

/// The group that the server created, if it has the name that was asked for.
pub(super) fn created_group(answer: &Answer, group: Group, name: &str) -> Result<Group> {
    if group.name.trim() == name.trim() {
        return Ok(group);
    }
    Err(answer.error(
        Code::NotVerified,
        "The server created the group under another name than the one asked for. Look it up in Retool, and ask for that name.",
    ))
}
