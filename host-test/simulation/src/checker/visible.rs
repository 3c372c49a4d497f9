//! Records what the component sees: the complete responses.

use mock_retool::Organisation;
use serde_json::Value;

use super::{Checker, Coverage, UserListing};
use crate::change::{address_in, enabled_admins, invitation_id, key, open_invitation};
use crate::dialects::dialect_wire;
use crate::request::{Fields, LOGIN, ListQuery, ParsedRequest, Target, VERSION, Visible};

impl Checker {
    /// Records a complete response with a 2xx status. `served_from` is the state that it shows.
    pub fn response_arrives(
        &mut self,
        parsed: &ParsedRequest,
        body: &Value,
        served_from: &Organisation,
    ) {
        match dialect_wire(self.dialect).visible(&parsed.target, body) {
            Visible::Users(records) => {
                match &parsed.list_query {
                    ListQuery::Named(email) => {
                        let email = key(email);
                        let is_theirs = |record: &Fields| address(record) == email;
                        self.posted.remove(&email);
                        self.lookups.insert(email.clone(), records.iter().any(is_theirs));
                    }
                    ListQuery::FirstPage => self.saw_page(true, &records, served_from),
                    ListQuery::LaterPage => self.saw_page(false, &records, served_from),
                }
                records.into_iter().for_each(|record| self.saw_user(record));
            }
            Visible::Invitations(records) => {
                self.invitation_pages = 0;
                if parsed.list_query == ListQuery::FirstPage {
                    self.invited.clear();
                    self.invitation_listings.push(Coverage::default());
                }
                let present =
                    self.invitations(served_from).map(|one| invitation_id(one.id)).collect();
                if let Some(coverage) = self.invitation_listings.last_mut() {
                    coverage.add_page(records.iter().map(|record| id(record).to_owned()), present);
                }
                for record in records {
                    // A server may have no route for a single invitation.
                    self.read.insert(id(&record).to_owned(), None);
                    self.read_as.insert(id(&record).to_owned(), record.clone());
                    self.saw_user(record);
                }
            }
            Visible::User(record) => {
                let id = id(&record).to_owned();
                if !parsed.is_write() || self.read.contains_key(&id) {
                    let version = record.get(VERSION).and_then(Value::as_str);
                    self.read.insert(id.clone(), version.map(ToOwned::to_owned));
                    self.read_as.insert(id, record.clone());
                }
                self.saw_user(record);
            }
            Visible::Groups(records) => {
                match &parsed.list_query {
                    ListQuery::Named(name) => {
                        self.groups_posted.remove(name.trim());
                        if records.is_empty() {
                            self.groups_missed.insert(name.trim().to_owned());
                        }
                    }
                    ListQuery::FirstPage => {
                        self.groups_posted.clear();
                        self.group_listings.push(Coverage::default());
                    }
                    ListQuery::LaterPage => {}
                }
                if let (ListQuery::FirstPage | ListQuery::LaterPage, Some(coverage)) =
                    (&parsed.list_query, self.group_listings.last_mut())
                {
                    let number = |record: &Fields| record.get("id").map(Value::to_string);
                    let present = served_from.groups.iter().map(|group| group.id.to_string());
                    coverage.add_page(records.iter().filter_map(number), present.collect());
                }
                records.into_iter().for_each(|record| self.saw_group(record));
            }
            Visible::Group(record) => {
                if let (Target::Group(id), false) = (&parsed.target, parsed.is_write()) {
                    self.groups_read.insert(*id);
                }
                self.saw_group(record);
            }
            Visible::Nothing => {}
        }
    }

    /// Records a response that is no JSON. After several in a row, the server may be one that does not list
    /// its invitations.
    pub fn page_arrives(&mut self, parsed: &ParsedRequest) {
        if parsed.is_write() || parsed.target != Target::Invitations {
            return;
        }
        self.invitation_pages += 1;
        if self.invitation_pages >= 3 {
            self.invited.clear();
            let mut listing = Coverage::default();
            listing.add_page(std::iter::empty(), std::collections::BTreeSet::new());
            self.invitation_listings.push(listing);
        }
    }

