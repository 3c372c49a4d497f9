//! The component's stderr: its log, split into lines and limited in size.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};
use wasmtime_wasi_io::bytes::Bytes;

use crate::event::{Event, EventSink};
use crate::text::printable;

/// A callback that gets each line, without the line end, while the call is still running. Its
/// characters [may be shown](crate::text::is_shown). An [`Event`] is a line in words.
pub type LogSink = Arc<dyn Fn(&str) + Send + Sync>;

/// How many bytes a component may write at once. It must be less than the host takes as arguments
/// of one function.
const PIECE: usize = 16 << 10;

/// How many lines a tenant keeps; the oldest are dropped first.
const KEPT_LINES: usize = 2_000;

/// How many bytes the lines that a tenant keeps may have together. A longer line is cut.
const KEPT_BYTES: usize = 1 << 20;

/// The latest lines that a tenant's calls have logged.
#[derive(Clone, Default)]
pub(crate) struct LogLines(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    lines: VecDeque<String>,
    bytes: usize,
}

impl Kept {
    fn drop_oldest(&mut self) {
        if let Some(line) = self.lines.pop_front() {
            self.bytes -= line.len();
        }
    }
}

impl LogLines {
    fn push(&self, line: &str) {
        let line = &line[..line.floor_char_boundary(KEPT_BYTES)];
        let mut kept = lock(&self.0);
        while kept.lines.len() == KEPT_LINES || kept.bytes + line.len() > KEPT_BYTES {
            kept.drop_oldest();
        }
        kept.bytes += line.len();
        kept.lines.push_back(line.to_owned());
    }

    pub(crate) fn all(&self) -> Vec<String> {
        lock(&self.0).lines.iter().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        *lock(&self.0) = Kept::default();
    }
}

/// The stderr of one call.
#[derive(Clone)]
pub(crate) struct Stderr(Arc<Mutex<Capture>>);

struct Capture {
    /// The line that is not complete yet.
    partial: Vec<u8>,
    /// How many more bytes this call may write.
    budget: usize,
    limit: usize,
    cut: bool,
    lines: LogLines,
    sink: Option<LogSink>,
    events: Option<EventSink>,
}

impl Stderr {
    pub(crate) fn new(limit: usize, lines: LogLines, sink: Option<LogSink>) -> Self {
        Stderr(Arc::new(Mutex::new(Capture {
            partial: Vec::new(),
            budget: limit,
            limit,
            cut: false,
            lines,
            sink,
            events: None,
        })))
    }

    /// Passes on the events too.
    pub(crate) fn with_events(self, events: EventSink) -> Self {
        lock(&self.0).events = Some(events);
        self
    }

    /// Passes on the last line if it has no line end.
    pub(crate) fn finish(&self) {
        lock(&self.0).end_line();
    }

    /// Adds an event of the host to the component's log. It counts as if the component had written
    /// it.
    pub(crate) fn report(&self, event: &Event) {
        let mut capture = lock(&self.0);
        capture.end_line();
        let line = event.to_string();
        let is_whole = line.len() <= capture.budget;
        capture.take(line.as_bytes());
        capture.take(b"\n");
        if is_whole {
            capture.pass_on(event);
        }
    }

    fn take(&self, bytes: &[u8]) {
        lock(&self.0).take(bytes);
    }
}

impl Capture {
    fn take(&mut self, bytes: &[u8]) {
        let allowed = bytes.len().min(self.budget);
        for &byte in &bytes[..allowed] {
            if byte == b'\n' {
                self.end_line();
            } else {
                self.partial.push(byte);
            }
        }
        self.budget -= allowed;
        if bytes.len() > allowed && !self.cut {
            self.cut = true;
            self.end_line();
            let limit = self.limit;
            self.hand_on(&format!("(the rest of the log is cut: {limit} bytes a call)"));
        }
    }

    fn end_line(&mut self) {
        if self.partial.is_empty() {
            return;
        }
        let bytes = std::mem::take(&mut self.partial);
        let line = String::from_utf8_lossy(&bytes);
        let line = line.trim_end_matches('\r');
        let Some(event) = Event::read(line) else { return self.hand_on(&printable(line)) };
        self.hand_on(&event.to_string());
        self.pass_on(&event);
    }

    fn pass_on(&self, event: &Event) {
        if let Some(events) = &self.events {
            events(event);
        }
    }

    fn hand_on(&self, line: &str) {
        self.lines.push(line);
        if let Some(sink) = &self.sink {
            sink(line);
        }
    }
}

