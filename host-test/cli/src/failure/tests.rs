//! Tests of failures: exit codes, texts and JSON.

use anyhow::anyhow;

use super::codes::USAGE_CODES;
use super::*;
use crate::render::plain;
use crate::roster::RosterError;
use crate::testing::{detail, tombstone, written};
use host_test::retool::types::{ErrorKind, WriteKind};

#[test]
fn each_kind_of_failure_has_its_exit_code() {
    let plain = |kind| ErrorDetail { kind, ..detail("code", "It failed.") };
    let writing = |kind| ErrorDetail {
        writes: vec![written(WriteKind::UserCreated, "ada@x.com", None)],
        ..plain(kind)
    };
    let exit = |error: Error| Failure::from(error).exit();
    assert_eq!(exit(Error::Permanent(plain(ErrorKind::Denied))), Exit::Failed);
    assert_eq!(exit(Error::Transient(plain(ErrorKind::Unavailable))), Exit::Failed);
    assert_eq!(exit(Error::Permanent(plain(ErrorKind::InvalidInput))), Exit::Usage);
    assert_eq!(exit(Error::Permanent(plain(ErrorKind::Refused))), Exit::Refused);
    assert_eq!(exit(Error::Permanent(writing(ErrorKind::Refused))), Exit::Partly);
    assert_eq!(exit(Error::Transient(writing(ErrorKind::Unavailable))), Exit::Partly);
    assert_eq!(exit(Error::ExecutionFailed), Exit::Failed);
    assert_eq!(Failure::Usage(anyhow!("bad")).exit(), Exit::Usage);
    for (signal, code) in
        [(Signal::HangUp, 129), (Signal::Interrupt, 130), (Signal::Terminate, 143)]
    {
        let failure = Box::new(Failure::Usage(anyhow!("bad")));
        assert_eq!(Failure::Stopped { signal, failure }.exit().code(), code);
    }
    for code in USAGE_CODES {
        let denied = ErrorDetail { code: code.to_owned(), ..plain(ErrorKind::Denied) };
        assert_eq!(exit(Error::Permanent(denied)), Exit::Usage);
    }
}

#[test]
fn an_unprintable_result_exits_with_4_after_a_write_and_has_the_records() {
    let unprinted =
        || Failure::Unprinted { error: anyhow!("broken pipe"), writes: 0, records: Vec::new() };
    assert_eq!(unprinted().exit(), Exit::Failed);
    let recorded = unprinted().after(2, &[tombstone("ada@x.com")]);
    assert!(recorded.text().contains("\"recorded_at\": "), "{}", recorded.text());
    let error = &recorded.json()["error"]["execution-failed"];
    assert_eq!(error["tombstones"][0]["user"]["email"], "ada@x.com", "{error}");
    let written = unprinted().after(2, &[]);
    assert!(written.json()["error"]["execution-failed"].get("tombstones").is_none());
    assert_eq!(written.exit(), Exit::Partly);
    assert_eq!(
        plain(&written.text()),
        "error: the result could not be printed: broken pipe; 2 writes were made before\n"
    );
}

#[test]
fn control_characters_in_a_path_are_escaped() {
    let failure = Failure::Usage(anyhow!("a\u{1b}[2K.csv could not be read"));
    assert_eq!(plain(&failure.text()), "error: a\\u{1b}[2K.csv could not be read\n");
}

#[test]
fn an_error_as_json_has_the_form_of_the_contract() {
    let failure = Failure::from(Error::Permanent(ErrorDetail {
        kind: ErrorKind::Refused,
        writes: vec![written(WriteKind::UserCreated, "ada@x.com", None)],
        ..detail("guard-tripped", "Too many.")
    }));
    let error = failure.json()["error"]["permanent"].take();
    assert_eq!(error["kind"], "refused");
    assert_eq!(error["code"], "guard-tripped");
    assert_eq!(error["writes"][0]["kind"], "user-created");
}

#[test]
fn the_records_of_a_failed_call_are_printed_unless_they_are_in_a_file() {
    let error = || {
        let tombstones = vec![tombstone("ada@x.com")];
        Failure::from(Error::Permanent(ErrorDetail {
            tombstones,
            ..detail("scope-missing", "The token lacks groups:write.")
        }))
    };
    assert!(error().text().contains("\"recorded_at\": "), "{}", error().text());
    let recorded =
        Failure::Recorded { failure: Box::new(error()), path: "ada.json".into(), kept: Kept::File }
            .text();
    assert!(!recorded.contains("recorded_at") && recorded.contains("ada.json"), "{recorded}");
}

#[test]
fn every_error_as_json_is_an_object_of_its_case_with_code_and_message() {
    let failures = [
        Failure::Usage(anyhow!("bad")),
        Error::ExecutionFailed.into(),
        Error::Transient(detail("server-error", "It failed.")).into(),
        HostError::Setup { message: "bad".to_owned() }.into(),
        Failure::Other(anyhow!("bad")),
        Failure::Recorded {
            failure: Box::new(Failure::Other(anyhow!("bad"))),
            path: "ada.json".into(),
            kept: Kept::File,
        },
        Failure::After {
            failure: Box::new(Failure::Other(anyhow!("bad"))),
            writes: Vec::new(),
            records: Vec::new(),
        },
        Failure::Stopped {
            signal: Signal::Terminate,
            failure: Box::new(Error::Transient(detail("call-stopped", "It failed.")).into()),
        },
    ];
    for failure in failures {
        let document = failure.json();
        let error = document["error"].as_object().expect("an object");
        assert_eq!(error.len(), 1, "{document}");
        for (value, key) in error.values().flat_map(|value| [(value, "code"), (value, "message")]) {
            assert!(value[key].is_string(), "{key} of {document}");
        }
    }
}

#[test]
fn a_roster_error_as_json_has_file_line_and_column() {
    let error = |line| RosterError { line, column: 2, message: "bad".to_owned() };
    let roster = |errors, more| Failure::Roster {
        path: "people.csv".into(),
        refusal: Refusal { errors, more },
    };
    let failure = roster(vec![error(3)], 0);
    assert_eq!(
        failure.json(),
        json!({"error": {"usage": {
            "code": "roster", "message": "bad",
            "file": "people.csv", "line": 3, "column": 2,
            "mistakes": [{"line": 3, "column": 2, "message": "bad"}], "more": 0,
        }}})
    );
    assert_eq!(plain(&failure.text()), "error: people.csv, line 3, column 2: bad\n");
    assert_eq!(
        plain(&roster(vec![error(3), error(4)], 5).text()),
        "error: people.csv has 7 mistakes:\n  line 3, column 2: bad\n  line 4, column 2: bad\n  \
         and 5 more\n"
    );
}
