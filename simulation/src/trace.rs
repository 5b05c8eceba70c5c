//! What happened, for a person to read.

use std::{cell::RefCell, fmt::Display, rc::Rc};

/// Lines of a run, if anybody wants them.
#[derive(Clone)]
pub(crate) struct Trace(Option<Rc<RefCell<Vec<String>>>>);

impl Trace {
    pub(crate) fn new(is_wanted: bool) -> Self {
        Self(is_wanted.then(Rc::default))
    }

    /// Adds a line. `what` is asked only if the lines are wanted.
    pub(crate) fn line<D: Display>(&self, now_ms: i64, who: &str, what: impl FnOnce() -> D) {
        if let Some(lines) = &self.0 {
            #[expect(clippy::cast_precision_loss, reason = "it is for the eye")]
            let seconds = (now_ms - crate::plan::START_MS) as f64 / 1_000.0;
            lines.borrow_mut().push(format!("{seconds:9.3} s  {who:<10} {}", what()));
        }
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.as_ref().map(|lines| lines.borrow().clone()).unwrap_or_default()
    }
}
