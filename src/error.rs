//! The error type of the component, with its codes and kinds.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::{Deref, DerefMut};

use crate::domain::{Tombstone, Write};

/// What kind of failure it is; the contract's `error-kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The request is wrong.
    InvalidInput,
    /// The connection can't be used.
    Denied,
    /// The person or group does not exist.
    NotFound,
    /// What is in Retool contradicts the request.
    Conflict,
    /// A guard refused it.
    Refused,
    /// The dialect or this version can't do it.
    Unsupported,
    /// Too many requests.
    RateLimited,
    /// The server or the network failed.
    Unavailable,
}

impl Kind {
    /// Returns the contract's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::InvalidInput => "invalid-input",
            Kind::Denied => "denied",
            Kind::NotFound => "not-found",
            Kind::Conflict => "conflict",
            Kind::Refused => "refused",
            Kind::Unsupported => "unsupported",
            Kind::RateLimited => "rate-limited",
            Kind::Unavailable => "unavailable",
        }
    }

    /// Returns whether a retry is useless until something is changed.
    pub fn is_permanent(self) -> bool {
        !matches!(self, Kind::RateLimited | Kind::Unavailable)
    }
}

/// Declares the codes with their stable spelling and their kind in one place.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal => $kind:ident,)*) => {
        /// The finer reason of a failure. The spelling is part of the contract.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// Every code, in the order of the table in `docs/errors.md`.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];

            /// Returns the stable spelling.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => $text,)* }
            }

            /// Returns the kind of failure.
            pub fn kind(self) -> Kind {
                match self { $(Code::$name => Kind::$kind,)* }
            }
        }
    };
}

