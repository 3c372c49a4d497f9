//! From a connection and an environment to a directory that can be asked.

use alloc::boxed::Box;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

use crate::config::{self, Settings};
use crate::domain::Dialect;
use crate::error::{Code, Error, Result};
use crate::http::{BaseUrl, Client, Log, Platform};
use crate::retool::scim::{Base, Scim};
use crate::retool::v1::V1;
use crate::retool::v2::V2;
use crate::retool::{Directory, ReadDirectory};
use crate::sync::Occasion;

/// In which order `auto` asks: Retool's own API of today before the older one, and SCIM, which
/// tells less, last.
pub const PREFERENCE: [Dialect; 3] = [Dialect::V2, Dialect::V1, Dialect::Scim];

/// Which dialect the caller wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Whichever the server speaks.
    Auto,
    /// This one.
    Dialect(Dialect),
}

/// Where an organisation lives, and where its tokens are.
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

/// An organisation that can be asked.
pub struct Session {
    /// The organisation.
    pub directory: Box<dyn Directory>,
    /// The base URL as the connection gave it.
    pub base_url: String,
    /// Milliseconds since the Unix epoch when the session was opened.
    pub now: i64,
    /// Lines for whoever runs the component.
    pub log: Rc<dyn Log>,
    /// Every way in, for what concerns more than one dialect.
    pub access: Access,
    wanted: Wanted,
}

/// What it takes to speak any dialect with one organisation.
pub struct Access {
    platform: Platform,
    base: BaseUrl,
    settings: Settings,
    /// When the session was opened: the deadline is that of the call, however many dialects it
    /// tries.
    opened_at: u64,
    env: Vec<(String, String)>,
    api_token_variable: Option<String>,
    scim_token_variable: Option<String>,
}

impl Access {
    /// Opens a directory without sending anything. Fails if the token of its API is not to be
    /// had, or the base URL is that of SCIM and the API another: SCIM is not sent the other token.
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
            .since(self.opened_at);
        Ok(match dialect {
            Dialect::V1 => Box::new(V1::new(client)),
            Dialect::V2 => Box::new(V2::new(client)),
            Dialect::Scim => Box::new(Scim::new(client, Base::of(&self.base))),
        })
    }

    /// Asks which of these dialects the server speaks, in this order: the first that answers as
    /// itself. A failure that says nothing of that is the answer; nothing is guessed.
    pub async fn probe(&self, dialects: &[Dialect]) -> Result<Box<dyn Directory>> {
        let mut told = String::new();
        let (mut another, mut no_token, mut elsewhere) = (None, None, None);
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
                    told.push_str(&format!(" {}: {}.", dialect.as_str(), error.code.as_str()));
                    // A page of somebody else's in place of an answer may be gone in a moment.
                    let passing = |seen: &Error| seen.code == Code::AnswerUnusable;
                    another = another.filter(passing).or(Some(error));
                }
                Err(error) => return Err(error),
            }
        }
        let Some(mut error) = another.or(no_token).or(elsewhere) else {
            return Err(Error::new(Code::DialectUnsupported, "No dialect was asked for."));
        };
        if !matches!(error.code, Code::TokenMissing | Code::AnswerUnusable | Code::BaseUrlInvalid) {
            error.code = Code::DialectUnsupported;
            error.message = format!(
                "The server speaks none of the APIs that there are tokens for.{told} Check that \
                 the base URL is the instance's address, or name the dialect."
            );
            error.subject = Some(self.base.origin() + self.base.prefix());
        }
        Err(error)
    }
}

/// Whether a failure says that the server does not speak the dialect, or not there.
pub fn is_another(error: &Error) -> bool {
    matches!(error.code, Code::BaseUrlWrong | Code::AnswerUnusable | Code::ScimUnavailable)
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
        // A name that is refused is refused whether or not the dialect uses it.
        let (api, scim) = (&connection.api_token_variable, &connection.scim_token_variable);
        config::token_variable(api.as_deref(), config::API_TOKEN_VARIABLE)?;
        config::token_variable(scim.as_deref(), config::SCIM_TOKEN_VARIABLE)?;
        let (log, now) = (platform.log.clone(), platform.clock.unix_ms());
        let access = Access {
            opened_at: platform.clock.monotonic_ms(),
            platform,
            base,
            settings,
            env: env.to_vec(),
            api_token_variable: connection.api_token_variable,
            scim_token_variable: connection.scim_token_variable,
        };
        let directory = match connection.wanted {
            Wanted::Dialect(dialect) => access.open(dialect)?,
            // Until the server was asked; one of the tokens is there, or nothing can be.
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

    /// The organisation, for those who only read.
    pub fn reader(&self) -> &dyn ReadDirectory {
        &*self.directory
    }

    /// Where and when a plan is made.
    pub fn occasion(&self) -> Occasion {
        Occasion { organisation: self.access.base.organisation(), now: self.now }
    }

    /// Which dialect the caller asked for.
    pub fn wanted(&self) -> Wanted {
        self.wanted
    }

    /// For `auto`, asks the server which dialect it speaks. Fails rather than guesses.
    pub async fn find_dialect(&mut self) -> Result<()> {
        if self.wanted == Wanted::Auto {
            self.directory = self.access.probe(&PREFERENCE).await?;
        }
        Ok(())
    }

    /// The same organisation through the other kind of API: SCIM for REST, and REST for SCIM.
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
    use crate::http::testing::{FakePlatform, Reply};

    #[test]
    fn a_call_has_one_deadline_however_many_dialects_it_tries() {
        // Each answer takes its time, and the one that is waited for never comes.
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
