//! Captures, voids and refunds.

use rstest::rstest;

use super::*;

/// What is done to a charge of 100 that is only held.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    Capture(i64),
    CaptureAndKeep(i64),
    Void,
    Refund(i64),
    FailCapture(u64),
    FailRefund(u64),
    Dispute(i64),
    DisputeAll,
    Close(u64, Verdict),
    Expire,
    Act(Act),
}

use Step::{Capture, CaptureAndKeep, Expire, FailCapture, FailRefund, Refund, Void};

impl Step {
    pub(super) fn take(self, ledger: &mut Ledger, name: &str, id: ChargeId) -> String {
        let done = |result: Result<Arc<Charge>, Refusal>| {
            result.map_or_else(|refusal| format!("{refusal:?}"), |_| "done".to_owned())
        };
        match self {
            Self::Capture(amount) => word(&capture(ledger, name, id, amount, true)),
            Self::CaptureAndKeep(amount) => word(&capture(ledger, name, id, amount, false)),
            Self::Void => word(&void(ledger, name, id)),
            Self::Refund(amount) => word(&refund(ledger, name, id, amount)),
            Self::FailCapture(number) => done(ledger.fail_capture(id, crate::values::CaptureId(number))),
            Self::FailRefund(number) => done(ledger.fail_refund(RefundId(number))),
            Self::Dispute(minor_units) => done(dispute(ledger, id, Some(minor_units))),
            Self::DisputeAll => done(dispute(ledger, id, None)),
            Self::Close(number, verdict) => done(ledger.close_dispute(DisputeId(number), verdict)),
            Self::Expire => done(ledger.expire(id)),
            Self::Act(act) => done(ledger.act(id, act)),
        }
    }
}

#[rstest]
#[case::taken_whole(&[Capture(100)], "captured", ("succeeded", 100, 0, 0))]
#[case::taken_in_part(&[Capture(60)], "captured", ("succeeded", 60, 0, 0))]
#[case::taken_in_parts(&[CaptureAndKeep(60), CaptureAndKeep(30)], "captured", ("authorized", 90, 0, 10))]
#[case::taken_in_parts_to_the_end(&[CaptureAndKeep(60), CaptureAndKeep(40)], "captured", ("succeeded", 100, 0, 0))]
#[case::taken_too_much(&[Capture(101)], "AmountTooLarge", ("authorized", 0, 0, 100))]
#[case::taken_too_much_in_parts(&[CaptureAndKeep(60), Capture(41)], "AmountTooLarge", ("authorized", 60, 0, 40))]
#[case::taken_after_the_last(&[Capture(60), Capture(1)], "NotCapturable", ("succeeded", 60, 0, 0))]
#[case::released(&[Void], "voided", ("voided", 0, 0, 0))]
#[case::rest_released(&[CaptureAndKeep(60), Void], "voided", ("succeeded", 60, 0, 0))]
#[case::released_twice(&[Void, Void], "NotVoidable", ("voided", 0, 0, 0))]
#[case::released_after_all_was_taken(&[Capture(60), Void], "NotVoidable", ("succeeded", 60, 0, 0))]
#[case::taken_after_it_was_released(&[Void, Capture(1)], "NotCapturable", ("voided", 0, 0, 0))]
#[case::expired(&[Expire], "done", ("expired", 0, 0, 0))]
#[case::rest_expired(&[CaptureAndKeep(60), Expire], "done", ("succeeded", 60, 0, 0))]
#[case::expired_twice(&[Expire, Expire], "NotExpirable", ("expired", 0, 0, 0))]
#[case::given_back(&[Capture(100), Refund(100)], "refunded", ("succeeded", 100, 100, 0))]
#[case::given_back_in_parts(&[Capture(100), Refund(60), Refund(40)], "refunded", ("succeeded", 100, 100, 0))]
#[case::given_back_of_a_part(&[CaptureAndKeep(60), Refund(60)], "refunded", ("authorized", 60, 60, 40))]
#[case::given_back_too_much(&[Capture(60), Refund(61)], "AmountTooLarge", ("succeeded", 60, 0, 0))]
#[case::given_back_too_much_in_parts(&[Capture(60), Refund(60), Refund(1)], "AmountTooLarge", ("succeeded", 60, 60, 0))]
#[case::given_back_of_nothing(&[Refund(1)], "NotRefundable", ("authorized", 0, 0, 100))]
#[case::refund_failed(&[Capture(60), Refund(60), FailRefund(1)], "done", ("succeeded", 60, 0, 0))]
#[case::refund_failed_and_made_again(&[Capture(60), Refund(60), FailRefund(1), Refund(60)], "refunded", ("succeeded", 60, 60, 0))]
#[case::refund_failed_twice(&[Capture(60), Refund(60), FailRefund(1), FailRefund(1)], "NotFailable", ("succeeded", 60, 0, 0))]
#[case::no_refund(&[Capture(60), FailRefund(1)], "RefundNotFound", ("succeeded", 60, 0, 0))]
#[case::capture_failed(&[Capture(60), FailCapture(1)], "done", ("authorized", 0, 0, 100))]
#[case::capture_failed_and_made_again(&[Capture(60), FailCapture(1), Capture(100)], "captured", ("succeeded", 100, 0, 0))]
#[case::capture_failed_twice(&[Capture(60), FailCapture(1), FailCapture(1)], "NotFailable", ("authorized", 0, 0, 100))]
#[case::one_of_two_captures_failed(&[CaptureAndKeep(60), Capture(10), FailCapture(2)], "done", ("authorized", 60, 0, 40))]
#[case::capture_failed_after_the_void(&[CaptureAndKeep(60), Void, FailCapture(1)], "done", ("voided", 0, 0, 0))]
#[case::capture_was_given_back(&[Capture(60), Refund(1), FailCapture(1)], "NotFailable", ("succeeded", 60, 1, 0))]
#[case::no_capture(&[FailCapture(1)], "CaptureNotFound", ("authorized", 0, 0, 100))]
#[case::nothing_to_act_on(&[Step::Act(Act::Approve)], "NoAction", ("authorized", 0, 0, 100))]
fn a_charge_that_is_held(#[case] steps: &[Step], #[case] last: &str, #[case] stands: (&str, u64, u64, u64)) -> Outcome {
    let mut ledger = ledger(10);
    let id = charged(&mut ledger, "k", &held("tok_approve", 100))?;
    let mut words = steps.iter().enumerate().map(|(n, step)| step.take(&mut ledger, &n.to_string(), id));
    assert_eq!(words.by_ref().last().as_deref(), Some(last));
    drop(words);
    assert_eq!(super::stands(&ledger, id)?, stands);
    Ok(())
}

