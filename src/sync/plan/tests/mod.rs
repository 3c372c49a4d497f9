//! A desired model, the organisation in which it is true, one side changed, and the steps
//! that follow.

mod absent;
mod groups;
mod memberships;
mod people;
mod properties;
mod protected;
mod seats;

use crate::sync::{Plan, RefusalReason};

/// Everybody in the model.
const EVERYBODY: [&str; 3] = ["ada@example.com", "grace@example.com", "joan@example.com"];

fn refusals(plan: &Plan) -> Vec<(&str, RefusalReason)> {
    plan.refusals.iter().map(|refusal| (refusal.email.as_str(), refusal.reason)).collect()
}

fn unchanged(plan: &Plan) -> Vec<&str> {
    plan.unchanged.iter().map(|email| email.as_str()).collect()
}
