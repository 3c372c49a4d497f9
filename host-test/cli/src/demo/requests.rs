//! The requests of the walkthrough: one new user, a roster, one leaver.

use anyhow::Context;

use crate::failure::Failure;
use crate::roster::{self, Format, Options};
use host_test::Tenant;
use host_test::requests;
use host_test::retool::directory::PageRequest;
use host_test::retool::lifecycle::{DeprovisionMode, DeprovisionRequest, ProvisionRequest};
use host_test::retool::synchronization::{AbsentPolicy, MembershipPolicy, SyncPolicy, SyncRequest};
use host_test::retool::types::{GroupRef, User, UserType};

pub(super) const ADA: &str = "ada.byron@example.com";

/// The groups that Ada and the new people join; the mock has them.
const GROUPS: [&str; 2] = ["Engineering", "Support"];

pub(super) fn newcomer() -> ProvisionRequest {
    ProvisionRequest {
        first_name: Some("Ada".to_owned()),
        last_name: Some("Byron".to_owned()),
        user_type: Some(UserType::Default),
        groups: GROUPS.map(|name| requests::membership(GroupRef::Name(name.to_owned()))).to_vec(),
        create_missing: true,
        update_existing: true,
        ..requests::provision(ADA)
    }
}

pub(super) fn leaver() -> DeprovisionRequest {
    requests::deprovision(ADA, DeprovisionMode::DisableAndStripGroups)
}

/// A roster made from the users of the mock.
pub(super) struct RosterFile {
    /// The roster as a CSV file.
    pub(super) roster: String,
}

impl RosterFile {
    pub(super) async fn of(tenant: &Tenant) -> Result<RosterFile, Failure> {
        let page = PageRequest {
            cursor: None,
            page_size: Some(1000),
            with_members: false,
            with_other_ids: false,
        };
        let people = tenant.page_users(&page).await??.users;
        let rows = rows(people).context("the mock has too few people to change some of them")?;
        let roster = table(rows).context("the roster could not be written")?;
        Ok(RosterFile { roster })
    }

    /// Syncs the roster. Users who are not on it are disabled.
    pub(super) fn request(&self) -> Result<SyncRequest, Failure> {
        request(&self.roster)
    }

    /// The same with only the first rows of the roster.
    pub(super) fn cut_short(&self) -> Result<SyncRequest, Failure> {
        let lines: Vec<&str> = self.roster.lines().take(4).collect();
        request(&lines.join("\n"))
    }
}

fn request(roster: &str) -> Result<SyncRequest, Failure> {
    let roster = roster::parse(roster.as_bytes(), Format::Csv, &Options::default())
        .map_err(|refusal| Failure::Roster { path: "the walkthrough's roster".into(), refusal })?;
    Ok(requests::sync(
        roster.entries,
        SyncPolicy {
            create_missing: true,
            update_existing: true,
            absent: AbsentPolicy::Disable,
            memberships: MembershipPolicy::Add,
            create_missing_groups: true,
            default_user_type: Some(UserType::Mobile),
            ..requests::sync_policy()
        },
    ))
}

/// One line of the roster: email, first name, last name, groups.
type Row = [String; 4];

/// The enabled users: one left out, one with another last name, one with another group; and two
/// new users. `None` if there are too few users to change.
fn rows(people: Vec<User>) -> Option<Vec<Row>> {
    let mut enabled: Vec<User> =
        people.into_iter().filter(|user| !user.disabled && user.email.is_some()).collect();
    let may_change = |user: &User| !user.admin && user.email.as_deref() != Some(ADA);
    let gone = enabled.iter().position(may_change)?;
    enabled.remove(gone);

    let mut rows: Vec<Row> = enabled
        .iter()
        .map(|user| {
            [
                user.email.clone().unwrap_or_default(),
                user.first_name.clone().unwrap_or_default(),
                user.last_name.clone().unwrap_or_default(),
                String::new(),
            ]
        })
        .collect();
    let mut others = (0..enabled.len()).filter(|&at| may_change(&enabled[at]));
    let (renamed, joining) = (others.next()?, others.next()?);
    rows[renamed][2] += "-Hopper";
    rows[joining][3] = "Night Shift".to_owned();
    let new = |first: &str, last: &str, groups: &str| {
        [
            format!("{first}.{last}@example.com").to_lowercase(),
            first.to_owned(),
            last.to_owned(),
            groups.to_owned(),
        ]
    };
    rows.push(new("Mary", "Somerville", &GROUPS.join("; ")));
    rows.push(new("Evariste", "Galois", "Night Shift"));
    Some(rows)
}

fn table(rows: Vec<Row>) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    let mut writer = csv::Writer::from_writer(&mut bytes);
    writer.write_record(["email", "first name", "last name", "groups"])?;
    for row in rows {
        writer.write_record(row)?;
    }
    writer.flush()?;
    drop(writer);
    Ok(String::from_utf8(bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::user;
    use host_test::retool::types::UserRef;

    fn address(user: &UserRef) -> &str {
        match user {
            UserRef::Email(email) => email,
            other => panic!("{other:?}"),
        }
    }

    fn people(admins: usize, others: usize) -> Vec<User> {
        let person = |admin, number| User {
            admin,
            first_name: Some("A, \"B\"".to_owned()),
            last_name: Some("C".to_owned()),
            ..user(&format!("{admin}-{number}@x.com"))
        };
        let admins = (0..admins).map(|number| person(true, number));
        admins.chain((0..others).map(|number| person(false, number))).collect()
    }

    #[test]
    fn the_written_roster_can_be_read_again() {
        let roster = table(rows(people(2, 3)).expect("rows")).expect("a table");
        let roster = roster::parse(roster.as_bytes(), Format::Csv, &Options::default());
        let entries = roster.expect("a roster").entries;
        let emails: Vec<&str> = entries.iter().map(|entry| address(&entry.user)).collect();
        assert_eq!(
            emails,
            [
                "true-0@x.com",
                "true-1@x.com",
                "false-1@x.com",
                "false-2@x.com",
                "mary.somerville@example.com",
                "evariste.galois@example.com",
            ]
        );
        assert_eq!(entries[2].first_name.as_deref(), Some("A, \"B\""));
        assert_eq!(entries[2].last_name.as_deref(), Some("C-Hopper"));
        assert_eq!(entries[3].groups.len(), 1);
        assert_eq!(entries[4].groups.len(), 2);
    }

    #[test]
    fn administrators_and_disabled_users_are_not_changed() {
        assert!(rows(people(5, 2)).is_none());
        let mut disabled = people(2, 3);
        disabled[2].disabled = true;
        assert!(rows(disabled).is_none());
    }
}
