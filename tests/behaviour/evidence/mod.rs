//! What may be concluded from what a server says, and what may not.

mod checks;
mod final_statuses;
mod forbidden;
mod listings;
mod read_back;
mod refused_pages;
mod scim_forms;
mod throttling;
