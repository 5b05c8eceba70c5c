//! Whole runs of the real runtime and the real payment rules, over a model of Kafka and of a gateway, on a clock that
//! does not wait: everything that happens in a run follows from its seed, and so does what goes wrong.
//!
//! A process runs on a stack of its own and stands still at each call that it makes to the log. Whoever holds the seed
//! decides who goes on, whether the call arrives, and whether the process is still alive to hear of it. So a crash, a
//! pause or a rebalance can come at any point at which one can see a difference.

use std::collections::BTreeMap;

mod ambush;
mod chance;
mod client;
mod gateway;
mod instance;
mod oracle;
mod plan;
mod processor;
mod store;
mod topics;
mod trace;
mod world;

pub use self::plan::{Faults, Plan};
use self::{instance::Parts, trace::Trace, world::World};

/// What runs are made of, made once for many.
pub struct Simulation {
    parts: Parts,
}

/// A run in which something did not hold.
#[derive(Debug)]
pub struct Failure {
    /// The seed that repeats it.
    pub seed: u64,
    /// What did not hold.
    pub what: String,
    /// What happened, if it was asked for.
    pub trace: Vec<String>,
}

impl Default for Simulation {
    fn default() -> Self {
        Self { parts: Parts::new() }
    }
}

impl Simulation {
    /// How often what can happen to a window, an input or a record did happen, in all runs so far: a simulation that
    /// never gets into trouble proves nothing.
    pub fn reached(&self) -> BTreeMap<String, u64> {
        self.parts.reached()
    }

    /// What happens in a run, line by line.
    pub fn trace(&self, seed: u64) -> Vec<String> {
        let trace = Trace::new(true);
        // Whether all holds is not asked here.
        let _ = self.end_of(&Plan::of(seed), trace.clone());
        trace.lines()
    }

    /// Runs a seed, and once more with nothing going wrong, and compares.
    ///
    /// # Errors
    /// When something did not hold. The trace is empty unless `is_traced`.
    pub fn run(&self, seed: u64, is_traced: bool) -> Result<(), Failure> {
        let plan = Plan::of(seed);
        let trace = Trace::new(is_traced);
        let failed = |what| Failure { seed, what, trace: trace.lines() };
        let with = self.end_of(&plan, trace.clone()).map_err(failed)?;
        let plain = self.end_of(&plan.without_faults(), Trace::new(false));
        let without = plain.map_err(|what| failed(format!("without faults: {what}")))?;
        oracle::compare(&with, &without).map_err(failed)
    }

    fn end_of(&self, plan: &Plan, trace: Trace) -> Result<oracle::Ending, String> {
        let mut world = World::new(plan, &self.parts, trace);
        world.run()?;
        oracle::judge(&world)
    }
}
