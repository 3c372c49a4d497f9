//! `deprovision`, for one person and for many.

mod dry_run;
mod many;
mod one;

use anyhow::anyhow;
use host_test::requests;
use host_test::retool::lifecycle::{DeprovisionMode, DeprovisionRequest};

use crate::args::{DeprovisionArgs, Mode};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::people::emails;
use crate::person::user_id;
pub(crate) use many::{Outcome, Person};

/// Deprovisions the people of the arguments. The form of the output depends on the switches alone:
/// it is that of one person for one `--email`, unless a switch for several people is given.
pub(crate) async fn deprovision(
    arguments: DeprovisionArgs,
    output: &Output,
) -> Result<Exit, Failure> {
    let people = emails(&arguments.people)?;
    let several = arguments.people.emails_from.is_some() || arguments.tombstones.is_some();
    match &people[..] {
        [email] if !several && arguments.dry_run => dry_run::one(&arguments, email, output).await,
        [email] if !several => one::deprovision(&arguments, email, output).await,
        _ => {
            check(&arguments)?;
            // Finds mistakes before anything is written.
            let requests = people.into_iter().map(|email| {
                let request = request(&arguments, &email)?;
                Ok((email, request))
            });
            let requests: Vec<(String, DeprovisionRequest)> =
                requests.collect::<Result<_, Failure>>()?;
            match arguments.dry_run {
                true => dry_run::many(&arguments, requests, output).await,
                false => many::deprovision(&arguments, requests, output).await,
            }
        }
    }
}

/// Checks that no switch for one person is given with several, and that what can't be undone without
/// the records has a folder for them: a terminal may not keep those of many.
fn check(arguments: &DeprovisionArgs) -> Result<(), Failure> {
    let wrong = if arguments.tombstone.is_some() {
        "--tombstone is for one person: give --tombstones FOLDER"
    } else if arguments.expect_id.is_some() {
        "--expect-id is for one person"
    } else if arguments.disabled_since.is_some() {
        "--disabled-since is for one person"
    } else if arguments.mode != Mode::Disable
        && !arguments.dry_run
        && arguments.tombstones.is_none()
    {
        "several people need --tombstones FOLDER with this --mode, because only their records can \
         undo it; nothing was written"
    } else {
        return Ok(());
    };
    Err(Failure::Usage(anyhow!(wrong)))
}

/// Returns the request for one person.
fn request(arguments: &DeprovisionArgs, email: &str) -> Result<DeprovisionRequest, Failure> {
    let mode = match (arguments.mode, arguments.days) {
        (Mode::DeleteAfter, Some(days)) => DeprovisionMode::DeleteOnceDisabled(days),
        (Mode::DeleteAfter, None) => {
            return Err(Failure::Usage(anyhow!("--mode delete-after needs --days")));
        }
        (_, Some(_)) => {
            return Err(Failure::Usage(anyhow!("--days is only for --mode delete-after")));
        }
        (Mode::Disable, None) => DeprovisionMode::Disable,
        (Mode::Strip, None) => DeprovisionMode::DisableAndStripGroups,
        (Mode::Delete, None) => DeprovisionMode::Delete,
    };
    if arguments.disabled_since.is_some() && arguments.mode != Mode::DeleteAfter {
        return Err(Failure::Usage(anyhow!("--disabled-since is only for --mode delete-after")));
    }
    Ok(DeprovisionRequest {
        disabled_since: arguments.disabled_since.clone(),
        expected_id: arguments.expect_id.as_deref().map(|id| user_id(arguments.connection.api, id)),
        protected_people: arguments.protect.iter().map(requests::by_email).collect(),
        minimum_admins: arguments.minimum_admins,
        ..requests::deprovision(email, mode)
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use host_test::retool::types::UserId;

    use super::*;
    use crate::args::{Arguments, Command};

    fn deprovision_with(flags: &[&str]) -> Result<DeprovisionRequest, Failure> {
        let line = [&["deprovision", "--base-url=x", "--email=ada@x.com"], flags].concat();
        let line = ["retool-lifecycle"].iter().chain(&line);
        match Arguments::try_parse_from(line).expect("arguments").command {
            Some(Command::Deprovision(arguments)) => request(&arguments, "ada@x.com"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn deprovision_disables_by_default() {
        let request = deprovision_with(&[]).expect("a request");
        assert_eq!(request.mode, DeprovisionMode::Disable);
        assert_eq!(request.expected_id, None);
        assert_eq!(request.minimum_admins, None);
    }

    #[test]
    fn days_are_accepted_with_delete_after_only() {
        let request = deprovision_with(&["--mode=delete-after", "--days=30"]).expect("a request");
        assert_eq!(request.mode, DeprovisionMode::DeleteOnceDisabled(30));
        assert!(matches!(
            deprovision_with(&["--mode=delete", "--days=30"]),
            Err(Failure::Usage(_))
        ));
        let since = "--disabled-since=2026-03-09T12:30:45Z";
        let request = deprovision_with(&["--mode=delete-after", "--days=30", since]);
        let request = request.expect("a request");
        assert_eq!(request.disabled_since.as_deref(), Some("2026-03-09T12:30:45Z"));
        assert!(matches!(deprovision_with(&["--mode=delete", since]), Err(Failure::Usage(_))));
        let without = deprovision_with(&["--mode=delete-after"]).expect_err("a refusal").text();
        assert!(without.contains("--mode delete-after needs --days"), "{without}");
    }

    #[test]
    fn an_expected_id_has_the_dialect_of_the_api_in_use() {
        let expected = |flags: &[&str]| deprovision_with(flags).expect("a request").expected_id;
        assert_eq!(expected(&["--expect-id=user_1"]), Some(UserId::V2("user_1".to_owned())));
        assert_eq!(expected(&["--expect-id=5f0c"]), Some(UserId::V1("5f0c".to_owned())));
        assert_eq!(
            expected(&["--expect-id=5f0c", "--api=scim"]),
            Some(UserId::Scim("5f0c".to_owned()))
        );
    }
}
