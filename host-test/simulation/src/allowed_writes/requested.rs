//! What a request says about a person.

use super::*;

/// Returns the person that a request means, by the address that is compared.
pub fn named(who: &UserRef) -> String {
    key(who.as_str())
}

/// Returns the roster's entry for a user who has this address, or had it before.
pub fn desired<'a>(request: &'a SyncRequest, person: &str) -> Option<&'a DesiredUser> {
    let had = |one: &&DesiredUser| {
        one.details.former_emails.iter().any(|old| key(old.as_str()) == person)
    };
    wanted(request, person).or_else(|| request.roster.iter().find(had))
}

/// Returns the roster's entry for a user who should have this address.
pub fn wanted<'a>(request: &'a SyncRequest, person: &str) -> Option<&'a DesiredUser> {
    request.roster.iter().find(|one| &*key(one.email.as_str()) == person)
}

/// Whether a request is about a person with this address, who is `new` or may have had it before.
pub(super) fn is_arriving(arrival: &Arrival, person: &str, new: bool) -> bool {
    let had = |old: &Email| key(old.as_str()) == person;
    had(&arrival.email) || !new && arrival.former_emails.iter().any(had)
}

pub(super) fn is_protected(request: &SyncRequest, person: &str) -> bool {
    request.policy.guards.protected_people.iter().any(|one| named(one) == person)
}

/// Whether a user is in the span of a roster, is not on it, and is not protected.
pub fn is_absent(request: &SyncRequest, person: &str) -> bool {
    let span = &request.span;
    // No roster names an account without an address, so it is never absent.
    !person.is_empty()
        && desired(request, person).is_none()
        && span.start.as_deref().is_none_or(|start| person >= start)
        && span.before.as_deref().is_none_or(|before| person < before)
        && !is_protected(request, person)
}

/// Whether a user is absent, or may be treated so for being inactive.
pub(super) fn may_be_absent(request: &SyncRequest, person: &str) -> bool {
    let is_inactive = request.policy.inactive_for_days.is_some()
        && desired(request, person).is_some()
        && !is_protected(request, person);
    is_inactive || is_absent(request, person)
}

pub(super) fn value_from_roster(
    request: &SyncRequest,
    person: &str,
    field: &str,
    new: bool,
) -> Option<Value> {
    let policy = &request.policy;
    let disables =
        matches!(policy.absent, AbsentPolicy::Disable | AbsentPolicy::DisableThenDelete(_));
    let Some(desired) = desired(request, person) else {
        let goes = disables && is_absent(request, person);
        return (goes && field == "isDisabled").then_some(json!(true));
    };
    if field == "isDisabled" {
        if disables && policy.inactive_for_days.is_some() && !is_protected(request, person) {
            // The scenario does not enable people that it disables for being inactive.
            return Some(json!(true));
        }
        return (!new && policy.re_enable_disabled).then_some(json!(false));
    }
    if new {
        let mut fields = desired.fields.clone();
        fields.user_type = fields.user_type.or(policy.default_user_type);
        return value(&fields, field)
            .or_else(|| attribute_value(&desired.details.attributes, field));
    }
    let keeps_rights =
        field == "isAdmin" && desired.fields.admin == Some(false) && is_protected(request, person);
    if policy.update_existing && !keeps_rights {
        value(&desired.fields, field)
            .or_else(|| attribute_value(&desired.details.attributes, field))
    } else {
        None
    }
}

pub(super) fn is_step(step: &Step, kind: StepKind, person: &str) -> bool {
    step.kind == kind && is_about(step, person)
}

/// Whether a step is about the person with this address, who had it before if the step renames.
pub(super) fn is_about(step: &Step, person: &str) -> bool {
    step.email.as_ref().is_some_and(|email| &*key(email.as_str()) == person)
        || renamed_by(step).as_deref() == Some(person)
}

pub(super) fn is_group_of(step: &Step, group: &KnownGroup<'_>) -> bool {
    match (&step.group, &step.group_name) {
        (Some(id), _) => group_number(id) == Some(group.id),
        (None, Some(name)) => name.trim() == group.name,
        (None, None) => false,
    }
}

/// Returns the value of a user attribute, as the metadata shows it; null if it is removed. `None` if
/// it stays.
pub fn attribute_value(attributes: &Changes, field: &str) -> Option<Value> {
    attributes.get(metadata_key(field)?).map(|value| json!(value))
}

/// Returns a field of a patch under its `/api/v1` name; null if the patch clears it. `None` if the
/// patch does not change it.
pub fn value(patch: &UserPatch, field: &str) -> Option<Value> {
    if let Some(key) = metadata_key(field) {
        let json = patch.metadata.get(key)?.as_deref();
        return serde_json::from_str(json.unwrap_or("null")).ok();
    }
    let cleared = match field {
        "firstName" => patch.clears(Field::FirstName),
        "lastName" => patch.clears(Field::LastName),
        "profilePhotoUrl" => patch.clears(Field::ProfilePhotoUrl),
        _ => false,
    };
    if cleared {
        return Some(Value::Null);
    }
    match field {
        "firstName" => patch.first_name.as_ref().map(|text| json!(text)),
        "lastName" => patch.last_name.as_ref().map(|text| json!(text)),
        "profilePhotoUrl" => patch.profile_photo_url.as_ref().map(|text| json!(text)),
        "isAdmin" => patch.admin.map(|admin| json!(admin)),
        "isDisabled" => patch.disabled.map(|disabled| json!(disabled)),
        "userType" => match patch.user_type? {
            UserType::Default => Some(json!("default")),
            UserType::EndUser => Some(json!("endUser")),
            UserType::Mobile => Some(json!("mobile")),
            UserType::Embed => Some(json!("embed")),
            UserType::Unrecognized => None,
        },
        _ => None,
    }
}

/// Returns the address of the user that a call is about, if it is about one.
pub fn person_of(operation: &Operation) -> Option<String> {
    match operation {
        Operation::Provision(arrival) => Some(key(arrival.email.as_str())),
        Operation::Deprovision(departure) | Operation::PlanDeprovision(departure) => {
            Some(named(&departure.user))
        }
        Operation::ResetTwoFactor(reset) => Some(named(&reset.user)),
        Operation::Step(step, _) => step.email.as_ref().map(|email| key(email.as_str())),
        _ => None,
    }
}

/// Returns the value that a field of a group's record gets, if it is one of these settings.
pub(super) fn allowed_setting(access: &[AccessSetting], field: &str) -> Option<Value> {
    let setting = access.iter().find(|setting| field_of(setting.field) == field)?;
    Some(match setting.value.as_str() {
        "true" => json!(true),
        "false" => json!(false),
        text => json!(text),
    })
}

/// Returns the name of a setting in the checker's view of a group.
pub fn field_of(setting: AccessField) -> String {
    match setting {
        AccessField::UniversalApp => "universalAppAccess".into(),
        other => other.as_str().replace('-', "_"),
    }
}
