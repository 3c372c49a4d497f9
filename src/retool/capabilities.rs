//! The differences between what the dialects can do. The planner, the life cycle and the
//! documentation share this data.

use crate::domain::{AccessField, Dialect, Field, UserType};

/// What a dialect can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// The dialect.
    pub dialect: Dialect,
    /// Creating a user sends an invitation.
    pub create_invites: bool,
    /// A user can't be created without a first and a last name.
    pub names_required: bool,
    /// Users can be deleted permanently; otherwise a deletion disables.
    pub deletes_people: bool,
    /// User records state who administers the organisation.
    pub reports_admins: bool,
    /// The address of an account can be changed.
    pub renames: bool,
    /// Users can be made administrators.
    pub sets_admins: bool,
    /// User types, by which seats are billed, are reported and can be set. New users need one.
    pub bills_seats: bool,
    /// Photos can be set.
    pub sets_photos: bool,
    /// What a group may do: the settings that are reported and can be set.
    pub access_settings: &'static [AccessField],
    /// The metadata of users is reported and can be set.
    pub sets_metadata: bool,
    /// User attributes are reported and can be set, on servers that are recent enough.
    pub sets_attributes: bool,
    /// The second factor of a user can be reset, on servers that are recent enough.
    pub resets_two_factor: bool,
    /// One request can add many users to a group.
    pub batches_members: bool,
    /// Groups report who administers them, and it can be set.
    pub reports_group_admins: bool,
    /// Invitations that are not accepted yet are reported and can be withdrawn.
    pub reports_invitations: bool,
    /// An invitation can be sent instead of creating an account.
    pub sends_invitations: bool,
    /// Sessions can be ended, on servers that are recent enough.
    pub ends_sessions: bool,
    /// Records state when they were last changed.
    pub reports_changes: bool,
    /// Records may state when people were last active.
    pub reports_activity: bool,
    /// A change replaces the whole record, so that the server may reset what it leaves out.
    pub replaces_records: bool,
    /// A deletion may leave the account behind, disabled, although the dialect has deletions.
    pub deletion_may_disable: bool,
    /// The record of a group may leave out members whose own records name the group.
    pub groups_may_lack_members: bool,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Dialect; 3] = [Dialect::V1, Dialect::V2, Dialect::Scim];

    /// Returns what the dialect can do.
    pub const fn capabilities(self) -> Capabilities {
        match self {
            Dialect::V1 => Capabilities {
                dialect: self,
                create_invites: true,
                names_required: false,
                deletes_people: true,
                reports_admins: true,
                renames: true,
                sets_admins: true,
                bills_seats: true,
                sets_photos: true,
                access_settings: &[AccessField::UniversalApp],
                sets_metadata: false,
                sets_attributes: false,
                resets_two_factor: false,
                batches_members: false,
                reports_group_admins: false,
                reports_invitations: false,
                sends_invitations: false,
                ends_sessions: false,
                reports_changes: true,
                reports_activity: true,
                replaces_records: true,
                deletion_may_disable: false,
                groups_may_lack_members: false,
            },
            Dialect::V2 => Capabilities {
                dialect: self,
                create_invites: false,
                names_required: true,
                deletes_people: false,
                reports_admins: true,
                renames: false,
                sets_admins: false,
                bills_seats: true,
                sets_photos: false,
                access_settings: &AccessField::ALL,
                sets_metadata: true,
                sets_attributes: true,
                resets_two_factor: true,
                batches_members: true,
                reports_group_admins: true,
                reports_invitations: true,
                sends_invitations: true,
                ends_sessions: true,
                reports_changes: false,
                reports_activity: true,
                replaces_records: false,
                deletion_may_disable: false,
                groups_may_lack_members: false,
            },
            Dialect::Scim => Capabilities {
                dialect: self,
                create_invites: false,
                names_required: false,
                deletes_people: true,
                reports_admins: false,
                renames: true,
                sets_admins: false,
                bills_seats: false,
                sets_photos: false,
                access_settings: &[],
                sets_metadata: false,
                sets_attributes: false,
                resets_two_factor: false,
                batches_members: true,
                reports_group_admins: false,
                reports_invitations: false,
                sends_invitations: false,
                ends_sessions: false,
                reports_changes: true,
                reports_activity: false,
                replaces_records: false,
                deletion_may_disable: true,
                groups_may_lack_members: true,
            },
        }
    }
}

impl Capabilities {
    /// Returns the capabilities of a server whose deletions were seen to `only_disable`.
    #[must_use]
    pub(super) fn with_deletions_that_only_disable(self, only_disable: bool) -> Self {
        Capabilities { deletes_people: self.deletes_people && !only_disable, ..self }
    }

    /// Returns whether a field of an existing user can be set.
    pub const fn sets(&self, field: Field) -> bool {
        match field {
            Field::FirstName | Field::LastName | Field::Disabled => true,
            Field::UserType => self.bills_seats,
            Field::Admin => self.sets_admins,
            Field::ProfilePhotoUrl => self.sets_photos,
        }
    }

    /// Returns whether a field of an existing user can be cleared.
    pub fn clears(&self, field: Field) -> bool {
        field.is_clearable() && self.sets(field)
    }

    /// Returns whether a seat can be billed as this type.
    pub const fn bills(&self, user_type: UserType) -> bool {
        match self.dialect {
            Dialect::V1 => matches!(user_type, UserType::Default | UserType::EndUser),
            Dialect::V2 => {
                matches!(user_type, UserType::Default | UserType::Mobile | UserType::Embed)
            }
            Dialect::Scim => false,
        }
    }
}
