//! `/api/v2`.

use mock_retool::{Invite, Options, Organisation, UserAttribute, V2Options};
use retool_lifecycle::domain::AccessField;
use retool_lifecycle::http::Method;
use serde_json::{Value, json};

use super::{DialectWire, IgnoredQuery, Quirks, below, objects, text};
use crate::chance::Chance;
use crate::change::{invitation_id, metadata_field, metadata_key};
use crate::organisation::ATTRIBUTES;
use crate::request::{Act, Fields, ListQuery, Target, Visible};

/// `/api/v2`.
pub struct V2;

impl DialectWire for V2 {
    fn target(&self, path: &str) -> Target {
        let Some(segments) = below(&["/api/v2"], path) else { return Target::Other };
        let group = |id: &str| id.parse::<u32>().ok();
        let found = match segments.as_slice() {
            ["users"] => Some(Target::Users),
            ["users", "reset2fa", id] => Some(Target::TwoFactor(user_id(id))),
            ["users", id] => Some(Target::User(user_id(id))),
            ["users", id, "user_attributes", ..] => Some(Target::Attributes(user_id(id))),
            ["users", id, "logout"] => Some(Target::Sessions(user_id(id))),
            ["user_invites"] => Some(Target::Invitations),
            ["user_invites", number, "user_attributes", ..] => {
                Some(Target::Attributes(invitation_id(number)))
            }
            ["user_invites", number] => Some(Target::User(invitation_id(number))),
            ["groups"] => Some(Target::Groups),
            ["groups", id] => group(id).map(Target::Group),
            ["groups", id, "members" | "user_invites"] => group(id).map(Target::Members),
            ["groups", id, "members", user] => {
                group(id).map(|group| Target::Member(group, user_id(user)))
            }
            ["groups", id, "user_invites", number] => {
                group(id).map(|group| Target::Member(group, invitation_id(number)))
            }
            _ => None,
        };
        found.unwrap_or(Target::Other)
    }

    fn user_id(&self, id: &str) -> String {
        // The component spells an invitation's id like the simulation.
        user_id(id)
    }

    fn list_query(&self, query: &[(&str, String)]) -> ListQuery {
        let find = |name| query.iter().find(|(found, _)| *found == name).map(|(_, value)| value);
        match (find("email"), find("next_token")) {
            (Some(email), _) => ListQuery::Named(email.clone()),
            (None, None) => ListQuery::FirstPage,
            (None, Some(_)) => ListQuery::LaterPage,
        }
    }

