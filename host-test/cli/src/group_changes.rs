//! `groups ensure`, `rename`, `set`, `add`, `remove` and `delete`.

use host_test::requests;
use host_test::retool::groups::{
    ChangeGroupRequest, EnsureGroupRequest, NewMember, RemoveGroupRequest,
};
use host_test::retool::types::{GroupRef, UserRef};

use crate::args::{AddMembersArgs, ConnectionArgs, GroupsCommand, KeepArgs, MembersArgs, OneGroup};
use crate::connection::tenant;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::people::emails;
use crate::person::group_id;
use crate::render;

pub(crate) async fn change(command: GroupsCommand, output: &Output) -> Result<Exit, Failure> {
    match command {
        GroupsCommand::Ensure(arguments) => {
            let request = EnsureGroupRequest { name: arguments.name, access: arguments.access };
            ensure(&arguments.connection, &request, output).await
        }
        GroupsCommand::Rename(arguments) => {
            let group = reference(&arguments.connection, &arguments.group);
            let new_name = Some(arguments.new_name);
            let request = ChangeGroupRequest { new_name, ..unchanged(group) };
            write(&arguments.connection, &request, output).await
        }
        GroupsCommand::Set(arguments) => {
            let group = reference(&arguments.connection, &arguments.group);
            let request = ChangeGroupRequest { access: arguments.access, ..unchanged(group) };
            write(&arguments.connection, &request, output).await
        }
        GroupsCommand::Add(AddMembersArgs { members, administer }) => {
            let new = |email| NewMember { user: UserRef::Email(email), group_admin: administer };
            let add_members = emails(&members.people)?.into_iter().map(new).collect();
            let request = ChangeGroupRequest { add_members, ..of_members(&members) };
            write(&members.connection, &request, output).await
        }
        GroupsCommand::Remove(members) => {
            let remove_members = emails(&members.people)?.into_iter().map(UserRef::Email).collect();
            let request = ChangeGroupRequest { remove_members, ..of_members(&members) };
            write(&members.connection, &request, output).await
        }
        GroupsCommand::Delete(arguments) => {
            let KeepArgs { protect, minimum_admins } = &arguments.keep;
            let request = RemoveGroupRequest {
                group: reference(&arguments.connection, &arguments.group),
                even_with_members: arguments.even_with_members,
                protected_people: protect.iter().map(requests::by_email).collect(),
                minimum_admins: *minimum_admins,
            };
            let label = arguments.group.label();
            delete(&arguments.connection, &request, label, output).await
        }
    }
}

fn reference(connection: &ConnectionArgs, group: &OneGroup) -> GroupRef {
    match (&group.name, &group.id) {
        (None, Some(id)) => GroupRef::Id(group_id(connection.api, id.clone())),
        (name, _) => GroupRef::Name(name.clone().unwrap_or_default()),
    }
}

/// Returns a request that changes nothing.
fn unchanged(group: GroupRef) -> ChangeGroupRequest {
    ChangeGroupRequest {
        group,
        new_name: None,
        access: Vec::new(),
        add_members: Vec::new(),
        remove_members: Vec::new(),
        protected_people: Vec::new(),
        minimum_admins: None,
    }
}

/// Returns a request about members that changes none yet.
fn of_members(members: &MembersArgs) -> ChangeGroupRequest {
    let MembersArgs { connection, group, people: _, keep } = members;
    ChangeGroupRequest {
        protected_people: keep.protect.iter().map(requests::by_email).collect(),
        minimum_admins: keep.minimum_admins,
        ..unchanged(reference(connection, group))
    }
}

async fn ensure(
    connection: &ConnectionArgs,
    request: &EnsureGroupRequest,
    output: &Output,
) -> Result<Exit, Failure> {
    let (tenant, progress) = tenant(connection, "ensuring the group")?;
    let result = progress.writing(tenant.ensure_group(request)).await?;
    let printed = output.result(&result, render::group_ensured);
    printed.map_err(|failure| failure.after(result.writes.len(), &[]))?;
    Ok(Exit::Done)
}

async fn write(
    connection: &ConnectionArgs,
    request: &ChangeGroupRequest,
    output: &Output,
) -> Result<Exit, Failure> {
    let (tenant, progress) = tenant(connection, "changing the group")?;
    let result = progress.writing(tenant.change_group(request)).await?;
    let printed = output.result(&result, render::group_changed);
    printed.map_err(|failure| failure.after(result.writes.len(), &[]))?;
    Ok(Exit::Done)
}

async fn delete(
    connection: &ConnectionArgs,
    request: &RemoveGroupRequest,
    label: &str,
    output: &Output,
) -> Result<Exit, Failure> {
    let (tenant, progress) = tenant(connection, "deleting the group")?;
    let result = progress.writing(tenant.remove_group(request)).await?;
    let printed = output.result(&result, |result| render::group_deleted(label, result));
    printed.map_err(|failure| failure.after(result.writes.len(), &[]))?;
    Ok(Exit::Done)
}
