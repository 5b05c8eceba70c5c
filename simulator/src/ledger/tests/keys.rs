//! What is remembered of a key, and for how long.

use rstest::rstest;

use super::*;

#[rstest]
#[case::approved("tok_approve", "KeyReused")]
#[case::declined("tok_decline", "KeyReused")]
#[case::in_progress("tok_slow", "KeyReused")]
#[case::failed("tok_error", "KeyReused")]
#[case::lost("tok_timeout_before", "KeyReused")]
#[case::never_began("tok_nonsense", "succeeded")]
fn another_request(#[case] token: &str, #[case] expected: &str) {
    let mut ledger = ledger(1);
    charge(&mut ledger, "k", &new_charge(token, 1250));
    assert_eq!(word(&charge(&mut ledger, "k", &new_charge("tok_approve", 1251))), expected);
}

#[test]
fn a_key_is_in_progress_until_its_late_answer_is_given() -> Outcome {
    let mut ledger = ledger(1);
    let slow = new_charge("tok_slow", 1250);
    ledger.advance(1_000);
    let answer = charge(&mut ledger, "k", &slow);
    assert_eq!(answer.delivery, Delivery::Late { until_ms: 1_000 + SLOW_MS });
    let Ok(Done::Charged(told)) = answer.result else { return Err("not charged".into()) };
    assert_eq!(ledger.charges_by_key(&key("k")), [told]);
    ledger.advance(1_000 + SLOW_MS);
    assert_eq!(word(&charge(&mut ledger, "k", &slow)), "InProgress");
    ledger.advance(1_001 + SLOW_MS);
    assert_eq!(word(&charge(&mut ledger, "k", &slow)), "succeeded again");
    Ok(())
}

#[test]
fn after_a_reset_a_key_is_in_progress_for_its_new_charge() {
    let mut ledger = ledger(1);
    let slow = new_charge("tok_slow", 1250);
    charge(&mut ledger, "k", &slow);
    ledger.advance(SLOW_MS);
    ledger.reset();
    assert_eq!(word(&charge(&mut ledger, "k", &slow)), "succeeded late");
    ledger.advance(SLOW_MS + 1);
    assert_eq!(word(&charge(&mut ledger, "k", &slow)), "InProgress");
}

#[test]
fn an_answer_is_what_was_told_first_whatever_came_later() -> Outcome {
    let mut ledger = ledger(3);
    let first = charge(&mut ledger, "k", &held("tok_approve", 100));
    let Ok(Done::Charged(told)) = &first.result else { return Err("not charged".into()) };
    capture(&mut ledger, "c", told.id, 100, true);
    refund(&mut ledger, "r", told.id, 100);
    let again = charge(&mut ledger, "k", &held("tok_approve", 100));
    assert_eq!((again.result, again.replayed), (first.result.clone(), true));
    assert_eq!(stands(&ledger, told.id)?, ("succeeded", 100, 100, 0));
    Ok(())
}

#[test]
fn what_was_refused_for_the_state_stays_refused() -> Outcome {
    let mut ledger = ledger(4);
    let id = charged(&mut ledger, "k", &new_charge("tok_capture_fails", 100))?;
    assert_eq!(word(&capture(&mut ledger, "c", id, 100, true)), "NotCapturable");
    ledger.advance(SLOW_MS);
    assert_eq!(stands(&ledger, id)?, ("authorized", 0, 0, 100));
    assert_eq!(word(&capture(&mut ledger, "c", id, 100, true)), "NotCapturable again");
    assert_eq!(word(&capture(&mut ledger, "d", id, 100, true)), "captured");
    Ok(())
}

#[rstest]
#[case::retried_here(false, "succeeded")]
#[case::stored_at_stripe(true, "Failed again")]
fn an_error_of_the_gateway(#[case] keeps_failures: bool, #[case] second: &str) {
    let mut ledger = ledger(1);
    let ask = Ask { keeps_failures, ..ask("k", "") };
    assert_eq!(word(&ledger.charge(&ask, &new_charge("tok_flaky", 5))), "Failed");
    assert_eq!(word(&ledger.charge(&ask, &new_charge("tok_flaky", 5))), second);
}

#[rstest]
#[case("tok_busy")]
#[case("tok_conflict")]
#[case("tok_timeout_before")]
fn what_was_not_worked_on_is_stored_nowhere(#[case] token: &str) {
    let mut ledger = ledger(1);
    let ask = Ask { keeps_failures: true, ..ask("k", "") };
    ledger.charge(&ask, &new_charge(token, 5));
    assert_eq!(word(&ledger.charge(&ask, &new_charge(token, 5))), "succeeded");
}