#[rstest]
#[case::approved(&[Step::Act(Act::Approve)], "done", "succeeded")]
#[case::failed(&[Step::Act(Act::Fail)], "done", "declined")]
#[case::voided(&[Void], "voided", "voided")]
#[case::expired(&[Expire], "done", "declined")]
#[case::approved_too_late(&[Void, Step::Act(Act::Approve)], "NoAction", "voided")]
#[case::approved_twice(&[Step::Act(Act::Approve), Step::Act(Act::Approve)], "NoAction", "succeeded")]
#[case::captured(&[Capture(1)], "NotCapturable", "requires_action")]
#[case::refunded(&[Refund(1)], "NotRefundable", "requires_action")]
fn a_customer_who_has_to_act(#[case] steps: &[Step], #[case] last: &str, #[case] status: &str) -> Outcome {
    let mut ledger = ledger(10);
    let id = charged(&mut ledger, "k", &new_charge("tok_action", 100))?;
    let mut words = steps.iter().enumerate().map(|(n, step)| step.take(&mut ledger, &n.to_string(), id));
    assert_eq!(words.by_ref().last().as_deref(), Some(last));
    drop(words);
    assert_eq!(super::stands(&ledger, id)?.0, status);
    assert_eq!(ledger.report(&key("k")).map(|report| report.charges), Some(u64::from(status == "succeeded")));
    Ok(())
}

#[test]
fn a_void_lets_go_of_what_is_left() -> Outcome {
    let mut ledger = ledger(10);
    let id = charged(&mut ledger, "k", &held("tok_approve", 100))?;
    capture(&mut ledger, "c", id, 60, false);
    void(&mut ledger, "v", id);
    let page = ledger.lines(None, 10);
    assert_eq!(
        page.data.iter().map(|line| (line.authorized, line.captured, line.voided)).collect::<Vec<_>>(),
        [(100, 60, 40)]
    );
    Ok(())
}

#[test]
fn an_unknown_charge_leaves_the_key_free() {
    let mut ledger = ledger(1);
    assert_eq!(word(&capture(&mut ledger, "k", ChargeId(1), 1, true)), "ChargeNotFound");
    assert_eq!(word(&charge(&mut ledger, "k", &new_charge("tok_approve", 1))), "succeeded");
}

#[test]
fn the_key_of_a_capture_finds_its_charge_and_charged_nothing() -> Outcome {
    let mut ledger = ledger(2);
    let id = charged(&mut ledger, "k", &held("tok_approve", 100))?;
    capture(&mut ledger, "c", id, 60, true);
    assert_eq!(ledger.charges_by_key(&key("c")).iter().map(|charge| charge.id).collect::<Vec<_>>(), [id]);
    let report = ledger.report(&key("c")).ok_or("no report")?;
    assert_eq!((report.requests, report.charges, report.token), (1, 0, Some("tok_approve")));
    Ok(())
}
