//! The contract's functions: convert, call, convert. Decisions are made elsewhere.

use alloc::boxed::Box;
use alloc::string::String;

use crate::bindings::exports::user_lifecycle::retool::{
    diagnostics, directory, groups, lifecycle, synchronization, types,
};
use crate::error::Result;
use crate::http::Local;
use crate::retool::{Page, membership};
use crate::session::{Connection, Session};
use crate::sync::{apply, step};
use crate::{convert, feed, graph, input, wasi_http};

type Answer<T> = core::result::Result<T, types::Error>;

/// The component.
struct Component;

/// Does one call of the component in a session that has found its dialect.
fn call<'w, T: 'w>(
    connection: types::Connection,
    work: impl AsyncFnOnce(&Session) -> Result<T> + 'w,
) -> Answer<T> {
    open(connection, true, work)
}

/// Does one call of the component; with `settle` the session has found its dialect.
fn open<'w, T: 'w>(
    connection: types::Connection,
    settle: bool,
    work: impl AsyncFnOnce(&Session) -> Result<T> + 'w,
) -> Answer<T> {
    let mut result = None;
    let slot = &mut result;
    in_session(
        convert::connection(connection),
        settle,
        Box::new(move |session| {
            Box::pin(async move {
                *slot = Some(work(&session).await?);
                Ok(())
            })
        }),
    )?;
    result.ok_or(types::Error::ExecutionFailed)
}

/// What a call does in its session.
type Work<'w> = Box<dyn FnOnce(Session) -> Local<'w, Result<()>> + 'w>;

/// Everything about a call that does not depend on what it returns, so that it is compiled
/// once and not once for each function.
fn in_session(connection: Connection, settle: bool, work: Work<'_>) -> Answer<()> {
    let env = wasi_http::environment();
    let done = wasi_http::run(async |platform| {
        let mut session = Session::open(connection, &env, platform)?;
        if settle {
            session.settle().await?;
        }
        work(session).await
    });
    done.map_err(convert::error)
}

impl lifecycle::Guest for Component {
    fn provision(
        connection: types::Connection,
        request: lifecycle::ProvisionRequest,
    ) -> Answer<lifecycle::ProvisionResult> {
        let arrival = convert::lifecycle::arrival(request).map_err(convert::error)?;
        call(connection, async |session| {
            let done = crate::lifecycle::provision(&*session.directory, &arrival).await?;
            Ok(convert::lifecycle::provisioned(done))
        })
    }

    fn deprovision(
        connection: types::Connection,
        request: lifecycle::DeprovisionRequest,
    ) -> Answer<lifecycle::DeprovisionResult> {
        let departure = convert::lifecycle::departure(request).map_err(convert::error)?;
        call(connection, async |session| {
            let done =
                crate::lifecycle::deprovision(&*session.directory, &departure, session.now).await?;
            Ok(convert::lifecycle::deprovisioned(done, &session.base_url))
        })
    }

    fn restore(
        connection: types::Connection,
        request: lifecycle::RestoreRequest,
    ) -> Answer<lifecycle::RestoreResult> {
        let restoration = convert::lifecycle::restoration(request, &connection.base_url)
            .map_err(convert::error)?;
        call(connection, async |session| {
            let done = crate::lifecycle::restore(&*session.directory, &restoration).await?;
            Ok(convert::lifecycle::restored(done))
        })
    }
}

impl synchronization::Guest for Component {
    fn plan_sync(
        connection: types::Connection,
        request: synchronization::SyncRequest,
    ) -> Answer<synchronization::Plan> {
        let request = convert::synchronization::request(request).map_err(convert::error)?;
        call(connection, async |session| {
            let plan = apply::plan_sync(session.reader(), &request).await?;
            Ok(convert::synchronization::plan(plan))
        })
    }

    fn apply_step(
        connection: types::Connection,
        step: synchronization::Step,
    ) -> Answer<synchronization::StepResult> {
        let planned = convert::synchronization::step_in(step).map_err(convert::error)?;
        call(connection, async |session| {
            let done = step::apply(&*session.directory, &planned).await?;
            Ok(convert::synchronization::step_result(done))
        })
    }

