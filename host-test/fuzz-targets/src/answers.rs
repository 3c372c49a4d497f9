//! Responses of `/api/v1`. Whatever a server returns, a call must end, must make few requests, must
//! return only data of the responses, and must write only what was requested.

use std::collections::{BTreeMap, BTreeSet};

use retool_lifecycle::domain::{
    Account, Dialect, Email, GroupAccount, GroupId, GroupIdKind, GroupPatch, NewUser, UserId,
    UserPatch, UserType,
};
use retool_lifecycle::error::{Code, Error};
use retool_lifecycle::feed::changes_since;
use retool_lifecycle::http::{Method, TransportError};
use retool_lifecycle::retool::Directory;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::script::Script;
use crate::world::{BASE_URL, Exchange, Reply, START_UNIX_MS, World};

/// The component's default deadline.
const DEADLINE_MS: u64 = 120_000;

/// Number of requests that get a response. If the script is shorter, its last response is repeated.
/// Further requests fail.
const ANSWERED: usize = 64;

/// Maximum number of pages that are read.
const PAGES: usize = 5;

const EMAIL: &str = "ada@example.com";
const NEW_EMAIL: &str = "grace@example.com";
const NEW_GROUP: &str = "Night Shift";
const FIRST_NAME: &str = "Grace";

/// Runs the operation in the script's first line. The rest of the script contains the responses.
pub fn read(bytes: &[u8]) -> bool {
    let Script { operation, answers } = Script::parse(bytes);
    let Some(operation) = Operation::named(operation) else { return false };
    let mut served = 0;
    let world = World::new(START_UNIX_MS, move |_| {
        served += 1;
        let gone = Reply { after_ms: 0, outcome: Err(TransportError::Failed) };
        match answers.get(served - 1).or(answers.last()) {
            Some(reply) if served <= ANSWERED => reply.clone(),
            _ => gone,
        }
    });
    let session = world.session(&[]);
    let done = world.run(DEADLINE_MS, operation.run(&*session.directory));
    world.check_traffic();
    check_writes(&world.exchanges());
    match done {
        Ok(()) => {
            check_success(operation, &world.exchanges());
            true
        }
        Err(error) => {
            world.check_error(&error);
            false
        }
    }
}

/// Declares the operations with their names in scripts.
macro_rules! operations {
    ($($name:ident = $text:literal,)*) => {
        #[derive(Clone, Copy, Debug, PartialEq)]
        enum Operation { $($name,)* }

        impl Operation {
            fn named(text: &[u8]) -> Option<Self> {
                [$((Operation::$name, $text),)*]
                    .into_iter()
                    .find_map(|(operation, name)| (name.as_bytes() == text).then_some(operation))
            }
        }
    };
}

operations! {
    FindUsers = "find-users",
    ReadUser = "read-user",
    ListUsers = "list-users",
    PageUsers = "page-users",
    ListGroups = "list-groups",
    PageGroups = "page-groups",
    ReadGroup = "read-group",
    ListMembers = "list-members",
    Changes = "changes",
    CreateUser = "create-user",
    UpdateUser = "update-user",
    DeleteUser = "delete-user",
    CreateGroup = "create-group",
    UpdateGroup = "update-group",
    DeleteGroup = "delete-group",
    AddMember = "add-member",
    RemoveMember = "remove-member",
}

