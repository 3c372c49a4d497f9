//! 64-bit fingerprints of texts, to tell thousands of them apart in 8 bytes each.
//!
//! Equal texts have equal fingerprints. That two of 100,000 texts share one by chance is less
//! likely than 1 in 3,000,000,000. Fingerprints only find duplicates; nobody is identified by one.

use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering};

use siphasher::sip::SipHasher24;

/// The key of this instance; 0 until it is set.
static KEY: AtomicU64 = AtomicU64::new(0);

/// Sets the key, once for an instance: servers choose ids and people choose addresses, and with
/// a key that nobody knows they can't choose two with the same fingerprint. Nothing that leaves
/// the component depends on it. Tests run without a key.
pub fn set_key(random: impl FnOnce() -> u64) {
    if KEY.load(Ordering::Relaxed) == 0 {
        KEY.store(random(), Ordering::Relaxed);
    }
}

/// The fingerprint of a text: its SipHash-2-4.
pub fn fingerprint(text: &str) -> u64 {
    SipHasher24::new_with_keys(KEY.load(Ordering::Relaxed), 0).hash(text.as_bytes())
}

/// Whether one of these fingerprints comes twice.
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
    fn texts_that_differ_little_have_other_fingerprints() {
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
