//! The folder of `--tombstones`: one file for each person who is to be disabled, deleted or
//! stripped, in the form that `restore` reads. The files are there before anything is written in Retool.

use std::collections::HashMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use clap::Args;
use host_test::json;
use host_test::retool::synchronization::Plan;
use host_test::retool::types::Tombstone;

use super::failure::{Failure, Kept};
use super::files;
use super::ids::user_id_of;
use super::record;

#[derive(Debug, Args)]
pub(crate) struct TombstoneArgs {
    /// The folder for the records of the people who are to be disabled, deleted or stripped: one
    /// file each, which `restore` reads. They are written before anything changes in
    /// Retool. The folder is created if it is not there; files in it are never overwritten.
    #[arg(long = "tombstones", value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
}

/// The most bytes of a file's name that come from the person.
const MOST_OF_NAME: usize = 120;

/// The records that this run has written.
pub(crate) struct Records {
    folder: PathBuf,
    /// Whether this run has created the folder.
    made_folder: bool,
    /// The files that were not there before.
    made: Vec<PathBuf>,
    count: usize,
}

impl Records {
    /// Writes the records of a plan. If one of them can't be written, removes those that were. The
    /// folder is created only if there is a record: a job may name a new one for each run.
    pub(crate) fn write(folder: &Path, plan: &Plan) -> Result<Records, Failure> {
        let mut records = Records {
            folder: folder.to_owned(),
            made_folder: false,
            made: Vec::new(),
            count: plan.tombstones.len(),
        };
        if let Err(error) = records.write_all(plan) {
            records.remove();
            return Err(Failure::Other(error));
        }
        Ok(records)
    }

    fn write_all(&mut self, plan: &Plan) -> anyhow::Result<()> {
        let failed = |path: &Path| {
            format!("the record {} could not be written, so nothing was done", path.display())
        };
        if plan.tombstones.is_empty() {
            return Ok(());
        }
        // A record has personal data.
        let is_new = !self.folder.exists();
        files::create_folder(&self.folder).with_context(|| failed(&self.folder))?;
        self.made_folder = is_new;
        for tombstone in &plan.tombstones {
            let path = self.folder.join(file_name(tombstone, plan));
            let text = record::text_of(tombstone).with_context(|| failed(&path))?;
            match files::create(&path, &text) {
                Ok(()) => self.made.push(path),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    if !holds(&path, tombstone) {
                        return Err(anyhow!(
                            "{} is there already with another record, and a record is never \
                             overwritten, so nothing was done: give another folder for \
                             --tombstones",
                            path.display()
                        ));
                    }
                }
                Err(error) => return Err(error).with_context(|| failed(&path)),
            }
        }
        Ok(())
    }

    /// Returns the folder, and how many records of the plan are in it.
    pub(crate) fn place(&self) -> (&Path, usize) {
        (&self.folder, self.count)
    }

    /// Adds what only a call that writes reads: the fields beyond the contract, and since when the
    /// person is disabled.
    pub(crate) fn complete(&self, plan: &Plan, read: &[Tombstone]) {
        let planned: HashMap<&str, &Tombstone> = { plan.tombstones.iter() }
            .map(|planned| (user_id_of(&planned.user.id), planned))
            .collect();
        for tombstone in read {
            let Some(planned) = planned.get(user_id_of(&tombstone.user.id)).copied() else {
                continue;
            };
            let raw = planned.raw.clone().or_else(|| tombstone.raw.clone());
            let disabled_since = planned.disabled_since.clone();
            let disabled_since = disabled_since.or_else(|| tombstone.disabled_since.clone());
            let whole = Tombstone { raw, disabled_since, ..planned.clone() };
            if let Ok(text) = record::text_of(&whole) {
                // If this fails, the record of the plan is still there, and it can be restored.
                let _ = files::replace(&self.folder.join(file_name(planned, plan)), &text);
            }
        }
    }

    /// Handles a failed run. If nothing can have been written in Retool, there is nothing to
    /// restore, and the files of this run are removed. Otherwise the failure names the folder.
    pub(crate) fn after(self, failure: Failure) -> Failure {
        if !failure.may_have_written() {
            self.remove();
            return failure;
        }
        match self.count {
            0 => failure,
            _ => {
                let kept = Kept::Folder;
                Failure::Recorded { failure: Box::new(failure), path: self.folder, kept }
            }
        }
    }

    fn remove(&self) {
        for path in &self.made {
            // A file that stays is only not needed.
            let _ = fs::remove_file(path);
        }
        if self.made_folder {
            // It stays if there is something else in it.
            let _ = fs::remove_dir(&self.folder);
        }
    }
}

/// Returns whether the file has this record. An earlier run may have recorded it at another time, and
/// completed it.
fn holds(path: &Path, tombstone: &Tombstone) -> bool {
    let text = files::read(path, files::MOST_BYTES).ok();
    let stored = text.and_then(|text| json::from_slice::<Tombstone>(&text).ok());
    stored.is_some_and(|stored| {
        stored.user == tombstone.user && stored.base_url == tombstone.base_url
    })
}

