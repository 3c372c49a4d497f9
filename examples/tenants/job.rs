//! One job: a call of one function, and its outcome.

use host_test::{Answer, Tenant, error_case, json};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A line of the queue.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// The organisation.
    pub tenant: String,
    /// The function's name in the contract, e.g. `find-user`.
    pub function: String,
    /// The function's argument after the connection, with the contract's names; `null` for
    /// `check-connection`.
    #[serde(default)]
    request: Value,
}

/// The outcome of a job.
pub enum Outcome {
    /// The function's result.
    Done(Value),
    /// The component's error: `case`, `detail`.
    Failed(Value),
    /// The host stopped the component: `code`, `message`, `may_have_written`.
    Stopped(Value),
    /// The line is not a job, and nothing was called.
    Unreadable(String),
}

impl Outcome {
    /// Returns the outcome's key and value in the line of output.
    pub fn entry(self) -> (&'static str, Value) {
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

    async fn call(&self, tenant: &Tenant) -> Result<Outcome, json::Refusal> {
        Ok(match self.function.as_str() {
            "check-connection" => outcome(tenant.check_connection().await),
            "find-user" => outcome(tenant.find_user(&self.request()?).await),
            "page-users" => outcome(tenant.page_users(&self.request()?).await),
            "page-groups" => outcome(tenant.page_groups(&self.request()?).await),
            "changes-since" => {
                outcome(tenant.changes_since(self.request::<Option<String>>()?.as_deref()).await)
            }
            "provision" => outcome(tenant.provision(&self.request()?).await),
            "deprovision" => outcome(tenant.deprovision(&self.request()?).await),
            "plan-deprovision" => outcome(tenant.plan_deprovision(&self.request()?).await),
            "restore" => outcome(tenant.restore(&self.request()?).await),
            "reset-two-factor" => outcome(tenant.reset_two_factor(&self.request()?).await),
            "plan-sync" => outcome(tenant.plan_sync(&self.request()?).await),
            "apply-step" => outcome(tenant.apply_step(&self.request()?).await),
            "sync" => outcome(tenant.sync(&self.request()?).await),
            "apply-plan" => outcome(tenant.apply_plan(&self.request()?).await),
            "ensure-group" => outcome(tenant.ensure_group(&self.request()?).await),
            "change-group" => outcome(tenant.change_group(&self.request()?).await),
            "remove-group" => outcome(tenant.remove_group(&self.request()?).await),
            other => Outcome::Unreadable(format!("no function is called {other:?}")),
        })
    }

    fn request<T: DeserializeOwned>(&self) -> Result<T, json::Refusal> {
        json::from_value(self.request.clone())
    }
}

fn outcome<T: Serialize>(answer: Answer<T>) -> Outcome {
    match answer {
        Ok(Ok(result)) => Outcome::Done(to_json(&result)),
        Ok(Err(error)) => {
            let (case, detail) = error_case(&error);
            Outcome::Failed(serde_json::json!({ "case": case, "detail": detail.map(to_json) }))
        }
        Err(stopped) => Outcome::Stopped(serde_json::json!({
            "code": stopped.code(),
            "message": stopped.to_string(),
            "may_have_written": stopped.may_have_written(),
        })),
    }
}

/// Converts a value of the contract to JSON. If that fails, returns the failure's text instead: the
/// call has been made and must be reported.
fn to_json<T: Serialize>(value: &T) -> Value {
    json::value(value).unwrap_or_else(|error| error.to_string().into())
}
