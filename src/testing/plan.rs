//! Helpers for tests of plans: a model roster, an organisation that matches it, and the application
//! of steps to an organisation in memory.

use std::collections::BTreeMap;

use crate::domain::{
    Dialect, Email, Field, Group, GroupId, GroupIdKind, GroupLink, GroupRef, Times, User, UserId,
    UserPatch, UserType,
};
use crate::error::Result;
use crate::retool::user_filter::Others;
use crate::sync::absence::AbsenceScope;
use crate::sync::{
    AbsentPolicy, DesiredUser, Details, GuardLimits, Limit, MembershipPolicy, Occasion, Plan,
    Policy, Refusal, SeatChange, Snapshot, Span, Step, StepKind, SyncRequest, digest,
};

pub(crate) mod cases;

pub(crate) fn email(text: &str) -> Email {
    Email::new(text)
}

/// An enabled user with nothing set, whose id is derived from the address.
pub(crate) fn user(address: &str) -> User {
    User {
        id: user_id(address),
        email: email(address),
        names: None,
        first_name: None,
        last_name: None,
        user_type: Some(UserType::Default),
        admin: false,
        disabled: false,
        invited: None,
        profile_photo_url: None,
        metadata: None,
        attributes: None,
        groups: Some(Vec::new()),
        times: Times { created_at: Some("2026-01-01T00:00:00Z".into()), ..Times::default() }.into(),
    }
}

pub(crate) fn user_id(address: &str) -> UserId {
    UserId { dialect: Dialect::V1, value: format!("id-of-{}", email(address).key()) }
}

/// The id of the group with this name, unless a test sets another.
pub(crate) fn group_id(name: &str) -> GroupId {
    let number = name.bytes().fold(7u64, |n, byte| (n * 31 + u64::from(byte)) % 1_000_003);
    GroupId { kind: GroupIdKind::Rest, value: number.to_string() }
}

pub(crate) fn group(name: &str) -> Group {
    Group {
        id: group_id(name),
        name: name.into(),
        access: Vec::new(),
        members: None,
        created_at: None,
        updated_at: None,
    }
}

pub(crate) fn desired(address: &str, groups: &[&str]) -> DesiredUser {
    DesiredUser {
        fields: UserPatch { user_type: Some(UserType::Default), ..UserPatch::default() },
        groups: named(groups),
        ..DesiredUser::new(email(address))
    }
}

pub(crate) fn with_details(
    mut desired: DesiredUser,
    change: impl FnOnce(&mut Details),
) -> DesiredUser {
    change(&mut desired.details);
    desired
}

pub(crate) fn named<G: From<GroupRef>>(groups: &[&str]) -> Vec<G> {
    groups.iter().map(|name| GroupRef::Name((*name).into()).into()).collect()
}

pub(crate) fn join(user: &mut User, group: &str) {
    let link = GroupLink::new(group_id(group), Some(group.into()));
    user.groups.get_or_insert_default().push(link);
}

/// Limits that no plan reaches.
pub(crate) fn unlimited() -> GuardLimits {
    let limit = Limit::new(100, u32::MAX);
    GuardLimits {
        user_removals: limit,
        member_removals: limit,
        membership_removals: limit,
        creations: limit,
        promotions: limit,
        re_enablements: limit,
        updates: limit,
        member_additions: limit,
        ..GuardLimits::default()
    }
}

/// A policy that allows everything and trips no guard. Tests restrict what they are about.
pub(crate) fn permissive() -> Policy {
    Policy {
        create_missing: true,
        update_existing: true,
        re_enable_disabled: true,
        leave_disabled: false,
        absent: AbsentPolicy::Delete,
        absence: AbsenceScope::default(),
        inactive_for_days: None,
        memberships: MembershipPolicy::Exact,
        managed_groups: Vec::new(),
        create_missing_groups: true,
        default_user_type: None,
        guards: GuardLimits { minimum_admins: 0, allow_empty_roster: true, ..unlimited() },
    }
}