impl Operation {
    /// Runs the operation, and checks the invariants of its result.
    async fn run(self, directory: &dyn Directory) -> Result<(), Error> {
        let user = UserId { dialect: Dialect::V1, value: "u-1".to_owned() };
        let group = GroupId { kind: GroupIdKind::Rest, value: "7".to_owned() };
        match self {
            Operation::FindUsers => {
                let email = Email::new(EMAIL);
                let found = directory.find_users(&email.clone().into()).await?;
                assert!(
                    found.iter().all(|user| user.email == email),
                    "another user was found: {found:?}"
                );
                assert_unique(found.iter().map(|user| &user.id));
            }
            Operation::ReadUser => {
                let account = directory.read_user(&user).await?;
                assert!(account.is_none_or(|account| account.user.id == user));
            }
            Operation::ListUsers => {
                assert_unique(directory.list_users().await?.iter().map(|user| &user.id));
            }
            Operation::PageUsers => {
                let mut cursor: Option<String> = None;
                for _ in 0..PAGES {
                    let page = directory.page_users(cursor.as_deref(), Some(2)).await;
                    cursor = assert_cursor_accepted(page)?.next;
                    if cursor.is_none() {
                        break;
                    }
                }
            }
            Operation::ListGroups => {
                assert_unique(directory.list_groups().await?.iter().map(|group| &group.id));
            }
            Operation::PageGroups => {
                let mut cursor: Option<String> = None;
                for _ in 0..PAGES {
                    let page = directory.page_groups(cursor.as_deref(), Some(2)).await;
                    let page = assert_cursor_accepted(page)?;
                    assert!(page.items.len() <= 2);
                    cursor = page.next;
                    if cursor.is_none() {
                        break;
                    }
                }
            }
            Operation::ReadGroup => {
                let account = directory.read_group(&group).await?;
                assert!(account.is_none_or(|account| account.group.id == group));
            }
            Operation::ListMembers => {
                let other = GroupId { value: "8".to_owned(), ..group.clone() };
                let asked = [group, other];
                let groups = directory.list_members(&asked).await?;
                assert_eq!(groups.len(), asked.len());
                for members in groups.into_iter().flatten() {
                    assert_unique(members.iter().map(|member| &member.id));
                }
            }
            Operation::Changes => {
                let start = changes_since(directory, BASE_URL, None).await?;
                assert_eq!(start.changes, []);
                assert_cursor_accepted(
                    changes_since(directory, BASE_URL, Some(&start.cursor)).await,
                )?;
            }
            Operation::CreateUser => {
                let fields = UserPatch {
                    first_name: Some(FIRST_NAME.to_owned()),
                    user_type: Some(UserType::EndUser),
                    ..UserPatch::default()
                };
                let new = NewUser { email: Email::new(NEW_EMAIL), login: None, fields };
                directory.create_user(&new).await?;
            }
            Operation::UpdateUser => {
                if let Some(account) = directory.read_user(&user).await? {
                    update_user(directory, account).await?;
                }
            }
            Operation::DeleteUser => {
                directory.delete_user(&user).await?;
            }
            Operation::CreateGroup => {
                let made = directory.create_group(NEW_GROUP, &[]).await?;
                assert_eq!(made.name.trim(), NEW_GROUP);
            }
            Operation::UpdateGroup => {
                if let Some(account) = directory.read_group(&group).await? {
                    update_group(directory, account).await?;
                }
            }
            Operation::DeleteGroup => {
                directory.delete_group(&group).await?;
            }
            Operation::AddMember => {
                directory.add_member(&group, &user).await?;
            }
            Operation::RemoveMember => {
                directory.remove_member(&group, &user).await?;
            }
        }
        Ok(())
    }
}

async fn update_user(directory: &dyn Directory, account: Account) -> Result<(), Error> {
    let patch = UserPatch {
        first_name: Some(FIRST_NAME.to_owned()),
        disabled: Some(true),
        ..UserPatch::default()
    };
    let now = directory.update_user(&account, &patch).await?;
    assert_eq!(patch.differences(&now), []);
    assert_eq!((&now.id, &now.email), (&account.user.id, &account.user.email));
    Ok(())
}

async fn update_group(directory: &dyn Directory, account: GroupAccount) -> Result<(), Error> {
    let patch = GroupPatch { name: Some(NEW_GROUP.to_owned()), access: Vec::new() };
    let now = directory.update_group(&account, &patch).await?;
    assert_eq!((now.id, now.name.as_str()), (account.group.id, NEW_GROUP));
    Ok(())
}

/// Checks that no id is listed twice.
fn assert_unique<'a, T: Ord + 'a>(ids: impl Iterator<Item = &'a T>) {
    let mut seen = BTreeSet::new();
    assert!(ids.into_iter().all(|id| seen.insert(id)), "listed twice");
}

/// Checks that a cursor that the component returned is not refused.
fn assert_cursor_accepted<T>(result: Result<T, Error>) -> Result<T, Error> {
    assert!(result.as_ref().err().is_none_or(|error| error.code != Code::CursorInvalid));
    result
}

