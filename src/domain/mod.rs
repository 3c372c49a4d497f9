//! The types of the component's own logic: users, groups and the writes to them. Depends on
//! nothing. `guest` converts them from and to the contract's types.

mod access;
mod email;
mod group;
mod id;
mod invitation;
pub mod metadata;
mod patch;
mod rare;
mod shared;
pub mod text;
mod tombstone;
mod user;
mod user_ref;
mod write;

pub use access::{AccessField, AccessSetting, AccessValues};
pub use email::Email;
pub use group::{ADMINISTRATORS, Group, GroupAccount, GroupPatch, Member};
pub use id::{Dialect, GroupId, GroupIdKind, GroupLink, GroupRef, LinkedGroup, UserId};
pub use invitation::{Invitation, NewInvitation, WayIn};
pub use metadata::{AttributeDefinition, Changes, Metadata};
pub use patch::{
    Clearable, EMAIL, Field, FieldChange, NewUser, UserPatch, attribute_change,
    attribute_differences, metadata_attribute,
};
pub use rare::{Empty, Rare};
pub use shared::{SharedLinks, SharedRefs};
pub use tombstone::Tombstone;
pub use user::{Account, Names, Times, User, UserType};
pub use user_ref::{UserIndex, UserRef, UserSet};
pub use write::{Write, WriteKind};
