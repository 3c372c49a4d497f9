mod roster;
mod values;

use crate::error::{Code, Error};

/// Asserts that a check refused this field, with this code.
#[track_caller]
fn assert_refused<T: std::fmt::Debug>(result: Result<T, Error>, code: Code, field: &str) -> Error {
    let error = result.expect_err("refused");
    assert_eq!((error.code, error.field.as_deref()), (code, Some(field)));
    error
}
