//! The rule as a component. It does not use `std`, which would import files and much more.

use alloc::alloc::{Layout, alloc, handle_alloc_error, realloc};
use alloc::string::String;
use core::panic::PanicInfo;

use crate::rule::Rule;

wit_bindgen::generate!({ path: "wit", world: "guard", generate_all, std_feature });

use exports::wasi::http::outgoing_handler::{
    ErrorCode, FutureIncomingResponse, Guest, OutgoingRequest, RequestOptions,
};
use wasi::cli::environment::get_environment;
use wasi::http::outgoing_handler;
use wasi::http::types::{Method, Scheme};

struct Guard;

impl Guest for Guard {
    fn handle(
        request: OutgoingRequest,
        options: Option<RequestOptions>,
    ) -> Result<FutureIncomingResponse, ErrorCode> {
        let rule = Rule::of(&get_environment());
        let (method, scheme) = (method(request.method()), scheme(request.scheme()));
        let authority = request.authority().unwrap_or_default();
        if !rule.allows(&method, &scheme, &authority) {
            return Err(ErrorCode::HttpRequestDenied);
        }
        outgoing_handler::handle(request, options)
    }
}

export!(Guard);

fn method(method: Method) -> String {
    let name = match method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
        Method::Connect => "CONNECT",
        Method::Options => "OPTIONS",
        Method::Trace => "TRACE",
        Method::Patch => "PATCH",
        Method::Other(name) => return name,
    };
    name.into()
}

/// Returns the scheme of a request; without one, the request is sent over HTTPS.
fn scheme(scheme: Option<Scheme>) -> String {
    match scheme {
        Some(Scheme::Http) => "http".into(),
        Some(Scheme::Https) | None => "https".into(),
        Some(Scheme::Other(name)) => name,
    }
}

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
