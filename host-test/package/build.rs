//! Tells the program which platform it, and so the command, is built for.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Cargo always sets it for a build script.
    let platform = std::env::var("TARGET").unwrap_or_default();
    println!("cargo::rustc-env=PLATFORM={platform}");
}
