//! `restore`.

use std::path::Path;

use super::Exit;
use super::args::RestoreArgs;
use super::connection::tenant;
use super::failure::Failure;
use super::output::Output;
use super::record;
use crate::answer::error_case;
use crate::render;
use crate::retool::lifecycle::RestoreRequest;

pub(crate) async fn restore(arguments: RestoreArgs, output: &Output) -> Result<Exit, Failure> {
    let RestoreArgs { connection, tombstone: path, re_create } = arguments;
    let request = RestoreRequest { tombstone: record::read(&path)?, re_create };
    let (tenant, progress) = tenant(&connection, "restoring")?;
    let result = progress
        .writing(tenant.restore(&request))
        .await
        .map_err(|failure| located(failure, &path))?;
    output
        .result(&result, render::restore)
        .map_err(|failure| failure.after(result.writes.len()))?;
    Ok(Exit::Done)
}

/// The component names its parameter; the user knows the file.
fn located(failure: Failure, path: &Path) -> Failure {
    let Failure::Component { error, place: _ } = failure else {
        return failure;
    };
    let (_, detail) = error_case(&error);
    let field = detail.and_then(|detail| detail.field.as_deref());
    let key = field.and_then(|field| field.strip_prefix("request.tombstone."));
    let place = key.map(|key| format!("{}, {}", path.display(), key.replace('-', "_")));
    Failure::Component { error, place }
}
