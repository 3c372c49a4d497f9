//! The contract's functions: check, call. Decisions are made elsewhere.

use alloc::boxed::Box;
use alloc::string::String;

use crate::abi::{self, Answer, Lift, Shape, Source};
use crate::contract::directory::{KnownPage, PageRequest};
use crate::contract::groups::{ChangeGroupRequest, EnsureGroupRequest, RemoveGroupRequest};
use crate::contract::lifecycle::{
    DepartureDone, DeprovisionRequest, ProvisionRequest, RestoreRequest,
};
use crate::contract::synchronization::{StepGiven, SyncRequestGiven};
use crate::error::Result;
use crate::http::Local;
use crate::profile::{self, Phase};
use crate::retool::membership;
use crate::session::{Connection, Session};
use crate::sync::{apply, step};
use crate::{config, contract, diagnostics, feed, graph, groups, input, lifecycle, wasi_http};

/// What is done in a session, and comes to an answer.
type Work = dyn for<'s> FnOnce(&'s Session) -> Local<'s, Result<Box<dyn Answer>>>;

/// A request that was checked, and what is to be done for it.
struct Job {
    /// Whether the session must have found its dialect.
    settle: bool,
    work: Box<Work>,
}

fn job<T: Answer + 'static>(
    work: impl AsyncFnOnce(&Session) -> Result<T> + 'static,
) -> Result<Job> {
    Ok(Job {
        settle: true,
        work: Box::new(move |session| {
            Box::pin(async move { Ok(Box::new(work(session).await?) as Box<dyn Answer>) })
        }),
    })
}

/// A function of the contract: checks a request, for a connection.
type Function<Request> = fn(&Connection, Request) -> Result<Job>;

/// Does one call, and says where its result lies.
fn call<Request: Lift>(mut source: Source<'_>, function: Function<Request>) -> usize {
    let env = wasi_http::environment();
    profile::begin(config::profile(&env));
    let (connection, request) = profile::time(Phase::Parameters, || Lift::lift(&mut source));
    let job = function(&connection, request);
    deliver(job.and_then(|job| perform(connection, &env, job)))
}

fn deliver(outcome: Result<Box<dyn Answer>>) -> usize {
    let result = profile::time(Phase::Result, || abi::deliver(outcome));
    if let Some(line) = profile::told() {
        wasi_http::log(&line);
    }
    result
}

/// Everything about a call that does not depend on the function.
fn perform(connection: Connection, env: &[(String, String)], job: Job) -> Result<Box<dyn Answer>> {
    wasi_http::run(async |platform| {
        let mut session = Session::open(connection, env, platform)?;
        if job.settle {
            session.settle().await?;
        }
        (job.work)(&session).await
    })
}

fn provision(_: &Connection, request: ProvisionRequest) -> Result<Job> {
    let arrival = contract::lifecycle::arrival(request)?;
    job(async move |session| lifecycle::provision(&*session.directory, &arrival).await)
}

fn deprovision(_: &Connection, request: DeprovisionRequest) -> Result<Job> {
    let departure = contract::lifecycle::departure(request)?;
    job(async move |session| {
        let done = lifecycle::deprovision(&*session.directory, &departure, session.now).await?;
        Ok(DepartureDone { done, base_url: session.base_url.clone() })
    })
}

fn restore(connection: &Connection, request: RestoreRequest) -> Result<Job> {
    let restoration = contract::lifecycle::restoration(request, &connection.base_url)?;
    job(async move |session| lifecycle::restore(&*session.directory, &restoration).await)
}

fn plan_sync(_: &Connection, request: SyncRequestGiven) -> Result<Job> {
    let request = contract::synchronization::request(request)?;
    job(async move |session| apply::plan_sync(session.reader(), &request).await)
}

fn apply_step(_: &Connection, step: StepGiven) -> Result<Job> {
    let planned = contract::synchronization::step(step)?;
    job(async move |session| step::apply(&*session.directory, &planned).await)
}

fn sync(_: &Connection, request: SyncRequestGiven) -> Result<Job> {
    let request = contract::synchronization::request(request)?;
    job(async move |session| apply::sync(&*session.directory, &request, &*session.log).await)
}

fn find_user(_: &Connection, email: String) -> Result<Job> {
    let email = input::email(&"email", &email)?;
    job(async move |session| lifecycle::find_one(session.reader(), &email).await)
}

fn page_users(_: &Connection, page: PageRequest) -> Result<Job> {
    let ask = contract::directory::page(page)?;
    job(async move |session| {
        let page = session.reader().page_users(ask.cursor.as_deref(), ask.size).await?;
        let joined = match ask.with_other_ids {
            true => graph::users(session, &page, ask.cursor.is_none()).await?,
            false => graph::Joined::default(),
        };
        Ok(KnownPage { page, joined })
    })
}

