//! Implements the contract, one file for each interface. Each function checks and converts the
//! request, calls the logic, and converts the result. Decisions are made elsewhere.

use alloc::vec::Vec;

use crate::bindings::exports::user_lifecycle::retool::types as contract;
use crate::error::Result;
use crate::profile::{self, Phase};
use crate::session::{Connection, Session};
use crate::{bindings, config, wasi_http};

mod convert;
mod diagnostics;
mod directory;
mod groups;
mod lifecycle;
mod synchronization;

/// The component: every interface of the contract is implemented for it.
struct Component;

bindings::export!(Component with_types_in bindings);

/// The return type of the contract's functions.
type Answer<T> = core::result::Result<T, contract::Error>;

/// Runs one call: checks the request, opens a session, runs `work` in it, converts the result.
///
/// `check` runs before settings are read from the environment and before anything is sent.
/// `answer` also gets the connection's base URL.
fn call<Request, Done, T>(
    connection: contract::Connection,
    check: impl FnOnce(&Connection) -> Result<Request>,
    work: impl AsyncFnOnce(&Session, Request) -> Result<Done>,
    answer: impl FnOnce(Done, &str) -> T,
) -> Answer<T> {
    let work = async |session: &mut Session, request| {
        session.find_dialect().await?;
        work(session, request).await
    };
    call_with_any_dialect(connection, check, work, answer)
}

/// Like [`call`], for work that finds the dialect itself.
fn call_with_any_dialect<Request, Done, T>(
    connection: contract::Connection,
    check: impl FnOnce(&Connection) -> Result<Request>,
    work: impl AsyncFnOnce(&mut Session, Request) -> Result<Done>,
    answer: impl FnOnce(Done, &str) -> T,
) -> Answer<T> {
    let env = wasi_http::environment();
    profile::begin(config::profile(&env));
    let connection = convert::connection(connection);
    let base_url = connection.base_url.clone();
    let checked = profile::time(Phase::Parameters, || check(&connection));
    let outcome = checked.and_then(|request| {
        wasi_http::run(async |platform| {
            let mut session = Session::open(connection, &env, platform)?;
            work(&mut session, request).await
        })
    });
    let answer = profile::time(Phase::Result, || match outcome {
        Ok(done) => Ok(answer(done, &base_url)),
        Err(error) => Err(convert::error(error, &base_url)),
    });
    if let Some(event) = profile::event() {
        wasi_http::log(event);
    }
    answer
}

/// Converts every item of a list.
fn list<A, B>(items: Vec<A>, convert: impl FnMut(A) -> B) -> Vec<B> {
    items.into_iter().map(convert).collect()
}