/// Three people and two groups.
pub(crate) fn model() -> SyncRequest {
    let mut ada = desired("ada@example.com", &["Engineering", "Support"]);
    ada.fields.first_name = Some("Ada".into());
    ada.fields.last_name = Some("Lovelace".into());
    ada.fields.admin = Some(true);
    let mut grace = desired("grace@example.com", &["Engineering"]);
    grace.fields.first_name = Some("Grace".into());
    grace.fields.user_type = Some(UserType::EndUser);
    let joan = desired("joan@example.com", &[]);
    SyncRequest {
        roster: vec![ada, grace, joan],
        span: Span::default(),
        policy: permissive(),
        disabled_since: Vec::new(),
    }
}

/// An organisation that already matches a request. The request must name its groups by name.
pub(crate) fn fulfilled(request: &SyncRequest) -> Snapshot {
    let mut groups: BTreeMap<&str, Group> = BTreeMap::new();
    let mut users = Vec::new();
    let policy = &request.policy;
    for name in policy.managed_groups.iter().map(name_of) {
        groups.insert(name, group(name));
    }
    for desired in &request.roster {
        let fields = &desired.fields;
        let mut user = user(desired.email.as_str());
        user.first_name = fields.first_name.clone();
        user.last_name = fields.last_name.clone();
        user.user_type = fields.user_type.or(policy.default_user_type);
        user.admin = fields.admin.unwrap_or(false);
        user.profile_photo_url = fields.profile_photo_url.clone();
        for name in desired.groups.iter().map(|group| name_of(group)) {
            groups.insert(name, group(name));
            join(&mut user, name);
        }
        users.push(user);
    }
    let groups = groups.into_values().collect();
    Snapshot {
        dialect: Dialect::V1,
        users,
        others: Others::default(),
        invitations: Vec::new(),
        groups,
        attributes: None,
        complete: true,
        read_at: Some(occasion().now),
    }
}

fn name_of(group: &GroupRef) -> &str {
    match group {
        GroupRef::Name(name) => name,
        GroupRef::Id(id) => panic!("the model names groups, not {id:?}"),
    }
}

/// The account of an address, to be changed by a test.
pub(crate) fn account<'a>(snapshot: &'a mut Snapshot, address: &str) -> &'a mut User {
    snapshot
        .users
        .iter_mut()
        .find(|user| user.email == email(address))
        .expect("an account of this address")
}

/// Where and when the plans of these tests are made.
pub(crate) fn occasion() -> Occasion {
    Occasion { organisation: "https://acme.retool.com".into(), now: 1_790_000_000_000 }
}

/// Plans a request.
pub(crate) fn try_plan(request: &SyncRequest, snapshot: &Snapshot) -> Result<Plan> {
    crate::sync::plan::plan(request, snapshot, &occasion())
}

/// Plans a request, which must succeed.
pub(crate) fn plan(request: &SyncRequest, snapshot: &Snapshot) -> Plan {
    try_plan(request, snapshot).expect("a plan")
}

/// Formats steps as lines, for comparisons.
/// Prints all of a plan that people look at, for snapshots.
pub(crate) fn text(plan: &Plan) -> String {
    let mut text = String::new();
    let mut add = |line: String| {
        text += &line;
        text.push('\n');
    };
    lines(&plan.steps).into_iter().for_each(&mut add);
    for line in lines(&plan.withheld) {
        add(format!("withheld: {line}"));
    }
    for Refusal { email, reason, .. } in &plan.refusals {
        add(format!("refused: {} {}", email.as_str(), reason.as_str()));
    }
    for email in &plan.unchanged {
        add(format!("unchanged: {}", email.as_str()));
    }
    for limitation in &plan.limitations {
        add(format!("limitation: {limitation}"));
    }
    for SeatChange { user_type, before, added, removed } in &plan.seats {
        add(format!("seats: {} {before} +{added} -{removed}", user_type.as_str()));
    }
    for guard in plan.tripped() {
        add(format!("tripped: {}", guard.message));
    }
    text
}

pub(crate) fn lines(steps: &[Step]) -> Vec<String> {
    steps.iter().map(line).collect()
}

