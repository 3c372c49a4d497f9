//! Accounts with several names, and accounts without an address.

use crate::domain::{Dialect, Email, Names, User, UserId, UserRef};
use crate::error::Code;
use crate::sync::{
    AbsentPolicy, DesiredUser, MembershipPolicy, Plan, RefusalReason, Snapshot, Span, SyncRequest,
};
use crate::testing::plan::{email, lines, permissive, plan, try_plan, user, with_details};

fn id(value: &str) -> UserId {
    UserId { dialect: Dialect::Scim, value: value.into() }
}

/// An account of SCIM with a login, and with these addresses: the first is the main one.
fn account(key: &str, login: &str, addresses: &[&str]) -> User {
    let id = id(key);
    let main = addresses.first().copied().unwrap_or_default();
    let more = addresses.iter().skip(1).map(|text| email(text)).collect();
    User {
        email: Email::of_account(main, &id, Some(login)),
        names: Some(Box::new(Names { login: Some(email(login)), emails: more })),
        id,
        user_type: None,
        ..user(login)
    }
}

fn service() -> User {
    account("svc", "svc-deploy", &[])
}

fn john() -> User {
    account("john", "jdoe@contoso.onmicrosoft.com", &["john.doe@example.com", "jd@example.com"])
}

fn organisation(users: Vec<User>) -> Snapshot {
    Snapshot {
        dialect: Dialect::Scim,
        users,
        others: crate::retool::user_filter::Others::default(),
        invitations: vec![],
        groups: vec![],
        attributes: None,
        complete: true,
        read_at: None,
    }
}

fn request(roster: Vec<DesiredUser>) -> SyncRequest {
    let mut policy = permissive();
    policy.absent = AbsentPolicy::Disable;
    policy.memberships = MembershipPolicy::Leave;
    SyncRequest { roster, span: Span::default(), policy, disabled_since: Vec::new() }
}

fn by_address(text: &str) -> DesiredUser {
    DesiredUser::new(email(text))
}

fn by(who: UserRef) -> DesiredUser {
    with_details(DesiredUser::new(crate::input::stand_in(&who)), |it| it.by = Some(who))
}

fn by_login(login: &str) -> DesiredUser {
    by(UserRef::Login(email(login)))
}

fn by_id(value: &str) -> DesiredUser {
    by(UserRef::Id(id(value)))
}

fn refused(plan: &Plan) -> Vec<(&str, RefusalReason)> {
    super::refusals(plan)
}

#[test]
fn every_name_of_an_account_means_the_account() {
    let actual = organisation(vec![john()]);
    for entry in [
        by_address("john.doe@example.com"),
        by_address("JD@example.com"),
        by_address("jdoe@contoso.onmicrosoft.com"),
        by_login("JDoe@contoso.onmicrosoft.com"),
        by_id("john"),
        DesiredUser { email: email("john.doe@example.com"), ..by_id("john") },
    ] {
        let plan = plan(&request(vec![entry.clone()]), &actual);
        assert_eq!(lines(&plan.steps), [""; 0], "{entry:?}");
        assert_eq!(super::unchanged(&plan), ["john.doe@example.com"], "{entry:?}");
    }
}

#[test]
fn two_entries_of_one_account_are_an_error() {
    let actual = organisation(vec![john()]);
    for (one, other) in [
        (by_address("john.doe@example.com"), by_address("jdoe@contoso.onmicrosoft.com")),
        (by_address("jd@example.com"), by_id("john")),
        (by_login("jdoe@contoso.onmicrosoft.com"), by_id("john")),
    ] {
        let error = try_plan(&request(vec![one, other]), &actual).expect_err("one person twice");
        assert_eq!(error.code, Code::DuplicatePerson);
        assert!(error.message.contains("request.roster[0]"), "{}", error.message);
    }
}

#[test]
fn two_accounts_that_match_one_entry_are_left_alone() {
    let other = account("other", "john.doe@example.com", &["other@example.com"]);
    let actual = organisation(vec![john(), other]);
    let mut request = request(vec![by_address("john.doe@example.com")]);
    let both = plan(&request, &actual);
    assert_eq!(lines(&both.steps), [""; 0], "neither is absent, and none is created");
    assert_eq!(refused(&both), [("john.doe@example.com", RefusalReason::AmbiguousUser)]);
    // The id says which one is meant.
    request.roster = vec![by_id("john"), by_id("other")];
    assert_eq!(lines(&plan(&request, &actual).steps), [""; 0]);
}

