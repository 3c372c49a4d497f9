//! What `/api/v2` answers, as it stands on the wire. Reading is lenient (unknown and missing
//! fields, ids as text or number); a list without its envelope is not a list.

use alloc::borrow::Cow;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::vec::Vec;

use crate::domain::{
    Dialect, Email, Group, GroupId, GroupIdKind, GroupLink, Member, User, UserId, UserType,
};
use crate::json::{Count, Flag, List, Presence, Record, Slot, Text, Told};
use crate::retool::user_filter::Listable;
use crate::time::parse_iso;

/// What the ids of invitations begin with here. The server gives them plain numbers, which
/// could not be told from ids of people.
const INVITATION: &str = "invite-";

/// The server's number of an invitation; `None` for the id of an account.
pub fn invitation_number(id: &UserId) -> Option<&str> {
    id.value.strip_prefix(INVITATION)
}

/// The envelope of every answer.
#[derive(Default)]
pub struct Envelope<'a, D> {
    /// `false` with a status of 200 is a failure all the same.
    pub success: Flag,
    /// What was asked for.
    pub data: D,
    /// Of a list: where it goes on.
    pub paging: Paging<'a>,
}

/// What an envelope says of a list.
#[derive(Default)]
pub struct Paging<'a> {
    /// How many items there are.
    pub total_count: Count,
    /// What to ask for the next page with.
    pub next_token: Text<'a>,
    /// Whether there is a next page.
    pub has_more: Flag,
}

/// What an envelope may hold.
pub trait Data<'a> {
    /// Where it goes.
    fn slot(&mut self) -> Slot<'_, 'a>;
}

impl<'a, R: Record<'a> + Default> Data<'a> for List<R> {
    fn slot(&mut self) -> Slot<'_, 'a> {
        List::slot(self)
    }
}

/// A record, unread.
impl<'a> Data<'a> for Text<'a> {
    fn slot(&mut self) -> Slot<'_, 'a> {
        Slot::Raw(self)
    }
}

impl<'a> Data<'a> for Presence {
    fn slot(&mut self) -> Slot<'_, 'a> {
        Slot::Presence(self)
    }
}

impl<'a, D: Data<'a>> Record<'a> for Envelope<'a, D> {
    fn field(&mut self, name: &str) -> Slot<'_, 'a> {
        match name {
            "success" => Slot::Flag(&mut self.success),
            "data" => self.data.slot(),
            "total_count" => Slot::Count(&mut self.paging.total_count),
            "next_token" => Slot::Id(&mut self.paging.next_token),
            "has_more" => Slot::Flag(&mut self.paging.has_more),
            _ => Slot::Skip,
        }
    }
}

/// An account.
#[derive(Default)]
pub struct UserRecord<'a> {
    id: Text<'a>,
    email: Text<'a>,
    first_name: Text<'a>,
    last_name: Text<'a>,
    is_admin: Flag,
    active: Flag,
    user_type: Text<'a>,
    groups: List<LinkRecord<'a>>,
    created_at: Text<'a>,
    updated_at: Text<'a>,
    last_active: Text<'a>,
}

impl<'a> Record<'a> for UserRecord<'a> {
    fn field(&mut self, name: &str) -> Slot<'_, 'a> {
        match name {
            "id" => Slot::Id(&mut self.id),
            "email" => Slot::Text(&mut self.email),
            "first_name" => Slot::Text(&mut self.first_name),
            "last_name" => Slot::Text(&mut self.last_name),
            "is_admin" => Slot::Flag(&mut self.is_admin),
            "active" => Slot::Flag(&mut self.active),
            "user_type" => Slot::Text(&mut self.user_type),
            "groups" => self.groups.slot(),
            "created_at" => Slot::Text(&mut self.created_at),
            "updated_at" => Slot::Text(&mut self.updated_at),
            "last_active" => Slot::Text(&mut self.last_active),
            _ => Slot::Skip,
        }
    }

    fn is_whole(&self) -> bool {
        self.id.is_value() && self.email.is_value()
    }
}

/// That a record lacks an id.
pub struct NoId;

