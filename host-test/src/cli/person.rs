//! `provision` and `deprovision`.

use anyhow::anyhow;

use super::Exit;
use super::args::{Api, DeprovisionArgs, Mode, ProvisionArgs};
use super::connection::tenant;
use super::failure::Failure;
use super::output::Output;
use super::record::{self, RecordFile};
use super::signals;
use crate::render;
use crate::requests;
use crate::retool::lifecycle::{DeprovisionMode, DeprovisionRequest, ProvisionRequest};
use crate::retool::types::{GroupId, GroupRef, UserId};

pub(crate) async fn provision(arguments: ProvisionArgs, output: &Output) -> Result<Exit, Failure> {
    let (tenant, progress) = tenant(&arguments.connection, "provisioning")?;
    let request = provision_request(arguments);
    let result = progress.writing(tenant.provision(&request)).await?;
    output
        .result(&result, render::provision)
        .map_err(|failure| failure.after(result.writes.len(), &[]))?;
    Ok(Exit::Done)
}

fn provision_request(arguments: ProvisionArgs) -> ProvisionRequest {
    let ProvisionArgs {
        connection,
        email,
        first_name,
        last_name,
        user_type,
        admin,
        profile_photo_url,
        groups,
        group_ids,
        create_missing_groups,
        no_create,
        no_update,
        re_enable,
    } = arguments;
    let by_name = groups.into_iter().map(GroupRef::Name);
    let by_id = group_ids.into_iter().map(|id| GroupRef::Id(group_id(connection.api, id)));
    ProvisionRequest {
        first_name,
        last_name,
        user_type: user_type.map(Into::into),
        admin,
        profile_photo_url,
        groups: by_name.chain(by_id).map(requests::membership).collect(),
        create_missing_groups,
        create_missing: !no_create,
        update_existing: !no_update,
        re_enable_disabled: re_enable,
        ..requests::provision(email)
    }
}

fn group_id(api: Api, id: String) -> GroupId {
    match api {
        Api::Scim => GroupId::Scim(id),
        Api::Auto | Api::V1 | Api::V2 => GroupId::Rest(id),
    }
}

pub(crate) async fn deprovision(
    arguments: DeprovisionArgs,
    output: &Output,
) -> Result<Exit, Failure> {
    let request = deprovision_request(&arguments)?;
    let mut file = arguments.tombstone.as_deref().map(RecordFile::at).transpose()?;
    if let Some(file) = &mut file
        && let Some(before) = record::take(&arguments.connection, &arguments.email).await?
    {
        // From here on a signal must not leave the file of a deprovision that never began.
        signals::listen();
        file.keep(&before)?;
    }
    let (tenant, progress) = tenant(&arguments.connection, "deprovisioning")?;
    let result = match progress.writing(tenant.deprovision(&request)).await {
        Ok(result) => result,
        Err(failure) => {
            return Err(match file {
                Some(file) => file.after(failure),
                None => failure,
            });
        }
    };
    let writes = result.writes.len();

    let kept = match (&mut file, &result.tombstone) {
        (Some(file), Some(tombstone)) => file.keep(tombstone),
        // If the person was gone by the time of the call, only the file has their record.
        _ => Ok(()),
    };
    let path = file.as_ref().and_then(RecordFile::path).filter(|_| kept.is_ok());
    let printed = output.result(&result, |result| {
        let mut text = render::deprovision(&arguments.email, result);
        match (path, &result.tombstone) {
            (Some(path), _) => text += &render::kept(path),
            (None, Some(tombstone)) => text += &render::tombstone(tombstone),
            (None, None) => {}
        }
        text
    });
    // If nothing else has the record, the failure prints it.
    let records = if path.is_some() { &[] } else { result.tombstone.as_slice() };
    printed.map_err(|failure| failure.after(writes, records))?;
    let failure = match kept {
        Ok(()) => return Ok(Exit::Done),
        // The record was printed on stdout instead.
        Err(error) if writes > 0 => Failure::Unrecorded(error),
        Err(error) => Failure::Other(error),
    };
    Ok(output.beside(&failure))
}

fn deprovision_request(arguments: &DeprovisionArgs) -> Result<DeprovisionRequest, Failure> {
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
        ..requests::deprovision(&arguments.email, mode)
    })
}

/// Returns the id for the API in use. Ids of `/api/v2` start with `user_`; without `--api`, any
/// other id is one of `/api/v1`.
fn user_id(api: Api, id: &str) -> UserId {
    let id = id.to_owned();
    match api {
        Api::V1 => UserId::V1(id),
        Api::V2 => UserId::V2(id),
        Api::Scim => UserId::Scim(id),
        Api::Auto if id.starts_with("user_") => UserId::V2(id),
        Api::Auto => UserId::V1(id),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::args::{Arguments, Command};
    use super::*;

    fn parsed(line: &[&str]) -> Command {
        let line = ["retool-lifecycle"].iter().chain(line);
        let arguments = Arguments::try_parse_from(line).expect("arguments");
        arguments.command.expect("a command")
    }

    fn deprovision_with(flags: &[&str]) -> Result<DeprovisionRequest, Failure> {
        let line = [&["deprovision", "--base-url=x", "--email=ada@x.com"], flags].concat();
        match parsed(&line) {
            Command::Deprovision(arguments) => deprovision_request(&arguments),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn provision_passes_every_flag_on() {
        let Command::Provision(arguments) = parsed(&[
            "provision",
            "--base-url=x",
            "--email=ada@x.com",
            "--first-name=Ada",
            "--last-name=King",
            "--user-type=end-user",
            "--admin=false",
            "--profile-photo-url=https://x/y.png",
            "--group",
            "A",
            "B",
            "--group=C",
            "--group-id=7",
            "--create-missing-groups",
            "--no-create",
            "--no-update",
            "--re-enable",
        ]) else {
            panic!("another command");
        };
        assert_eq!(
            provision_request(*arguments),
            ProvisionRequest {
                first_name: Some("Ada".to_owned()),
                last_name: Some("King".to_owned()),
                user_type: Some(crate::retool::types::UserType::EndUser),
                admin: Some(false),
                profile_photo_url: Some("https://x/y.png".to_owned()),
                groups: vec![
                    GroupRef::Name("A".to_owned()),
                    GroupRef::Name("B".to_owned()),
                    GroupRef::Name("C".to_owned()),
                    GroupRef::Id(GroupId::Rest("7".to_owned())),
                ]
                .into_iter()
                .map(requests::membership)
                .collect(),
                create_missing_groups: true,
                create_missing: false,
                update_existing: false,
                re_enable_disabled: true,
                ..requests::provision("ada@x.com")
            }
        );
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
