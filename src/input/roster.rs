//! Checks a whole roster.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt::Display;

use super::{
    address, breaks_line, email, excerpt, former_emails, group_ref, group_refs, invalid,
    list_of_memberships, login, name, percent, photo_url, stand_in, user_id, user_ref, user_refs,
    user_type,
};
use crate::domain::{Email, GroupRef, SharedRefs, UserPatch};
use crate::error::{Code, Result};
use crate::sort;
use crate::sync::absence::{AbsenceScope, DisabledRecord};
use crate::sync::{
    AbsentPolicy, DesiredUser, Details, Guard, GuardLimits, MembershipPolicy, Policy, Span,
    SyncRequest,
};

/// The maximum number of characters of an end of a span, the same as of an address.
const MAX_BOUND: usize = 254;

/// The maximum percentage of a limit on additions.
const MAX_GROWTH_PERCENT: u32 = 10_000;

/// The maximum number of days of a policy.
const MAX_DAYS: u32 = 3650;

/// Checks a roster and its policy: every field by its own check, no person twice, no person outside
/// the span. If memberships are left alone, the groups are not checked.
pub fn sync_request(request: SyncRequest) -> Result<SyncRequest> {
    let SyncRequest { roster, span, policy, disabled_since } = request;
    let span = self::span(&"request.span", span)?;
    let policy = self::policy(policy)?;
    let with_groups = policy.memberships != MembershipPolicy::Leave;
    let mut checked = CheckedRefs::default();
    let roster = roster
        .into_iter()
        .enumerate()
        .map(|(index, desired)| {
            let groups = with_groups.then_some(&mut checked);
            desired_user(&format_args!("request.roster[{index}]"), desired, groups)
        })
        .collect::<Result<Vec<_>>>()?;
    check_no_duplicates(&roster)?;
    check_inside_span(&roster, &span)?;
    let disabled_since = disabled_records(&policy, disabled_since)?;
    Ok(SyncRequest { roster, span, policy, disabled_since })
}

/// Checks a span of addresses: its start must be before its end. Returns each end as a key for
/// comparisons. The ends need not be addresses.
pub fn span(field: &dyn Display, span: Span) -> Result<Span> {
    let start = bound(&format_args!("{field}.start"), span.start)?;
    let before = bound(&format_args!("{field}.before"), span.before)?;
    if let (Some(start), Some(before)) = (&start, &before)
        && start >= before
    {
        let message = format!(
            "The span from \"{}\" to \"{}\" is empty. Its end must come after its start.",
            excerpt(start),
            excerpt(before)
        );
        return Err(invalid(Code::InvalidValue, &format_args!("{field}.before"), message));
    }
    Ok(Span { start, before })
}

fn bound(field: &dyn Display, bound: Option<String>) -> Result<Option<String>> {
    let Some(bound) = bound else { return Ok(None) };
    // Converted by `Email`, so that both sides of the comparison have the same case folding.
    let key = Email::new(&bound).key().to_owned();
    if key.is_empty() || key.contains(breaks_line) || key.chars().nth(MAX_BOUND).is_some() {
        let message = format!(
            "\"{}\" can't be the end of a span. Give 1 to {MAX_BOUND} characters without control \
             characters, or none.",
            excerpt(&bound)
        );
        return Err(invalid(Code::InvalidText, field, message));
    }
    Ok(Some(key))
}

fn policy(policy: Policy) -> Result<Policy> {
    let managed_groups = match policy.memberships {
        MembershipPolicy::Leave => policy.managed_groups,
        MembershipPolicy::Add | MembershipPolicy::Exact => {
            group_refs(&"request.policy.managed-groups", policy.managed_groups)?
        }
    };
    let default_user_type =
        user_type(&"request.policy.default-user-type", policy.default_user_type)?;
    let guards = guards(&"request.policy.guards", policy.guards)?;
    let absence = absence_scope(&"request.policy.absence-scope", policy.absence)?;
    if policy.leave_disabled && policy.re_enable_disabled {
        let message =
            "Disabled people can be left as they are or be enabled, not both. Give one of the two.";
        return Err(invalid(Code::InvalidValue, &"request.policy.leave-disabled", message));
    }
    if let AbsentPolicy::DisableThenDelete(days) = policy.absent {
        self::days(&"request.policy.absent", days, 1)?;
    }
    if let Some(days) = policy.inactive_for_days {
        let field = &"request.policy.inactive-for-days";
        self::days(field, days, 1)?;
        if policy.absent == AbsentPolicy::Keep {
            let message = "Inactive people are treated as absent, and absent people are kept, so this does nothing. Leave it \
                           out, or say what happens to absent people.";
            return Err(invalid(Code::InvalidValue, field, message));
        }
    }
    Ok(Policy { managed_groups, default_user_type, guards, absence, ..policy })
}