impl Listable for UserRecord<'_> {
    type Unusable = NoId;

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn address(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.email.as_str())
    }

    fn is_admin(&self) -> bool {
        self.is_admin == Told::Value(true)
    }

    fn is_disabled(&self) -> bool {
        self.active == Told::Value(false)
    }

    fn is_short(&self) -> bool {
        let says_all =
            self.is_admin.is_value() && self.active.is_value() && self.user_type.is_value();
        !says_all
    }

    fn groups(&self) -> Option<Vec<&str>> {
        Some(self.groups.get()?.iter().filter_map(LinkRecord::id).collect())
    }

    fn into_user(self) -> Result<User, NoId> {
        UserRecord::into_user(self).ok_or(NoId)
    }
}

impl UserRecord<'_> {
    /// As the rest of the component knows it; `None` if one of the groups has no id.
    pub fn into_user(self) -> Option<User> {
        Some(User {
            id: UserId { dialect: Dialect::V2, value: self.id.into_text() },
            email: Email::new(&self.email.into_text()),
            first_name: self.first_name.filled(),
            last_name: self.last_name.filled(),
            user_type: self.user_type.get().map(|text| user_type(text)),
            admin: self.is_admin.value().unwrap_or(false),
            disabled: !self.active.value().unwrap_or(true),
            invited: Some(false),
            profile_photo_url: None,
            groups: links(self.groups)?,
            created_at: self.created_at.filled(),
            updated_at: self.updated_at.filled(),
            last_active_at: self.last_active.filled(),
        })
    }
}

fn user_type(text: &str) -> UserType {
    match text {
        "default" => UserType::Default,
        "mobile" => UserType::Mobile,
        "embed" => UserType::Embed,
        _ => UserType::Unrecognized,
    }
}

/// The wire's spelling; `None` for types that `/api/v2` does not have.
pub fn user_type_text(user_type: UserType) -> Option<&'static str> {
    match user_type {
        UserType::Default => Some("default"),
        UserType::Mobile => Some("mobile"),
        UserType::Embed => Some("embed"),
        UserType::EndUser | UserType::Unrecognized => None,
    }
}

/// A group's id: `id`, or `legacy_id` where that is null. They are the same number so far.
fn group_id(id: Text<'_>, legacy_id: Text<'_>) -> Option<GroupId> {
    let id = id.value().or(legacy_id.value())?;
    Some(GroupId { kind: GroupIdKind::Rest, value: id.into_owned() })
}

/// A group next to a person.
#[derive(Default)]
struct LinkRecord<'a> {
    id: Text<'a>,
    legacy_id: Text<'a>,
    name: Text<'a>,
}

impl LinkRecord<'_> {
    fn id(&self) -> Option<&str> {
        self.id.get().or(self.legacy_id.get()).map(|id| &**id)
    }
}

impl<'a> Record<'a> for LinkRecord<'a> {
    fn field(&mut self, name: &str) -> Slot<'_, 'a> {
        match name {
            "id" => Slot::Id(&mut self.id),
            "legacy_id" => Slot::Id(&mut self.legacy_id),
            "name" => Slot::Text(&mut self.name),
            _ => Slot::Skip,
        }
    }
}

/// The groups next to a person, where they are told; `None` if one of them has no id.
fn links(records: List<LinkRecord<'_>>) -> Option<Option<Vec<GroupLink>>> {
    let Some(records) = records.value() else {
        return Some(None);
    };
    let mut links = Vec::with_capacity(records.len());
    for record in records {
        let id = group_id(record.id, record.legacy_id)?;
        links.push(GroupLink { id, name: record.name.filled() });
    }
    Some(Some(links))
}

/// An invitation.
#[derive(Default)]
pub struct InviteRecord<'a> {
    id: Text<'a>,
    legacy_id: Text<'a>,
    invited_email: Text<'a>,
    expires_at: Text<'a>,
    claimed_by: Text<'a>,
    claimed_at: Text<'a>,
    user_type: Text<'a>,
    groups: List<LinkRecord<'a>>,
    created_at: Text<'a>,
}

