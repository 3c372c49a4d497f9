//! The signals that ask a process to end. A command that writes ends in order at the first of them,
//! and at once at the second.

use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use host_test::CancellationToken;
use serde_json::json;

use super::failure::Failure;
use super::log::{self, Level};
use super::signal::Signal;
use crate::exit::Exit;

/// Signals that come this soon after the first one belong to it: some tools send a signal to the
/// process and to its group.
const SAME: Duration = Duration::from_millis(500);

/// How long the process may take to print that it ends at once.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Cancelled at the first signal, and the signal itself.
struct Signals {
    stop: CancellationToken,
    first: OnceLock<Signal>,
}

/// Signals are for the whole process, so there is one of these.
static SIGNALS: OnceLock<Signals> = OnceLock::new();

fn signals() -> &'static Signals {
    SIGNALS.get_or_init(|| Signals { stop: CancellationToken::new(), first: OnceLock::new() })
}

/// Returns the token that is cancelled at the first signal after [`listen`].
pub(crate) fn token() -> CancellationToken {
    signals().stop.clone()
}

/// Returns the first signal after [`listen`].
pub(crate) fn received() -> Option<Signal> {
    signals().first.get().copied()
}

/// From now on, the first signal only cancels the token, and the second ends the process. Before,
/// the first ends it. A signal that the process was started to ignore is still ignored, for example
/// under `nohup`.
///
/// A thread of its own receives them, so that the second signal ends the process even if the
/// command is stuck while it prints or reads.
pub(crate) fn listen() {
    static LISTENING: OnceLock<()> = OnceLock::new();
    LISTENING.get_or_init(|| {
        let (ready, is_ready) = mpsc::channel();
        let thread = thread::Builder::new().name("signals".to_owned());
        // If this fails, the system ends the process at the first signal.
        if thread.spawn(move || receive(&ready)).is_ok() {
            // An error means that the thread has ended, because it can't receive signals.
            let _ = is_ready.recv();
        }
    });
}

/// Receives signals until the process ends.
fn receive(ready: &mpsc::Sender<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let Ok(runtime) = runtime else { return };
    runtime.block_on(async {
        let mut streams = system::Streams::open();
        // The receiver waits for this, so it is there.
        let _ = ready.send(());
        let signals = signals();
        let first = streams.next().await;
        let at = Instant::now();
        // Nothing else sets it.
        let _ = signals.first.set(first);
        signals.stop.cancel();
        loop {
            let signal = streams.next().await;
            if at.elapsed() >= SAME {
                end_at_once(signal);
            }
        }
    });
}

fn end_at_once(signal: Signal) -> ! {
    let (sender, printed) = mpsc::channel();
    thread::spawn(move || {
        // Stderr may be gone or stuck, and so may the receiver.
        let text = format!(
            "{}: ended at once; what was written is not known; run it again: it does what is left",
            signal.name()
        );
        let error = json!({ "error": { "execution-failed": {
            "code": "ended-at-once", "message": text, "signal": signal.name(),
        } } });
        let _ = log::write(Level::Error, &text, Some(error));
        let _ = sender.send(());
    });
    let _ = printed.recv_timeout(LAST_WORDS);
    std::process::exit(signal.exit().code().into());
}

/// Runs a command that writes. If a signal came while it ran, the exit code says which.
pub(crate) async fn in_order(
    command: impl Future<Output = Result<Exit, Failure>>,
) -> Result<Exit, Failure> {
    let ended = command.await;
    match (received(), ended) {
        (None, ended) => ended,
        (Some(signal), Ok(_)) => Ok(signal.exit()),
        (Some(signal), Err(failure)) => {
            Err(Failure::Stopped { signal, failure: Box::new(failure) })
        }
    }
}

#[cfg(unix)]
mod system {
    use std::future::pending;
    use std::mem::MaybeUninit;

    use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

    use super::Signal;

    /// The signals as they come. `None` for one that is ignored or can't be received.
    pub(super) struct Streams {
        hang_up: Option<Stream>,
        interrupt: Option<Stream>,
        terminate: Option<Stream>,
    }

    impl Streams {
        pub(super) fn open() -> Streams {
            Streams {
                hang_up: stream(SignalKind::hangup()),
                interrupt: stream(SignalKind::interrupt()),
                terminate: stream(SignalKind::terminate()),
            }
        }

        pub(super) async fn next(&mut self) -> Signal {
            tokio::select! {
                () = next(&mut self.hang_up) => Signal::HangUp,
                () = next(&mut self.interrupt) => Signal::Interrupt,
                () = next(&mut self.terminate) => Signal::Terminate,
            }
        }
    }

    fn stream(kind: SignalKind) -> Option<Stream> {
        if is_ignored(kind) { None } else { signal(kind).ok() }
    }

    async fn next(stream: &mut Option<Stream>) {
        if let Some(stream) = stream
            && stream.recv().await.is_some()
        {
            return;
        }
        pending().await
    }

    fn is_ignored(kind: SignalKind) -> bool {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: without a new action this only writes the present one to `action`, which is
        // initialised, since all its bits may be zero.
        let action = unsafe {
            libc::sigaction(kind.as_raw_value(), std::ptr::null(), action.as_mut_ptr());
            action.assume_init()
        };
        action.sa_sigaction == libc::SIG_IGN
    }
}

#[cfg(not(unix))]
mod system {
    use std::future::pending;

    use super::Signal;

    pub(super) struct Streams;

    impl Streams {
        pub(super) fn open() -> Streams {
            Streams
        }

        pub(super) async fn next(&mut self) -> Signal {
            if tokio::signal::ctrl_c().await.is_err() {
                pending::<()>().await;
            }
            Signal::Interrupt
        }
    }
}
