//! SCIM.

use mock_retool::{
    FormSupport, Group, IfMatchRule, MemberRemoval, Options, Organisation, PatchAnswer, PatchForms,
    ScimBase, ScimQuirks,
};
use retool_lifecycle::http::Method;
use serde_json::{Value, json};

use super::{DialectWire, IgnoredQuery, Quirks, below, objects, text, with_id};
use crate::chance::Chance;
use crate::change::key;
use crate::request::{Act, Fields, LOGIN, ListQuery, Target, VERSION, Visible};

/// SCIM.
pub struct Scim;

impl DialectWire for Scim {
    fn target(&self, path: &str) -> Target {
        let bases = ["/scim/v2", "/api/scim/v2"];
        let Some(segments) = below(&bases, path) else { return Target::Other };
        match segments.as_slice() {
            ["Users"] => Target::Users,
            ["Users", id] => Target::User(user_id(id)),
            ["Groups"] => Target::Groups,
            ["Groups", id] => group_number(id).map_or(Target::Other, Target::Group),
            _ => Target::Other,
        }
    }

    fn user_id(&self, id: &str) -> String {
        user_id(id)
    }

    fn list_query(&self, query: &[(&str, String)]) -> ListQuery {
        let find = |name| query.iter().find(|(found, _)| *found == name).map(|(_, value)| value);
        let start = find("startIndex").and_then(|start| start.parse::<u32>().ok());
        match (find("filter"), start) {
            (Some(filter), _) => ListQuery::Named(compared(filter).unwrap_or_default()),
            (None, Some(start)) if start > 1 => ListQuery::LaterPage,
            (None, _) => ListQuery::FirstPage,
        }
    }

    fn act(&self, method: Method, target: &Target, _: &str, body: &Value) -> Option<Act> {
        Some(match (target, method) {
            (Target::Users, Method::Post) => creation(body.as_object()?.clone())?,
            (Target::User(id), Method::Patch) => {
                let mut fields = Fields::new();
                for Operation { op, path, value } in operations(body)? {
                    let clears = op == "remove"
                        && matches!(path, "name.givenName" | "name.familyName")
                        && value.is_null();
                    if !clears && !matches!(op, "replace" | "add") {
                        return None;
                    }
                    match path {
                        "" => set_attributes(&mut fields, value.as_object()?)?,
                        path => set_attribute(&mut fields, path, &value)?,
                    }
                }
                Act::Update { id: id.clone(), fields, whole: false }
            }
            (Target::User(id), Method::Put) => {
                let mut fields = user(body.as_object()?);
                fields.retain(|name, _| {
                    matches!(name.as_str(), "email" | "firstName" | "lastName" | "isDisabled")
                });
                Act::Update { id: id.clone(), fields, whole: true }
            }
            (Target::User(id), Method::Delete) => Act::Delete { id: id.clone() },
            (Target::Groups, Method::Post) => {
                let fields = body.as_object()?;
                if !fields.keys().all(|name| name == "schemas" || name == "displayName") {
                    return None;
                }
                Act::CreateGroup { name: text(fields, "displayName").to_owned() }
            }
            (Target::Group(id), Method::Patch) => change(*id, operations(body)?)?,
            (Target::Group(id), Method::Delete) => Act::DeleteGroup { id: *id },
            _ => return None,
        })
    }

    fn visible(&self, target: &Target, body: &Value) -> Visible {
        let many = |read: fn(&Fields) -> Fields| objects(&body["Resources"]).map(read).collect();
        let is_list = body["Resources"].is_array() || body["totalResults"].is_number();
        let one = body.as_object().filter(|record| record.contains_key("id"));
        match target {
            Target::Users if is_list => Visible::Users(many(user)),
            Target::Groups if is_list => Visible::Groups(many(group)),
            Target::Users | Target::User(_) => {
                one.map(user).map_or(Visible::Nothing, Visible::User)
            }
            Target::Groups | Target::Group(_) => {
                one.map(group).map_or(Visible::Nothing, Visible::Group)
            }
            _ => Visible::Nothing,
        }
    }

