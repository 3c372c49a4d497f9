//! Who arrives, changes and leaves in the demonstration.

use crate::cli::failure::Failure;
use crate::defaults::default_guards;
use crate::retool::directory::PageRequest;
use crate::retool::lifecycle::{DeprovisionMode, DeprovisionRequest, ProvisionRequest};
use crate::retool::synchronization::{AbsentPolicy, MembershipPolicy, SyncPolicy, SyncRequest};
use crate::retool::types::{GroupRef, User, UserType};
use crate::roster::{self, Format};
use crate::tenant::Tenant;

const ADA: &str = "ada.byron@example.com";

/// The groups that Ada and the new people join; the mock has them.
const GROUPS: [&str; 2] = ["Engineering", "Support"];

pub(super) fn newcomer() -> ProvisionRequest {
    ProvisionRequest {
        email: ADA.to_owned(),
        first_name: Some("Ada".to_owned()),
        last_name: Some("Byron".to_owned()),
        user_type: Some(UserType::Default),
        admin: None,
        profile_photo_url: None,
        groups: GROUPS.map(|name| GroupRef::Name(name.to_owned())).to_vec(),
        create_missing_groups: false,
        create_missing: true,
        update_existing: true,
        re_enable_disabled: false,
    }
}

pub(super) fn leaver() -> DeprovisionRequest {
    DeprovisionRequest {
        email: ADA.to_owned(),
        expected_id: None,
        mode: DeprovisionMode::DisableAndStripGroups,
        protected_people: Vec::new(),
        minimum_admins: None,
    }
}

/// A roster that was made from the people who are there.
pub(super) struct Scene {
    /// The roster as a CSV file.
    pub(super) roster: String,
}

impl Scene {
    pub(super) async fn of(tenant: &Tenant) -> Result<Scene, Failure> {
        let page = PageRequest {
            cursor: None,
            page_size: Some(1000),
            with_members: false,
            with_other_ids: false,
        };
        let people = tenant.page_users(&page).await??.users;
        let rows = rows(people).ok_or_else(|| {
            Failure::Other("the mock has too few people to change some of them".to_owned())
        })?;
        Ok(Scene { roster: table(rows)? })
    }

    /// What makes the roster true: people who are not on it are disabled.
    pub(super) fn request(&self) -> Result<SyncRequest, Failure> {
        request(&self.roster)
    }

    /// The same with a roster that ends after its first people.
    pub(super) fn cut_short(&self) -> Result<SyncRequest, Failure> {
        let lines: Vec<&str> = self.roster.lines().take(4).collect();
        request(&lines.join("\n"))
    }
}

fn request(roster: &str) -> Result<SyncRequest, Failure> {
    let roster = roster::parse(roster.as_bytes(), Format::Csv)
        .map_err(|error| Failure::Roster { path: "the demonstration's roster".into(), error })?;
    Ok(SyncRequest {
        roster: roster.entries,
        span: None,
        policy: SyncPolicy {
            create_missing: true,
            update_existing: true,
            re_enable_disabled: false,
            absent: AbsentPolicy::Disable,
            memberships: MembershipPolicy::Add,
            managed_groups: Vec::new(),
            create_missing_groups: true,
            default_user_type: Some(UserType::EndUser),
            guards: default_guards(),
        },
    })
}

/// One line of the roster: email, first name, last name, groups.
type Row = [String; 4];

/// The enabled people as they are, but for one who left, one with another name, and one with
/// another group; and two new ones. `None` where there are too few to do that with.
fn rows(people: Vec<User>) -> Option<Vec<Row>> {
    let mut enabled: Vec<User> = people.into_iter().filter(|user| !user.disabled).collect();
    let may_change = |user: &User| !user.admin && user.email != ADA;
    let gone = enabled.iter().position(may_change)?;
    enabled.remove(gone);

    let mut rows: Vec<Row> = enabled
        .iter()
        .map(|user| {
            [
                user.email.clone(),
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

fn table(rows: Vec<Row>) -> Result<String, Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let written = move || {
        writer.write_record(["email", "first name", "last name", "groups"])?;
        for row in rows {
            writer.write_record(row)?;
        }
        writer.flush()?;
        Ok::<_, csv::Error>(writer)
    };
    written()
        .map_err(|error| error.to_string())
        .and_then(|writer| writer.into_inner().map_err(|error| error.to_string()))
        .and_then(|bytes| String::from_utf8(bytes).map_err(|error| error.to_string()))
        .map_err(|error| Failure::Other(format!("the roster could not be written: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::user;

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
    fn the_roster_reads_back_as_it_was_written() {
        let roster = table(rows(people(2, 3)).expect("rows")).expect("a table");
        let entries = roster::parse(roster.as_bytes(), Format::Csv).expect("a roster").entries;
        let emails: Vec<&str> = entries.iter().map(|entry| entry.email.as_str()).collect();
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
    fn administrators_and_disabled_people_are_left_out_of_it() {
        assert!(rows(people(5, 2)).is_none());
        let mut disabled = people(2, 3);
        disabled[2].disabled = true;
        assert!(rows(disabled).is_none());
    }
}
