//! What was asked for: the policy, its scope, and the guards' settings.

use maud::{Markup, html};

use super::super::words;
use crate::ids::user_id_of;
use host_test::retool::synchronization::{
    AbsentPolicy, GuardLimit, Guards, MembershipPolicy, Plan, SyncPolicy,
};
use host_test::retool::types::{GroupRef, UserRef};
use host_test::text::printable;

/// Renders what the plan was made for.
pub(super) fn policy(plan: &Plan) -> Markup {
    let lines = [of_people(plan), of_absence(&plan.policy), of_groups(&plan.policy)].concat();
    html! {
        details.card {
            summary { "What was asked for" }
            (table(&lines))
            h3 { "Settings of the guards" }
            (table(&of_guards(&plan.policy.guards)))
        }
    }
}

/// A setting and its value.
type Line = (&'static str, String);

fn table(lines: &[Line]) -> Markup {
    html! {
        table {
            @for (name, value) in lines {
                tr { th scope="row" { (name) } td { bdi { (printable(value)) } } }
            }
        }
    }
}

fn of_people(plan: &Plan) -> Vec<Line> {
    let SyncPolicy {
        create_missing,
        update_existing,
        re_enable_disabled,
        leave_disabled,
        default_user_type,
        ..
    } = &plan.policy;
    let choose = |is: bool, yes: &str, no: &str| (if is { yes } else { no }).to_owned();
    let disabled = match (re_enable_disabled, leave_disabled.unwrap_or_default()) {
        (true, _) => "enabled",
        (false, true) => "left as they are",
        (false, false) => "left as they are, and reported",
    };
    let mut lines = vec![
        ("People who are missing", choose(*create_missing, "created", "not created")),
        ("Fields of existing people", choose(*update_existing, "changed", "not changed")),
        ("Disabled people on the roster", disabled.to_owned()),
    ];
    if let Some(user_type) = default_user_type {
        let user_type = words::user_type(*user_type).to_owned();
        lines.push(("User type of new people if the roster has none", user_type));
    }
    if let Some(span) = &plan.span {
        let end = |end: &Option<String>, none: &str| end.clone().unwrap_or_else(|| none.to_owned());
        let text =
            format!("{} up to {}", end(&span.start, "the first"), end(&span.before, "the last"));
        lines.push(("Addresses that the roster covers", text));
    }
    lines
}

fn of_absence(policy: &SyncPolicy) -> Vec<Line> {
    let absent = match policy.absent {
        AbsentPolicy::Keep => "kept".to_owned(),
        AbsentPolicy::Disable => "disabled".to_owned(),
        AbsentPolicy::Delete => "deleted".to_owned(),
        AbsentPolicy::DisableThenDelete(days) => format!("disabled, and deleted after {days} days"),
    };
    let mut lines = vec![("People who are not on the roster", absent)];
    if let Some(days) = policy.inactive_for_days {
        lines.push(("The same for people who were not active for", format!("{days} days")));
    }
    if let Some(scope) = &policy.absence_scope {
        if !scope.domains.is_empty() {
            lines.push(("Only addresses of", scope.domains.join(", ")));
        }
        if !scope.members_of.is_empty() {
            lines.push(("Only members of", groups(&scope.members_of)));
        }
        if let Some(days) = scope.spare_created_within_days.filter(|days| *days > 0) {
            lines.push(("Never accounts that are younger than", format!("{days} days")));
        }
        if scope.without_address == Some(true) {
            lines.push(("Accounts without an address", "covered too".to_owned()));
        }
    }
    lines
}

fn of_groups(policy: &SyncPolicy) -> Vec<Line> {
    let memberships = match policy.memberships {
        MembershipPolicy::Leave => "left as they are",
        MembershipPolicy::Add => "added, never removed",
        MembershipPolicy::Exact => "exactly as on the roster",
    };
    let missing = if policy.create_missing_groups { "created" } else { "an error" };
    let mut lines = vec![("Memberships", memberships.to_owned())];
    if !policy.managed_groups.is_empty() {
        lines.push(("Also for the groups", groups(&policy.managed_groups)));
    }
    lines.push(("Groups that are missing", missing.to_owned()));
    lines
}

fn of_guards(guards: &Guards) -> Vec<Line> {
    let Guards {
        user_removals,
        member_removals,
        membership_removals,
        creations,
        promotions,
        re_enablements,
        updates,
        member_additions,
        minimum_admins,
        required_admins,
        protected_people,
        allow_empty_roster,
    } = guards;
    let limits = [
        ("People removed", user_removals),
        ("Members removed from one group", member_removals),
        ("Memberships removed", membership_removals),
        ("People created", creations),
        ("New administrators", promotions),
        ("People enabled", re_enablements),
        ("People changed", updates),
        ("Members added to one group", member_additions),
    ];
    let mut lines: Vec<Line> =
        limits.into_iter().map(|(name, limit)| (name, bound(limit.as_ref()))).collect();
    let minimum = minimum_admins.map_or_else(|| "the default".to_owned(), |it| it.to_string());
    lines.push(("Least administrators", minimum));
    if !required_admins.is_empty() {
        lines.push(("Stay administrators", people(required_admins)));
    }
    if !protected_people.is_empty() {
        lines.push(("Protected", people(protected_people)));
    }
    let empty = if *allow_empty_roster { "allowed" } else { "refused" };
    lines.push(("An empty roster", empty.to_owned()));
    lines
}

fn bound(limit: Option<&GuardLimit>) -> String {
    let Some(GuardLimit { percent, floor }) = limit else { return "the default".to_owned() };
    let or_default = |value: &Option<u32>, unit: &str| {
        value.map_or_else(|| format!("the default {unit}"), |value| format!("{value}{unit}"))
    };
    format!("at most {} or {}, whichever is more", or_default(percent, " %"), or_default(floor, ""))
}

fn groups(groups: &[GroupRef]) -> String {
    let names: Vec<String> = groups
        .iter()
        .map(|group| match group {
            GroupRef::Name(name) => name.clone(),
            GroupRef::Id(id) => words::named(None, Some(id)),
        })
        .collect();
    names.join(", ")
}

fn people(people: &[UserRef]) -> String {
    let names: Vec<&str> = people
        .iter()
        .map(|person| match person {
            UserRef::Email(text) | UserRef::Login(text) => text.as_str(),
            UserRef::Id(id) => user_id_of(id),
        })
        .collect();
    names.join(", ")
}
