//! Which people `users` shows.

use anyhow::anyhow;
use host_test::retool::types::{User, UserId};
use jiff::{Span, Timestamp, ToSpan};

use crate::args::UserFilterArgs;
use crate::failure::Failure;

/// The conditions, ready to be compared.
#[derive(Debug)]
pub(crate) struct Filter {
    disabled: bool,
    admins: bool,
    /// People who were last active before this time.
    inactive_since: Option<Timestamp>,
    /// Trimmed.
    groups: Vec<String>,
    /// In lower case, without `@`.
    domains: Vec<String>,
}

impl Filter {
    pub(crate) fn new(arguments: &UserFilterArgs, now: Timestamp) -> Filter {
        let UserFilterArgs { disabled, admins, inactive_days, groups, domains } = arguments;
        let before = |days: u32| {
            let span: Span = (i64::from(days) * 24).hours();
            now.checked_sub(span).unwrap_or(Timestamp::MIN)
        };
        let domain = |domain: &String| domain.trim().trim_start_matches('@').to_lowercase();
        Filter {
            disabled: *disabled,
            admins: *admins,
            inactive_since: inactive_days.map(before),
            groups: groups.iter().map(|name| name.trim().to_owned()).collect(),
            domains: domains.iter().map(domain).collect(),
        }
    }

    /// Checks that the conditions can be answered for these people.
    pub(crate) fn check(&self, users: &[User]) -> Result<(), Failure> {
        let is_dated = |user: &User| user.last_active_at.is_some();
        let Some(first) = users.first() else { return Ok(()) };
        if self.inactive_since.is_none() || users.iter().any(is_dated) {
            return Ok(());
        }
        // A table without people would look as if everyone were active.
        let (who, instead) = match first.id {
            UserId::V1(_) | UserId::V2(_) => ("the server", ""),
            UserId::Scim(_) => ("SCIM", ", or use --api v2"),
        };
        Err(Failure::Usage(anyhow!(
            "{who} says of nobody when they were last active: leave --inactive-days out{instead}"
        )))
    }

    /// Returns the groups that are asked for and are not among these.
    pub(crate) fn unknown_groups<'a>(
        &'a self,
        known: impl IntoIterator<Item = &'a str>,
    ) -> Vec<&'a str> {
        let mut groups: Vec<&str> = self.groups.iter().map(String::as_str).collect();
        for known in known {
            groups.retain(|name| known.trim() != *name);
        }
        groups
    }

    pub(crate) fn shows(&self, user: &User) -> bool {
        (!self.disabled || user.disabled)
            && (!self.admins || user.admin)
            && self.inactive_since.is_none_or(|since| is_inactive(user, since))
            && (self.groups.is_empty() || self.is_member(user))
            && (self.domains.is_empty() || self.has_domain(user))
    }

    fn is_member(&self, user: &User) -> bool {
        let links = user.groups.iter().flatten();
        let mut names = links.filter_map(|link| link.name.as_deref());
        names.any(|name| self.groups.iter().any(|asked| asked == name.trim()))
    }

    fn has_domain(&self, user: &User) -> bool {
        let domain = user.email.as_deref().and_then(|email| email.rsplit_once('@'));
        domain.is_some_and(|(_, domain)| self.domains.contains(&domain.trim().to_lowercase()))
    }
}

/// Returns whether an account was last used before this time, as `--inactive-for-days` of a plan
/// counts: without a date nobody is inactive. An invitation is no account.
fn is_inactive(user: &User, since: Timestamp) -> bool {
    let active = user.last_active_at.as_ref();
    let active = active.and_then(|date| date.parse::<Timestamp>().ok());
    user.invited != Some(true) && active.is_some_and(|active| active < since)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{group, user};

    fn shown(arguments: &UserFilterArgs, users: &[User]) -> Vec<String> {
        let now = "2026-03-01T00:00:00Z".parse().expect("a time");
        let filter = Filter::new(arguments, now);
        let shown = users.iter().filter(|user| filter.shows(user));
        shown.filter_map(|user| user.email.clone()).collect()
    }

    #[test]
    fn each_condition_leaves_out_the_others_and_all_must_hold() {
        let users = [
            User { disabled: true, admin: true, ..user("ada@x.com") },
            User { admin: true, ..user("bob@Y.com") },
            User { groups: Some(vec![group("Sales")]), ..user("cy@sub.x.com") },
        ];
        let none = UserFilterArgs::default;
        assert_eq!(shown(&none(), &users).len(), 3);
        let disabled = UserFilterArgs { disabled: true, ..none() };
        assert_eq!(shown(&disabled, &users), ["ada@x.com"]);
        let admins = UserFilterArgs { admins: true, ..none() };
        assert_eq!(shown(&admins, &users), ["ada@x.com", "bob@Y.com"]);
        let groups = UserFilterArgs { groups: vec![" Sales ".into(), "Ops".into()], ..none() };
        assert_eq!(shown(&groups, &users), ["cy@sub.x.com"]);
        let domains = UserFilterArgs { domains: vec!["@y.COM".into()], ..none() };
        assert_eq!(shown(&domains, &users), ["bob@Y.com"]);
        let both = UserFilterArgs { admins: true, domains: vec!["x.com".into()], ..none() };
        assert_eq!(shown(&both, &users), ["ada@x.com"]);
    }

    #[test]
    fn days_of_inactivity_count_from_the_last_activity_and_nobody_is_inactive_without_it() {
        let at = |time: &str| Some(time.to_owned());
        let (old, new) = ("2026-01-01T00:00:00.000Z", "2026-02-27T00:00:00.000Z");
        let users = [
            User { last_active_at: at(old), created_at: at(old), ..user("idle@x.com") },
            User { last_active_at: at(new), created_at: at(old), ..user("busy@x.com") },
            User { created_at: at(old), ..user("never@x.com") },
            User { created_at: at(new), ..user("new@x.com") },
            User { created_at: at(old), invited: Some(true), ..user("invited@x.com") },
            User { last_active_at: at("yesterday"), ..user("unreadable@x.com") },
            user("undated@x.com"),
        ];
        let idle = UserFilterArgs { inactive_days: Some(30), ..UserFilterArgs::default() };
        assert_eq!(shown(&idle, &users), ["idle@x.com"]);
        let filter = Filter::new(&idle, Timestamp::MAX);
        assert!(filter.check(&users).is_ok() && filter.check(&[]).is_ok());
        let refused = filter.check(&users[2..4]).expect_err("nobody has a date");
        assert!(matches!(refused, Failure::Usage(_)), "{refused:?}");
    }
}
