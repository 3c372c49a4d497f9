//! The differences between servers.

use mock_retool::{
    AddressChange, Deviations, Dialect, DisabledUsers, Guidance, IfMatchRule, InviteOptions,
    ListingOptions, MemberRemoval, MetadataPaths, Options, Support, Throttling,
};
use retool_lifecycle::http::Request;
use retool_lifecycle::retool::Capabilities;

use crate::chance::Chance;
use crate::dialects::{IgnoredQuery, Quirks, capabilities, dialect_wire};
use crate::fault::Fault;
use crate::request::{ParsedRequest, Target, edit_json};

/// The permanent properties of a server.
#[derive(Clone, Debug)]
pub struct ServerBehavior {
    /// The only dialect of the server.
    pub dialect: Dialect,
    /// Properties in which only servers of this dialect differ.
    pub quirks: Quirks,
    /// The largest page size.
    pub max_page_size: usize,
    /// It ignores the filter by address.
    pub ignores_filter: bool,
    /// Its user records do not contain the groups.
    pub omits_groups: bool,
    /// It answers writes with an acknowledgement instead of the record.
    pub short_replies: bool,
    /// It accepts two users with one address.
    pub accepts_duplicate_emails: bool,
    /// Minimum and maximum time in milliseconds of each way, to the server and back.
    pub latency: (u64, u64),
    /// Number of requests in a thousand that get a fault. For writes the rate is twice as high.
    pub fault_rate: u32,
    /// Number of writes in a thousand that are followed by stale reads, for up to a second.
    pub stale_rate: u32,
    /// How its listings deviate.
    pub listing: ListingOptions,
    /// How many requests it serves, if it limits them.
    pub quota: Option<Quota>,
}

/// A limit on requests.
#[derive(Clone, Copy, Debug)]
pub struct Quota {
    /// Number of requests in a window.
    pub requests: u32,
    /// The length of a window, in milliseconds.
    pub window_ms: u64,
    /// The response to a request beyond the limit.
    pub throttling: Throttling,
}

/// Draws whether a server limits requests, and how it says so. No limit is so low that a call takes
/// an hour.
fn draw_quota(chance: &mut Chance) -> Option<Quota> {
    let (requests, window_ms) =
        *chance.pick(&[(5, 1000), (20, 10_000), (100, 10_000), (100, 60_000), (300, 60_000)]);
    let guidance = *chance.pick(&Guidance::ALL);
    // Without any header, a 403 does not say that the server throttles.
    let may_be_403 = guidance != Guidance::Nothing;
    let status = if may_be_403 && chance.percent(30) { 403 } else { 429 };
    let throttling = Throttling { status, guidance };
    chance.percent(30).then_some(Quota { requests, window_ms, throttling })
}

/// Draws a server.
pub fn draw(dialect: Dialect, seed: u64, chance: &mut Chance) -> ServerBehavior {
    let accepts_duplicate_emails = chance.percent(15);
    let slow = *chance.pick(&[0, 5, 40, 400, 3000]);
    let mut server_behavior = ServerBehavior {
        dialect,
        quirks: dialect_wire(dialect).quirks(&mut Chance::new(seed, 7)),
        max_page_size: *chance.pick(&[1, 3, 7, 20, 100, 1000]),
        ignores_filter: chance.percent(8),
        omits_groups: chance.percent(6),
        short_replies: chance.percent(10),
        accepts_duplicate_emails,
        latency: (slow / 4, slow),
        fault_rate: *chance.pick(&[0, 20, 80, 200, 350]),
        // A server that accepts two accounts with one address and shows neither of them can't be
        // protected against duplicates.
        stale_rate: if accepts_duplicate_emails { 0 } else { *chance.pick(&[0, 0, 50, 300]) },
        quota: draw_quota(&mut Chance::new(seed, 41)),
        listing: ListingOptions {
            v1_activity: Chance::new(seed, 84).percent(60),
            ..ListingOptions::default()
        },
    };
    server_behavior.draw_deviations(&mut Chance::new(seed, 8));
    server_behavior.draw_short_users(&mut Chance::new(seed, 71));
    server_behavior.draw_invitations(&mut Chance::new(seed, 81));
    server_behavior.draw_metadata(&mut Chance::new(seed, 78));
    server_behavior.draw_addresses(&mut Chance::new(seed, 86));
    server_behavior
}

