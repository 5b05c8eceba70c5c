//! Answers to queries, and the facts in them.

use quittance_avro::{
    records::GatewayFact,
    words::{FactStatus, OperationKind},
};

use super::*;
use crate::samples::OTHER_ATTEMPT_ID;

const QUERY: EffectKind = EffectKind::Query;

/// The answer to a query by the charge's id, which also a query by its key is asked for.
fn queried(charge: &Value) -> Verdict {
    let mut effect = samples::effect(QUERY);
    let by_key = Simulator.judge(&effect, &[answered(200, &json!({ "data": [charge] }))]);
    effect.gateway_reference = Some("ch_1".to_owned());
    let by_id = Simulator.judge(&effect, &[answered(200, charge)]);
    samples::check(&by_id, QUERY);
    assert_eq!(by_key, by_id);
    by_id
}

fn facts(charge: &Value) -> Vec<GatewayFact> {
    let report = queried(charge).report.expect("a report");
    assert_eq!(report.gateway_reference, "ch_1");
    report.facts
}

/// Kind, status, amount, and whether it is of the attempt that authorized, of another, or of none.
fn in_short(facts: &[GatewayFact]) -> Vec<(OperationKind, FactStatus, i64, &'static str)> {
    let of = |fact: &GatewayFact| match fact.attempt_id {
        Some(ATTEMPT_ID) => "ours",
        Some(OTHER_ATTEMPT_ID) => "other",
        _ => "none",
    };
    facts.iter().map(|fact| (fact.kind, fact.status, fact.amount.get(), of(fact))).collect()
}

#[rstest]
#[case::nothing(json!({"data": []}), ResultOutcome::Absent)]
#[case::several(json!({"data": [succeeded(), succeeded()]}), ResultOutcome::Unknown)]
#[case::no_list(json!({}), ResultOutcome::Unknown)]
#[case::a_charge(succeeded(), ResultOutcome::Unknown)]
#[case::something_else(json!({"data": [{}]}), ResultOutcome::Unknown)]
fn an_answer_to_a_query_by_key(#[case] body: Value, #[case] outcome: ResultOutcome) {
    assert_eq!(judged(QUERY, 200, &body).outcome, outcome);
    assert_eq!(judged(QUERY, 201, &body).outcome, ResultOutcome::Unknown);
}

#[rstest]
#[case::captured_sum_is_another(with(&succeeded(), &json!({"amount_captured": 1})))]
#[case::captures_are_missing(with(&succeeded(), &json!({"captures": []})))]
#[case::no_such_currency(with(&succeeded(), &json!({"currency": "EURO"})))]
#[case::no_amount(with(&succeeded(), &json!({"amount": 0})))]
#[case::other_charge(with(&succeeded(), &json!({"id": "ch_2"})))]
#[case::voided_without_a_void(charge("voided", 0))]
#[case::expired_without_a_void(charge("expired", 0))]
#[case::action_without_an_address(with(&requires_action(), &json!({"next_action": null})))]
#[case::refund_of_nothing(with(&succeeded(), &json!({"refunds": [moved("re_1", "succeeded"), with(&moved("re_2", "succeeded"), &json!({"amount": 0}))]})))]
fn a_charge_that_contradicts_itself_reports_nothing(#[case] charge: Value) {
    let mut effect = samples::effect(QUERY);
    effect.gateway_reference = Some("ch_1".to_owned());
    let verdict = Simulator.judge(&effect, &[answered(200, &charge)]);
    samples::check(&verdict, QUERY);
    assert_eq!(verdict.outcome, ResultOutcome::Unknown);
}

#[rstest]
#[case::not_found(404, error("charge_not_found"))]
#[case::refused(400, error("invalid_query"))]
#[case::failed(500, error("gateway_error"))]
fn a_charge_that_was_named_to_us_is_not_absent(#[case] status: u16, #[case] body: Value) {
    let mut effect = samples::effect(QUERY);
    effect.gateway_reference = Some("ch_1".to_owned());
    assert_eq!(Simulator.judge(&effect, &[answered(status, &body)]).outcome, ResultOutcome::Unknown);
}

#[rstest]
#[case::taken(succeeded(), &[(FactStatus::Succeeded, 1250)])]
#[case::held(charge("authorized", 0), &[(FactStatus::Succeeded, 1250)])]
#[case::declined(declined_charge("stolen_card", "do_not_try_again"), &[(FactStatus::Failed, 1250)])]
#[case::customer_has_to_act(requires_action(), &[(FactStatus::ActionRequired, 1250)])]
#[case::not_settled(with(&charge("processing", 0), &json!({"authorization_code": null})), &[(FactStatus::Pending, 1250)])]
#[case::approved_in_part(with(&charge("authorized", 0), &json!({"amount": 750})), &[(FactStatus::Succeeded, 750)])]
fn an_authorization_is_the_first_fact(#[case] charge: Value, #[case] expected: &[(FactStatus, i64)]) {
    let facts = facts(&charge);
    let first = facts.iter().take(1).map(|fact| (fact.status, fact.amount.get()));
    assert_eq!(first.collect::<Vec<_>>(), expected);
    assert_eq!((facts[0].kind, facts[0].attempt_id), (OperationKind::Authorize, Some(ATTEMPT_ID)));
    assert_eq!(facts[0].details.gateway_reference.as_deref(), Some("ch_1"));
    assert_eq!(facts[0].failure.is_some(), facts[0].status == FactStatus::Failed);
    assert_eq!(facts[0].next_action.is_some(), facts[0].status == FactStatus::ActionRequired);
}

