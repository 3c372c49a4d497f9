//! How servers of this dialect differ.

/// How servers of `/api/v2` differ; by default, the newest one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct V2Options {
    /// Whether there is `POST /users/{user}/logout`.
    pub logout: bool,
    /// Whether people have a `seat_type`, which can be read and written.
    pub seat_type: bool,
    /// Whether there are `/user_invites`, and those of groups.
    pub user_invites: bool,
}

impl Default for V2Options {
    fn default() -> Self {
        V2Options { logout: true, seat_type: true, user_invites: true }
    }
}
