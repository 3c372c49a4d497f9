//! `/.search`: RFC 7644, section 3.4.3, a listing whose query is in the body of a POST.

use axum::response::Response;

use super::access::Caller;
use super::error::ScimError;
use super::listing::Listing;
use super::payload::Payload;
use super::record::{group_record, user_record};
use super::schema::{GROUP, USER};
use super::{groups, users};

/// `POST /Users/.search`.
pub(super) async fn users(caller: Caller, Payload(body): Payload) -> Result<Response, ScimError> {
    users::list(caller, Listing::of_search(body)?).await
}

/// `POST /Groups/.search`.
pub(super) async fn groups(caller: Caller, Payload(body): Payload) -> Result<Response, ScimError> {
    groups::list(caller, Listing::of_search(body)?).await
}

/// `POST /.search`: lists users, then groups.
pub(super) async fn everything(
    caller: Caller,
    Payload(body): Payload,
) -> Result<Response, ScimError> {
    let listing = Listing::of_search(body)?;
    let organisation = caller.organisation();
    let base = caller.base();
    let users =
        organisation.users.iter().map(|user| (&USER, user_record(&organisation, user, base)));
    let groups =
        organisation.groups.iter().map(|group| (&GROUP, group_record(&organisation, group, base)));
    listing.answer_mixed(&caller, users.chain(groups).collect())
}
