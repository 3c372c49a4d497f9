//! Errors: what happened, to whom, what was written before, what to do next.

use super::hints;
use super::style::alarm;
use super::words::{self, count};
use crate::answer::{error_case, error_kind};
use crate::error::HostError;
use crate::retool::types::{Error, ErrorDetail};
use crate::text::shown;

/// The component's own error. `place` says where in the user's own input a bad field is.
pub(crate) fn error(error: &Error, place: Option<&str>) -> String {
    let (case, detail) = error_case(error);
    let Some(detail) = detail else {
        return format!(
            "{} {case}\n  The component could not be run, and says no more.\n  \
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
        // For the caller to keep, below the error.
        tombstones: _,
    } = detail;
    let kind = error_kind(*kind);
    let mut text = format!("{} {kind} ({})\n  {}\n", alarm("error:"), shown(code), shown(message));
    let mut line = |label: &str, value: &str| {
        text += &format!("  {label:<9}{value}\n");
    };
    if let Some(subject) = subject {
        line("concerns", &shown(subject));
    }
    match (place, field) {
        (Some(place), _) => line("at", &shown(place)),
        (None, Some(field)) => line("field", &shown(field)),
        (None, None) => {}
    }
    if let Some(request) = request {
        let answer = match http_status {
            Some(status) => format!("answered {status}"),
            None => "no usable answer".to_owned(),
        };
        let id = match request_id {
            Some(id) => format!(", request id {}", shown(id)),
            None => String::new(),
        };
        line(
            "request",
            &format!(
                "{}: {answer} ({}{id})",
                shown(request),
                count(*attempts as usize, "attempt", "attempts")
            ),
        );
    }
    if writes.is_empty() {
        line("written", "nothing");
    } else {
        for (at, write) in writes.iter().enumerate() {
            line(if at == 0 { "written" } else { "" }, &words::write(write));
        }
    }
    if let Some(hint) = hints::for_error(detail) {
        line("flag", &hint);
    }
    line("next", &next(matches!(error, Error::Permanent(_)), *retry_after_ms, writes.is_empty()));
    text
}

fn next(permanent: bool, retry_after_ms: Option<u32>, nothing_written: bool) -> String {
    let again = if nothing_written { "run it again" } else { "run it again: it does what is left" };
    match (permanent, retry_after_ms) {
        (true, _) => format!("change what is said above, then {again}"),
        (false, Some(wait)) => format!("wait {} s, then {again}", wait.div_ceil(1000)),
        (false, None) => format!("{again}, now or later"),
    }
}

/// The host's own failure.
pub(crate) fn host_error(error: &HostError) -> String {
    let mut text =
        format!("{} {}\n  {}\n", alarm("error:"), error.code(), shown(&error.to_string()));
    if !matches!(error, HostError::Setup { .. }) {
        let written =
            if error.may_have_written() { "what was written is not known" } else { "nothing" };
        text += &format!("  written  {written}\n");
        text += "  next     run it again: it looks first, and does what is left\n";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::samples::{detail, written};
    use super::super::style::plain;
    use super::*;
    use crate::retool::types::{ErrorKind, WriteKind};

    #[test]
    fn an_error_says_what_was_written_before_it() {
        let shown = error(
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
            plain(&shown),
            "\
error: denied (scope-missing)
  The token lacks groups:write.
  concerns ada@x.com
  request  POST /api/v1/groups/{id}/members: answered 403 (1 attempt, request id r-1)
  written  user created: ada@x.com
           member added: ada@x.com to Sales
  next     change what is said above, then run it again: it does what is left
"
        );
    }

    #[test]
    fn a_passing_error_says_how_long_to_wait() {
        let shown = error(
            &Error::Transient(ErrorDetail {
                kind: ErrorKind::RateLimited,
                retry_after_ms: Some(1_500),
                ..detail("rate-limited", "Too many requests.")
            }),
            None,
        );
        assert_eq!(
            plain(&shown),
            "\
error: rate-limited (rate-limited)
  Too many requests.
  written  nothing
  next     wait 2 s, then run it again
"
        );
    }

    #[test]
    fn a_bad_field_is_shown_where_the_user_wrote_it() {
        let shown = |place| {
            error(
                &Error::Permanent(ErrorDetail {
                    field: Some("request.roster[3].user.email".to_owned()),
                    ..detail("invalid-email", "No address.")
                }),
                place,
            )
        };
        assert!(shown(None).contains("\n  field    request.roster[3].user.email\n"));
        assert!(shown(Some("people.csv, line 5")).contains("\n  at       people.csv, line 5\n"));
    }

    #[test]
    fn a_host_error_says_that_the_writes_are_not_known() {
        let shown =
            host_error(&HostError::Trap { function: "sync", message: "unreachable".to_owned() });
        assert_eq!(
            plain(&shown),
            "\
error: host-trap
  the component failed in `sync`: unreachable
  written  what was written is not known
  next     run it again: it looks first, and does what is left
"
        );
        let reading = HostError::Trap { function: "plan-sync", message: "unreachable".to_owned() };
        assert!(host_error(&reading).contains("\n  written  nothing\n"));
    }

    #[test]
    fn the_flag_that_helps_is_named() {
        let shown = error(&Error::Permanent(detail("user-disabled", "The person is.")), None);
        assert!(shown.contains("\n  flag     --re-enable enables"), "{shown}");
    }
}
