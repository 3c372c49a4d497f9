//! The switches of the command for the names that the component's errors have for its parameters.

/// Fields of requests without `request.`, places in lists and the parts of a reference, each with
/// its switch, where the name is another.
const FIELDS: [(&str, &str); 20] = [
    ("approved-digest", "--approve"),
    ("attributes", "--attribute"),
    ("expected-digest", "--expect"),
    ("expected-id", "--expect-id"),
    ("former-emails", "--former-email"),
    ("groups", "--group"),
    ("policy.absence-scope.domains", "--absent-domain"),
    ("policy.absence-scope.members-of", "--absent-member-of"),
    ("policy.absence-scope.spare-created-within-days", "--spare-created-within-days"),
    ("policy.absence-scope.without-address", "--absent-without-address"),
    ("policy.absent", "--absent"),
    ("policy.default-user-type", "--default-user-type"),
    ("policy.guards.minimum-admins", "--minimum-admins"),
    ("policy.guards.protected-people", "--protect"),
    ("policy.guards.required-admins", "--require-admin"),
    ("policy.inactive-for-days", "--inactive-for-days"),
    ("policy.leave-disabled", "--leave-disabled"),
    ("policy.managed-groups", "--manage-group"),
    ("protected-people", "--protect"),
    ("user", "--email"),
];

/// Fields whose switch has the same name.
const SAME: [&str; 15] = [
    "clear",
    "count",
    "disabled-since",
    "email",
    "first",
    "first-name",
    "last-name",
    "metadata",
    "minimum-admins",
    "mode",
    "profile-photo-url",
    "re-create",
    "skip-lookup",
    "user-type",
    "way-in",
];

/// Returns the switch for a field of an error, if the command has one.
pub(crate) fn of_field(field: &str) -> Option<String> {
    let field = field.strip_prefix("request.")?;
    let field = field.split('[').next().unwrap_or_default();
    let field = if field.starts_with("user.") { "user" } else { field };
    if let Some((guard, part)) =
        field.strip_prefix("policy.guards.").and_then(|guard| guard.split_once('.'))
    {
        return Some(format!("--max-{guard}-{part}"));
    }
    if let Some(end) = field.strip_prefix("span") {
        return Some(match end {
            ".start" => "--start".to_owned(),
            ".before" => "--before".to_owned(),
            _ => "--start and --before".to_owned(),
        });
    }
    let other = FIELDS.iter().find(|(of, _)| *of == field).map(|(_, switch)| (*switch).to_owned());
    other.or_else(|| SAME.contains(&field).then(|| format!("--{field}")))
}

/// Names of the contract in a message about one person, and what the command has for them.
const OF_PERSON: [(&str, &str); 7] = [
    ("`create-missing`", "--no-create"),
    ("`delete-once-disabled`", "--mode delete-after"),
    ("`disabled-since`", "--disabled-since"),
    ("`group-admin`", "--administer-group"),
    ("`re-create`", "--re-create"),
    ("`skip-lookup`", "--skip-lookup"),
    ("`way-in` `invitation`", "--way-in invitation"),
];

/// The same for a plan and a report.
const OF_SYNC: [(&str, &str); 3] = [
    ("`disable-then-delete`", "--delete-after-days"),
    ("`disabled-since`", "--grace-file"),
    ("`group-admin`", "the `*` behind a group"),
];

/// Returns the message about one person in the words of the command.
pub(super) fn of_person(message: &str) -> String {
    replaced(message, &OF_PERSON)
}

/// Returns the message of a plan or a report in the words of the command.
pub(super) fn of_sync(message: &str) -> String {
    replaced(message, &OF_SYNC)
}

fn replaced(message: &str, names: &[(&str, &str)]) -> String {
    names.iter().fold(message.to_owned(), |text, (name, switch)| text.replace(name, switch))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::args::Arguments;

    #[test]
    fn a_field_is_named_by_its_switch() {
        for (field, switch) in [
            ("request.user.email", "--email"),
            ("request.groups[1]", "--group"),
            ("request.groups[1].group-admin", "--group"),
            ("request.first-name", "--first-name"),
            ("request.policy.guards.user-removals.percent", "--max-user-removals-percent"),
            ("request.policy.guards.required-admins[0]", "--require-admin"),
            ("request.span.before", "--before"),
        ] {
            assert_eq!(of_field(field).as_deref(), Some(switch), "{field}");
        }
        assert_eq!(of_field("request.roster[1].user.email"), None);
        assert_eq!(of_field("connection.base-url"), None);
    }

    #[test]
    fn every_switch_exists() {
        let command = Arguments::command();
        let arguments = command.get_subcommands().flat_map(clap::Command::get_arguments);
        let known: Vec<_> = arguments.filter_map(clap::Arg::get_long).collect();
        let switches = FIELDS.iter().chain(&OF_PERSON).chain(&OF_SYNC).map(|(_, switch)| *switch);
        for switch in switches.filter_map(|switch| switch.strip_prefix("--")) {
            let name = switch.split(' ').next().unwrap_or_default();
            assert!(known.contains(&name), "{name}");
        }
        assert!(SAME.iter().all(|name| known.contains(name)));
    }
}
