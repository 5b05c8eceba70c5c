//! The fields that are asked for: the description of the API must have each of them.

use std::{cell::RefCell, collections::BTreeSet, mem};

thread_local! {
    static ASKED: RefCell<BTreeSet<String>> = RefCell::default();
}

pub(super) fn note(path: String) {
    ASKED.with_borrow_mut(|asked| asked.insert(path));
}

/// What `parse` gives, and the paths of the fields that it asked for.
pub(crate) fn asked_for<T>(parse: impl FnOnce() -> T) -> (T, BTreeSet<String>) {
    ASKED.take();
    let parsed = parse();
    (parsed, ASKED.with_borrow_mut(mem::take))
}
