//! Has the linker write addresses and indices as short as they are: it leaves room for five bytes
//! each otherwise, which is a tenth of the code. It can't keep debug information then.

use std::env;

fn main() {
    if env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "wasm32") {
        println!("cargo::rustc-cdylib-link-arg=--compress-relocations");
        println!("cargo::rustc-cdylib-link-arg=--strip-debug");
    }
}
