use std::collections::BTreeSet;

use expect_test::expect;
use proptest::prelude::*;
use proptest::sample::select;

use super::{MODEL_PEOPLE, refusals, unchanged};
use crate::domain::{Dialect, Email, GroupRef, Names, User};
use crate::error::Code;
use crate::sync::absence::DisabledRecord;
use crate::sync::{
    AbsentPolicy, Plan, RefusalReason, Snapshot, Step, StepKind, SyncRequest, digest,
};
use crate::testing::plan::{
    email, fulfilled, group, group_id, join, lines, model, named, occasion, plan, text, try_plan,
    user, user_id,
};
use crate::time::{days_ms, format_iso};

/// The people of the model and these, who are not on the roster.
fn with(others: &[&str], absent: AbsentPolicy) -> (SyncRequest, Snapshot) {
    let mut request = model();
    request.policy.absent = absent;
    let mut actual = fulfilled(&request);
    actual.users.extend(others.iter().map(|address| user(address)));
    (request, actual)
}

fn days_ago(days: u32) -> String {
    format_iso(occasion().now - days_ms(days))
}

fn removed(plan: &Plan) -> Vec<&str> {
    let removes = |kind| {
        matches!(kind, StepKind::DisableUser | StepKind::DeleteUser | StepKind::CancelInvitation)
    };
    let steps = plan.steps.iter().chain(&plan.withheld).filter(|step| removes(step.kind));
    steps.filter_map(|step| step.email.as_ref()).map(Email::as_str).collect()
}

#[test]
fn only_people_with_an_address_in_a_domain_of_the_scope_are_absent() {
    let others =
        ["a@x.org", "B@X.ORG", "c@sub.x.org", "d@xx.org", "e@y.org", "\"f@x.org\"@y.net", "x.org"];
    let (mut request, actual) = with(&others, AbsentPolicy::Disable);
    request.policy.absence.domains = vec!["x.org".into()];
    assert_eq!(removed(&plan(&request, &actual)), ["a@x.org", "B@X.ORG"]);
    request.policy.absence.domains = vec!["y.net".into(), "xx.org".into()];
    assert_eq!(removed(&plan(&request, &actual)), ["\"f@x.org\"@y.net", "d@xx.org"]);
}

/// A SCIM account has several addresses.
#[test]
fn one_address_in_a_domain_is_enough() {
    let (mut request, mut actual) = with(&[], AbsentPolicy::Disable);
    let mut two = user("two@y.org");
    let names = Names { login: Some(email("two@x.org")), emails: vec![email("two@z.org")] };
    two.names = Some(Box::new(names));
    actual.users.push(two);
    for (domain, is_absent) in [("x.org", true), ("z.org", true), ("y.org", true), ("w.org", false)]
    {
        request.policy.absence.domains = vec![domain.into()];
        assert_eq!(removed(&plan(&request, &actual)).len(), usize::from(is_absent), "{domain}");
    }
}

#[test]
fn only_members_of_the_groups_of_the_scope_are_absent() {
    let (mut request, mut actual) = with(&["in@x.org", "out@x.org"], AbsentPolicy::Disable);
    actual.groups.push(group("Contractors"));
    join(&mut actual.users[3], "Contractors");
    join(&mut actual.users[4], "Support");
    request.policy.absence.members_of = named(&["Contractors"]);
    assert_eq!(removed(&plan(&request, &actual)), ["in@x.org"]);
    request.policy.absence.members_of = vec![GroupRef::Id(group_id("Contractors"))];
    let by_id = plan(&request, &actual);
    assert_eq!(removed(&by_id), ["in@x.org"]);
    // The group is not one whose members the roster decides about.
    assert!(by_id.steps.iter().all(|step| step.kind == StepKind::DisableUser));
}

#[test]
fn a_group_of_the_scope_that_is_missing_is_an_error_and_is_never_created() {
    let (mut request, actual) = with(&["in@x.org"], AbsentPolicy::Disable);
    request.policy.absence.members_of = named(&["Contractors"]);
    let error = try_plan(&request, &actual).expect_err("no such group");
    assert_eq!(error.code, Code::GroupNotFound);
    assert_eq!(error.field.as_deref(), Some("request.policy.absence-scope.members-of"));
    request.policy.absent = AbsentPolicy::Keep;
    assert!(try_plan(&request, &actual).is_ok(), "the scope is not used");
}

