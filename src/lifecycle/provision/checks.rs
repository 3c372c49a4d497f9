//! What is refused before the first write.

use alloc::format;

use super::Arrival;
use crate::domain::{Dialect, Email, Field, User, UserPatch, UserRef};
use crate::error::{Code, Error, Result};
use crate::lifecycle::former::why_not_renamed;
use crate::lifecycle::group_admins;
use crate::lifecycle::person::find_one;
use crate::retool::{Capabilities, Directory};

/// Refuses a user type that the dialect does not have.
pub(super) fn check_user_type(can: Capabilities, arrival: &Arrival) -> Result<()> {
    match arrival.fields.user_type {
        Some(user_type) if can.bills_seats && !can.bills(user_type) => Err(Error::new(
            Code::OperationUnsupported,
            format!(
                "This API can't bill a user as \"{}\". Give another user type.",
                user_type.as_str()
            ),
        )
        .in_field("request.user-type")
        .about(arrival.email.as_str())),
        _ => Ok(()),
    }
}

/// Refuses a login where there are none.
pub(super) fn check_login(can: Capabilities, arrival: &Arrival) -> Result<()> {
    if arrival.login.is_none() || can.dialect == Dialect::Scim {
        return Ok(());
    }
    let message = format!(
        "{} has no logins, so nothing was written. Leave the login out, or use SCIM.",
        can.dialect.as_str()
    );
    Err(Error::new(Code::OperationUnsupported, message)
        .in_field("request.login")
        .about(arrival.email.as_str()))
}

/// Checks that a new person's login is not another account's.
pub(super) async fn check_login_is_free(
    directory: &dyn Directory,
    arrival: &Arrival,
) -> Result<()> {
    let Some(login) = &arrival.login else { return Ok(()) };
    let Some(other) = find_one(directory, &UserRef::Login(Email::new(login))).await? else {
        return Ok(());
    };
    let message = format!(
        "No account has this address, and the login {login} belongs to the account {}, so nothing was written. \
         Give another login, or correct the address.",
        if other.email.is_address() { other.email.as_str() } else { &other.id.value }
    );
    Err(Error::new(Code::WrongPerson, message)
        .in_field("request.login")
        .about(arrival.email.as_str()))
}

/// Refuses fields that the dialect can't set, unless they have the wanted value already.
pub(super) fn check_fields(
    can: Capabilities,
    arrival: &Arrival,
    user: Option<&User>,
) -> Result<()> {
    let is_already = |field: Field, asked: Option<&str>| match (field, user) {
        // A new user is not an administrator.
        (Field::Admin, None) => asked == Some("false"),
        (Field::Admin, Some(user)) if !can.reports_admins && !user.admin => false,
        // The record of an API that does not set photos does not show them.
        (Field::ProfilePhotoUrl, Some(_)) if asked.is_none() => false,
        (_, Some(user)) => field.of(user) == asked,
        (_, None) => asked.is_none(),
    };
    let refused = |what: &str, field: &str| {
        let message = format!(
            "This API can't set {what} of a person, so nothing was written. Leave it out, or use another of Retool's \
             APIs."
        );
        let error = Error::new(Code::OperationUnsupported, message);
        Err(error.in_field(format!("request.{field}")).about(arrival.email.as_str()))
    };
    for field in Field::ALL.into_iter().filter(|field| !can.sets(*field)) {
        let Some(asked) = arrival.fields.wanted(field) else { continue };
        if !is_already(field, asked) {
            let name = field.as_str();
            let place = if asked.is_some() { name } else { "clear" };
            return refused(&format!("the field {name}"), place);
        }
    }
    if !can.sets_metadata && !arrival.fields.metadata.is_empty() {
        let is_given = arrival.fields.metadata.values().any(Option::is_some);
        return refused("the metadata", if is_given { "metadata" } else { "clear" });
    }
    Ok(())
}

/// Returns the error for an account where only an invitation may be written to.
pub(in crate::lifecycle) fn only_an_invitation(email: &Email) -> Error {
    Error::new(
        Code::WrongPerson,
        "The tombstone is that of an invitation, and an account has the address, so nothing was written. Provision \
         the person to change the account.",
    )
    .about(email.as_str())
}

