//! Defects of a component that knows people and groups by too few or too many names.

use std::rc::Rc;

use mock_retool::Dialect;
use retool_lifecycle::http::{Limits, Local, Request, Response, Transport, TransportError};
use serde_json::{Value, json};

use super::Defect;
use super::planted::edit_object;
use crate::dialects::dialect_wire;
use crate::names::{HIDDEN, LETTERS, mail_of};

/// Wraps a connection to a server of this dialect in one with a defect, for one call.
pub(super) fn wrap(
    dialect: Dialect,
    defect: Defect,
    inner: Rc<dyn Transport>,
) -> Rc<dyn Transport> {
    Rc::new(Misread { inner, dialect, defect })
}

/// A connection to the server with a defect.
struct Misread {
    inner: Rc<dyn Transport>,
    dialect: Dialect,
    defect: Defect,
}

impl Transport for Misread {
    fn send<'a>(
        &'a self,
        request: &'a Request,
        limits: Limits,
    ) -> Local<'a, Result<Response, TransportError>> {
        Box::pin(async move {
            let mut response = self.inner.send(request, limits).await?;
            edit_object(&mut response, |answer| self.misread(answer));
            Ok(response)
        })
    }
}

impl Misread {
    fn misread(&self, answer: &mut Value) {
        match self.defect {
            Defect::CompareTheCharacters => each_text(answer, &|text| {
                LETTERS.iter().fold(text, |text, (_, two)| {
                    let letter: String = two.chars().take(1).collect();
                    text.replace(two, &letter)
                })
            }),
            Defect::OverlookLookAlikes => each_text(answer, &|text| text.replace(HIDDEN, "x")),
            _ => {
                let wire = dialect_wire(self.dialect);
                match wire.items(answer) {
                    Some(items) => items.iter_mut().for_each(|record| self.misread_user(record)),
                    None => self.misread_user(answer),
                }
            }
        }
    }

    fn misread_user(&self, record: &mut Value) {
        let Some(record) = record.as_object_mut() else { return };
        let Some(login) = record.get("userName").and_then(Value::as_str) else { return };
        match self.defect {
            Defect::KnowOneName if mail_of(&login.to_lowercase()).is_some() => {
                record.remove("emails");
            }
            Defect::TakeLoginsForAddresses if login.starts_with("svc-") => {
                let address = format!("{login}@example.com");
                record.insert("userName".into(), json!(address));
            }
            _ => {}
        }
    }
}

/// Edits every text of a value.
fn each_text(value: &mut Value, edit: &dyn Fn(String) -> String) {
    match value {
        Value::String(text) => *text = edit(std::mem::take(text)),
        Value::Array(items) => items.iter_mut().for_each(|item| each_text(item, edit)),
        Value::Object(fields) => fields.values_mut().for_each(|field| each_text(field, edit)),
        _ => {}
    }
}
