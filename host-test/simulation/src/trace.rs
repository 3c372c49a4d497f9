//! What happened, line by line, for whoever replays a seed.

use std::cell::RefCell;
use std::rc::Rc;

use retool_lifecycle::http::Log;

use crate::clock::VirtualClock;

/// Collects lines, or nothing at all.
pub struct Trace {
    clock: Rc<VirtualClock>,
    lines: Option<RefCell<Vec<String>>>,
}

impl Trace {
    /// One that keeps what it is told only if `kept`.
    pub fn new(clock: Rc<VirtualClock>, kept: bool) -> Self {
        Trace { clock, lines: kept.then(RefCell::default) }
    }

    /// One line; made only if it is kept.
    pub fn say(&self, line: impl FnOnce() -> String) {
        if let Some(lines) = &self.lines {
            lines.borrow_mut().push(format!("{:>9} ms  {}", self.clock.now(), line()));
        }
    }

    /// All lines so far.
    pub fn take(&self) -> Vec<String> {
        self.lines.as_ref().map(RefCell::take).unwrap_or_default()
    }
}

impl Log for Trace {
    fn line(&self, text: &str) {
        self.say(|| format!("  log: {text}"));
    }
}
