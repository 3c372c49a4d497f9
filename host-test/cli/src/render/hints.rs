//! Hints: the flags of the command that help against an error.

use serde_json::Value;

use crate::guards;
use host_test::retool::synchronization::Guard;
use host_test::retool::types::ErrorDetail;
use host_test::{FailureReason, json};

/// Codes of errors and refusals, each with the hint in a sync or plan, and the hint in the commands
/// for one person. `docs/errors.md` lists the codes.
const CODES: [(&str, Option<&str>, Option<&str>); 10] = [
    ("creation-not-allowed", Some("without --no-create they are created"), None),
    (
        "cursor-invalid",
        None,
        Some(
            "--cursor-file FILE: move that file away and start again; \
             changes since it was written are then not reported",
        ),
    ),
    (
        "group-not-found",
        Some("--create-missing-groups creates groups that are missing"),
        Some("--create-missing-groups creates groups that are missing"),
    ),
    (
        "last-admin",
        Some("--minimum-admins N lowers how many must remain"),
        Some("--minimum-admins N (deprovision) lowers how many must remain"),
    ),
    (
        "outside-span",
        Some("--start EMAIL and --before EMAIL are the span; without them it is everyone"),
        None,
    ),
    (
        "plan-changed",
        None,
        Some("plan --out FILE makes a plan to approve; --approve is its digest"),
    ),
    (
        "protected-person",
        Some("--protect EMAIL protects them: leave that out"),
        Some("--protect EMAIL protects them: leave that out"),
    ),
    (
        "user-disabled",
        Some("--re-enable enables people who are disabled"),
        Some("--re-enable enables people who are disabled"),
    ),
    (
        "user-not-found",
        None,
        Some(
            "without --no-create (provision) the person is created; \
             --re-create (restore) creates the account again",
        ),
    ),
    (
        "user-type-required",
        Some("--default-user-type TYPE, or a user type on the roster, gives one"),
        Some("--user-type TYPE gives one"),
    ),
];

/// Every guard that a switch changes. The component's messages name guards as WIT does.
const GUARDS: [Guard; 12] = [
    Guard::UserRemovals,
    Guard::MemberRemovals,
    Guard::MembershipRemovals,
    Guard::Creations,
    Guard::Promotions,
    Guard::ReEnablements,
    Guard::Updates,
    Guard::MemberAdditions,
    Guard::MinimumAdmins,
    Guard::RequiredAdmins,
    Guard::ProtectedPeople,
    Guard::EmptyRoster,
];

/// Returns the switch that changes the limit of a guard; `None` if no switch should.
pub(super) fn for_guard(guard: Guard) -> Option<&'static str> {
    guards::hint(guard)
}

/// Returns the hint for a request that got no response.
pub(crate) fn for_request(reason: FailureReason) -> Option<&'static str> {
    match reason {
        FailureReason::UnknownAuthority | FailureReason::NoAuthorities => {
            Some("--ca-file FILE trusts the certificate authorities in a file")
        }
        _ => None,
    }
}

/// Returns the hint for a code in a plan or a report.
pub(super) fn for_sync(code: &str) -> Option<&'static str> {
    CODES.iter().find(|(of, ..)| *of == code).and_then(|(_, sync, _)| *sync)
}

/// Returns the hint for an error that ended a command.
pub(crate) fn for_error(detail: &ErrorDetail) -> Option<String> {
    if detail.code == "guard-tripped" {
        // One error covers all tripped guards; its message names them.
        let is_named = |guard: &&Guard| {
            let name = json::value(*guard).ok();
            let name = name.as_ref().and_then(Value::as_str).unwrap_or_default();
            detail.message.contains(&format!("Guard {name}:"))
        };
        let tripped = GUARDS.iter().filter(is_named);
        let hints: Vec<&str> = tripped.filter_map(|guard| for_guard(*guard)).collect();
        return (!hints.is_empty()).then(|| hints.join("; "));
    }
    let (_, sync, person) = CODES.iter().find(|(of, ..)| *of == detail.code)?;
    let field = detail.field.as_deref().unwrap_or_default();
    let of_sync = field.contains("roster") || field.contains("policy");
    let (first, second) = if of_sync { (sync, person) } else { (person, sync) };
    first.or(*second).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::args::Arguments;
    use crate::testing::detail;

    #[test]
    fn every_flag_in_a_hint_exists() {
        let command = Arguments::command();
        let known: Vec<String> = command
            .get_subcommands()
            .flat_map(|command| command.get_arguments())
            .filter_map(|argument| argument.get_long().map(|long| format!("--{long}")))
            .collect();
        let codes = CODES.iter().flat_map(|(_, sync, person)| [*sync, *person]);
        let guards = GUARDS.iter().map(|guard| for_guard(*guard));
        for hint in codes.chain(guards).flatten() {
            let mut flags = hint.split([' ', ',', ':', ';']).filter(|word| word.starts_with("--"));
            assert!(flags.clone().next().is_some(), "no flag in: {hint}");
            assert!(flags.all(|flag| known.iter().any(|long| long == flag)), "{hint}");
        }
    }

    #[test]
    fn tripped_guards_have_hints_with_their_flags() {
        let hint = |message| for_error(&detail("guard-tripped", message));
        let several = hint("Nothing was written. Guard user-removals: 9. Guard empty-roster: 0.");
        let several = several.expect("a hint");
        assert!(several.contains("--max-user-removals-floor"), "{several}");
        assert!(several.contains("--allow-empty-roster"), "{several}");
        assert!(!several.contains("--minimum-admins"), "{several}");
        assert_eq!(hint("Guard incomplete-snapshot: 1."), None);
    }

    #[test]
    fn an_error_about_the_roster_has_the_hint_for_sync() {
        let hint = |field: &str| {
            for_error(&ErrorDetail {
                field: Some(field.to_owned()),
                ..detail("user-type-required", "It is needed.")
            })
        };
        assert_eq!(hint("request.user-type").as_deref(), Some("--user-type TYPE gives one"));
        assert!(hint("request.roster[1].user-type").is_some_and(|hint| hint.contains("default")));
        assert_eq!(for_error(&detail("token-rejected", "It is.")), None);
    }
}
