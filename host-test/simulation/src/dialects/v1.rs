//! `/api/v1`, whose words are those of the simulation.

use mock_retool::Organisation;
use retool_lifecycle::http::Method;
use serde_json::{Value, json};

use super::{Deaf, Habits, Tongue, below, objects, text};
use crate::chance::Chance;
use crate::wire::{Act, Ask, Fields, Shown, Target};

/// `/api/v1`.
pub struct V1;

impl Tongue for V1 {
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

    fn person(&self, id: &str) -> String {
        id.to_owned()
    }

    fn ask(&self, query: &[(&str, String)]) -> Ask {
        let find = |name| query.iter().find(|(found, _)| *found == name).map(|(_, value)| value);
        match (find("email"), find("page").and_then(|page| page.parse().ok())) {
            (Some(email), _) => Ask::Named(email.clone()),
            (None, None | Some(1_u32)) => Ask::Beginning,
            (None, Some(_)) => Ask::Rest,
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
                Act::Join { group: *group, people: vec![text(&fields, "userId").to_owned()] }
            }
            (Target::Member(group, id), Method::Delete) => {
                Act::Leave { group: *group, id: id.clone() }
            }
            _ => return None,
        })
    }

    fn shown(&self, target: &Target, body: &Value) -> Shown {
        let record = || body.as_object().filter(|record| record.contains_key("id")).cloned();
        match target {
            Target::Users => match body["users"].is_array() {
                true => Shown::People(objects(&body["users"]).cloned().collect()),
                false => record().map_or(Shown::Nothing, Shown::Person),
            },
            Target::User(_) => record().map_or(Shown::Nothing, Shown::Person),
            Target::Groups => match body["groups"].is_array() {
                true => Shown::Groups(objects(&body["groups"]).cloned().collect()),
                false => record().map_or(Shown::Nothing, Shown::Group),
            },
            Target::Group(_) => record().map_or(Shown::Nothing, Shown::Group),
            _ => Shown::Nothing,
        }
    }

    fn habits(&self, _: &mut Chance) -> Habits {
        Habits::default()
    }

    fn heard<'q>(
        &self,
        (name, value): (&'q str, &'q str),
        deaf: Deaf,
    ) -> Option<(&'q str, &'q str)> {
        match name {
            "email" if deaf.filter => None,
            "page" if deaf.page => Some((name, "1")),
            _ => Some((name, value)),
        }
    }

    fn items<'b>(&self, body: &'b mut Value) -> Option<&'b mut Vec<Value>> {
        body.get_mut("users")?.as_array_mut()
    }

    fn total<'b>(&self, body: &'b mut Value) -> Option<&'b mut Value> {
        body.get_mut("total")
    }

    fn nobody(&self) -> Value {
        json!({"users": [], "total": 0})
    }

    fn record<'b>(&self, body: &'b mut Value) -> &'b mut Value {
        body
    }

    fn address<'b>(&self, record: &'b mut Value) -> Option<&'b mut Value> {
        record.get_mut("email")
    }

    fn forget_last_name(&self, record: &mut Value) {
        record["lastName"] = Value::Null;
    }

    fn is_paged(&self, target: &Target) -> bool {
        *target == Target::Users
    }

    fn terse(&self, method: Method, _: &Target) -> Option<&'static [u8]> {
        (method == Method::Put).then_some(br#"{"success":true}"#)
    }

    fn silence(&self, record: &mut Value) {
        if let Some(record) = record.as_object_mut().filter(|record| record.contains_key("email")) {
            record.remove("groups");
        }
    }

    fn sees(&self, fields: Fields) -> Fields {
        fields
    }

    fn colour(&self, _: &mut Organisation, _: &mut Chance) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_apart() {
        assert_eq!(V1.target("/api/v1/groups/4/members/a-b"), Target::Member(4, "a-b".into()));
        assert_eq!(V1.target("/api/v1/groups/x"), Target::Other);
        assert_eq!(V1.target("/api/v2/users"), Target::Other);
    }
}
