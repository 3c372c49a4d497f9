//! How SCIM servers differ.

/// Where SCIM is served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ScimBase {
    /// At `/scim/v2` and at `/api/scim/v2`.
    #[default]
    Both,
    /// At `/scim/v2` alone.
    Scim,
    /// At `/api/scim/v2` alone.
    ApiScim,
}

impl ScimBase {
    /// The paths, without a slash at the end.
    pub fn paths(self) -> &'static [&'static str] {
        match self {
            ScimBase::Both => &["/scim/v2", "/api/scim/v2"],
            ScimBase::Scim => &["/scim/v2"],
            ScimBase::ApiScim => &["/api/scim/v2"],
        }
    }
}

/// How a SCIM server deviates from a good one. By default it does not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScimQuirks {
    /// `startIndex` and `count` are ignored, as Retool does: a listing has everything.
    pub ignore_paging: bool,
    /// A listing without hits has no `Resources`.
    pub leave_out_empty_resources: bool,
    /// `active` is the string `"True"` or `"False"`.
    pub active_as_text: bool,
    /// No `Location` header and no `meta.location`.
    pub no_location: bool,
    /// No `ETag` and no `meta.version`; `If-Match` and `If-None-Match` are ignored.
    pub no_etag: bool,
    /// The `status` of an error is a number.
    pub numeric_error_status: bool,
    /// Answers are `application/json`.
    pub plain_json: bool,
    /// What a PATCH is answered with.
    pub patch_answer: PatchAnswer,
    /// What becomes of the removal of `members[value eq "…"]`.
    pub remove_by_filter: MemberRemoval,
    /// What becomes of the removal of `members` with an array of values.
    pub remove_by_value: MemberRemoval,
    /// DELETE of a user only disables them.
    pub delete_disables: bool,
}

/// What a PATCH that was carried out is answered with. One with the parameter `attributes` is
/// always answered with the resource, as RFC 7644 demands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PatchAnswer {
    /// As Okta and Entra ID document what they expect: 200 with the resource, but 204 for a group
    /// where every operation has a path.
    #[default]
    AsDocumented,
    /// 200 with the resource.
    Resource,
    /// 204.
    NoContent,
}

/// What becomes of the removal of some members of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MemberRemoval {
    /// They are removed.
    #[default]
    Works,
    /// It is refused: the server does not know that form.
    Refused,
    /// Nothing, though the answer is that of a success.
    Ignored,
    /// Everybody is removed.
    EmptiesGroup,
}
