//! `synchronization`.

use super::{Answer, Component, call, contract};
use crate::bindings::exports::user_lifecycle::retool::synchronization as wit;
use crate::sync::{apply, step};

mod answer;
mod plan;
mod request;

impl wit::Guest for Component {
    fn plan_sync(connection: contract::Connection, request: wit::SyncRequest) -> Answer<wit::Plan> {
        call(
            connection,
            |_| request::checked_request(request),
            async |session, (request, expected)| {
                let (reader, occasion) = (session.reader(), session.occasion());
                apply::plan_sync(reader, &request, expected.as_deref(), &occasion).await
            },
            answer::plan,
        )
    }

    fn apply_step(connection: contract::Connection, step: wit::Step) -> Answer<wit::StepResult> {
        call(
            connection,
            |connection| request::checked_step(step, &connection.base_url),
            async |session, request::CheckedStep { step, dialect, guard }| {
                step::check_dialect(dialect, session.reader())?;
                step::apply(&*session.directory, &step, &guard, session.now).await
            },
            answer::step_result,
        )
    }

    fn sync(
        connection: contract::Connection,
        request: wit::SyncRequest,
    ) -> Answer<wit::SyncReport> {
        call(
            connection,
            |_| request::checked_request(request),
            async |session, (request, expected)| {
                let (directory, log) = (&*session.directory, &*session.log);
                let expected = expected.as_deref();
                apply::sync(directory, &request, expected, &session.occasion(), log).await
            },
            answer::sync_report,
        )
    }

    fn apply_plan(
        connection: contract::Connection,
        request: wit::ApplyPlanRequest,
    ) -> Answer<wit::SyncReport> {
        call(
            connection,
            |connection| plan::approved(request, &connection.base_url),
            async |session, approved| {
                let (directory, log) = (&*session.directory, &*session.log);
                apply::apply_plan(directory, approved, session.now, log).await
            },
            answer::sync_report,
        )
    }
}
