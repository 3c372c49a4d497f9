//! Deprovisions many people, one after the other.

use std::path::{Path, PathBuf};

use anyhow::Context;
use host_test::Tenant;
use host_test::json;
use host_test::retool::lifecycle::{DeprovisionRequest, DeprovisionResult};
use host_test::retool::types::{Tombstone, Write};
use serde_json::{Value, json};

use crate::args::{ConnectionArgs, DeprovisionArgs};
use crate::connection::tenant;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files::{create_folder, file_name_of};
use crate::output::Output;
use crate::progress::Progress;
use crate::record::{self, RecordFile, Unkept};
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

impl Person {
    /// Returns the writes that are known.
    pub(crate) fn writes(&self) -> &[Write] {
        match &self.outcome {
            Outcome::Done(result) => &result.writes,
            Outcome::Failed(failure) => failure.writes(),
            Outcome::NotBegun => &[],
        }
    }

    /// Returns the records that no file has.
    fn records(&self) -> &[Tombstone] {
        match &self.outcome {
            _ if self.file.is_some() => &[],
            Outcome::Done(result) => result.tombstone.as_slice(),
            Outcome::Failed(failure) => failure.tombstones(),
            Outcome::NotBegun => &[],
        }
    }
}

/// Deprovisions everyone. The failure of one person does not stop the others, unless it would be the
/// same for them, or a record can't be kept any more.
pub(super) async fn deprovision(
    arguments: &DeprovisionArgs,
    requests: Vec<(String, DeprovisionRequest)>,
    output: &Output,
) -> Result<Exit, Failure> {
    let paths = paths(arguments, &requests)?;
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
        match outcome {
            // Nobody came before, so this failure is the command's.
            Outcome::Failed(failure) if ended && at == 0 => return progress.ended(Err(*failure)),
            outcome => people.push(Person { email, outcome, file }),
        }
    }
    progress.end_several(!people.iter().any(|person| matches!(person.outcome, Outcome::Failed(_))));
    report(people, output)
}

/// Returns the files for the records, in the order of the people, and checks that they can be
/// created, or are there from an earlier run. There are none without a folder.
fn paths(
    arguments: &DeprovisionArgs,
    requests: &[(String, DeprovisionRequest)],
) -> Result<Vec<PathBuf>, Failure> {
    let Some(folder) = &arguments.tombstones else { return Ok(Vec::new()) };
    create_folder(folder)
        .with_context(|| format!("the folder {} could not be created", folder.display()))
        .map_err(Failure::Usage)?;
    let path = |(email, _): &(String, _)| folder.join(file_name_of(email, "json"));
    let paths: Vec<PathBuf> = requests.iter().map(path).collect();
    for (path, (email, _)) in paths.iter().zip(requests) {
        RecordFile::in_folder(path, email, &arguments.connection)?;
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
        let file = path.map(|path| RecordFile::in_folder(path, email, self.connection));
        let mut file = match file.transpose() {
            Ok(file) => file,
            Err(failure) => return failed(failure, None, true),
        };
        if let Some(file) = &mut file {
            let before = record::take_with(self.tenant, self.connection, email).await;
            match before.map(|before| before.map(|before| file.begin(&before)).transpose()) {
                Ok(Ok(_)) => {}
                // If the disk is full, the next record could not be kept either.
                Ok(Err(Unkept::NotWritten(error))) => {
                    return failed(Failure::Other(error), None, true);
                }
                Ok(Err(Unkept::OtherRecord(error))) => {
                    return failed(Failure::Other(error), None, false);
                }
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

/// Prints what happened to everyone.
fn report(people: Vec<Person>, output: &Output) -> Result<Exit, Failure> {
    let complete = people.iter().all(|person| matches!(person.outcome, Outcome::Done(_)));
    let writes: usize = people.iter().map(|person| person.writes().len()).sum();
    let records: Vec<Tombstone> = people.iter().flat_map(Person::records).cloned().collect();
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