fn line(step: &Step) -> String {
    let mut line = String::from(step.kind.as_str());
    if let Some(email) = &step.email {
        line += &format!(" {}", email.as_str());
    }
    if let Some(name) = &step.group_name {
        line += &format!(" [{name}]");
    }
    for change in &step.changes {
        let before = change.before.as_deref().unwrap_or("-");
        let after = change.after.as_deref().unwrap_or("-");
        line += &format!(" {}:{before}>{after}", change.field);
    }
    line
}

/// Applies steps in order, and returns the organisation afterwards. Asserts every step's
/// precondition, like `apply-step`.
pub(crate) fn apply(snapshot: &Snapshot, steps: &[Step]) -> Snapshot {
    let mut after = snapshot.clone();
    for step in steps {
        apply_one(&mut after, step);
    }
    after
}

fn apply_one(snapshot: &mut Snapshot, step: &Step) {
    if step.kind == StepKind::CreateGroup {
        let name = step.group_name.as_deref().expect("a name");
        assert_eq!(step.precondition, digest::group_absent(name));
        assert!(snapshot.groups.iter().all(|group| group.name != name));
        snapshot.groups.push(group(name));
        return;
    }
    let email = step.email.clone().expect("a person");
    // A renaming names the account by the new address.
    let is_it = |user: &User| match step.kind {
        StepKind::RenameUser => step.user.as_ref() == Some(&user.id),
        _ => user.email == email,
    };
    let at = snapshot.users.iter().position(is_it);
    if step.kind.makes_person() {
        assert_eq!(at, None, "{} is there already", email.as_str());
        assert_eq!(step.precondition, digest::absent());
        let mut new = user(email.as_str());
        new.user_type = None;
        new.invited = Some(step.kind == StepKind::InviteUser);
        set(&mut new, step);
        snapshot.users.push(new);
        return;
    }
    let at = at.expect("an account");
    let target = &mut snapshot.users[at];
    assert!(step.user.as_ref().is_none_or(|id| *id == target.id));
    match step.kind {
        StepKind::AddMember | StepKind::RemoveMember => {
            let name = step.group_name.as_deref().expect("a name");
            let id = step.group.clone().unwrap_or_else(|| group_id(name));
            let groups = target.groups.get_or_insert_default();
            let member = groups.iter().any(|link| link.id == id);
            assert_eq!(member, step.kind == StepKind::RemoveMember);
            assert_eq!(
                step.precondition,
                digest::membership(step.group.as_ref(), step.user.as_ref(), member)
            );
            if member {
                groups.retain(|link| link.id != id);
            } else {
                groups.push(GroupLink::new(id, None));
            }
        }
        StepKind::DeleteUser | StepKind::CancelInvitation => {
            assert_eq!(step.precondition, digest::user_state_for(&step.changes, target));
            snapshot.users.remove(at);
        }
        _ => {
            assert_eq!(step.precondition, digest::user_state_for(&step.changes, target));
            set(target, step);
        }
    }
}

fn set(user: &mut User, step: &Step) {
    let mut patch = UserPatch::default();
    for change in &step.changes {
        if let Some(field) = Field::parse(&change.field) {
            assert_eq!(
                change.before,
                field.of(user).filter(|_| step.kind != StepKind::CreateUser).map(Into::into)
            );
        }
        assert!(patch.add(change));
    }
    let UserPatch {
        email,
        first_name,
        last_name,
        user_type,
        admin,
        disabled,
        profile_photo_url,
        clear,
        metadata,
    } = patch;
    for field in clear {
        match field {
            Field::FirstName => user.first_name = None,
            Field::LastName => user.last_name = None,
            _ => user.profile_photo_url = None,
        }
    }
    user.email = email.unwrap_or_else(|| user.email.clone());
    user.metadata = Some(user.metadata.clone().unwrap_or_default().with(&metadata));
    user.first_name = first_name.or(user.first_name.take());
    user.last_name = last_name.or(user.last_name.take());
    user.user_type = user_type.or(user.user_type);
    user.admin = admin.unwrap_or(user.admin);
    user.disabled = disabled.unwrap_or(user.disabled);
    user.profile_photo_url = profile_photo_url.or(user.profile_photo_url.take());
}