impl ServerBehavior {
    /// Draws how the server does the opposite of what the component believes.
    fn draw_deviations(&mut self, chance: &mut Chance) {
        let is = |dialect| self.dialect == dialect;
        let disabled_users = match chance.below(25) {
            0 => DisabledUsers::Hidden,
            1 => DisabledUsers::Deleted,
            _ => DisabledUsers::Shown,
        };
        let options = &mut self.quirks.options;
        options.deviations = Deviations {
            put_resets_memberships: chance.percent(15) && is(Dialect::V1),
            refuses_members: false,
            email_change: AddressChange::Works,
            delete_disables: chance.percent(8) && is(Dialect::V1),
            disabled_users,
            frozen_dates: chance.percent(15),
        };
        // Where the user's record has no groups, nothing shows a member that the group leaves out.
        // Where the server does not know the path of a member, nothing can remove one safely.
        let shows_few = chance.percent(12);
        let listed = chance.below(3);
        let is_possible = is(Dialect::Scim)
            && !self.omits_groups
            && options.scim_quirks.remove_by_filter == MemberRemoval::Works;
        options.scim_quirks.listed_members = (shows_few && is_possible).then_some(listed);
    }

    /// Draws whether the records of users lack groups. The listing of groups shows them then.
    fn draw_short_users(&mut self, chance: &mut Chance) {
        let (shows_few, listed) = (chance.percent(8), chance.below(3));
        let shows_members = !self.omits_groups && !self.quirks.hides_members;
        let is_possible = self.dialect == Dialect::Scim && shows_members;
        let quirks = &mut self.quirks.options.scim_quirks;
        let is_possible = is_possible && quirks.listed_members.is_none();
        quirks.listed_groups = (shows_few && is_possible).then_some(listed);
    }

    /// Draws which routes of invitations are missing, and what a second invitation becomes. Without
    /// the list, the organisation's invitations can't be seen.
    fn draw_invitations(&mut self, chance: &mut Chance) {
        let mut support = |percent| match chance.percent(percent) {
            true => *chance.pick(&[Support::NotFound, Support::Page]),
            false => Support::Served,
        };
        let (one, create, groups) = (support(8), support(8), support(8));
        self.quirks.options.v2.invites = InviteOptions {
            list: Support::Served,
            one,
            create,
            groups,
            attributes: create,
            // A server that accepts a second one and shows neither can't be protected against it.
            accepts_second: chance.percent(40) && self.stale_rate == 0,
            repeats_link: chance.percent(20),
            ignores_groups: chance.percent(10),
        };
    }

    /// Draws how a server of `/api/v2` lets metadata, attributes and names be changed.
    fn draw_metadata(&mut self, chance: &mut Chance) {
        let v2 = &mut self.quirks.options.v2;
        v2.metadata_paths = match chance.below(10) {
            0 | 1 => MetadataPaths::Refused,
            2 => MetadataPaths::Ignored,
            _ => MetadataPaths::Known,
        };
        v2.user_attributes = chance.percent(80);
        v2.removes_names = chance.percent(80);
        v2.two_factor_reset = chance.percent(80);
    }

    /// Draws what becomes of another address, and of another login over SCIM.
    fn draw_addresses(&mut self, chance: &mut Chance) {
        use AddressChange::{Ignored, Refused, Works};
        let mut rule =
            || *chance.pick(&[Works, Works, Works, Works, Works, Works, Ignored, Refused]);
        let (one, other) = (rule(), rule());
        let options = &mut self.quirks.options;
        match self.dialect {
            Dialect::V1 => options.deviations.email_change = one,
            Dialect::V2 => {}
            Dialect::Scim => {
                options.scim_quirks.user_name_change = one;
                options.scim_quirks.mail_change = other;
            }
        }
    }

