//! Adds many members to a group with one request, if the dialect can.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::run::{Done, Run};
use crate::domain::{GroupLink, UserId, WriteKind};
use crate::error::{Result, ends_the_run};
use crate::sync::Step;
use crate::sync::step::{self, StepOutcome};

/// The users who join one group.
struct Batch<'s> {
    group: GroupLink,
    steps: Vec<&'s Step>,
    ids: Vec<UserId>,
}

impl Run<'_> {
    /// Applies steps that add users to groups. Fails only if the run must end.
    pub(super) async fn join_all(&mut self, steps: &[&Step]) -> Result<()> {
        let mut batches = BTreeMap::new();
        for &step in steps {
            let group = self.group_of(step);
            match (self.can_continue(step), group, self.id_of(step)?) {
                (true, Ok(group), Some(id)) => {
                    let batch = batches.entry(group.id.clone()).or_insert_with(|| Batch {
                        group,
                        steps: Vec::new(),
                        ids: Vec::new(),
                    });
                    batch.steps.push(step);
                    batch.ids.push(id);
                }
                // The step lacks its user or its group. Applying it alone reports that.
                _ => {
                    self.take(step).await?;
                }
            }
        }
        for batch in batches.into_values() {
            self.join(batch).await?;
        }
        Ok(())
    }

    async fn join(&mut self, batch: Batch<'_>) -> Result<()> {
        let Batch { group, steps, ids } = batch;
        if let [step] = steps[..] {
            return self.take(step).await.map(|_| ());
        }
        let added = self.directory.add_members(&group.id, &ids).await;
        match added {
            Ok(new) => {
                for ((step, id), new) in steps.into_iter().zip(ids).zip(new) {
                    if !new {
                        self.touch(step, id, &group)?;
                        self.note(step, StepOutcome::AlreadySo, Done::Nothing);
                        continue;
                    }
                    let address = step::person(step)?.as_str();
                    let name = Some(group.label());
                    self.write_log.confirmed(WriteKind::MemberAdded, address, name);
                    self.touch(step, id, &group)?;
                    self.note(step, StepOutcome::Applied, Done::Membership(group.clone()));
                }
            }
            Err(error) => {
                if error.maybe_applied {
                    for step in &steps {
                        let address = step::person(step)?.as_str();
                        let name = Some(group.label());
                        self.write_log.unconfirmed(WriteKind::MemberAdded, address, name);
                    }
                }
                if ends_the_run(&error) {
                    return Err(error);
                }
                // Another status is not about one of the users, and would be the same for each.
                let may_be_one = matches!(error.http_status, Some(400 | 404 | 409 | 413 | 422));
                for step in steps {
                    if error.maybe_applied || !may_be_one {
                        let address = step::person(step)?.as_str();
                        self.note_failure(step, error.clone().about(address));
                    } else {
                        // Applied one by one, so that one refused user does not block the others.
                        self.take(step).await?;
                    }
                }
            }
        }
        Ok(())
    }
}
