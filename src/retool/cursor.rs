//! Cursors that consist of a kind, a position and a page size. They are opaque to callers.

use alloc::format;
use alloc::string::String;

use crate::error::{Code, Error, Result};

/// Returns the cursor of a position, e.g. `v1-users.2.100`.
pub(super) fn write(kind: &str, position: usize, size: u32) -> String {
    format!("{kind}.{position}.{size}")
}

/// Reads position and page size of a cursor of this kind.
pub(super) fn read(cursor: &str, kind: &str) -> Result<(u32, u32)> {
    let mut parts = cursor.split('.');
    let parsed = match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(found), Some(position), Some(size), None) if found == kind => {
            // A position has 32 bits, even if the component does not run as 32-bit code.
            position.parse::<u32>().ok().zip(size.parse::<u32>().ok())
        }
        _ => None,
    };
    parsed
        .filter(|(position, size)| *position < u32::MAX && (1..=1000).contains(size))
        // Parsing accepts other spellings of the numbers, which were never given out.
        .filter(|(position, size)| write(kind, *position as usize, *size) == cursor)
        .ok_or_else(invalid)
}

/// Returns the error for a cursor that was never given out.
pub(super) fn invalid() -> Error {
    Error::new(
        Code::CursorInvalid,
        "The cursor is not one that this function gave out. Start again without one.",
    )
    .in_field("page.cursor")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        assert_eq!(read(&write("v1-users", 7, 50), "v1-users"), Ok((7, 50)));
        assert_eq!(read("v1-users.7.1000", "v1-users"), Ok((7, 1000)));
    }

    #[test]
    fn cursors_that_were_not_given_out_are_refused() {
        for bad in [
            "",
            "v1-users",
            "v1-users.7",
            "v1-users.7.50.1",
            "v1-groups.7.50",
            "v1-users.07.50",
            "v1-users.+7.50",
            "v1-users.-7.50",
            "v1-users.7.0",
            "v1-users.7.1001",
            "v1-users.4294967295.50",
            "v1-users.4294967296.50",
        ] {
            let error = read(bad, "v1-users").expect_err(bad);
            assert_eq!(error.code, Code::CursorInvalid, "{bad}");
        }
    }
}
