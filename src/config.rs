//! Reads limits and tokens from the environment. Pure functions of the list of variables.

use alloc::format;
use alloc::string::{String, ToString};

use crate::error::{Code, Error, Result};
use crate::http::Secret;

/// The variable of the REST token, unless the connection names another.
pub const API_TOKEN_VARIABLE: &str = "RETOOL_API_TOKEN";

/// The variable of the SCIM token, unless the connection names another.
pub const SCIM_TOKEN_VARIABLE: &str = "RETOOL_SCIM_TOKEN";

/// The variables of the [`Settings`], in the order of its fields. A host that keeps the tokens to
/// itself passes only these on.
pub const TUNABLES: [&str; 7] = [
    "RETOOL_DEADLINE_MS",
    "RETOOL_TRY_TIMEOUT_MS",
    "RETOOL_WINDOW",
    "RETOOL_PAGE_SIZE",
    "RETOOL_MAX_BODY_BYTES",
    "RETOOL_MAX_ATTEMPTS",
    PROFILE_VARIABLE,
];

/// The variable that asks for a profile.
const PROFILE_VARIABLE: &str = "RETOOL_PROFILE";

/// The prefix of every variable that is read. It prevents a request from making the component send
/// another secret of its environment to a server.
const PREFIX: &str = "RETOOL_";

/// The maximum length of a variable's name.
const MAX_NAME: usize = 128;

/// The limits of one call of the component. Each is a variable with a default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `RETOOL_DEADLINE_MS`: the time for the whole call in milliseconds, retries and waits
    /// included. 100 to 3,600,000; 120,000 by default.
    pub deadline_ms: u32,
    /// `RETOOL_TRY_TIMEOUT_MS`: a try of a request ends after this many milliseconds without a
    /// byte. 1,000 to 600,000; 30,000 by default.
    pub try_timeout_ms: u32,
    /// `RETOOL_WINDOW`: the maximum number of concurrent requests. 1 to 64; 8 by default.
    pub window: u32,
    /// `RETOOL_PAGE_SIZE`: how many records of a listing one request asks for; servers may
    /// return fewer. 1 to 1,000; 500 by default.
    pub page_size: u32,
    /// `RETOOL_MAX_BODY_BYTES`: the largest body of a response in bytes. 1,024 to 268,435,456
    /// (256 MiB); 8,388,608 (8 MiB) by default.
    pub max_body_bytes: u32,
    /// `RETOOL_MAX_ATTEMPTS`: how many times one request is sent, the first time included. Tries
    /// that the server throttled do not count. 1 to 10; 3 by default.
    pub max_attempts: u32,
    /// `RETOOL_PROFILE`: 1 logs where the time of a call went; 0 by default.
    pub profile: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            deadline_ms: 120_000,
            try_timeout_ms: 30_000,
            window: 8,
            page_size: 500,
            max_body_bytes: 8 * 1024 * 1024,
            max_attempts: 3,
            profile: 0,
        }
    }
}

impl Settings {
    /// Reads the settings. A variable that is set to anything but a number in its range, even to
    /// an empty text, is an error (`setting-invalid`).
    pub fn from_env(env: &[(String, String)]) -> Result<Self> {
        let default = Settings::default();
        let [deadline, timeout, window, page_size, max_body, max_attempts, profile] = TUNABLES;
        Ok(Settings {
            deadline_ms: number(env, deadline, 100, 3_600_000, default.deadline_ms)?,
            try_timeout_ms: number(env, timeout, 1000, 600_000, default.try_timeout_ms)?,
            window: number(env, window, 1, 64, default.window)?,
            page_size: number(env, page_size, 1, 1000, default.page_size)?,
            max_body_bytes: number(env, max_body, 1024, 256 << 20, default.max_body_bytes)?,
            max_attempts: number(env, max_attempts, 1, 10, default.max_attempts)?,
            profile: number(env, profile, 0, 1, default.profile)?,
        })
    }
}

fn number(env: &[(String, String)], name: &str, min: u32, max: u32, default: u32) -> Result<u32> {
    let Some(text) = value(env, name) else {
        return Ok(default);
    };
    // `parse` alone would accept a sign.
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<u32>() {
        Ok(number) if digits && (min..=max).contains(&number) => Ok(number),
        _ => Err(Error::new(
            Code::SettingInvalid,
            format!(
                "The variable {name} must be a whole number from {min} to {max}. \
                 Correct it, or remove it for the default of {default}."
            ),
        )),
    }
}

/// Returns whether a profile is wanted. Called before the other settings are read.
pub fn profile(env: &[(String, String)]) -> bool {
    value(env, PROFILE_VARIABLE) == Some("1")
}

/// Reads a token: from the variable that the connection names, or from `default`.
///
/// Fails if the name is not `RETOOL_` followed by capital letters, digits and underscores
/// (`variable-refused`), if the variable is not set or empty (`token-missing`), or if its value
/// has characters that a header can't contain (`token-invalid`). No error repeats the value. No
/// error repeats a refused name either: a caller may have put the token there.
pub fn token(env: &[(String, String)], variable: Option<&str>, default: &str) -> Result<Secret> {
    let name = token_variable(variable, default)?;
    match value(env, name) {
        None | Some("") => Err(Error::new(
            Code::TokenMissing,
            format!(
                "The variable {name} is not set. Put the token into it where the component \
                 runs."
            ),
        )),
        Some(token) if token.bytes().all(|byte| byte.is_ascii_graphic()) => {
            Ok(Secret::new(token.to_string()))
        }
        Some(_) => Err(Error::new(
            Code::TokenInvalid,
            format!(
                "The variable {name} holds something other than visible ASCII characters, for \
                 example a space or the end of a line. Put the token alone into it."
            ),
        )),
    }
}

