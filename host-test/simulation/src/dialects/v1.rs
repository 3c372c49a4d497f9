//! `/api/v1`. The simulation uses this dialect's field names for every dialect.

use mock_retool::Organisation;
use retool_lifecycle::http::Method;
use serde_json::{Value, json};

use super::{DialectWire, IgnoredQuery, Quirks, below, objects, text};
use crate::chance::Chance;
use crate::request::{Act, Fields, ListQuery, Target, Visible};

/// `/api/v1`.
pub struct V1;

impl DialectWire for V1 {
    fn target(&self, path: &str) -> Target {
        let Some(segments) = below(&["/api/v1"], path) else { return Target::Other };
        let group = |id: &str| id.parse().ok();
        match segments.as_slice() {
            ["users"] => Target::Users,
            ["users", id] => Target::User((*id).to_owned()),
            ["groups"] => Target::Groups,
            ["groups", id] => group(id).map_or(Target::Other, Target::Group),
            ["groups", id, "members"] => group(id).map_or(Target::Other, Target::Members),
            ["groups", id, "members", user] => {
                group(id).map_or(Target::Other, |group| Target::Member(group, (*user).to_owned()))
            }
            _ => Target::Other,
        }
    }

    fn user_id(&self, id: &str) -> String {
        id.to_owned()
    }

    fn list_query(&self, query: &[(&str, String)]) -> ListQuery {
        let find = |name| query.iter().find(|(found, _)| *found == name).map(|(_, value)| value);
        match (find("email"), find("page").and_then(|page| page.parse().ok())) {
            (Some(email), _) => ListQuery::Named(email.clone()),
            (None, None | Some(1_u32)) => ListQuery::FirstPage,
            (None, Some(_)) => ListQuery::LaterPage,
        }
    }

    fn act(&self, method: Method, target: &Target, _: &str, body: &Value) -> Option<Act> {
        let mut fields = body.as_object().cloned().unwrap_or_default();
        Some(match (target, method) {
            (Target::Users, Method::Post) => {
                let email = text(&fields, "email").to_owned();
                fields.remove("email");
                Act::Create { email, fields }
            }
            (Target::User(id), Method::Put) => Act::Update { id: id.clone(), fields, whole: true },
            (Target::User(id), Method::Delete) => Act::Delete { id: id.clone() },
            (Target::Groups, Method::Post) => {
                Act::CreateGroup { name: text(&fields, "name").to_owned() }
            }
            (Target::Group(id), Method::Put) => Act::UpdateGroup { id: *id, fields, whole: true },
            (Target::Group(id), Method::Delete) => Act::DeleteGroup { id: *id },
            (Target::Members(group), Method::Post) => {
                Act::Join { group: *group, users: vec![text(&fields, "userId").to_owned()] }
            }
            (Target::Member(group, id), Method::Delete) => {
                Act::Leave { group: *group, id: id.clone() }
            }
            _ => return None,
        })
    }

    fn visible(&self, target: &Target, body: &Value) -> Visible {
        let record = || body.as_object().filter(|record| record.contains_key("id")).cloned();
        match target {
            Target::Users => match body["users"].is_array() {
                true => Visible::Users(objects(&body["users"]).cloned().collect()),
                false => record().map_or(Visible::Nothing, Visible::User),
            },
            Target::User(_) => record().map_or(Visible::Nothing, Visible::User),
            Target::Groups => match body["groups"].is_array() {
                true => Visible::Groups(objects(&body["groups"]).cloned().collect()),
                false => record().map_or(Visible::Nothing, Visible::Group),
            },
            Target::Group(_) => record().map_or(Visible::Nothing, Visible::Group),
            _ => Visible::Nothing,
        }
    }

    fn quirks(&self, _: &mut Chance) -> Quirks {
        Quirks::default()
    }

    fn effective_pair<'q>(
        &self,
        (name, value): (&'q str, &'q str),
        ignored_query: IgnoredQuery,
    ) -> Option<(&'q str, &'q str)> {
        match name {
            "email" if ignored_query.filter => None,
            "page" if ignored_query.page => Some((name, "1")),
            _ => Some((name, value)),
        }
    }

    fn items<'b>(&self, body: &'b mut Value) -> Option<&'b mut Vec<Value>> {
        body.get_mut("users")?.as_array_mut()
    }

    fn total<'b>(&self, body: &'b mut Value) -> Option<&'b mut Value> {
        body.get_mut("total")
    }

    fn empty_user_list(&self) -> Value {
        json!({"users": [], "total": 0})
    }

    fn record<'b>(&self, body: &'b mut Value) -> &'b mut Value {
        body
    }

    fn address<'b>(&self, record: &'b mut Value) -> Option<&'b mut Value> {
        record.get_mut("email")
    }

    fn remove_last_name(&self, record: &mut Value) {
        record["lastName"] = Value::Null;
    }

    fn is_paged(&self, target: &Target) -> bool {
        *target == Target::Users
    }

    fn short_reply(&self, method: Method, _: &Target) -> Option<&'static [u8]> {
        (method == Method::Put).then_some(br#"{"success":true}"#)
    }

    fn remove_groups(&self, record: &mut Value) {
        if let Some(record) = record.as_object_mut().filter(|record| record.contains_key("email")) {
            record.remove("groups");
        }
    }

    fn visible_fields(&self, fields: Fields) -> Fields {
        fields
    }

    fn add_dialect_data(&self, _: &mut Organisation, _: &mut Chance) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_parsed_to_targets() {
        assert_eq!(V1.target("/api/v1/groups/4/members/a-b"), Target::Member(4, "a-b".into()));
        assert_eq!(V1.target("/api/v1/groups/x"), Target::Other);
        assert_eq!(V1.target("/api/v2/users"), Target::Other);
    }
}