    /// Whether the server keeps the address or the login of a user who should get another one.
    pub fn keeps_addresses(&self) -> bool {
        let Options { scim_quirks, deviations, .. } = &self.quirks.options;
        [deviations.email_change, scim_quirks.user_name_change, scim_quirks.mail_change]
            .iter()
            .any(|rule| *rule != AddressChange::Works)
    }

    /// Returns the dialect's capabilities that this server has.
    pub fn capabilities(&self) -> Capabilities {
        let can = capabilities(self.dialect);
        let Options { v2, scim_quirks, deviations, .. } = &self.quirks.options;
        let only_disables = match self.dialect {
            Dialect::V1 => deviations.delete_disables,
            Dialect::V2 => false,
            Dialect::Scim => scim_quirks.delete_disables,
        };
        Capabilities {
            deletes_people: can.deletes_people && !only_disables,
            reports_invitations: can.reports_invitations && v2.user_invites,
            sends_invitations: can.sends_invitations
                && v2.user_invites
                && v2.invites.create == Support::Served,
            ends_sessions: can.ends_sessions && v2.logout,
            sets_attributes: can.sets_attributes && v2.user_attributes,
            bills_seats: can.bills_seats && self.listing.omit.is_empty(),
            ..can
        }
    }

    /// Returns whether one of the forms of removing a member empties the group.
    pub fn empties_groups(&self) -> bool {
        self.quirks.options.scim_quirks.remove_by_value == MemberRemoval::EmptiesGroup
    }

    /// Returns how the server compares versions.
    pub fn if_match(&self) -> IfMatchRule {
        self.quirks.options.scim_quirks.if_match
    }

    /// Returns the request as the server understands it.
    pub fn understood(
        &self,
        request: &Request,
        fault: Option<Fault>,
        parsed: &ParsedRequest,
    ) -> Request {
        let dialect_wire = dialect_wire(self.dialect);
        let mut request = request.clone();
        let ignored_query = IgnoredQuery {
            filter: self.ignores_filter || fault == Some(Fault::IgnoredFilter),
            page: fault == Some(Fault::FirstPage),
        };
        let (path, query) =
            request.path_and_query.split_once('?').unwrap_or((&request.path_and_query, ""));
        let pairs = query.split('&').filter(|pair| !pair.is_empty()).filter_map(|pair| match pair
            .split_once('=')
        {
            Some(named) => dialect_wire
                .effective_pair(named, ignored_query)
                .map(|(name, value)| format!("{name}={value}")),
            None => Some(pair.to_owned()),
        });
        let mut query: Vec<String> = pairs.collect();
        let is_limited = query.iter().any(|pair| pair.starts_with("limit="));
        if let (Some(limit), true, false) =
            (self.quirks.default_page_size, parsed.target == Target::Users, is_limited)
        {
            query.push(format!("limit={limit}"));
        }
        request.path_and_query = match query.is_empty() {
            true => path.to_owned(),
            false => format!("{path}?{}", query.join("&")),
        };
        request
    }

    /// Removes the fields from a response that this server does not show.
    pub fn remove_hidden_fields(&self, target: &Target, body: &mut Vec<u8>) {
        let hides_members = self.quirks.hides_members && *target == Target::Groups;
        if !hides_members && !self.omits_groups {
            return;
        }
        let dialect_wire = dialect_wire(self.dialect);
        edit_json(body, |answer| {
            if hides_members {
                for group in dialect_wire.items(answer).into_iter().flatten() {
                    if let Some(group) = group.as_object_mut() {
                        group.remove("members");
                    }
                }
            }
            if self.omits_groups {
                dialect_wire.remove_groups(answer);
                for record in dialect_wire.items(answer).into_iter().flatten() {
                    dialect_wire.remove_groups(record);
                }
            }
        });
    }
}
