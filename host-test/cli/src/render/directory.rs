//! People and groups as they are in Retool.

use super::style::{HEADING, painted};
use super::table::table;
use super::words::{self, count};
use host_test::retool::types::{Group, GroupLink, Member, User};
use host_test::text::{printable, quoted};

/// The columns of `users --csv`.
pub(crate) const USER_COLUMNS: [&str; 11] = [
    "email",
    "login",
    "first name",
    "last name",
    "user type",
    "state",
    "admin",
    "last active",
    "created",
    "groups",
    "id",
];

/// The columns of `groups --csv`.
pub(crate) const GROUP_COLUMNS: [&str; 5] = ["name", "members", "access", "created", "id"];

/// Returns the cells of `users --csv`, as the server has them.
pub(crate) fn user_cells(users: &[User]) -> Vec<Vec<String>> {
    let cells = |user: &User| {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let groups: Vec<&str> =
            user.groups.iter().flatten().filter_map(|link| link.name.as_deref()).collect();
        vec![
            text(&user.email),
            text(&user.login),
            text(&user.first_name),
            text(&user.last_name),
            user.user_type.map(words::user_type).unwrap_or_default().to_owned(),
            state(user).to_owned(),
            yes_or_no(user.admin).to_owned(),
            text(&user.last_active_at),
            text(&user.created_at),
            groups.join("; "),
            words::user_id(&user.id),
        ]
    };
    users.iter().map(cells).collect()
}

/// Returns the cells of `groups --csv`, as the server has them.
pub(crate) fn group_cells(groups: &[Group]) -> Vec<Vec<String>> {
    let cells = |group: &Group| {
        let access = group.access.iter().map(|of| format!("{}={}", of.name, of.value));
        vec![
            group.name.clone(),
            members_of(group),
            access.collect::<Vec<_>>().join("; "),
            group.created_at.clone().unwrap_or_default(),
            words::bare_group_id(&group.id),
        ]
    };
    groups.iter().map(cells).collect()
}

/// Renders some of `all` people as a table.
pub(crate) fn users(users: &[User], all: usize) -> String {
    let row = |user: &User| {
        vec![
            person(user),
            name(user),
            user.user_type.map_or("-", words::user_type).to_owned(),
            state(user).to_owned(),
            yes_or_no(user.admin).to_owned(),
            day(user.last_active_at.as_deref()),
            groups_of(user),
        ]
    };
    let rows: Vec<Vec<String>> = users.iter().map(row).collect();
    let header = ["email", "name", "type", "state", "admin", "last active", "groups"];
    let mut text = if users.is_empty() { String::new() } else { table(&header, &rows) + "\n" };
    let of = if users.len() == all { String::new() } else { format!(" of {all}") };
    let with = |wanted: &str| users.iter().filter(|user| state(user) == wanted).count();
    let admins = users.iter().filter(|user| user.admin).count();
    text += &format!(
        "{}{of}: {} enabled, {} disabled, {} invited; {}\n",
        count(users.len(), "person", "people"),
        with("enabled"),
        with("disabled"),
        with("invited"),
        count(admins, "administrator", "administrators")
    );
    text
}

/// Renders one person with all fields.
pub(crate) fn user(user: &User) -> String {
    let mut text = format!("{}\n", painted(HEADING, &person(user)));
    let mut line = |label: &str, value: String| text += &format!("  {label}: {value}\n");
    line("id", words::user_id(&user.id));
    if let Some(login) = &user.login {
        line("login", printable(login).into_owned());
    }
    line("state", state(user).to_owned());
    for (label, value) in [
        ("first name", &user.first_name),
        ("last name", &user.last_name),
        ("profile photo", &user.profile_photo_url),
    ] {
        if let Some(value) = value {
            line(label, quoted(value));
        }
    }
    if let Some(user_type) = user.user_type {
        line("user type", words::user_type(user_type).to_owned());
    }
    line("administrator", yes_or_no(user.admin).to_owned());
    line("groups", groups_of(user));
    if let Some(metadata) = &user.metadata {
        line("metadata", printable(metadata).into_owned());
    }
    for (label, value) in [
        ("created", &user.created_at),
        ("changed", &user.updated_at),
        ("last active", &user.last_active_at),
    ] {
        if let Some(value) = value {
            line(label, printable(value).into_owned());
        }
    }
    text
}

