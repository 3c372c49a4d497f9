//! Changes of a user's address.

/// What a server does if a client changes the address or the login of a user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AddressChange {
    /// It makes the change.
    #[default]
    Works,
    /// It keeps the old one, but responds with success.
    Ignored,
    /// It refuses the request: `/api/v1` with 422, SCIM with 400 and `mutability`.
    Refused,
}
