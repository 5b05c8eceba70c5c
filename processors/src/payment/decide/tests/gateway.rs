//! Against a gateway that processes a key at most once: whatever gets lost on the way, whatever clients ask for and whenever
//! customers act, a payment says what the gateway did to the cent, or a person finds out.

mod model;
mod world;

use proptest::prelude::*;
use quittance_avro::words::{
    CaptureMethod, PaymentStatus,
    ResultOutcome::{self, ActionRequired, Approved, Declined},
    ReviewReason,
};

use self::world::{Fate, WAYS, Way, Wish, World};
use crate::payment::{
    policy::{Policy, policy},
    samples::Ask,
};

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

fn wishes() -> impl Strategy<Value = Wish> {
    let amounts = || prop::option::of(1..=1_300_i64);
    let asks = prop_oneof![
        4 => (amounts(), any::<bool>()).prop_map(|(amount, is_final)| Ask::Capture { amount, is_final }),
        4 => amounts().prop_map(|amount| Ask::Refund { amount }),
        1 => Just(Ask::Cancel),
        1 => Just(Ask::Confirm),
    ];
    let at_ms = prop_oneof![4 => 0..5_000_i64, 2 => 0..120_000_i64, 1 => 0..800_000_000_i64];
    (at_ms, asks).prop_map(|(at_ms, ask)| Wish { at_ms, ask })
}

fn verdicts() -> impl Strategy<Value = ResultOutcome> {
    prop_oneof![5 => Just(Approved), 1 => Just(Declined), 1 => Just(ActionRequired)]
}

fn captures() -> impl Strategy<Value = CaptureMethod> {
    prop::sample::select(vec![CaptureMethod::Automatic, CaptureMethod::Manual])
}

/// What we say of the payment is what the gateway did, or a person finds out.
fn is_told_right(world: &World) {
    let payment = world.scenario.payment();
    let reason = payment.review.as_ref().map(|review| review.reason);
    assert_ne!(reason, Some(ReviewReason::ContradictingResult), "this gateway never contradicts itself");
    assert_ne!(reason, Some(ReviewReason::GatewayExcess), "this gateway moves no more than there is");
    if reason.is_some() {
        return;
    }
    let ours = (payment.captured_amount.get(), payment.refunded_amount.get());
    let theirs = world.gateway.books();
    match payment.status {
        // What was taken and is not wanted was given back.
        PaymentStatus::Canceled | PaymentStatus::Expired | PaymentStatus::Failed => {
            assert_eq!((ours, theirs.0 - theirs.1), ((0, 0), 0), "money that nobody wants: {payment:?}");
        }
        PaymentStatus::Succeeded => assert_eq!(ours, theirs, "our books and the gateway's"),
        PaymentStatus::RequiresAction
        | PaymentStatus::OnHold
        | PaymentStatus::Processing
        | PaymentStatus::RequiresCapture => panic!("left {} with nobody to see to it", payment.status),
    }
    assert_eq!(world.gateway.held(), 0, "the customer's money is still held");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_payment_says_what_the_gateway_did(
        verdict in verdicts(),
        capture in captures(),
        lag_ms in 0..=7_500_i64,
        fates in prop::collection::vec(fates(), 0..16),
        wishes in prop::collection::vec(wishes(), 0..8),
        acts_at_ms in prop::option::of(0..5_000_000_i64),
        attempt_ttl_ms in prop::sample::select(vec![0, 2_000, 60_000, 600_000]),
    ) {
        let mut world = World::new(Policy { attempt_ttl_ms, ..policy() }, verdict, lag_ms, fates, wishes);
        world.acts_at_ms = acts_at_ms;
        world.run(capture);
        is_told_right(&world);
    }

    /// With more queries than troubles, no person is needed.
    #[test]
    fn a_gateway_that_comes_to_its_senses_settles_every_payment(
        verdict in verdicts(),
        capture in captures(),
        lag_ms in 0..=7_500_i64,
        fates in prop::collection::vec(fates(), 0..16),
        wishes in prop::collection::vec(wishes(), 0..8),
        acts_at_ms in prop::option::of(0..5_000_000_i64),
    ) {
        let mut world = World::new(Policy { queries_max: 40, attempts_max: 20, ..policy() }, verdict, lag_ms, fates, wishes);
        world.acts_at_ms = acts_at_ms;
        world.run(capture);
        is_told_right(&world);
        prop_assert!(world.scenario.payment().review.is_none());
    }
}

/// The random stories do come to each of the ends, or they would prove little.
#[test]
fn every_end_is_reached() {
    let fate = |way| Fate { way, ..Fate::KIND };
    let end = |verdict, fates: Vec<Fate>, wishes: Vec<Wish>| {
        let capture = if wishes.is_empty() { CaptureMethod::Automatic } else { CaptureMethod::Manual };
        let mut world = World::new(policy(), verdict, 1_000, fates, wishes);
        world.run(capture);
        is_told_right(&world);
        let payment = world.scenario.payment();
        (payment.status, payment.review.is_some(), world.gateway.books())
    };
    let all = (1_250, 0);
    assert_eq!(end(Approved, vec![], vec![]), (PaymentStatus::Succeeded, false, all));
    assert_eq!(end(Declined, vec![], vec![]), (PaymentStatus::Failed, false, (0, 0)));
    assert_eq!(end(ActionRequired, vec![], vec![]), (PaymentStatus::Expired, false, (0, 0)));
    assert_eq!(end(Approved, vec![fate(Way::AnswerLost)], vec![]), (PaymentStatus::Succeeded, false, all));
    assert_eq!(end(Approved, vec![fate(Way::Refused)], vec![]), (PaymentStatus::Failed, false, (0, 0)));
    assert_eq!(end(Approved, vec![fate(Way::RequestLost); 4], vec![]), (PaymentStatus::Failed, false, (0, 0)));
    assert_eq!(end(Approved, vec![fate(Way::CrashedThenExpired)], vec![]), (PaymentStatus::Succeeded, false, all));
    assert_eq!(end(Approved, vec![fate(Way::AnswerLost); 9], vec![]), (PaymentStatus::Processing, true, all));
    let wish = |at_ms, ask| Wish { at_ms, ask };
    let capture = Ask::Capture { amount: Some(1_000), is_final: true };
    let refund = Ask::Refund { amount: Some(400) };
    let both = vec![wish(5_000, capture), wish(9_000, refund)];
    assert_eq!(end(Approved, vec![], both), (PaymentStatus::Succeeded, false, (1_000, 400)));
    let canceled = (PaymentStatus::Canceled, false, (0, 0));
    assert_eq!(end(Approved, vec![], vec![wish(5_000, Ask::Cancel)]), canceled);
    assert_eq!(end(Approved, vec![], vec![wish(9_999_999_999, capture)]), (PaymentStatus::Expired, false, (0, 0)));
}
