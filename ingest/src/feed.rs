//! What happens, told as it happens: the events of a tenant, or of one payment, from a place in the log on.
//!
//! A place is a position in each partition of the events topics ([`cursor`]), since there is no other order that all events have and
//! that a late commit does not change. A page is some events after a place, and the place after them (`reads/events.rs`). A stream
//! ([`stream`]) is pages without an end: between two of them it sleeps until [`Tail`] says that there is news.

pub(crate) mod cursor;
pub(crate) mod stream;
mod tail;

pub use self::tail::Tail;
pub(crate) use self::{
    cursor::{Lane, Positions, Source},
    tail::Change,
};
