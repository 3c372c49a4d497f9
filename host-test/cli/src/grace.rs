//! The file that stores since when people are disabled. The component remembers nothing between
//! calls, and no server keeps these dates.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::mem::discriminant;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use host_test::retool::synchronization::{DisabledRecord, PersonOutcome, PersonReport};
use host_test::retool::types::{FieldChange, Tombstone, UserId};
use host_test::text::printable;
use host_test::{Origin, json};
use serde::{Deserialize, Serialize};

use super::escaped::file_text;
use super::failure::Failure;
use super::files;
use super::ids::user_id_of;
use super::lock::Lock;
use super::log;

/// What is in the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Content {
    /// The base URL. Dates of one organisation say nothing about another.
    organisation: String,
    people: Vec<DisabledRecord>,
}

/// The file, locked. Two processes would each lose the dates of the other.
#[derive(Debug)]
pub(crate) struct GraceFile {
    path: PathBuf,
    content: Content,
    /// Whether the file has what `content` has.
    is_stored: bool,
    _lock: Lock,
}

/// Reads the dates for an organisation. There are none if there is no file.
pub(crate) fn read(path: &Path, base_url: &str) -> Result<Vec<DisabledRecord>, Failure> {
    Ok(content(path, base_url)?.map(|content| content.people).unwrap_or_default())
}

fn content(path: &Path, base_url: &str) -> Result<Option<Content>, Failure> {
    let text = match files::read(path, files::MOST_BYTES) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            let why = format!("{} could not be read", path.display());
            return Err(Failure::Usage(anyhow::Error::new(error).context(why)));
        }
    };
    let content: Content = json::from_slice(&text)
        .with_context(|| format!("{} is not a file of --grace-file", path.display()))
        .map_err(Failure::Usage)?;
    if !is_same(&content.organisation, base_url) {
        // A base URL may have a password in it.
        let named = |url: &str| match Origin::of(url) {
            Some(origin) => origin.to_string(),
            None => "this connection".to_owned(),
        };
        return Err(Failure::Usage(anyhow!(
            "{} has the dates of another organisation ({}): give another file for {}",
            path.display(),
            named(&content.organisation),
            named(base_url)
        )));
    }
    Ok(Some(content))
}

/// Returns whether two base URLs are of the same organisation.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    let path = |url: &str| {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let path = rest.split_once('/').map_or("", |(_, path)| path);
        path.trim_end_matches('/').to_owned()
    };
    let origin = Origin::of(one);
    origin.is_some() && origin == Origin::of(other) && path(one) == path(other)
}

impl GraceFile {
    /// Locks and reads the file. If it does not exist, it is created when it is stored.
    pub(crate) fn open(path: PathBuf, base_url: &str) -> Result<GraceFile, Failure> {
        let locked = files::target(&path).and_then(|target| Lock::take(&target));
        let locked = locked
            .with_context(|| format!("{} could not be locked", path.display()))
            .map_err(Failure::Usage)?;
        let Some(lock) = locked else {
            return Err(Failure::Other(anyhow!(
                "another process is using {}: wait until it has ended",
                path.display()
            )));
        };
        let stored = content(&path, base_url)?;
        if stored.is_none() {
            note_missing_file(&path);
            // An error is found before anything is written in Retool.
            files::probe(&path)
                .with_context(|| format!("{} could not be written", path.display()))
                .map_err(Failure::Usage)?;
        }
        let is_stored = stored.is_some();
        let none = || Content { organisation: base_url.to_owned(), people: Vec::new() };
        Ok(GraceFile { path, content: stored.unwrap_or_else(none), is_stored, _lock: lock })
    }

    pub(crate) fn records(&self) -> Vec<DisabledRecord> {
        self.content.people.clone()
    }

    /// Adds the dates of people who were disabled, and removes those of people who are not
    /// disabled any more.
    pub(crate) fn learn(&mut self, people: &[PersonReport]) {
        let news = people.iter().filter_map(|person| {
            let is_enabled = |change: &FieldChange| {
                change.field == "disabled" && change.after.as_deref() == Some("false")
            };
            let is_over = matches!(person.outcome, PersonOutcome::Deleted | PersonOutcome::ReEnabled)
                // A person may be renamed and enabled at the same time.
                || person.changes.iter().any(is_enabled);
            let since = person.disabled_since.as_deref();
            (is_over || since.is_some()).then_some((person.user.as_ref()?, since))
        });
        self.replace(news.collect());
    }

    /// Adds the dates in the records of people who were removed by a call that failed later.
    pub(crate) fn learn_from(&mut self, tombstones: &[Tombstone]) {
        let news = tombstones.iter().filter_map(|tombstone| {
            Some((&tombstone.user.id, Some(tombstone.disabled_since.as_deref()?)))
        });
        self.replace(news.collect());
    }

    /// Replaces what is known of these people, of all at once: both lists may be long. What comes
    /// last counts.
    fn replace(&mut self, news: Vec<(&UserId, Option<&str>)>) {
        let key = |id: &UserId| (discriminant(id), user_id_of(id).to_owned());
        let last: HashMap<_, usize> =
            news.iter().enumerate().map(|(at, (id, _))| (key(id), at)).collect();
        let before = self.content.people.len();
        self.content.people.retain(|record| !last.contains_key(&key(&record.user)));
        self.is_stored &= self.content.people.len() == before;
        for (at, (id, since)) in news.into_iter().enumerate() {
            let Some(since) = since.filter(|_| last.get(&key(id)) == Some(&at)) else { continue };
            self.content.people.push(DisabledRecord { user: id.clone(), since: since.to_owned() });
            self.is_stored = false;
        }
    }

