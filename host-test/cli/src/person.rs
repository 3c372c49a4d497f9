//! `provision`.

use super::args::{Api, ProvisionArgs};
use super::connection::tenant;
use super::failure::Failure;
use super::output::Output;
use crate::exit::Exit;
use crate::render;
use host_test::requests;
use host_test::retool::lifecycle::ProvisionRequest;
use host_test::retool::types::{GroupId, GroupRef, Membership, UserId};

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
        former_emails,
        metadata,
        attributes,
        clear,
        groups,
        group_ids,
        administered_groups,
        create_missing_groups,
        way_in,
        skip_lookup,
        no_create,
        no_update,
        re_enable,
    } = arguments;
    let by_name = groups.into_iter().map(GroupRef::Name);
    let by_id = group_ids.into_iter().map(|id| GroupRef::Id(group_id(connection.api, id)));
    let administered = administered_groups
        .into_iter()
        .map(|name| Membership { group: GroupRef::Name(name), group_admin: Some(true) });
    ProvisionRequest {
        first_name,
        last_name,
        user_type: user_type.map(Into::into),
        admin,
        profile_photo_url,
        former_emails,
        metadata,
        attributes,
        clear,
        groups: by_name.chain(by_id).map(requests::membership).chain(administered).collect(),
        create_missing_groups,
        create_missing: !no_create,
        update_existing: !no_update,
        re_enable_disabled: re_enable,
        way_in: way_in.map(Into::into),
        skip_lookup: skip_lookup.then_some(true),
        ..requests::provision(email)
    }
}

/// Returns a group's id for the API in use.
pub(crate) fn group_id(api: Api, id: String) -> GroupId {
    match api {
        Api::Scim => GroupId::Scim(id),
        Api::Auto | Api::V1 | Api::V2 => GroupId::Rest(id),
    }
}

/// Returns the id for the API in use. Ids of `/api/v2` start with `user_`; without `--api`, any
/// other id is one of `/api/v1`.
pub(crate) fn user_id(api: Api, id: &str) -> UserId {
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
    use host_test::retool::types::{Attribute, ClearableField, WayIn};

    fn parsed(line: &[&str]) -> Command {
        let line = ["retool-lifecycle"].iter().chain(line);
        let arguments = Arguments::try_parse_from(line).expect("arguments");
        arguments.command.expect("a command")
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
            "--administer-group=D",
            "--former-email=ada@old.com",
            "--former-email=king@x.com",
            "--metadata={\"cost\":7}",
            "--attribute=team=blue=green",
            "--clear=last-name",
            "--clear=metadata:a:b",
            "--clear=attribute:site",
            "--way-in=invitation",
            "--skip-lookup",
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
                user_type: Some(host_test::retool::types::UserType::EndUser),
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
                .chain([Membership {
                    group: GroupRef::Name("D".to_owned()),
                    group_admin: Some(true),
                }])
                .collect(),
                former_emails: vec!["ada@old.com".to_owned(), "king@x.com".to_owned()],
                metadata: Some("{\"cost\":7}".to_owned()),
                attributes: vec![Attribute {
                    name: "team".to_owned(),
                    value: "blue=green".to_owned(),
                }],
                clear: vec![
                    ClearableField::LastName,
                    ClearableField::MetadataKey("a:b".to_owned()),
                    ClearableField::Attribute("site".to_owned()),
                ],
                way_in: Some(WayIn::Invitation),
                skip_lookup: Some(true),
                create_missing_groups: true,
                create_missing: false,
                update_existing: false,
                re_enable_disabled: true,
                ..requests::provision("ada@x.com")
            }
        );
    }

    #[test]
    fn a_value_that_can_not_be_read_is_wrong_usage() {
        for wrong in [
            "--attribute=team",
            "--clear=email",
            "--clear=metadata",
            "--way-in=letter",
            "--skip-lookup",
        ] {
            let line = ["x", "provision", "--base-url=x", "--email=ada@x.com", wrong];
            assert!(Arguments::try_parse_from(line).is_err(), "{wrong}");
        }
    }
}
