//! The trace of a run, line by line, for replaying a seed.

use std::cell::RefCell;
use std::rc::Rc;

use retool_lifecycle::http::Log;

use crate::clock::VirtualClock;

/// Collects lines, if tracing is on.
pub struct Trace {
    clock: Rc<VirtualClock>,
    lines: Option<RefCell<Vec<String>>>,
}

impl Trace {
    /// Creates a trace. It keeps lines only if `enabled`.
    pub fn new(clock: Rc<VirtualClock>, enabled: bool) -> Self {
        Trace { clock, lines: enabled.then(RefCell::default) }
    }

    /// Adds a line. Calls `line` only if tracing is on.
    pub fn add(&self, line: impl FnOnce() -> String) {
        if let Some(lines) = &self.lines {
            lines.borrow_mut().push(format!("{:>9} ms  {}", self.clock.now(), line()));
        }
    }

    /// Takes all lines so far.
    pub fn take(&self) -> Vec<String> {
        self.lines.as_ref().map(RefCell::take).unwrap_or_default()
    }
}

impl Log for Trace {
    fn line(&self, text: &str) {
        self.add(|| format!("  log: {text}"));
    }
}
