//! Sizes and alignments, as the canonical ABI computes them for 32-bit memories.

use alloc::string::String;
use alloc::vec::Vec;

/// The most flat values that parameters are passed as; more are passed in memory.
#[cfg(test)]
pub const MOST_FLAT: usize = 16;

/// How much room a type takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Bytes in memory, a multiple of the alignment.
    pub size: usize,
    /// Bytes.
    pub align: usize,
    /// How many 32-bit values it is as a parameter.
    pub flat: usize,
}

impl Layout {
    /// Nothing.
    pub const EMPTY: Layout = Layout { size: 0, align: 1, flat: 0 };

    /// A string or a list: where it lies and how long it is.
    pub const POINTED: Layout = Layout { size: 8, align: 4, flat: 2 };

    /// A number or a flag of this many bytes.
    pub const fn scalar(size: usize) -> Self {
        Layout { size, align: size, flat: 1 }
    }

    /// One after the other.
    pub const fn record(fields: &[Layout]) -> Self {
        let mut record = Layout::EMPTY;
        let mut index = 0;
        while index < fields.len() {
            let field = fields[index];
            record.size = record.size.next_multiple_of(field.align) + field.size;
            record.align = larger(record.align, field.align);
            record.flat += field.flat;
            index += 1;
        }
        record.size = record.size.next_multiple_of(record.align);
        record
    }

    /// One of these, after a byte that says which. What has no payload may be left out.
    pub const fn variant(payloads: &[Layout]) -> Self {
        let mut largest = Layout::EMPTY;
        let mut index = 0;
        while index < payloads.len() {
            let payload = payloads[index];
            largest.size = larger(largest.size, payload.size);
            largest.align = larger(largest.align, payload.align);
            largest.flat = larger(largest.flat, payload.flat);
            index += 1;
        }
        let size = 1usize.next_multiple_of(largest.align) + largest.size;
        Layout {
            size: size.next_multiple_of(largest.align),
            align: largest.align,
            flat: 1 + largest.flat,
        }
    }

    /// Where the payload of a variant of this layout begins.
    pub const fn payload(self) -> usize {
        self.align
    }
}

const fn larger(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

/// A type of the contract.
pub trait Shape {
    /// The room that it takes.
    const LAYOUT: Layout;

    /// Writes the type as WIT spells it, records and variants with all that is in them.
    #[cfg(test)]
    fn describe(out: &mut String);
}

macro_rules! scalars {
    ($($type:ty: $size:literal $name:literal),*) => {$(
        impl Shape for $type {
            const LAYOUT: Layout = Layout::scalar($size);

            #[cfg(test)]
            fn describe(out: &mut String) {
                out.push_str($name);
            }
        }
    )*};
}

scalars!(bool: 1 "bool", u16: 2 "u16", u32: 4 "u32");

impl Shape for str {
    const LAYOUT: Layout = Layout::POINTED;

    #[cfg(test)]
    fn describe(out: &mut String) {
        out.push_str("string");
    }
}

impl Shape for String {
    const LAYOUT: Layout = str::LAYOUT;

    #[cfg(test)]
    fn describe(out: &mut String) {
        str::describe(out);
    }
}

impl<T: Shape> Shape for [T] {
    const LAYOUT: Layout = Layout::POINTED;

    #[cfg(test)]
    fn describe(out: &mut String) {
        out.push_str("list<");
        T::describe(out);
        out.push('>');
    }
}

impl<T: Shape> Shape for Vec<T> {
    const LAYOUT: Layout = <[T]>::LAYOUT;

    #[cfg(test)]
    fn describe(out: &mut String) {
        <[T]>::describe(out);
    }
}

impl<T: Shape> Shape for Option<T> {
    const LAYOUT: Layout = Layout::variant(&[T::LAYOUT]);

    #[cfg(test)]
    fn describe(out: &mut String) {
        out.push_str("option<");
        T::describe(out);
        out.push('>');
    }
}

impl<T: Shape + ?Sized> Shape for &T {
    const LAYOUT: Layout = T::LAYOUT;

    #[cfg(test)]
    fn describe(out: &mut String) {
        T::describe(out);
    }
}

impl Shape for () {
    const LAYOUT: Layout = Layout::EMPTY;

    #[cfg(test)]
    fn describe(_: &mut String) {}
}

/// Parameters, which lie as a record does.
impl<A: Shape, B: Shape> Shape for (A, B) {
    const LAYOUT: Layout = Layout::record(&[A::LAYOUT, B::LAYOUT]);

    #[cfg(test)]
    fn describe(out: &mut String) {
        A::describe(out);
        out.push_str(", ");
        B::describe(out);
    }
}
