mod roster;
mod values;

use crate::error::{Code, Error};

/// A refusal of one field, for a reason.
#[track_caller]
fn assert_refused<T: std::fmt::Debug>(result: Result<T, Error>, code: Code, field: &str) -> Error {
    let error = result.expect_err("refused");
    assert_eq!((error.code, error.field.as_deref()), (code, Some(field)));
    error
}