/// Renders groups as a table, with the number of members if they were read.
pub(crate) fn groups(groups: &[Group]) -> String {
    let counts = groups.iter().any(|group| group.members.is_some());
    let row = |group: &Group| {
        let members = counts.then(|| members_of(group));
        let app = group.access.iter().find(|of| of.name == "universal-app-access");
        let app = app.map_or("-".into(), |of| printable(&of.value)).into_owned();
        let id = words::bare_group_id(&group.id);
        let name = printable(&group.name).into_owned();
        [name].into_iter().chain(members).chain([app, id]).collect()
    };
    let rows: Vec<Vec<String>> = groups.iter().map(row).collect();
    let header = ["group"].into_iter().chain(counts.then_some("members"));
    let header: Vec<&str> = header.chain(["app access", "id"]).collect();
    let text = if groups.is_empty() { String::new() } else { table(&header, &rows) + "\n" };
    text + &count(groups.len(), "group", "groups") + "\n"
}

/// Renders one group with its members.
pub(crate) fn group(group: &Group) -> String {
    let mut text = format!("{}\n", painted(HEADING, &printable(&group.name)));
    let mut line = |text_of: String| text += &format!("  {text_of}\n");
    line(format!("id: {}", words::bare_group_id(&group.id)));
    for setting in &group.access {
        line(format!("{}: {}", printable(&setting.name), printable(&setting.value)));
    }
    if let Some(created) = &group.created_at {
        line(format!("created: {}", printable(created)));
    }
    let Some(members) = &group.members else { return text };
    line(count(members.len(), "member", "members"));
    let mut members: Vec<String> = members.iter().map(member).collect();
    members.sort_by_cached_key(|member| member.to_lowercase());
    members.into_iter().for_each(|member| line(format!("  {member}")));
    text
}

/// Renders a member, and whether they administer the group.
pub(super) fn member(member: &Member) -> String {
    let name = words::person(member.email.as_deref(), None, Some(&member.id));
    let mark = if member.group_admin == Some(true) { " (administers the group)" } else { "" };
    format!("{}{mark}", printable(name))
}

fn members_of(group: &Group) -> String {
    group.members.as_ref().map(|members| members.len().to_string()).unwrap_or_default()
}

/// Renders the address of a person, or else the login or the id.
fn person(user: &User) -> String {
    let name = words::person(user.email.as_deref(), user.login.as_deref(), Some(&user.id));
    printable(name).into_owned()
}

fn name(user: &User) -> String {
    let names: Vec<&str> =
        [&user.first_name, &user.last_name].into_iter().flatten().map(String::as_str).collect();
    if names.is_empty() { "-".to_owned() } else { printable(&names.join(" ")).into_owned() }
}

/// Renders the groups of a person, with a `*` after those that they administer, as in a roster.
fn groups_of(user: &User) -> String {
    let link = |link: &GroupLink| {
        let mark = if link.group_admin == Some(true) { "*" } else { "" };
        words::group(link) + mark
    };
    let names: Vec<String> = user.groups.iter().flatten().map(link).collect();
    if names.is_empty() { "-".to_owned() } else { names.join(", ") }
}

fn state(user: &User) -> &'static str {
    match (user.invited, user.disabled) {
        (Some(true), _) => "invited",
        (_, true) => "disabled",
        (_, false) => "enabled",
    }
}

fn yes_or_no(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}

/// Renders the day of a date of the server.
fn day(date: Option<&str>) -> String {
    let day = date.map(|date| date.split_once('T').map_or(date, |(day, _)| day));
    day.map_or("-".to_owned(), |day| printable(day).into_owned())
}

#[cfg(test)]
mod tests {
    use super::super::style::plain;
    use super::*;
    use crate::testing::{group as link, user as someone};

    #[test]
    fn a_table_of_people_shows_states_and_the_last_activity_without_control_characters() {
        let ada = User {
            first_name: Some("A\u{1b}[2Kda".to_owned()),
            admin: true,
            last_active_at: Some("2026-01-02T03:04:05.000Z".to_owned()),
            groups: Some(vec![
                GroupLink { group_admin: Some(true), ..link("Sales") },
                link("Data"),
            ]),
            ..someone("ada@x.com")
        };
        let bob = User { invited: Some(true), user_type: None, ..someone("bob@x.com") };
        assert_eq!(
            plain(&users(&[ada, bob], 3)),
            "\
email      name          type     state    admin  last active  groups
ada@x.com  A\\u{1b}[2Kda  default  enabled  yes    2026-01-02   Sales*, Data
bob@x.com  -             -        invited  no     -            -

2 people of 3: 1 enabled, 0 disabled, 1 invited; 1 administrator
"
        );
    }
}
