//! Behaviour that all dialects share. Each dialect is tested with its own fake server.

use super::Directory;
use crate::domain::{Account, Dialect, GroupAccount, GroupId, GroupPatch, UserId, UserPatch};
use crate::error::{Code, Error, Result};
use crate::testing::server::{ADA, CID, Fault, Server, State};

mod changes;
mod groups;
mod listing_server;
mod listings;
mod members;
mod statuses;

/// A user who can be added to the server's group.
const BOB: &str = "user_bob";

fn user(dialect: Dialect, id: &str) -> UserId {
    UserId { dialect, value: id.into() }
}

fn group(dialect: Dialect) -> GroupId {
    GroupId { kind: dialect.group_ids(), value: "4".into() }
}

/// Runs a test on a server of each dialect, with these faults for its writes, in order.
fn each(faults: &[Fault], test: impl Fn(Dialect, Server)) {
    for dialect in Dialect::ALL {
        test(dialect, Server::new(dialect, faults));
    }
}

fn account(server: &Server, directory: &dyn Directory) -> Account {
    let id = user(server.dialect, ADA);
    server.run(directory.read_user(&id)).expect("an answer").expect("Ada")
}

fn group_account(server: &Server, directory: &dyn Directory) -> GroupAccount {
    let id = group(server.dialect);
    server.run(directory.read_group(&id)).expect("an answer").expect("the group")
}

fn first_name(name: &str) -> UserPatch {
    UserPatch { first_name: Some(name.into()), ..UserPatch::default() }
}

fn group_name(name: &str) -> GroupPatch {
    GroupPatch { name: Some(name.into()), ..GroupPatch::default() }
}

/// Changes Ada. Returns her first name.
fn change_user(server: &Server, patch: &UserPatch) -> Result<String> {
    let directory = server.directory();
    let before = account(server, &*directory);
    server.count_from_here();
    let after = server.run(directory.update_user(&before, patch))?;
    Ok(after.first_name.unwrap_or_default())
}

/// Renames the group. Returns its name.
fn rename_group(server: &Server, name: &str) -> Result<String> {
    let directory = server.directory();
    let before = group_account(server, &*directory);
    server.count_from_here();
    Ok(server.run(directory.update_group(&before, &group_name(name)))?.name)
}

fn failed<T: core::fmt::Debug>(result: Result<T>, dialect: Dialect) -> Error {
    match result {
        Err(error) => error,
        Ok(value) => panic!("{dialect:?}: {value:?}"),
    }
}

fn code_of(error: &Error) -> (Code, bool) {
    (error.code, error.maybe_applied)
}

/// Simulates a concurrent change right after the write with this number (from 1).
fn meanwhile(server: &Server, write: usize, edit: impl FnMut(&mut State) + 'static) {
    server.after_write(write, edit);
}