pub(super) fn check_existing(can: Capabilities, arrival: &Arrival, user: &User) -> Result<()> {
    if arrival.keep_accounts && !user.is_invitation() {
        return Err(only_an_invitation(&arrival.email));
    }
    if arrival.update_existing && !user.is_invitation() {
        check_fields(can, arrival, Some(user))?;
    }
    if !user.answers_to(&arrival.email) || arrival.former_emails.contains(&user.email) {
        check_renaming(can, arrival, user)?;
    }
    if user.disabled && !arrival.re_enable_disabled {
        return Err(Error::new(
            Code::UserDisabled,
            "The account exists and is disabled, so it was left alone. Allow disabled people to be re-enabled if they should come back.",
        )
        .about(arrival.email.as_str()));
    }
    match user.is_invitation() {
        true => group_admins::check_invited(arrival),
        false => Ok(()),
    }
}

/// Refuses another address for an account that can't get one.
pub(super) fn check_renaming(can: Capabilities, arrival: &Arrival, user: &User) -> Result<()> {
    // An account by its id has the address of the request, or is somebody else's by now.
    if arrival.id.is_some() {
        return Ok(());
    }
    match why_not_renamed(can, user) {
        None => Ok(()),
        Some(why) => Err(Error::new(
            Code::OperationUnsupported,
            format!("The account {} (id {}) is the person's by a former address. {why} Nothing was written.",
                user.email.as_str(), user.id.value),
        )
        .in_field("request.former-emails")
        .about(arrival.email.as_str())),
    }
}

pub(super) fn check_missing(can: Capabilities, arrival: &Arrival) -> Result<()> {
    let refused = |code, message: &str, field: &str| {
        Err(Error::new(code, message).in_field(field).about(arrival.email.as_str()))
    };
    if !arrival.create_missing {
        return Err(Error::new(
            Code::UserNotFound,
            "No user in Retool has this address, and creating people was not asked for. Correct the address, or allow missing people to be created.",
        )
        .about(arrival.email.as_str()));
    }
    if !arrival.email.is_address() {
        return Err(Error::new(
            Code::UserNotFound,
            "The account is gone, and it had no address, so it can't be created again. Create it in Retool.",
        )
        .about(arrival.email.as_str()));
    }
    if arrival.invites(can) {
        return Ok(());
    }
    let UserPatch { first_name, last_name, user_type, .. } = &arrival.fields;
    if can.bills_seats && user_type.is_none() {
        return refused(
            Code::UserTypeRequired,
            "To create a user, say what the seat is billed as: there is no safe default. Nothing was written.",
            "request.user-type",
        );
    }
    if can.names_required && (first_name.is_none() || last_name.is_none()) {
        let field = if first_name.is_none() { "request.first-name" } else { "request.last-name" };
        return refused(
            Code::NameRequired,
            "This API requires a first and a last name to create a user. Give both. Nothing was written.",
            field,
        );
    }
    check_fields(can, arrival, None)
}

/// Refuses an invitation that the dialect can't send, and fields that it can't have.
pub(super) fn check_way_in(can: Capabilities, arrival: &Arrival) -> Result<()> {
    if !arrival.invites(can) {
        return Ok(());
    }
    if !can.sends_invitations {
        let message = format!(
            "{} sends no invitations, so nothing was written. Leave the way in out, or use /api/v2.",
            can.dialect.as_str()
        );
        return Err(Error::new(Code::OperationUnsupported, message)
            .in_field("request.way-in")
            .about(arrival.email.as_str()));
    }
    check_fields_of_invitation(arrival)?;
    group_admins::check_invited(arrival)
}

/// Refuses fields that an invitation can't have. The person has none before accepting it.
pub(super) fn check_fields_of_invitation(arrival: &Arrival) -> Result<()> {
    if arrival.skip_fields_of_invitation {
        return Ok(());
    }
    let is_set = |field: &Field| match field {
        // A new user is not an administrator.
        Field::Admin => arrival.fields.admin == Some(true),
        field => arrival.fields.get(*field).is_some(),
    };
    let Some(field) = Field::ALL.into_iter().find(is_set) else { return Ok(()) };
    let message = format!(
        "An invitation has no field {}, so nothing was written. Leave it out and set it once the person has \
         accepted, or let an account be created.",
        field.as_str()
    );
    Err(Error::new(Code::OperationUnsupported, message)
        .in_field(format!("request.{}", field.as_str()))
        .about(arrival.email.as_str()))
}