/// Checks a number of days.
fn days(field: &dyn Display, days: u32, least: u32) -> Result<()> {
    if (least..=MAX_DAYS).contains(&days) {
        return Ok(());
    }
    let message = format!("The number of days is out of range. Give {least} to {MAX_DAYS}.");
    Err(invalid(Code::InvalidValue, field, message))
}

fn absence_scope(field: &dyn Display, scope: AbsenceScope) -> Result<AbsenceScope> {
    let AbsenceScope { domains, members_of, spare_created_within_days, without_address } = scope;
    days(&format_args!("{field}.spare-created-within-days"), spare_created_within_days, 0)?;
    let domains = domains.into_iter().enumerate();
    Ok(AbsenceScope {
        domains: domains
            .map(|(at, domain)| self::domain(&format_args!("{field}.domains[{at}]"), &domain))
            .collect::<Result<_>>()?,
        members_of: group_refs(&format_args!("{field}.members-of"), members_of)?,
        spare_created_within_days,
        without_address,
    })
}

/// Checks a domain, and returns it as addresses are compared. An address with it as its domain
/// must be one that the component accepts.
fn domain(field: &dyn Display, domain: &str) -> Result<String> {
    let address = email(field, &format!("a@{}", domain.trim()));
    match address {
        Ok(address) if !domain.contains('@') => Ok(address.key()[2..].to_owned()),
        _ => {
            let message = format!(
                "\"{}\" is not a domain of addresses. Give what follows the @, such as example.com.",
                excerpt(domain)
            );
            Err(invalid(Code::InvalidValue, field, message))
        }
    }
}

/// Checks since when people are disabled: each person once.
fn disabled_records(policy: &Policy, records: Vec<DisabledRecord>) -> Result<Vec<DisabledRecord>> {
    if !records.is_empty() && !matches!(policy.absent, AbsentPolicy::DisableThenDelete(_)) {
        let message =
            "Only `disable-then-delete` uses these dates. Leave them out, or give that policy.";
        return Err(invalid(Code::InvalidValue, &"request.disabled-since", message));
    }
    let mut first = BTreeMap::new();
    let mut checked = Vec::with_capacity(records.len());
    for (at, DisabledRecord { user, since }) in records.into_iter().enumerate() {
        let field = format!("request.disabled-since[{at}].user");
        let user = user_id(&field, user)?;
        if let Some(earlier) = first.insert(user.clone(), at) {
            let message = format!(
                "{} has two dates, in request.disabled-since[{earlier}] and [{at}]. Give each person once.",
                excerpt(&user.value)
            );
            return Err(invalid(Code::DuplicatePerson, &field, message));
        }
        checked.push(DisabledRecord { user, since });
    }
    Ok(checked)
}

fn guards(field: &dyn Display, limits: GuardLimits) -> Result<GuardLimits> {
    for (guard, limit) in limits.limits() {
        // More can be added than there is, but not removed.
        let maximum = match guard {
            Guard::Creations
            | Guard::Promotions
            | Guard::ReEnablements
            | Guard::MemberAdditions => MAX_GROWTH_PERCENT,
            _ => 100,
        };
        let name = guard.as_str();
        percent(&format_args!("{field}.{name}.percent"), limit.percent, maximum)?;
    }
    let required_admins =
        user_refs(&format_args!("{field}.required-admins"), limits.required_admins)?;
    let protected_people =
        user_refs(&format_args!("{field}.protected-people"), limits.protected_people)?;
    Ok(GuardLimits { required_admins, protected_people, ..limits })
}

