//! Random inputs in random order: whatever comes, [`super::invariants`] hold after each step of a [`Scenario`].

use proptest::{prelude::*, sample::Index};
use quittance_avro::{
    ids::AttemptId,
    records::{CreatePayment, GatewayDetails, GatewayEffect, GatewayFact, GatewayResult},
    words::{CaptureMethod, EffectKind, FactStatus, OperationKind, Origin, ResultOutcome},
};
use uuid::Uuid;

use super::{fees::with_fees, invariants::summary, scenario::Scenario};
use crate::payment::{
    decision::{Decision, Ignored, Input},
    gateways::Gateways,
    policy::{Policy, policy},
    samples::{Ask, CHARGE, COMMAND, amount, answer, command, create, currency, fact, gateways, input, notice},
};

/// Something that happens.
#[derive(Debug, Clone)]
enum Step {
    /// A result of one of the effects so far, as it should be.
    Result(Index, ResultOutcome),
    /// A result that only a broken sink or gateway would send.
    Strange { effect: Index, moved: [i64; 3], code: &'static str, reference: Option<&'static str> },
    /// A result for an attempt that is not ours.
    Foreign(ResultOutcome),
    /// The gateway says this of the effects so far, and of what was done without us.
    Notice { facts: Vec<(Index, FactStatus, i64)>, without_us: Option<(OperationKind, FactStatus, i64)> },
    /// The earliest timer's time comes.
    Due,
    /// A timer fires, though none may be due.
    Timer,
    /// Time passes.
    Pass(i64),
    /// A client asks for something.
    Ask(Ask),
    /// The payment's own creation once more.
    Again,
}

fn outcomes() -> impl Strategy<Value = ResultOutcome> {
    // Those that leave the payment open come often, or most stories would end at once.
    prop_oneof![
        3 => Just(ResultOutcome::Approved),
        1 => Just(ResultOutcome::Declined),
        1 => Just(ResultOutcome::Rejected),
        1 => Just(ResultOutcome::ActionRequired),
        1 => Just(ResultOutcome::Pending),
        1 => Just(ResultOutcome::Created),
        4 => Just(ResultOutcome::NotProcessed),
        2 => Just(ResultOutcome::Expired),
        2 => Just(ResultOutcome::Absent),
        2 => Just(ResultOutcome::Reported),
        5 => Just(ResultOutcome::Unknown),
    ]
}

fn asks() -> impl Strategy<Value = Ask> {
    let amounts = || prop::sample::select(vec![None, Some(1), Some(400), Some(1250), Some(1251), Some(0), Some(-1)]);
    prop_oneof![
        1 => Just(Ask::Create),
        4 => (amounts(), any::<bool>()).prop_map(|(amount, is_final)| Ask::Capture { amount, is_final }),
        4 => amounts().prop_map(|amount| Ask::Refund { amount }),
        1 => Just(Ask::Cancel),
        1 => Just(Ask::Confirm),
        1 => Just(Ask::Approve),
        1 => Just(Ask::Reject),
        1 => Just(Ask::Acknowledge),
        1 => Just(Ask::Update),
    ]
}

