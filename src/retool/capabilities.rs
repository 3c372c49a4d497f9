//! What each dialect can do, where they differ: data that the planner, the life cycle and the
//! documentation share.

use crate::domain::{Dialect, Field, UserType};

/// What a dialect can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Which one it is.
    pub dialect: Dialect,
    /// Creating somebody sends an invitation.
    pub create_invites: bool,
    /// Nobody is created without a first and a last name.
    pub names_required: bool,
    /// People can be deleted for good; otherwise a deletion disables.
    pub deletes_people: bool,
    /// Records say who administers the organisation.
    pub tells_admins: bool,
    /// Administrators can be made.
    pub sets_admins: bool,
    /// What a seat is billed as is told and can be set, and must be said of new people.
    pub bills_seats: bool,
    /// Photos can be set.
    pub sets_photos: bool,
    /// What a group may do in every app is told and can be set.
    pub sets_app_access: bool,
    /// One request adds many people to a group.
    pub batches_members: bool,
    /// Who administers a group is told.
    pub tells_group_admins: bool,
    /// Invitations that nobody has accepted yet are told, and can be withdrawn.
    pub tells_invitations: bool,
    /// Sessions can be ended, on servers that are new enough.
    pub ends_sessions: bool,
    /// Records say when they were last changed.
    pub tells_changes: bool,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Dialect; 3] = [Dialect::V1, Dialect::V2, Dialect::Scim];

    /// What it can do.
    pub const fn capabilities(self) -> Capabilities {
        match self {
            Dialect::V1 => Capabilities {
                dialect: self,
                create_invites: true,
                names_required: false,
                deletes_people: true,
                tells_admins: true,
                sets_admins: true,
                bills_seats: true,
                sets_photos: true,
                sets_app_access: true,
                batches_members: false,
                tells_group_admins: false,
                tells_invitations: false,
                ends_sessions: false,
                tells_changes: true,
            },
            Dialect::V2 => Capabilities {
                dialect: self,
                create_invites: false,
                names_required: true,
                deletes_people: false,
                tells_admins: true,
                sets_admins: false,
                bills_seats: true,
                sets_photos: false,
                sets_app_access: true,
                batches_members: true,
                tells_group_admins: true,
                tells_invitations: true,
                ends_sessions: true,
                tells_changes: false,
            },
            Dialect::Scim => Capabilities {
                dialect: self,
                create_invites: false,
                names_required: false,
                deletes_people: true,
                tells_admins: false,
                sets_admins: false,
                bills_seats: false,
                sets_photos: false,
                sets_app_access: false,
                batches_members: true,
                tells_group_admins: false,
                tells_invitations: false,
                ends_sessions: false,
                tells_changes: true,
            },
        }
    }
}

impl Capabilities {
    /// Whether a field of an existing person can be set.
    pub const fn sets(&self, field: Field) -> bool {
        match field {
            Field::FirstName | Field::LastName | Field::Disabled => true,
            Field::UserType => self.bills_seats,
            Field::Admin => self.sets_admins,
            Field::ProfilePhotoUrl => self.sets_photos,
        }
    }

    /// Whether a seat can be billed so.
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
