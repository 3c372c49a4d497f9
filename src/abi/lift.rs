//! Reading the values that the host passes.

use alloc::alloc::{Layout as Room, dealloc};
use alloc::string::String;
use alloc::vec::Vec;

use super::layout::{Layout, Shape};

/// A value that the host can pass.
pub trait Lift: Shape + Sized {
    /// Reads it; what it points to is the value's from then on.
    fn lift(from: &mut Source<'_>) -> Self;
}

/// Parameters: in memory, or one by one where there are few. The host has checked that they
/// are of the type that the contract says.
pub struct Source<'a> {
    /// An address, or the index of a flat value.
    at: usize,
    flat: Option<&'a [u32]>,
}

impl<'a> Source<'a> {
    /// Parameters that were passed one by one.
    pub fn flat(values: &'a [u32]) -> Self {
        Source { at: 0, flat: Some(values) }
    }

    /// Parameters in memory.
    ///
    /// # Safety
    /// The host must have written the types there that will be read.
    pub unsafe fn memory(address: usize) -> Self {
        Source { at: address, flat: None }
    }

    fn align(&mut self, align: usize) {
        if self.flat.is_none() {
            self.at = self.at.next_multiple_of(align);
        }
    }

    /// The next value of 1, 2 or 4 bytes.
    #[inline(never)]
    fn take(&mut self, size: usize) -> u32 {
        self.align(size);
        let at = self.at;
        if let Some(values) = self.flat {
            self.at += 1;
            return values.get(at).copied().unwrap_or_default();
        }
        self.at += size;
        // SAFETY: the host wrote a value of this size there; see `memory`.
        unsafe {
            match size {
                1 => u32::from((at as *const u8).read()),
                2 => u32::from((at as *const u16).read()),
                _ => (at as *const u32).read(),
            }
        }
    }

    /// The next field of a record.
    pub fn field<T: Lift>(&mut self) -> T {
        T::lift(self)
    }

    /// A record of this layout, whose fields `read` takes.
    pub fn record<T>(&mut self, layout: Layout, read: impl FnOnce(&mut Self) -> T) -> T {
        self.align(layout.align);
        let value = read(self);
        self.align(layout.align);
        value
    }

    /// A variant of this layout: `read` is given the number of the case.
    pub fn variant<T>(&mut self, layout: Layout, read: impl FnOnce(u32, &mut Self) -> T) -> T {
        self.align(layout.align);
        let room = if self.flat.is_some() { layout.flat } else { layout.size };
        let end = self.at + room;
        let case = self.take(1);
        self.align(layout.payload());
        let value = read(case, self);
        self.at = end;
        value
    }

    fn pointed(&mut self) -> (usize, usize) {
        (self.take(4) as usize, self.take(4) as usize)
    }
}

/// Gives back what the host allocated for a list or for parameters.
///
/// # Safety
/// It must have been allocated with `cabi_realloc` for this many of this layout.
pub unsafe fn free(address: usize, count: usize, layout: Layout) {
    if let Ok(room) = Room::from_size_align(count * layout.size, layout.align)
        && room.size() > 0
    {
        // SAFETY: the caller's.
        unsafe { dealloc(address as *mut u8, room) };
    }
}

impl Lift for bool {
    fn lift(from: &mut Source<'_>) -> Self {
        from.take(1) != 0
    }
}

impl Lift for u32 {
    fn lift(from: &mut Source<'_>) -> Self {
        from.take(4)
    }
}

impl Lift for String {
    fn lift(from: &mut Source<'_>) -> Self {
        match from.pointed() {
            (_, 0) => String::new(),
            // SAFETY: the host allocated this many bytes for it, with an alignment of 1, and
            // wrote UTF-8.
            (at, len) => unsafe { String::from_raw_parts(at as *mut u8, len, len) },
        }
    }
}

impl<T: Lift> Lift for Vec<T> {
    fn lift(from: &mut Source<'_>) -> Self {
        let (start, len) = from.pointed();
        let mut items = Vec::with_capacity(len);
        // SAFETY: the host wrote the list there.
        let mut source = unsafe { Source::memory(start) };
        for _ in 0..len {
            items.push(T::lift(&mut source));
        }
        // SAFETY: the host allocated it for this list, and it was read.
        unsafe { free(start, len, T::LAYOUT) };
        items
    }
}

impl<T: Lift> Lift for Option<T> {
    fn lift(from: &mut Source<'_>) -> Self {
        from.variant(Self::LAYOUT, |case, from| (case != 0).then(|| T::lift(from)))
    }
}

impl Lift for () {
    fn lift(_: &mut Source<'_>) -> Self {}
}

impl<A: Lift, B: Lift> Lift for (A, B) {
    fn lift(from: &mut Source<'_>) -> Self {
        from.record(Self::LAYOUT, |from| (A::lift(from), B::lift(from)))
    }
}
