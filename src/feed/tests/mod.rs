//! Tests of the feed with an in-memory organisation.

mod changes;
mod cursors;
