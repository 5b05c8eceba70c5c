//! Whole runs of the real runtime and the real payment rules, over a model of Kafka and of a gateway, on a clock that
//! does not wait: everything that happens in a run follows from its seed, and so does what goes wrong.
//!
//! A process runs on a stack of its own and stands still at each call that it makes to the log. Whoever holds the seed
//! decides who goes on, whether the call arrives, and whether the process is still alive to hear of it. So a crash, a
//! pause or a rebalance can come at any point at which one can see a difference.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
};

mod ambush;
mod chance;
mod client;
mod gateway;
mod instance;
mod moment;
mod oracle;
mod parts;
mod plan;
mod processor;
mod store;
mod topics;
mod trace;
mod world;

pub use self::plan::{Faults, Plan};
use self::{parts::Parts, trace::Trace, world::World};

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
    /// The run in which it did not: that of the seed, or the one without faults.
    pub plan: Box<Plan>,
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

    /// What happens in a run, line by line. Whether all holds is not asked here.
    pub fn trace(&self, plan: &Plan) -> Vec<String> {
        let trace = Trace::new(true);
        let _ = self.end_of(plan, trace.clone());
        trace.lines()
    }

    /// Runs a seed, and once more with nothing going wrong, and compares.
    ///
    /// # Errors
    /// When something did not hold.
    pub fn run(&self, seed: u64) -> Result<(), Failure> {
        let (plan, plain) = (Plan::of(seed), Plan::of(seed).without_faults());
        let failed = |plan: &Plan, what| Failure { seed, what, plan: Box::new(plan.clone()) };
        let with = self.end_of(&plan, Trace::new(false)).map_err(|what| failed(&plan, what))?;
        let without = self.end_of(&plain, Trace::new(false));
        let without = without.map_err(|what| failed(&plain, format!("without faults: {what}")))?;
        oracle::compare(&with, &without).map_err(|what| failed(&plan, what))
    }

    fn end_of(&self, plan: &Plan, trace: Trace) -> Result<oracle::Ending, String> {
        let run = AssertUnwindSafe(|| {
            let mut world = World::new(plan, &self.parts, trace);
            world.run()?;
            oracle::judge(&world)
        });
        // Which seed it was must not be lost.
        catch_unwind(run).unwrap_or_else(|_| Err("something panicked".to_owned()))
    }
}