    fn saw_page(&mut self, is_first: bool, records: &[Fields], served_from: &Organisation) {
        if is_first {
            self.unusable = false;
            self.user_listings.push(UserListing::default());
            // A whole listing counts as a look-up of every address.
            self.listed = true;
            self.posted.clear();
            self.lookups.clear();
        }
        let span = self.operation.sync_request().map(|request| request.span.clone());
        // An account of this call is no one else's, whatever its record.
        let is_own = |record: &Fields| {
            self.writes
                .iter()
                .filter_map(ParsedRequest::created)
                .any(|email| key(email) == address(record))
        };
        let has_unusable = records.iter().any(|record| is_unusable(record) && !is_own(record));
        self.unusable |= has_unusable;
        let Some(listing) = self.user_listings.last_mut() else { return };
        let lacks = |email: &str| self.beliefs.listing.hidden.iter().any(|one| one == email);
        let shown = served_from.users.iter().filter(|user| !lacks(&user.email));
        let present = shown.map(|user| user.id.clone()).collect();
        listing.coverage.add_page(records.iter().map(|record| id(record).to_owned()), present);
        let enabled = served_from.users.iter().filter(|user| {
            let email = retool_lifecycle::domain::Email::new(&user.email);
            !user.is_disabled && span.as_ref().is_none_or(|span| span.contains(&email))
        });
        listing.enabled = listing.enabled.max(enabled.count());
        listing.admins = listing.admins.max(enabled_admins(served_from));
        for group in &served_from.groups {
            let members =
                served_from.members(group.id).count() + served_from.invites_to(group.id).count();
            let most = listing.members.entry(group.id).or_default();
            *most = members.max(*most);
        }
    }

    /// Returns the open invitations that count as users.
    fn invitations<'a>(
        &self,
        organisation: &'a Organisation,
    ) -> impl Iterator<Item = &'a mock_retool::Invite> + use<'a> {
        let counts = self.can.reports_invitations;
        organisation.invites.iter().filter(move |invite| {
            counts
                && open_invitation(organisation, &key(&invite.email))
                    .is_some_and(|one| one.id == invite.id)
        })
    }

    fn saw_user(&mut self, record: Fields) {
        let id = id(&record).to_owned();
        let address_now = address(&record);
        if self.conflicts.contains(&address_now) {
            self.overlooked.insert(address_now);
        }
        let given = self.given_by_id(&id).map(key);
        let addresses = self.addresses.entry(id.clone()).or_default();
        addresses.extend(given);
        addresses.extend(record.get(LOGIN).and_then(address_in));
        addresses.insert(address(&record));
        self.seen_as.entry(id.clone()).or_default().push(record.clone());
        self.visible.insert(id, record);
    }

    fn saw_group(&mut self, record: Fields) {
        let id = record.get("id").and_then(Value::as_u64).and_then(|id| u32::try_from(id).ok());
        if let Some(id) = id {
            self.visible_groups.insert(id, record);
        }
    }

    /// Returns the address that a response contained last for an id.
    pub(super) fn visible_address(&self, id: &str) -> Option<String> {
        self.visible.get(id).map(address)
    }
}

/// Whether a record has no address, or a name that is no text.
fn is_unusable(record: &Fields) -> bool {
    let is_odd = |name: &str| record.get(name).is_some_and(Value::is_array);
    let is_nameless = address(record).is_empty() && !record.contains_key(LOGIN);
    is_nameless || is_odd("firstName") || is_odd("oddName")
}

fn id(record: &Fields) -> &str {
    record.get("id").and_then(Value::as_str).unwrap_or_default()
}

fn address(record: &Fields) -> String {
    key(record.get("email").and_then(Value::as_str).unwrap_or_default())
}
