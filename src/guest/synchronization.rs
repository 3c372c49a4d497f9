//! `synchronization`.

use super::{Answer, Component, call, contract, convert, unsupported};
use crate::bindings::exports::user_lifecycle::retool::synchronization as wit;
use crate::sync::{apply, step};

mod answer;
mod request;

impl wit::Guest for Component {
    fn plan_sync(connection: contract::Connection, request: wit::SyncRequest) -> Answer<wit::Plan> {
        call(
            connection,
            |_| request::checked_request(request),
            async |session, request| {
                apply::plan_sync(session.reader(), &request, &session.occasion()).await
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
            async |session, request| {
                let (directory, log) = (&*session.directory, &*session.log);
                apply::sync(directory, &request, &session.occasion(), log).await
            },
            answer::sync_report,
        )
    }

    fn apply_plan(
        connection: contract::Connection,
        _: wit::ApplyPlanRequest,
    ) -> Answer<wit::SyncReport> {
        Err(convert::error(unsupported::function("apply-plan"), &connection.base_url))
    }
}