/// Checks and returns the name of a token's variable, so that no other variable is ever sent.
pub fn token_variable<'a>(variable: Option<&'a str>, default: &'a str) -> Result<&'a str> {
    let name = variable.unwrap_or(default);
    let allowed = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let rest = name.strip_prefix(PREFIX).unwrap_or_default();
    if rest.is_empty() || name.len() > MAX_NAME || !rest.bytes().all(allowed) {
        return Err(Error::new(
            Code::VariableRefused,
            format!(
                "The name of a token's variable must be {PREFIX} followed by capital letters, \
                 digits or underscores, {MAX_NAME} characters at most. Give the name of the \
                 variable, not the token."
            ),
        ));
    }
    Ok(name)
}

fn value<'a>(env: &'a [(String, String)], name: &str) -> Option<&'a str> {
    env.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
    }

    #[test]
    fn defaults_apply_if_nothing_is_set() {
        let settings =
            Settings::from_env(&env(&[("PATH", "/bin"), ("RETOOL_OTHER", "x")])).unwrap();
        assert_eq!(settings, Settings::default());
        assert_eq!(
            settings,
            Settings {
                deadline_ms: 120_000,
                try_timeout_ms: 30_000,
                window: 8,
                page_size: 500,
                max_body_bytes: 8_388_608,
                max_attempts: 3,
                profile: 0,
            }
        );
    }

    #[test]
    fn every_range_includes_its_ends_and_nothing_beyond() {
        type Get = fn(&Settings) -> u32;
        let ranges: [(&str, u32, u32, Get); 6] = [
            ("RETOOL_DEADLINE_MS", 100, 3_600_000, |s| s.deadline_ms),
            ("RETOOL_TRY_TIMEOUT_MS", 1000, 600_000, |s| s.try_timeout_ms),
            ("RETOOL_WINDOW", 1, 64, |s| s.window),
            ("RETOOL_PAGE_SIZE", 1, 1000, |s| s.page_size),
            ("RETOOL_MAX_BODY_BYTES", 1024, 268_435_456, |s| s.max_body_bytes),
            ("RETOOL_MAX_ATTEMPTS", 1, 10, |s| s.max_attempts),
        ];
        for (name, min, max, get) in ranges {
            for good in [min, max] {
                let settings = Settings::from_env(&env(&[(name, &good.to_string())])).unwrap();
                assert_eq!(get(&settings), good, "{name}");
            }
            for bad in [min - 1, max + 1] {
                let error = Settings::from_env(&env(&[(name, &bad.to_string())])).unwrap_err();
                assert_eq!(error.code, Code::SettingInvalid, "{name}={bad}");
                for part in [name, &min.to_string(), &max.to_string()] {
                    assert!(error.message.contains(part), "{name}={bad}: {}", error.message);
                }
            }
        }
    }

    #[test]
    fn a_value_that_is_not_a_plain_number_is_refused() {
        for bad in ["", " 8", "8 ", "+8", "-8", "8.0", "0x8", "eight", "99999999999999999999", "٨"]
        {
            let error = Settings::from_env(&env(&[("RETOOL_WINDOW", bad)])).unwrap_err();
            assert_eq!(error.code, Code::SettingInvalid, "{bad:?}");
        }
    }

    #[test]
    fn a_token_comes_from_the_named_variable_or_the_default() {
        let env = env(&[(API_TOKEN_VARIABLE, "one"), ("RETOOL_ACME_2", "two!~")]);
        assert_eq!(token(&env, None, API_TOKEN_VARIABLE).unwrap().expose(), "one");
        assert_eq!(
            token(&env, Some("RETOOL_ACME_2"), API_TOKEN_VARIABLE).unwrap().expose(),
            "two!~"
        );
    }

    #[test]
    fn a_variable_name_of_another_form_is_refused() {
        let long = "RETOOL_".to_string() + &"A".repeat(122);
        let names = [
            "AWS_SECRET_ACCESS_KEY",
            "",
            "RETOOL",
            "RETOOL_",
            "retool_api_token",
            "XRETOOL_A",
            "RETOOL_a",
            "RETOOL_A=B",
            "RETOOL_É",
            &long,
        ];
        for name in names {
            let env = env(&[(name, "hunter2"), (API_TOKEN_VARIABLE, "hunter2")]);
            let error = token(&env, Some(name), API_TOKEN_VARIABLE).unwrap_err();
            assert_eq!(error.code, Code::VariableRefused, "{name:?}");
            assert!(!error.message.contains("hunter2"));
        }
        let error = token(&[], Some("retool_01secret"), API_TOKEN_VARIABLE).unwrap_err();
        assert!(!error.message.contains("01secret"), "{}", error.message);
    }

    #[test]
    fn a_missing_token_and_an_unusable_token_have_different_codes() {
        for absent in [env(&[]), env(&[(API_TOKEN_VARIABLE, "")]), env(&[("RETOOL_OTHER", "x")])] {
            let error = token(&absent, None, API_TOKEN_VARIABLE).unwrap_err();
            assert_eq!(error.code, Code::TokenMissing);
            assert!(error.message.contains(API_TOKEN_VARIABLE), "{}", error.message);
        }
        for bad in
            ["hunter2\n", "hunter2 ", "hun\tter2", "hunter2\u{7f}", "hünter2", "a\r\nHost: evil"]
        {
            let error =
                token(&env(&[(API_TOKEN_VARIABLE, bad)]), None, API_TOKEN_VARIABLE).unwrap_err();
            assert_eq!(error.code, Code::TokenInvalid, "{bad:?}");
            assert!(error.message.contains(API_TOKEN_VARIABLE), "{}", error.message);
            assert!(
                !error.message.contains("nter2") && !error.message.contains("evil"),
                "{}",
                error.message
            );
        }
    }
}
