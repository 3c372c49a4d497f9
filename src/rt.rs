//! What the standard library would otherwise bring: an allocator, a panic handler, and the
//! function with which the host allocates in the component's memory. Without `std` the
//! component imports only what it calls.

use alloc::alloc::{Layout, alloc, dealloc, handle_alloc_error, realloc};
use core::fmt::Write;
use core::panic::PanicInfo;

use crate::wasi_http::Stderr;

mod compare;

use compare::compare;

// `memcpy` and its like, which compiled code calls. Nothing of libc that imports anything is
// linked, as nothing else of it is called.
#[link(name = "c")]
unsafe extern "C" {}

#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// Says where it happened and traps. The panic's own message is left out: it may be made of
/// data. Nothing is allocated, as memory may be what has run out.
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    if let Some(location) = info.location() {
        // Of a dependency's path, the part in front tells about the machine that built it.
        let file = location.file();
        let start = file.rmatch_indices('/').nth(2).map_or(0, |(at, _)| at + 1);
        let file = file.get(start..).unwrap_or_default();
        // `Stderr` never fails.
        let _ = writeln!(Stderr, "retool-lifecycle: internal error at {file}:{}", location.line());
    }
    core::arch::wasm32::unreachable()
}

/// In place of libc's.
///
/// # Safety
/// That of C: there must be `len` bytes at each.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcmp(one: *const u8, other: *const u8, len: usize) -> i32 {
    // SAFETY: the caller's.
    unsafe { compare(one, other, len) }
}

/// What compiled code calls where only equality matters.
///
/// # Safety
/// That of [`memcmp`].
#[unsafe(no_mangle)]
unsafe extern "C" fn bcmp(one: *const u8, other: *const u8, len: usize) -> i32 {
    // SAFETY: the caller's.
    unsafe { compare(one, other, len) }
}

/// The canonical ABI's allocation function.
///
/// # Safety
/// `old` must come from this function with this `old_len` and `align`, or `old_len` must be 0.
#[unsafe(no_mangle)]
unsafe extern "C" fn cabi_realloc(
    old: *mut u8,
    old_len: usize,
    align: usize,
    new_len: usize,
) -> *mut u8 {
    // SAFETY: the canonical ABI calls it with a power of two and with sizes that fit into
    // memory, and passes back only what it got from here.
    unsafe {
        let new_layout = Layout::from_size_align_unchecked(new_len, align);
        let old_layout = Layout::from_size_align_unchecked(old_len, align);
        let new = match (old_len, new_len) {
            (0, 0) => return new_layout.dangling_ptr().as_ptr(),
            (_, 0) => {
                dealloc(old, old_layout);
                return new_layout.dangling_ptr().as_ptr();
            }
            (0, _) => alloc(new_layout),
            _ => realloc(old, old_layout, new_len),
        };
        if new.is_null() {
            handle_alloc_error(new_layout);
        }
        new
    }
}