#[test]
fn all_conditions_of_the_scope_must_hold() {
    let others = ["both@x.org", "domain@x.org", "group@y.org", "new@x.org"];
    let (mut request, mut actual) = with(&others, AbsentPolicy::Disable);
    for at in [3, 5, 6] {
        join(&mut actual.users[at], "Support");
    }
    actual.users[6].times.created_at = Some(days_ago(1));
    let scope = &mut request.policy.absence;
    scope.domains = vec!["x.org".into()];
    scope.members_of = named(&["Support"]);
    scope.spare_created_within_days = 2;
    assert_eq!(removed(&plan(&request, &actual)), ["both@x.org"]);
    request.span.start = Some("c".into());
    request.roster.clear();
    assert_eq!(removed(&plan(&request, &actual)), [] as [&str; 0]);
}

#[test]
fn new_accounts_are_spared_by_the_servers_clock() {
    let others = ["edge@x.org", "new@x.org", "undated@x.org", "odd@x.org", "future@x.org"];
    let (mut request, mut actual) = with(&others, AbsentPolicy::Disable);
    let created = [Some(days_ago(30)), Some(format_iso(occasion().now - days_ms(30) + 1)), None];
    for (at, created) in created.into_iter().enumerate() {
        actual.users[3 + at].times.created_at = created;
    }
    actual.users[6].times.created_at = Some("last week".into());
    actual.users[7].times.created_at = Some(format_iso(occasion().now + days_ms(400)));
    request.policy.absence.spare_created_within_days = 30;
    let planned = plan(&request, &actual);
    expect![[r#"
        disable-user edge@x.org disabled:false>true
        unchanged: ada@example.com
        unchanged: grace@example.com
        unchanged: joan@example.com
        limitation: 2 absent people are spared because their accounts were created less than 30 days ago.
        limitation: 2 absent people are spared because the server does not say when their accounts were created: they may be less than 30 days old.
        seats: default 7 +0 -1
    "#]]
    .assert_eq(&text(&planned));

    actual.read_at = None;
    let without_clock = plan(&request, &actual);
    assert_eq!(removed(&without_clock), [] as [&str; 0]);
    let limitations = without_clock.limitations.join(" ");
    assert!(limitations.contains("answers carry no date"), "{limitations}");

    request.policy.absence.spare_created_within_days = 0;
    assert_eq!(removed(&plan(&request, &actual)).len(), 5);
}

/// A small part of an organisation is not emptied because the organisation is large.
#[test]
fn the_limit_on_removals_is_a_share_of_the_scope() {
    let others: Vec<String> = (0..100).map(|n| format!("n{n}@big.org")).collect();
    let mut others: Vec<&str> = others.iter().map(String::as_str).collect();
    others.extend(["a@x.org", "b@x.org"]);
    let (mut request, actual) = with(&others, AbsentPolicy::Disable);
    request.policy.absence.domains = vec!["x.org".into()];
    request.policy.guards.user_removals = crate::sync::Limit::new(5, 0);
    let tripped = plan(&request, &actual);
    let guards: Vec<&str> = tripped.tripped().map(|report| report.message.as_str()).collect();
    assert_eq!(guards, ["2 of 2 enabled people would be disabled or deleted; the limit is 0."]);
}

fn last_active(at: Option<String>, mut user: User) -> User {
    user.times.last_active_at = at;
    user
}

fn disabled(address: &str, updated_days_ago: Option<u32>) -> User {
    let mut user = User { disabled: true, ..user(address) };
    user.times.updated_at = updated_days_ago.map(days_ago);
    user
}

fn since(address: &str, days: u32) -> DisabledRecord {
    DisabledRecord { user: user_id(address), since: occasion().now - days_ms(days) }
}

#[test]
fn absent_people_are_disabled_and_deleted_once_their_days_of_grace_are_over() {
    let (mut request, mut actual) =
        with(&["enabled@x.org", "invited@x.org"], AbsentPolicy::DisableThenDelete(30));
    actual.users[4].invited = Some(true);
    actual.users.extend([
        disabled("over@x.org", Some(40)),
        disabled("not-yet@x.org", Some(40)),
        disabled("edited@x.org", Some(3)),
        disabled("unknown@x.org", Some(400)),
    ]);
    let enabled_before = since("enabled@x.org", 300);
    let others = [("over@x.org", 30), ("not-yet@x.org", 29), ("edited@x.org", 90)];
    request.disabled_since = others.map(|(address, days)| since(address, days)).into();
    request.disabled_since.push(enabled_before);
    let planned = plan(&request, &actual);
    expect![[r#"
        disable-user enabled@x.org disabled:false>true
        delete-user over@x.org
        cancel-invitation invited@x.org
        unchanged: ada@example.com
        unchanged: edited@x.org
        unchanged: grace@example.com
        unchanged: joan@example.com
        unchanged: not-yet@x.org
        unchanged: unknown@x.org
        limitation: 2 absent people stay disabled until they have been so for 30 days; the first may be deleted at 2026-09-22T14:13:20.000Z.
        limitation: 1 absent people stay disabled because `disabled-since` does not say since when: unknown@x.org. Give the date from the report or the tombstone of the call that disabled them, or delete them by hand.
        seats: default 3 +0 -1
    "#]]
    .assert_eq(&text(&planned));
    let deletion = planned.steps.iter().find(|step| step.email == Some(email("over@x.org")));
    assert_eq!(deletion.expect("a step").precondition, digest::disabled_state(&actual.users[5]));
    let records: Vec<&str> = planned.tombstones.iter().map(|one| one.user.email.as_str()).collect();
    assert_eq!(records, ["enabled@x.org", "invited@x.org", "over@x.org"]);

    actual.read_at = None;
    let without_clock = plan(&request, &actual);
    assert_eq!(removed(&without_clock), ["enabled@x.org", "invited@x.org"]);
    let limitations = without_clock.limitations.join(" ");
    assert!(limitations.contains("3 absent people stay disabled because"), "{limitations}");
}

#[test]
fn grace_deletes_nobody_where_deletions_only_disable() {
    let (mut request, mut actual) = with(&["old@x.org"], AbsentPolicy::DisableThenDelete(1));
    actual.dialect = Dialect::V2;
    actual.users.push(disabled("over@x.org", None));
    request.disabled_since = vec![since("over@x.org", 300)];
    let planned = plan(&request, &actual);
    assert_eq!(lines(&planned.steps), ["disable-user old@x.org disabled:false>true"]);
    assert!(unchanged(&planned).contains(&"over@x.org"));
    let limitations = planned.limitations.join(" ");
    assert!(limitations.contains("absent people stay disabled, however long"), "{limitations}");
}

#[test]
fn the_dates_of_disabling_are_inputs_of_the_plan() {
    let (mut request, mut actual) = with(&[], AbsentPolicy::DisableThenDelete(30));
    actual.users.push(disabled("over@x.org", Some(40)));
    request.disabled_since = vec![since("over@x.org", 40)];
    let first = plan(&request, &actual);
    let mut reordered = request.clone();
    reordered.disabled_since.insert(0, since("elsewhere@x.org", 3));
    assert_eq!(plan(&reordered, &actual).digest, first.digest, "of somebody else");
    request.disabled_since = vec![since("over@x.org", 41)];
    let other = plan(&request, &actual);
    assert_eq!(other.steps, first.steps);
    assert_ne!(other.inputs_digest, first.inputs_digest);
    assert_ne!(other.digest, first.digest);
}

/// An edit after the plan restarts the count.
#[test]
fn the_state_of_a_deletion_after_grace_covers_the_last_change() {
    let before = disabled("over@x.org", Some(40));
    let mut same = before.clone();
    same.times.updated_at = Some(days_ago(40).replace('Z', "+00:00"));
    assert_eq!(digest::disabled_state(&same), digest::disabled_state(&before));
    for updated_at in [None, Some(days_ago(39)), Some("soon".into())] {
        let mut edited = before.clone();
        edited.times.updated_at = updated_at;
        assert_ne!(digest::disabled_state(&edited), digest::disabled_state(&before));
    }
    assert_ne!(digest::disabled_state(&before), digest::user_state(&before));
}

/// A login after the plan is no reason to remove anybody.
#[test]
fn the_state_of_a_removal_for_inactivity_covers_the_last_activity() {
    for absent in [AbsentPolicy::Disable, AbsentPolicy::Delete, AbsentPolicy::DisableThenDelete(9)]
    {
        let (mut request, mut actual) = with(&["old@x.org"], absent);
        request.policy.inactive_for_days = Some(90);
        for at in [0, 3] {
            actual.users[at].times.last_active_at = Some(days_ago(91));
        }
        let planned = plan(&request, &actual);
        let [ada, old] = &planned.steps[..] else { panic!("{:?}", planned.steps) };
        assert_eq!(ada.precondition, digest::inactive_state(&actual.users[0]));
        assert_eq!(old.precondition, digest::user_state(&actual.users[3]));
    }
    let before = last_active(Some(days_ago(91)), user("ada@example.com"));
    let respelled = Some(days_ago(91).replace('Z', "+00:00"));
    let mut same = last_active(respelled, before.clone());
    same.times.updated_at = Some(days_ago(1));
    assert_eq!(digest::inactive_state(&same), digest::inactive_state(&before));
    for last_active_at in [None, Some(days_ago(0)), Some("now".into())] {
        let active = last_active(last_active_at, before.clone());
        assert_ne!(digest::inactive_state(&active), digest::inactive_state(&before));
    }
    assert_ne!(digest::inactive_state(&before), digest::user_state(&before));
}

#[test]
fn inactive_people_are_treated_as_absent() {
    let (mut request, mut actual) = with(&["old@x.org"], AbsentPolicy::Disable);
    request.policy.inactive_for_days = Some(90);
    for (at, days) in [(0, Some(91)), (1, Some(90)), (2, None), (3, Some(1))] {
        actual.users[at].times.last_active_at = days.map(days_ago);
    }
    let planned = plan(&request, &actual);
    expect![[r#"
        disable-user ada@example.com disabled:false>true
        disable-user old@x.org disabled:false>true
        unchanged: grace@example.com
        unchanged: joan@example.com
        limitation: 1 people on the roster are treated as absent because they were last active more than 90 days ago: ada@example.com.
        seats: default 3 +0 -2
    "#]]
    .assert_eq(&text(&planned));

    request.policy.guards.user_removals = crate::sync::Limit::new(0, 1);
    assert_eq!(plan(&request, &actual).tripped().count(), 1, "under the same guards");
}

#[test]
fn everyone_on_the_roster_who_is_removed_for_inactivity_is_named() {
    let (mut request, mut actual) = with(&[], AbsentPolicy::DisableThenDelete(9));
    request.policy.inactive_for_days = Some(90);
    for number in 10..60 {
        let address = format!("n{number}@x.org");
        request.roster.push(crate::testing::plan::desired(&address, &[]));
        actual.users.push(last_active(Some(days_ago(91)), user(&address)));
        actual.users.push(disabled(&format!("absent{number}@x.org"), None));
    }
    let planned = plan(&request, &actual);
    let line = |start: &str| {
        let found = planned.limitations.iter().find(|line| line.starts_with(start));
        found.unwrap_or_else(|| panic!("{:?}", planned.limitations))
    };
    let inactive = line("50 people on the roster");
    let is_named = |number: &u32| inactive.contains(&format!("n{number}@x.org"));
    assert_eq!((10..60).filter(is_named).count(), 50, "{inactive}");
    assert!(!inactive.contains("more."), "{inactive}");
    // Other lists name some people only.
    assert!(line("50 absent people stay disabled").contains(" and 30 more. "));
}

/// They are never deleted for inactivity, and the policies for disabled people hold. They are not
/// enabled as long as the next sync would disable them again.
#[test]
fn disabled_people_on_the_roster_are_not_treated_as_inactive() {
    for absent in [AbsentPolicy::Disable, AbsentPolicy::Delete, AbsentPolicy::DisableThenDelete(9)]
    {
        let (mut request, mut actual) = with(&[], absent);
        request.policy.inactive_for_days = Some(90);
        actual.users[0] = last_active(Some(days_ago(91)), disabled("ada@example.com", Some(91)));
        actual.users[0].groups = actual.users[1].groups.clone();
        request.roster[0].groups = request.roster[1].groups.clone();
        if let AbsentPolicy::DisableThenDelete(_) = absent {
            request.disabled_since = vec![since("ada@example.com", 91)];
        }
        let inactive = plan(&request, &actual);
        assert_eq!(lines(&inactive.steps), [] as [&str; 0]);
        assert_eq!(
            (refusals(&inactive), unchanged(&inactive)),
            (Vec::new(), MODEL_PEOPLE.to_vec())
        );
        let limitations = inactive.limitations.join(" ");
        assert!(limitations.contains("are not enabled") && limitations.contains("ada@example.com"));

        let protected = &mut request.policy.guards.protected_people;
        protected.push(email("ada@example.com").into());
        assert!(!plan(&request, &actual).steps.is_empty(), "nobody would disable them again");
        request.policy.guards.protected_people.clear();
        actual.users[0].times.last_active_at = Some(days_ago(89));
        let enabling = plan(&request, &actual);
        assert_eq!(removed(&enabling), [] as [&str; 0]);
        actual.users[0].times.last_active_at = Some(days_ago(91));
        let is_enabled = |step: &Step| step.kind == StepKind::EnableUser;
        assert!(enabling.steps.iter().any(is_enabled), "{:?}", enabling.steps);

        request.policy.re_enable_disabled = false;
        let refused = plan(&request, &actual);
        assert_eq!(refusals(&refused), [("ada@example.com", RefusalReason::UserDisabled)]);
        assert_eq!(lines(&refused.steps), [] as [&str; 0]);

        request.policy.leave_disabled = true;
        let left = plan(&request, &actual);
        assert_eq!(lines(&left.steps), [] as [&str; 0]);
        assert_eq!((refusals(&left), unchanged(&left)), (Vec::new(), MODEL_PEOPLE.to_vec()));
    }
}

#[test]
fn inactivity_spares_protected_people_invitations_and_people_outside_the_scope() {
    let (mut request, mut actual) = with(&[], AbsentPolicy::Delete);
    request.policy.inactive_for_days = Some(1);
    actual.users.iter_mut().for_each(|user| user.times.last_active_at = Some(days_ago(400)));
    request.policy.guards.protected_people = vec![email("ada@example.com").into()];
    actual.users[1].invited = Some(true);
    let planned = plan(&request, &actual);
    assert_eq!(removed(&planned), ["joan@example.com"]);
    assert_eq!(refusals(&planned), [] as [(&str, RefusalReason); 0]);
    let limitations = planned.limitations.join(" ");
    assert!(limitations.contains("a later sync creates those who were deleted again"));

    request.policy.absence.domains = vec!["other.org".into()];
    assert_eq!(removed(&plan(&request, &actual)), [] as [&str; 0]);
    request.policy.absence.domains.clear();
    actual.read_at = None;
    let without_clock = plan(&request, &actual);
    assert_eq!(unchanged(&without_clock), MODEL_PEOPLE);
    assert!(without_clock.limitations[0].contains("no date"), "{:?}", without_clock.limitations);
}

#[test]
fn a_plan_says_if_nobody_can_be_inactive() {
    for dialect in Dialect::ALL {
        let (mut request, mut actual) = with(&[], AbsentPolicy::Disable);
        request.policy.inactive_for_days = Some(1);
        actual.dialect = dialect;
        let planned = plan(&request, &actual);
        assert_eq!(removed(&planned), [] as [&str; 0]);
        let says = match dialect {
            Dialect::Scim => "This API does not say when people were last active",
            Dialect::V1 | Dialect::V2 => "says of nobody when they were last active",
        };
        let limitations = planned.limitations.join(" ");
        assert!(limitations.contains(says), "{limitations}");
    }
}

#[test]
fn disabled_people_on_the_roster_can_be_left_as_they_are() {
    let (mut request, mut actual) = with(&[], AbsentPolicy::Keep);
    actual.users[0].disabled = true;
    actual.users[0].first_name = Some("Other".into());
    actual.users[0].groups = Some(Vec::new());
    join(&mut actual.users[0], "Support");
    request.policy.re_enable_disabled = false;
    let refused = plan(&request, &actual);
    assert_eq!(refusals(&refused), [("ada@example.com", RefusalReason::UserDisabled)]);
    request.policy.leave_disabled = true;
    let left = plan(&request, &actual);
    assert_eq!(lines(&left.steps), [] as [&str; 0]);
    assert_eq!(refusals(&left), []);
    assert_eq!(unchanged(&left), MODEL_PEOPLE);
}

/// A policy for absent people, and an organisation of people who differ in all that it asks for.
fn scopes() -> impl Strategy<Value = (SyncRequest, Snapshot)> {
    let person = (
        select(vec!["x.org", "y.org"]),
        any::<[bool; 4]>(),
        proptest::option::of(0u32..100),
        proptest::option::of(0u32..100),
        proptest::option::of(0u32..100),
        proptest::option::of(0u32..100),
    );
    let policy = (
        select(vec![
            AbsentPolicy::Disable,
            AbsentPolicy::Delete,
            AbsentPolicy::DisableThenDelete(30),
        ]),
        any::<[bool; 3]>(),
        select(vec![0u32, 50]),
        proptest::option::of(select(vec![20u32, 60])),
    );
    (proptest::collection::vec(person, 1..12), policy).prop_map(|(people, policy)| {
        let (absent, [domain, member, clock], spare, inactive) = policy;
        let mut request = model();
        request.policy.absent = absent;
        request.policy.inactive_for_days = inactive;
        request.policy.absence.spare_created_within_days = spare;
        if domain {
            request.policy.absence.domains = vec!["x.org".into()];
        }
        if member {
            request.policy.absence.members_of = named(&["Support"]);
        }
        let mut actual = fulfilled(&request);
        if !clock {
            actual.read_at = None;
        }
        for (at, (domain, flags, created, updated, active, recorded)) in
            people.into_iter().enumerate()
        {
            let [is_disabled, is_member, on_roster, _] = flags;
            let address = format!("p{at}@{domain}");
            let mut person = user(&address);
            person.disabled = is_disabled;
            person.times.created_at = created.map(days_ago);
            person.times.updated_at = updated.map(days_ago);
            person.times.last_active_at = active.map(days_ago);
            if is_member {
                join(&mut person, "Support");
            }
            if let (Some(days), AbsentPolicy::DisableThenDelete(_)) = (recorded, absent) {
                request.disabled_since.push(since(&address, days));
            }
            if on_roster {
                let groups: &[&str] = if is_member { &["Support"] } else { &[] };
                request.roster.push(crate::testing::plan::desired(&address, groups));
            }
            actual.users.push(person);
        }
        (request, actual)
    })
}

proptest! {
    #[test]
    fn nobody_outside_the_scope_is_removed_and_nobody_before_the_grace_is_over(
        (request, actual) in scopes()
    ) {
        let planned = plan(&request, &actual);
        let policy = &request.policy;
        let on_roster: BTreeSet<&Email> = request.roster.iter().map(|one| &one.email).collect();
        let age = |text: &Option<String>| {
            let time = text.as_deref().and_then(crate::time::parse_iso)?;
            Some(actual.read_at? - time)
        };
        for address in removed(&planned) {
            let user = actual.users.iter().find(|user| user.email == email(address)).expect("one");
            prop_assert!(policy.absence.domains.is_empty() || address.ends_with("@x.org"));
            let is_member = user.groups.iter().flatten().any(|link| link.id == group_id("Support"));
            prop_assert!(policy.absence.members_of.is_empty() || is_member);
            let spare = days_ms(policy.absence.spare_created_within_days);
            prop_assert!(spare == 0 || age(&user.times.created_at).is_some_and(|age| age >= spare));
            if on_roster.contains(&user.email) {
                let days = policy.inactive_for_days.expect("an inactive person");
                prop_assert!(age(&user.times.last_active_at).is_some_and(|age| age > days_ms(days)));
                prop_assert!(!user.disabled);
            }
            let step = planned.steps.iter().find(|step| step.email.as_ref() == Some(&user.email));
            let deletes = step.is_some_and(|step| step.kind == StepKind::DeleteUser);
            if let (AbsentPolicy::DisableThenDelete(days), true) = (policy.absent, deletes) {
                prop_assert!(user.disabled);
                let record = request.disabled_since.iter().find(|one| one.user == user.id);
                let recorded = record.expect("a record").since;
                prop_assert!(actual.read_at.expect("a clock") - recorded >= days_ms(days));
                prop_assert!(age(&user.times.updated_at).is_none_or(|age| age >= days_ms(days)));
            }
        }
    }
}