impl<'a> Record<'a> for InviteRecord<'a> {
    fn field(&mut self, name: &str) -> Slot<'_, 'a> {
        match name {
            "id" => Slot::Id(&mut self.id),
            "legacy_id" => Slot::Id(&mut self.legacy_id),
            "invited_email" => Slot::Text(&mut self.invited_email),
            "expires_at" => Slot::Text(&mut self.expires_at),
            "claimed_by" => Slot::Id(&mut self.claimed_by),
            "claimed_at" => Slot::Text(&mut self.claimed_at),
            "user_type" => Slot::Text(&mut self.user_type),
            "groups" => self.groups.slot(),
            "created_at" => Slot::Text(&mut self.created_at),
            _ => Slot::Skip,
        }
    }
}

/// An invitation as the person who was invited.
pub struct Invitation {
    /// The person.
    pub user: User,
    /// Whether it can still be accepted.
    pub pending: bool,
}

impl InviteRecord<'_> {
    /// What stands for it in place of a user's id; `None` if it has none.
    fn user_id(&self) -> Option<UserId> {
        let number = self.id.get().or(self.legacy_id.get())?;
        Some(UserId { dialect: Dialect::V2, value: format!("{INVITATION}{number}") })
    }

    /// Whether it can still be accepted at `now`, in milliseconds since the Unix epoch. One
    /// whose end can't be read counts as open: to withdraw it does no harm.
    fn is_pending(&self, now: i64) -> bool {
        let is_told = |text: &Text<'_>| text.get().is_some_and(|text| !text.is_empty());
        let claimed = is_told(&self.claimed_by) || is_told(&self.claimed_at);
        let end = self.expires_at.get().and_then(|at| parse_iso(at));
        !claimed && end.is_none_or(|end| end > now)
    }

    fn email(&self) -> Option<Email> {
        self.invited_email.get().map(|email| Email::new(email))
    }

    /// As the rest of the component knows it; `None` if it has no address, or it or one of its
    /// groups no id.
    pub fn into_invitation(self, now: i64) -> Option<Invitation> {
        let pending = self.is_pending(now);
        let user = User {
            id: self.user_id()?,
            email: self.email()?,
            first_name: None,
            last_name: None,
            user_type: self.user_type.get().map(|text| user_type(text)),
            admin: false,
            disabled: false,
            invited: Some(true),
            profile_photo_url: None,
            groups: links(self.groups)?,
            created_at: self.created_at.filled(),
            updated_at: None,
            last_active_at: None,
        };
        Some(Invitation { user, pending })
    }
}

/// A group.
#[derive(Default)]
pub struct GroupRecord<'a> {
    id: Text<'a>,
    legacy_id: Text<'a>,
    name: Text<'a>,
    universal_app_access: Text<'a>,
    members: List<MemberRecord<'a>>,
    user_invites: List<InviteRecord<'a>>,
    created_at: Text<'a>,
    updated_at: Text<'a>,
}

impl<'a> Record<'a> for GroupRecord<'a> {
    fn field(&mut self, name: &str) -> Slot<'_, 'a> {
        match name {
            "id" => Slot::Id(&mut self.id),
            "legacy_id" => Slot::Id(&mut self.legacy_id),
            "name" => Slot::Text(&mut self.name),
            "universal_app_access" => Slot::Text(&mut self.universal_app_access),
            "members" => self.members.slot(),
            "user_invites" => self.user_invites.slot(),
            "created_at" => Slot::Text(&mut self.created_at),
            "updated_at" => Slot::Text(&mut self.updated_at),
            _ => Slot::Skip,
        }
    }

    fn is_whole(&self) -> bool {
        self.name.is_value()
    }
}

/// A member of a group.
#[derive(Default)]
struct MemberRecord<'a> {
    id: Text<'a>,
    email: Text<'a>,
    is_group_admin: Flag,
}

