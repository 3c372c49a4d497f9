//! What the status of a response to a write says: final, throttled, or not known in time.

use super::*;
use crate::config::Settings;
use crate::retool::write_once::unchecked;

/// Statuses with which a server, or a proxy in between, says for good that it did nothing.
const FINAL: [(u16, Code); 9] = [
    (301, Code::Redirected),
    (302, Code::Redirected),
    (303, Code::Redirected),
    (307, Code::Redirected),
    (308, Code::Redirected),
    (501, Code::OperationUnsupported),
    (505, Code::OperationUnsupported),
    (407, Code::AccessBlocked),
    (511, Code::AccessBlocked),
];

/// The writes of a dialect, each as a function.
type Write = fn(&Server, Settings) -> Result<()>;

fn writes() -> [(&'static str, Write); 4] {
    let change: Write = |server, settings| {
        let before = account(server, &*server.directory());
        let directory = server.directory_with(settings);
        server.count_from_here();
        server.run(directory.update_user(&before, &first_name("Augusta"))).map(drop)
    };
    let rename: Write = |server, settings| {
        let before = group_account(server, &*server.directory());
        let directory = server.directory_with(settings);
        server.count_from_here();
        server.run(directory.update_group(&before, &group_name("Help"))).map(drop)
    };
    let add: Write = |server, settings| {
        let directory = server.directory_with(settings);
        let (group, bob) = (group(server.dialect), user(server.dialect, BOB));
        server.run(directory.add_member(&group, &bob)).map(drop)
    };
    let remove: Write = |server, settings| {
        let directory = server.directory_with(settings);
        let (group, cid) = (group(server.dialect), user(server.dialect, CID));
        server.run(directory.remove_member(&group, &cid)).map(drop)
    };
    [("change", change), ("rename", rename), ("add", add), ("remove", remove)]
}

#[test]
fn a_final_status_is_final_and_proves_that_nothing_was_done() {
    for (status, code) in FINAL {
        for (what, write) in writes() {
            each(&[Fault::Status(status); 9], |dialect, server| {
                let error = failed(write(&server, Settings::default()), dialect);
                assert_eq!(code_of(&error), (code, false), "{dialect:?} {what} {status}");
                assert!(error.is_permanent());
                assert_eq!(error.http_status, Some(status));
                // SCIM has several forms of a change, and 501 may refuse only one of them.
                if dialect != Dialect::Scim || status != 501 {
                    assert_eq!(server.writes(), 1, "{dialect:?} {what} {status}");
                }
            });
        }
    }
}

#[test]
fn a_throttled_write_is_sent_again_without_a_look_until_it_is_taken() {
    for (what, write) in writes() {
        each(&[Fault::Status(429); 6], |dialect, server| {
            let settings = Settings { max_attempts: 1, ..Settings::default() };
            assert_eq!(write(&server, settings), Ok(()), "{dialect:?} {what}");
            assert!(server.requests().contains("WWWWWWW"), "{dialect:?} {what}");
        });
    }
}

#[test]
fn a_page_with_403_proves_that_nothing_was_done_and_one_with_200_does_not() {
    for (what, write) in writes() {
        each(&[Fault::Page(403)], |dialect, server| {
            let error = failed(write(&server, Settings::default()), dialect);
            assert_eq!(code_of(&error), (Code::HtmlPage, false), "{dialect:?} {what}");
            assert_eq!(server.writes(), 1, "{dialect:?} {what}");
        });
        each(&[Fault::Page(200); 9], |dialect, server| {
            let error = failed(write(&server, Settings::default()), dialect);
            assert_eq!(code_of(&error), (Code::HtmlPage, true), "{dialect:?} {what}");
            assert!(server.requests().contains("WR"), "{dialect:?} {what}: it is looked for");
        });
    }
}

#[test]
fn running_out_of_time_while_reading_back_is_passing() {
    for (what, write) in writes() {
        each(&[Fault::HalfUndone; 9], |dialect, server| {
            let settings = Settings { deadline_ms: 300, ..Settings::default() };
            let error = failed(write(&server, settings), dialect);
            assert!(error.maybe_applied && !error.is_permanent(), "{dialect:?} {what}: {error:?}");
            // The response of v1 to a membership is unreadable, which is passing too.
            let unreadable = dialect == Dialect::V1 && matches!(what, "add" | "remove");
            let expected = if unreadable { Code::AnswerUnusable } else { Code::DeadlineExceeded };
            assert_eq!(error.code, expected, "{dialect:?} {what}");
        });
    }
}

#[test]
fn if_only_the_check_failed_for_a_passing_reason_that_is_the_error() {
    let error = |code| Error::new(code, "it failed").about("ada@example.com");
    let mut refused = error(Code::ServerRefused);
    (refused.maybe_applied, refused.attempts) = (true, 2);
    let chosen = unchecked(refused.clone(), Error::new(Code::DeadlineExceeded, "late"));
    assert_eq!((chosen.code, chosen.maybe_applied), (Code::DeadlineExceeded, true));
    assert_eq!((chosen.attempts, chosen.subject.as_deref()), (2, Some("ada@example.com")));
    for (write, check) in [
        (Code::ServerRefused, Code::TokenRejected),
        (Code::ConnectionFailed, Code::DeadlineExceeded),
        (Code::ConnectionFailed, Code::TokenRejected),
    ] {
        assert_eq!(unchecked(error(write), error(check)).code, write);
    }
}
