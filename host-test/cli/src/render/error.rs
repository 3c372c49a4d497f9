//! Errors: what happened, which user it is about, what was written before, and what to do next.

use super::hints;
use super::style::alarm;
use super::switches;
use super::words::{self, count};
use host_test::HostError;
use host_test::retool::types::{Error, ErrorDetail, Write};
use host_test::text::printable;
use host_test::{error_case, error_kind};

/// Renders the component's error. `place` is the place of a bad field in the user's input.
pub(crate) fn error(error: &Error, place: Option<&str>) -> String {
    let (case, detail) = error_case(error);
    let Some(detail) = detail else {
        return format!(
            "{} {case}\n  The component could not be run, and gives no details.\n  \
             next     run it again: it looks first, and does what is left\n",
            alarm("error:")
        );
    };
    let ErrorDetail {
        kind,
        code,
        message,
        subject,
        field,
        request,
        request_id,
        http_status,
        attempts,
        retry_after_ms,
        writes,
        // The caller prints them below the error.
        tombstones: _,
    } = detail;
    let kind = error_kind(*kind);
    let mut text = format!(
        "{} {kind} ({})\n  {}\n",
        alarm("error:"),
        printable(code),
        printable(&switches::of_person(message, field.as_deref()))
    );
    let mut line = |label: &str, value: &str| {
        text += &format!("  {label:<9}{value}\n");
    };
    if let Some(subject) = subject {
        line("concerns", &printable(subject));
    }
    match (place, field) {
        (Some(place), _) => line("at", &printable(place)),
        (None, Some(field)) => line("field", &printable(field)),
        (None, None) => {}
    }
    if let Some(request) = request {
        let answer = match http_status {
            Some(status) => format!("answered {status}"),
            None => "no usable answer".to_owned(),
        };
        let id = match request_id {
            Some(id) => format!(", request id {}", printable(id)),
            None => String::new(),
        };
        line(
            "request",
            &format!(
                "{}: {answer} ({}{id})",
                printable(request),
                count(*attempts as usize, "attempt", "attempts")
            ),
        );
    }
    match writes.is_empty() {
        true => line("written", "nothing"),
        false => text += &written_before(writes),
    }
    let mut line = |label: &str, value: &str| {
        text += &format!("  {label:<9}{value}\n");
    };
    if let Some(hint) = hints::for_error(detail) {
        line("flag", &hint);
    }
    line("next", &next(matches!(error, Error::Permanent(_)), *retry_after_ms, writes.is_empty()));
    text
}

/// Renders the writes that were made before an error.
pub(crate) fn written_before(writes: &[Write]) -> String {
    let label = |at| if at == 0 { "written" } else { "" };
    let line = |(at, write)| format!("  {:<9}{}\n", label(at), words::write(write));
    writes.iter().enumerate().map(line).collect()
}

fn next(permanent: bool, retry_after_ms: Option<u32>, nothing_written: bool) -> String {
    let again = if nothing_written { "run it again" } else { "run it again: it does what is left" };
    match (permanent, retry_after_ms) {
        (true, _) => format!("fix the problem above, then {again}"),
        (false, Some(wait)) => format!("wait {} s, then {again}", wait.div_ceil(1000)),
        (false, None) => format!("{again}, now or later"),
    }
}

/// Renders the host's own error.
pub(crate) fn host_error(error: &HostError) -> String {
    let mut text =
        format!("{} {}\n  {}\n", alarm("error:"), error.code(), printable(&error.to_string()));
    if !matches!(error, HostError::Setup { .. }) {
        let written =
            if error.may_have_written() { "what was written is not known" } else { "nothing" };
        text += &format!("  written  {written}\n");
        text += "  next     run it again: it looks first, and does what is left\n";
        if may_be_too_much(error) {
            text += "           if it ends like this again, ask for less at once, such as a part of the roster\n";
            text += "           (--start, --before)\n";
        }
    }
    text
}

