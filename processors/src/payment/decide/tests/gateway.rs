//! Against a gateway that processes a key at most once: whatever gets lost on the way, a payment says what the gateway
//! did, or a person finds out.

mod world;

use proptest::prelude::*;
use quittance_avro::{
    money::MinorUnits,
    words::{
        OperationStatus, PaymentStatus,
        ResultOutcome::{self, Approved, Declined},
        ReviewReason,
    },
};

use self::world::{Fate, WAYS, Way, World};
use crate::payment::policy::{Policy, policy};

fn fates() -> impl Strategy<Value = Fate> {
    let short_or_long = || prop_oneof![4 => 0..2_000_i64, 1 => 0..400_000_i64];
    let read_after_ms = prop_oneof![6 => 0..2_000_i64, 1 => 0..40_000_i64];
    let ways = prop::sample::select(WAYS.to_vec());
    (ways, read_after_ms, 0..=7_500_i64, short_or_long(), prop::option::of(short_or_long())).prop_map(
        |(way, read_after_ms, processed_after_ms, told_after_ms, repeated_after_ms)| Fate {
            way,
            read_after_ms,
            processed_after_ms,
            told_after_ms,
            repeated_after_ms,
        },
    )
}

/// What we say of the payment is what the gateway did, or a person finds out.
fn is_told_right(world: &World) {
    let payment = world.scenario.payment();
    let charged = world.processed_at_ms.is_some() && world.verdict == Approved;
    match payment.status {
        PaymentStatus::Succeeded => assert!(charged, "money that the gateway does not have"),
        PaymentStatus::Failed => assert!(!charged, "charged, and nobody knows"),
        other => {
            assert_eq!(other, PaymentStatus::Processing);
            assert_eq!(payment.operations[0].status, OperationStatus::Unknown);
        }
    }
    let reason = payment.review.as_ref().map(|review| review.reason);
    assert_ne!(reason, Some(ReviewReason::ContradictingResult), "this gateway never contradicts itself");
    assert_eq!(payment.captured_amount > MinorUnits::ZERO, payment.status == PaymentStatus::Succeeded);
}

fn verdicts() -> impl Strategy<Value = ResultOutcome> {
    prop::sample::select(vec![Approved, Approved, Declined])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_payment_says_what_the_gateway_did(
        verdict in verdicts(),
        lag_ms in 0..=7_500_i64,
        fates in prop::collection::vec(fates(), 0..12),
        attempt_ttl_ms in prop::sample::select(vec![0, 2_000, 60_000, 600_000]),
    ) {
        let mut world = World::new(Policy { attempt_ttl_ms, ..policy() }, verdict, lag_ms, fates);
        world.run();
        is_told_right(&world);
    }

    /// With more queries than troubles, no person is needed.
    #[test]
    fn a_gateway_that_comes_to_its_senses_settles_every_payment(
        verdict in verdicts(),
        lag_ms in 0..=7_500_i64,
        fates in prop::collection::vec(fates(), 0..12),
    ) {
        let mut world = World::new(Policy { queries_max: 30, ..policy() }, verdict, lag_ms, fates);
        world.run();
        is_told_right(&world);
        prop_assert_ne!(world.scenario.payment().status, PaymentStatus::Processing);
        prop_assert!(world.scenario.payment().review.is_none());
    }
}

/// The random stories do come to each of the ends, or they would prove little.
#[test]
fn every_end_is_reached() {
    let fate = |way| Fate { way, ..Fate::KIND };
    let end = |verdict, fates: Vec<Fate>| {
        let mut world = World::new(policy(), verdict, 1_000, fates);
        world.run();
        is_told_right(&world);
        let payment = world.scenario.payment();
        (payment.status, payment.review.is_some(), world.processed_at_ms.is_some())
    };
    assert_eq!(end(Approved, vec![]), (PaymentStatus::Succeeded, false, true));
    assert_eq!(end(Declined, vec![]), (PaymentStatus::Failed, false, true));
    assert_eq!(end(Approved, vec![fate(Way::AnswerLost)]), (PaymentStatus::Succeeded, false, true));
    assert_eq!(end(Approved, vec![fate(Way::Refused)]), (PaymentStatus::Failed, false, false));
    assert_eq!(end(Approved, vec![fate(Way::RequestLost); 4]), (PaymentStatus::Failed, false, false));
    assert_eq!(end(Approved, vec![fate(Way::CrashedThenExpired)]), (PaymentStatus::Succeeded, false, true));
    assert_eq!(end(Approved, vec![fate(Way::AnswerLost); 9]), (PaymentStatus::Processing, true, true));
    assert_eq!(end(Approved, vec![fate(Way::RequestLost); 9]), (PaymentStatus::Processing, true, false));
}
