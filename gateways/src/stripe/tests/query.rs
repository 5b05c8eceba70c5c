//! Answers to queries, and the facts in them.

use quittance_avro::{
    records::GatewayFact,
    words::{FactStatus, OperationKind},
};

use super::*;
use crate::samples::OTHER_ATTEMPT_ID;

const QUERY: EffectKind = EffectKind::Query;

fn queried(effect: &GatewayEffect, intent: &Value, list: &Value) -> Verdict {
    queried_with(effect, intent, list, &refunds(&[]))
}

fn queried_with(effect: &GatewayEffect, intent: &Value, list: &Value, disputes: &Value) -> Verdict {
    let verdict = Stripe.judge(effect, &[answered(200, intent), answered(200, list), answered(200, disputes)]);
    samples::check(&verdict, QUERY);
    verdict
}

fn facts(intent: &Value, list: &[Value]) -> Vec<GatewayFact> {
    let report = queried(&effect(QUERY), intent, &refunds(list)).report.expect("a report");
    assert_eq!(report.gateway_reference, "pi_1");
    report.facts
}

type Short = (OperationKind, FactStatus, i64, &'static str);

/// Kind, status, amount, and whether it is of the attempt of the samples, of another, or of none.
fn in_short(facts: &[GatewayFact]) -> Vec<Short> {
    let of = |fact: &GatewayFact| match fact.attempt_id {
        Some(ATTEMPT_ID) => "ours",
        Some(OTHER_ATTEMPT_ID) => "other",
        _ => "none",
    };
    facts.iter().map(|fact| (fact.kind, fact.status, fact.amount.get(), of(fact))).collect()
}

const AUTHORIZED: Short = (OperationKind::Authorize, FactStatus::Succeeded, 1250, "ours");
const DECLINED: Short = (OperationKind::Authorize, FactStatus::Failed, 1250, "ours");

#[rstest]
#[case::only_created(intent("requires_confirmation"), &[])]
#[case::only_created_without_a_method(intent("requires_payment_method"), &[])]
#[case::customer_has_to_act(requires_action(), &[(OperationKind::Authorize, FactStatus::ActionRequired, 1250, "ours")])]
#[case::customer_cannot_act(requires_script(), &[DECLINED])]
#[case::not_settled(intent("processing"), &[(OperationKind::Authorize, FactStatus::Pending, 1250, "ours")])]
#[case::declined(failed(&card_error("card_declined", Some("stolen_card"))), &[DECLINED])]
#[case::held(held(), &[AUTHORIZED])]
#[case::held_in_part(with(&held(), &json!({"amount_capturable": 750})), &[(OperationKind::Authorize, FactStatus::Succeeded, 750, "ours")])]
#[case::taken_at_once(succeeded(), &[AUTHORIZED, (OperationKind::Capture, FactStatus::Succeeded, 1250, "ours")])]
#[case::taken_later(captured(700), &[(OperationKind::Authorize, FactStatus::Succeeded, 1250, "other"), (OperationKind::Capture, FactStatus::Succeeded, 700, "ours")])]
#[case::taken_by_somebody_else(with(&captured(700), &json!({"metadata": {"attempt_id": ATTEMPT_ID}})), &[AUTHORIZED, (OperationKind::Capture, FactStatus::Succeeded, 700, "none")])]
#[case::given_up(canceled(&charge(0), None), &[AUTHORIZED, (OperationKind::Void, FactStatus::Succeeded, 1250, "none")])]
#[case::given_up_without_its_charge(canceled(&json!("ch_1"), None), &[AUTHORIZED, (OperationKind::Void, FactStatus::Succeeded, 1250, "none")])]
#[case::given_up_before_it_was_authorized(canceled(&json!(null), None), &[(OperationKind::Void, FactStatus::Succeeded, 1250, "none")])]
#[case::given_up_after_a_decline(with(&failed(&card_error("card_declined", None)), &json!({"status": "canceled"})), &[DECLINED])]
fn what_a_payment_says(#[case] intent: Value, #[case] expected: &[Short]) {
    let facts = facts(&intent, &[]);
    assert_eq!(in_short(&facts), expected);
    assert!(facts.iter().all(|fact| fact.failure.is_some() == (fact.status == FactStatus::Failed)), "{facts:?}");
    assert!(facts.iter().all(|fact| fact.next_action.is_some() == (fact.status == FactStatus::ActionRequired)));
    assert!(facts.iter().all(|fact| fact.currency.code() == "EUR" && fact.gateway_reference.is_some()));
}

#[test]
fn a_decline_says_why() {
    let facts = facts(&failed(&card_error("card_declined", Some("stolen_card"))), &[]);
    let failure = facts[0].failure.as_ref().expect("a failure");
    assert_eq!((failure.code.as_str(), failure.decline_code.as_deref()), ("declined", Some("stolen_card")));
    assert_eq!(facts[0].details.raw_code.as_deref(), Some("stolen_card"));
    assert_eq!(facts[0].details.gateway_reference.as_deref(), Some("pi_1"));
}

#[rstest]
#[case::by_itself(Some("automatic"), Some("expired"))]
#[case::by_itself_too(Some("expired"), Some("expired"))]
#[case::by_somebody(Some("requested_by_customer"), None)]
#[case::by_nobody_says(None, None)]
fn a_void_says_whether_time_was_over(#[case] reason: Option<&str>, #[case] told: Option<&str>) {
    let facts = facts(&canceled(&charge(0), reason), &[]);
    assert_eq!(facts[1].reason.as_deref(), told);
}

/// Whoever asks what became of a void is told that it was done, though nothing was left to release.
#[test]
fn a_void_after_a_decline_is_told_to_whoever_asked_for_it() {
    let mut effect = effect(QUERY);
    (effect.operation_kind, effect.gateway_reference) = (OperationKind::Void, None);
    effect.payment_reference = Some("pi_1".to_owned());
    let given_up = with(&failed(&card_error("card_declined", None)), &json!({ "status": "canceled" }));
    let report = queried(&effect, &given_up, &refunds(&[])).report.expect("a report");
    let void = (OperationKind::Void, FactStatus::Succeeded, 1250, "none");
    assert_eq!(in_short(&report.facts), [DECLINED, void]);
}

#[test]
fn refunds_are_facts_oldest_first() {
    let of = |id: &str, amount: i64, status: &str, metadata: &Value| {
        with(&refund(status), &json!({ "id": id, "amount": amount, "metadata": metadata }))
    };
    let list = [
        of("re_4", 40, "failed", &json!({ "attempt_id": OTHER_ATTEMPT_ID })),
        of("re_3", 30, "pending", &json!({ "attempt_id": "?" })),
        of("re_2", 20, "requires_action", &json!({})),
        of("re_1", 10, "succeeded", &json!({ "attempt_id": ATTEMPT_ID })),
    ];
    let facts = facts(&succeeded(), &list);
    let expected = [
        (OperationKind::Refund, FactStatus::Succeeded, 10, "ours"),
        (OperationKind::Refund, FactStatus::Pending, 20, "none"),
        (OperationKind::Refund, FactStatus::Pending, 30, "none"),
        (OperationKind::Refund, FactStatus::Failed, 40, "other"),
    ];
    assert_eq!(in_short(&facts)[2..], expected);
    let names: Vec<_> = facts.iter().filter_map(|fact| fact.gateway_reference.as_deref()).collect();
    assert_eq!(names, ["pi_1", "ch_1", "re_1", "re_2", "re_3", "re_4"]);
}

/// Stripe writes what it releases of an authorization as a refund, which has no entry in the balance.
#[rstest]
#[case::rest_of_a_partial_capture(captured(700), json!({"amount": 550, "balance_transaction": null}), false)]
#[case::in_the_dashboard(captured(700), json!({"amount": 550}), true)]
#[case::in_the_dashboard_and_to_a_card(captured(700), json!({"amount": 550, "balance_transaction": null, "destination_details": {"type": "card", "card": {"type": "refund"}}}), true)]
#[case::reversal_of_the_rest(captured(700), json!({"amount": 550, "balance_transaction": null, "destination_details": {"type": "card", "card": {"type": "reversal"}}}), false)]
#[case::in_the_dashboard_and_under_way(captured(700), json!({"amount": 550, "balance_transaction": null, "status": "pending"}), true)]
#[case::in_the_dashboard_and_under_way_to_a_card(captured(700), json!({"amount": 550, "balance_transaction": null, "status": "pending", "destination_details": {"type": "card", "card": {"type": "pending"}}}), true)]
#[case::in_the_dashboard_and_waiting_for_the_customer(captured(700), json!({"amount": 550, "balance_transaction": null, "status": "requires_action"}), true)]
#[case::in_the_dashboard_and_failed(captured(700), json!({"amount": 550, "balance_transaction": null, "status": "failed"}), true)]
#[case::in_the_dashboard_and_not_booked_yet(captured(700), json!({"amount": 100, "balance_transaction": null}), true)]
#[case::of_ours_and_not_booked_yet(captured(700), json!({"amount": 550, "balance_transaction": null, "metadata": {"attempt_id": ATTEMPT_ID}}), true)]
#[case::by_somebody_who_says_nothing_of_the_balance(captured(700), json!({"amount": 550, "balance_transaction": {"id": "txn_1"}}), true)]
#[case::all_of_what_was_given_up(canceled(&charge(0), None), json!({"amount": 1250, "balance_transaction": null}), false)]
#[case::all_of_what_was_given_up_with_an_entry(canceled(&charge(0), None), json!({"amount": 1250}), false)]
#[case::of_ours_of_a_capture_that_was_undone(held(), json!({"metadata": {"attempt_id": ATTEMPT_ID}}), true)]
fn what_was_released_is_no_refund(#[case] intent: Value, #[case] told: Value, #[case] is_fact: bool) {
    let list = [with(&with(&refund("succeeded"), &json!({ "metadata": {} })), &told)];
    let refunds = facts(&intent, &list).into_iter().filter(|fact| fact.kind == OperationKind::Refund);
    assert_eq!(refunds.count(), usize::from(is_fact));
}

/// The release comes first, whatever is given back of the same amount, and in whatever way, after it.
#[test]
fn what_is_given_back_after_the_release_counts() {
    let unbooked = json!({ "amount": 50, "balance_transaction": null, "metadata": {} });
    let of = |id: &str, status: &str| with(&with(&refund(status), &unbooked), &json!({ "id": id }));
    let list = [of("re_3", "pending"), of("re_2", "succeeded"), of("re_1", "succeeded")];
    let facts: Vec<_> = facts(&captured(1200), &list).split_off(2);
    let expected = [
        (OperationKind::Refund, FactStatus::Succeeded, 50, "none"),
        (OperationKind::Refund, FactStatus::Pending, 50, "none"),
    ];
    assert_eq!(in_short(&facts), expected);
    assert_eq!(facts[0].gateway_reference.as_deref(), Some("re_2"));
}

/// Not at Stripe, where a capture of a card does not fail later; but the ledger must not keep what a gateway takes back.
#[rstest]
#[case::by_an_attempt_of_its_own("manual", json!({"attempt_id": ATTEMPT_ID, "capture_attempt_id": OTHER_ATTEMPT_ID}), Some("other"))]
#[case::made_at_once("automatic", json!({"attempt_id": OTHER_ATTEMPT_ID}), Some("other"))]
#[case::made_at_once_by_who_asks("automatic", json!({"attempt_id": ATTEMPT_ID}), Some("ours"))]
#[case::not_made_yet("manual", json!({"attempt_id": OTHER_ATTEMPT_ID}), None)]
#[case::asked_for_by_who_asks_what_became_of_it("manual", json!({"attempt_id": OTHER_ATTEMPT_ID, "capture_attempt_id": ATTEMPT_ID}), None)]
fn a_capture_that_was_undone_is_a_fact(#[case] method: &str, #[case] metadata: Value, #[case] of: Option<&str>) {
    let told = json!({ "capture_method": method, "metadata": metadata });
    let facts = facts(&with(&held(), &told), &[]);
    let captures: Vec<_> = in_short(&facts).into_iter().skip(1).collect();
    let undone = of.map(|of| (OperationKind::Capture, FactStatus::Failed, 1250, of));
    assert_eq!(captures, undone.into_iter().collect::<Vec<_>>());
}

#[rstest]
#[case::open("needs_response", Some(FactStatus::Pending))]
#[case::in_hand("under_review", Some(FactStatus::Pending))]
#[case::lost("lost", Some(FactStatus::Succeeded))]
#[case::won("won", Some(FactStatus::Failed))]
#[case::prevented("prevented", Some(FactStatus::Pending))]
#[case::a_word_that_we_do_not_know("pondered", Some(FactStatus::Pending))]
#[case::inquiry("warning_needs_response", None)]
#[case::inquiry_in_hand("warning_under_review", None)]
#[case::inquiry_that_is_over("warning_closed", None)]
fn disputes_are_facts_and_inquiries_are_not(#[case] status: &str, #[case] expected: Option<FactStatus>) {
    let verdict = queried_with(&effect(QUERY), &succeeded(), &refunds(&[]), &refunds(&[dispute(status)]));
    let facts = verdict.report.expect("a report").facts;
    let found = facts.iter().find(|fact| fact.kind == OperationKind::Dispute);
    assert_eq!(found.map(|fact| fact.status), expected);
    if let Some(fact) = found {
        assert_eq!((fact.amount.get(), fact.attempt_id), (1250, None));
        assert_eq!((fact.gateway_reference.as_deref(), fact.reason.as_deref()), (Some("dp_1"), Some("fraudulent")));
    }
}

#[test]
fn a_dispute_in_another_currency_is_told_as_it_is() {
    let in_dollars = with(&dispute("lost"), &json!({"currency": "usd"}));
    let verdict = queried_with(&effect(QUERY), &succeeded(), &refunds(&[]), &refunds(&[in_dollars]));
    let facts = verdict.report.expect("a report").facts;
    let found = facts.iter().find(|fact| fact.kind == OperationKind::Dispute);
    assert_eq!(found.map(|fact| fact.currency.code()), Some("USD"));
}

#[test]
fn a_key_that_may_not_read_disputes_hears_of_all_else() {
    let denied = answered(403, &error("invalid_request_error", Some("permission_error")));
    let verdict = judge(QUERY, &[answered(200, &succeeded()), answered(200, &refunds(&[])), denied]);
    assert_eq!(verdict.outcome, ResultOutcome::Reported);
}

#[rstest]
#[case::of_another(refunds(&[with(&dispute("lost"), &json!({"payment_intent": "pi_2"}))]))]
#[case::in_no_currency(refunds(&[with(&dispute("lost"), &json!({"currency": "euro"}))]))]
#[case::of_nothing(refunds(&[with(&dispute("lost"), &json!({"amount": 0}))]))]
#[case::more_than_are_read(with(&refunds(&[]), &json!({"has_more": true})))]
#[case::no_list(json!({}))]
fn disputes_that_contradict_the_payment_report_nothing(#[case] disputes: Value) {
    let verdict = queried_with(&effect(QUERY), &succeeded(), &refunds(&[]), &disputes);
    assert_eq!(verdict.outcome, ResultOutcome::Unknown);
}

#[rstest]
#[case::other_payment(with(&succeeded(), &json!({"id": "pi_2"})), refunds(&[]))]
#[case::no_such_currency(with(&succeeded(), &json!({"currency": "euro"})), refunds(&[]))]
#[case::nothing_authorized(with(&held(), &json!({"amount_capturable": 0})), refunds(&[]))]
#[case::taken_but_nothing(with(&captured(0), &json!({"amount_received": 0})), refunds(&[]))]
#[case::negative(with(&succeeded(), &json!({"amount_received": -5})), refunds(&[]))]
#[case::other_status(intent("pondering"), refunds(&[]))]
#[case::more_refunds_than_are_read(succeeded(), with(&refunds(&[]), &json!({"has_more": true})))]
#[case::refund_of_another(succeeded(), refunds(&[with(&refund("succeeded"), &json!({"payment_intent": "pi_2"}))]))]
#[case::refund_in_another_currency(succeeded(), refunds(&[with(&refund("succeeded"), &json!({"currency": "usd"}))]))]
#[case::refund_of_nothing(succeeded(), refunds(&[with(&refund("succeeded"), &json!({"amount": 0}))]))]
#[case::no_list(succeeded(), json!({}))]
fn answers_that_contradict_themselves_report_nothing(#[case] intent: Value, #[case] list: Value) {
    assert_eq!(queried(&effect(QUERY), &intent, &list).outcome, ResultOutcome::Unknown);
}

#[rstest]
#[case::too_many(answered(429, &json!({})), ResultOutcome::NotProcessed)]
#[case::not_sent(Exchange::NotSent("refused".to_owned()), ResultOutcome::NotProcessed)]
#[case::timed_out(Exchange::Unanswered(Broken::TimedOut), ResultOutcome::Unknown)]
#[case::failed(answered(500, &error("api_error", None)), ResultOutcome::Unknown)]
#[case::wrong_key(answered(401, &error("invalid_request_error", None)), ResultOutcome::Unknown)]
#[case::not_there(answered(404, &error("invalid_request_error", Some("resource_missing"))), ResultOutcome::Unknown)]
fn half_an_answer_is_none(#[case] second: Exchange, #[case] outcome: ResultOutcome) {
    assert_eq!(judge(QUERY, &[answered(200, &succeeded()), second.clone()]).outcome, outcome);
    let refunds = answered(200, &refunds(&[]));
    assert_eq!(judge(QUERY, &[answered(200, &succeeded()), refunds, second]).outcome, outcome);
    assert_eq!(judge(QUERY, &[answered(200, &succeeded())]).outcome, ResultOutcome::Unknown);
}

#[test]
fn a_report_has_what_is_known_of_the_card() {
    let verdict = queried(&effect(QUERY), &held(), &refunds(&[]));
    assert_eq!(verdict.card.and_then(|card| card.last4).as_deref(), Some("4242"));
    assert_eq!(verdict.authorization_expires_at.map(quittance_avro::time::Timestamp::as_ms), Some(1_793_600_000_000));
    assert_eq!(verdict.details.gateway_reference.as_deref(), Some("pi_1"));
}

#[test]
fn amounts_are_put_into_our_units() {
    let in_iceland = json!({
        "amount": 125_000, "amount_received": 70_000, "currency": "isk", "capture_method": "manual",
        "latest_charge": with(&charge(70_000), &json!({ "amount": 125_000 })),
    });
    let refund = with(&refund("succeeded"), &json!({ "amount": 500, "currency": "isk" }));
    let facts = facts(&with(&succeeded(), &in_iceland), &[refund]);
    assert_eq!(facts.iter().map(|fact| fact.amount.get()).collect::<Vec<_>>(), [1250, 700, 5]);
    assert!(facts.iter().all(|fact| fact.currency.code() == "ISK"));
}