/// Returns whether the call may have ended because it was about too many people. Then it ends like
/// this each time. An answer that is too large is a trap to the engine.
fn may_be_too_much(error: &HostError) -> bool {
    match error {
        HostError::Trap { .. } | HostError::Memory { .. } | HostError::Compute { .. } => true,
        HostError::Setup { .. }
        | HostError::WallClock { .. }
        | HostError::Busy { .. }
        | HostError::Stopped { .. }
        | HostError::Resources { .. }
        | HostError::ProxyChoosesAddress { .. }
        | HostError::Egress { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::style::plain;
    use super::*;
    use crate::testing::{detail, written};
    use host_test::retool::types::{ErrorKind, WriteKind};

    #[test]
    fn an_error_lists_what_was_written_before_it() {
        let text = error(
            &Error::Permanent(ErrorDetail {
                kind: ErrorKind::Denied,
                subject: Some("ada@x.com".to_owned()),
                request: Some("POST /api/v1/groups/{id}/members".to_owned()),
                request_id: Some("r-1".to_owned()),
                http_status: Some(403),
                attempts: 1,
                writes: vec![
                    written(WriteKind::UserCreated, "ada@x.com", None),
                    written(WriteKind::MemberAdded, "ada@x.com", Some("Sales")),
                ],
                ..detail("scope-missing", "The token lacks groups:write.")
            }),
            None,
        );
        assert_eq!(
            plain(&text),
            "\
error: denied (scope-missing)
  The token lacks groups:write.
  concerns ada@x.com
  request  POST /api/v1/groups/{id}/members: answered 403 (1 attempt, request id r-1)
  written  user created: ada@x.com
           member added: ada@x.com to Sales
  next     fix the problem above, then run it again: it does what is left
"
        );
    }

    #[test]
    fn a_transient_error_says_how_long_to_wait() {
        let text = error(
            &Error::Transient(ErrorDetail {
                kind: ErrorKind::RateLimited,
                retry_after_ms: Some(1_500),
                ..detail("rate-limited", "Too many requests.")
            }),
            None,
        );
        assert_eq!(
            plain(&text),
            "\
error: rate-limited (rate-limited)
  Too many requests.
  written  nothing
  next     wait 2 s, then run it again
"
        );
    }

    #[test]
    fn a_bad_field_is_named_by_its_place_in_the_users_file() {
        let rendered = |place| {
            error(
                &Error::Permanent(ErrorDetail {
                    field: Some("request.roster[3].user.email".to_owned()),
                    ..detail("invalid-email", "No address.")
                }),
                place,
            )
        };
        assert!(rendered(None).contains("\n  field    request.roster[3].user.email\n"));
        assert!(rendered(Some("people.csv, line 5")).contains("\n  at       people.csv, line 5\n"));
    }

    #[test]
    fn a_host_error_in_a_writing_call_says_that_the_writes_are_not_known() {
        let text =
            host_error(&HostError::Trap { function: "sync", message: "unreachable".to_owned() });
        assert_eq!(
            plain(&text),
            "\
error: host-trap
  the component failed in `sync`: unreachable
  written  what was written is not known
  next     run it again: it looks first, and does what is left
           if it ends like this again, ask for less at once, such as a part of the roster
           (--start, --before)
"
        );
        let busy = HostError::Busy { function: "sync", limit: std::time::Duration::from_secs(1) };
        assert!(!host_error(&busy).contains("less at once"), "a busy host serves it later");
        let reading = HostError::Trap { function: "plan-sync", message: "unreachable".to_owned() };
        assert!(host_error(&reading).contains("\n  written  nothing\n"));
    }

    #[test]
    fn an_error_names_the_flag_that_helps() {
        let text = error(&Error::Permanent(detail("user-disabled", "The person is.")), None);
        assert!(text.contains("\n  flag     --re-enable enables"), "{text}");
    }
}
