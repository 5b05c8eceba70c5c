//! Random inputs in random order: whatever comes, [`super::invariants`] hold after each step of a [`Scenario`].

use proptest::{prelude::*, sample::Index};
use quittance_avro::{
    ids::{AttemptId, CommandId},
    records::{GatewayDetails, GatewayResult},
    words::{CaptureMethod, OperationStatus, PaymentStatus, ResultOutcome},
};
use uuid::Uuid;

use super::{folded::Folded, scenario::Scenario};
use crate::payment::{
    decision::{Decision, Ignored, Input},
    policy::{Policy, policy},
    samples::{CHARGE, amount, answer, command, create, currency},
};

/// Something that happens.
#[derive(Debug, Clone)]
enum Step {
    /// A result of one of the effects so far, as it should be.
    Result(Index, ResultOutcome),
    /// A result that only a broken sink or gateway would send.
    Strange { effect: Index, authorized: i64, captured: i64, code: &'static str, reference: Option<&'static str> },
    /// A result for an attempt that is not ours.
    Foreign(ResultOutcome),
    /// The timer's time comes.
    Due,
    /// A timer fires, though none may be due.
    Timer,
    /// Time passes.
    Pass(i64),
    /// A command, under the payment's own id or another.
    Create { same: bool },
}

fn outcomes() -> impl Strategy<Value = ResultOutcome> {
    // Those that leave the payment open come often, or most stories would end at once.
    prop_oneof![
        1 => Just(ResultOutcome::Approved),
        1 => Just(ResultOutcome::Declined),
        2 => Just(ResultOutcome::Rejected),
        6 => Just(ResultOutcome::NotProcessed),
        4 => Just(ResultOutcome::Expired),
        4 => Just(ResultOutcome::Absent),
        8 => Just(ResultOutcome::Unknown),
    ]
}

fn steps() -> impl Strategy<Value = Step> {
    let amounts = || prop::sample::select(vec![-1, 0, 1, 1000, 1250, 2000, 1 << 53]);
    let strange = (
        any::<Index>(),
        amounts(),
        amounts(),
        prop::sample::select(vec!["EUR", "USD"]),
        prop::sample::select(vec![None, Some(CHARGE), Some("ch_2")]),
    );
    prop_oneof![
        8 => (any::<Index>(), outcomes()).prop_map(|(effect, outcome)| Step::Result(effect, outcome)),
        1 => strange.prop_map(|(effect, authorized, captured, code, reference)| {
            Step::Strange { effect, authorized, captured, code, reference }
        }),
        1 => outcomes().prop_map(Step::Foreign),
        8 => Just(Step::Due),
        1 => Just(Step::Timer),
        3 => prop_oneof![0..60_000_i64, 0..700_000_i64, 0..100_000_000_i64].prop_map(Step::Pass),
        1 => any::<bool>().prop_map(|same| Step::Create { same }),
    ]
}

fn policies() -> impl Strategy<Value = Policy> {
    let short = (100..60_000_i64, 100..400_000_i64, 0..900_000_i64, 1..6_i32, 1..6_i32, 0..30_000_i64);
    let policies = short.prop_map(|(not_after, lost, ttl, unknowns, queries, settle)| Policy {
        try_not_after_ms: not_after,
        try_lost_ms: lost,
        attempt_ttl_ms: ttl,
        unknown_tries_max: unknowns,
        queries_max: queries,
        query_settle_ms: settle,
        ..policy()
    });
    prop_oneof![2 => Just(policy()), 1 => policies]
}

impl Scenario {
    fn happens(&mut self, step: &Step) {
        match step {
            Step::Result(effect, outcome) => {
                let effect = effect.get(&self.effects).clone();
                self.result(answer(&effect, *outcome));
            }
            Step::Strange { effect, authorized, captured, code, reference } => {
                let result = GatewayResult {
                    authorized_amount: amount(*authorized),
                    captured_amount: amount(*captured),
                    currency: currency(code),
                    details: GatewayDetails {
                        gateway_reference: reference.map(str::to_owned),
                        ..GatewayDetails::default()
                    },
                    ..answer(effect.get(&self.effects), ResultOutcome::Approved)
                };
                self.result(result);
            }
            Step::Foreign(outcome) => {
                let attempt_id = AttemptId::new(Uuid::from_u128(9));
                let result = GatewayResult { attempt_id, ..answer(self.latest(), *outcome) };
                assert_eq!(self.result(result), Decision::Ignored(Ignored::UnknownAttempt));
            }
            Step::Due => {
                if self.due_at().is_some() {
                    assert!(matches!(self.timer_fires(), Decision::Applied(_)), "a due timer must lead on");
                }
            }
            Step::Timer => {
                self.take(&Input::Timer);
            }
            Step::Pass(ms) => self.pass(*ms),
            Step::Create { same: true } => {
                let told = self.take(&create(self.payment().capture));
                assert!(matches!(told, Decision::Repeated(_)));
            }
            Step::Create { same: false } => {
                let id = CommandId::new(Uuid::from_u128(0xc1));
                let told = self.take(&Input::Create { id, command: Box::new(command(CaptureMethod::Manual)) });
                assert!(matches!(told, Decision::Refused(_)));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn whatever_happens_the_invariants_hold(
        policy in policies(),
        manual: bool,
        steps in prop::collection::vec(steps(), 1..60),
    ) {
        let capture = if manual { CaptureMethod::Manual } else { CaptureMethod::Automatic };
        let mut scenario = Scenario::new(policy);
        scenario.take(&create(capture));
        for step in &steps {
            scenario.happens(step);
        }
    }

    /// Left alone, or with results that settle nothing, a payment comes to an end by its timers: definitely failed, or
    /// with a person. How many steps that takes follows from the policy.
    #[test]
    fn nothing_goes_on_for_ever(
        policy in policies(),
        outcomes in prop::collection::vec(prop::option::of(outcomes()), 0..40),
    ) {
        let mut scenario = Scenario::new(policy);
        scenario.take(&create(CaptureMethod::Automatic));
        for outcome in outcomes {
            if let Some(outcome) = outcome {
                scenario.gateway_says(outcome);
            }
            scenario.happens(&Step::Due);
        }
        let mut left = scenario.policy.unknown_tries_max + scenario.policy.queries_max + 2;
        while scenario.due_at().is_some() {
            scenario.timer_fires();
            left -= 1;
            prop_assert!(left >= 0);
        }
    }

    /// Once a payment is settled, no input changes what it says of the money.
    #[test]
    fn what_is_settled_stays(
        outcome in prop::sample::select(vec![
            ResultOutcome::Approved, ResultOutcome::Declined, ResultOutcome::Rejected,
        ]),
        steps in prop::collection::vec(steps(), 1..30),
    ) {
        let mut scenario = Scenario::created(CaptureMethod::Automatic);
        scenario.gateway_says(outcome);
        let settled = Folded::of(scenario.payment());
        prop_assert_ne!(settled.status, PaymentStatus::Processing);
        for step in &steps {
            scenario.happens(step);
        }
        let now = Folded::of(scenario.payment());
        prop_assert!(now.review.is_some() || now == settled);
        prop_assert_eq!(Folded { review: settled.review, sequence: settled.sequence, ..now }, settled);
        prop_assert_ne!(scenario.payment().operations[0].status, OperationStatus::Unknown);
    }
}
