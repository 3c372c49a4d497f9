//! The limit on a body's size, without WASI.

use alloc::vec::Vec;

use crate::problem::{BODY_INCOMPLETE, Problem};

/// The transport broke off before the end of a body.
pub(crate) struct CutOff;

/// Reads a body of at most `most` bytes. `length` is the header `Content-Length`, as it was sent: a
/// body that it says is too large is not read. `chunk` returns the next part; `None` is the end.
pub(crate) fn read(
    most: usize,
    length: Option<&[u8]>,
    mut chunk: impl FnMut() -> Result<Option<Vec<u8>>, CutOff>,
) -> Result<Vec<u8>, Problem> {
    let length = length.and_then(|length| core::str::from_utf8(length).ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > most as u64) {
        return Err(Problem::too_large(most));
    }
    let mut bytes = Vec::new();
    loop {
        match chunk() {
            Ok(Some(chunk)) if bytes.len() + chunk.len() > most => {
                return Err(Problem::too_large(most));
            }
            Ok(Some(chunk)) => bytes.extend(chunk),
            Ok(None) => return Ok(bytes),
            Err(CutOff) => return Err(Problem::own(BODY_INCOMPLETE)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the length of the body or the status, and how many chunks were read.
    fn got(length: Option<&str>, chunks: &[&str], cut_off: bool) -> (Result<usize, u16>, usize) {
        let mut count = 0;
        let read = read(10, length.map(str::as_bytes), || {
            count += 1;
            match chunks.get(count - 1) {
                Some(chunk) => Ok(Some(chunk.as_bytes().to_vec())),
                None if cut_off => Err(CutOff),
                None => Ok(None),
            }
        });
        (read.map(|body| body.len()).map_err(|problem| problem.status), count)
    }

    #[test]
    fn a_body_of_exactly_the_limit_passes_and_one_byte_more_does_not() {
        assert_eq!(got(None, &["0123456789"], false).0, Ok(10));
        assert_eq!(got(Some("10"), &["01234", "56789"], false).0, Ok(10));
        assert_eq!(got(None, &["01234567890"], false).0, Err(413));
        assert_eq!(got(None, &["01234", "56789", "0"], false), (Err(413), 3));
        // The announced length decides before anything is read.
        assert_eq!(got(Some("11"), &[], false), (Err(413), 0));
        // A length that is wrong does not.
        assert_eq!(got(Some("x"), &["01234"], false).0, Ok(5));
        assert_eq!(got(Some("3"), &["01234567890"], false).0, Err(413));
    }

    #[test]
    fn a_body_that_is_cut_off_is_no_body() {
        assert_eq!(got(Some("10"), &["01234"], true), (Err(503), 2));
        assert_eq!(got(None, &[], true), (Err(503), 1));
    }
}