    fn quirks(&self, chance: &mut Chance) -> Quirks {
        use MemberRemoval::{EmptiesGroup, Ignored, Refused, Works};
        let (remove_by_filter, remove_by_value) = *chance.pick(&[
            (Works, Works),
            (Works, Works),
            (Works, Refused),
            (Works, Ignored),
            (Works, EmptiesGroup),
            (Refused, Works),
            (Ignored, Works),
        ]);
        let scim_quirks = ScimQuirks {
            ignore_paging: chance.percent(50),
            leave_out_empty_resources: chance.percent(20),
            active_as_text: chance.percent(20),
            no_location: chance.percent(30),
            no_etag: chance.percent(50),
            numeric_error_status: chance.percent(30),
            plain_json: chance.percent(30),
            patch_answer: *chance.pick(&[
                PatchAnswer::AsDocumented,
                PatchAnswer::Resource,
                PatchAnswer::NoContent,
            ]),
            remove_by_filter,
            remove_by_value,
            delete_disables: chance.percent(10),
            ..ScimQuirks::default()
        };
        let scim_base = *chance.pick(&[ScimBase::Both, ScimBase::Scim, ScimBase::ApiScim]);
        let hides_members = chance.percent(20);
        // Drawn last, so that earlier seeds keep their other properties.
        let scim_quirks = forms_and_versions(scim_quirks, chance);
        Quirks {
            options: Options { scim_quirks, scim_base, ..Options::default() },
            default_page_size: None,
            hides_members,
        }
    }

    fn effective_pair<'q>(
        &self,
        (name, value): (&'q str, &'q str),
        ignored_query: IgnoredQuery,
    ) -> Option<(&'q str, &'q str)> {
        match name {
            "filter" if ignored_query.filter => None,
            "startIndex" if ignored_query.page => Some((name, "1")),
            _ => Some((name, value)),
        }
    }

    fn items<'b>(&self, body: &'b mut Value) -> Option<&'b mut Vec<Value>> {
        body.get_mut("Resources")?.as_array_mut()
    }

    fn total<'b>(&self, body: &'b mut Value) -> Option<&'b mut Value> {
        body.get_mut("totalResults")
    }

    fn empty_user_list(&self) -> Value {
        json!({"Resources": [], "totalResults": 0})
    }

    fn record<'b>(&self, body: &'b mut Value) -> &'b mut Value {
        body
    }

    fn address<'b>(&self, record: &'b mut Value) -> Option<&'b mut Value> {
        record.get_mut("userName")
    }

    fn remove_last_name(&self, record: &mut Value) {
        record["name"]["familyName"] = Value::Null;
    }

    fn is_paged(&self, target: &Target) -> bool {
        matches!(target, Target::Users | Target::Groups)
    }

    fn short_reply(&self, _: Method, _: &Target) -> Option<&'static [u8]> {
        // `PatchAnswer` already includes short replies to a PATCH.
        None
    }

    fn remove_groups(&self, record: &mut Value) {
        if let Some(record) =
            record.as_object_mut().filter(|record| record.contains_key("userName"))
        {
            record.remove("groups");
        }
    }

    fn visible_fields(&self, fields: Fields) -> Fields {
        fields
    }

    fn add_dialect_data(&self, organisation: &mut Organisation, chance: &mut Chance) {
        for (at, user) in organisation.users.iter_mut().enumerate() {
            if chance.percent(20) {
                user.scim.insert("externalId".into(), json!(format!("ext-{at}")));
            }
            if chance.percent(10) {
                let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
                user.scim.insert(enterprise.into(), json!({"employeeNumber": at.to_string()}));
            }
            if chance.percent(6) {
                user.scim.insert("userName".into(), json!(format!("login{at}")));
            }
        }
    }
}

/// Draws the forms of a change that a server accepts, and how it compares versions. There is a form
/// for each change.
fn forms_and_versions(quirks: ScimQuirks, chance: &mut Chance) -> ScimQuirks {
    use FormSupport::{Ignored, Refused, Unknown, Works};
    let works = (Works, Works);
    let one_form =
        [works, works, (Refused, Works), (Ignored, Works), (Unknown, Works), (Works, Refused)];
    let forms = |(by_path, by_value)| PatchForms { by_path, by_value };
    let mut user_patch = forms(*chance.pick(&one_form));
    let group_patch = forms(*chance.pick(&one_form));
    if chance.percent(15) {
        // Only a PUT changes a user.
        user_patch =
            forms(*chance.pick(&[(Refused, Refused), (Unknown, Unknown), (Refused, Ignored)]));
    }
    let if_match = *chance.pick(&[
        IfMatchRule::Lenient,
        IfMatchRule::Lenient,
        IfMatchRule::Strong,
        IfMatchRule::StrongForm,
        IfMatchRule::Never,
    ]);
    ScimQuirks { user_patch, group_patch, if_match, strong_etags: chance.percent(25), ..quirks }
}

/// Returns a user's id as the organisation spells it. The conversion is its own inverse.
fn user_id(id: &str) -> String {
    with_id(id).scim_id()
}