    fn act(&self, method: Method, target: &Target, path: &str, body: &Value) -> Option<Act> {
        Some(match (target, method) {
            (Target::Users, Method::Post) => {
                let mut fields = user(body.as_object()?);
                // A new account is enabled.
                fields.retain(|name, value| !(name == "isDisabled" && *value == false));
                let email = text(&fields, "email").to_owned();
                fields.remove("email");
                Act::Create { email, fields }
            }
            (Target::Invitations, Method::Post) => {
                let fields = body.as_object()?;
                let knows = |name: &String| {
                    matches!(name.as_str(), "email" | "defaultGroupIds" | "metadata")
                };
                if !fields.keys().all(knows) {
                    return None;
                }
                let groups = body["defaultGroupIds"].as_array().into_iter().flatten();
                let groups: Option<Vec<u32>> =
                    groups.map(|id| id.as_u64().and_then(|id| id.try_into().ok())).collect();
                let metadata = body["metadata"].as_object().cloned().unwrap_or_default();
                let email = text(fields, "email").to_owned();
                Act::Invite { email, groups: groups?, metadata }
            }
            (Target::User(id), Method::Patch) => {
                Act::Update { id: id.clone(), fields: user(&operations(body)?), whole: false }
            }
            (Target::Attributes(id), Method::Post) => {
                let name = metadata_field(body["name"].as_str()?);
                let fields = Fields::from_iter([(name, body["value"].clone())]);
                Act::Update { id: id.clone(), fields, whole: false }
            }
            (Target::Attributes(id), Method::Delete) => {
                let name = metadata_field(path.rsplit('/').next()?);
                let fields = Fields::from_iter([(name, Value::Null)]);
                Act::Update { id: id.clone(), fields, whole: false }
            }
            (Target::User(id), Method::Delete) => Act::Delete { id: id.clone() },
            (Target::TwoFactor(id), Method::Put) => Act::ResetTwoFactor { id: id.clone() },
            (Target::Sessions(id), Method::Post) => Act::EndSessions { id: id.clone() },
            (Target::Groups, Method::Post) => {
                let fields = body.as_object()?;
                let is_setting = |name: &str| {
                    let settings = AccessField::ALL.map(|field| field.as_str().replace('-', "_"));
                    settings.iter().any(|setting| setting == name)
                };
                let knows = |name: &String| name == "name" || is_setting(name);
                if !fields.keys().all(knows) {
                    return None;
                }
                Act::CreateGroup { name: text(fields, "name").to_owned() }
            }
            (Target::Group(id), Method::Patch) => {
                let fields = renamed(&operations(body)?, &GROUP_FIELDS);
                Act::UpdateGroup { id: *id, fields, whole: false }
            }
            (Target::Group(id), Method::Delete) => Act::DeleteGroup { id: *id },
            (Target::Members(group), Method::Post) => {
                let users = if path.ends_with("/user_invites") {
                    body["userInviteIds"].as_array()?.iter().map(invitation_id).collect()
                } else {
                    body["members"].as_array()?;
                    objects(&body["members"]).map(|member| user_id(text(member, "id"))).collect()
                };
                Act::Join { group: *group, users }
            }
            (Target::Member(group, id), Method::Delete) => {
                Act::Leave { group: *group, id: id.clone() }
            }
            _ => return None,
        })
    }

    fn visible(&self, target: &Target, body: &Value) -> Visible {
        let data = &body["data"];
        let one = data.as_object().filter(|record| record.contains_key("id"));
        let many = |read: fn(&Fields) -> Fields| objects(data).map(read).collect();
        match target {
            Target::Users if data.is_array() => Visible::Users(many(user)),
            Target::Invitations if data.is_array() => Visible::Invitations(many(invitation)),
            Target::Groups if data.is_array() => Visible::Groups(many(group)),
            Target::Invitations => one.map(invitation).map_or(Visible::Nothing, Visible::User),
            Target::Users => one.map(user).map_or(Visible::Nothing, Visible::User),
            Target::User(_) => {
                let read = |record: &Fields| {
                    if is_invitation(record) { invitation(record) } else { user(record) }
                };
                one.map(read).map_or(Visible::Nothing, Visible::User)
            }
            Target::Groups | Target::Group(_) | Target::Members(_) | Target::Member(..) => {
                one.map(group).map_or(Visible::Nothing, Visible::Group)
            }
            _ => Visible::Nothing,
        }
    }

    fn quirks(&self, chance: &mut Chance) -> Quirks {
        let v2 = V2Options {
            logout: chance.percent(75),
            seat_type: chance.percent(75),
            user_invites: chance.percent(80),
            ..V2Options::default()
        };
        let pages = *chance.pick(&[1, 2, 7, 100]);
        let default_page_size = chance.percent(30).then_some(pages);
        let v2 = V2Options { creation_sets_access: chance.percent(85), ..v2 };
        Quirks {
            options: Options { v2, ..Options::default() },
            default_page_size,
            hides_members: false,
        }
    }

