//! What a component needs without `std`: an allocator, a panic handler, and `cabi_realloc`.

use alloc::alloc::{Layout, alloc, handle_alloc_error, realloc};
use core::panic::PanicInfo;

// Compiled code calls functions like `memcpy`.
#[link(name = "c")]
unsafe extern "C" {}

#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

/// The allocation function of the canonical ABI. The host uses it to pass text to the component.
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
    // SAFETY: the canonical ABI calls it with an alignment that is a power of two and with sizes
    // that fit into memory. It passes back only pointers from this function.
    unsafe {
        let layout = Layout::from_size_align_unchecked(new_len, align);
        let new = match (old_len, new_len) {
            (_, 0) => return layout.dangling_ptr().as_ptr(),
            (0, _) => alloc(layout),
            _ => realloc(old, Layout::from_size_align_unchecked(old_len, align), new_len),
        };
        if new.is_null() {
            handle_alloc_error(layout);
        }
        new
    }
}