fn steps() -> impl Strategy<Value = Step> {
    let amounts = || prop::sample::select(vec![-1, 0, 1, 1000, 1250, 2000, 1 << 53]);
    let strange = (
        any::<Index>(),
        [amounts(), amounts(), amounts()],
        prop::sample::select(vec!["EUR", "USD"]),
        prop::sample::select(vec![None, Some(CHARGE), Some("ch_2")]),
    );
    let statuses = || prop::sample::select(FactStatus::ALL.to_vec());
    let facts =
        prop::collection::vec((any::<Index>(), statuses(), prop_oneof![9 => Just(0_i64), 1 => amounts()]), 0..4);
    let kinds = vec![OperationKind::Capture, OperationKind::Refund, OperationKind::Void, OperationKind::Dispute];
    let ends = prop_oneof![4 => Just(FactStatus::Succeeded), 1 => statuses()];
    // Few amounts, which are their names too, so that more than one word is said of the same thing.
    let moved = prop::sample::select(vec![1, 400, 850, 1250, 1499]);
    let without_us = prop::option::weighted(0.3, (prop::sample::select(kinds), ends, moved));
    prop_oneof![
        8 => (any::<Index>(), outcomes()).prop_map(|(effect, outcome)| Step::Result(effect, outcome)),
        1 => strange.prop_map(|(effect, moved, code, reference)| Step::Strange { effect, moved, code, reference }),
        1 => outcomes().prop_map(Step::Foreign),
        3 => (facts, without_us).prop_map(|(facts, without_us)| Step::Notice { facts, without_us }),
        8 => Just(Step::Due),
        1 => Just(Step::Timer),
        3 => prop_oneof![0..60_000_i64, 0..700_000_i64, 0..100_000_000_i64].prop_map(Step::Pass),
        5 => asks().prop_map(Step::Ask),
        1 => Just(Step::Again),
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

/// How a payment begins: named accounts and routed ones, on hold or not, with declines that are tried again or not.
fn beginnings() -> impl Strategy<Value = Input> {
    (any::<bool>(), any::<bool>(), prop::bool::weighted(0.2), 0..3_i32).prop_map(
        |(is_manual, is_routed, hold, declines_retried_max)| {
            let capture = if is_manual { CaptureMethod::Manual } else { CaptureMethod::Automatic };
            let mut asked = CreatePayment { hold, declines_retried_max, ..command(capture) };
            if is_routed {
                asked.gateway_account.clear();
            }
            input(COMMAND, asked)
        },
    )
}

/// What can be said of an effect: a query finds something or not, and never does anything.
fn sayable(effect: &GatewayEffect, outcome: ResultOutcome) -> ResultOutcome {
    use ResultOutcome::{ActionRequired, Approved, Created, Declined, Pending, Reported, Unknown};
    match (effect.kind, outcome) {
        (EffectKind::Query, Approved | Declined | Created | ActionRequired | Pending) => Reported,
        (EffectKind::Query, outcome) => outcome,
        (_, Reported) => Unknown,
        (_, outcome) => outcome,
    }
}

impl Scenario {
    fn happens(&mut self, step: &Step) {
        match step {
            Step::Result(effect, outcome) => {
                if let Some(effect) = self.some(effect) {
                    self.says_of(&effect, sayable(&effect, *outcome));
                }
            }
            Step::Strange { effect, moved: [authorized, captured, moved], code, reference } => {
                let tries = |effect: &GatewayEffect| effect.kind != EffectKind::Query;
                let Some(effect) = self.some(effect).filter(tries) else { return };
                let gateway_reference = reference.map(str::to_owned);
                let result = GatewayResult {
                    authorized_amount: amount(*authorized),
                    captured_amount: amount(*captured),
                    amount: amount(*moved),
                    currency: currency(code),
                    details: GatewayDetails { gateway_reference, ..GatewayDetails::default() },
                    ..answer(&effect, ResultOutcome::Approved)
                };
                self.result(result);
            }
            Step::Foreign(outcome) => {
                let Some(effect) = self.effects.last() else { return };
                let attempt_id = AttemptId::new(Uuid::from_u128(9));
                let result = GatewayResult { attempt_id, ..answer(effect, *outcome) };
                assert_eq!(self.result(result), Decision::Ignored(Ignored::UnknownAttempt));
            }
            Step::Notice { facts, without_us } => self.hears(facts, *without_us),
            Step::Due => {
                if self.due_at().is_some() {
                    assert!(matches!(self.timer_fires(), Decision::Applied(_)), "a due timer must lead on");
                }
            }
            Step::Timer => {
                self.take(&Input::Timer);
            }
            Step::Pass(ms) => self.pass(*ms),
            Step::Ask(ask) => {
                self.asks(*ask);
            }
            Step::Again => {
                let told = self.take(&create(self.payment().capture));
                assert!(matches!(told, Decision::Repeated(_)));
            }
        }
    }

    fn some(&self, effect: &Index) -> Option<GatewayEffect> {
        (!self.effects.is_empty()).then(|| effect.get(&self.effects).clone())
    }

    /// What the gateway says of an effect's operation. Of its own doing it knows its own name, and no attempt of ours.
    fn known(&self, effect: &GatewayEffect, status: FactStatus) -> GatewayFact {
        let mut known = fact(effect, effect.operation_kind, status);
        let operation = self.payment().operations.iter().find(|found| found.id == effect.operation_id);
        if let Some(own) = operation.filter(|found| found.origin == Origin::Gateway) {
            (known.attempt_id, known.gateway_reference) = (None, own.gateway_reference.clone());
        }
        known
    }

    fn hears(&mut self, told: &[(Index, FactStatus, i64)], without_us: Option<(OperationKind, FactStatus, i64)>) {
        if self.effects.is_empty() {
            return;
        }
        // A report is of one gateway account.
        let subject = told.first().map_or(&self.effects[0], |(effect, ..)| effect.get(&self.effects)).clone();
        let mut facts: Vec<GatewayFact> = Vec::new();
        for (effect, status, moved) in told {
            let effect = effect.get(&self.effects);
            if effect.gateway_account != subject.gateway_account {
                continue;
            }
            let mut known = self.known(effect, *status);
            if *moved != 0 {
                known.amount = amount(*moved);
            }
            facts.push(known);
        }
        if let Some((kind, status, moved)) = without_us {
            // Of a void that came to nothing no gateway tells without naming it.
            let status = if kind == OperationKind::Void { FactStatus::Succeeded } else { status };
            let mut known = fact(&subject, kind, status);
            (known.attempt_id, known.amount) = (None, amount(moved));
            known.gateway_reference = Some(format!("{kind}_{moved}"));
            facts.push(known);
        }
        // One fact for each thing, in order.
        facts.sort_by_key(|fact| (fact.kind, fact.attempt_id));
        let is_void = |fact: &GatewayFact| fact.kind == OperationKind::Void;
        facts.dedup_by_key(|fact| (fact.kind, fact.attempt_id.filter(|_| !is_void(fact))));
        self.pass(1);
        let at = self.now;
        self.take(&notice(&subject, facts, at));
    }
}

/// Merchants pay nothing, or something of which they get back nothing or a share.
fn fees() -> impl Strategy<Value = Gateways> {
    let paid = (0..40_000_i64, 0..40_i64, any::<bool>());
    prop_oneof![
        1 => Just(gateways()),
        1 => paid.prop_map(|(rate_ppm, fixed, returned)| with_fees(rate_ppm, fixed, returned)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn whatever_happens_the_invariants_hold(
        policy in policies(),
        gateways in fees(),
        beginning in beginnings(),
        steps in prop::collection::vec(steps(), 1..60),
    ) {
        let mut scenario = Scenario { gateways, ..Scenario::new(policy) };
        scenario.take(&beginning);
        for step in &steps {
            scenario.happens(step);
        }
    }

    /// Left alone, or with results that settle nothing, a payment comes to an end by its timers, or with a person.
    #[test]
    fn nothing_goes_on_for_ever(
        policy in policies(),
        gateways in fees(),
        beginning in beginnings(),
        steps in prop::collection::vec(steps(), 0..40),
    ) {
        let mut scenario = Scenario { gateways, ..Scenario::new(policy) };
        scenario.take(&beginning);
        for step in &steps {
            scenario.happens(step);
        }
        let mut left = 5_000;
        while scenario.due_at().is_some() {
            scenario.timer_fires();
            left -= 1;
            let timers = &scenario.changelog().timers;
            prop_assert!(left >= 0, "it goes on for ever: {timers:?} {}", summary(scenario.payment()));
        }
    }
}
