//! The types of the component's own logic: users, groups and the writes to them. Depends on
//! nothing. `guest` converts them from and to the contract's types.

mod email;
mod group;
mod id;
mod patch;
pub mod text;
mod tombstone;
mod user;
mod user_ref;
mod write;

pub use email::Email;
pub use group::{ADMINISTRATORS, Group, GroupAccount, GroupPatch, Member};
pub use id::{Dialect, GroupId, GroupIdKind, GroupLink, GroupRef, UserId};
pub use patch::{Field, FieldChange, NewUser, UserPatch};
pub use tombstone::Tombstone;
pub use user::{Account, Names, User, UserType};
pub use user_ref::{UserRef, UserSet};
pub use write::{Write, WriteKind};
