//! One job: a call of one function, and what came of it.

use host_test::{Answer, Tenant, error_case, json};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A line of the queue.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Whom it is for.
    pub tenant: String,
    /// The function, as the contract names it, e.g. `find-user`.
    pub function: String,
    /// What the function takes after the connection, with the contract's names; `null` for
    /// `check-connection`.
    #[serde(default)]
    request: Value,
}

/// What came of a job.
pub enum Outcome {
    /// The function's result.
    Done(Value),
    /// The component's typed error: `case`, `detail`.
    Failed(Value),
    /// The host stopped the component: `code`, `message`, `may_have_written`.
    Stopped(Value),
    /// The line is not a job, and nothing was called.
    Unreadable(String),
}

impl Outcome {
    /// The outcome under its name in the line that tells it.
    pub fn told(self) -> (&'static str, Value) {
        match self {
            Outcome::Done(result) => ("ok", result),
            Outcome::Failed(error) => ("error", error),
            Outcome::Stopped(error) => ("stopped", error),
            Outcome::Unreadable(error) => ("unreadable", error.into()),
        }
    }
}

impl Job {
    /// Makes the call.
    pub async fn run(&self, tenant: &Tenant) -> Outcome {
        self.call(tenant).await.unwrap_or_else(|error| Outcome::Unreadable(error.to_string()))
    }

    async fn call(&self, tenant: &Tenant) -> serde_json::Result<Outcome> {
        Ok(match self.function.as_str() {
            "check-connection" => told(tenant.check_connection().await),
            "provision" => told(tenant.provision(&self.request()?).await),
            "deprovision" => told(tenant.deprovision(&self.request()?).await),
            "restore" => told(tenant.restore(&self.request()?).await),
            "plan-sync" => told(tenant.plan_sync(&self.request()?).await),
            "apply-step" => told(tenant.apply_step(&self.request()?).await),
            "sync" => told(tenant.sync(&self.request()?).await),
            "find-user" => told(tenant.find_user(&self.request::<String>()?).await),
            "page-users" => told(tenant.page_users(&self.request()?).await),
            "page-groups" => told(tenant.page_groups(&self.request()?).await),
            "changes-since" => {
                told(tenant.changes_since(self.request::<Option<String>>()?.as_deref()).await)
            }
            "ensure-group" => told(tenant.ensure_group(&self.request()?).await),
            "change-group" => told(tenant.change_group(&self.request()?).await),
            "remove-group" => told(tenant.remove_group(&self.request()?).await),
            other => Outcome::Unreadable(format!("no function is called {other:?}")),
        })
    }

    fn request<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        json::from_value(self.request.clone())
    }
}

fn told<T: Serialize>(answer: Answer<T>) -> Outcome {
    match answer {
        Ok(Ok(result)) => Outcome::Done(written(&result)),
        Ok(Err(error)) => {
            let (case, detail) = error_case(&error);
            Outcome::Failed(serde_json::json!({ "case": case, "detail": detail.map(written) }))
        }
        Err(stopped) => Outcome::Stopped(serde_json::json!({
            "code": stopped.code(),
            "message": stopped.to_string(),
            "may_have_written": stopped.may_have_written(),
        })),
    }
}

/// A value of the contract as JSON. Should that fail, what failed stands there: the call is done.
fn written<T: Serialize>(value: &T) -> Value {
    json::value(value).unwrap_or_else(|error| error.to_string().into())
}