/// Returns a group's number in the organisation.
pub fn group_number(id: &str) -> Option<u32> {
    let number = id.strip_prefix("grp_")?.parse().ok()?;
    let spelled = Group { id: number, ..Group::new("") }.scim_id();
    (spelled == id).then_some(number)
}

/// Returns the text of a filter of the form `attribute eq "text"`.
fn compared(filter: &str) -> Option<String> {
    let (_, text) = filter.split_once(" eq ")?;
    serde_json::from_str(text).ok()
}

/// Sets a field from an attribute that a path names.
fn set_attribute(fields: &mut Fields, path: &str, value: &Value) -> Option<()> {
    // An empty name is none.
    let filled = || if value == "" { Value::Null } else { value.clone() };
    let (name, value) = match path {
        "name.givenName" => ("firstName", filled()),
        "name.familyName" => ("lastName", filled()),
        "active" => ("isDisabled", json!(!value.as_bool()?)),
        "userName" => (LOGIN, value.clone()),
        // The other mails are compared in the organisation.
        "emails" => ("email", json!(main_mail(value)?)),
        other => (other, value.clone()),
    };
    fields.insert(name.to_owned(), value);
    Some(())
}

/// Sets fields from the value of an operation without a path.
fn set_attributes(fields: &mut Fields, attributes: &Fields) -> Option<()> {
    for (name, value) in attributes {
        match value.as_object() {
            Some(parts) if name == "name" => {
                for (part, value) in parts {
                    set_attribute(fields, &format!("name.{part}"), value)?;
                }
            }
            _ => set_attribute(fields, name, value)?,
        }
    }
    Some(())
}

struct Operation<'a> {
    op: &'a str,
    path: &'a str,
    value: Value,
}

fn operations(body: &Value) -> Option<Vec<Operation<'_>>> {
    body["Operations"].as_array()?;
    let operations = objects(&body["Operations"]).map(|operation| Operation {
        op: text(operation, "op"),
        path: text(operation, "path"),
        value: operation.get("value").cloned().unwrap_or_default(),
    });
    Some(operations.collect())
}

/// Returns the ids of the users in a list of references. `None` if the value is no list.
fn references(value: &Value) -> Option<Vec<String>> {
    value.as_array()?;
    Some(objects(value).map(|reference| user_id(text(reference, "value"))).collect())
}

