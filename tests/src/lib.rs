//! What the tests and the benchmark stand on: an installation of Quittance on real servers, and a client that uses it.
//!
//! Servers come from `dev/stack`; `make test` starts them and says by `QUITTANCE_STACK` which they are. Every [`Installation`] has a topic prefix, a Postgres schema, and processes of its
//! own, so that tests do not see each other.

mod balancer;
mod client;
mod commands;
mod events;
mod fold;
mod installation;
mod metrics;
mod process;
mod raw;
mod simulator;
mod spawner;
mod stack;
mod two_gateways;
mod wait;

pub use self::{
    balancer::Balancer,
    client::{Answer, Client, payment},
    commands::Commands,
    events::{EventStream, ServerEvent},
    fold::{Folded, fold},
    installation::{Installation, Options},
    metrics::{metric, scrape},
    process::{Part, Process, resident_bytes},
    raw::{RawRecord, produce_raw},
    simulator::{Charged, Simulator},
    stack::{Frozen, Outage, Server, Stack},
    two_gateways::{KEY, Tenant, TwoGateways, WEBHOOK_SECRET, paid_at_either, put},
    wait::{eventually, until},
};
