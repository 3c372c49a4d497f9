//! Small values for the tests of the texts.

use crate::retool::synchronization::{Guard, GuardReport, Step, StepKind};
use crate::retool::types::{
    Certainty, ErrorDetail, FieldChange, GroupId, GroupLink, User, UserId, UserType, Write,
    WriteKind,
};

pub(crate) fn change(field: &str, before: Option<&str>, after: &str) -> FieldChange {
    FieldChange {
        field: field.to_owned(),
        before: before.map(str::to_owned),
        after: after.to_owned(),
    }
}

pub(crate) fn step(kind: StepKind, email: &str) -> Step {
    Step {
        kind,
        email: email.to_owned(),
        user: None,
        group_name: None,
        group: None,
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
        email: email.to_owned(),
        first_name: None,
        last_name: None,
        user_type: Some(UserType::Default),
        admin: false,
        disabled: false,
        invited: None,
        profile_photo_url: None,
        groups: None,
        created_at: None,
        updated_at: None,
        last_active_at: None,
    }
}

pub(crate) fn detail(code: &str, message: &str) -> ErrorDetail {
    ErrorDetail {
        code: code.to_owned(),
        permanent: true,
        message: message.to_owned(),
        subject: None,
        field: None,
        request: None,
        request_id: None,
        http_status: None,
        attempts: 0,
        retry_after_ms: None,
        writes: Vec::new(),
    }
}
