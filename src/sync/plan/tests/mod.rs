//! Each test starts with a model roster and an organisation that matches it, changes one of them,
//! and checks the planned steps.

mod absence;
mod absent;
mod group_admins;
mod groups;
mod identity;
mod invitations;
mod memberships;
mod people;
mod properties;
mod protected;
mod renamed;
mod same_name;
mod seats;
mod unicode;

use crate::sync::{Plan, RefusalReason};

/// The addresses of everyone in the model.
const MODEL_PEOPLE: [&str; 3] = ["ada@example.com", "grace@example.com", "joan@example.com"];

fn refusals(plan: &Plan) -> Vec<(&str, RefusalReason)> {
    plan.refusals.iter().map(|refusal| (refusal.email.as_str(), refusal.reason)).collect()
}

fn unchanged(plan: &Plan) -> Vec<&str> {
    plan.unchanged.iter().map(|email| email.as_str()).collect()
}
