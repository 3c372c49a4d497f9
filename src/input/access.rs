//! Checks what members of a group should be allowed to do.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Display;

use uuid::Uuid;

use super::{excerpt, invalid};
use crate::domain::{AccessField, AccessSetting, AccessValues};
use crate::error::{Code, Error, Result};

/// The number of characters of a UUID with its hyphens.
const UUID: usize = 36;

/// Checks access settings, given as names and values: each known, with a value that it has, and
/// once. Returns them in the order of [`AccessField::ALL`].
pub fn access(
    field: &dyn Display,
    given: impl IntoIterator<Item = (String, String)>,
) -> Result<Vec<AccessSetting>> {
    let mut settings: Vec<AccessSetting> = Vec::new();
    for (index, (name, value)) in given.into_iter().enumerate() {
        let setting = setting(&format_args!("{field}[{index}]"), &name, &value)?;
        if settings.iter().any(|other| other.field == setting.field) {
            let message = format!("The setting {name} is given twice. Give it once.");
            return Err(invalid(
                Code::InvalidValue,
                &format_args!("{field}[{index}].name"),
                message,
            ));
        }
        settings.push(setting);
    }
    settings.sort_unstable_by_key(|setting| setting.field);
    Ok(settings)
}

fn setting(path: &dyn Display, name: &str, value: &str) -> Result<AccessSetting> {
    let Some(field) = AccessField::parse(name) else {
        let message = format!(
            "\"{}\" is not a setting of a group. Give one of: {}.",
            excerpt(name),
            listed(&AccessField::ALL.map(AccessField::as_str))
        );
        return Err(invalid(Code::InvalidValue, &format_args!("{path}.name"), message));
    };
    let refuse = |values: &str| -> Error {
        let message =
            format!("\"{}\" is not a value of the setting {name}. Give {values}.", excerpt(value));
        invalid(Code::InvalidValue, &format_args!("{path}.value"), message)
    };
    let given = value.trim();
    let value = match field.values() {
        AccessValues::OneOf(words) if words.contains(&given) => given.to_string(),
        AccessValues::OneOf(words) => return Err(refuse(&format!("one of: {}", listed(words)))),
        AccessValues::Flag if matches!(given, "true" | "false") => given.to_string(),
        AccessValues::Flag => return Err(refuse("true or false")),
        AccessValues::Uuid if is_uuid(given) => given.to_ascii_lowercase(),
        AccessValues::Uuid => return Err(refuse("the UUID of an app")),
    };
    Ok(AccessSetting { field, value })
}

fn is_uuid(text: &str) -> bool {
    text.len() == UUID && Uuid::try_parse(text).is_ok()
}

fn listed(words: &[&str]) -> String {
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, value: &str) -> Result<Vec<AccessSetting>> {
        access(&"request.access", [(name.to_string(), value.to_string())])
    }

    #[test]
    fn every_setting_takes_its_own_values_alone() {
        let id = "0A0B0C0D-0000-4000-8000-00000000000F";
        for field in AccessField::ALL {
            let name = field.as_str();
            let good: &[&str] = match field.values() {
                AccessValues::OneOf(words) => words,
                AccessValues::Flag => &["true", " false "],
                AccessValues::Uuid => &[id],
            };
            for value in good {
                let settings = check(name, value).expect(name);
                assert_eq!(settings.len(), 1);
                assert_eq!(settings[0].field, field);
                assert_eq!(settings[0].value, value.trim().to_lowercase());
            }
            for bad in ["", "Use", "yes", "admin", "0A0B0C0D", &id[1..], &format!("{id}-1")] {
                let error = check(name, bad).expect_err(bad);
                assert_eq!(error.code, Code::InvalidValue);
                assert_eq!(error.field.as_deref(), Some("request.access[0].value"), "{name} {bad}");
            }
        }
        assert!(check("universal-query-library-access", "own").is_err());
    }

    #[test]
    fn unknown_and_repeated_settings_are_refused() {
        for name in ["", "Universal-App-Access", "universal_app_access", "name"] {
            let error = check(name, "use").expect_err(name);
            assert_eq!(error.field.as_deref(), Some("request.access[0].name"));
        }
        let twice = ["use", "own"].map(|value| ("universal-app-access".into(), value.into()));
        let error = access(&"request.access", twice).expect_err("a setting that is given twice");
        assert_eq!(error.field.as_deref(), Some("request.access[1].name"));
        let given = [("theme-access", "true"), ("universal-app-access", "use")];
        let given = given.map(|(name, value)| (name.into(), value.into()));
        let fields: Vec<_> =
            access(&"x", given).expect("settings").into_iter().map(|one| one.field).collect();
        assert_eq!(fields, [AccessField::UniversalApp, AccessField::Theme]);
    }
}