#[test]
fn an_account_without_an_address_is_absent_only_if_the_policy_says_so() {
    let ada = account("ada", "ada@example.com", &["ada@example.com"]);
    let actual = organisation(vec![ada, service()]);
    let mut request = request(vec![by_address("ada@example.com")]);
    for absent in [AbsentPolicy::Disable, AbsentPolicy::Delete] {
        request.policy.absent = absent;
        let kept = plan(&request, &actual);
        assert_eq!((kept.steps.len(), kept.refusals.len()), (0, 0));
    }
    request.policy.absent = AbsentPolicy::Disable;
    request.policy.absence.without_address = true;
    let plan_of = |request: &SyncRequest| plan(request, &actual);
    let removed = plan_of(&request);
    assert_eq!(lines(&removed.steps), ["disable-user svc-deploy disabled:false>true"]);
    assert!(!removed.steps[0].email.as_ref().expect("a stand-in").is_address());
    assert_eq!(removed.steps[0].user, Some(id("svc")));
    // On the roster, or protected, it stays.
    for entry in [by_login("svc-deploy"), by_id("svc")] {
        request.roster.push(entry);
        assert_eq!(lines(&plan_of(&request).steps), [""; 0]);
        request.roster.pop();
    }
    for who in [UserRef::Id(id("svc")), UserRef::Login(email("SVC-deploy"))] {
        request.policy.guards.protected_people = vec![who];
        let plan = plan_of(&request);
        assert_eq!(refused(&plan), [("svc-deploy", RefusalReason::ProtectedPerson)]);
        assert_eq!(plan.refusals[0].user, Some(id("svc")));
    }
    request.policy.guards.protected_people.clear();
    // It belongs to the part of a roster that has no lower limit.
    request.span.start = Some("a".into());
    assert_eq!(lines(&plan_of(&request).steps), [""; 0]);
    request.span = Span { start: None, before: Some("b".into()) };
    assert_eq!(plan_of(&request).steps.len(), 1);
}

#[test]
fn a_protected_account_is_protected_under_each_of_its_names() {
    let actual = organisation(vec![john()]);
    for who in [
        UserRef::Email(email("jd@example.com")),
        UserRef::Email(email("jdoe@contoso.onmicrosoft.com")),
        UserRef::Email(email("john.doe@example.com")),
        UserRef::Login(email("jdoe@contoso.onmicrosoft.com")),
        UserRef::Id(id("john")),
    ] {
        let mut request = request(vec![]);
        request.policy.guards.protected_people = vec![who.clone()];
        let plan = plan(&request, &actual);
        assert_eq!(lines(&plan.steps), [""; 0], "{who:?}");
        assert_eq!(refused(&plan), [("john.doe@example.com", RefusalReason::ProtectedPerson)]);
    }
}

#[test]
fn a_required_administrator_is_found_under_each_name() {
    let mut admin = john();
    admin.admin = true;
    let actual = organisation(vec![admin]);
    let mut request = request(vec![by_id("john")]);
    for who in [
        UserRef::Email(email("jd@example.com")),
        UserRef::Login(email("jdoe@contoso.onmicrosoft.com")),
        UserRef::Id(id("john")),
    ] {
        request.policy.guards.required_admins = vec![who.clone()];
        assert_eq!(plan(&request, &actual).tripped().count(), 0, "{who:?}");
    }
    request.policy.guards.required_admins = vec![UserRef::Id(id("nobody"))];
    assert_eq!(plan(&request, &actual).tripped().count(), 1);
}

