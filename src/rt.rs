//! Replacements for parts of the standard library: an allocator, a panic handler, and the
//! function with which the host allocates in the component's memory. Without `std`, the
//! component imports only what it calls.

use alloc::alloc::{Layout, alloc, dealloc, handle_alloc_error, realloc};
use core::fmt::Write;
use core::panic::PanicInfo;

use crate::wasi_http::Stderr;

mod compare;

use compare::compare;

// Compiled code calls `memcpy` and similar functions. Nothing else of libc is called, so no part
// of it that has imports is linked.
#[link(name = "c")]
unsafe extern "C" {}

#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// Logs the location of the panic and traps. Does not log the panic's message, because it may
/// contain data. Does not allocate, because the cause may be that memory ran out.
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    if let Some(location) = info.location() {
        // The start of a dependency's path would reveal details of the build machine.
        let file = location.file();
        let start = file.rmatch_indices('/').nth(2).map_or(0, |(at, _)| at + 1);
        let file = file.get(start..).unwrap_or_default();
        // `Stderr` never fails.
        let _ = writeln!(Stderr, "retool-lifecycle: internal error at {file}:{}", location.line());
    }
    core::arch::wasm32::unreachable()
}

/// Replaces libc's `memcmp`, which is slow.
///
/// # Safety
/// As in C: both pointers must be valid for reads of `len` bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcmp(one: *const u8, other: *const u8, len: usize) -> i32 {
    // SAFETY: the caller guarantees this.
    unsafe { compare(one, other, len) }
}

/// Compares for equality only. Compiled code calls this.
///
/// # Safety
/// As for [`memcmp`].
#[unsafe(no_mangle)]
unsafe extern "C" fn bcmp(one: *const u8, other: *const u8, len: usize) -> i32 {
    // SAFETY: the caller guarantees this.
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
    // SAFETY: the canonical ABI passes an alignment that is a power of two and sizes that fit
    // into memory. As `old` it passes only pointers that this function returned.
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
