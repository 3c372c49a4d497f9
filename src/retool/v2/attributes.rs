//! User attributes. A user's record shows their values in its metadata, by name.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::two_factor::lacks_route;
use super::wire::invitation_number;
use super::{
    ATTRIBUTES, INVITE_ATTRIBUTE, INVITE_ATTRIBUTES, USER_ATTRIBUTE, USER_ATTRIBUTES, USERS_READ,
    USERS_WRITE, V2, body, open,
};
use crate::de::{Objects, Text};
use crate::domain::metadata::is_attribute;
use crate::domain::{Account, AttributeDefinition, Metadata, User};
use crate::error::{Code, Error, Result};
use crate::http::{Answer, Call, Method, Missing, Repeat};
use crate::retool::ReadDirectory;
use crate::retool::change::Changeable;
use crate::retool::read_back::{ReadBack, read_back};
use crate::retool::request::{is_page, list, no_route, one};
use crate::retool::verify::not_held;
use crate::retool::write_once::{AfterLoss, Written, after_write, write_once};

/// What an error says to a server that is too old for user attributes.
const NO_ROUTE: &str = "This server has no request for user attributes: Retool has it from 3.20.1, and not on every plan. \
     Leave the attributes out, or set them in Retool.";

#[derive(Deserialize)]
struct DefinitionRecord<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    default_value: Option<Text<'a>>,
}

/// What the server says after a change of an attribute.
#[derive(Deserialize)]
struct ChangedRecord<'a> {
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
}

impl V2 {
    /// Lists the attributes that the organisation defines; `None` if the server has no such request.
    pub(super) async fn attribute_definitions(&self) -> Result<Option<Vec<AttributeDefinition>>> {
        let call = Call { missing: Missing::Unspecified, ..list(ATTRIBUTES, &[], USERS_READ) };
        let answer = match self.client.send(call).await {
            Ok(answer) => answer,
            Err(error) if lacks_route(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        let Objects(records) =
            open::<Objects<DefinitionRecord<'_>>>(&answer)?.data.ok_or_else(|| {
                answer.error(
                    Code::AnswerUnusable,
                    "The server's list of user attributes has another shape than expected. Check that nothing in \
                     between changes its answers.",
                )
            })?;
        let definitions = records.into_iter().map(|record| AttributeDefinition {
            name: record.name.into_string(),
            default: record.default_value.map(Text::into_string),
        });
        Ok(Some(definitions.collect()))
    }

    /// Sets or removes an attribute of a user that was just read. Returns the user afterwards.
    pub(super) async fn write_attribute(
        &self,
        account: &Account,
        name: &str,
        value: Option<&str>,
    ) -> Result<User> {
        let before = account.user.metadata.as_ref();
        let mut now = Cow::Borrowed(account);
        let send = async |_: &Cow<'_, Account>| self.send_attribute(account, name, value).await;
        let look = async |now: &mut Cow<'_, Account>, error: &Error| {
            let Some(read) = account.reread(self).await? else { return Ok(AfterLoss::Unclear) };
            let metadata = read.user.metadata.as_ref();
            let is_as_before = shown(metadata, name) == shown(before, name);
            let holds = is_attribute(metadata, name, value);
            *now = Cow::Owned(read);
            Ok(match (holds, is_as_before) {
                (true, _) => AfterLoss::Holds(()),
                // The server does not have this request.
                (false, true) if error.code == Code::HtmlPage => AfterLoss::Unclear,
                (false, true) => AfterLoss::SendAgain,
                // Another user set it meanwhile.
                (false, false) => AfterLoss::Unclear,
            })
        };
        let written = write_once(self, &mut now, send, look).await;
        let answer = match written {
            Ok(Written::Found(())) => return Ok(now.into_owned().user),
            Ok(Written::Answered(answer)) => answer,
            Err(error)
                if lacks_route(&error)
                    && (!error.maybe_applied || error.code == Code::HtmlPage) =>
            {
                return Err(self.explain(account, error).await);
            }
            Err(error) => return Err(error),
        };
        // The response has the metadata, and nothing else of the record.
        let changed = open::<ChangedRecord<'_>>(&answer).map_err(after_write)?.data;
        let metadata = changed.and_then(|record| Metadata::parse(record.metadata?.get()));
        if metadata.is_some() && is_attribute(metadata.as_ref(), name, value) {
            return Ok(User { metadata, ..account.user.clone() });
        }
        let read = read_back(self, async || {
            let Some(account) = account.reread(self).await.map_err(after_write)? else {
                return Ok(ReadBack::NotYet(()));
            };
            let metadata = account.user.metadata.as_ref();
            let holds = is_attribute(metadata, name, value)
                || value.is_none() && self.has_default(metadata, name).await?;
            Ok(if holds { ReadBack::Holds(account.user) } else { ReadBack::NotYet(()) })
        });
        read.await?.map_err(|()| {
            let message = alloc::format!(
                "The server accepted the user attribute {name}, but it did not hold when read back. Look at the \
                 person in Retool, then ask again."
            );
            not_held(message, account.subject())
        })
    }

    async fn send_attribute(
        &self,
        account: &Account,
        name: &str,
        value: Option<&str>,
    ) -> Result<Answer> {
        let id = account.user.id.value.as_str();
        // An invitation has routes of its own.
        let number = invitation_number(&account.user.id);
        let (many, single) = match number {
            Some(_) => (INVITE_ATTRIBUTES, INVITE_ATTRIBUTE),
            None => (USER_ATTRIBUTES, USER_ATTRIBUTE),
        };
        let id = number.unwrap_or(id);
        let (with_name, alone) = ([id, name], [id]);
        let call = match value {
            Some(value) => Call {
                body: Some(body::set_attribute(name, value)),
                ..one(Method::Post, many, &alone, USERS_WRITE, Missing::Unspecified)
            },
            None => one(Method::Delete, single, &with_name, USERS_WRITE, Missing::Unspecified),
        };
        let about = Some(account.subject());
        let sent = self.client.send(Call { repeat: Repeat::Never, about, ..call }).await;
        sent.map_err(|error| match number.is_some() && is_page(&error) {
            true => no_route(error, NO_ROUTE),
            false => error,
        })
    }

    /// Returns whether the metadata shows the default of an attribute.
    async fn has_default(&self, metadata: Option<&Metadata>, name: &str) -> Result<bool> {
        let definitions = self.attribute_definitions().await?.unwrap_or_default();
        let default =
            definitions.into_iter().find(|one| one.name == name).and_then(|one| one.default);
        Ok(default.is_some_and(|default| is_attribute(metadata, name, Some(&default))))
    }

    /// Explains a 404: the user, the attribute or the route is missing.
    async fn explain(&self, account: &Account, error: Error) -> Error {
        let is_invitation = invitation_number(&account.user.id).is_some();
        match self.read_user(&account.user.id).await {
            // Which attributes exist was read before the invitation was sent.
            Ok(Some(_)) if error.code == Code::ServerRefused && !is_invitation => error,
            Ok(Some(_)) => no_attributes().about(account.subject()),
            Ok(None) => Error::new(
                Code::UserNotFound,
                "Another administrator deleted the account meanwhile. Ask again.",
            )
            .about(account.subject()),
            Err(check) => check,
        }
    }
}

/// Returns what the metadata shows as an attribute.
fn shown<'a>(metadata: Option<&'a Metadata>, name: &str) -> Option<&'a str> {
    metadata.and_then(|metadata| metadata.get(name))
}

/// Returns the error for a server that has no user attributes.
pub fn no_attributes() -> Error {
    Error::new(Code::OperationUnsupported, NO_ROUTE)
}