    /// Replaces the file atomically if anything is new.
    pub(crate) fn store(&mut self) -> anyhow::Result<()> {
        if self.is_stored {
            return Ok(());
        }
        file_text(&self.content)
            .and_then(|text| {
                // A file that can't be read back must not replace one that can.
                match text.len() > files::MOST_BYTES {
                    true => Err(ErrorKind::FileTooLarge.into()),
                    false => files::replace(&self.path, &text),
                }
            })
            .with_context(|| {
                format!(
                    "{} could not be written, so the people who were disabled now are not deleted \
                     later",
                    self.path.display()
                )
            })?;
        self.is_stored = true;
        Ok(())
    }
}

/// Prints a note that there is no file yet. Without it, a lost file would go unnoticed.
fn note_missing_file(path: &Path) {
    log::note(&format!(
        "{} is not there: it is created now, and people who were disabled before stay disabled",
        printable(&path.to_string_lossy())
    ));
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::testing::{self, tombstone};

    const ACME: &str = "https://acme.retool.com";

    fn person(id: &str, outcome: PersonOutcome, since: Option<&str>) -> PersonReport {
        PersonReport {
            user: Some(UserId::V1(id.to_owned())),
            disabled_since: since.map(str::to_owned),
            ..testing::person(outcome)
        }
    }

    fn dates(file: &GraceFile) -> Vec<(UserId, String)> {
        file.records().into_iter().map(|record| (record.user, record.since)).collect()
    }

    #[test]
    fn dates_are_kept_until_a_person_is_deleted_or_enabled() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("grace.json");
        let id = |id: &str| UserId::V1(id.to_owned());
        let mut file = GraceFile::open(path.clone(), ACME).expect("no file yet");
        file.learn(&[
            person("1", PersonOutcome::Disabled, Some("2026-01-01T00:00:00Z")),
            person("2", PersonOutcome::Disabled, Some("2026-01-02T00:00:00Z")),
            person("4", PersonOutcome::Disabled, Some("2026-01-03T00:00:00Z")),
            // The server gave no date.
            person("3", PersonOutcome::Disabled, None),
        ]);
        file.learn_from(&[tombstone("ada@x.com")]);
        file.store().expect("a file");
        drop(file);

        let mut file = GraceFile::open(path.clone(), "HTTPS://ACME.retool.com:443/").expect("one");
        let [first, second, third] =
            ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"]
                .map(str::to_owned);
        assert_eq!(dates(&file), [(id("1"), first), (id("2"), second), (id("4"), third)]);
        file.learn(&[
            person("1", PersonOutcome::Deleted, None),
            PersonReport {
                changes: vec![testing::change("email", Some("ada@x.com"), "ada@y.com")],
                ..person("2", PersonOutcome::Renamed, None)
            },
            PersonReport {
                changes: vec![testing::change("disabled", Some("true"), "false")],
                ..person("4", PersonOutcome::Renamed, None)
            },
        ]);
        file.store().expect("a file");
        assert_eq!(read(&path, ACME).expect("dates").len(), 1);
        file.learn(&[person("2", PersonOutcome::ReEnabled, None)]);
        file.store().expect("a file");
        drop(file);
        assert_eq!(read(&path, ACME).expect("dates"), []);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn many_people_are_learned_at_once_and_the_last_date_of_each_counts() {
        const MANY: usize = 100_000;
        let folder = tempfile::tempdir().expect("a folder");
        let mut file = GraceFile::open(folder.path().join("grace.json"), ACME).expect("no file");
        let disabled = |since: &'static str| {
            let id = move |at: usize| person(&at.to_string(), PersonOutcome::Disabled, Some(since));
            (0..MANY).map(id).collect::<Vec<_>>()
        };
        file.learn(&disabled("2026-01-01T00:00:00Z"));
        let mut again = disabled("2026-01-02T00:00:00Z");
        again.extend(disabled("2026-01-03T00:00:00Z").into_iter().take(1));
        again.push(person("1", PersonOutcome::Deleted, None));
        // An id of another API is another id.
        let user = Some(UserId::V2("2".to_owned()));
        again.push(PersonReport { user, ..person("", PersonOutcome::Deleted, None) });
        file.learn(&again);
        let dates = dates(&file);
        assert_eq!(dates.len(), MANY - 1);
        let of = |id: &str| {
            let mut found = dates.iter().filter(|(known, _)| *known == UserId::V1(id.to_owned()));
            found.next().map(|(_, since)| &**since)
        };
        assert_eq!(of("0"), Some("2026-01-03T00:00:00Z"));
        assert_eq!((of("1"), of("2")), (None, Some("2026-01-02T00:00:00Z")));
    }

    #[test]
    fn the_file_of_another_organisation_or_of_another_kind_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("grace.json");
        let mut file = GraceFile::open(path.clone(), ACME).expect("no file yet");
        file.store().expect("a file");
        let busy = GraceFile::open(path.clone(), ACME).expect_err("it is in use").text();
        assert!(busy.contains("another process is using"), "{busy}");
        drop(file);
        let error = read(&path, "https://u:hunter2@acme.retool.com").expect_err("a refusal").text();
        assert!(!error.contains("hunter2"), "{error}");
        for other in
            ["https://other.retool.com", "https://acme.retool.com/space", "http://acme.retool.com"]
        {
            let error = read(&path, other).expect_err("another organisation").text();
            assert!(error.contains("another organisation"), "{error}");
        }
        fs::write(&path, "{}").expect("a file");
        assert!(matches!(GraceFile::open(path, ACME), Err(Failure::Usage(_))));
    }
}
