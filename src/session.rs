//! From a connection and an environment to a directory that can be asked.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;

use crate::config::{self, Settings};
use crate::domain::Dialect;
use crate::error::{Code, Error, Result};
use crate::http::{BaseUrl, Client, Log, Platform};
use crate::retool::v1::V1;
use crate::retool::{Directory, ReadDirectory};

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
    wanted: Wanted,
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
        match connection.wanted {
            Wanted::Auto | Wanted::Dialect(Dialect::V1) => {}
            Wanted::Dialect(Dialect::V2 | Dialect::Scim) => {
                return Err(Error::new(
                    Code::DialectUnsupported,
                    "This version of the component speaks /api/v1 alone. Set the connection's dialect to v1.",
                )
                .in_field("connection.dialect"));
            }
        }
        // Not used by this dialect, but a name that is refused is refused by all.
        config::token_variable(
            connection.scim_token_variable.as_deref(),
            config::SCIM_TOKEN_VARIABLE,
        )?;
        let token = config::token(
            env,
            connection.api_token_variable.as_deref(),
            config::API_TOKEN_VARIABLE,
        )?;
        let (log, now) = (platform.log.clone(), platform.clock.unix_ms());
        let client = Client::new(platform, base, token, settings);
        Ok(Session {
            directory: Box::new(V1::new(client)),
            base_url: connection.base_url,
            now: i64::try_from(now).unwrap_or(i64::MAX),
            log,
            wanted: connection.wanted,
        })
    }

    /// The organisation, for those who only read.
    pub fn reader(&self) -> &dyn ReadDirectory {
        &*self.directory
    }

    /// Which dialect the caller asked for.
    pub fn wanted(&self) -> Wanted {
        self.wanted
    }

    /// For `auto`, asks the server whether it speaks the dialect. Fails rather than guesses.
    pub async fn settle(&self) -> Result<()> {
        if self.wanted != Wanted::Auto {
            return Ok(());
        }
        match self.directory.page_users(None, Some(1)).await {
            Ok(_) => Ok(()),
            Err(mut error) if error.code == Code::BaseUrlWrong => {
                error.code = Code::DialectUnsupported;
                error.message = String::from(
                    "Nothing answers under /api/v1, and this version of the component speaks nothing else. \
                     Check that the base URL is the instance's address.",
                );
                Err(error.about(&*self.base_url))
            }
            Err(error) => Err(error),
        }
    }
}