impl<'a> Record<'a> for MemberRecord<'a> {
    fn field(&mut self, name: &str) -> Slot<'_, 'a> {
        match name {
            "id" => Slot::Id(&mut self.id),
            "email" => Slot::Text(&mut self.email),
            "is_group_admin" => Slot::Flag(&mut self.is_group_admin),
            _ => Slot::Skip,
        }
    }

    fn is_whole(&self) -> bool {
        self.id.is_value()
    }
}

impl GroupRecord<'_> {
    /// Everybody in it and everybody who is or was invited to it; `None` if it does not say.
    pub fn everybody(self) -> Option<BTreeSet<UserId>> {
        let mut everybody = BTreeSet::new();
        for member in self.members.value()? {
            everybody.insert(UserId { dialect: Dialect::V2, value: member.id.into_text() });
        }
        for invite in self.user_invites.items() {
            everybody.extend(invite.user_id());
        }
        Some(everybody)
    }

    /// Whether it is the group of this id.
    pub fn is(&self, id: &GroupId) -> bool {
        let own = self.id.get().or(self.legacy_id.get());
        id.kind == GroupIdKind::Rest && own.is_some_and(|own| *own == id.value)
    }

    /// As the rest of the component knows it at `now`, with the invitations to it that can still
    /// be accepted among the members; `None` if it has no id.
    pub fn into_group(self, now: i64) -> Option<Group> {
        let mut members = self.members.value().map(into_members);
        if let Some(members) = &mut members {
            for invite in self.user_invites.items() {
                let email = invite.email();
                // Where there is an account too, it is the person.
                if invite.is_pending(now)
                    && members.iter().all(|member| member.email != email || email.is_none())
                {
                    members.push(Member { id: invite.user_id()?, email, group_admin: None });
                }
            }
        }
        Some(Group {
            id: group_id(self.id, self.legacy_id)?,
            name: self.name.into_text(),
            universal_app_access: self.universal_app_access.filled(),
            members,
            created_at: self.created_at.filled(),
            updated_at: self.updated_at.filled(),
        })
    }
}

