//! A command that is running while the server holds back the answer to one of its requests.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::sync::{Mutex, mpsc};

use mock_retool::Hook;

use crate::command::Server;

/// What the command prints after it got a signal.
const STOPPING: &str = "requests that have begun are finished";

/// The running command; dropping it kills the process.
pub struct Held {
    child: Child,
    stderr: BufReader<ChildStderr>,
    /// What was read of stderr so far.
    read: String,
    requested: mpsc::Receiver<()>,
    release: Option<mpsc::Sender<()>>,
}

impl Held {
    /// Starts the command. The server takes the request with this method and number, from 1, and
    /// answers it only when it is released.
    pub fn start(server: &Server, mut command: Command, method: &'static str, number: u32) -> Held {
        let (request_sender, requested) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let state = Mutex::new((0, released));
        server.mock.on_request(move |_, request| {
            if request.method == method {
                let mut state = state.lock().expect("no panic");
                state.0 += 1;
                if state.0 == number {
                    request_sender.send(()).expect("the test waits");
                    // This waits until the test drops the sender.
                    let _ = state.1.recv();
                }
            }
            Hook::Serve
        });
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command");
        let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        Held { child, stderr, read: String::new(), requested, release: Some(release) }
    }

    /// Waits for the request that is held back.
    pub fn requested(&self) {
        self.requested.recv().expect("the request");
    }

    /// Sends a signal, e.g. `-TERM`.
    pub fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status().expect("kill");
        assert!(sent.success());
    }

    /// Reads stderr until a line contains this text.
    pub fn until(&mut self, text: &str) {
        loop {
            let start = self.read.len();
            let read = self.stderr.read_line(&mut self.read).expect("a line");
            assert_ne!(read, 0, "stderr ended without {text}: {}", self.read);
            if self.read[start..].contains(text) {
                return;
            }
        }
    }

    /// Sends a signal, and waits until the command has begun to stop.
    pub fn stop(&mut self, signal: &str) {
        self.signal(signal);
        self.until(STOPPING);
    }

    /// Returns whether the process has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("the command").is_some()
    }

    /// Lets the server answer, and waits for the end.
    pub fn release(mut self) -> Output {
        self.release = None;
        self.end()
    }

    /// Waits for the end.
    pub fn end(mut self) -> Output {
        let mut stdout = Vec::new();
        let mut pipe = self.child.stdout.take().expect("a pipe");
        pipe.read_to_end(&mut stdout).expect("stdout");
        self.stderr.read_to_string(&mut self.read).expect("stderr");
        let status = self.child.wait().expect("the command");
        Output { status, stdout, stderr: std::mem::take(&mut self.read).into_bytes() }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // This fails if the process has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
