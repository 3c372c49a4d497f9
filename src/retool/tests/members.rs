//! Adding and removing members.

use super::*;

fn add(server: &Server) -> Result<bool> {
    let directory = server.directory();
    server.run(directory.add_member(&group(server.dialect), &user(server.dialect, BOB)))
}

fn remove(server: &Server) -> Result<bool> {
    let directory = server.directory();
    server.run(directory.remove_member(&group(server.dialect), &user(server.dialect, CID)))
}

fn has(server: &Server, id: &str) -> bool {
    server.state.borrow().members.iter().flatten().any(|member| member == id)
}

#[test]
fn a_member_is_added_and_removed_with_one_write_each() {
    each(&[], |dialect, server| {
        assert_eq!(add(&server), Ok(true), "{dialect:?}");
        assert_eq!(remove(&server), Ok(true), "{dialect:?}");
        assert_eq!(server.writes(), 2, "{dialect:?}");
        assert!(has(&server, BOB) && !has(&server, CID), "{dialect:?}");
    });
}

#[test]
fn a_membership_change_with_an_unreadable_answer_is_read_back() {
    each(&[Fault::Half, Fault::Half], |dialect, server| {
        assert_eq!(add(&server), Ok(true), "{dialect:?}");
        assert_eq!(remove(&server), Ok(true), "{dialect:?}");
        assert_eq!(server.writes(), 2, "{dialect:?}");
        assert!(server.requests().ends_with("WR"), "{dialect:?}");
    });
}

#[test]
fn an_unreadable_answer_and_no_visible_membership_change_is_an_error() {
    each(&[Fault::HalfUndone, Fault::HalfUndone], |dialect, server| {
        for result in [add(&server), remove(&server)] {
            let error = match result {
                // SCIM has a second way to remove a member.
                Ok(removed) => {
                    assert!(removed && dialect == Dialect::Scim);
                    continue;
                }
                Err(error) => error,
            };
            // In v1 the response is only an acknowledgement. If it is unreadable, the change does
            // not count as accepted.
            let expected = match dialect {
                Dialect::V1 => Code::AnswerUnusable,
                _ => Code::NotVerified,
            };
            assert_eq!(code_of(&error), (expected, true), "{dialect:?}");
            assert_eq!(error.subject.as_deref(), Some("4"), "{dialect:?}");
        }
    });
}

#[test]
fn a_member_is_added_to_a_group_that_is_not_visible_at_once() {
    each(&[], |dialect, server| {
        server.state.borrow_mut().hidden = 3;
        assert_eq!(add(&server), Ok(true), "{dialect:?}");
        assert_eq!(server.writes(), 1, "{dialect:?}");
        assert!(has(&server, BOB), "{dialect:?}");
    });
    // The same after an unreadable response.
    each(&[Fault::Half], |dialect, server| {
        meanwhile(&server, 1, |state| state.hidden = 3);
        assert_eq!(add(&server), Ok(true), "{dialect:?}");
        assert_eq!(server.writes(), 1, "{dialect:?}");
    });
}

#[test]
fn a_membership_change_with_a_lost_reply_takes_effect_once() {
    each(&[Fault::Lost], |dialect, server| {
        assert_eq!(add(&server), Ok(true), "{dialect:?}");
        // In v1 an addition contains only the user's id, so it is repeated without a read.
        assert_eq!(server.writes(), if dialect == Dialect::V1 { 2 } else { 1 }, "{dialect:?}");
    });
    each(&[Fault::Lost], |dialect, server| {
        assert_eq!(remove(&server), Ok(true), "{dialect:?}");
        assert!(!has(&server, CID), "{dialect:?}");
    });
}

#[test]
fn a_group_that_a_read_does_not_find_is_not_written_to_again() {
    for dialect in [Dialect::V2, Dialect::Scim] {
        let server = Server::new(dialect, &[Fault::Undone]);
        meanwhile(&server, 1, |state| state.members = None);
        let error = failed(add(&server), dialect);
        assert_eq!(code_of(&error), (Code::ConnectionFailed, true), "{dialect:?}");
        assert_eq!(server.requests(), "RWR", "{dialect:?}");
    }
}

#[test]
fn a_v2_deletion_with_an_unreadable_answer_is_read_back() {
    let server = Server::new(Dialect::V2, &[Fault::Half]);
    let directory = server.directory();
    let deleted = server.run(directory.delete_user(&user(Dialect::V2, ADA)));
    assert_eq!((deleted, server.requests().as_str()), (Ok(true), "WR"));

    let server = Server::new(Dialect::V2, &[Fault::HalfUndone]);
    let directory = server.directory();
    let error = failed(server.run(directory.delete_user(&user(Dialect::V2, ADA))), Dialect::V2);
    assert_eq!(code_of(&error), (Code::AnswerUnusable, true));
}
