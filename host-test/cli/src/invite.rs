//! `invite`.

use host_test::requests;
use host_test::retool::lifecycle::ProvisionRequest;
use host_test::retool::types::{GroupRef, WayIn};

use crate::args::InviteArgs;
use crate::connection::tenant;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::render;

/// Invites a person. One who has an account already keeps its fields and only joins the groups.
pub(crate) async fn invite(arguments: InviteArgs, output: &Output) -> Result<Exit, Failure> {
    let InviteArgs {
        connection,
        email,
        user_type,
        groups,
        create_missing_groups,
        metadata,
        attributes,
    } = arguments;
    let (tenant, progress) = tenant(&connection, "inviting")?;
    let groups = groups.into_iter().map(GroupRef::Name);
    let request = ProvisionRequest {
        user_type: user_type.map(Into::into),
        metadata,
        attributes,
        groups: groups.map(requests::membership).collect(),
        create_missing_groups,
        create_missing: true,
        way_in: Some(WayIn::Invitation),
        ..requests::provision(email)
    };
    let result = progress.writing(tenant.provision(&request)).await?;
    let printed = output.result(&result, render::provision);
    printed.map_err(|failure| failure.after(result.writes.len(), &[]))?;
    Ok(Exit::Done)
}