    fn effective_pair<'q>(
        &self,
        (name, value): (&'q str, &'q str),
        ignored_query: IgnoredQuery,
    ) -> Option<(&'q str, &'q str)> {
        let ignored =
            name == "email" && ignored_query.filter || name == "next_token" && ignored_query.page;
        (!ignored).then_some((name, value))
    }

    fn items<'b>(&self, body: &'b mut Value) -> Option<&'b mut Vec<Value>> {
        body.get_mut("data")?.as_array_mut()
    }

    fn total<'b>(&self, body: &'b mut Value) -> Option<&'b mut Value> {
        body.get_mut("total_count")
    }

    fn make_only_page(&self, body: &mut Value) {
        let listed = self.items(body).map_or(0, |items| items.len());
        body["total_count"] = listed.into();
        body["has_more"] = false.into();
        if let Some(body) = body.as_object_mut() {
            body.remove("next_token");
        }
    }

    fn empty_user_list(&self) -> Value {
        json!({"success": true, "data": [], "total_count": 0, "has_more": false})
    }

    fn record<'b>(&self, body: &'b mut Value) -> &'b mut Value {
        if body.get("data").is_some() { &mut body["data"] } else { body }
    }

    fn address<'b>(&self, record: &'b mut Value) -> Option<&'b mut Value> {
        record.get_mut("email")
    }

    fn remove_last_name(&self, record: &mut Value) {
        record["last_name"] = Value::Null;
    }

    fn is_paged(&self, target: &Target) -> bool {
        matches!(target, Target::Users | Target::Groups | Target::Invitations)
    }

    fn has_tokens(&self) -> bool {
        true
    }

    fn short_reply(&self, method: Method, target: &Target) -> Option<&'static [u8]> {
        let of_members = matches!(target, Target::Members(_) | Target::Member(..));
        let of_attributes = matches!(target, Target::Attributes(_));
        (method == Method::Patch || of_members || of_attributes).then_some(br#"{"success":true}"#)
    }

    fn remove_groups(&self, record: &mut Value) {
        let record = self.record(record);
        if let Some(record) = record.as_object_mut().filter(|record| record.contains_key("email")) {
            record.remove("groups");
        }
    }

    fn visible_fields(&self, mut fields: Fields) -> Fields {
        let user_type = fields.get("userType").and_then(Value::as_str);
        if !matches!(user_type, Some("default" | "mobile" | "embed")) {
            fields.insert("userType".into(), json!("default"));
        }
        fields
    }

    fn add_dialect_data(&self, organisation: &mut Organisation, chance: &mut Chance) {
        organisation.attributes = ATTRIBUTES.map(UserAttribute::text).into();
        for user in &mut organisation.users {
            if chance.percent(15) {
                user.user_type = (*chance.pick(&["mobile", "embed"])).to_owned();
            }
            for membership in &mut user.memberships {
                membership.is_group_admin |= chance.percent(15);
            }
        }
        let groups: Vec<u32> = organisation
            .groups
            .iter()
            .filter(|one| one.id != mock_retool::ADMIN)
            .map(|one| one.id)
            .collect();
        for number in 0..chance.below(4) {
            let mut groups = groups.clone();
            groups.retain(|_| chance.percent(20));
            let draft = Invite { groups, ..Invite::new(format!("Invited{number}@example.com")) };
            // This can't fail: no other user has the address.
            let _ = organisation.invite(draft);
        }
    }
}

/// Returns a user's id as the organisation spells it.
fn user_id(sid: &str) -> String {
    let Some(digits) = sid.strip_prefix("user_").filter(|digits| digits.len() == 32) else {
        return sid.to_owned();
    };
    let mut id = String::with_capacity(36);
    for (at, digit) in digits.chars().enumerate() {
        if matches!(at, 8 | 12 | 16 | 20) {
            id.push('-');
        }
        id.push(digit);
    }
    id
}

/// Renames fields from the first to the second name of a pair.
fn renamed(record: &Fields, names: &[(&str, &str)]) -> Fields {
    let name = |field: &str| {
        names.iter().find(|(theirs, _)| *theirs == field).map_or(field, |(_, ours)| ours).to_owned()
    };
    record.iter().map(|(field, value)| (name(field), value.clone())).collect()
}

