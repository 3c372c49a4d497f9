//! What may be concluded from what a server says, and what may not. The servers here do the opposite
//! of what the documentation says.

mod account_whole;
mod admins;
mod age;
mod approval;
mod checks;
mod expected_id;
mod final_statuses;
mod forbidden;
mod group_admins;
mod hidden;
mod kept_accounts;
mod listings;
mod logins;
mod read_back;
mod refused_pages;
mod scim_forms;
mod sessions;
mod short_groups;
mod throttling;
mod unicode;
