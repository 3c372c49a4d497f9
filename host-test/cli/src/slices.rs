//! Applies a plan in calls of some steps each, so that each call ends within its time.

use host_test::Tenant;
use host_test::error_case;
use host_test::retool::synchronization::{ApplyPlanRequest, SyncReport};
use host_test::retool::types::{ErrorDetail, Tombstone, Write, WriteKind};

use super::failure::Failure;
use super::joined::Joined;
use super::progress::Progress;

/// The most steps of one call. Each call lists the organisation once, so there should be few. A server
/// that takes one write per second needs 34 minutes for them, and a call has an hour.
const STEPS: u32 = 2_000;

/// What a call has done, for whoever stores something of it.
pub(super) enum Done<'a> {
    /// It ended with this report.
    Report(&'a SyncReport),
    /// It failed, and has removed these people.
    Removed(&'a [Tombstone]),
}

/// Applies the steps that the request asks for. If the time of a call ends, goes on with the next
/// call, as long as each of them writes something. A failure has the writes of all calls.
pub(super) async fn apply(
    tenant: &Tenant,
    progress: Progress,
    mut request: ApplyPlanRequest,
    mut done: impl FnMut(&Done<'_>),
) -> Result<SyncReport, Failure> {
    let all = u32::try_from(request.plan.steps.len()).unwrap_or(u32::MAX);
    let first = request.first;
    let end = request.count.map_or(all, |count| first.saturating_add(count)).min(all);
    let mut joined = Joined::default();
    let result = loop {
        // The component refuses a part that the plan does not have.
        if request.first < end {
            request.count = Some(STEPS.min(end - request.first));
        }
        if end.saturating_sub(first) > STEPS {
            let last = request.count.map_or(end, |count| request.first + count);
            progress.note(&format!("steps {} to {last} of {all}", request.first + 1));
        }
        match progress.writing_one(tenant.apply_plan(&request)).await {
            Ok(report) => {
                done(&Done::Report(&report));
                let next = report.next.filter(|next| *next < end && *next > request.first);
                joined.add(report);
                match next {
                    Some(next) => request.first = next,
                    None => break Ok(()),
                }
            }
            Err(failure) => {
                done(&Done::Removed(failure.tombstones()));
                match out_of_time(&failure).filter(|detail| has_progressed(&detail.writes)) {
                    Some(detail) => {
                        progress
                            .note("the time of this call is over: the next one does what is left");
                        joined.add_cut(&detail.writes, &detail.tombstones);
                    }
                    None => break Err(failure),
                }
            }
        }
    };
    let is_whole = first == 0 && end == all;
    let result = match result {
        Ok(()) if is_whole => Ok(joined.whole(&request.plan)),
        Ok(()) => Ok(joined.part(&request.plan)),
        Err(failure) => {
            let (writes, tombstones) = joined.written();
            Err(failure.preceded_by(writes, tombstones))
        }
    };
    progress.ended(result)
}

/// Returns the error of a call whose time has run out.
fn out_of_time(failure: &Failure) -> Option<&ErrorDetail> {
    let Failure::Component { error, place: _ } = failure else { return None };
    error_case(error).1.filter(|detail| detail.code == "deadline-exceeded")
}

/// Returns whether the next call has less to do. Sessions are ended in each call again.
fn has_progressed(writes: &[Write]) -> bool {
    writes.iter().any(|write| write.kind != WriteKind::SessionsEnded)
}
