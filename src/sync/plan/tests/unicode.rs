//! Addresses and names of groups in several forms of Unicode.

use crate::error::Code;
use crate::sync::{AbsentPolicy, RefusalReason};
use crate::testing::plan::{
    desired, email, fulfilled, group, lines, model, named, plan, try_plan, user,
};

/// The address of an account, and the same address as a roster may write it.
const SAME: [(&str, &str); 6] = [
    ("jose\u{301}@example.com", "josé@example.com"),
    ("josé@example.com", "JOSE\u{301}@example.com"),
    ("a@cafe\u{301}.example", "a@Café.example"),
    ("a\u{30a}sa@example.com", "\u{212b}sa@example.com"),
    ("οδυσσευς@example.com", "ΟΔΥΣΣΕΥΣ@example.com"),
    ("STRAẞE@example.com", "straße@example.com"),
];

#[test]
fn an_address_in_another_form_is_the_same_person() {
    for (stored, written) in SAME {
        let mut request = model();
        request.roster = vec![desired(written, &[])];
        let mut actual = fulfilled(&request);
        actual.users = vec![user(stored)];
        let same = plan(&request, &actual);
        assert_eq!(lines(&same.steps), [""; 0], "{stored} and {written}");
        // Nobody is on the roster, and the person is protected.
        request.roster.clear();
        request.policy.guards.protected_people = vec![email(written).into()];
        for absent in [AbsentPolicy::Disable, AbsentPolicy::Delete] {
            request.policy.absent = absent;
            let kept = plan(&request, &actual);
            assert_eq!(lines(&kept.steps), [""; 0], "{stored} and {written}");
            assert_eq!(kept.refusals[0].reason, RefusalReason::ProtectedPerson);
        }
        // Nor may the person be on the roster in two forms.
        request.roster = vec![desired(written, &[]), desired(stored, &[])];
        let error = try_plan(&request, &actual).expect_err("one person twice");
        assert_eq!(error.code, Code::DuplicatePerson, "{stored} and {written}");
    }
}

#[test]
fn an_address_that_only_looks_alike_is_another_person() {
    for (stored, written) in [
        ("strasse@example.com", "straße@example.com"),
        ("isparta@example.com", "ısparta@example.com"),
        ("ａｄａ@example.com", "ada@example.com"),
        ("jose@example.com", "josé@example.com"),
    ] {
        let mut request = model();
        request.roster = vec![desired(written, &[])];
        request.policy.absent = AbsentPolicy::Disable;
        let mut actual = fulfilled(&request);
        actual.users = vec![user(stored)];
        assert_eq!(plan(&request, &actual).steps.len(), 2, "{stored} and {written}");
    }
}

#[test]
fn no_twin_is_made_of_a_group_that_looks_the_same() {
    for (existing, written) in [
        ("Cafe\u{301}", "Café"),
        ("Café", "Cafe\u{301}"),
        ("Eng\u{200b}", "Eng"),
        ("Engineering", "engineering"),
        ("Engineering", "ENGINEERING"),
    ] {
        let mut request = model();
        let mut actual = fulfilled(&request);
        if actual.groups.iter().all(|group| group.name != existing) {
            actual.groups.push(group(existing));
        }
        for create in [true, false] {
            request.policy.create_missing_groups = create;
            for managed in [true, false] {
                let (here, there): (&[&str], &[&str]) = (&[written], &[]);
                let (managed, listed) = if managed { (here, there) } else { (there, here) };
                request.policy.managed_groups = named(managed);
                request.roster[2].groups = named(listed);
                let error = try_plan(&request, &actual).expect_err("a look-alike");
                assert_eq!(error.code, Code::SimilarGroup, "{existing:?} and {written:?}");
                assert!(error.message.contains(written), "{}", error.message);
            }
        }
    }
    // Two new groups of one look are twins too.
    let mut request = model();
    let actual = fulfilled(&request);
    request.roster[2].groups = named(&["Café", "Cafe\u{301}"]);
    assert_eq!(try_plan(&request, &actual).expect_err("twins").code, Code::SimilarGroup);
}