fn desired_user(
    field: &dyn Display,
    desired: DesiredUser,
    checked: Option<&mut CheckedRefs>,
) -> Result<DesiredUser> {
    let DesiredUser { email: address, fields, groups, details } = desired;
    let Details { by, login: given_login, former_emails: former, attributes, group_admins, way_in } =
        details.into_inner();
    let UserPatch {
        email: _,
        first_name,
        last_name,
        user_type,
        admin,
        disabled: _,
        profile_photo_url,
        clear,
        metadata,
    } = fields;
    let by = by.map(|who| user_ref(&format_args!("{field}.user"), who)).transpose()?;
    let address = match &by {
        None => address::checked(&format_args!("{field}.user.email"), address)?,
        Some(who) if address.key().is_empty() => stand_in(who),
        Some(_) => address::checked(&format_args!("{field}.email"), address)?,
    };
    let former_emails = former_emails(&format_args!("{field}.former-emails"), former, &address)?;
    let (groups, group_admins) = match checked {
        Some(checked) => {
            let check = |field: &dyn Display, group| checked.check(field, group);
            list_of_memberships(&format_args!("{field}.groups"), groups, group_admins, check)?
        }
        None => (groups, group_admins),
    };
    let login = given_login.map(|text| login(&format_args!("{field}.login"), &text)).transpose()?;
    Ok(DesiredUser {
        email: address,
        fields: UserPatch {
            email: None,
            first_name: name(&format_args!("{field}.first-name"), first_name)?,
            last_name: name(&format_args!("{field}.last-name"), last_name)?,
            user_type: super::user_type(&format_args!("{field}.user-type"), user_type)?,
            admin,
            disabled: None,
            profile_photo_url: photo_url(
                &format_args!("{field}.profile-photo-url"),
                profile_photo_url,
            )?,
            clear,
            metadata,
        },
        groups,
        details: Details { by, login, former_emails, attributes, group_admins, way_in }.into(),
    })
}

/// The groups of a roster that were checked already, each as it is given. Most are given for many
/// people.
#[derive(Default)]
struct CheckedRefs {
    /// By the address in memory of the reference that was given, which is kept for that.
    by_given: BTreeMap<*const GroupRef, (Arc<GroupRef>, Arc<GroupRef>)>,
    shared: SharedRefs,
}

impl CheckedRefs {
    fn check(&mut self, field: &dyn Display, given: Arc<GroupRef>) -> Result<Arc<GroupRef>> {
        if let Some((_, checked)) = self.by_given.get(&Arc::as_ptr(&given)) {
            return Ok(checked.clone());
        }
        let checked = self.shared.get(group_ref(field, GroupRef::clone(&given))?);
        self.by_given.insert(Arc::as_ptr(&given), (given, checked.clone()));
        Ok(checked)
    }
}

fn check_no_duplicates(roster: &[DesiredUser]) -> Result<()> {
    let mut places: Vec<usize> = (0..roster.len()).collect();
    sort::sort_by(&mut places, |a, b| roster[*a].email.cmp(&roster[*b].email));
    let pairs = places.array_windows();
    let twice = pairs.filter(|[one, other]| roster[*one].email == roster[*other].email);
    let Some([first, second]) = twice.min_by_key(|[_, second]| *second) else {
        return Ok(());
    };
    let desired = &roster[*second];
    let address = desired.email.as_str();
    let message = format!(
        "{} is on the roster twice, as request.roster[{first}] and request.roster[{second}]. \
         Name every person once.",
        excerpt(address)
    );
    let field = match desired.details.by {
        Some(_) => format!("request.roster[{second}].user"),
        None => format!("request.roster[{second}].user.email"),
    };
    Err(invalid(Code::DuplicatePerson, &field, message).about(address))
}

fn check_inside_span(roster: &[DesiredUser], span: &Span) -> Result<()> {
    // The plan checks accounts that are named by id or login.
    let is_outside =
        |desired: &DesiredUser| desired.email.is_address() && !span.contains(&desired.email);
    match roster.iter().enumerate().find(|(_, desired)| is_outside(desired)) {
        None => Ok(()),
        Some((index, desired)) => {
            let address = desired.email.as_str();
            let message = format!(
                "{} is on the roster and outside its span. Take the person off the roster or widen \
                 the span.",
                excerpt(address)
            );
            let field = format_args!("request.roster[{index}].user.email");
            Err(invalid(Code::OutsideSpan, &field, message).about(address))
        }
    }
}