codes! {
    /// Not an e-mail address.
    InvalidEmail = "invalid-email" => InvalidInput,
    /// Too long, empty, or with control characters.
    InvalidText = "invalid-text" => InvalidInput,
    /// Out of range, or of no use here.
    InvalidValue = "invalid-value" => InvalidInput,
    /// A person is listed twice.
    DuplicatePerson = "duplicate-person" => InvalidInput,
    /// A group is listed twice.
    DuplicateGroup = "duplicate-group" => InvalidInput,
    /// One list names groups both by name and by id.
    GroupByNameAndId = "group-by-name-and-id" => InvalidInput,
    /// A person on the roster is outside its span.
    OutsideSpan = "outside-span" => InvalidInput,
    /// The user type is required to create a user.
    UserTypeRequired = "user-type-required" => InvalidInput,
    /// A page size out of range.
    PageSizeOutOfRange = "page-size-out-of-range" => InvalidInput,
    /// The dialect requires a first and a last name to create a user.
    NameRequired = "name-required" => InvalidInput,
    /// A cursor that is damaged, of another organisation or of another version.
    CursorInvalid = "cursor-invalid" => InvalidInput,
    /// A step that no plan contains.
    StepInvalid = "step-invalid" => InvalidInput,
    /// Not a base URL.
    BaseUrlInvalid = "base-url-invalid" => Denied,
    /// Plain HTTP to another machine.
    HttpsRequired = "https-required" => Denied,
    /// No Retool API answers at this address.
    BaseUrlWrong = "base-url-wrong" => Denied,
    /// The server redirects the request.
    Redirected = "redirected" => Denied,
    /// A variable whose name does not start with `RETOOL_`.
    VariableRefused = "variable-refused" => Denied,
    /// A setting that can't be read or is out of range.
    SettingInvalid = "setting-invalid" => Denied,
    /// The token's variable is not set.
    TokenMissing = "token-missing" => Denied,
    /// The token has characters that a header can't contain.
    TokenInvalid = "token-invalid" => Denied,
    /// The server rejects the token (401).
    TokenRejected = "token-rejected" => Denied,
    /// The token lacks a scope (403).
    ScopeMissing = "scope-missing" => Denied,
    /// The server forbids the request (403), and the response does not show why.
    Forbidden = "forbidden" => Denied,
    /// Something refuses every request from here: an address list, or a proxy or network that
    /// requires a login (403, 407, 511).
    AccessBlocked = "access-blocked" => Denied,
    /// No such person.
    UserNotFound = "user-not-found" => NotFound,
    /// No such group.
    GroupNotFound = "group-not-found" => NotFound,
    /// The organisation defines no such user attribute.
    AttributeNotFound = "attribute-not-found" => NotFound,
    /// Several users have the address.
    AmbiguousUser = "ambiguous-user" => Conflict,
    /// Several groups have the name.
    AmbiguousGroup = "ambiguous-group" => Conflict,
    /// No group has the name, and one has a name that looks the same.
    SimilarGroup = "similar-group" => Conflict,
    /// The server answered with another user.
    WrongPerson = "wrong-person" => Conflict,
    /// The name is another group's.
    NameTaken = "name-taken" => Conflict,
    /// The server refused the values (400, 409, 422).
    ServerRefused = "server-refused" => Conflict,
    /// The organisation has no seat left.
    SeatLimit = "seat-limit" => Conflict,
    /// The server does not let the organisation lose its last owner or administrator.
    LastOwner = "last-owner" => Conflict,
    /// A write was accepted, but its effect is not visible when read back.
    NotVerified = "not-verified" => Conflict,
    /// The reply to a write was lost that must not be sent again without a look: it may have taken
    /// effect.
    OutcomeUnknown = "outcome-unknown" => Conflict,
    /// A record in Retool can't be used.
    RecordUnreadable = "record-unreadable" => Conflict,
    /// A guard refused the plan.
    GuardTripped = "guard-tripped" => Refused,
    /// A plan that is not the approved one.
    PlanChanged = "plan-changed" => Refused,
    /// A plan of another organisation.
    WrongOrganisation = "wrong-organisation" => Refused,
    /// A plan that was made over another dialect.
    WrongDialect = "wrong-dialect" => Refused,
    /// A person the caller protects.
    ProtectedPerson = "protected-person" => Refused,
    /// Too few enabled administrators would be left.
    LastAdmin = "last-admin" => Refused,
    /// The person is disabled, and enabling was not asked for.
    UserDisabled = "user-disabled" => Refused,
    /// The group has members.
    GroupHasMembers = "group-has-members" => Refused,
    /// The server speaks no known dialect, or not the one asked for.
    DialectUnsupported = "dialect-unsupported" => Unsupported,
    /// SCIM does not answer: the version is too old, or SSO is not set up.
    ScimUnavailable = "scim-unavailable" => Unsupported,
    /// A function or option that this dialect, version or plan lacks.
    OperationUnsupported = "operation-unsupported" => Unsupported,
    /// A page of HTML instead of the API's response.
    HtmlPage = "html-page" => Unsupported,
    /// Too many requests.
    RateLimited = "rate-limited" => RateLimited,
    /// The server failed (5xx), also after retries.
    ServerError = "server-error" => Unavailable,
    /// No connection, or it broke.
    ConnectionFailed = "connection-failed" => Unavailable,
    /// The time allowed for the call ran out.
    DeadlineExceeded = "deadline-exceeded" => Unavailable,
    /// The host stopped the call: it sent no further request.
    CallStopped = "call-stopped" => Unavailable,
    /// Not JSON, or not of the expected shape.
    AnswerUnusable = "answer-unusable" => Unavailable,
    /// The body has more bytes than the limit allows.
    BodyTooLarge = "body-too-large" => Unavailable,
    /// A listing is incomplete or contradicts itself.
    ListingIncomplete = "listing-incomplete" => Unavailable,
}

