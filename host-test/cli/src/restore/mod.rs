//! `restore`, of one person and of many.

mod dry_run;
mod files;

use std::path::{Path, PathBuf};

use host_test::retool::lifecycle::{RestoreRequest, RestoreResult};
use host_test::retool::types::{Error, ErrorDetail, ErrorKind, Tombstone};

use crate::args::RestoreArgs;
use crate::connection::tenant;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::render;

/// Restores the people of the records. The form of the output is that of one person if one file is
/// given.
pub(crate) async fn restore(arguments: RestoreArgs, output: &Output) -> Result<Exit, Failure> {
    let RestoreArgs { connection, tombstones: paths, dry_run, re_create, way_in } = arguments;
    let is_one = matches!(&paths[..], [path] if !path.is_dir());
    let (files, tombstones): (Vec<PathBuf>, Vec<Tombstone>) =
        files::read(&paths)?.into_iter().unzip();
    if dry_run {
        return dry_run::show(&connection, &tombstones, re_create, output)
            .await
            .map_err(|failure| failure.located(|error| place(error, &files)));
    }
    let way_in = way_in.map(Into::into);
    let request = RestoreRequest { tombstones, re_create, way_in };
    let (tenant, progress) = tenant(&connection, "restoring")?;
    let result = progress
        .writing(tenant.restore(&request))
        .await
        .map_err(|failure| failure.located(|error| place(error, &files)))?;
    if is_one && let Some(failure) = failure_of(&result) {
        return Err(Failure::from(error_of(failure)).located(|error| place(error, &files)));
    }
    let text = if is_one { render::restore } else { render::restored };
    output.result(&result, text).map_err(|failure| failure.after(result.writes.len(), &[]))?;
    Ok(if result.complete { Exit::Done } else { Exit::Partly })
}

/// Returns the failure of the one person as an error of the whole call, with the call's writes.
fn failure_of(result: &RestoreResult) -> Option<ErrorDetail> {
    let failure = result.people.iter().find_map(|person| person.failure.clone())?;
    Some(ErrorDetail { writes: result.writes.clone(), ..failure })
}

/// Converts the error of one person into the error of a call about only that person. A report has
/// no error case, so the kind decides whether the error is transient.
fn error_of(detail: ErrorDetail) -> Error {
    match detail.kind {
        ErrorKind::RateLimited | ErrorKind::Unavailable => Error::Transient(detail),
        ErrorKind::InvalidInput
        | ErrorKind::Denied
        | ErrorKind::NotFound
        | ErrorKind::Conflict
        | ErrorKind::Refused
        | ErrorKind::Unsupported => Error::Permanent(detail),
    }
}

/// Returns the user's file and the field in it for a parameter of the component.
fn place(error: &ErrorDetail, files: &[PathBuf]) -> Option<String> {
    let rest = error.field.as_deref()?.strip_prefix("request.tombstones[")?;
    let (number, rest) = rest.split_once(']')?;
    let path: &Path = files.get(number.parse::<usize>().ok()?)?;
    Some(match rest.strip_prefix('.') {
        Some(key) => format!("{}, {}", path.display(), key.replace('-', "_")),
        None => path.display().to_string(),
    })
}