#[test]
fn an_entry_whose_account_is_missing_creates_nobody_beside_another_account() {
    let actual = organisation(vec![john()]);
    let elsewhere = DesiredUser { email: email("jd@example.com"), ..by_id("gone") };
    let login = Some("jdoe@contoso.onmicrosoft.com".into());
    for entry in [elsewhere, with_details(by_address("new@example.com"), |it| it.login = login)] {
        let plan = plan(&request(vec![entry]), &actual);
        assert_eq!(lines(&plan.steps), [""; 0]);
        assert_eq!(plan.refusals[0].reason, RefusalReason::WrongPerson);
        assert!(plan.refusals[0].message.contains("john.doe@example.com"));
    }
    // Without an address nobody can be created; with one, the login comes along.
    let plan_of = |entry| plan(&request(vec![entry]), &organisation(vec![]));
    for entry in [by_id("gone"), by_login("svc-new")] {
        let plan = plan_of(entry);
        assert_eq!(plan.refusals[0].reason, RefusalReason::UserNotFound);
        assert!(plan.steps.is_empty());
    }
    let new = plan_of(DesiredUser { email: email("new@example.com"), ..by_login("svc-new") });
    assert_eq!(lines(&new.steps), ["create-user new@example.com login:->svc-new"]);
}

/// A login that is not the address stays.
#[test]
fn an_entry_by_id_changes_the_main_address() {
    let entry = DesiredUser { email: email("john@example.com"), ..by_id("john") };
    let plan = plan(&request(vec![entry]), &organisation(vec![john()]));
    assert_eq!(
        lines(&plan.steps),
        ["rename-user john@example.com email:john.doe@example.com>john@example.com"]
    );
}

/// A renaming that changed the login, and not the mail.
#[test]
fn an_account_whose_login_is_the_present_address_gets_it_as_its_mail_too() {
    let half = account("john", "john.king@example.com", &["john.doe@example.com"]);
    let former_emails = vec![email("john.doe@example.com")];
    let entry =
        with_details(by_address("john.king@example.com"), |it| it.former_emails = former_emails);
    let plan = plan(&request(vec![entry]), &organisation(vec![half]));
    assert_eq!(
        lines(&plan.steps),
        ["rename-user john.king@example.com email:john.doe@example.com>john.king@example.com"]
    );
}

/// A former address among the others does not say whose account it is.
#[test]
fn an_account_with_a_former_address_besides_its_main_one_is_not_renamed() {
    for former in ["jd@example.com", "jdoe@contoso.onmicrosoft.com"] {
        let former_emails = vec![email(former)];
        let entry =
            with_details(by_address("jane.doe@example.com"), |it| it.former_emails = former_emails);
        let plan = plan(&request(vec![entry]), &organisation(vec![john()]));
        assert_eq!(lines(&plan.steps), [""; 0]);
        assert_eq!(refused(&plan), [("jane.doe@example.com", RefusalReason::WrongPerson)]);
    }
}

/// The roster of another part may have the other address.
#[test]
fn an_account_with_an_address_outside_the_span_is_not_absent() {
    let mut request = request(vec![]);
    request.span = Span { start: Some("john.".into()), before: Some("john/".into()) };
    let part = plan(&request, &organisation(vec![john()]));
    assert_eq!(lines(&part.steps), [""; 0]);
    assert_eq!(part.limitations.len(), 1, "{:?}", part.limitations);
    request.span = Span::default();
    assert_eq!(plan(&request, &organisation(vec![john()])).steps.len(), 1);
    // An account that is named by id must be inside too.
    request.roster = vec![by_id("john")];
    request.span = Span { start: Some("k".into()), before: None };
    let error = try_plan(&request, &organisation(vec![john()])).expect_err("outside");
    assert_eq!(error.code, Code::OutsideSpan);
}

#[test]
fn the_digest_covers_who_is_named_and_how() {
    let actual = organisation(vec![service(), john()]);
    let mut request = request(vec![by_id("john")]);
    let digest = |request: &SyncRequest| plan(request, &actual).digest;
    let original = digest(&request);
    request.policy.absence.without_address = true;
    let with_service = digest(&request);
    request.policy.guards.protected_people = vec![UserRef::Id(id("svc"))];
    let protected = digest(&request);
    request.policy.guards.protected_people = vec![UserRef::Login(email("svc-deploy"))];
    let by_login = digest(&request);
    let all = [&original, &with_service, &protected, &by_login];
    for (at, one) in all.iter().enumerate() {
        assert!(!all[..at].contains(one), "{at}");
    }
}
