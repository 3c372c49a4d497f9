use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::domain::{Dialect, WayIn};
use crate::sync::{AbsentPolicy, Snapshot, SyncRequest};
use crate::testing::plan::{desired, fulfilled, model, plan, user};

/// A roster with Ada Byron under a new address, and an organisation that has her under the old one.
fn moved(first: &str, last: &str) -> (SyncRequest, Snapshot) {
    let mut request = model();
    let mut actual = fulfilled(&request);
    let mut new = desired("ada.byron@example.com", &[]);
    new.fields.first_name = Some("Ada".to_string());
    new.fields.last_name = Some("Byron".to_string());
    request.roster.push(new);
    let mut old = user("a.byron@example.com");
    old.first_name = Some(first.to_string());
    old.last_name = Some(last.to_string());
    actual.users.push(old);
    (request, actual)
}

fn said(request: &SyncRequest, actual: &Snapshot) -> Vec<String> {
    let mut limitations = plan(request, actual).limitations;
    limitations.retain(|text| text.contains("may be the same person"));
    limitations
}

#[test]
fn people_of_one_name_who_are_created_and_removed_may_be_the_same_person() {
    for (absent, verb) in [(AbsentPolicy::Disable, "disabled"), (AbsentPolicy::Delete, "deleted")] {
        let (mut request, actual) = moved("ADA ", "Byron");
        request.policy.absent = absent;
        let [text] = &said(&request, &actual)[..] else { panic!("one pair") };
        assert!(text.contains("ada.byron@example.com would be created"), "{text}");
        assert!(text.contains(&alloc::format!("a.byron@example.com would be {verb}")), "{text}");
    }
}

/// An invitation has no names. Those of the roster count.
#[test]
fn people_of_one_name_who_are_invited_and_removed_may_be_the_same_person() {
    let (mut request, mut actual) = moved("Ada", "Byron");
    request.policy.absent = AbsentPolicy::Disable;
    actual.dialect = Dialect::V2;
    for desired in &mut request.roster {
        desired.fields.admin = None;
        desired.details.way_in = Some(WayIn::Invitation);
    }
    let [text] = &said(&request, &actual)[..] else { panic!("one pair") };
    assert!(text.contains("ada.byron@example.com would be invited"), "{text}");
    assert!(text.contains("a.byron@example.com would be disabled"), "{text}");
}

#[test]
fn another_name_or_a_part_of_one_says_nothing() {
    for (first, last) in [("Ada", "Lovelace"), ("Ada", ""), ("", "Byron")] {
        let (mut request, actual) = moved(first, last);
        request.policy.absent = AbsentPolicy::Delete;
        assert_eq!(said(&request, &actual), [""; 0], "{first} {last}");
    }
    let (mut request, actual) = moved("Ada", "Byron");
    request.policy.absent = AbsentPolicy::Keep;
    assert_eq!(said(&request, &actual), [""; 0], "nobody is removed");
}

/// The approver's digest does not cover it: it is a text for people.
#[test]
fn the_text_is_no_part_of_the_digest() {
    let (mut request, actual) = moved("Ada", "Byron");
    request.policy.absent = AbsentPolicy::Delete;
    let mut made = plan(&request, &actual);
    let digest = made.digest.clone();
    made.limitations.clear();
    assert_eq!(crate::sync::digest::plan(&made), digest);
}
