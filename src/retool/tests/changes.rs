//! Changes of users and groups.

use super::*;

#[test]
fn a_change_is_made_with_one_write_and_at_most_one_read() {
    each(&[], |dialect, server| {
        assert_eq!(change_user(&server, &first_name("Augusta")).as_deref(), Ok("Augusta"));
        assert_eq!(server.requests(), "W", "{dialect:?}");
        assert_eq!(rename_group(&server, "Help").as_deref(), Ok("Help"));
        let expected = if dialect == Dialect::V2 { "W" } else { "WR" };
        assert_eq!(server.requests(), expected, "{dialect:?}");
    });
}

#[test]
fn after_a_lost_reply_one_read_that_shows_the_change_is_enough() {
    each(&[Fault::Lost, Fault::Lost], |dialect, server| {
        assert_eq!(change_user(&server, &first_name("Augusta")).as_deref(), Ok("Augusta"));
        assert_eq!(server.requests(), "WR", "{dialect:?}");
        assert_eq!(rename_group(&server, "Help").as_deref(), Ok("Help"));
        assert_eq!(server.requests(), "WR", "{dialect:?}");
    });
}

#[test]
fn a_change_that_a_read_does_not_show_is_sent_again() {
    each(&[Fault::Undone, Fault::Works, Fault::Undone], |dialect, server| {
        assert_eq!(change_user(&server, &first_name("Augusta")).as_deref(), Ok("Augusta"));
        assert!(server.requests().starts_with("WRW"), "{dialect:?}");
        assert_eq!(rename_group(&server, "Help").as_deref(), Ok("Help"));
        assert!(server.requests().starts_with("WRW"), "{dialect:?}");
    });
}

#[test]
fn a_refusal_after_a_lost_reply_ends_the_change() {
    for status in [400, 403, 409] {
        each(&[Fault::Undone, Fault::Status(status)], |dialect, server| {
            let error = failed(change_user(&server, &first_name("Augusta")), dialect);
            assert_eq!(error.http_status, Some(status), "{dialect:?}");
            assert!(error.maybe_applied, "the first try may have been applied");
            assert_eq!((error.attempts, server.requests().as_str()), (2, "WRW"), "{dialect:?}");
        });
        each(&[Fault::Undone, Fault::Status(status)], |dialect, server| {
            let error = failed(rename_group(&server, "Help"), dialect);
            assert_eq!((error.http_status, error.maybe_applied), (Some(status), true));
            assert_eq!(server.requests(), "WRW", "{dialect:?}");
        });
    }
}

#[test]
fn a_field_that_another_administrator_set_meanwhile_is_not_overwritten() {
    each(&[Fault::Undone], |dialect, server| {
        meanwhile(&server, 1, |state| state.first_name = "Countess".into());
        let error = failed(change_user(&server, &first_name("Augusta")), dialect);
        assert_eq!(code_of(&error), (Code::ConnectionFailed, true), "{dialect:?}");
        assert_eq!(server.requests(), "WR", "{dialect:?}");
        assert_eq!(server.state.borrow().first_name, "Countess");
    });
    each(&[Fault::Undone], |dialect, server| {
        meanwhile(&server, 1, |state| state.group_name = "Care".into());
        let error = failed(rename_group(&server, "Help"), dialect);
        assert_eq!(code_of(&error), (Code::ConnectionFailed, true), "{dialect:?}");
        assert_eq!(server.requests(), "WR", "{dialect:?}");
        assert_eq!(server.state.borrow().group_name, "Care");
    });
}

#[test]
fn another_field_set_meanwhile_is_kept_and_the_change_is_sent_again() {
    each(&[Fault::Undone], |dialect, server| {
        meanwhile(&server, 1, |state| state.last_name = "Lovelace".into());
        assert_eq!(change_user(&server, &first_name("Augusta")).as_deref(), Ok("Augusta"));
        let state = server.state.borrow();
        assert_eq!((&*state.first_name, &*state.last_name), ("Augusta", "Lovelace"), "{dialect:?}");
    });
}

#[test]
fn an_account_with_another_address_meanwhile_is_not_written_again() {
    each(&[Fault::Undone], |dialect, server| {
        meanwhile(&server, 1, |state| state.email = "eve@example.com".into());
        let error = failed(change_user(&server, &first_name("Augusta")), dialect);
        assert_eq!(code_of(&error), (Code::WrongPerson, true), "{dialect:?}");
        assert_eq!((error.attempts, error.subject.as_deref()), (1, Some("ada@example.com")));
        assert_eq!(server.requests(), "WR", "{dialect:?}");
    });
}

