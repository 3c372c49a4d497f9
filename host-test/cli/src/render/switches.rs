//! The switches of the command for the names that the component's errors have for its parameters.

/// Fields of requests without `request.`, places in lists and the parts of a reference, each with
/// its switch, where the name is another.
const FIELDS: [(&str, &str); 28] = [
    ("add-members", "--email"),
    ("approved-digest", "--approve"),
    ("attributes", "--attribute"),
    ("expected-digest", "--expect"),
    ("expected-id", "--expect-id"),
    ("former-emails", "--former-email"),
    ("group", "GROUP or --id"),
    ("group.id", "--id"),
    ("group.name", "GROUP"),
    ("groups", "--group"),
    ("name", "NAME"),
    ("new-name", "--to"),
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
    ("remove-members", "--email"),
    ("tombstones", "--tombstone"),
    ("user", "--email"),
];

/// Fields whose switch has the same name.
const SAME: [&str; 17] = [
    "access",
    "clear",
    "count",
    "disabled-since",
    "email",
    "even-with-members",
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
    if field.ends_with(".group-admin") {
        return Some(administer(field).to_owned());
    }
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

/// Returns the switch for whether a person administers a group, in this field of a request.
fn administer(field: &str) -> &'static str {
    if field.contains("add-members") { "--administer" } else { "--administer-group" }
}

/// Names of the contract in a message about one person or group, and what the command has for them.
const OF_PERSON: [(&str, &str); 7] = [
    ("`change-group`", "`groups set`"),
    ("`create-missing`", "--no-create"),
    ("`delete-once-disabled`", "--mode delete-after"),
    ("`disabled-since`", "--disabled-since"),
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

/// Returns the message about one person or group in the words of the command. `field` is the field
/// of the request that it is about, if there is one.
pub(super) fn of_person(message: &str, field: Option<&str>) -> String {
    let administer = administer(field.unwrap_or_default());
    replaced(message, &OF_PERSON).replace("`group-admin`", administer)
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
            ("request.groups[1].group-admin", "--administer-group"),
            ("request.add-members[1].group-admin", "--administer"),
            ("request.add-members[1].user.email", "--email"),
            ("request.remove-members[0].email", "--email"),
            ("request.new-name", "--to"),
            ("request.access[0]", "--access"),
            ("request.group.name", "GROUP"),
            ("request.group.id", "--id"),
            ("request.tombstones[2].user.email", "--tombstone"),
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
        let groups = command.find_subcommand("groups").expect("groups");
        let commands = command.get_subcommands().chain(groups.get_subcommands());
        let arguments: Vec<_> = commands.flat_map(clap::Command::get_arguments).collect();
        let known: Vec<_> = arguments.iter().filter_map(|argument| argument.get_long()).collect();
        let switches = FIELDS.iter().chain(&OF_PERSON).chain(&OF_SYNC).map(|(_, switch)| *switch);
        let switches = switches.chain(["request.add-members.", "request.groups."].map(administer));
        for switch in switches.filter_map(|switch| switch.strip_prefix("--")) {
            let name = switch.split(' ').next().unwrap_or_default();
            assert!(known.contains(&name), "{name}");
        }
        for name in SAME {
            assert!(known.contains(&name), "{name}");
        }
    }

    #[test]
    fn a_message_names_the_switch_of_its_command() {
        let message = "This API can't do that. Leave `group-admin` out.";
        let add = of_person(message, Some("request.add-members[0].group-admin"));
        assert_eq!(add, "This API can't do that. Leave --administer out.");
        let provision = of_person(message, Some("request.groups[0].group-admin"));
        assert_eq!(provision, "This API can't do that. Leave --administer-group out.");
    }
}
