//! User attributes, and second factors.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Organisation, Refused};

/// A user attribute that the organisation defines.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UserAttribute {
    /// The name.
    pub name: String,
    /// The type of the value: `string`, `number` or `json`.
    pub data_type: String,
    /// The value of users without their own.
    pub default_value: Option<String>,
}

impl UserAttribute {
    /// Creates an attribute whose values are texts.
    pub fn text(name: impl Into<String>) -> Self {
        UserAttribute { name: name.into(), data_type: "string".to_owned(), default_value: None }
    }
}

impl Organisation {
    /// Sets an attribute of a user, or removes it. The user's metadata shows it.
    pub fn set_attribute(
        &mut self,
        id: &str,
        name: &str,
        value: Option<&str>,
    ) -> Result<(), Refused> {
        let value = self.attribute_value(name, value)?;
        let now = self.clock.tick();
        let user = self.user_mut(id).ok_or(Refused::NoSuchUser)?;
        match value {
            Some(value) => user.metadata.insert(name.to_owned(), value),
            None => user.metadata.remove(name),
        };
        user.updated_at = now;
        Ok(())
    }

    /// Sets an attribute of an invitation, or removes it. Returns the invitation's metadata, which
    /// the user gets.
    pub fn set_invite_attribute(
        &mut self,
        id: u64,
        name: &str,
        value: Option<&str>,
    ) -> Result<Map<String, Value>, Refused> {
        let value = self.attribute_value(name, value)?;
        self.clock.tick();
        let invite = self.invites.iter_mut().find(|invite| invite.id == id);
        let invite = invite.ok_or(Refused::NoSuchInvite)?;
        match value {
            Some(value) => invite.metadata.insert(name.to_owned(), value),
            None => invite.metadata.remove(name),
        };
        Ok(invite.metadata.clone())
    }

    /// Adds the defaults of the attributes that the metadata of a user lacks.
    pub fn add_defaults(&self, metadata: &mut Map<String, Value>) {
        for UserAttribute { name, default_value, .. } in &self.attributes {
            if let Ok(Some(value)) = self.attribute_value(name, default_value.as_deref()) {
                metadata.entry(name.clone()).or_insert(value);
            }
        }
    }

    /// Returns the value of an attribute as the metadata shows it.
    fn attribute_value(&self, name: &str, value: Option<&str>) -> Result<Option<Value>, Refused> {
        let attribute = self.attributes.iter().find(|attribute| attribute.name == name);
        let attribute = attribute.ok_or(Refused::NoSuchAttribute)?;
        let value = value.map(|value| match attribute.data_type.as_str() {
            "string" => Ok(json!(value)),
            _ => serde_json::from_str::<Value>(value).map_err(|_| Refused::WrongValue),
        });
        value.transpose()
    }

    /// Resets the second factor of a user.
    pub fn reset_two_factor(&mut self, id: &str) -> Result<(), Refused> {
        let user = self.user_mut(id).ok_or(Refused::NoSuchUser)?;
        user.two_factor_auth_enabled = false;
        self.two_factor_resets.push(id.to_owned());
        Ok(())
    }
}
