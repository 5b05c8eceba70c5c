//! What happens by itself, and when.

use rstest::rstest;

use super::*;
use crate::tokens::Decline;

/// Where a charge stands before and at the time when something is due.
#[rstest]
#[case::settles("tok_pending", true, SLOW_MS, "processing", "succeeded")]
#[case::settles_to_held("tok_pending", false, SLOW_MS, "processing", "authorized")]
#[case::nobody_acts("tok_action", true, 3_600_000, "requires_action", "declined")]
#[case::nobody_acts_for_short("tok_action_short", true, 2_000, "requires_action", "declined")]
#[case::nobody_takes("tok_approve", false, 7 * DAY_MS, "authorized", "expired")]
#[case::nobody_takes_for_short("tok_short", false, 2_000, "authorized", "expired")]
#[case::capture_fails("tok_capture_fails", true, SLOW_MS, "succeeded", "authorized")]
#[case::capture_fails_and_nobody_takes("tok_capture_fails", true, 7 * DAY_MS, "authorized", "expired")]
fn a_charge(
    #[case] token: &str,
    #[case] capture: bool,
    #[case] after_ms: u64,
    #[case] before: &str,
    #[case] then: &str,
) -> Outcome {
    let mut ledger = ledger(1);
    ledger.advance(1_000);
    let id = charged(&mut ledger, "k", &NewCharge { capture, ..new_charge(token, 100) })?;
    ledger.advance(1_000 + after_ms - 1);
    assert_eq!(stands(&ledger, id)?.0, before);
    assert_eq!(ledger.next_due_ms(), Some(1_000 + after_ms));
    ledger.take_events();
    ledger.advance(1_000 + after_ms);
    assert_eq!(stands(&ledger, id)?.0, then);
    let told = ledger.take_events();
    assert_eq!(told.iter().map(|event| event.charge.status().word()).collect::<Vec<_>>(), [then]);
    Ok(())
}

#[rstest]
#[case::pending("tok_refund_pending", RefundStatus::Pending, RefundStatus::Succeeded, 60)]
#[case::fails("tok_refund_fails", RefundStatus::Succeeded, RefundStatus::Failed, 0)]
fn a_refund(
    #[case] token: &str,
    #[case] before: RefundStatus,
    #[case] then: RefundStatus,
    #[case] refunded: u64,
) -> Outcome {
    let mut ledger = ledger(5);
    let id = charged(&mut ledger, "k", &new_charge(token, 100))?;
    refund(&mut ledger, "r", id, 60);
    let statuses = |ledger: &Ledger| -> Vec<RefundStatus> {
        ledger
            .charge_by_id(id)
            .map(|charge| charge.refunds.iter().map(|refund| refund.status).collect())
            .unwrap_or_default()
    };
    assert_eq!((statuses(&ledger), stands(&ledger, id)?.2), (vec![before], 60));
    // What is on its way counts: nobody can give the same money back twice.
    assert_eq!(word(&refund(&mut ledger, "s", id, 41)), "AmountTooLarge");
    ledger.advance(SLOW_MS);
    assert_eq!((statuses(&ledger), stands(&ledger, id)?.2), (vec![then], refunded));
    Ok(())
}

#[test]
fn what_was_settled_otherwise_does_not_happen() -> Outcome {
    let mut ledger = ledger(10);
    let acted = charged(&mut ledger, "a", &new_charge("tok_action", 100))?;
    ledger.act(acted, Act::Approve).map_err(|refusal| format!("{refusal:?}"))?;
    let voided = charged(&mut ledger, "b", &held("tok_short", 100))?;
    void(&mut ledger, "v", voided);
    let taken = charged(&mut ledger, "c", &held("tok_short", 100))?;
    capture(&mut ledger, "d", taken, 100, true);
    let given_back = charged(&mut ledger, "e", &new_charge("tok_capture_fails", 100))?;
    refund(&mut ledger, "r", given_back, 1);
    let failed = charged(&mut ledger, "f", &new_charge("tok_refund_pending", 100))?;
    let Ok(Done::Refunded(_, pending)) = refund(&mut ledger, "s", failed, 100).result else {
        return Err("not refunded".into());
    };
    ledger.fail_refund(pending).map_err(|refusal| format!("{refusal:?}"))?;
    ledger.take_events();
    ledger.advance(365 * DAY_MS);
    assert_eq!(ledger.take_events(), []);
    assert_eq!(ledger.next_due_ms(), None);
    assert_eq!(stands(&ledger, given_back)?, ("succeeded", 100, 1, 0));
    assert_eq!(stands(&ledger, failed)?, ("succeeded", 100, 0, 0));
    Ok(())
}

#[test]
fn everything_happens_in_its_order_and_at_its_time() -> Outcome {
    let mut ledger = ledger(3);
    let late = charged(&mut ledger, "a", &new_charge("tok_action_short", 100))?;
    let early = charged(&mut ledger, "b", &new_charge("tok_pending", 100))?;
    ledger.take_events();
    ledger.advance(10_000);
    let told = ledger.take_events().iter().map(|event| (event.charge.id, event.at_ms)).collect::<Vec<_>>();
    assert_eq!(told, [(early, SLOW_MS), (late, 2_000)]);
    let charge = ledger.charge_by_id(late).ok_or("no charge")?;
    assert_eq!(charge.decline(), Some(Decline::ActionExpired));
    Ok(())
}

#[test]
fn time_does_not_go_back() -> Outcome {
    let mut ledger = ledger(2);
    ledger.advance(5_000);
    ledger.advance(1_000);
    let id = charged(&mut ledger, "a", &new_charge("tok_approve", 100))?;
    assert_eq!(ledger.charge_by_id(id).map(|charge| charge.created_ms), Some(5_000));
    Ok(())
}

#[test]
fn a_failed_capture_is_held_for_the_time_of_its_authorization() -> Outcome {
    let mut ledger = ledger(3);
    let id = charged(&mut ledger, "a", &new_charge("tok_short", 100))?;
    ledger.advance(1_999);
    let capture = ledger.charge_by_id(id).and_then(|charge| charge.captures.first().map(|capture| capture.id));
    ledger.fail_capture(id, capture.ok_or("no capture")?).map_err(|refusal| format!("{refusal:?}"))?;
    assert_eq!(stands(&ledger, id)?, ("authorized", 0, 0, 100));
    ledger.advance(2_000);
    assert_eq!(stands(&ledger, id)?, ("expired", 0, 0, 0));
    Ok(())
}
