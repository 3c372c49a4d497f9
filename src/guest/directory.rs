//! `directory`.

use alloc::string::String;
use alloc::vec::Vec;

use super::{Answer, Component, call, contract, convert, list};
use crate::bindings::exports::user_lifecycle::retool::directory::{
    Change, ChangeKind, ChangeSet, GroupPage, Guest, PageRequest, UserPage,
};
use crate::domain::UserRef;
use crate::error::{Code, Error, Result};
use crate::graph::Joined;
use crate::http::BaseUrl;
use crate::retool::{Page, membership};
use crate::{feed, graph, input, lifecycle};

impl Guest for Component {
    fn find_user(
        connection: contract::Connection,
        user: contract::UserRef,
    ) -> Answer<Option<contract::User>> {
        call(
            connection,
            |_| named(user),
            async |session, who| lifecycle::find_with_memberships(session.reader(), &who).await,
            |found, _| found.map(convert::user),
        )
    }

    fn page_users(connection: contract::Connection, page: PageRequest) -> Answer<UserPage> {
        call(
            connection,
            |_| checked(page),
            async |session, wanted| {
                let page =
                    session.reader().page_users(wanted.cursor.as_deref(), wanted.size).await?;
                let joined = match wanted.with_other_ids {
                    true => graph::users(session, &page, wanted.cursor.is_none()).await?,
                    false => Joined::default(),
                };
                Ok((page, joined))
            },
            |(page, joined), _| UserPage {
                users: with_ids(page.items, joined.ids, convert::user_with_ids),
                next: page.next,
                total: page.total,
                mismatches: joined.mismatches,
            },
        )
    }

    fn page_groups(connection: contract::Connection, page: PageRequest) -> Answer<GroupPage> {
        call(
            connection,
            |_| checked(page),
            async |session, wanted| {
                let reader = session.reader();
                let mut page = reader.page_groups(wanted.cursor.as_deref(), wanted.size).await?;
                if wanted.with_members {
                    let members = membership::members_of(reader, &page.items).await?;
                    for (group, members) in page.items.iter_mut().zip(members) {
                        group.members = Some(members);
                    }
                } else {
                    // Some listings contain the members anyway.
                    page.items.iter_mut().for_each(|group| group.members = None);
                }
                let joined = match wanted.with_other_ids {
                    true => graph::groups(session, &page, wanted.cursor.is_none()).await?,
                    false => Joined::default(),
                };
                Ok((page, joined))
            },
            |(page, joined): (Page<_>, _), _| GroupPage {
                groups: with_ids(page.items, joined.ids, convert::group_with_ids),
                next: page.next,
                total: page.total,
                mismatches: joined.mismatches,
            },
        )
    }

    fn changes_since(
        connection: contract::Connection,
        cursor: Option<String>,
    ) -> Answer<ChangeSet> {
        call(
            connection,
            |connection| BaseUrl::parse(&connection.base_url).map(|base| base.organisation()),
            async |session, organisation: String| {
                feed::changes_since(session.reader(), &organisation, cursor.as_deref()).await
            },
            |set, _| ChangeSet { changes: list(set.changes, change), cursor: set.cursor },
        )
    }
}

/// Checks how a person is named.
fn named(user: contract::UserRef) -> Result<UserRef> {
    Ok(match convert::given_user_ref(user) {
        UserRef::Email(email) => UserRef::Email(input::email(&"user.email", email.as_str())?),
        who => input::user_ref(&"user", who)?,
    })
}

/// A checked request for a page.
struct WantedPage {
    cursor: Option<String>,
    size: Option<u32>,
    with_members: bool,
    with_other_ids: bool,
}

fn checked(page: PageRequest) -> Result<WantedPage> {
    let PageRequest { cursor, page_size, with_members, with_other_ids } = page;
    let size = input::page_size(&"page.page-size", page_size)?;
    if cursor.is_some() && size.is_some() {
        return Err(Error::new(
            Code::InvalidValue,
            "A cursor contains its page size. Give one or the other.",
        )
        .in_field("page.page-size"));
    }
    Ok(WantedPage { cursor, size, with_members, with_other_ids })
}

/// Converts each item with its ids in the other API, or with none if that API was not asked.
fn with_ids<T, Id, R>(
    items: Vec<T>,
    other_ids: Vec<Vec<Id>>,
    convert: fn(T, Vec<Id>) -> R,
) -> Vec<R> {
    let mut other_ids = other_ids.into_iter();
    list(items, |item| convert(item, other_ids.next().unwrap_or_default()))
}

fn change(change: feed::Change) -> Change {
    let feed::Change { kind, user, email, fields, group } = change;
    Change {
        kind: match kind {
            feed::ChangeKind::Created => ChangeKind::Created,
            feed::ChangeKind::Updated => ChangeKind::Updated,
            feed::ChangeKind::Disabled => ChangeKind::Disabled,
            feed::ChangeKind::Enabled => ChangeKind::Enabled,
            feed::ChangeKind::Deleted => ChangeKind::Deleted,
            feed::ChangeKind::Joined => ChangeKind::Joined,
            feed::ChangeKind::Left => ChangeKind::Left,
        },
        user: convert::user_id(user),
        email: email.and_then(convert::address),
        fields: list(fields, String::from),
        group: group.map(convert::group_link),
    }
}
