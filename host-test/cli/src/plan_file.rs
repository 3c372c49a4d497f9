//! A plan in a file, as JSON or as a page.

use std::path::Path;

use anyhow::Context;
use host_test::json;
use host_test::retool::synchronization::Plan;

use super::escaped::file_text;
use super::failure::Failure;
use super::files;
use crate::exit::Exit;
use crate::render;

/// The largest file with a plan, in bytes. One of 10,000 people has 8 MB.
pub(super) const MOST_BYTES: usize = 128 << 20;

/// Returns the exit code for a plan that was only made or shown.
pub(super) fn exit(plan: &Plan) -> Exit {
    if is_tripped(plan) { Exit::Refused } else { Exit::Done }
}

/// Returns whether a guard refuses the plan.
pub(super) fn is_tripped(plan: &Plan) -> bool {
    plan.guards.iter().any(|guard| guard.tripped)
}

/// Checks that the file of a plan can be created, before any request is made.
pub(super) fn check_free(path: &Path) -> Result<(), Failure> {
    files::check_free(path, "a plan", "give another file").map_err(Failure::Usage)
}

pub(super) fn keep_page(
    plan: &Plan,
    about: &render::About<'_>,
    path: &Path,
) -> Result<(), Failure> {
    files::create(path, &render::page(plan, about))
        .with_context(|| format!("{} could not be written", path.display()))?;
    Ok(())
}

/// Writes a plan to a new file.
pub(super) fn save(plan: &Plan, path: &Path) -> Result<(), Failure> {
    file_text(plan)
        .and_then(|text| files::create(path, &text))
        .with_context(|| format!("{} could not be written", path.display()))?;
    Ok(())
}

pub(super) fn read(path: &Path) -> Result<Plan, Failure> {
    let read = || {
        let text = files::read(path, MOST_BYTES)
            .with_context(|| format!("{} could not be read", path.display()))?;
        json::from_slice(&text).with_context(|| format!("{} is not a plan", path.display()))
    };
    read().map_err(Failure::Usage)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::testing;

    #[test]
    fn a_saved_plan_is_read_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("plan.json");
        let plan = testing::plan();
        save(&plan, &path).expect("a new file");
        assert_eq!(read(&path).expect("a plan"), plan);
        assert!(save(&plan, &path).is_err(), "it is never overwritten");
        fs::write(&path, "{}").expect("a file");
        assert!(matches!(read(&path), Err(Failure::Usage(_))));
    }
}
