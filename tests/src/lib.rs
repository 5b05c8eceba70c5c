//! What the tests and the benchmark stand on: an installation of Quittance on real servers, and a client that uses it.
//!
//! Servers come from `dev/stack`; `make test` starts them and names their variables in the file that
//! `QUITTANCE_STACK_ENV` points to. Every [`Installation`] has a topic prefix, a Postgres schema, and processes of its
//! own, so that tests do not see each other.

mod client;
mod fold;
mod installation;
mod metrics;
mod process;
mod simulator;
mod spawner;
mod stack;
mod wait;

pub use self::{
    client::{Answer, Client, payment},
    fold::{Folded, fold},
    installation::{Installation, Options},
    metrics::{metric, scrape},
    process::{Part, Process},
    simulator::{Charged, Simulator},
    stack::{Server, Stack},
    wait::{eventually, until},
};