/// What is known about a failure. See `error-detail` in the contract.
#[derive(Clone, Debug, PartialEq)]
pub struct Detail {
    /// The finer reason.
    pub code: Code,
    /// What happened and what to do next.
    pub message: String,
    /// The user or group it is about.
    pub subject: Option<String>,
    /// The field of bad input.
    pub field: Option<String>,
    /// Method and path template.
    pub request: Option<String>,
    /// The server's id of the request.
    pub request_id: Option<String>,
    /// The HTTP status.
    pub http_status: Option<u16>,
    /// How many times the request was sent.
    pub attempts: u32,
    /// How long to wait before trying again.
    pub retry_after_ms: Option<u32>,
    /// Whether the failed request may have taken effect. Only used for writes. Not part of the
    /// contract, which has `writes` for it.
    pub maybe_applied: bool,
    /// Whether the server accepted that a user is disabled, and shows the user no longer. Not part
    /// of the contract.
    pub gone: bool,
    /// For a refusal whose reason the server names: whether that is the form of the request, and
    /// not its values. Not part of the contract.
    pub refuses_form: Option<bool>,
    /// The writes of the call so far.
    pub writes: Vec<Write>,
    /// The accounts that those writes disabled, deleted or stripped, as they were.
    pub tombstones: Vec<Tombstone>,
}

/// A failure. Boxed, because results are passed around a lot and failures are rare.
#[derive(Clone, Debug, PartialEq)]
pub struct Error(Box<Detail>);

/// A result with the component's error.
pub type Result<T, E = Error> = core::result::Result<T, E>;

impl Error {
    /// Creates a failure from a reason and a message for people.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Error(Box::new(Detail {
            code,
            message: message.into(),
            subject: None,
            field: None,
            request: None,
            request_id: None,
            http_status: None,
            attempts: 0,
            retry_after_ms: None,
            maybe_applied: false,
            gone: false,
            refuses_form: None,
            writes: Vec::new(),
            tombstones: Vec::new(),
        }))
    }

    /// Sets the user or group it is about.
    #[must_use]
    pub fn about(mut self, subject: impl Into<String>) -> Self {
        self.0.subject = Some(subject.into());
        self
    }

    /// Sets the field of bad input.
    #[must_use]
    pub fn in_field(mut self, field: impl Into<String>) -> Self {
        self.0.field = Some(field.into());
        self
    }

    /// Sets the writes of the whole call.
    #[must_use]
    pub fn after(mut self, writes: Vec<Write>) -> Self {
        self.0.writes = writes;
        self
    }

    /// Sets the accounts that the call disabled, deleted or stripped.
    #[must_use]
    pub fn with_tombstones(mut self, tombstones: Vec<Tombstone>) -> Self {
        self.0.tombstones = tombstones;
        self
    }

    /// Returns whether the response was something else than the API's: no JSON, JSON of another
    /// shape, or a page of HTML. Then the response does not say whether a write was applied.
    pub fn is_unusable_answer(&self) -> bool {
        matches!(self.0.code, Code::AnswerUnusable | Code::HtmlPage)
    }

    /// Returns whether the call fails again until something is changed.
    pub fn is_permanent(&self) -> bool {
        self.0.code.kind().is_permanent()
    }

    /// Returns the detail.
    pub fn into_detail(self) -> Detail {
        *self.0
    }
}

impl Deref for Error {
    type Target = Detail;

    fn deref(&self) -> &Detail {
        &self.0
    }
}

impl DerefMut for Error {
    fn deref_mut(&mut self) -> &mut Detail {
        &mut self.0
    }
}

/// Returns whether a failure for one user ends the run for all users: the token is rejected, the
/// server refuses all requests, the time is over, or the host stops the call.
pub fn ends_the_run(error: &Error) -> bool {
    let kind = error.code.kind();
    let may_be_about_one_request = matches!(error.code, Code::ScopeMissing | Code::Forbidden)
        || error.code == Code::AccessBlocked && error.http_status == Some(403);
    kind == Kind::Denied && !may_be_about_one_request
        || kind == Kind::RateLimited
        || matches!(error.code, Code::DeadlineExceeded | Code::CallStopped)
}
