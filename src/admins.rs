//! Administrators: who is one, and how many are left without some of them. Every function that can
//! take an administrator's rights asks here, right before it writes.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::domain::{Email, GroupLink, User, UserId, UserRef};
use crate::error::{Code, Error, Result};
use crate::retool::user_filter::Administrators;
use crate::retool::{ReadDirectory, membership};

/// What must be true after the rights of an administrator are taken.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AdminGuard {
    /// How many enabled administrators must be left.
    pub minimum: u32,
    /// Users who must stay enabled administrators.
    pub required: Vec<UserRef>,
    /// Users whose rights this call took. A read that is late may still show them.
    pub taken: Vec<UserId>,
    /// Whether others may be losing rights at the same time. Then who is left can't be counted, and
    /// every removal of rights is refused, to be asked for again alone.
    pub side_by_side: bool,
}

/// The administrators besides some users.
struct Others {
    /// Number of enabled ones.
    enabled: u32,
    /// Whether there is any, enabled or not.
    any: bool,
    /// Whether one of the users turned out to be one, by the members of the administrators' group.
    includes: bool,
}

/// Refuses to take the rights of an administrator if fewer than the minimum would be left, or if
/// the user must stay one. Where the API does not say who is an administrator, also refuses users
/// who may be the last one. `user` was just read.
///
/// It is for the steps of a plan. The guards of the plan have seen that administrators are known,
/// so a user whose groups are known is one only by them.
pub async fn check_removal(
    directory: &dyn ReadDirectory,
    user: &User,
    guard: &AdminGuard,
) -> Result<()> {
    // A group without its name may be that of the administrators.
    let has_names = |links: &Vec<GroupLink>| links.iter().all(|link| link.name.is_some());
    let known =
        directory.capabilities().reports_admins || user.groups.as_ref().is_some_and(has_names);
    check(directory, user, guard, known).await
}

/// As [`check_removal`], without a plan. A server may not show the group of the administrators at
/// all, so where only groups say who is one, there must be another administrator.
pub async fn check_departure(
    directory: &dyn ReadDirectory,
    user: &User,
    guard: &AdminGuard,
) -> Result<()> {
    check(directory, user, guard, directory.capabilities().reports_admins).await
}

async fn check(
    directory: &dyn ReadDirectory,
    user: &User,
    guard: &AdminGuard,
    known: bool,
) -> Result<()> {
    let is_admin = user.is_administrator();
    if known && !is_admin || !can_administer(user) {
        return Ok(());
    }
    if guard.side_by_side {
        return Err(not_alone(&user.email));
    }
    if !is_admin {
        return check_left(directory, &leaving(user, guard), &user.email, guard.minimum, true)
            .await;
    }
    check_leaving(directory, user, guard).await
}

/// Returns whether the user could use the rights of an administrator.
fn can_administer(user: &User) -> bool {
    !user.disabled && !user.is_invitation()
}

/// Refuses to take the rights of an administrator, as [`check_removal`].
pub async fn check_leaving(
    directory: &dyn ReadDirectory,
    user: &User,
    guard: &AdminGuard,
) -> Result<()> {
    if !can_administer(user) {
        return Ok(());
    }
    if guard.side_by_side {
        return Err(not_alone(&user.email));
    }
    if guard.required.iter().any(|who| who.means(user)) {
        return Err(required(&user.email));
    }
    check_left(directory, &leaving(user, guard), &user.email, guard.minimum, false).await
}

/// Returns the users who are not counted: this one, and those whose rights this call took.
fn leaving<'a>(user: &'a User, guard: &'a AdminGuard) -> Vec<&'a UserId> {
    core::iter::once(&user.id).chain(&guard.taken).collect()
}

/// Refuses to take the rights of these users if fewer enabled administrators than `minimum` would
/// be left. `email` is the user to name. If `unsure`, the users may be no administrators, and it is
/// enough that there are others.
pub async fn check_left(
    directory: &dyn ReadDirectory,
    ids: &[&UserId],
    email: &Email,
    minimum: u32,
    unsure: bool,
) -> Result<()> {
    if minimum == 0 {
        return Ok(());
    }
    let others = others(directory, ids).await?;
    match unsure {
        _ if others.enabled >= minimum => Ok(()),
        true if others.includes => Err(too_few(email, others.enabled, minimum)),
        true if others.any => Ok(()),
        true => Err(Error::new(
            Code::LastAdmin,
            "This API does not say who administers the organisation, so this person may be the \
             last administrator, and nothing was written. Protect the administrators by address, \
             and set the minimum to 0.",
        )
        .in_field("request.minimum-admins")
        .about(email.as_str())),
        false => Err(too_few(email, others.enabled, minimum)),
    }
}

/// Counts the administrators besides these users. Where records have no field for it, reads the
/// members of the administrators' group.
async fn others(directory: &dyn ReadDirectory, ids: &[&UserId]) -> Result<Others> {
    let found = directory.list_people(&Administrators).await?;
    let mut others = Others { enabled: 0, any: false, includes: false };
    let mut add = |user: &User| {
        if user.is_administrator() && !user.is_invitation() && !ids.contains(&&user.id) {
            others.enabled += u32::from(!user.disabled);
            others.any = true;
        }
    };
    found.users.iter().for_each(&mut add);
    if directory.capabilities().reports_admins || found.users.iter().any(User::is_administrator) {
        return Ok(others);
    }
    let groups = directory.list_groups().await?;
    for group in groups.iter().filter(|group| group.is_administrators()) {
        for member in membership::members(directory, &group.id).await?.unwrap_or_default() {
            if ids.contains(&&member.id) {
                others.includes = true;
                continue;
            }
            match directory.read_user(&member.id).await {
                Ok(Some(account)) => {
                    others.enabled += u32::from(!account.user.disabled);
                    others.any = true;
                }
                Ok(None) => {}
                // It is not known whether this one is enabled, so only the others are counted.
                Err(error) if error.code == Code::AnswerUnusable => others.any = true,
                Err(error) => return Err(error),
            }
        }
    }
    Ok(others)
}

/// Returns the error for a removal that would leave too few administrators.
pub fn too_few(email: &Email, left: u32, minimum: u32) -> Error {
    Error::new(
        Code::LastAdmin,
        format!(
            "{left} other enabled administrators would be left, and there must be {minimum}, so \
             this was not written. Make another user an administrator first."
        ),
    )
    .in_field("request.minimum-admins")
    .about(email.as_str())
}

fn not_alone(email: &Email) -> Error {
    let message = "The rights of an administrator are taken only while nothing else is written.";
    Error::new(Code::LastAdmin, message).about(email.as_str())
}

fn required(email: &Email) -> Error {
    let message = String::from(
        "This person must stay an enabled administrator, so the rights were not taken. Take the \
         person off the list of required administrators first.",
    );
    Error::new(Code::LastAdmin, message).about(email.as_str())
}