    fn sync(
        connection: types::Connection,
        request: synchronization::SyncRequest,
    ) -> Answer<synchronization::SyncReport> {
        let request = convert::synchronization::request(request).map_err(convert::error)?;
        call(connection, async |session| {
            let report = apply::sync(&*session.directory, &request, &*session.log).await?;
            Ok(convert::synchronization::report(report))
        })
    }
}

impl directory::Guest for Component {
    fn find_user(connection: types::Connection, email: String) -> Answer<Option<types::User>> {
        let email = input::email(&"email", &email).map_err(convert::error)?;
        call(connection, async |session| {
            let found = crate::lifecycle::find_one(session.reader(), &email).await?;
            Ok(convert::directory::found(found))
        })
    }

    fn page_users(
        connection: types::Connection,
        page: directory::PageRequest,
    ) -> Answer<directory::UserPage> {
        let ask = convert::directory::page(page).map_err(convert::error)?;
        call(connection, async |session| {
            let page = session.reader().page_users(ask.cursor.as_deref(), ask.size).await?;
            let joined = match ask.with_other_ids {
                true => Some(graph::users(session, &page, ask.cursor.is_none()).await?),
                false => None,
            };
            Ok(convert::directory::users(page, joined))
        })
    }

    fn page_groups(
        connection: types::Connection,
        page: directory::PageRequest,
    ) -> Answer<directory::GroupPage> {
        let ask = convert::directory::page(page).map_err(convert::error)?;
        call(connection, async |session| {
            let mut page: Page<_> =
                session.reader().page_groups(ask.cursor.as_deref(), ask.size).await?;
            if ask.with_members {
                let members = membership::members_of(session.reader(), &page.items).await?;
                for (group, members) in page.items.iter_mut().zip(members) {
                    group.members = Some(members);
                }
            } else {
                // Some listings carry them all the same.
                page.items.iter_mut().for_each(|group| group.members = None);
            }
            let joined = match ask.with_other_ids {
                true => Some(graph::groups(session, &page, ask.cursor.is_none()).await?),
                false => None,
            };
            Ok(convert::directory::groups(page, joined))
        })
    }

    fn changes_since(
        connection: types::Connection,
        cursor: Option<String>,
    ) -> Answer<directory::ChangeSet> {
        let organisation =
            convert::directory::organisation(&connection.base_url).map_err(convert::error)?;
        call(connection, async |session| {
            let told =
                feed::changes_since(session.reader(), &organisation, cursor.as_deref()).await?;
            Ok(convert::directory::changes(told))
        })
    }
}

impl groups::Guest for Component {
    fn ensure_group(
        connection: types::Connection,
        request: groups::EnsureGroupRequest,
    ) -> Answer<groups::EnsureGroupResult> {
        let (name, access) = convert::groups::ensure(request).map_err(convert::error)?;
        call(connection, async |session| {
            let done = crate::groups::ensure(&*session.directory, &name, access.as_deref()).await?;
            Ok(convert::groups::ensured(done))
        })
    }

    fn change_group(
        connection: types::Connection,
        request: groups::ChangeGroupRequest,
    ) -> Answer<groups::ChangeGroupResult> {
        let reshaping = convert::groups::reshaping(request).map_err(convert::error)?;
        call(connection, async |session| {
            let done = crate::groups::change(&*session.directory, &reshaping).await?;
            Ok(convert::groups::reshaped(done))
        })
    }

    fn remove_group(
        connection: types::Connection,
        request: groups::RemoveGroupRequest,
    ) -> Answer<groups::RemoveGroupResult> {
        let (group, even_with_members) =
            convert::groups::removal(request).map_err(convert::error)?;
        call(connection, async |session| {
            let done =
                crate::groups::remove(&*session.directory, &group, even_with_members).await?;
            Ok(convert::groups::removed(done))
        })
    }
}

impl diagnostics::Guest for Component {
    fn check_connection(connection: types::Connection) -> Answer<diagnostics::ConnectionReport> {
        // The check is itself what finds the dialect, so the session is not settled first.
        open(connection, false, async |session| {
            Ok(convert::diagnostics::report(crate::diagnostics::check(session).await))
        })
    }
}

crate::bindings::export!(Component with_types_in crate::bindings);