fn user(record: &Fields) -> Fields {
    let mut fields = renamed(
        record,
        &[
            ("first_name", "firstName"),
            ("last_name", "lastName"),
            ("is_admin", "isAdmin"),
            ("user_type", "userType"),
            ("seat_type", "seatType"),
            ("updated_at", "updatedAt"),
        ],
    );
    if let Some(Value::Object(metadata)) = fields.remove("metadata") {
        fields.extend(metadata.into_iter().map(|(key, value)| (metadata_field(&key), value)));
    }
    if let Some(active) = fields.remove("active") {
        fields.insert("isDisabled".into(), active.as_bool().map(|active| !active).into());
    }
    if let Some(id) = record.get("id").and_then(Value::as_str) {
        fields.insert("id".into(), user_id(id).into());
    }
    fields
}

fn is_invitation(record: &Fields) -> bool {
    record.contains_key("invited_email")
}

fn invitation(record: &Fields) -> Fields {
    let mut fields = renamed(record, &[("invited_email", "email")]);
    fields.insert("id".into(), record.get("id").map(invitation_id).into());
    fields
}

const GROUP_FIELDS: [(&str, &str); 1] = [("universal_app_access", "universalAppAccess")];

fn group(record: &Fields) -> Fields {
    let mut fields = renamed(record, &GROUP_FIELDS);
    let members = objects(&record.get("members").cloned().unwrap_or_default())
        .map(|member| json!({"id": user_id(text(member, "id")), "email": member.get("email")}))
        .chain(objects(&record.get("user_invites").cloned().unwrap_or_default()).map(|invite| {
            json!({"id": invite.get("id").map(invitation_id), "email": invite.get("invited_email")})
        }))
        .collect();
    fields.insert("members".into(), Value::Array(members));
    fields
}

/// Returns the fields that a PATCH sets, by the names of the paths. `None` if it does anything
/// else.
fn operations(body: &Value) -> Option<Fields> {
    let mut fields = Fields::new();
    for operation in objects(&body["operations"]) {
        let name = text(operation, "path").strip_prefix('/')?;
        let name = match name.strip_prefix("metadata/") {
            Some(key) => metadata_field(&key.replace("~1", "/").replace("~0", "~")),
            None => name.to_owned(),
        };
        let can_be_removed =
            metadata_key(&name).is_some() || matches!(&*name, "first_name" | "last_name");
        match text(operation, "op") {
            "replace" | "add" => {}
            "remove" if can_be_removed => {}
            _ => return None,
        }
        fields.insert(name, operation.get("value").cloned().unwrap_or_default());
    }
    Some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialects::with_id;

    #[test]
    fn ids_in_paths_are_converted_to_the_organisation_ids() {
        let id = "1607dcd4-2a48-4c31-b560-95ec5df0b125";
        let sid = with_id(id).sid();
        assert_eq!(V2.target(&format!("/api/v2/users/{sid}")), Target::User(id.into()));
        assert_eq!(V2.target("/api/v2/user_invites/7"), Target::User(invitation_id(7)));
        assert_eq!(
            V2.target("/api/v2/groups/4/user_invites/7"),
            Target::Member(4, invitation_id(7))
        );
        assert_eq!(V2.target("/api/v1/users"), Target::Other);
    }

    #[test]
    fn a_patch_may_set_fields_and_nothing_else() {
        let patch = |operation: Value| {
            let body = json!({"operations": [operation]});
            V2.act(Method::Patch, &Target::User("a".into()), "", &body)
        };
        let fields = Fields::from_iter([("isDisabled".to_owned(), json!(true))]);
        let disabled = Act::Update { id: "a".into(), fields, whole: false };
        assert_eq!(
            patch(json!({"op": "replace", "path": "/active", "value": false})),
            Some(disabled)
        );
        assert_eq!(patch(json!({"op": "remove", "path": "/metadata"})), None);
        let group = Fields::from_iter([("name".to_owned(), json!("x"))]);
        assert_eq!(super::group(&group).get("members"), Some(&json!([])));
    }
}
