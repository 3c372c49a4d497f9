//! Comparison of bytes. libc's `memcmp` for WebAssembly compares byte by byte, and planning
//! compares addresses very often.

/// Returns what `memcmp` returns: a negative number if `one` sorts before `other`, zero if they
/// are equal, and a positive number otherwise.
///
/// # Safety
/// Both pointers must be valid for reads of `len` bytes.
pub unsafe fn compare(one: *const u8, other: *const u8, len: usize) -> i32 {
    const WORD: usize = size_of::<u64>();
    let mut at = 0;
    // SAFETY: at most `len` bytes are read from each pointer.
    unsafe {
        while len - at >= WORD {
            let a = one.add(at).cast::<u64>().read_unaligned();
            let b = other.add(at).cast::<u64>().read_unaligned();
            if a != b {
                // The first byte that differs decides, so it must be the most significant.
                return if a.to_be() < b.to_be() { -1 } else { 1 };
            }
            at += WORD;
        }
        while at < len {
            let (a, b) = (one.add(at).read(), other.add(at).read());
            if a != b {
                return i32::from(a) - i32::from(b);
            }
            at += 1;
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use core::cmp::Ordering;

    use proptest::prelude::*;

    use super::compare;

    proptest! {
        #[test]
        fn compare_orders_bytes_like_slices(
            (common, one, other) in (
                proptest::collection::vec(any::<u8>(), 0..40),
                proptest::collection::vec(any::<u8>(), 0..20),
                proptest::collection::vec(any::<u8>(), 0..20),
            )
        ) {
            let len = common.len() + one.len().min(other.len());
            let (a, b) = ([&common[..], &one].concat(), [&common[..], &other].concat());
            // SAFETY: both are at least `len` bytes long.
            let ordered = unsafe { compare(a.as_ptr(), b.as_ptr(), len) };
            prop_assert_eq!(ordered.cmp(&0), a[..len].cmp(&b[..len]));
            // SAFETY: as above.
            let same = unsafe { compare(a.as_ptr(), a.as_ptr(), a.len()) };
            prop_assert_eq!(same.cmp(&0), Ordering::Equal);
        }
    }
}
