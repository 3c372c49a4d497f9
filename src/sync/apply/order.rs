//! The order in which steps are applied, and which of them run side by side.
//!
//! Everything that adds comes before everything that removes: plans have their steps in this order,
//! and each group of [independent] steps ends before the next one begins. Within a group, the steps
//! of different people run side by side, and those of one person one after the other. Steps that
//! take an administrator's rights run alone, because each looks at who is left.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cell::Cell;

use super::independent::independent;
use super::run::Run;
use super::single::Taken;
use crate::admins::AdminGuard;
use crate::error::{Code, Result, ends_the_run};
use crate::event::{self, Event};
use crate::http::{Local, Log, Window};
use crate::retool::read_back::READINGS;
use crate::sync::step::StepOutcome;
use crate::sync::{Step, StepKind};

/// Progress is reported after this many steps.
const STEPS_PER_LINE: usize = 25;

/// Steps that are applied after all others.
#[derive(Default)]
struct Late<'s> {
    /// Steps that would leave too few administrators: others may add some.
    waiting: Vec<&'s Step>,
    /// Deletions of disabled accounts: others may show that deletions only disable.
    kept: Vec<&'s Step>,
}

/// How many of the steps were begun, for the log.
pub(super) struct Progress<'l> {
    begun: Cell<usize>,
    all: usize,
    log: &'l dyn Log,
}

impl Progress<'_> {
    pub(super) fn begin_step(&self) {
        let begun = self.begun.get();
        if begun > 0 && begun.is_multiple_of(STEPS_PER_LINE) {
            self.log.event(Event::Progress(event::Progress {
                task: "applying",
                done: begun,
                total: Some(self.all),
                unit: Some("steps"),
                ..event::Progress::default()
            }));
        }
        self.begun.set(begun + 1);
    }
}

/// Steps of one person that were applied side by side with those of others.
struct Chain<'s> {
    taken: Vec<(&'s Step, Taken)>,
    /// Steps that were not begun, because the one before them has to run alone.
    left: Vec<&'s Step>,
}

impl Run<'_> {
    /// Applies steps in order, group by group of steps that don't depend on each other. Fails only
    /// if the run must end.
    pub(super) async fn apply(&mut self, steps: &[&Step], log: &dyn Log) -> Result<()> {
        let mut late = Late::default();
        let progress = Progress { begun: Cell::new(0), all: steps.len(), log };
        for group in independent(steps) {
            self.apply_group(group, &mut late, &progress).await?;
        }
        for step in late.waiting {
            // An administrator who was just made one may not be visible as one yet.
            let mut reading = 1;
            while !self.take(step).await? {
                if reading == READINGS || !self.directory.wait_to_read_back(reading).await {
                    self.refuse_last_admin(step);
                    break;
                }
                reading += 1;
            }
        }
        for step in late.kept {
            self.delete_disabled(step).await?;
        }
        self.read_back().await
    }

    /// Applies steps that don't depend on each other.
    async fn apply_group<'s>(
        &mut self,
        steps: &[&'s Step],
        late: &mut Late<'s>,
        progress: &Progress<'_>,
    ) -> Result<()> {
        let adds = steps.first().is_some_and(|step| step.kind == StepKind::AddMember);
        let rest;
        let steps = if adds && self.directory.capabilities().batches_members {
            rest = self.join_together(steps, progress).await?;
            &rest
        } else {
            steps
        };
        let directory = self.directory;
        let window = |step: &Step| match step.kind {
            // What the first deletion does says what to do with the others.
            StepKind::CreateGroup | StepKind::ChangeMember | StepKind::DeleteUser => None,
            StepKind::CreateUser => directory.window_of_records(),
            _ => directory.write_window(),
        };
        for steps in steps.chunk_by(|one, next| window(one).is_some() == window(next).is_some()) {
            let alone = match steps.first().and_then(|step| window(step)) {
                Some(window) => self.apply_side_by_side(steps, window, late, progress).await?,
                None => steps.to_vec(),
            };
            for step in alone {
                if window(step).is_none() {
                    progress.begin_step();
                }
                if self.kept.may_be_kept(step) {
                    late.kept.push(step);
                } else if !self.take(step).await? {
                    late.waiting.push(step);
                }
            }
        }
        Ok(())
    }

    /// Applies the steps of different people side by side. Returns those that have to run alone.
    /// After a failure that ends the run no further step is begun; those that were begun are
    /// finished, so that no write is lost. The state is the same whichever finished first.
    async fn apply_side_by_side<'s>(
        &mut self,
        steps: &[&'s Step],
        window: &Window,
        late: &mut Late<'s>,
        progress: &Progress<'_>,
    ) -> Result<Vec<&'s Step>> {
        let mut open = Vec::with_capacity(steps.len());
        for &step in steps {
            if self.kept.may_be_kept(step) {
                progress.begin_step();
                late.kept.push(step);
            } else if self.can_continue(step) && !self.is_withheld(step) {
                open.push(step);
            }
        }
        let people: Vec<&[&Step]> = open.chunk_by(|one, next| one.email == next.email).collect();
        let guard = AdminGuard { side_by_side: true, ..self.guard.clone() };
        let is_ended = Cell::new(false);
        let run = &*self;
        let start = |at: usize| -> Local<'_, Result<Chain<'s>>> {
            let (steps, guard, is_ended) = (people[at], &guard, &is_ended);
            Box::pin(async move { Ok(run.chain(steps, guard, is_ended, progress).await) })
        };
        let chains = window.run(people.len(), start).await?;
        let (mut alone, mut end) = (Vec::new(), None);
        for Chain { taken, left } in chains {
            for (step, taken) in taken {
                match self.merge(step, taken) {
                    Ok(true) => {}
                    Ok(false) => alone.push(step),
                    Err(error) => end = end.or(Some(error)),
                }
            }
            alone.extend(left);
        }
        end.map_or(Ok(alone), Err)
    }

    /// Applies the steps of one person, until one is not as planned.
    async fn chain<'s>(
        &self,
        steps: &[&'s Step],
        guard: &AdminGuard,
        is_ended: &Cell<bool>,
        progress: &Progress<'_>,
    ) -> Chain<'s> {
        let mut chain = Chain { taken: Vec::new(), left: Vec::new() };
        for (at, &step) in steps.iter().enumerate() {
            if is_ended.get() {
                break;
            }
            progress.begin_step();
            let before = chain.taken.last().map_or(&self.write_log, |(_, it)| &it.write_log);
            let write_log = before.empty(step.email.as_ref());
            let taken = self.apply_step(step, guard, write_log).await;
            let (goes_on, is_deferred) = match &taken.applied {
                Ok((outcome, _)) => (!matches!(outcome, StepOutcome::Stale(_)), false),
                Err(error) => {
                    is_ended.set(is_ended.get() || ends_the_run(error));
                    (false, error.code == Code::LastAdmin)
                }
            };
            chain.taken.push((step, taken));
            if is_deferred {
                chain.left.extend(&steps[at + 1..]);
            }
            if !goes_on {
                break;
            }
        }
        chain
    }

    /// Applies a step, unless an earlier step for its person was stale or failed. Returns `false`,
    /// and writes nothing, if it would leave too few administrators now. Fails only if the run must
    /// end.
    pub(super) async fn take(&mut self, step: &Step) -> Result<bool> {
        if !self.can_continue(step) || self.is_withheld(step) {
            return Ok(true);
        }
        let write_log = self.write_log.empty(step.email.as_ref());
        let taken = self.apply_step(step, &self.guard, write_log).await;
        self.merge(step, taken)
    }
}