/// The caller checked whether enough administrators remain when this user was not one.
#[test]
fn a_user_who_became_an_administrator_meanwhile_is_not_disabled() {
    let disable = UserPatch { disabled: Some(true), ..UserPatch::default() };
    each(&[Fault::Undone], |dialect, server| {
        meanwhile(&server, 1, |state| state.admin = true);
        let error = failed(change_user(&server, &disable), dialect);
        assert_eq!(code_of(&error), (Code::ConnectionFailed, true), "{dialect:?}");
        assert!(!server.state.borrow().disabled, "{dialect:?}");
    });
}

#[test]
fn a_group_deleted_meanwhile_is_not_written_again() {
    each(&[Fault::Undone], |dialect, server| {
        meanwhile(&server, 1, |state| state.members = None);
        let error = failed(rename_group(&server, "Help"), dialect);
        assert_eq!(code_of(&error), (Code::ConnectionFailed, true), "{dialect:?}");
        assert_eq!(server.requests(), "WR", "{dialect:?}");
    });
}

#[test]
fn after_a_412_the_record_is_read_and_written_again_once() {
    each(&[Fault::Status(412)], |dialect, server| {
        assert_eq!(change_user(&server, &first_name("Augusta")).as_deref(), Ok("Augusta"));
        assert_eq!(server.requests(), "WRW", "{dialect:?}");
    });
    each(&[Fault::Status(412), Fault::Status(412)], |dialect, server| {
        for write in [1, 2] {
            let name = format!("Name {write}");
            meanwhile(&server, write, move |state| state.last_name.clone_from(&name));
        }
        let error = failed(change_user(&server, &first_name("Augusta")), dialect);
        assert_eq!((error.http_status, error.maybe_applied), (Some(412), false));
        assert!(error.message.contains("was changed at the same time"), "{}", error.message);
        assert_eq!(server.requests(), "WRWR", "{dialect:?}");
    });
    // The record did not change, so no other administrator is the reason.
    each(&[Fault::Status(412), Fault::Status(412)], |dialect, server| {
        let error = failed(change_user(&server, &first_name("Augusta")), dialect);
        assert_eq!((error.http_status, error.maybe_applied), (Some(412), false));
        assert!(error.message.contains("still what was read"), "{}", error.message);
        assert_eq!(server.requests(), "WRWR", "{dialect:?}");
    });
}

#[test]
fn a_change_with_an_unreadable_answer_is_read_back() {
    each(&[Fault::Half, Fault::Half], |dialect, server| {
        assert_eq!(change_user(&server, &first_name("Augusta")).as_deref(), Ok("Augusta"));
        assert_eq!(server.requests(), "WR", "{dialect:?}");
        assert_eq!(rename_group(&server, "Help").as_deref(), Ok("Help"));
        assert_eq!(server.requests(), "WR", "{dialect:?}");
    });
}

#[test]
fn a_change_that_is_never_visible_is_not_verified() {
    for dialect in [Dialect::V1, Dialect::V2] {
        let server = Server::new(dialect, &[Fault::HalfUndone]);
        let error = failed(change_user(&server, &first_name("Augusta")), dialect);
        assert_eq!(code_of(&error), (Code::NotVerified, true), "{dialect:?}");
        assert!(error.message.contains("first-name did not hold"), "{}", error.message);
        assert_eq!(server.requests(), "WRRRRR", "{dialect:?}");
        let server = Server::new(dialect, &[Fault::HalfUndone]);
        let error = failed(rename_group(&server, "Help"), dialect);
        assert_eq!(code_of(&error), (Code::NotVerified, true), "{dialect:?}");
        assert!(error.message.contains("the group's name did not hold"), "{}", error.message);
        assert_eq!(error.subject.as_deref(), Some("Support"));
    }
}

/// SCIM servers differ in the forms that they accept. A form without effect is followed by another.
#[test]
fn a_change_without_effect_is_made_in_another_form_over_scim() {
    let server = Server::new(Dialect::Scim, &[Fault::HalfUndone, Fault::Works, Fault::HalfUndone]);
    assert_eq!(change_user(&server, &first_name("Augusta")).as_deref(), Ok("Augusta"));
    assert_eq!(server.requests(), "WRRRRRRW");
    assert_eq!(rename_group(&server, "Help").as_deref(), Ok("Help"));
    assert_eq!(server.requests(), "WRRRRRRWR");
}

/// SCIM has no such answer.
#[test]
fn success_false_with_a_good_status_is_a_refusal() {
    for dialect in [Dialect::V1, Dialect::V2] {
        let server = Server::new(dialect, &[Fault::Denied, Fault::Denied]);
        let error = failed(change_user(&server, &first_name("Augusta")), dialect);
        assert_eq!((error.code, server.requests().as_str()), (Code::ServerRefused, "W"));
        let error = failed(rename_group(&server, "Help"), dialect);
        assert_eq!((error.code, server.requests().as_str()), (Code::ServerRefused, "W"));
    }
}
