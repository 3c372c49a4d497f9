//! The functions of the contract, one file for each interface: check and convert the request,
//! call, convert the answer. Decisions are made elsewhere.

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
mod unsupported;

/// The component: every interface of the contract is implemented for it.
struct Component;

bindings::export!(Component with_types_in bindings);

/// What a function of the contract returns.
type Answer<T> = core::result::Result<T, contract::Error>;

/// Does one call: checks the request, opens a session, works in it, converts the answer.
///
/// `check` runs before anything is read from the environment or sent. `answer` also gets the
/// connection's base URL.
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

/// As [`call`], for work that finds the dialect itself.
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
    if let Some(line) = profile::line() {
        wasi_http::log(&line);
    }
    answer
}

/// Converts every item of a list.
fn list<A, B>(items: Vec<A>, convert: impl FnMut(A) -> B) -> Vec<B> {
    items.into_iter().map(convert).collect()
}