fn page_groups(_: &Connection, page: PageRequest) -> Result<Job> {
    let ask = contract::directory::page(page)?;
    job(async move |session| {
        let mut page = session.reader().page_groups(ask.cursor.as_deref(), ask.size).await?;
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
            true => graph::groups(session, &page, ask.cursor.is_none()).await?,
            false => graph::Joined::default(),
        };
        Ok(KnownPage { page, joined })
    })
}

fn changes_since(connection: &Connection, cursor: Option<String>) -> Result<Job> {
    let organisation = contract::directory::organisation(&connection.base_url)?;
    job(async move |session| {
        feed::changes_since(session.reader(), &organisation, cursor.as_deref()).await
    })
}

fn ensure_group(_: &Connection, request: EnsureGroupRequest) -> Result<Job> {
    let (name, access) = contract::groups::ensure(request)?;
    job(async move |session| groups::ensure(&*session.directory, &name, access.as_deref()).await)
}

fn change_group(_: &Connection, request: ChangeGroupRequest) -> Result<Job> {
    let reshaping = contract::groups::reshaping(request)?;
    job(async move |session| groups::change(&*session.directory, &reshaping).await)
}

fn remove_group(_: &Connection, request: RemoveGroupRequest) -> Result<Job> {
    let (group, even_with_members) = contract::groups::removal(request)?;
    job(async move |session| groups::remove(&*session.directory, &group, even_with_members).await)
}

fn check_connection(_: &Connection, (): ()) -> Result<Job> {
    let job = job(async |session| Ok(diagnostics::check(session).await))?;
    // The check is itself what finds the dialect.
    Ok(Job { settle: false, ..job })
}

/// The parameters that the host put into memory, which it leaves to the component.
///
/// # Safety
/// The host must have put parameters of the function there.
unsafe fn called_in_memory<Request: Lift>(at: usize, function: Function<Request>) -> usize {
    // SAFETY: the caller's, and they are freed once, after they were read.
    unsafe {
        let result = call(Source::memory(at), function);
        abi::free(at, 1, <(Connection, Request)>::LAYOUT);
        result
    }
}

/// Exports a function and what the host calls when it has read the result. Of how many values
/// the parameters consist is the ABI's matter; where they are more than 16, they come in memory.
macro_rules! export {
    ($interface:literal: $name:literal = $function:ident(in memory)) => {
        const _: () = {
            #[unsafe(export_name = concat!("user-lifecycle:retool/", $interface, "@0.1.0#", $name))]
            unsafe extern "C" fn exported(at: usize) -> usize {
                // SAFETY: the host put them there.
                unsafe { called_in_memory(at, $function) }
            }
        };
        export!(post $interface: $name);
    };
    ($interface:literal: $name:literal = $function:ident($($value:ident)*)) => {
        const _: () = {
            #[unsafe(export_name = concat!("user-lifecycle:retool/", $interface, "@0.1.0#", $name))]
            extern "C" fn exported($($value: u32),*) -> usize {
                call(Source::flat(&[$($value),*]), $function)
            }
        };
        export!(post $interface: $name);
    };
    (post $interface:literal: $name:literal) => {
        const _: () = {
            #[unsafe(export_name = concat!(
                "cabi_post_user-lifecycle:retool/", $interface, "@0.1.0#", $name
            ))]
            extern "C" fn read(_: usize) {
                abi::release();
            }
        };
    };
}

export!("lifecycle": "provision" = provision(in memory));
export!("lifecycle": "deprovision" = deprovision(in memory));
export!("lifecycle": "restore" = restore(in memory));
export!("synchronization": "plan-sync" = plan_sync(in memory));
export!("synchronization": "apply-step" = apply_step(in memory));
export!("synchronization": "sync" = sync(in memory));
export!("directory": "find-user" = find_user(a b c d e f g h i j k));
export!("directory": "page-users" = page_users(a b c d e f g h i j k l m n o p));
export!("directory": "page-groups" = page_groups(a b c d e f g h i j k l m n o p));
export!("directory": "changes-since" = changes_since(a b c d e f g h i j k l));
export!("groups": "ensure-group" = ensure_group(a b c d e f g h i j k l m n));
export!("groups": "change-group" = change_group(in memory));
export!("groups": "remove-group" = remove_group(a b c d e f g h i j k l m n));
export!("diagnostics": "check-connection" = check_connection(a b c d e f g h i));
