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
    let (resolve, contract) = contract();
    component(&resolve, contract, body)
}

/// Builds a plugin that runs `code` when its instance is created.
pub fn starting(code: &str) -> Vec<u8> {
    let (resolve, contract) = contract();
    built(&resolve, contract, &Code { fields: &start(code), ..Code::default() })
}

/// Builds a plugin that has `fields` besides, for example memories.
pub fn having(fields: &str) -> Vec<u8> {
    let (resolve, contract) = contract();
    built(&resolve, contract, &Code { fields, ..Code::default() })
}

/// Builds a plugin that imports functions of the host, and runs `code` when its instance is
/// created. In it, `{name}` is the index of an imported function.
pub fn importing(code: &str) -> Vec<u8> {
    let (resolve, package) = with_imports();
    built(&resolve, package, &Code { fields: &start(code), ..Code::default() })
}

/// Like [`importing`], with `code` as the code of every function that the host calls. It may pass
/// memory to the host, which is not possible while the instance is created.
pub fn calling(code: &str) -> Vec<u8> {
    let (resolve, package) = with_imports();
    // All arguments are at the beginning of the first page.
    let room = "(if (i32.eqz (memory.size)) (then (drop (memory.grow (i32.const 1)))))
        (i32.const 0)";
    built(&resolve, package, &Code { function: code, room, fields: "" })
}

fn with_imports() -> (Resolve, PackageId) {
    let mut resolve = Resolve::default();
    resolve.push_path("../wit").expect("the contract");
    let world = "package test:importing;
        world importing {
            import wasi:clocks/monotonic-clock@0.2.0;
            import wasi:http/types@0.2.0;
            include user-lifecycle:retool/plugin@0.2.0;
        }
        package wasi:io@0.2.0 {
            interface poll { resource pollable { block: func(); } }
        }
        package wasi:clocks@0.2.0 {
            interface monotonic-clock {
                use wasi:io/poll@0.2.0.{pollable};
                subscribe-duration: func(nanoseconds: u64) -> pollable;
            }
        }
        package wasi:http@0.2.0 {
            interface types {
                resource fields { constructor(); clone: func() -> fields; }
                variant method {
                    get, head, post, put, delete, connect, options, trace, patch, other(string)
                }
                resource outgoing-request {
                    constructor(headers: fields);
                    set-method: func(method: method) -> result;
                }
            }
        }";
    let package = resolve.push_str("importing.wit", world).expect("a world");
    (resolve, package)
}

fn start(code: &str) -> String {
    format!("(func $starting {code})\n(start $starting)")
}

fn contract() -> (Resolve, PackageId) {
    let mut resolve = Resolve::default();
    let (contract, _) = resolve.push_path("../wit").expect("the contract");
    (resolve, contract)
}

/// Builds a component of the only world in `package`, with `body` as the code of every function.
pub fn component(resolve: &Resolve, package: PackageId, body: &str) -> Vec<u8> {
    built(resolve, package, &Code { function: body, room: body, fields: "" })
}

/// The code of a module.
struct Code<'a> {
    /// Of each function that the host calls.
    function: &'a str,
    /// Of the function that makes room for its arguments.
    room: &'a str,
    /// What the module has besides.
    fields: &'a str,
}

impl Default for Code<'_> {
    fn default() -> Self {
        Code { function: "unreachable", room: "unreachable", fields: "" }
    }
}

fn built(resolve: &Resolve, package: PackageId, code: &Code<'_>) -> Vec<u8> {
    let world = resolve.select_world(&[package], None).expect("one world");
    let module = dummy_module(resolve, world, ManglingAndAbi::Legacy(LiftLowerAbi::Sync));
    let text = wasmprinter::print_bytes(&module).expect("a module");
    assert!(text.contains("unreachable"), "{text}");
    let fields = with_indices(code.fields, &text);
    // The last function makes room for arguments.
    let (functions, room) = text.rsplit_once("unreachable").expect("cabi_realloc");
    let functions = functions.replace("unreachable", &with_indices(code.function, &text));
    let text = format!("{functions}{}{room}", code.room);
    let end = text.rfind(')').expect("the end of the module");
    let text = format!("{}{fields})", &text[..end]);
    let mut module = wat::parse_str(text).expect("a module");
    embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8)
        .expect("the contract in the module");
    ComponentEncoder::default().module(&module).expect("a module").encode().expect("a component")
}

/// Replaces `{name}` with the index of the imported function. The imports are the first functions.
fn with_indices(code: &str, module: &str) -> String {
    let imports = module.lines().filter(|line| line.trim_start().starts_with("(import"));
    let mut code = code.to_owned();
    for (index, import) in imports.enumerate() {
        let name = import.split('"').nth(3).expect("a name");
        code = code.replace(&format!("{{{name}}}"), &index.to_string());
    }
    assert!(!code.contains('{'), "{code} of {module}");
    code
}
