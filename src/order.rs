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

/// A text that comes more than once among these.
pub fn repeated<'a>(keys: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut keys: Vec<&str> = keys.collect();
    sort(&mut keys);
    keys.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
}

/// The places of `count` items in order: what is in order already are runs, and two at a time
/// are merged into one until there is one.
fn order(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    let mut merged = Vec::with_capacity(count);
    // Where runs end.
    let mut ends: Vec<usize> = (1..count).filter(|at| compare(at - 1, *at).is_gt()).collect();
    ends.push(count);
    while ends.len() > 1 {
        let mut start = 0;
        for ends in ends.chunks(2) {
            let (middle, end) = (ends[0], ends[ends.len() - 1]);
            let (mut first, mut second) = (&order[start..middle], &order[middle..end]);
            start = end;
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
        let every_second = ends.chunks(2).map(|ends| ends[ends.len() - 1]);
        ends = every_second.collect();
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

    #[test]
    fn what_comes_twice_is_found() {
        assert_eq!(repeated(["a", "b", "c", "b", "a"].into_iter()), Some("a"));
        assert_eq!(repeated(["a", "b", ""].into_iter()), None);
    }
}
