//! Deprovisions many people, one after the other.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use host_test::Tenant;
use host_test::json;
use host_test::retool::lifecycle::{DeprovisionRequest, DeprovisionResult};
use host_test::retool::types::Tombstone;
use serde_json::{Value, json};

use crate::args::{ConnectionArgs, DeprovisionArgs};
use crate::connection::tenant;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files::file_name_of;
use crate::output::Output;
use crate::progress::Progress;
use crate::record::{self, RecordFile};
use crate::render;
use crate::signals;

/// What happened to one person.
pub(crate) enum Outcome {
    /// It is done.
    Done(Box<DeprovisionResult>),
    Failed(Box<Failure>),
    /// The run ended before.
    NotBegun,
}

/// A person, and what happened.
pub(crate) struct Person {
    pub(crate) email: String,
    pub(crate) outcome: Outcome,
    /// The file with the record.
    pub(crate) file: Option<PathBuf>,
}

/// Deprovisions everyone. The failure of one person does not stop the others, unless it would be the
/// same for them, or a record can't be kept any more.
pub(super) async fn deprovision(
    arguments: &DeprovisionArgs,
    requests: Vec<(String, DeprovisionRequest)>,
    output: &Output,
) -> Result<Exit, Failure> {
    let paths = paths(arguments.tombstones.as_deref(), &requests)?;
    let (tenant, progress) = tenant(&arguments.connection, "deprovisioning")?;
    // From here on a signal must not leave the file of a deprovision that never began.
    signals::listen();
    let mut people: Vec<Person> = Vec::new();
    let mut ended = false;
    for (at, (email, request)) in requests.into_iter().enumerate() {
        if ended || signals::received().is_some() {
            people.push(Person { email, outcome: Outcome::NotBegun, file: None });
            continue;
        }
        let connection = &arguments.connection;
        let run = Run { tenant: &tenant, progress: &progress, connection, output };
        let path = paths.get(at).map(PathBuf::as_path);
        let (outcome, file, ends) = run.person(&email, &request, path).await;
        ended = ends;
        people.push(Person { email, outcome, file });
    }
    progress.end_several(!people.iter().any(|person| matches!(person.outcome, Outcome::Failed(_))));
    report(people, output)
}

/// Returns the files for the records, in the order of the people, and checks that they can be
/// created. There are none without a folder.
fn paths(
    folder: Option<&Path>,
    requests: &[(String, DeprovisionRequest)],
) -> Result<Vec<PathBuf>, Failure> {
    let Some(folder) = folder else { return Ok(Vec::new()) };
    fs::create_dir_all(folder)
        .with_context(|| format!("the folder {} could not be created", folder.display()))
        .map_err(Failure::Usage)?;
    let path = |(email, _): &(String, _)| folder.join(file_name_of(email, "json"));
    let paths: Vec<PathBuf> = requests.iter().map(path).collect();
    for path in &paths {
        RecordFile::at(path)?;
    }
    Ok(paths)
}

struct Run<'a> {
    tenant: &'a Tenant,
    progress: &'a Progress,
    connection: &'a ConnectionArgs,
    output: &'a Output,
}

impl Run<'_> {
    /// Deprovisions one person. Returns what happened, the file with the record if there is one, and
    /// whether the run ends.
    async fn person(
        &self,
        email: &str,
        request: &DeprovisionRequest,
        path: Option<&Path>,
    ) -> (Outcome, Option<PathBuf>, bool) {
        let mut file = match path.map(RecordFile::at).transpose() {
            Ok(file) => file,
            Err(failure) => return failed(failure, None, true),
        };
        if let Some(file) = &mut file {
            let before = record::take_with(self.tenant, self.connection, email).await;
            match before.map(|before| before.map(|before| file.keep(&before)).transpose()) {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => return failed(Failure::Other(error), None, true),
                Err(failure) => {
                    let ends = failure.ends_a_run();
                    return failed(failure, None, ends);
                }
            }
        }
        let result = match self.progress.writing_one(self.tenant.deprovision(request)).await {
            Ok(result) => result,
            Err(failure) => {
                let ends = failure.ends_a_run();
                let failure = match file {
                    Some(file) => file.after(failure),
                    None => failure,
                };
                let kept = match &failure {
                    Failure::Recorded { path, .. } => Some(path.clone()),
                    _ => None,
                };
                return failed(failure, kept, ends);
            }
        };
        let kept = match (&mut file, &result.tombstone) {
            (Some(file), Some(tombstone)) => file.keep(tombstone),
            // If the person was gone by the time of the call, only the file has their record.
            _ => Ok(()),
        };
        let path = file.as_ref().and_then(RecordFile::path).map(Path::to_owned);
        match kept {
            Ok(()) => (Outcome::Done(Box::new(result)), path, false),
            // The report has this record. The next one could not be kept either.
            Err(error) => {
                self.output.beside(&Failure::Unrecorded(error));
                (Outcome::Done(Box::new(result)), None, true)
            }
        }
    }
}

fn failed(failure: Failure, file: Option<PathBuf>, ends: bool) -> (Outcome, Option<PathBuf>, bool) {
    (Outcome::Failed(Box::new(failure)), file, ends)
}

/// Prints what happened to everyone. If nobody was deprovisioned before the run ended, its failure is
/// the command's.
fn report(mut people: Vec<Person>, output: &Output) -> Result<Exit, Failure> {
    let ends = |person: &Person| match &person.outcome {
        Outcome::Failed(failure) => failure.ends_a_run(),
        _ => false,
    };
    if people.first().is_some_and(ends)
        && let Outcome::Failed(failure) = people.swap_remove(0).outcome
    {
        return Err(*failure);
    }
    let complete = people.iter().all(|person| matches!(person.outcome, Outcome::Done(_)));
    let done = people.iter().filter_map(|person| match &person.outcome {
        Outcome::Done(result) => Some((result, person.file.is_some())),
        _ => None,
    });
    let writes: usize = done.clone().map(|(result, _)| result.writes.len()).sum();
    // Those that no file has.
    let records: Vec<Tombstone> = done
        .filter(|(_, is_kept)| !is_kept)
        .filter_map(|(result, _)| result.tombstone.clone())
        .collect();
    let document = json!({
        "people": people.iter().map(value).collect::<anyhow::Result<Vec<Value>>>()?,
        "complete": complete,
    });
    output
        .result(&document, |_| render::deprovisioned(&people, &records))
        .map_err(|failure| failure.after(writes, &records))?;
    Ok(if complete { Exit::Done } else { Exit::Partly })
}

fn value(person: &Person) -> anyhow::Result<Value> {
    let Person { email, outcome, file } = person;
    let mut value = match outcome {
        Outcome::Done(result) => json!({ "result": json::value(result)? }),
        Outcome::Failed(failure) => failure.json(),
        Outcome::NotBegun => json!({ "not_begun": true }),
    };
    value["email"] = email.as_str().into();
    if let Some(file) = file {
        value["tombstone_file"] = file.to_string_lossy().into();
    }
    Ok(value)
}
