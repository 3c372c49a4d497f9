//! Sorting, compiled once. The standard library compiles a whole sorting algorithm for each
//! type that is sorted or collected into a map or set, ten kilobytes at a time.

use alloc::vec::Vec;
use core::cmp::Ordering;

/// Sorts, keeping equal items in their order.
pub fn sort_by<T>(items: &mut Vec<T>, compare: impl Fn(&T, &T) -> Ordering) {
    let order = order(items.len(), &|a, b| compare(&items[a], &items[b]));
    let mut slots: Vec<Option<T>> = items.drain(..).map(Some).collect();
    items.extend(order.into_iter().filter_map(|at| slots[at].take()));
}

/// Sorts by the items' own order.
pub fn sort<T: Ord>(items: &mut Vec<T>) {
    sort_by(items, T::cmp);
}

/// The places of `count` items in order: runs of one, two, four and so on are merged into runs
/// of twice the length.
fn order(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    let mut merged = Vec::with_capacity(count);
    let mut length = 1;
    while length < count {
        for runs in order.chunks(2 * length) {
            let (mut first, mut second) = runs.split_at(length.min(runs.len()));
            while let ([a, first_rest @ ..], [b, second_rest @ ..]) = (first, second) {
                if compare(*a, *b).is_le() {
                    merged.push(*a);
                    first = first_rest;
                } else {
                    merged.push(*b);
                    second = second_rest;
                }
            }
            merged.extend_from_slice(first);
            merged.extend_from_slice(second);
        }
        core::mem::swap(&mut order, &mut merged);
        merged.clear();
        length *= 2;
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_items_keep_their_order() {
        let mut items = Vec::from([(2, 'a'), (1, 'b'), (2, 'c'), (0, 'd'), (1, 'e')]);
        sort_by(&mut items, |a, b| a.0.cmp(&b.0));
        assert_eq!(items, [(0, 'd'), (1, 'b'), (1, 'e'), (2, 'a'), (2, 'c')]);
    }

    #[test]
    fn nothing_is_lost() {
        for count in (0..70).chain([127, 128, 129, 1000]) {
            let mut items: Vec<u32> = (0..count).map(|n| n * 7919 % 1009).collect();
            let mut expected = items.clone();
            expected.sort_unstable();
            sort(&mut items);
            assert_eq!(items, expected);
        }
    }
}
