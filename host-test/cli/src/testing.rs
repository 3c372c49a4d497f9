//! Small sample values for tests.

use host_test::requests;
use host_test::retool::synchronization::{
    Guard, GuardReport, PersonOutcome, PersonRefusal, PersonReport, Plan, Step, StepKind,
    SyncReport,
};
use host_test::retool::types::{
    Certainty, Dialect, ErrorDetail, ErrorKind, FieldChange, GroupId, GroupLink, Tombstone, User,
    UserId, UserType, Write, WriteKind,
};

pub(crate) fn change(field: &str, before: Option<&str>, after: &str) -> FieldChange {
    FieldChange {
        field: field.to_owned(),
        before: before.map(str::to_owned),
        after: Some(after.to_owned()),
    }
}

pub(crate) fn step(kind: StepKind, email: &str) -> Step {
    Step {
        kind,
        organisation: "https://acme.retool.com".to_owned(),
        dialect: Dialect::V1,
        minimum_admins: 2,
        required_admins: Vec::new(),
        email: Some(email.to_owned()).filter(|email| !email.is_empty()),
        user: None,
        group_name: None,
        group: None,
        group_admin: None,
        changes: Vec::new(),
        precondition: "00".to_owned(),
    }
}

pub(crate) fn guard(
    guard: Guard,
    subject: Option<&str>,
    limit: u32,
    actual: u32,
    tripped: bool,
) -> GuardReport {
    GuardReport {
        guard,
        subject: subject.map(str::to_owned),
        limit,
        actual,
        tripped,
        message: "Too many.".to_owned(),
    }
}

pub(crate) fn refusal(email: &str) -> PersonRefusal {
    PersonRefusal {
        email: Some(email.to_owned()),
        login: None,
        user: None,
        code: "user-disabled".to_owned(),
        message: "The person is disabled.".to_owned(),
    }
}

/// A plan without steps.
pub(crate) fn plan() -> Plan {
    Plan {
        digest: "3f2a".to_owned(),
        inputs_digest: "9b1c".to_owned(),
        organisation: "https://acme.retool.com".to_owned(),
        dialect: Dialect::V1,
        span: None,
        policy: requests::sync_policy(),
        made_at: "2026-01-02T03:04:05Z".to_owned(),
        steps: Vec::new(),
        withheld: Vec::new(),
        tombstones: Vec::new(),
        unchanged: 0,
        refusals: Vec::new(),
        seats: Vec::new(),
        guards: Vec::new(),
        limitations: Vec::new(),
    }
}

pub(crate) fn group(name: &str) -> GroupLink {
    GroupLink { id: GroupId::Rest("4".to_owned()), name: Some(name.to_owned()), group_admin: None }
}

pub(crate) fn written(kind: WriteKind, subject: &str, group: Option<&str>) -> Write {
    Write {
        kind,
        subject: subject.to_owned(),
        group: group.map(str::to_owned),
        certainty: Certainty::Confirmed,
    }
}

pub(crate) fn user(email: &str) -> User {
    User {
        id: UserId::V1("id-1".to_owned()),
        other_ids: Vec::new(),
        email: Some(email.to_owned()),
        login: None,
        first_name: None,
        last_name: None,
        user_type: Some(UserType::Default),
        admin: false,
        disabled: false,
        invited: None,
        profile_photo_url: None,
        metadata: None,
        attributes: None,
        groups: None,
        created_at: None,
        updated_at: None,
        last_active_at: None,
    }
}

pub(crate) fn tombstone(email: &str) -> Tombstone {
    Tombstone {
        base_url: "https://acme.retool.com".to_owned(),
        user: user(email),
        raw: Some("{}".to_owned()),
        disabled_since: None,
        recorded_at: "2026-01-02T03:04:05Z".to_owned(),
    }
}

pub(crate) fn detail(code: &str, message: &str) -> ErrorDetail {
    ErrorDetail {
        kind: ErrorKind::Conflict,
        code: code.to_owned(),
        message: message.to_owned(),
        subject: None,
        field: None,
        request: None,
        request_id: None,
        http_status: None,
        attempts: 0,
        retry_after_ms: None,
        writes: Vec::new(),
        tombstones: Vec::new(),
    }
}

pub(crate) fn person(outcome: PersonOutcome) -> PersonReport {
    PersonReport {
        email: Some("ada@x.com".to_owned()),
        login: None,
        user: None,
        outcome,
        changes: Vec::new(),
        groups_added: Vec::new(),
        groups_changed: Vec::new(),
        groups_removed: Vec::new(),
        disabled_since: None,
        refusal: None,
        failure: None,
    }
}

/// A complete report about these people, in which nothing was written.
pub(crate) fn report(people: Vec<PersonReport>) -> SyncReport {
    SyncReport {
        digest: "3f2a".to_owned(),
        organisation: "https://acme.retool.com".to_owned(),
        dialect: Dialect::V1,
        people,
        groups_created: Vec::new(),
        groups_failed: Vec::new(),
        tombstones: Vec::new(),
        seats: Vec::new(),
        guards: Vec::new(),
        limitations: Vec::new(),
        next: None,
        complete: true,
        writes: Vec::new(),
    }
}
