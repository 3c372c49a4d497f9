//! 64-bit fingerprints of texts, to find duplicates among thousands of texts with 8 bytes each.
//!
//! Equal texts have equal fingerprints. The probability that any two of 100,000 different texts
//! share a fingerprint is less than 1 in 3,000,000,000. Fingerprints only find duplicates. They
//! never identify a user.

use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering};

use siphasher::sip::SipHasher24;

/// The hash key of this instance; 0 until it is set.
static KEY: AtomicU64 = AtomicU64::new(0);

/// Sets the key, once per instance. Servers choose ids and people choose addresses. With a secret
/// key they can't choose two texts with the same fingerprint. No output of the component depends
/// on the key. Tests run without a key.
pub fn set_key(random: impl FnOnce() -> u64) {
    if KEY.load(Ordering::Relaxed) == 0 {
        KEY.store(random(), Ordering::Relaxed);
    }
}

/// Returns the fingerprint of a text: its SipHash-2-4.
pub fn fingerprint(text: &str) -> u64 {
    SipHasher24::new_with_keys(KEY.load(Ordering::Relaxed), 0).hash(text.as_bytes())
}

/// Returns whether any fingerprint occurs twice.
pub fn repeats(mut fingerprints: Vec<u64>) -> bool {
    fingerprints.sort_unstable();
    fingerprints.windows(2).any(|pair| pair[0] == pair[1])
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;
    use alloc::format;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn similar_texts_have_different_fingerprints() {
        let mut fingerprints = BTreeSet::new();
        let mut count = 0;
        for at in 0..20_000 {
            for text in [
                format!("{at}"),
                format!("00000000-0000-4000-8000-{at:012x}"),
                format!("person.number{at}@acme.example"),
                format!("{at:0100}"),
                format!("{at}\0"),
            ] {
                fingerprints.insert(fingerprint(&text));
                count += 1;
            }
        }
        assert_eq!(fingerprints.len(), count);
        assert_ne!(fingerprint(""), fingerprint("\0"));
    }

    proptest! {
        #[test]
        fn duplicates_are_found(fingerprints in prop::collection::vec(
            prop_oneof![any::<u64>(), 0..50u64, (0..50u64).prop_map(|high| high << 56)],
            0..40,
        )) {
            let distinct: BTreeSet<u64> = fingerprints.iter().copied().collect();
            prop_assert_eq!(repeats(fingerprints.clone()), distinct.len() < fingerprints.len());
        }
    }
}