#[test]
fn a_decline_says_why() {
    let facts = facts(&declined_charge("stolen_card", "do_not_try_again"));
    let failure = facts[0].failure.as_ref().expect("a failure");
    assert_eq!((failure.code.as_str(), failure.decline_code.as_deref()), ("declined", Some("stolen_card")));
    assert_eq!(failure.advice.as_deref(), Some("do_not_try_again"));
    assert_eq!(facts[0].details.raw_code.as_deref(), Some("stolen_card"));
}

#[test]
fn a_capture_that_came_along_is_of_the_attempt_that_authorized() {
    let expected = [
        (OperationKind::Authorize, FactStatus::Succeeded, 1250, "ours"),
        (OperationKind::Capture, FactStatus::Succeeded, 1250, "ours"),
    ];
    assert_eq!(in_short(&facts(&succeeded())), expected);
}

#[test]
fn everything_that_was_done_is_a_fact() {
    let other = json!({ "payment_id": samples::PAYMENT_ID, "attempt_id": OTHER_ATTEMPT_ID });
    let movement = |id: &str, amount: i64, status: &str, metadata: &Value| json!({ "id": id, "amount": amount, "status": status, "metadata": metadata, "created": 1, "failure_code": null });
    let all = with(
        &charge("authorized", 0),
        &json!({
            "status": "succeeded", "amount_captured": 700, "amount_refunded": 300,
            "captures": [
                movement("cap_1", 200, "failed", &other), movement("cap_2", 700, "succeeded", &other),
            ],
            "void": { "id": "void_1", "amount": 550, "reason": "requested", "metadata": other, "created": 1 },
            "refunds": [
                movement("re_1", 100, "succeeded", &other), movement("re_2", 200, "pending", &json!({})),
                movement("re_3", 300, "failed", &json!({ "attempt_id": "?" })),
            ],
            "disputes": [
                { "id": "dp_1", "amount": 10, "status": "won", "reason": "duplicate", "created": 1 },
                { "id": "dp_2", "amount": 20, "status": "lost", "reason": "fraudulent", "created": 1 },
                { "id": "dp_3", "amount": 30, "status": "open", "reason": "fraudulent", "created": 1 },
            ],
        }),
    );
    let facts = facts(&all);
    let expected = [
        (OperationKind::Authorize, FactStatus::Succeeded, 1250, "ours"),
        (OperationKind::Capture, FactStatus::Failed, 200, "other"),
        (OperationKind::Capture, FactStatus::Succeeded, 700, "other"),
        (OperationKind::Void, FactStatus::Succeeded, 550, "other"),
        (OperationKind::Refund, FactStatus::Succeeded, 100, "other"),
        (OperationKind::Refund, FactStatus::Pending, 200, "none"),
        (OperationKind::Refund, FactStatus::Failed, 300, "none"),
        (OperationKind::Dispute, FactStatus::Failed, 10, "none"),
        (OperationKind::Dispute, FactStatus::Succeeded, 20, "none"),
        (OperationKind::Dispute, FactStatus::Pending, 30, "none"),
    ];
    assert_eq!(in_short(&facts), expected);
    let names: Vec<_> = facts.iter().filter_map(|fact| fact.gateway_reference.as_deref()).collect();
    assert_eq!(names, ["ch_1", "cap_1", "cap_2", "void_1", "re_1", "re_2", "re_3", "dp_1", "dp_2", "dp_3"]);
    let moves = facts.iter().filter(|fact| fact.kind != OperationKind::Dispute);
    assert!(moves.clone().all(|fact| fact.failure.is_some() == (fact.status == FactStatus::Failed)));
    assert!(moves.clone().all(|fact| fact.reason.is_none()));
    let reasons: Vec<_> = facts.iter().filter_map(|fact| fact.reason.as_deref()).collect();
    assert_eq!(reasons, ["duplicate", "fraudulent", "fraudulent"]);
}

#[rstest]
#[case::given_up("voided", "requested", 1250, None)]
#[case::expired("expired", "expired", 1250, Some("expired"))]
fn what_was_held_is_released(
    #[case] status: &str,
    #[case] reason: &str,
    #[case] amount: i64,
    #[case] told: Option<&str>,
) {
    let void = json!({ "id": "void_1", "amount": amount, "reason": reason, "metadata": {}, "created": 1 });
    let facts = facts(&with(&charge(status, 0), &json!({ "void": void })));
    let expected = [
        (OperationKind::Authorize, FactStatus::Succeeded, 1250, "ours"),
        (OperationKind::Void, FactStatus::Succeeded, 1250, "none"),
    ];
    assert_eq!(in_short(&facts), expected);
    assert_eq!(facts[1].reason.as_deref(), told);
}

#[test]
fn what_was_given_up_before_the_customer_acted_was_never_authorized() {
    let void = json!({ "id": "void_1", "amount": 0, "reason": "requested", "metadata": {}, "created": 1 });
    let given_up = json!({ "void": void, "authorization_code": null });
    let facts = facts(&with(&charge("voided", 0), &given_up));
    assert_eq!(in_short(&facts), [(OperationKind::Void, FactStatus::Succeeded, 1250, "none")]);
}

#[test]
fn a_report_is_bounded() {
    let many = |number: usize| {
        let refund = json!({ "id": "re_1", "amount": 1, "status": "failed", "metadata": {} });
        with(&succeeded(), &json!({ "refunds": vec![refund; number] }))
    };
    assert_eq!(queried(&many(510)).outcome, ResultOutcome::Reported);
    assert_eq!(queried(&many(511)).outcome, ResultOutcome::Unknown);
}

/// Money in another currency is a fact too; the rules know what to make of it.
#[test]
fn a_fact_is_in_the_gateways_currency() {
    let facts = facts(&with(&succeeded(), &json!({ "currency": "USD" })));
    assert!(facts.iter().all(|fact| fact.currency.code() == "USD"));
}
