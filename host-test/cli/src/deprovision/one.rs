//! Deprovisions one person.

use super::request;
use crate::args::DeprovisionArgs;
use crate::connection::tenant;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::record::{self, RecordFile};
use crate::render;
use crate::signals;

pub(super) async fn deprovision(
    arguments: &DeprovisionArgs,
    email: &str,
    output: &Output,
) -> Result<Exit, Failure> {
    let request = request(arguments, email)?;
    let mut file = arguments.tombstone.as_deref().map(RecordFile::at).transpose()?;
    if let Some(file) = &mut file
        && let Some(before) = record::take(&arguments.connection, email).await?
    {
        // From here on a signal must not leave the file of a deprovision that never began.
        signals::listen();
        file.keep(&before)?;
    }
    let (tenant, progress) = tenant(&arguments.connection, "deprovisioning")?;
    let result = match progress.writing(tenant.deprovision(&request)).await {
        Ok(result) => result,
        Err(failure) => {
            return Err(match file {
                Some(file) => file.after(failure),
                None => failure,
            });
        }
    };
    let writes = result.writes.len();

    let kept = match (&mut file, &result.tombstone) {
        (Some(file), Some(tombstone)) => file.keep(tombstone),
        // If the person was gone by the time of the call, only the file has their record.
        _ => Ok(()),
    };
    let path = file.as_ref().and_then(RecordFile::path).filter(|_| kept.is_ok());
    let printed = output.result(&result, |result| {
        let mut text = render::deprovision(email, result);
        match (path, &result.tombstone) {
            (Some(path), _) => text += &render::kept(path),
            (None, Some(tombstone)) => text += &render::tombstone(tombstone),
            (None, None) => {}
        }
        text
    });
    // If nothing else has the record, the failure prints it.
    let records = if path.is_some() { &[] } else { result.tombstone.as_slice() };
    printed.map_err(|failure| failure.after(writes, records))?;
    let failure = match kept {
        Ok(()) => return Ok(Exit::Done),
        // The record was printed on stdout instead.
        Err(error) if writes > 0 => Failure::Unrecorded(error),
        Err(error) => Failure::Other(error),
    };
    Ok(output.beside(&failure))
}
