//! Shared code of the feed's tests: an in-memory organisation, and changes as lines of text.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use crate::domain::{
    Account, Dialect, Email, Group, GroupAccount, GroupId, GroupIdKind, GroupLink, Member, User,
    UserId, UserRef, UserType,
};
use crate::error::Result;
use crate::feed::{self, Change, ChangeKind, Organisation};
use crate::http::Local;
use crate::retool::unreadable::{Defect, UnreadableRecord};
use crate::retool::user_filter::{Found, UserFilter};
use crate::retool::{Capabilities, Page, ReadDirectory};

pub(crate) const ACME: &str = "https://acme.example";

pub(crate) fn acme() -> Organisation {
    Organisation::new(ACME, Dialect::V1)
}

/// Creates a user with every field and no groups. The UUIDs are in the order of the numbers.
pub(crate) fn user(number: u32) -> User {
    User {
        id: user_id(number),
        email: Email::new(&format!("user{number}@acme.example")),
        names: None,
        first_name: Some(format!("First{number}")),
        last_name: Some(format!("Last{number}")),
        user_type: Some(UserType::Default),
        admin: false,
        disabled: false,
        invited: None,
        profile_photo_url: Some(format!("https://acme.example/{number}.png")),
        metadata: None,
        attributes: None,
        groups: Some(Vec::new()),
        times: Default::default(),
    }
}

pub(crate) fn user_id(number: u32) -> UserId {
    UserId { dialect: Dialect::V1, value: format!("{number:08x}-4455-6677-8899-aabbccddeeff") }
}

pub(crate) fn group_id(number: u32) -> GroupId {
    GroupId { kind: GroupIdKind::Rest, value: number.to_string() }
}

/// Creates a membership without the group's name.
pub(crate) fn link(number: u32) -> GroupLink {
    GroupLink::new(group_id(number), None)
}

/// Creates a user in these groups.
pub(crate) fn member(number: u32, groups: &[u32]) -> User {
    User { groups: Some(groups.iter().map(|group| link(*group)).collect()), ..user(number) }
}

pub(crate) fn group(number: u32) -> Group {
    Group {
        id: group_id(number),
        name: format!("Group {number}"),
        access: Vec::new(),
        members: None,
        created_at: None,
        updated_at: None,
    }
}

/// Formats changes as `kind user[: fields][group]`. The user is the number in the id.
pub(crate) fn lines(changes: &[Change]) -> Vec<String> {
    changes.iter().map(line).collect()
}

fn line(change: &Change) -> String {
    let Change { kind, user, email, fields, group } = change;
    let number = u32::from_str_radix(&user.value[..8], 16).expect("a number");
    assert_eq!(email.is_none(), *kind == ChangeKind::Deleted, "{change:?}");
    let mut line = format!("{kind:?} {number}").to_lowercase();
    if !fields.is_empty() {
        line += &format!(": {}", fields.join(", "));
    }
    if let Some(group) = group {
        line += &format!(" {}", group.id.value);
        line += &group.name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    }
    line
}

/// An in-memory directory whose listings may omit users.
#[derive(Default)]
pub(crate) struct Directory {
    pub users: Vec<User>,
    pub groups: Vec<Group>,
    /// For each listing in turn, the numbers of the users it omits. Later listings are complete.
    pub omitted: RefCell<Vec<Vec<u32>>>,
    /// The numbers of the users whose records can't be used.
    pub unreadable: Vec<u32>,
    /// Whether single records lack the groups.
    pub groupless_records: bool,
    pub listings: Cell<usize>,
    /// The ids of the records that were read.
    pub records: RefCell<Vec<String>>,
}

impl Directory {
    /// Returns the changes since a cursor, and the next cursor.
    pub fn changes(&self, cursor: Option<&str>) -> Result<(Vec<String>, String)> {
        let set = finish(feed::changes_since(self, ACME, cursor))?;
        Ok((lines(&set.changes), set.cursor))
    }

    /// Returns a cursor to start from.
    pub fn cursor(&self) -> String {
        let (changes, cursor) = self.changes(None).expect("a cursor");
        assert_eq!(changes, [""; 0]);
        self.listings.set(0);
        cursor
    }
}

/// Runs a future that never has to wait.
pub(crate) fn finish<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("there is nothing to wait for"),
    }
}

fn ready<'a, T: 'a>(value: T) -> Local<'a, T> {
    Box::pin(std::future::ready(value))
}

impl ReadDirectory for Directory {
    fn capabilities(&self) -> Capabilities {
        Dialect::V1.capabilities()
    }

    fn list_people<'a>(&'a self, _: &'a dyn UserFilter) -> Local<'a, Result<Found>> {
        self.listings.set(self.listings.get() + 1);
        let mut omitted = self.omitted.borrow_mut();
        let omitted = if omitted.is_empty() { Vec::new() } else { omitted.remove(0) };
        let omitted: Vec<_> = omitted.into_iter().map(user_id).collect();
        let unreadable: Vec<_> = self.unreadable.iter().copied().map(user_id).collect();
        let users = self.users.iter().filter(|user| !omitted.contains(&user.id));
        let users = users.filter(|user| !unreadable.contains(&user.id));
        let mut found = Found { users: users.cloned().collect(), ..Found::default() };
        for id in unreadable {
            found.others.unreadable.add(UnreadableRecord {
                id: Some(id.value),
                email: None,
                defect: Defect::Shape,
            });
        }
        ready(Ok(found))
    }

    fn list_groups(&self) -> Local<'_, Result<Vec<Group>>> {
        ready(Ok(self.groups.clone()))
    }

    fn read_user<'a>(&'a self, id: &'a UserId) -> Local<'a, Result<Option<Account>>> {
        self.records.borrow_mut().push(id.value.clone());
        let user = self.users.iter().find(|user| user.id == *id).cloned().map(|mut user| {
            if self.groupless_records {
                user.groups = None;
            }
            Account { user, raw: String::new(), read_at: None }
        });
        ready(Ok(user))
    }

    fn pause(&self, _: u32, _: Option<u32>) -> Local<'_, bool> {
        unreachable!("the feed does not write")
    }

    fn wait_to_read_back(&self, _: u32) -> Local<'_, bool> {
        unreachable!("the feed does not write")
    }

    fn probe(&self) -> Local<'_, Result<()>> {
        unreachable!("the dialect is known")
    }

    fn find_users<'a>(&'a self, _: &'a UserRef) -> Local<'a, Result<Vec<User>>> {
        unreachable!("the feed knows no addresses")
    }

    fn page_users<'a>(
        &'a self,
        _: Option<&'a str>,
        _: Option<u32>,
    ) -> Local<'a, Result<Page<User>>> {
        unreachable!("the feed reads whole listings")
    }

    fn page_groups<'a>(
        &'a self,
        _: Option<&'a str>,
        _: Option<u32>,
    ) -> Local<'a, Result<Page<Group>>> {
        unreachable!("the feed reads whole listings")
    }

    fn read_group<'a>(&'a self, _: &'a GroupId) -> Local<'a, Result<Option<GroupAccount>>> {
        unreachable!("the feed reads whole listings")
    }

    fn list_members<'a>(&'a self, _: &'a [GroupId]) -> Local<'a, Result<Vec<Option<Vec<Member>>>>> {
        unreachable!("users contain their groups here")
    }
}