/// Checks the invariants of all writes, whatever their responses.
fn check_writes(exchanges: &[Exchange]) {
    for (at, write) in exchanges.iter().enumerate() {
        let later = &exchanges[at + 1..];
        let again = later.iter().position(|other| other.request.method == write.request.method);
        let throttled = write.status() == Some(429);
        match write.request.method {
            // Adding a user to a group is idempotent.
            Method::Post if !write.path().ends_with("/members") => {
                assert!(again.is_none() || throttled, "a creation is sent twice");
            }
            Method::Put => {
                if let Some(again) = again {
                    let looked = later[..again].iter().any(|look| look.success_body().is_some());
                    assert!(looked || throttled, "a record is written twice without a read");
                }
                check_merge(write, &exchanges[..at]);
            }
            _ => {}
        }
    }
}

/// Checks that a PUT contains the record of the last read, byte for byte, except for the requested
/// changes.
fn check_merge(put: &Exchange, before: &[Exchange]) {
    type Record = BTreeMap<String, Box<RawValue>>;
    const MANAGED: [&str; 6] = ["id", "createdAt", "updatedAt", "lastActive", "groups", "members"];
    let patch = match put.path().contains("/groups/") {
        true => vec![("name", format!("\"{NEW_GROUP}\""))],
        false => {
            vec![("firstName", format!("\"{FIRST_NAME}\"")), ("isDisabled", "true".to_owned())]
        }
    };
    let of_it = |get: &&Exchange| get.request.method == Method::Get && get.path() == put.path();
    let read = before.iter().rev().filter(of_it).find_map(Exchange::success_body);
    let read: Record = serde_json::from_slice(read.expect("a record was read"))
        .expect("the last read was a JSON object");
    let sent = put.request.body.as_deref().expect("a PUT has a body");
    let mut sent: Record = serde_json::from_slice(sent).expect("the body is a JSON object");
    for (field, value) in &patch {
        let raw = sent.remove(*field).expect("the patch is sent");
        assert_eq!(raw.get(), value);
    }
    let group = put.path().contains("/groups/");
    for (field, raw) in &read {
        let left_out = match field.as_str() {
            "groups" => !group,
            "members" => group,
            other => MANAGED.contains(&other),
        };
        if left_out || patch.iter().any(|(patched, _)| patched == field) {
            continue;
        }
        let kept = sent.remove(field).unwrap_or_else(|| panic!("{field} is missing"));
        assert_eq!(kept.get(), raw.get(), "{field} is changed");
    }
    assert!(sent.is_empty(), "fields are sent that the record did not have: {:?}", sent.keys());
}

/// Checks that the responses allow the call to succeed.
fn check_success(operation: Operation, exchanges: &[Exchange]) {
    for exchange in exchanges {
        // Additions and removals are acknowledged with an object or an empty body.
        let may_be_empty = matches!(exchange.request.method, Method::Delete)
            || (exchange.request.method == Method::Post && exchange.path().ends_with("/members"));
        // The component ignores the body of a PUT's response, and reads the record again.
        if let Some(body) =
            exchange.success_body().filter(|_| exchange.request.method != Method::Put)
        {
            let object = serde_json::from_slice::<BTreeMap<String, IgnoredAny>>(body).is_ok();
            assert!(
                object || (may_be_empty && body.is_empty()),
                "a body without an object was accepted"
            );
        }
    }
    let last = |method: Method| {
        let written = exchanges.iter().rev().find(|exchange| exchange.request.method == method);
        written.expect("it was sent").status()
    };
    let good = |status: u16| (200..=299).contains(&status);
    match operation {
        Operation::CreateUser | Operation::CreateGroup => {
            assert!(last(Method::Post).is_some_and(good), "reported as created");
        }
        Operation::AddMember => {
            let there = |status: u16| good(status) || status == 409;
            assert!(last(Method::Post).is_some_and(there), "reported as added");
        }
        Operation::DeleteUser | Operation::DeleteGroup | Operation::RemoveMember => {
            let gone = |status: u16| good(status) || status == 404;
            assert!(last(Method::Delete).is_some_and(gone), "reported as removed");
        }
        _ => {}
    }
}
