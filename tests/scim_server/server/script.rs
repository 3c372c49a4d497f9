//! Where the application's script runs: a thread of its own, one request after the other.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use rquickjs::loader::{BuiltinLoader, BuiltinResolver};
use rquickjs::{CatchResultExt, Context, Ctx, Function, Module, Object, Promise, Runtime};
use tokio::sync::oneshot;

/// The modules by the names they import each other by. All but the last two are SCIMMY's.
const MODULES: [(&str, &str); 9] = [
    ("scimmy", include_str!("../scimmy/scimmy.js")),
    ("lib/config.js", include_str!("../scimmy/lib/config.js")),
    ("lib/messages.js", include_str!("../scimmy/lib/messages.js")),
    ("lib/resources.js", include_str!("../scimmy/lib/resources.js")),
    ("lib/schemas.js", include_str!("../scimmy/lib/schemas.js")),
    ("lib/types.js", include_str!("../scimmy/lib/types.js")),
    ("scimmy-routers", include_str!("../scimmy/routers.js")),
    ("express", include_str!("express.js")),
    ("app", include_str!("app.js")),
];

/// What the script is asked.
enum Question {
    /// To serve a request, as JSON.
    Serve(String),
    /// For everybody and every group, as JSON.
    State,
}

/// The application; it ends when this is dropped.
#[derive(Clone)]
pub struct Script(Sender<(Question, oneshot::Sender<String>)>);

impl Script {
    /// Starts the application, which takes this token.
    pub fn start(token: &'static str) -> Script {
        let (sender, receiver) = channel();
        thread::spawn(move || run(token, &receiver));
        Script(sender)
    }

    /// Serves a request.
    pub async fn serve(&self, request: String) -> String {
        self.ask(Question::Serve(request)).await
    }

    /// Everybody and every group.
    pub async fn state(&self) -> String {
        self.ask(Question::State).await
    }

    async fn ask(&self, question: Question) -> String {
        let (sender, receiver) = oneshot::channel();
        self.0.send((question, sender)).expect("a script that runs");
        receiver.await.expect("an answer of the script")
    }
}

fn run(token: &str, questions: &Receiver<(Question, oneshot::Sender<String>)>) {
    let (mut resolver, mut loader) = (BuiltinResolver::default(), BuiltinLoader::default());
    for (name, source) in MODULES {
        resolver.add_module(name);
        loader.add_module(name, source);
    }
    let runtime = Runtime::new().expect("a runtime");
    runtime.set_loader(resolver, loader);
    let context = Context::full(&runtime).expect("a context");
    context
        .with(|ctx| answer(&ctx, token, questions).catch(&ctx).expect("a script without faults"));
}

fn answer<'js>(
    ctx: &Ctx<'js>,
    token: &str,
    questions: &Receiver<(Question, oneshot::Sender<String>)>,
) -> rquickjs::Result<()> {
    let app: Object<'js> = Module::import(ctx, "app")?.finish()?;
    let serve: Function<'js> = app.get::<_, Function<'js>>("start")?.call((token,))?;
    let state: Function<'js> = app.get("state")?;
    while let Ok((question, sender)) = questions.recv() {
        let answer = match question {
            Question::Serve(request) => serve.call::<_, Promise<'js>>((request,))?.finish()?,
            Question::State => state.call(())?,
        };
        // Nobody waits for what a deadline cut off.
        sender.send(answer).ok();
    }
    Ok(())
}
