//! How servers differ.

use mock_retool::{Dialect, Options};
use retool_lifecycle::http::Request;
use retool_lifecycle::retool::Capabilities;

use crate::chance::Chance;
use crate::dialects::{Deaf, Habits, capabilities, tongue};
use crate::fault::Fault;
use crate::wire::{Target, Wire, change};

/// What holds for a server always: servers differ.
#[derive(Clone, Debug)]
pub struct Nature {
    /// The dialect that it speaks, and no other.
    pub dialect: Dialect,
    /// How servers of this dialect alone differ.
    pub habits: Habits,
    /// The largest page that it gives.
    pub max_page_size: usize,
    /// It does not know the filter by address.
    pub ignores_filter: bool,
    /// Its people do not say which groups they are in.
    pub silent_about_groups: bool,
    /// Its writes are answered with a bare acknowledgement.
    pub terse: bool,
    /// It takes two people of one address.
    pub takes_doubles: bool,
    /// How long a request takes at least and at most, there and back, in milliseconds.
    pub latency: (u64, u64),
    /// How many requests in a thousand meet a fault; of writes, twice as many.
    pub fault_rate: u32,
    /// How many writes in a thousand are followed by stale reads, for up to a second.
    pub stale_rate: u32,
}

/// Draws a server.
pub fn draw(dialect: Dialect, seed: u64, chance: &mut Chance) -> Nature {
    let takes_doubles = chance.percent(15);
    let slow = *chance.pick(&[0, 5, 40, 400, 3000]);
    Nature {
        dialect,
        habits: tongue(dialect).habits(&mut Chance::new(seed, 7)),
        max_page_size: *chance.pick(&[1, 3, 7, 20, 100, 1000]),
        ignores_filter: chance.percent(8),
        silent_about_groups: chance.percent(6),
        terse: chance.percent(10),
        takes_doubles,
        latency: (slow / 4, slow),
        fault_rate: *chance.pick(&[0, 20, 80, 200, 350]),
        // Who takes two of one address and shows neither can't be helped.
        stale_rate: if takes_doubles { 0 } else { *chance.pick(&[0, 0, 50, 300]) },
    }
}

impl Nature {
    /// What this server can do of what the dialect can.
    pub fn capabilities(&self) -> Capabilities {
        let can = capabilities(self.dialect);
        let Options { v2, scim_quirks, .. } = &self.habits.options;
        Capabilities {
            deletes_people: can.deletes_people && !scim_quirks.delete_disables,
            tells_invitations: can.tells_invitations && v2.user_invites,
            ends_sessions: can.ends_sessions && v2.logout,
            ..can
        }
    }

    /// The request as the server understands it.
    pub fn understood(&self, request: &Request, fault: Option<Fault>, wire: &Wire) -> Request {
        let tongue = tongue(self.dialect);
        let mut request = request.clone();
        let deaf = Deaf {
            filter: self.ignores_filter || fault == Some(Fault::IgnoredFilter),
            page: fault == Some(Fault::FirstPage),
        };
        let (path, query) =
            request.path_and_query.split_once('?').unwrap_or((&request.path_and_query, ""));
        let pairs = query.split('&').filter(|pair| !pair.is_empty()).filter_map(|pair| match pair
            .split_once('=')
        {
            Some(named) => tongue.heard(named, deaf).map(|(name, value)| format!("{name}={value}")),
            None => Some(pair.to_owned()),
        });
        let mut query: Vec<String> = pairs.collect();
        let is_limited = query.iter().any(|pair| pair.starts_with("limit="));
        if let (Some(limit), true, false) =
            (self.habits.pages_unasked, wire.target == Target::Users, is_limited)
        {
            query.push(format!("limit={limit}"));
        }
        request.path_and_query = match query.is_empty() {
            true => path.to_owned(),
            false => format!("{path}?{}", query.join("&")),
        };
        request
    }

    /// Leaves out of an answer what this server does not tell.
    pub fn keep_to_itself(&self, target: &Target, body: &mut Vec<u8>) {
        let hides_members = self.habits.hides_members && *target == Target::Groups;
        if !hides_members && !self.silent_about_groups {
            return;
        }
        let tongue = tongue(self.dialect);
        change(body, |answer| {
            if hides_members {
                for group in tongue.items(answer).into_iter().flatten() {
                    if let Some(group) = group.as_object_mut() {
                        group.remove("members");
                    }
                }
            }
            if self.silent_about_groups {
                tongue.silence(answer);
                for record in tongue.items(answer).into_iter().flatten() {
                    tongue.silence(record);
                }
            }
        });
    }
}