/// Reads a change of a group: its name or its members.
fn change(id: u32, operations: Vec<Operation<'_>>) -> Option<Act> {
    let [Operation { op, path, value }] = <[Operation<'_>; 1]>::try_from(operations).ok()?;
    let named = path.strip_prefix("members[").and_then(|rest| rest.strip_suffix(']'));
    let without_path = |name: &str| {
        let attributes = value.as_object().filter(|attributes| attributes.len() == 1)?;
        attributes.get(name).filter(|_| path.is_empty()).cloned()
    };
    if let Some(value) = without_path("displayName").filter(|_| op == "replace") {
        let fields = Fields::from_iter([("name".to_owned(), value)]);
        return Some(Act::UpdateGroup { id, fields, whole: false });
    }
    if let Some(value) = without_path("members").filter(|_| op == "add") {
        return Some(Act::Join { group: id, users: references(&value)? });
    }
    match (op, path, named) {
        ("replace", "displayName", _) => {
            let fields = Fields::from_iter([("name".to_owned(), value)]);
            Some(Act::UpdateGroup { id, fields, whole: false })
        }
        ("add", "members", _) => Some(Act::Join { group: id, users: references(&value)? }),
        ("remove", _, Some(filter)) => {
            Some(Act::Leave { group: id, id: user_id(&compared(filter)?) })
        }
        ("remove", "members", _) => match <[String; 1]>::try_from(references(&value)?) {
            Ok([one]) => Some(Act::Leave { group: id, id: one }),
            Err(_) => None,
        },
        _ => None,
    }
}

fn creation(mut sent: Fields) -> Option<Act> {
    sent.remove("schemas");
    let login = text(&sent, "userName").to_owned();
    sent.remove("userName");
    let emails = sent.remove("emails").unwrap_or_default();
    let first = objects(&emails).next().map(|entry| text(entry, "value").to_owned());
    let email = first.unwrap_or_else(|| login.clone());
    // The component sends the same address in every entry of `emails`, and in `userName` unless an
    // account with another login is created again.
    let is_login = login == email || key(&login) == key(&email) || !login.contains('@');
    let is_one = objects(&emails).all(|entry| text(entry, "value") == email);
    if !is_login || !is_one || sent.remove("active")? != true {
        return None;
    }
    let mut fields = Fields::new();
    if let Some(Value::Object(name)) = sent.remove("name") {
        for (part, value) in name {
            let field = match part.as_str() {
                "givenName" => "firstName".to_owned(),
                "familyName" => "lastName".to_owned(),
                _ => part,
            };
            fields.insert(field, value);
        }
    }
    fields.append(&mut sent);
    Some(Act::Create { email, fields })
}

/// Returns the address of the main mail.
fn main_mail(emails: &Value) -> Option<&str> {
    let is_primary = |mail: &&Fields| mail.get("primary") == Some(&Value::Bool(true));
    let first = objects(emails).find(is_primary).or_else(|| objects(emails).next())?;
    Some(text(first, "value"))
}

fn user(record: &Fields) -> Fields {
    let login = text(record, "userName");
    let email = match main_mail(record.get("emails").unwrap_or(&Value::Null)) {
        Some(mail) => mail,
        // A login that is no address names nobody by address.
        None if login.contains('@') => login,
        None => "",
    };
    let mut fields = Fields::new();
    let mut set = |name: &str, value: Option<&Value>| {
        fields.insert(name.to_owned(), value.cloned().unwrap_or_default());
    };
    if record.get("name").is_some_and(Value::is_array) {
        set("oddName", record.get("name"));
    }
    let name = record.get("name").and_then(Value::as_object);
    set("firstName", name.and_then(|name| name.get("givenName")));
    set("lastName", name.and_then(|name| name.get("familyName")));
    set(VERSION, record.get("meta").and_then(|meta| meta.get("version")));
    set("updatedAt", record.get("meta").and_then(|meta| meta.get("lastModified")));
    fields.insert("id".into(), user_id(text(record, "id")).into());
    fields.insert("email".into(), email.into());
    if !login.is_empty() {
        fields.insert(LOGIN.into(), login.into());
    }
    let active = match record.get("active") {
        Some(Value::Bool(active)) => Some(*active),
        Some(Value::String(active)) => Some(active.eq_ignore_ascii_case("true")),
        _ => None,
    };
    fields.insert("isDisabled".into(), active.map(|active| !active).into());
    if let Some(groups) = record.get("groups") {
        let is_admin = objects(groups).any(|group| text(group, "display") == "admin");
        fields.insert("isAdmin".into(), is_admin.into());
    }
    fields
}

fn group(record: &Fields) -> Fields {
    let mut fields = Fields::new();
    if let Some(version) = record.get("meta").and_then(|meta| meta.get("version")) {
        fields.insert(VERSION.into(), version.clone());
    }
    fields.insert("id".into(), group_number(text(record, "id")).into());
    fields.insert("name".into(), text(record, "displayName").into());
    let members = objects(record.get("members").unwrap_or(&Value::Null))
        .map(|member| json!({"id": user_id(text(member, "value")), "email": member.get("display")}))
        .collect();
    fields.insert("members".into(), Value::Array(members));
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "1607dcd4-2a48-4c31-b560-95ec5df0b125";

    fn patched(operation: Value) -> Option<Act> {
        Scim.act(Method::Patch, &Target::Group(4), "", &json!({"Operations": [operation]}))
    }

    #[test]
    fn ids_in_paths_are_converted_to_the_organisation_ids() {
        let spelled = with_id(ID).scim_id();
        for base in ["/scim/v2", "/api/scim/v2"] {
            let path = format!("{base}/Users/{spelled}");
            assert_eq!(Scim.target(&path), Target::User(ID.into()));
        }
        assert_eq!(Scim.target("/scim/v2/Groups/grp_4"), Target::Group(4));
        assert_eq!(Scim.target("/scim/v2/Groups/4"), Target::Other);
    }

    #[test]
    fn removals_of_one_member_are_parsed_and_emptying_a_group_is_not() {
        let spelled = with_id(ID).scim_id();
        let leave = Some(Act::Leave { group: 4, id: ID.into() });
        let path = format!("members[value eq \"{spelled}\"]");
        assert_eq!(patched(json!({"op": "remove", "path": path})), leave);
        let value = json!([{"value": spelled}]);
        assert_eq!(patched(json!({"op": "remove", "path": "members", "value": value})), leave);
        assert_eq!(patched(json!({"op": "remove", "path": "members"})), None);
    }

    #[test]
    fn the_searched_address_is_parsed_from_the_filter() {
        let query = [("filter", r#"userName eq "a\"b@example.com""#.to_owned())];
        assert_eq!(Scim.list_query(&query), ListQuery::Named("a\"b@example.com".into()));
    }
}
