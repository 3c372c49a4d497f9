//! Finds the path of SCIM. Retool's guide and Retool's own pages disagree about it, so the path
//! is found once by trying, if possible with a request that is needed anyway.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Scim, call, explain};
use crate::de::object;
use crate::error::{Code, Error, Result};
use crate::http::{Answer, BaseUrl, Call, Method, Missing};
use crate::retool::request::found;

/// The path of SCIM below the connection's base URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// At the base URL itself.
    Given,
    /// At `/scim/v2`.
    Scim,
    /// At `/api/scim/v2`.
    ApiScim,
}

/// A route below the base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Users,
    User,
    Groups,
    Group,
}

impl Base {
    /// Returns the base that a connection's base URL contains, if it ends in one.
    pub fn of(url: &BaseUrl) -> Option<Base> {
        url.prefix().to_ascii_lowercase().ends_with("/scim/v2").then_some(Base::Given)
    }

    /// Returns the path, e.g. `/scim/v2`.
    pub fn path(self) -> &'static str {
        match self {
            Base::Given => "",
            Base::Scim => "/scim/v2",
            Base::ApiScim => "/api/scim/v2",
        }
    }

    /// Returns the path template of a route.
    pub(super) fn template(self, route: Route) -> &'static str {
        let [users, user, groups, group] = match self {
            Base::Given => ["/Users", "/Users/{id}", "/Groups", "/Groups/{id}"],
            Base::Scim => {
                ["/scim/v2/Users", "/scim/v2/Users/{id}", "/scim/v2/Groups", "/scim/v2/Groups/{id}"]
            }
            Base::ApiScim => [
                "/api/scim/v2/Users",
                "/api/scim/v2/Users/{id}",
                "/api/scim/v2/Groups",
                "/api/scim/v2/Groups/{id}",
            ],
        };
        match route {
            Route::Users => users,
            Route::User => user,
            Route::Groups => groups,
            Route::Group => group,
        }
    }
}

impl Scim {
    /// Returns the base of SCIM. Asks the server if it is not known yet.
    pub(super) async fn find_base(&self) -> Result<Base> {
        match self.base.get() {
            Some(base) => Ok(base),
            None => {
                let query = [("startIndex", "1"), ("count", "1")];
                self.ask_everywhere(Route::Users, &query).await.map(|(base, _)| base)
            }
        }
    }

    /// Sends a GET of a listing, which every SCIM server has.
    pub(super) async fn get_list(&self, route: Route, query: &[(&str, &str)]) -> Result<Answer> {
        match self.base.get() {
            Some(base) => self.ask(base, route, query).await,
            None => self.ask_everywhere(route, query).await.map(|(_, answer)| answer),
        }
    }

    /// Sends a GET of one record; `None` if there is no record with this id.
    pub(super) async fn get_one(
        &self,
        route: Route,
        id: &str,
        missing: Missing,
    ) -> Result<Option<Answer>> {
        let segments = [id];
        let at = |base| {
            let get = call(Method::Get, base, route, &segments);
            self.send(Call { missing, about: Some(id), ..get })
        };
        let known = self.base.get();
        let mut base = known.unwrap_or(Base::Scim);
        let mut answer = at(base).await;
        if known.is_none() {
            if answer.is_ok() {
                self.base.set(Some(base));
            } else if answer.as_ref().is_err_and(may_be_elsewhere) {
                // The record or the path does not exist. Only a listing distinguishes the two.
                let right = self.find_base().await?;
                if right != base {
                    base = right;
                    answer = at(base).await;
                }
            }
        }
        found(answer)
    }

    async fn ask(&self, base: Base, route: Route, query: &[(&str, &str)]) -> Result<Answer> {
        self.send(Call { query, ..call(Method::Get, base, route, &[]) }).await
    }

    /// Sends a GET under one base and, if SCIM does not answer, under the other. Stores the base
    /// that answered.
    async fn ask_everywhere(&self, route: Route, query: &[(&str, &str)]) -> Result<(Base, Answer)> {
        let mut failure: Option<Error> = None;
        for base in [Base::Scim, Base::ApiScim] {
            let error = match self.ask(base, route, query).await {
                Ok(answer) if is_listing(&answer) => {
                    self.base.set(Some(base));
                    let log = &self.client.platform().log;
                    log.line(&alloc::format!("SCIM is under {}", base.path()));
                    return Ok((base, answer));
                }
                Ok(answer) => answer.error(
                    Code::AnswerUnusable,
                    "The server's answer is no listing of SCIM. Check that the base URL leads to Retool and \
                     nothing in between changes its answers.",
                ),
                Err(error) if may_be_elsewhere(&error) => error,
                Err(error) => return Err(error),
            };
            // If one path answers with a web page and the other with a 404, report the 404.
            failure = match failure {
                Some(earlier) if !is_absence(&error) => Some(earlier),
                _ => Some(error),
            };
        }
        Err(failure.unwrap_or_else(explain::unavailable))
    }
}

/// Returns whether SCIM may still be under another path.
fn may_be_elsewhere(error: &Error) -> bool {
    is_absence(error) || error.code == Code::Redirected || error.is_unusable_answer()
}

fn is_absence(error: &Error) -> bool {
    error.http_status == Some(404)
}

/// The fields that every listing has, not decoded.
#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "totalResults")]
    total: Option<IgnoredAny>,
    #[serde(rename = "Resources")]
    resources: Option<IgnoredAny>,
}

/// Returns whether a response has a field that every listing has.
fn is_listing(answer: &Answer) -> bool {
    object::<Envelope>(answer.body())
        .is_ok_and(|envelope| envelope.total.is_some() || envelope.resources.is_some())
}
