//! Plumbing that every Quittance process shares and that knows no payment word.
//!
//! A process is made of these parts, in the order in which it needs them:
//!
//! 1. [`telemetry`] turns two options into structured logs on stderr, [`trace`] carries a request's identity through them.
//! 2. [`shutdown`] is the one wish to stop; whatever loops or waits holds a clone of it.
//! 3. [`health`] and [`metrics`] are filled by the workers and read by [`admin`], which serves them over [`http`].
//! 4. [`backoff`] spaces what has to be tried again, [`throttle`] keeps the log from repeating itself meanwhile.
//!
//! [`postgres`] and [`redis`] say how to reach the two databases, with [`tls`] below them.
//!
//! [`clock`] and [`secret`] are the two value types that nearly every configuration and record needs, and [`causes`] writes
//! an error on one line. [`credential`] and [`issued_number`] say what must be in no log and in no record.

pub mod admin;
pub mod backoff;
pub mod causes;
pub mod clock;
pub mod credential;
pub mod health;
pub mod http;
pub mod issued_number;
pub mod metrics;
pub mod postgres;
pub mod redis;
pub mod secret;
pub mod shutdown;
pub mod telemetry;
pub mod throttle;
pub mod tls;
pub mod trace;
