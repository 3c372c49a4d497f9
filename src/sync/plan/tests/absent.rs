use super::{EVERYBODY, refusals, unchanged};
use crate::domain::Dialect;
use crate::sync::plan::testing::{fulfilled, lines, model, plan, try_plan, user, user_id};
use crate::sync::{AbsentPolicy, RefusalReason, Span, digest};

#[test]
fn absent_people_are_treated_by_policy() {
    let mut request = model();
    let mut actual = fulfilled(&request);
    actual.users.push(user("old@example.com"));
    let mut gone = user("gone@example.com");
    gone.disabled = true;
    actual.users.push(gone);
    let mut pending = user("pending@example.com");
    pending.invited = Some(true);
    actual.users.push(pending);

    request.policy.absent = AbsentPolicy::Keep;
    let kept = plan(&request, &actual);
    assert_eq!(lines(&kept.steps), Vec::<String>::new());
    assert_eq!(unchanged(&kept), EVERYBODY, "kept people are not mentioned");

    request.policy.absent = AbsentPolicy::Disable;
    let disabled = plan(&request, &actual);
    assert_eq!(
        lines(&disabled.steps),
        [
            "disable-user old@example.com disabled:false>true",
            // There is no account to disable: the invitation is withdrawn.
            "delete-user pending@example.com",
        ]
    );
    assert_eq!(
        unchanged(&disabled),
        ["ada@example.com", "gone@example.com", "grace@example.com", "joan@example.com"]
    );

    request.policy.absent = AbsentPolicy::Delete;
    let deleted = plan(&request, &actual);
    assert_eq!(
        lines(&deleted.steps),
        [
            "delete-user gone@example.com",
            "delete-user old@example.com",
            "delete-user pending@example.com",
        ]
    );
    assert_eq!(unchanged(&deleted), EVERYBODY);
    assert_eq!(deleted.steps[1].user, Some(user_id("old@example.com")));
    assert_eq!(deleted.steps[1].precondition, digest::user_state(&user("old@example.com")));
}

/// It would be asked for again and again otherwise.
#[test]
fn where_a_deletion_only_disables_the_disabled_need_none() {
    let mut request = model();
    let mut actual = fulfilled(&request);
    actual.dialect = Dialect::V2;
    actual.users.push(user("old@example.com"));
    let mut gone = user("gone@example.com");
    gone.disabled = true;
    actual.users.push(gone);
    request.policy.absent = AbsentPolicy::Delete;
    let planned = plan(&request, &actual);
    assert_eq!(lines(&planned.steps), ["delete-user old@example.com"]);
    assert!(unchanged(&planned).contains(&"gone@example.com"));
    assert!(planned.limitations.iter().any(|line| line.contains("deletes nobody")));
}

#[test]
fn absence_counts_only_inside_the_span() {
    let mut request = model();
    request.span = Span { start: Some("b".into()), before: Some("k".into()) };
    request.roster.remove(0);
    let mut actual = fulfilled(&request);
    for address in ["a@x.org", "b", "b@x.org", "j@x.org", "k", "k@x.org"] {
        actual.users.push(user(address));
    }
    assert_eq!(
        lines(&plan(&request, &actual).steps),
        ["delete-user b", "delete-user b@x.org", "delete-user j@x.org"]
    );
}

#[test]
fn an_account_without_an_address_is_nobodys_absence() {
    let request = model();
    let mut actual = fulfilled(&request);
    actual.users.push(user(""));
    let plan = plan(&request, &actual);
    assert_eq!(lines(&plan.steps), Vec::<String>::new());
    assert_eq!(plan.refusals, []);
}

#[test]
fn two_accounts_of_one_address_are_refused_on_the_roster_and_off_it() {
    let request = model();
    let mut actual = fulfilled(&request);
    for address in ["ADA@example.com", "old@example.com", "Old@example.com"] {
        let mut twin = user(address);
        twin.id.value.push_str(address);
        twin.disabled = address.starts_with('A');
        actual.users.push(twin);
    }
    let plan = plan(&request, &actual);
    assert_eq!(lines(&plan.steps), Vec::<String>::new());
    let refused = refusals(&plan);
    assert_eq!(refused.len(), 2);
    for (address, reason) in refused {
        assert_eq!(reason, RefusalReason::AmbiguousUser);
        assert!(["ada@example.com", "old@example.com"].contains(&address.to_lowercase().as_str()));
    }

    let mut keep = request.clone();
    keep.policy.absent = AbsentPolicy::Keep;
    assert_eq!(try_plan(&keep, &actual).expect("a plan").refusals.len(), 1);
}
