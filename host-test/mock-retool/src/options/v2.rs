//! The options of `/api/v2`.

use super::InviteOptions;

/// The features in which servers of `/api/v2` differ. The default is the newest server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct V2Options {
    /// Whether `POST /users/{user}/logout` exists.
    pub logout: bool,
    /// Whether users have a `seat_type`, which can be read and written.
    pub seat_type: bool,
    /// Whether `/user_invites` exists, also below groups.
    pub user_invites: bool,
    /// How it has invitations, if it has any.
    pub invites: InviteOptions,
    /// Whether the creation of a group sets what its members may do. Otherwise it ignores that.
    pub creation_sets_access: bool,
    /// Whether adding an existing member to a group sets whether they administer it.
    pub changes_group_admins: bool,
    /// Whether `/user_attributes` exists, also below users.
    pub user_attributes: bool,
    /// Whether the metadata of a new user shows the defaults of user attributes.
    pub shows_defaults: bool,
    /// Whether `PUT /users/reset2fa/{user}` exists.
    pub two_factor_reset: bool,
    /// How PATCH of a user handles paths inside the metadata.
    pub metadata_paths: MetadataPaths,
    /// Whether PATCH of a user can remove a name.
    pub removes_names: bool,
}

/// How PATCH of a user handles paths inside the metadata, such as `/metadata/team`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MetadataPaths {
    /// It makes the change, as RFC 6902 says.
    #[default]
    Known,
    /// It refuses the request (400).
    Refused,
    /// It ignores the operation.
    Ignored,
}

impl Default for V2Options {
    fn default() -> Self {
        V2Options {
            logout: true,
            seat_type: true,
            user_invites: true,
            invites: InviteOptions::default(),
            creation_sets_access: true,
            changes_group_admins: true,
            user_attributes: true,
            shows_defaults: false,
            two_factor_reset: true,
            metadata_paths: MetadataPaths::Known,
            removes_names: true,
        }
    }
}
