//! `simulate`: runs seeds, and shows the first that fails.

use std::{
    ops::Range,
    process::ExitCode,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::Instant,
};

use clap::Parser;
use quittance_simulation::{Failure, Plan, Simulation};

/// Runs the runtime over a model of Kafka that fails by a seed.
#[derive(Debug, Parser)]
struct Args {
    /// Seeds to run, `FIRST..END`, or how many from 0 on, or `=SEED` for one with its trace
    #[arg(default_value = "1000", value_parser = parse_seeds)]
    seeds: Seeds,
    /// How many to run at once
    #[arg(long, default_value_t = 2)]
    threads: u64,
    /// Go on after a failure
    #[arg(long)]
    keep_going: bool,
}

#[derive(Debug, Clone)]
enum Seeds {
    Many(Range<u64>),
    One(u64),
}

fn parse_seeds(text: &str) -> Result<Seeds, String> {
    let number = |text: &str| text.replace('_', "").parse::<u64>().map_err(|_| format!("{text} is no number"));
    if let Some(seed) = text.strip_prefix('=') {
        return Ok(Seeds::One(number(seed)?));
    }
    match text.split_once("..") {
        Some((first, end)) => Ok(Seeds::Many(number(first)?..number(end)?)),
        None => Ok(Seeds::Many(0..number(text)?)),
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    match args.seeds {
        Seeds::One(seed) => one(seed),
        Seeds::Many(seeds) => many(&seeds, args.threads, args.keep_going),
    }
}

fn one(seed: u64) -> ExitCode {
    match Simulation::default().run(seed) {
        Ok(()) => {
            show(&Plan::of(seed));
            println!("seed {seed}: all holds");
            ExitCode::SUCCESS
        }
        Err(Failure { seed, what, plan }) => {
            show(&plan);
            println!("seed {seed}: {what}");
            ExitCode::FAILURE
        }
    }
}

/// Prints a plan, and what happens in its run.
fn show(plan: &Plan) {
    println!("{plan:#?}");
    Simulation::default().trace(plan).iter().for_each(|line| println!("{line}"));
}

fn many(seeds: &Range<u64>, threads: u64, keep_going: bool) -> ExitCode {
    let began = Instant::now();
    let (failures, done, stop) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        for thread in 0..threads.max(1) {
            let (failures, done, stop) = (&failures, &done, &stop);
            scope.spawn(move || {
                let simulation = Simulation::default();
                let step = usize::try_from(threads.max(1)).unwrap_or(1);
                for seed in seeds.clone().skip(usize::try_from(thread).unwrap_or(0)).step_by(step) {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    if let Err(Failure { seed, what, plan }) = simulation.run(seed) {
                        println!("seed {seed}: {what}");
                        if failures.fetch_add(1, Ordering::Relaxed) == 0 && !keep_going {
                            stop.store(true, Ordering::Relaxed);
                            show(&plan);
                        }
                    }
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    let (failures, done) = (failures.into_inner(), done.into_inner());
    println!("{done} seeds in {:.1} s, {failures} failed", began.elapsed().as_secs_f64());
    if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
