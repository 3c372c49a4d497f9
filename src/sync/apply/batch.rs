//! Adds many members to a group with one request, if the dialect can.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::cell::Cell;

use super::order::Progress;
use super::run::{Done, Run};
use crate::domain::{GroupId, GroupLink, UserId};
use crate::error::{Result, ends_the_run};
use crate::http::{Local, run_in};
use crate::lifecycle::{Together, add_together};
use crate::sync::Step;
use crate::sync::step::{self, StepOutcome};
use crate::write_log::WriteLog;

/// The users who join one group: accounts or invitations.
struct Batch {
    group: GroupLink,
    /// The places of their steps.
    places: Vec<usize>,
    ids: Vec<UserId>,
}

/// What came of a batch. Nothing if the run ended before it began.
type Joined = Option<(Together, WriteLog)>;

impl Run<'_> {
    /// Adds users to groups, several with one request: to different groups side by side, to one
    /// group one batch after the other. Returns the steps that are to be applied alone, in their
    /// order. Fails only if the run must end.
    pub(super) async fn join_together<'s>(
        &mut self,
        steps: &[&'s Step],
        progress: &Progress<'_>,
    ) -> Result<Vec<&'s Step>> {
        let groups = self.batches(steps)?;
        let batched = groups.iter().flatten().map(|batch| batch.places.len());
        (0..batched.sum()).for_each(|_| progress.begin_step());
        let joined = self.add_side_by_side(steps, &groups).await?;
        let (mut done, mut end) = (BTreeSet::new(), None);
        for (batch, joined) in groups.into_iter().flatten().zip(joined.into_iter().flatten()) {
            let Some((together, write_log)) = joined else { continue };
            self.write_log.append(write_log);
            match together {
                // One of the users may be the reason, and must not block the others.
                Together::OneByOne => continue,
                Together::Failed(error) if ends_the_run(&error) => end = end.or(Some(error)),
                together => {
                    done.extend(batch.places.iter().copied());
                    self.note_batch(steps, batch, together)?;
                }
            }
        }
        let alone = steps.iter().enumerate().filter(|(at, _)| !done.contains(at));
        end.map_or_else(|| Ok(alone.map(|(_, step)| *step).collect()), Err)
    }

    /// Returns the batches of each group. Whoever is the only one of a batch is in none.
    fn batches(&self, steps: &[&Step]) -> Result<Vec<Vec<Batch>>> {
        let mut groups: BTreeMap<GroupId, BTreeMap<bool, Batch>> = BTreeMap::new();
        for (at, step) in steps.iter().enumerate() {
            // Such an addition says who administers the group, so it is a request of its own.
            if step.group_admin == Some(true) || !self.can_continue(step) {
                continue;
            }
            // If the step lacks its user or its group, applying it alone reports that.
            let (Ok(group), Some(id)) = (self.group_of(step), self.id_of(step)?) else { continue };
            let batches = groups.entry(group.id.clone()).or_default();
            let batch = batches.entry(self.directory.is_invitation(&id));
            let batch =
                batch.or_insert_with(|| Batch { group, places: Vec::new(), ids: Vec::new() });
            batch.places.push(at);
            batch.ids.push(id);
        }
        let several = |batches: BTreeMap<bool, Batch>| -> Vec<Batch> {
            batches.into_values().filter(|batch| batch.ids.len() > 1).collect()
        };
        Ok(groups.into_values().map(several).collect())
    }

    /// Sends the batches. After a failure that ends the run no further batch is begun; those that
    /// were begun are finished, so that no write is lost.
    async fn add_side_by_side(
        &self,
        steps: &[&Step],
        groups: &[Vec<Batch>],
    ) -> Result<Vec<Vec<Joined>>> {
        let is_ended = Cell::new(false);
        let start = |at: usize| -> Local<'_, Result<Vec<Joined>>> {
            let (batches, is_ended) = (&groups[at], &is_ended);
            Box::pin(async move {
                let mut joined = Vec::with_capacity(batches.len());
                for batch in batches {
                    joined.push(match is_ended.get() {
                        true => None,
                        false => Some(self.add_batch(steps, batch, is_ended).await?),
                    });
                }
                Ok(joined)
            })
        };
        run_in(self.directory.window_of_records(), groups.len(), start).await
    }

    async fn add_batch(
        &self,
        steps: &[&Step],
        batch: &Batch,
        is_ended: &Cell<bool>,
    ) -> Result<(Together, WriteLog)> {
        let Batch { group, places, ids } = batch;
        let mut write_log = self.write_log.empty(None);
        let names = places.iter().map(|at| Ok(step::person(steps[*at])?.as_str()));
        let names = names.collect::<Result<Vec<&str>>>()?;
        let together = add_together(self.directory, group, ids, &names, &mut write_log).await;
        if matches!(&together, Together::Failed(error) if ends_the_run(error)) {
            is_ended.set(true);
        }
        Ok((together, write_log))
    }

    /// Adds what a batch did to the state.
    fn note_batch(&mut self, steps: &[&Step], batch: Batch, together: Together) -> Result<()> {
        let Batch { group, places, ids } = batch;
        let steps = places.iter().map(|at| steps[*at]);
        match together {
            Together::Added(new) => {
                for ((step, id), new) in steps.zip(ids).zip(new) {
                    self.touch(step, id, &group)?;
                    match new {
                        true => {
                            let done = Done::Membership(group.clone());
                            self.note(step, StepOutcome::Applied, done);
                        }
                        false => self.note(step, StepOutcome::AlreadySo, Done::Nothing),
                    }
                }
            }
            Together::OneByOne => {}
            Together::Failed(error) => {
                for step in steps {
                    let address = step::person(step)?.as_str();
                    self.note_failure(step, error.clone().about(address));
                }
            }
        }
        Ok(())
    }
}
