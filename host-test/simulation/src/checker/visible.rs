//! What the component gets to see: answers that arrive whole.

use mock_retool::Organisation;
use serde_json::Value;

use super::{Cover, Reading, Watch};
use crate::change::{invitation, invited, key};
use crate::dialects::tongue;
use crate::wire::{Ask, Fields, Shown, Target, VERSION, Wire};

impl Watch {
    /// An answer with a good status arrives whole. `served_from` is the state that it shows.
    pub fn shows(&mut self, wire: &Wire, body: &Value, served_from: &Organisation) {
        match tongue(self.dialect).shown(&wire.target, body) {
            Shown::People(records) => {
                match &wire.ask {
                    Ask::Named(email) => {
                        let email = key(email);
                        let is_theirs = |record: &Fields| address(record) == email;
                        self.posted.remove(&email);
                        self.looks.insert(email.clone(), records.iter().any(is_theirs));
                    }
                    Ask::Beginning => self.reads_page(true, &records, served_from),
                    Ask::Rest => self.reads_page(false, &records, served_from),
                }
                records.into_iter().for_each(|record| self.shows_user(record));
            }
            Shown::Invitations(records) => {
                if wire.ask == Ask::Beginning {
                    self.invitation_readings.push(Cover::default());
                }
                let there = self.invitations(served_from).map(|one| invitation(one.id)).collect();
                if let Some(cover) = self.invitation_readings.last_mut() {
                    cover.page(records.iter().map(|record| id(record).to_owned()), there);
                }
                records.into_iter().for_each(|record| self.shows_user(record));
            }
            Shown::Person(record) => {
                let id = id(&record).to_owned();
                if !wire.is_write() || self.read.contains_key(&id) {
                    let version = record.get(VERSION).and_then(Value::as_str);
                    self.read.insert(id, version.map(ToOwned::to_owned));
                }
                self.shows_user(record);
            }
            Shown::Groups(records) => {
                match &wire.ask {
                    Ask::Named(name) => {
                        self.groups_posted.remove(name.trim());
                        if records.is_empty() {
                            self.groups_missed.insert(name.trim().to_owned());
                        }
                    }
                    Ask::Beginning => {
                        self.groups_posted.clear();
                        self.group_readings.push(Cover::default());
                    }
                    Ask::Rest => {}
                }
                if let (Ask::Beginning | Ask::Rest, Some(cover)) =
                    (&wire.ask, self.group_readings.last_mut())
                {
                    let number = |record: &Fields| record.get("id").map(Value::to_string);
                    let there = served_from.groups.iter().map(|group| group.id.to_string());
                    cover.page(records.iter().filter_map(number), there.collect());
                }
                records.into_iter().for_each(|record| self.shows_group(record));
            }
            Shown::Group(record) => {
                if let (Target::Group(id), false) = (&wire.target, wire.is_write()) {
                    self.groups_read.insert(*id);
                }
                self.shows_group(record);
            }
            Shown::Nothing => {}
        }
    }

    fn reads_page(&mut self, is_first: bool, records: &[Fields], served_from: &Organisation) {
        if is_first {
            self.readings.push(Reading::default());
            // Everybody is looked at, so everybody was looked for.
            self.listed = true;
            self.posted.clear();
            self.looks.clear();
        }
        let span = self.operation.sync_request().map(|request| request.span.clone());
        let Some(reading) = self.readings.last_mut() else { return };
        let there = served_from.users.iter().map(|user| user.id.clone()).collect();
        reading.cover.page(records.iter().map(|record| id(record).to_owned()), there);
        let enabled = served_from.users.iter().filter(|user| {
            let email = retool_lifecycle::domain::Email::new(&user.email);
            !user.is_disabled && span.as_ref().is_none_or(|span| span.contains(&email))
        });
        let invited = self.invitations(served_from).filter(|invite| {
            let email = retool_lifecycle::domain::Email::new(&invite.email);
            span.as_ref().is_none_or(|span| span.contains(&email))
        });
        let enabled = enabled.count() + invited.count();
        let Some(reading) = self.readings.last_mut() else { return };
        reading.enabled = reading.enabled.max(enabled);
        for group in &served_from.groups {
            let members =
                served_from.members(group.id).count() + served_from.invites_to(group.id).count();
            let most = reading.members.entry(group.id).or_default();
            *most = members.max(*most);
        }
    }

    /// Those who are invited and count as people.
    fn invitations<'a>(
        &self,
        organisation: &'a Organisation,
    ) -> impl Iterator<Item = &'a mock_retool::Invite> + use<'a> {
        let counts = self.can.tells_invitations;
        organisation.invites.iter().filter(move |invite| {
            counts
                && invited(organisation, &key(&invite.email)).is_some_and(|one| one.id == invite.id)
        })
    }

    fn shows_user(&mut self, record: Fields) {
        let id = id(&record).to_owned();
        self.addresses.entry(id.clone()).or_default().insert(address(&record));
        self.shown.insert(id, record);
    }

    fn shows_group(&mut self, record: Fields) {
        let id = record.get("id").and_then(Value::as_u64).and_then(|id| u32::try_from(id).ok());
        if let Some(id) = id {
            self.groups_shown.insert(id, record);
        }
    }

    /// The address that was shown last for an id.
    pub(super) fn shown_address(&self, id: &str) -> Option<String> {
        self.shown.get(id).map(address)
    }
}

fn id(record: &Fields) -> &str {
    record.get("id").and_then(Value::as_str).unwrap_or_default()
}

fn address(record: &Fields) -> String {
    key(record.get("email").and_then(Value::as_str).unwrap_or_default())
}