/// Locks the mutex, even if a holder panicked: the data is consistent, because every change is one
/// step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl IsTerminal for Stderr {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Stderr {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    // The default uses a background task, whose last lines would arrive after the call.
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl AsyncWrite for Stderr {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.take(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Stderr {
    async fn ready(&mut self) {}
}

impl OutputStream for Stderr {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.take(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(PIECE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn captured(limit: usize, writes: &[&[u8]]) -> Vec<String> {
        let lines = LogLines::default();
        let stderr = Stderr::new(limit, lines.clone(), None);
        for bytes in writes {
            stderr.take(bytes);
        }
        stderr.finish();
        lines.all()
    }

    #[test]
    fn lines_are_joined_from_pieces() {
        assert_eq!(
            captured(1000, &[b"GET /us", b"ers\r\n\nretry", b"ing\nlast"]),
            ["GET /users", "retrying", "last"]
        );
    }

    #[test]
    fn characters_that_may_not_be_shown_are_escaped() {
        let line = "a\u{9b}31m\u{202e}b\u{fe0f}\tc\r\n";
        assert_eq!(captured(1000, &[line.as_bytes()]), ["a\\u{9b}31m\\u{202e}b\\u{fe0f}\\tc"]);
    }

    #[test]
    fn a_log_beyond_the_limit_is_cut_with_one_note() {
        assert_eq!(
            captured(8, &[b"12345\n", b"6789\n", b"more\n"]),
            ["12345", "67", "(the rest of the log is cut: 8 bytes a call)"]
        );
    }

    #[test]
    fn the_sink_gets_a_line_as_soon_as_it_ends() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink: LogSink = {
            let seen = seen.clone();
            Arc::new(move |line| lock(&seen).push(line.to_owned()))
        };
        let stderr = Stderr::new(1000, LogLines::default(), Some(sink));
        stderr.take(b"one\ntw");
        assert_eq!(*lock(&seen), ["one"]);
        stderr.finish();
        assert_eq!(*lock(&seen), ["one", "tw"]);
    }

    #[test]
    fn an_event_is_a_line_in_words_and_is_passed_on_with_its_values() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let events: EventSink = {
            let seen = seen.clone();
            Arc::new(move |event| lock(&seen).push(event.clone()))
        };
        let lines = LogLines::default();
        let stderr = Stderr::new(1000, lines.clone(), None).with_events(events);
        stderr.take(b"before\nevent/1 {\"type\":\"progress\",\"task\":\"applying\",\"done\":");
        assert!(lock(&seen).is_empty());
        stderr.take(b"25,\"total\":200,\"unit\":\"steps\"}\nevent/2 {}\n");
        assert_eq!(lines.all(), ["before", "applying: 25 of 200 steps", "event/2 {}"]);
        let seen = lock(&seen);
        let [Event::Progress(progress)] = seen.as_slice() else { panic!("{seen:?}") };
        assert_eq!((progress.done, progress.total), (25, Some(200)));
    }

    #[test]
    fn a_tenant_keeps_the_latest_lines() {
        let lines = LogLines::default();
        for number in 0..KEPT_LINES + 2 {
            lines.push(&number.to_string());
        }
        let kept = lines.all();
        assert_eq!(kept.len(), KEPT_LINES);
        assert_eq!(kept[0], "2");
    }
    #[test]
    fn the_lines_that_a_tenant_keeps_are_limited_in_bytes() {
        let lines = LogLines::default();
        let long = "x".repeat(KEPT_BYTES / 8);
        for number in 0..100 {
            lines.push(&format!("{number}{long}"));
        }
        let kept = lines.all();
        assert!(kept.iter().map(String::len).sum::<usize>() <= KEPT_BYTES);
        assert_eq!(kept.len(), 7);
        assert!(kept[6].starts_with("99x"));
        lines.clear();
        assert!(lines.all().is_empty());
        lines.push("after");
        assert_eq!(lines.all(), ["after"]);
    }

    #[test]
    fn a_line_that_is_longer_than_all_kept_lines_may_be_is_cut() {
        let lines = LogLines::default();
        lines.push("before");
        // Each byte that is not UTF-8 becomes a character of three bytes.
        let stderr = Stderr::new(2 * KEPT_BYTES, lines.clone(), None);
        stderr.take(&vec![0xff; 2 * KEPT_BYTES]);
        stderr.finish();
        let kept = lines.all();
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0].len(), KEPT_BYTES / 3 * 3);
    }
}
