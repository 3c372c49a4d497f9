//! Misbehaving components, generated from the contract: all their functions have the same faulty
//! code.

use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{LiftLowerAbi, ManglingAndAbi, PackageId, Resolve};

/// Code that computes forever.
pub const ENDLESS: &str = "(loop br 0) unreachable";

/// Code that takes memory, a MiB at a time, and writes to all of it, until there is no more.
pub const HOG: &str = "(loop
    (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then unreachable))
    (memory.fill
        (i32.shl (i32.sub (memory.size) (i32.const 16)) (i32.const 16))
        (i32.const 1)
        (i32.const 0x100000))
    (br 0)) unreachable";

/// Builds a plugin with `body` as the code of every function.
pub fn plugin(body: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let (contract, _) = resolve.push_path("../wit").expect("the contract");
    component(&resolve, contract, body)
}

/// Builds a component of the only world in `package`, with `body` as the code of every function.
pub fn component(resolve: &Resolve, package: PackageId, body: &str) -> Vec<u8> {
    let world = resolve.select_world(&[package], None).expect("one world");
    let module = dummy_module(resolve, world, ManglingAndAbi::Legacy(LiftLowerAbi::Sync));
    let text = wasmprinter::print_bytes(&module).expect("a module");
    assert!(text.contains("unreachable"), "{text}");
    let text = text.replace("unreachable", body);
    let mut module = wat::parse_str(text).expect("a module");
    embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8)
        .expect("the contract in the module");
    ComponentEncoder::default().module(&module).expect("a module").encode().expect("a component")
}
