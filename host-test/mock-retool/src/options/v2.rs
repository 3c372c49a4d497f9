//! The options of `/api/v2`.

/// The features in which servers of `/api/v2` differ. The default is the newest server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct V2Options {
    /// Whether `POST /users/{user}/logout` exists.
    pub logout: bool,
    /// Whether users have a `seat_type`, which can be read and written.
    pub seat_type: bool,
    /// Whether `/user_invites` exists, also below groups.
    pub user_invites: bool,
}

impl Default for V2Options {
    fn default() -> Self {
        V2Options { logout: true, seat_type: true, user_invites: true }
    }
}
