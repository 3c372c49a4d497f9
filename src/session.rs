//! Opens a directory from a connection and an environment.

use alloc::boxed::Box;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

use crate::config::{self, Settings};
use crate::domain::Dialect;
use crate::error::{Code, Error, Result};
use crate::http::{BaseUrl, Client, Log, Pace, Platform};
use crate::retool::scim::{Base, Scim};
use crate::retool::v1::V1;
use crate::retool::v2::V2;
use crate::retool::{Directory, ReadDirectory};
use crate::sync::Occasion;

/// The order in which `auto` tries the dialects: Retool's current API, then the older one, then
/// SCIM, which returns less.
pub const PREFERENCE: [Dialect; 3] = [Dialect::V2, Dialect::V1, Dialect::Scim];

/// Which dialect the caller wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Whichever the server speaks.
    Auto,
    /// This one.
    Dialect(Dialect),
}

/// The address of an organisation, and the variables of its tokens.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The instance.
    pub base_url: String,
    /// Which dialect to speak.
    pub wanted: Wanted,
    /// The variable with the REST token.
    pub api_token_variable: Option<String>,
    /// The variable with the SCIM token.
    pub scim_token_variable: Option<String>,
}

/// An open connection to an organisation.
pub struct Session {
    /// The organisation.
    pub directory: Box<dyn Directory>,
    /// The base URL as the connection gave it.
    pub base_url: String,
    /// Milliseconds since the Unix epoch when the session was opened.
    pub now: i64,
    /// The log, for the operator of the component.
    pub log: Rc<dyn Log>,
    /// Opens other dialects, for functions that use more than one.
    pub access: Access,
    wanted: Wanted,
}

/// Opens any dialect of one organisation.
pub struct Access {
    platform: Platform,
    base: BaseUrl,
    settings: Settings,
    /// When the session was opened. The deadline is for the whole call, however many dialects it
    /// tries.
    opened_at: u64,
    /// The pace of the whole call: a server counts the requests of all dialects together.
    pace: Rc<Pace>,
    env: Vec<(String, String)>,
    api_token_variable: Option<String>,
    scim_token_variable: Option<String>,
}

impl Access {
    /// Opens a directory without sending anything. Fails if the token of its API is missing. Also
    /// fails for a REST dialect if the base URL is that of SCIM: the REST token is not sent there.
    pub fn open(&self, dialect: Dialect) -> Result<Box<dyn Directory>> {
        if dialect != Dialect::Scim {
            self.base.check_not_scim()?;
        }
        let (variable, default) = match dialect {
            Dialect::V1 | Dialect::V2 => (&self.api_token_variable, config::API_TOKEN_VARIABLE),
            Dialect::Scim => (&self.scim_token_variable, config::SCIM_TOKEN_VARIABLE),
        };
        let token = config::token(&self.env, variable.as_deref(), default)?;
        let client = Client::new(self.platform.clone(), self.base.clone(), token, self.settings)
            .since(self.opened_at)
            .at_pace(Rc::clone(&self.pace));
        Ok(match dialect {
            Dialect::V1 => Box::new(V1::new(client)),
            Dialect::V2 => Box::new(V2::new(client)),
            Dialect::Scim => Box::new(Scim::new(client, Base::of(&self.base))),
        })
    }

