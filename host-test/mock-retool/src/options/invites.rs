//! The options of invitations, which `/api/v2` has.

/// How a server has a route.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Support {
    /// It serves the route.
    #[default]
    Served,
    /// It answers with 404.
    NotFound,
    /// It answers with 200 and a page of HTML.
    Page,
}

/// How a server has invitations. The default is the newest server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InviteOptions {
    /// `GET /user_invites`.
    pub list: Support,
    /// `GET` and `DELETE /user_invites/{id}`.
    pub one: Support,
    /// `POST /user_invites`.
    pub create: Support,
    /// `POST` and `DELETE` below `/groups/{id}/user_invites`.
    pub groups: Support,
    /// `POST` and `DELETE` below `/user_invites/{id}/user_attributes`.
    pub attributes: Support,
    /// Whether an address with an open invitation can be invited again.
    pub accepts_second: bool,
    /// Whether the refusal of a second invitation repeats the link of the first.
    pub repeats_link: bool,
    /// Whether the groups in a new invitation are ignored.
    pub ignores_groups: bool,
}