fn into_members(records: Vec<MemberRecord<'_>>) -> Vec<Member> {
    let members = records.into_iter().map(|record| Member {
        id: UserId { dialect: Dialect::V2, value: record.id.into_text() },
        email: record.email.get().map(|email| Email::new(email)),
        group_admin: record.is_group_admin.value(),
    });
    members.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::read_record;

    fn user(json: &str) -> User {
        let record = read_record::<UserRecord<'_>>(json.as_bytes()).expect("a user");
        record.into_user().expect("a user with ids")
    }

    fn group(json: &str) -> Option<Group> {
        read_record::<GroupRecord<'_>>(json.as_bytes()).expect("a group").into_group(0)
    }

    #[test]
    fn a_recorded_account_is_read() {
        let user = user(
            r#"{"id":"user_1607dcd42a484c31b56095ec5df0b125","legacy_id":32,"first_name":"Test",
            "last_name":"User","created_at":"2026-02-04T22:09:34.223Z","last_active":null,
            "email":"tf-acc-user-v4@example.retool.com","active":true,
            "metadata":{"department":"engineering"},"is_admin":false,
            "two_factor_auth_enabled":false,"user_type":"default"}"#,
        );
        assert_eq!(user.id.value, "user_1607dcd42a484c31b56095ec5df0b125");
        assert_eq!(user.id.dialect, Dialect::V2);
        assert_eq!(user.email.as_str(), "tf-acc-user-v4@example.retool.com");
        assert_eq!(
            (user.first_name.as_deref(), user.last_name.as_deref()),
            (Some("Test"), Some("User"))
        );
        assert_eq!((user.disabled, user.admin, user.invited), (false, false, Some(false)));
        assert_eq!(user.user_type, Some(UserType::Default));
        assert_eq!(user.created_at.as_deref(), Some("2026-02-04T22:09:34.223Z"));
        assert_eq!((user.last_active_at, user.updated_at), (None, None));
        assert_eq!(user.groups, None, "not told is not the same as none");
    }

    #[test]
    fn ids_of_64_bits_are_read_from_text_and_number_and_never_rounded() {
        let user = user(
            r#"{"id":16777217,"legacy_id":9007199254740993,"email":"\u0061@b.c","groups":[
            {"id":9007199254740993,"legacy_id":1,"name":"A\nB"},
            {"id":null,"legacy_id":18446744073709551615,"name":"C"},
            {"id":"7"}]}"#,
        );
        assert_eq!(user.id.value, "16777217");
        assert_eq!(user.email.as_str(), "a@b.c");
        let groups = user.groups.expect("groups");
        let ids: Vec<_> = groups.iter().map(|group| group.id.value.as_str()).collect();
        assert_eq!(ids, ["9007199254740993", "18446744073709551615", "7"]);
        assert_eq!(groups[0].name.as_deref(), Some("A\nB"));
        assert_eq!(groups[2].name, None);
    }

    #[test]
    fn a_group_without_any_id_is_no_group() {
        assert_eq!(
            group(r#"{"id":null,"legacy_id":5,"name":"x"}"#).expect("a group").id.value,
            "5"
        );
        assert_eq!(group(r#"{"id":null,"legacy_id":null,"name":"x"}"#), None);
        assert_eq!(group(r#"{"name":"x"}"#), None);
        let record = r#"{"id":"u","email":"a@b.c","groups":[{"name":"x"}]}"#;
        let record = read_record::<UserRecord<'_>>(record.as_bytes()).expect("a record");
        assert_eq!(record.into_user(), None);
    }

    #[test]
    fn what_is_not_known_is_told_as_such() {
        for (text, user_type) in [
            ("default", UserType::Default),
            ("mobile", UserType::Mobile),
            ("embed", UserType::Embed),
            ("endUser", UserType::Unrecognized),
            ("external", UserType::Unrecognized),
            ("builder", UserType::Unrecognized),
        ] {
            let json = format!(r#"{{"id":"u","email":"a@b.c","user_type":"{text}"}}"#);
            assert_eq!(user(&json).user_type, Some(user_type), "{text}");
        }
        let sparse = user(r#"{"id":"u","email":"a@b.c","first_name":null,"last_name":""}"#);
        assert_eq!((sparse.first_name, sparse.last_name, sparse.user_type), (None, None, None));
        assert!(!sparse.disabled && !sparse.admin);
    }

    #[test]
    fn an_invitation_is_pending_until_it_is_claimed_or_expires() {
        let pending = |fields: &str, now: &str| {
            let json = format!(r#"{{"id":5,"invited_email":"a@b.c"{fields}}}"#);
            let record = read_record::<InviteRecord<'_>>(json.as_bytes()).expect("an invitation");
            let now = parse_iso(now).expect("a time");
            record.into_invitation(now).expect("an id").pending
        };
        let until =
            r#","expires_at":"2026-01-12T09:00:00.000Z","claimed_by":null,"claimed_at":null"#;
        assert!(pending(until, "2026-01-12T08:59:59.999Z"));
        assert!(!pending(until, "2026-01-12T09:00:00.000Z"));
        let now = "2026-01-12T08:00:00Z";
        assert!(!pending(r#","claimed_by":"user_1""#, now));
        assert!(!pending(r#","claimed_by":32"#, now));
        assert!(!pending(r#","claimed_at":"2026-01-10T09:00:00.000Z""#, now));
        assert!(pending(r#","expires_at":"soon""#, now), "withdrawing one does no harm");
        assert!(pending("", now));
    }

    #[test]
    fn an_envelope_is_an_object_with_objects_in_it() {
        let list = |json: &str| {
            read_record::<Envelope<'_, List<UserRecord<'_>>>>(json.as_bytes())
                .is_ok_and(|list| list.data.is_value())
        };
        assert!(list(r#"{"success":true,"data":[{"id":"u","email":"a@b.c"}],"total_count":1}"#));
        assert!(!list(r#"[true,[],0]"#));
        assert!(!list(r#"{"success":true}"#));
        assert!(!list(r#"{"success":true,"data":[["u","a@b.c"]]}"#));
        assert!(!list(r#"{"success":true,"data":{}}"#));
    }
}