/// Returns the name of a record's file: the person, when the plan was made, and the beginning of
/// its digest. So a plan that is applied again finds its own files, and another one does not.
fn file_name(tombstone: &Tombstone, plan: &Plan) -> String {
    let user = &tombstone.user;
    let id = user_id_of(&user.id);
    let person = user.email.as_deref().or(user.login.as_deref()).unwrap_or(id);
    let made_at: String =
        plan.made_at.chars().take(19).filter(char::is_ascii_alphanumeric).collect();
    let digest: String = plan.digest.chars().take(12).filter(char::is_ascii_alphanumeric).collect();
    // Two accounts may have one address.
    let id: String = id.chars().filter(char::is_ascii_alphanumeric).collect();
    let id = &id[id.len().saturating_sub(12)..];
    format!("{}.{id}.{made_at}.{digest}.json", safe(person))
}

/// Replaces the characters of a name that no file should have, and those after the first bytes.
fn safe(name: &str) -> String {
    let keep = |letter: char| {
        let is_plain = letter.is_ascii_alphanumeric() || "@.+-_".contains(letter);
        if is_plain { letter } else { '_' }
    };
    let name: String = name.chars().map(keep).take(MOST_OF_NAME).collect();
    // A file whose name begins with a dot is hidden, and one that begins with a hyphen is a switch.
    if name.starts_with(['.', '-']) { format!("_{name}") } else { name }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::testing::{self, tombstone};

    fn plan(emails: &[&str]) -> Plan {
        let tombstones = emails.iter().map(|email| tombstone(email)).collect();
        Plan { tombstones, ..testing::plan() }
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("a folder");
        let name = |entry: io::Result<fs::DirEntry>| entry.expect("a file").file_name();
        let mut names: Vec<_> =
            entries.map(|entry| name(entry).into_string().expect("UTF-8")).collect();
        names.sort();
        names
    }

    #[test]
    fn the_same_plan_finds_its_records_and_another_record_is_never_overwritten() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("records/of/acme");
        let first = plan(&["ada@x.com", "../../bob\n@x.com"]);
        Records::write(&path, &first).expect("records");
        assert_eq!(
            names(&path),
            [
                "_.._.._bob_@x.com.id1.20260102T030405.3f2a.json",
                "ada@x.com.id1.20260102T030405.3f2a.json"
            ]
        );
        let mut again = first.clone();
        again.tombstones[0].recorded_at = "2026-01-03T00:00:00Z".to_owned();
        Records::write(&path, &again).expect("the records are there");
        let mut other = first;
        other.tombstones.swap(0, 1);
        other.tombstones[1].user.admin = true;
        let refused = Records::write(&path, &other).err().expect("a refusal").text();
        assert!(refused.contains("never overwritten"), "{refused}");
        let stored = fs::read_to_string(path.join("ada@x.com.id1.20260102T030405.3f2a.json"));
        assert!(stored.expect("a record").contains("\"admin\": false"));
    }

    #[test]
    fn a_record_that_could_not_be_read_back_is_not_written() {
        let large = || Some("x".repeat(files::MOST_BYTES));
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("records");
        let mut huge = plan(&["ada@x.com"]);
        huge.tombstones[0].user.metadata = large();
        let refused = Records::write(&path, &huge).err().expect("a refusal").text();
        assert!(refused.contains("nothing was done"), "{refused}");
        assert!(!path.exists());

        let small = plan(&["ada@x.com"]);
        let records = Records::write(&path, &small).expect("records");
        let before = names(&path).into_iter().map(|name| fs::read(path.join(name)).expect("it"));
        let before: Vec<_> = before.collect();
        records.complete(&small, &[Tombstone { raw: large(), ..tombstone("ada@x.com") }]);
        let after = names(&path).into_iter().map(|name| fs::read(path.join(name)).expect("it"));
        assert!(after.eq(before), "the record without the large part stays");
    }

    #[test]
    fn a_run_that_wrote_nothing_leaves_no_records() {
        let folder = tempfile::tempdir().expect("a folder");
        let records = Records::write(folder.path(), &plan(&["ada@x.com"])).expect("records");
        assert_eq!(names(folder.path()).len(), 1);
        records.after(Failure::Other(anyhow!("The server is gone.")));
        assert_eq!(names(folder.path()).len(), 0);

        let records = Records::write(folder.path(), &plan(&["ada@x.com"])).expect("records");
        let failure = records.after(Failure::Unrecorded(anyhow!("The disk is full.")));
        assert!(failure.text().contains(&*folder.path().to_string_lossy()), "{}", failure.text());
        assert_eq!(names(folder.path()).len(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn only_the_user_can_read_a_record() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("records");
        Records::write(&path, &plan(&["ada@x.com"])).expect("records");
        for path in [path.join(&names(&path)[0]), path] {
            let mode = fs::metadata(&path).expect("its mode").permissions().mode();
            assert_eq!(mode & 0o077, 0, "{}", path.display());
        }
    }
}
