//! Tells the linker which contract the component keeps: `wit/`.

use std::env;
use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=wit");
    if env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "wasm32")
        && let Ok(root) = env::var("CARGO_MANIFEST_DIR")
    {
        let wit = Path::new(&root).join("wit");
        println!("cargo::rustc-cdylib-link-arg=--component-type={}", wit.display());
        // Addresses and indices as short as they are: the linker leaves room for five bytes each,
        // which is a tenth of the code. It can't keep debug information then.
        println!("cargo::rustc-cdylib-link-arg=--compress-relocations");
        println!("cargo::rustc-cdylib-link-arg=--strip-debug");
    }
}
