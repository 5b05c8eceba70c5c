//! Whatever happens, in whatever order.

use proptest::{prelude::*, sample::Index};
use quittance_avro::words::SetUpOutcome;

use super::{Scenario, answer};
use crate::payment_method::samples::Ask;

#[derive(Debug, Clone)]
enum Step {
    /// A gateway says something of one of the effects.
    Result(Index, SetUpOutcome),
    /// The earliest timer is due.
    Due,
    Pass(i64),
    Ask(Ask),
}

fn steps() -> impl Strategy<Value = Step> {
    let outcomes = prop::sample::select(SetUpOutcome::ALL.to_vec());
    let asks = prop::sample::select(vec![Ask::Create, Ask::Confirm, Ask::Confirm, Ask::Confirm, Ask::Remove]);
    prop_oneof![
        8 => (any::<Index>(), outcomes).prop_map(|(effect, outcome)| Step::Result(effect, outcome)),
        8 => Just(Step::Due),
        2 => prop_oneof![0..60_000_i64, 0..100_000_000_i64].prop_map(Step::Pass),
        1 => asks.prop_map(Step::Ask),
    ]
}

fn accounts() -> impl Strategy<Value = Vec<&'static str>> {
    prop::sample::subsequence(vec!["simulator", "stripe", "other"], 1..=3)
}

impl Scenario {
    fn happens(&mut self, step: &Step) {
        match step {
            Step::Result(effect, outcome) if !self.effects.is_empty() => {
                let result = answer(effect.get(&self.effects), *outcome);
                self.told(result.clone());
                let before = self.state.clone();
                assert!(self.told(result).starts_with("ignored"), "the same again changes nothing");
                assert_eq!(self.state, before);
            }
            Step::Due if self.due_at().is_some() => assert!(self.timer_fires().starts_with("applied")),
            Step::Result(..) | Step::Due => {}
            Step::Pass(ms) => self.now = self.now.plus_ms(*ms),
            Step::Ask(what) => drop(self.asks(*what)),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// The invariants hold at every step, and left alone a method comes to its end by its timers.
    #[test]
    fn it_comes_to_an_end(accounts in accounts(), steps in prop::collection::vec(steps(), 0..60)) {
        let mut scenario = Scenario::begun(&accounts);
        for step in &steps {
            scenario.happens(step);
        }
        let mut left = 2_000;
        while scenario.due_at().is_some() {
            scenario.timer_fires();
            left -= 1;
            prop_assert!(left >= 0, "it goes on for ever: {:?}", scenario.method());
        }
        let status = scenario.status().as_str();
        prop_assert!(["active", "failed", "removed"].contains(&status), "{}", status);
    }
}
