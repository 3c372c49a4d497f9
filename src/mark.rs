//! Short stand-ins for texts, to tell many of them apart without keeping them. Equal texts have
//! equal marks; that two of 100,000 texts have one mark by chance is less likely than 1 in 3,000,000,000.
//! Nobody is identified by a mark.

use alloc::vec;
use alloc::vec::Vec;

/// The mark of a text.
pub fn mark(text: &str) -> u64 {
    // The fractional part of the golden ratio: odd, so that no step loses anything.
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |mark: u64, word: u64| {
        let mark = (mark ^ word).wrapping_mul(FACTOR);
        mark ^ (mark >> 32)
    };
    let (words, rest) = text.as_bytes().as_chunks();
    let mut mark = mix(0, text.len() as u64);
    for word in words {
        mark = mix(mark, u64::from_le_bytes(*word));
    }
    let rest = rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
    mix(mix(mark, rest), 0)
}

/// Sorts marks. Takes the same time whatever they are: whoever made the texts may have chosen
/// them.
pub fn sort(marks: &mut Vec<u64>) {
    let mut sorted = vec![0; marks.len()];
    // By one byte after the other, the lowest first.
    for shift in (0..u64::BITS).step_by(8) {
        let digit = |mark: u64| (mark >> shift & 0xff) as usize;
        let mut starts = [0; 257];
        for mark in &*marks {
            starts[digit(*mark) + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        for mark in &*marks {
            let start = &mut starts[digit(*mark)];
            sorted[*start] = *mark;
            *start += 1;
        }
        core::mem::swap(marks, &mut sorted);
    }
}

/// Whether one of these marks comes twice.
pub fn repeat(mut marks: Vec<u64>) -> bool {
    sort(&mut marks);
    marks.windows(2).any(|pair| pair[0] == pair[1])
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;
    use alloc::format;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_that_differ_little_have_other_marks() {
        let mut marks = BTreeSet::new();
        let mut count = 0;
        for at in 0..20_000 {
            for text in [
                format!("{at}"),
                format!("00000000-0000-4000-8000-{at:012x}"),
                format!("person.number{at}@acme.example"),
                format!("{at:0100}"),
                format!("{at}\0"),
            ] {
                marks.insert(mark(&text));
                count += 1;
            }
        }
        assert_eq!(marks.len(), count);
        assert_ne!(mark(""), mark("\0"));
    }

    proptest! {
        #[test]
        fn what_comes_twice_is_found(marks in prop::collection::vec(
            prop_oneof![any::<u64>(), 0..50u64, (0..50u64).prop_map(|high| high << 56)],
            0..40,
        )) {
            let distinct: BTreeSet<u64> = marks.iter().copied().collect();
            prop_assert_eq!(repeat(marks.clone()), distinct.len() < marks.len());
            let mut sorted = marks;
            sort(&mut sorted);
            prop_assert!(sorted.is_sorted() && distinct.iter().all(|mark| sorted.contains(mark)));
        }
    }
}
