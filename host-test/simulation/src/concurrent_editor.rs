//! Another administrator, who makes random edits while the component runs.

use mock_retool::{ADMIN, Dialect, Group, Invite, Organisation, User};
use serde_json::json;

use crate::chance::Chance;
use crate::names;

/// Another administrator.
pub struct ConcurrentEditor {
    chance: Chance,
    /// They edit only data that this dialect can change.
    dialect: Dialect,
    /// Number of requests in a thousand that they edit before.
    rate: u32,
    /// Whether they send invitations. If not, no route shows an invitation.
    pub invites: bool,
    /// Addresses of users who do not exist yet. They may create or invite them too.
    pub joiners: Vec<String>,
    /// Names of groups that do not exist yet. They may create them too.
    pub new_groups: Vec<String>,
}

impl ConcurrentEditor {
    /// Creates an editor who edits before this number of requests in a thousand.
    pub fn new(dialect: Dialect, seed: u64, rate: u32) -> Self {
        let chance = Chance::new(seed, 4);
        ConcurrentEditor {
            chance,
            dialect,
            rate,
            invites: false,
            joiners: Vec::new(),
            new_groups: Vec::new(),
        }
    }

    /// Whether they make any edits.
    pub fn is_active(&self) -> bool {
        self.rate > 0
    }

    /// Makes an edit before some requests, and returns its description.
    pub fn maybe_edit(
        &mut self,
        organisation: &mut Organisation,
        person: Option<&str>,
    ) -> Option<String> {
        if self.chance.per_mille(self.rate) { self.edit(organisation, person) } else { None }
    }

