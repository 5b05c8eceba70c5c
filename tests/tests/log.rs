//! What the runtime relies on of a log, held against a real Kafka and against the model of it alike.
//!
//! Each case is written once and is two tests, `model` and `kafka`. What holds for one and not for the other is a mistake
//! in the model, or a claim of ours about Kafka that is not true.

#[path = "log/away.rs"]
mod away;
#[path = "log/bench.rs"]
mod bench;
#[path = "log/fencing.rs"]
mod fencing;
#[path = "log/groups.rs"]
mod groups;
#[path = "log/on_kafka.rs"]
mod on_kafka;
#[path = "log/on_model.rs"]
mod on_model;
#[path = "log/ranges.rs"]
mod ranges;
#[path = "log/reading.rs"]
mod reading;
#[path = "log/transactions.rs"]
mod transactions;

/// Makes two tests of each case. Cases on the model run with many seeds.
#[macro_export]
macro_rules! on_both {
    ($($case:ident),* $(,)?) => { $(
        mod $case {
            #[test]
            fn model() {
                for seed in 0..100 {
                    println!("seed {seed}");
                    super::$case(&$crate::on_model::ModelBench::new(seed));
                }
            }

            #[test]
            fn kafka() {
                super::$case(&$crate::on_kafka::KafkaBench::new());
            }
        }
    )* };
}
