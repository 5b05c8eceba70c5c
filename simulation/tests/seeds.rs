//! A short slice of what `make simulate` runs for long.

use std::{collections::BTreeMap, thread};

use quittance_simulation::{Plan, Simulation};

const SEEDS: u64 = 2_000;

/// Runs every second seed, from `first` on.
fn run(first: u64) -> Result<BTreeMap<String, u64>, String> {
    let simulation = Simulation::default();
    for seed in (first..SEEDS).step_by(2) {
        simulation.run(seed).map_err(|failure| {
            format!("seed {seed}: {}; `make simulate SEEDS=={seed}` shows how it came to that", failure.what)
        })?;
    }
    Ok(simulation.reached())
}

#[test]
fn whatever_goes_wrong_everything_happens_once() {
    let (even, odd) = thread::scope(|scope| {
        let (even, odd) = (scope.spawn(|| run(0)), scope.spawn(|| run(1)));
        (even.join().expect("no panic"), odd.join().expect("no panic"))
    });
    let (mut reached, odd) =
        (even.unwrap_or_else(|what| panic!("{what}")), odd.unwrap_or_else(|what| panic!("{what}")));
    for (what, count) in odd {
        *reached.entry(what).or_default() += count;
    }
    let never: Vec<_> = reached.iter().filter(|(_, count)| **count == 0).collect();
    assert!(never.is_empty(), "not once in {SEEDS} seeds: {never:?}, of {reached:?}");
}

#[test]
fn a_seed_repeats_itself() {
    for seed in 0..20 {
        let plan = Plan::of(seed);
        let (first, second) = (Simulation::default().trace(&plan), Simulation::default().trace(&plan));
        assert!(!first.is_empty());
        let differs = first.iter().zip(&second).position(|(a, b)| a != b);
        assert_eq!(differs, None, "seed {seed} takes another course at line {differs:?}");
        assert_eq!(first.len(), second.len());
    }
}
