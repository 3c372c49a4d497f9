//! Writing values into memory.

use alloc::alloc::{Layout as Room, alloc, dealloc, handle_alloc_error};
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;

use super::layout::{Layout, Shape};

/// A value that can be written into memory. What it points to is not copied, so the value must
/// stay where it is until the host has read it.
pub trait Lower: Shape {
    /// Writes it.
    fn lower(&self, to: Place<'_>);
}

/// The lists of a result, as the ABI has them. They go when it goes.
#[derive(Default)]
pub struct Arena {
    blocks: RefCell<Vec<(*mut u8, Room)>>,
}

impl Arena {
    fn room(&self, count: usize, layout: Layout) -> *mut u8 {
        let room = layout.size.checked_mul(count);
        let room = room.and_then(|size| Room::from_size_align(size, layout.align).ok());
        let room = room.unwrap_or(Room::new::<()>());
        if room.size() == 0 {
            return room.dangling_ptr().as_ptr();
        }
        // SAFETY: the size is not zero.
        let block = unsafe { alloc(room) };
        if block.is_null() {
            handle_alloc_error(room);
        }
        self.blocks.borrow_mut().push((block, room));
        block
    }

    /// Room for one value.
    pub fn place(&self, layout: Layout) -> Place<'_> {
        Place { at: self.room(1, layout), arena: self }
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        for (block, room) in self.blocks.get_mut().drain(..) {
            // SAFETY: it came from `alloc` with this layout, and is in the list once.
            unsafe { dealloc(block, room) };
        }
    }
}

/// Where a value goes: room for at least its layout, which this module alone hands out.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    at: *mut u8,
    arena: &'a Arena,
}

impl<'a> Place<'a> {
    /// The address.
    pub fn address(self) -> usize {
        self.at as usize
    }

    fn write<T>(self, value: T) {
        // SAFETY: a place has room for the value whose layout it was made for.
        unsafe { self.at.cast::<T>().write(value) }
    }

    fn further(self, offset: usize) -> Self {
        // SAFETY: as above; offsets are computed from the layout.
        Place { at: unsafe { self.at.add(offset) }, ..self }
    }

    /// Writes the number of a case, and gives the place of its payload.
    pub fn case(self, case: u8, layout: Layout) -> Self {
        self.write(case);
        self.further(layout.payload())
    }

    /// Writes the fields of a record, in their order.
    pub fn fields(self) -> Fields<'a> {
        Fields { base: self, offset: 0 }
    }

    fn pointed(self, at: *const u8, len: usize) {
        self.write(at as usize as u32);
        self.further(4).write(len as u32);
    }

    /// Writes a list of these, each by `lower`.
    pub fn list<T>(self, layout: Layout, items: &[T], mut lower: impl FnMut(&T, Place<'a>)) {
        let start = Place { at: self.arena.room(items.len(), layout), ..self };
        for (index, item) in items.iter().enumerate() {
            lower(item, start.further(index * layout.size));
        }
        self.pointed(start.at, items.len());
    }
}

/// A record that is being written.
pub struct Fields<'a> {
    base: Place<'a>,
    offset: usize,
}

impl Fields<'_> {
    /// Writes the next field. Inlined, the offset is a constant.
    #[inline(always)]
    pub fn put<T: Lower + ?Sized>(&mut self, value: &T) {
        let at = self.offset.next_multiple_of(T::LAYOUT.align);
        self.offset = at + T::LAYOUT.size;
        value.lower(self.base.further(at));
    }
}

impl Lower for bool {
    fn lower(&self, to: Place<'_>) {
        to.write(u8::from(*self));
    }
}

impl Lower for u16 {
    fn lower(&self, to: Place<'_>) {
        to.write(*self);
    }
}

impl Lower for u32 {
    fn lower(&self, to: Place<'_>) {
        to.write(*self);
    }
}

impl Lower for str {
    fn lower(&self, to: Place<'_>) {
        to.pointed(self.as_ptr(), self.len());
    }
}

impl Lower for String {
    fn lower(&self, to: Place<'_>) {
        self.as_str().lower(to);
    }
}

impl<T: Lower> Lower for [T] {
    fn lower(&self, to: Place<'_>) {
        to.list(T::LAYOUT, self, T::lower);
    }
}

impl<T: Lower> Lower for Vec<T> {
    fn lower(&self, to: Place<'_>) {
        self.as_slice().lower(to);
    }
}

impl<T: Lower> Lower for Option<T> {
    fn lower(&self, to: Place<'_>) {
        let payload = to.case(u8::from(self.is_some()), Self::LAYOUT);
        if let Some(value) = self {
            value.lower(payload);
        }
    }
}

impl<T: Lower + ?Sized> Lower for &T {
    fn lower(&self, to: Place<'_>) {
        T::lower(self, to);
    }
}