    /// Returns the first of these dialects that the server speaks, and tries them in this order.
    /// Fails on the first error that does not show whether the server speaks the dialect: nothing
    /// is guessed.
    pub async fn probe(&self, dialects: &[Dialect]) -> Result<Box<dyn Directory>> {
        let mut findings = String::new();
        let (mut another, mut no_token, mut elsewhere) = (None::<Error>, None, None);
        for &dialect in dialects {
            let directory = match self.open(dialect) {
                Ok(directory) => directory,
                Err(error) if error.code == Code::TokenMissing => {
                    no_token.get_or_insert(error);
                    continue;
                }
                Err(error) if error.code == Code::BaseUrlInvalid => {
                    elsewhere.get_or_insert(error);
                    continue;
                }
                Err(error) => return Err(error),
            };
            match directory.probe().await {
                Ok(()) => {
                    self.platform.log.line(&format!("the server speaks {}", dialect.as_str()));
                    return Ok(directory);
                }
                Err(error) if is_another(&error) => {
                    findings.push_str(&format!(" {}: {}.", dialect.as_str(), error.code.as_str()));
                    if another.as_ref().is_none_or(|seen| rank(&error) >= rank(seen)) {
                        another = Some(error);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        let Some(mut error) = another.or(no_token).or(elsewhere) else {
            return Err(Error::new(Code::DialectUnsupported, "No dialect was asked for."));
        };
        if error.code == Code::HtmlPage {
            error.message.push_str(&format!(" What each API answered:{findings}"));
        } else if !matches!(
            error.code,
            Code::TokenMissing | Code::AnswerUnusable | Code::BaseUrlInvalid
        ) {
            error.code = Code::DialectUnsupported;
            error.message = format!(
                "The server speaks none of the APIs that there are tokens for.{findings} Check \
                 that the base URL is the instance's address, or name the dialect."
            );
            error.subject = Some(self.base.origin() + self.base.prefix());
        }
        Err(error)
    }
}

/// Returns how much a failure says if the server speaks no dialect. A response that is not Retool's
/// may be temporary, and a page of HTML has its own possible causes.
fn rank(error: &Error) -> u8 {
    match error.code {
        Code::AnswerUnusable => 2,
        Code::HtmlPage => 1,
        _ => 0,
    }
}

/// Returns whether a failure shows that the server does not speak the dialect at this address.
pub fn is_another(error: &Error) -> bool {
    matches!(error.code, Code::BaseUrlWrong | Code::ScimUnavailable) || error.is_unusable_answer()
}

impl Session {
    /// Opens a session without sending anything.
    pub fn open(
        connection: Connection,
        env: &[(String, String)],
        platform: Platform,
    ) -> Result<Session> {
        let base = BaseUrl::parse(&connection.base_url)?;
        let settings = Settings::from_env(env)?;
        // A bad name of a variable is refused even if the dialect does not use the variable.
        let (api, scim) = (&connection.api_token_variable, &connection.scim_token_variable);
        config::token_variable(api.as_deref(), config::API_TOKEN_VARIABLE)?;
        config::token_variable(scim.as_deref(), config::SCIM_TOKEN_VARIABLE)?;
        let (log, now) = (platform.log.clone(), platform.clock.unix_ms());
        let access = Access {
            opened_at: platform.clock.monotonic_ms(),
            pace: Rc::default(),
            platform,
            base,
            settings,
            env: env.to_vec(),
            api_token_variable: connection.api_token_variable,
            scim_token_variable: connection.scim_token_variable,
        };
        let directory = match connection.wanted {
            Wanted::Dialect(dialect) => access.open(dialect)?,
            // Used until the server is probed. Without any token there is nothing to probe.
            Wanted::Auto => access
                .open(Dialect::V2)
                .or_else(|error| access.open(Dialect::Scim).map_err(|_| error))?,
        };
        Ok(Session {
            directory,
            base_url: connection.base_url,
            now: i64::try_from(now).unwrap_or(i64::MAX),
            log,
            access,
            wanted: connection.wanted,
        })
    }

    /// Returns the directory, for reading only.
    pub fn reader(&self) -> &dyn ReadDirectory {
        &*self.directory
    }

    /// Returns where and when a plan is made.
    pub fn occasion(&self) -> Occasion {
        Occasion { organisation: self.access.base.organisation(), now: self.now }
    }

    /// Returns the dialect that the caller asked for.
    pub fn wanted(&self) -> Wanted {
        self.wanted
    }

    /// For `auto`, finds the dialect that the server speaks. Fails rather than guesses.
    pub async fn find_dialect(&mut self) -> Result<()> {
        if self.wanted == Wanted::Auto {
            self.directory = self.access.probe(&PREFERENCE).await?;
        }
        Ok(())
    }

    /// Opens the same organisation through the other kind of API: SCIM for REST, and REST for SCIM.
    pub async fn counterpart(&self) -> Result<Box<dyn Directory>> {
        match self.directory.capabilities().dialect {
            Dialect::V1 | Dialect::V2 => self.access.open(Dialect::Scim),
            Dialect::Scim => self.access.probe(&PREFERENCE[..2]).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;
    use crate::http::Clock;
    use crate::testing::platform::{FakePlatform, Reply};

    #[test]
    fn a_call_has_one_deadline_however_many_dialects_it_tries() {
        // Each response takes 4 seconds, and the one of SCIM never arrives.
        let fake = FakePlatform::new(|request| {
            if request.path_and_query.starts_with("/scim/") {
                return Reply::never();
            }
            Reply::json(404, "{}").after(4_000)
        });
        let env = [
            ("RETOOL_API_TOKEN", "t"),
            ("RETOOL_SCIM_TOKEN", "s"),
            ("RETOOL_DEADLINE_MS", "10000"),
        ];
        let env = env.map(|(name, value)| (name.to_string(), value.to_string()));
        let connection = Connection {
            base_url: "https://acme.retool.com".to_string(),
            wanted: Wanted::Auto,
            api_token_variable: None,
            scim_token_variable: None,
        };
        let mut session = Session::open(connection, &env, fake.platform()).expect("a session");
        let error = fake.run(session.find_dialect()).expect_err("no answer");
        assert_eq!(error.code, Code::DeadlineExceeded);
        assert_eq!(fake.clock().monotonic_ms(), 10_000);
    }
}
