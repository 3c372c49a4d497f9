//! The options of SCIM.

use super::AddressChange;

/// The paths at which SCIM is served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ScimBase {
    /// `/scim/v2` and `/api/scim/v2`.
    #[default]
    Both,
    /// Only `/scim/v2`.
    Scim,
    /// Only `/api/scim/v2`.
    ApiScim,
}

impl ScimBase {
    /// Returns the paths, without a slash at the end.
    pub fn paths(self) -> &'static [&'static str] {
        match self {
            ScimBase::Both => &["/scim/v2", "/api/scim/v2"],
            ScimBase::Scim => &["/scim/v2"],
            ScimBase::ApiScim => &["/api/scim/v2"],
        }
    }
}

/// How a SCIM server deviates from a correct one. By default it does not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScimQuirks {
    /// `startIndex` and `count` are ignored, as Retool does: a listing contains everything.
    pub ignore_paging: bool,
    /// An empty listing has no `Resources`.
    pub leave_out_empty_resources: bool,
    /// `active` is the string `"True"` or `"False"`.
    pub active_as_text: bool,
    /// No `Location` header and no `meta.location`.
    pub no_location: bool,
    /// No `ETag` and no `meta.version`; `If-Match` and `If-None-Match` are ignored.
    pub no_etag: bool,
    /// The `status` of an error is a number.
    pub numeric_error_status: bool,
    /// Responses have the type `application/json`.
    pub plain_json: bool,
    /// Entity tags are strong: they have no `W/`.
    pub strong_etags: bool,
    /// How `If-Match` is compared.
    pub if_match: IfMatchRule,
    /// How the server handles the PATCH of a user.
    pub user_patch: PatchForms,
    /// How the server handles the PATCH of a group.
    pub group_patch: PatchForms,
    /// How the server handles a PUT of a user.
    pub put: FormSupport,
    /// A PUT of a user removes the user from every group.
    pub put_leaves_groups: bool,
    /// What a PATCH or PUT of a user does with another `userName`.
    pub user_name_change: AddressChange,
    /// What a PATCH or PUT of a user does with other `emails`.
    pub mail_change: AddressChange,
    /// The response to a PATCH.
    pub patch_answer: PatchAnswer,
    /// How the server handles the removal of `members[value eq "…"]`.
    pub remove_by_filter: MemberRemoval,
    /// How the server handles the removal of `members` with an array of values.
    pub remove_by_value: MemberRemoval,
    /// DELETE of a user only disables the user.
    pub delete_disables: bool,
    /// The address of a new user is the mail, and the `userName` only the login, also where it looks
    /// like an address. By default such a `userName` is the address. The address of a user who is
    /// changed follows the primary mail in any case, and the `userName` if there is no mail.
    pub mail_is_address: bool,
    /// How many members the record of a group shows, alone and in a listing; all by default. The
    /// records of users show all their groups.
    pub listed_members: Option<usize>,
    /// How many groups the record of a user shows, alone and in a listing; all by default. The
    /// records of groups show all their members.
    pub listed_groups: Option<usize>,
}

/// The response to a successful PATCH. A PATCH with the parameter `attributes` always gets the
/// resource, as RFC 7644 demands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PatchAnswer {
    /// What Okta and Entra ID document that they expect: 200 with the resource, but 204 for a group
    /// if every operation has a path.
    #[default]
    AsDocumented,
    /// 200 with the resource.
    Resource,
    /// 204.
    NoContent,
}

/// How a server handles the removal of some members of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MemberRemoval {
    /// It removes them.
    #[default]
    Works,
    /// It refuses the request, because it does not know this form.
    Refused,
    /// It does nothing, but responds with success.
    Ignored,
    /// It removes all members.
    EmptiesGroup,
}

/// How a server compares the version in `If-Match` with that of the resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IfMatchRule {
    /// `W/` is ignored on both sides.
    #[default]
    Lenient,
    /// As RFC 9110 demands: a weak tag, on either side, never matches.
    Strong,
    /// Only the strong form matches, as if a proxy had weakened the tag.
    StrongForm,
    /// No version matches.
    Never,
    /// Every change is refused with 412, even without a version.
    AlwaysOutdated,
}

/// How a server handles the forms of a PATCH.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PatchForms {
    /// Operations with a path, except for removals.
    pub by_path: FormSupport,
    /// Operations without a path.
    pub by_value: FormSupport,
}

/// How a server handles a form of a change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FormSupport {
    /// It makes the change.
    #[default]
    Works,
    /// It refuses the request (400).
    Refused,
    /// It refuses the request (501).
    Unknown,
    /// It does nothing, but responds with success.
    Ignored,
}
