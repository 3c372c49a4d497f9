//! What the component gets to see: answers that arrive whole.

use mock_retool::Organisation;
use retool_lifecycle::http::Method;
use serde_json::{Map, Value};

use super::{Reading, Watch};
use crate::change::key;
use crate::wire::{Target, Wire};

impl Watch {
    /// An answer with a good status arrives whole. `served_from` is the state that it shows.
    pub fn shows(&mut self, wire: &Wire, body: &Value, served_from: &Organisation) {
        match (&wire.target, wire.method) {
            (Target::Users, Method::Get) => {
                let Some(users) = body["users"].as_array() else { return };
                let records: Vec<&Map<String, Value>> =
                    users.iter().filter_map(Value::as_object).collect();
                match (&wire.email, wire.page) {
                    (Some(email), _) => {
                        let email = key(email);
                        let is_theirs = |record: &&Map<String, Value>| address(record) == email;
                        self.posted.remove(&email);
                        self.looks.insert(email.clone(), records.iter().any(is_theirs));
                    }
                    (None, page) => self.reads_page(page.unwrap_or(1), &records, served_from),
                }
                for record in records {
                    self.shows_user(record);
                }
            }
            (Target::User(id), Method::Get) => {
                if let Some(record) = body.as_object() {
                    self.read.insert(id.clone());
                    self.shows_user(record);
                }
            }
            (Target::Users | Target::User(_), Method::Post | Method::Put) => {
                if let Some(record) = body.as_object().filter(|record| record.contains_key("id")) {
                    self.shows_user(record);
                }
            }
            (Target::Groups, Method::Get) => {
                self.groups_listed = true;
                self.groups_posted.clear();
                for record in body["groups"].as_array().into_iter().flatten() {
                    self.shows_group(record);
                }
            }
            (Target::Group(id), Method::Get) => {
                self.groups_read.insert(*id);
                self.shows_group(body);
            }
            (Target::Groups | Target::Group(_), Method::Post | Method::Put) => {
                self.shows_group(body);
            }
            _ => {}
        }
    }

    fn reads_page(
        &mut self,
        page: u32,
        records: &[&Map<String, Value>],
        served_from: &Organisation,
    ) {
        if page == 1 {
            self.readings.push(Reading::default());
            // Everybody is looked at, so everybody was looked for.
            self.listed = true;
            self.posted.clear();
            self.looks.clear();
        }
        let span = self.operation.sync_request().map(|request| request.span.clone());
        let Some(reading) = self.readings.last_mut() else { return };
        reading.shown.extend(records.iter().map(|record| id(record).to_owned()));
        let there = served_from.users.iter().map(|user| user.id.clone()).collect();
        reading.there = Some(match reading.there.take() {
            Some(before) => &before & &there,
            None => there,
        });
        let enabled = served_from.users.iter().filter(|user| {
            let email = retool_lifecycle::domain::Email::new(&user.email);
            !user.is_disabled && span.as_ref().is_none_or(|span| span.contains(&email))
        });
        reading.enabled = reading.enabled.max(enabled.count());
        for group in &served_from.groups {
            let members = served_from.members(group.id).count();
            let most = reading.members.entry(group.id).or_default();
            *most = members.max(*most);
        }
    }

    fn shows_user(&mut self, record: &Map<String, Value>) {
        let id = id(record).to_owned();
        self.addresses.entry(id.clone()).or_default().insert(address(record));
        self.shown.insert(id, record.clone());
    }

    fn shows_group(&mut self, record: &Value) {
        let id = record["id"].as_u64().and_then(|id| u32::try_from(id).ok());
        if let (Some(id), Some(record)) = (id, record.as_object()) {
            self.groups_shown.insert(id, record.clone());
        }
    }

    /// The address that was shown last for an id.
    pub(super) fn shown_address(&self, id: &str) -> Option<String> {
        self.shown.get(id).map(address)
    }
}

fn id(record: &Map<String, Value>) -> &str {
    record.get("id").and_then(Value::as_str).unwrap_or_default()
}

fn address(record: &Map<String, Value>) -> String {
    key(record.get("email").and_then(Value::as_str).unwrap_or_default())
}
