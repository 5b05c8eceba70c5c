//! The processors: the only place where business rules run.
//!
//! [`runtime`] is the exactly-once loop over the log and knows no payment word. Each aggregate has a folder with its
//! rules, which are pure.

pub mod ledger;
pub mod payment;
pub mod payment_method;
pub mod runtime;