    /// Makes an edit, often of the `person` with this id, and returns its description. `None` if
    /// the edit was not possible.
    pub fn edit(
        &mut self,
        organisation: &mut Organisation,
        person: Option<&str>,
    ) -> Option<String> {
        let chance = &mut self.chance;
        let theirs = person.filter(|_| chance.percent(50)).and_then(|id| organisation.user(id));
        let user = theirs.or(chance.any(&organisation.users))?.clone();
        let who = user.email.clone();
        let change = |organisation: &mut Organisation, draft: User| {
            organisation.update_user(&user.id, draft).ok().map(|_| ())
        };
        let number = chance.below(90);
        let kinds = match self.dialect {
            Dialect::V1 => 16,
            Dialect::V2 if self.invites => 20,
            Dialect::V2 | Dialect::Scim => 17,
        };
        match chance.below(kinds) {
            0 => {
                let first_name = Some(format!("Edited {number}"));
                change(organisation, User { first_name, ..user.clone() })?;
                Some(format!("first name of {who}"))
            }
            1 => {
                let last_name = number.is_multiple_of(3).then(|| format!("Edited {number}"));
                change(organisation, User { last_name, ..user.clone() })?;
                Some(format!("last name of {who}"))
            }
            2 | 3 => {
                let mut draft = user.clone();
                let custom = (format!("custom{}", number % 3), json!({"by": "another"}));
                match self.dialect {
                    Dialect::V1 => {
                        draft.extra.insert("locale".into(), json!(format!("xx-{number}")));
                        draft.extra.insert(custom.0, custom.1);
                    }
                    Dialect::V2 => {
                        draft.metadata.insert(custom.0, custom.1);
                        if number.is_multiple_of(3) {
                            draft.seat_type = Some("builder".to_owned());
                        }
                    }
                    Dialect::Scim => {
                        draft.scim.insert("externalId".into(), json!(format!("ext-{number}")));
                    }
                }
                change(organisation, draft)?;
                Some(format!("other fields of {who}"))
            }
            4 => {
                let user_type = if user.user_type == "default" { "endUser" } else { "default" };
                change(organisation, User { user_type: user_type.into(), ..user.clone() })?;
                Some(format!("user type of {who}"))
            }
            5 => {
                change(organisation, User { is_disabled: !user.is_disabled, ..user.clone() })?;
                Some(format!("{who} disabled: {}", !user.is_disabled))
            }
            6 => {
                change(organisation, User { is_admin: !user.is_admin, ..user.clone() })?;
                Some(format!("{who} admin: {}", !user.is_admin))
            }
            // No one gives an address to an account without one.
            7 if who.is_empty() => None,
            7 => {
                let email = format!("moved{number}.{}", who.trim_start());
                let scim = user.scim_with_address(&email);
                let mut draft = User { email: email.clone(), scim, ..user.clone() };
                // A login that is made of the address follows it.
                let login = user.scim.get("userName").and_then(|login| login.as_str());
                if login.is_some_and(|login| names::mail_of(&login.to_lowercase()).is_some()) {
                    draft.scim.insert("userName".into(), json!(names::login_of(&email)));
                }
                change(organisation, draft)?;
                Some(format!("{who} is {email} now"))
            }
            8 => {
                organisation.delete_user(&user.id).ok()?;
                Some(format!("{who} is deleted"))
            }
            9 | 10 => {
                let group = chance.any(&organisation.groups).filter(|one| one.id != ADMIN)?.id;
                organisation.join(group, &user.id).ok()?;
                Some(format!("{who} joins {group}"))
            }
            11 => {
                let group = chance.any(&user.memberships)?.group;
                organisation.leave(group, &user.id).ok()?;
                Some(format!("{who} leaves {group}"))
            }
            12 | 13 => {
                let address = chance.any(&self.joiners)?;
                let address =
                    if number.is_multiple_of(2) { address.to_uppercase() } else { address.clone() };
                let user = User::new(address.clone());
                if self.dialect == Dialect::V1 {
                    organisation.create_user(user).ok()?;
                } else {
                    organisation.add_user(user).ok()?;
                }
                Some(format!("{address} is created"))
            }
            14 => {
                let name = chance.any(&self.new_groups)?.clone();
                let taken = organisation.groups.iter().any(|group| group.name.trim() == name);
                (!taken).then(|| organisation.create_group(Group::new(name.clone())))?;
                Some(format!("the group {name} is created"))
            }
            16 => {
                let group = chance.any(&organisation.groups)?.id;
                let administers = number.is_multiple_of(2);
                organisation.join_as(group, &[(user.id.clone(), administers)]).ok()?;
                Some(format!("{who} administers {group}: {administers}"))
            }
            17 => {
                let mut groups: Vec<u32> = organisation.groups.iter().map(|one| one.id).collect();
                groups.retain(|_| chance.percent(20));
                let address = chance.any(&self.joiners)?;
                organisation.invite(Invite { groups, ..Invite::new(address.clone()) }).ok()?;
                Some(format!("{address} is invited"))
            }
            18 => {
                let invite = chance.any(&organisation.invites)?.clone();
                organisation.claim_invite(invite.id, "Claimed", "Invite").ok()?;
                Some(format!("{} accepts the invitation", invite.email))
            }
            19 => {
                let invite = chance.any(&organisation.invites)?.clone();
                if number.is_multiple_of(2) {
                    organisation.revoke_invite(invite.id).ok()?;
                    return Some(format!("the invitation of {} is withdrawn", invite.email));
                }
                let group = chance.any(&organisation.groups)?.id;
                organisation.invite_to_group(group, &[invite.id]).ok()?;
                Some(format!("{} is invited to {group}", invite.email))
            }
            _ => {
                let group = chance.any(&organisation.groups)?.clone();
                if number.is_multiple_of(4) {
                    organisation.delete_group(group.id).ok()?;
                    return Some(format!("the group {} is deleted", group.name));
                }
                if number.is_multiple_of(5) && self.dialect != Dialect::Scim {
                    let universal_app_access = "own".to_owned();
                    let draft = Group { universal_app_access, ..group.clone() };
                    organisation.replace_group(group.id, draft).ok()?;
                    return Some(format!("app access of the group {}", group.name));
                }
                let name = format!("{} {number}", group.name.trim());
                organisation
                    .replace_group(group.id, Group { name: name.clone(), ..group.clone() })
                    .ok()?;
                Some(format!("the group {} is {name} now", group.name))
            }
        }
    }
}