#[test]
fn a_spoilt_key_fails_and_what_it_did_is_done() {
    let mut ledger = ledger(1);
    let new = new_charge("tok_approve", 5);
    charge(&mut ledger, "k", &new);
    ledger.spoil(&key("k"));
    assert_eq!(word(&charge(&mut ledger, "k", &new)), "Failed again");
    assert_eq!((ledger.charges_by_key(&key("k")).len(), ledger.totals().charges), (1, 1));
}

#[test]
fn a_forgotten_key_charges_again_and_is_seen_to_have_charged_twice() -> Outcome {
    let mut ledger = ledger(2);
    let new = new_charge("tok_approve", 1250);
    charge(&mut ledger, "k", &new);
    ledger.forget_keys();
    assert_eq!(ledger.charges_by_key(&key("k")).len(), 1);
    assert_eq!(word(&charge(&mut ledger, "k", &new)), "succeeded");
    let report = ledger.report(&key("k")).ok_or("no report")?;
    assert_eq!((report.requests, report.charges, report.amount_charged), (2, 2, 2500));
    assert_eq!(ledger.charges_by_key(&key("k")).len(), 2);
    Ok(())
}

#[test]
fn without_a_key_every_request_is_the_first() {
    let mut ledger = ledger(2);
    let ask = Ask { key: None, ..ask("k", "") };
    let approve = new_charge("tok_approve", 5);
    let words = [(); 3].map(|()| word(&ledger.charge(&ask, &approve)));
    assert_eq!(words, ["succeeded", "succeeded", "Full"]);
    assert_eq!(word(&ledger.charge(&ask, &new_charge("tok_flaky", 5))), "Failed");
}

#[test]
fn a_full_memory_refuses_new_keys_and_keeps_the_old() {
    let mut ledger = ledger(1);
    let approve = new_charge("tok_approve", 1250);
    let answers = ["a", "b", "a"].map(|name| word(&charge(&mut ledger, name, &approve)));
    assert_eq!(answers, ["succeeded", "Full", "succeeded again"]);
    assert_eq!(ledger.totals().requests, 3);
}

#[test]
fn nothing_grows_beyond_its_bound() -> Outcome {
    let mut ledger = ledger(2);
    let id = charged(&mut ledger, "a", &new_charge("tok_approve", 100))?;
    let mut in_dashboard = || ledger.refund_in_dashboard(id, amount(1)).map(|(_, refund)| refund.0);
    assert_eq!([in_dashboard(), in_dashboard(), in_dashboard()], [Ok(1), Ok(2), Err(Refusal::Full)]);
    let (token, metadata) = (Some(Token::Approve), Metadata::default());
    let new = NewSetup { token, confirm: true, usage: "off_session", metadata, return_url: None };
    let keyless = Ask { key: None, ..ask("k", "") };
    let words = [(); 3].map(|()| word(&ledger.set_up(&keyless, &new)));
    assert_eq!(words, ["set up", "set up", "Full"]);
    Ok(())
}

#[test]
fn a_reset_forgets_charges_and_gives_out_no_id_again() -> Outcome {
    let mut ledger = ledger(2);
    let first = charged(&mut ledger, "k", &new_charge("tok_pending", 1250))?;
    ledger.reset();
    assert_eq!(
        (ledger.totals(), ledger.charges_by_key(&key("k")), ledger.next_due_ms()),
        (Totals::default(), vec![], None)
    );
    let second = charged(&mut ledger, "k", &new_charge("tok_approve", 1250))?;
    assert_eq!((first, second), (ChargeId(1), ChargeId(2)));
    assert_eq!(ledger.charge_by_id(first), None);
    refund(&mut ledger, "r", second, 1);
    ledger.reset();
    let third = charged(&mut ledger, "k", &new_charge("tok_approve", 1250))?;
    let Ok(Done::Refunded(_, refund)) = refund(&mut ledger, "r", third, 1).result else {
        return Err("not refunded".into());
    };
    assert_eq!(refund, RefundId(2));
    assert_eq!(ledger.charge_of_refund(refund).map(|charge| charge.id), Some(third));
    assert_eq!(ledger.charge_of_refund(RefundId(1)), None);
    Ok(())
}
