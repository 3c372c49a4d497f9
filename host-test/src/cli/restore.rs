//! `restore`.

use std::path::Path;

use super::Exit;
use super::args::RestoreArgs;
use super::connection::tenant;
use super::failure::Failure;
use super::output::Output;
use super::record;
use crate::answer::error_of;
use crate::render;
use crate::requests;
use crate::retool::lifecycle::{RestoreRequest, RestoreResult};
use crate::retool::types::ErrorDetail;

pub(crate) async fn restore(arguments: RestoreArgs, output: &Output) -> Result<Exit, Failure> {
    let RestoreArgs { connection, tombstone: path, re_create } = arguments;
    let request = RestoreRequest { re_create, ..requests::restore(record::read(&path)?) };
    let (tenant, progress) = tenant(&connection, "restoring")?;
    let result = progress
        .writing(tenant.restore(&request))
        .await
        .map_err(|failure| failure.located(|error| place(error, &path)))?;
    if let Some(failure) = failure_of(&result) {
        return Err(Failure::from(error_of(failure)).located(|error| place(error, &path)));
    }
    output
        .result(&result, render::restore)
        .map_err(|failure| failure.after(result.writes.len(), &[]))?;
    Ok(Exit::Done)
}

/// Returns the failure of the one person as an error of the whole call, with the call's writes.
fn failure_of(result: &RestoreResult) -> Option<ErrorDetail> {
    let failure = result.people.iter().find_map(|person| person.failure.clone())?;
    Some(ErrorDetail { writes: result.writes.clone(), ..failure })
}

/// Returns the user's file and the field in it for a parameter of the component.
fn place(error: &ErrorDetail, path: &Path) -> Option<String> {
    let key = error.field.as_deref()?.strip_prefix("request.tombstones[0].")?;
    Some(format!("{}, {}", path.display(), key.replace('-', "_")))
}
