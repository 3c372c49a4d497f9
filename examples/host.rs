//! Checks a connection: `RETOOL_API_TOKEN=… host retool_lifecycle.wasm https://acme.retool.com`
use exports::user_lifecycle::retool::{diagnostics::ConnectionReport, types};
use wasmtime::component::{Component, Linker, ResourceTable, bindgen};
use wasmtime::{Engine, Result, Store, error::Context};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

bindgen!({ path: "wit", world: "plugin", exports: { default: async } });

struct State(ResourceTable, WasiCtx, WasiHttpCtx);

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { table: &mut self.0, ctx: &mut self.1 }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        // Custom hooks see each request before it is sent. Use them to allow only one host.
        WasiHttpCtxView { table: &mut self.0, ctx: &mut self.2, hooks: Default::default() }
    }
}

pub async fn check(file: &str, base_url: &str, token: &str) -> Result<ConnectionReport> {
    // Once per process: compile the component, and link its imports.
    let engine = Engine::default();
    let component = Component::from_file(&engine, file)?;
    let mut linker = Linker::new(&engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    let plugin = PluginPre::new(linker.instantiate_pre(&component)?)?;

    // Once per call: a fresh instance, with no files, no sockets and one variable.
    let wasi = WasiCtx::builder().env("RETOOL_API_TOKEN", token).build();
    let mut store = Store::new(&engine, State(ResourceTable::new(), wasi, WasiHttpCtx::new()));
    let plugin = plugin.instantiate_async(&mut store).await?;
    let connection = types::Connection {
        base_url: base_url.into(),
        dialect: types::Dialect::Auto,
        api_token_variable: None,
        scim_token_variable: None,
    };
    let diagnostics = plugin.user_lifecycle_retool_diagnostics();
    Ok(diagnostics.call_check_connection(&mut store, &connection).await??)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let (file, base_url) = args.next().zip(args.next()).context("a component and a base URL")?;
    println!("{:#?}", check(&file, &base_url, &std::env::var("RETOOL_API_TOKEN")?).await?);
    Ok(())
}
